/** What this verifier remembers of the logs of a registry: compared with what is served now, and brought up to date. */
import { equal, type Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { orUndefined } from "../../core/errors.js";
import { logNames, type LogName } from "../../core/keys/keyring.js";
import { formatNote, formatNoteKey, parseNoteKey } from "../../core/keys/note.js";
import { openCheckpoint } from "../../core/log/checkpoint.js";
import type { LogEvidence, LogFault } from "../../core/log/presence.js";
import { formatFoldState } from "../../core/log/fold-state.js";
import { consistencySince } from "../../core/log/read-all.js";
import { originOf } from "../../core/origin.js";
import type { Report } from "../../core/verify/report.js";
import type { LogMemory } from "../../keystore/log-memory.js";
import type { RegistryContext } from "../load/load.js";
import type { SourcedLog } from "../../store/log-source.js";
import type { RegistryLogs } from "./registry-logs.js";

/**
 * Compares the registry's other logs with this verifier's memory: each remembered log must be there, under its key, and continue its
 * remembered state.
 */
export function historyFault(
  named: LogName,
  { place, registry }: RegistryContext,
  logs: RegistryLogs,
  memory: LogMemory | undefined,
  engine: Engine,
): LogFault | undefined {
  if (memory === undefined) return undefined;
  const listed = new Set(registry?.logs.logs.map(({ key }) => formatNoteKey(key)));
  const dropped = logs.knownBeside(place, named.origin).find(({ key }) => !listed.has(key))?.origin;
  if (dropped !== undefined)
    return {
      code: "log-backwards",
      detail: `the registry had the log ${dropped} when this verifier last looked, and does not list it any more`,
    };
  for (const log of logs.logs) {
    const origin = log.key.name;
    const seen = formatNoteKey(log.key) === named.key ? undefined : logs.remembered(origin);
    if (seen === undefined) continue;
    if (seen.key !== formatNoteKey(log.key))
      return { code: "log-rewritten", detail: `the log ${origin} had another key when this verifier last saw it` };
    const before = orUndefined(() => openCheckpoint(seen.checkpoint, log.key, [], engine).checkpoint);
    const growth = before && consistencySince(before, log);
    if (growth === "backwards" || growth === "rewritten")
      return {
        code: `log-${growth}`,
        detail: `the log ${origin} of the same registry does not go on from what this verifier last saw in it`,
      };
  }
  return undefined;
}

/**
 * Remembers only if the log check passed and the signer is trusted. Otherwise anyone could fill this store. What is kept of a log's entries
 * is no word of the registry: it follows from the root, so no other registry that shows this log could have given another.
 */
export function remember(
  report: Report,
  log: LogEvidence | undefined,
  site: RegistryContext,
  read: RegistryLogs,
  memory: LogMemory | undefined,
  engine: Engine,
): void {
  const step = report.checks.find(({ name }) => name === "log");
  const named = { origin: step?.values["log"] ?? "", key: step?.values["log key"] ?? "" };
  const seen = log?.served?.checkpoint;
  if (memory === undefined || seen === undefined || step?.status !== "passed" || report.trust !== "confirmed-by-you")
    return;
  const isKnown = log?.remembered !== undefined && equal(log.remembered.checkpoint, seen);
  if (read.isFirst(`${named.origin} ${named.key}`) && !isKnown) keep(memory, named, seen, engine);
  const below = (log: string): boolean => site.place.origins.some((origin) => originOf(log).startsWith(`${origin}/`));
  // Other logs only if they are named after the registry: a server can list anyone's.
  for (const one of read.logs) {
    const { key, opened } = one;
    const name = { origin: key.name, key: formatNoteKey(key) };
    const own = name.origin === named.origin;
    if (kept.has(one) || !(own ? name.key === named.key : below(name.origin))) continue;
    kept.add(one);
    if (!own) keep(memory, name, formatNote(opened.note), engine); // first: a state that is past its checkpoint is not used
    const state = one.from < one.size ? formatFoldState(name, one, engine) : undefined;
    if (state !== undefined) memory.keepEntries(key.name, state);
  }
  const logs = logNames({ logs: site.registry?.logs.logs ?? [] });
  for (const origin of site.place.origins)
    if (read.isFirst(origin) && memory.logsOf(origin)?.length !== logs.length) memory.keepRegistry(origin, logs);
}

/** Not over what somebody who looked later has kept meanwhile: another process, or another worker of this one. */
function keep(memory: LogMemory, name: LogName, checkpoint: Bytes, engine: Engine): void {
  const sizeOf = (bytes: Bytes | undefined): number =>
    (bytes && orUndefined(() => openCheckpoint(bytes, parseNoteKey(name.key, engine), [], engine).checkpoint.size)) ??
    0;
  if (sizeOf(memory.recall(name.origin)?.checkpoint) <= sizeOf(checkpoint)) memory.keep(name, checkpoint);
}

const kept = new WeakSet<SourcedLog>();
