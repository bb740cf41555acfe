/**
 * Compares a registry's logs with their past: this verifier's memory, a checkpoint that the user kept, and the first entry of the next log.
 * Two faults are kept apart: the log shrank · it was rewritten.
 */
import { equal, hex, type Bytes } from "../../core/bytes.js";
import { openCheckpoint, parseCheckpoint, type Checkpoint } from "../../core/log/checkpoint.js";
import type { Engine } from "../../core/engine.js";
import { AttestError, orUndefined } from "../../core/errors.js";
import { parseNote } from "../../core/keys/note.js";
import { originOf } from "../../core/origin.js";
import { isAddress } from "../../store/open.js";
import type { LogMemory } from "../../keystore/log-memory.js";
import { ATTESTATIONS } from "../../store/paths.js";
import type { LogPlace } from "./source.js";
import type { LogFinding, Shard } from "./read-shard.js";

const sizeOf = (shard: Shard): number => shard.opened?.checkpoint.size ?? 0;
export const totalOf = (shards: readonly Shard[]): number => shards.reduce((total, shard) => total + sizeOf(shard), 0);

/** Compares a log with a head that was seen before; `seen` completes the phrase "had 5 entries …". */
function since(shard: Shard, before: Checkpoint, seen: string): LogFinding[] {
  const log = shard.named.origin;
  const now = shard.opened?.checkpoint;
  if (now === undefined || now.size < before.size)
    return [
      {
        code: "log-backwards",
        log,
        detail: `the log ${log} ${now === undefined ? "shows nothing" : `has ${entries(now.size)}`}, and had ${before.size} ${seen}`,
      },
    ];
  const root = shard.whole
    ? shard.regrown.rootsAt([before.size]).get(before.size)
    : now.size === before.size
      ? now.root
      : undefined;
  if (root === undefined || equal(root, before.root)) return [];
  const detail = `the log ${log} is not the one that had ${entries(before.size)} ${seen}`;
  return [{ code: "log-rewritten", log, detail }];
}

const entries = (count: number): string => `${count} ${count === 1 ? "entry" : "entries"}`;

/** The reader must know whether anything was remembered: a first look cannot detect a rewrite. */
export function sinceRemembered(
  place: LogPlace,
  shards: readonly Shard[],
  memory: LogMemory,
  engine: Engine,
): { readonly before: number | undefined; readonly findings: LogFinding[] } {
  const here = shards.map(({ named }) => named);
  const known = [
    ...namesOf(place).flatMap((name) => memory.logsOf(name) ?? []),
    ...here.flatMap((log) => memory.besides(log.origin)),
  ];
  const names = new Set([...known, ...here].map((log) => log.origin));
  let before: number | undefined;
  const findings = [...names].flatMap((log): LogFinding[] => {
    const seen = memory.recall(log);
    if (seen === undefined) return [];
    const was = orUndefined(() => parseCheckpoint(parseNote(seen.checkpoint).text));
    before = (before ?? 0) + (was?.size ?? 0);
    const shard = shards.find(({ named }) => named.origin === log);
    if (shard === undefined)
      return [
        {
          code: "log-backwards",
          detail: `the log ${log} is not listed any more, and was when this verifier last looked`,
        },
      ];
    if (shard.named.key !== seen.key)
      return [
        {
          code: "log-rewritten",
          log,
          detail: `the log ${log} had another key when this verifier last saw it: it was recreated. If its operator told you why: attest log forget ${log}`,
        },
      ];
    const opened = orUndefined(() => openCheckpoint(seen.checkpoint, shard.listed.key, [], engine).checkpoint);
    return opened === undefined ? [] : since(shard, opened, "when this verifier last saw it"); // treat a corrupt state file as missing
  });
  return { before, findings };
}

/** Only after a check without findings: a faulty state must not become the reference. */
export function rememberLogs(place: LogPlace, shards: readonly Shard[], memory: LogMemory): void {
  // A registry can list any log. Nothing is remembered about logs that are named after another place.
  const own = shards.filter(({ named }) => originOf(named.origin).startsWith(`${originOf(place.origin)}/`));
  for (const { named, bytes } of own) if (bytes !== undefined) memory.keep(named, bytes);
  for (const name of namesOf(place))
    memory.keepRegistry(
      name,
      own.map(({ named }) => named),
    );
}

/** The registry's own name, and the place where it was found. */
const namesOf = ({ origin, target, remote }: LogPlace): string[] => [
  origin,
  // A bucket can be called like a host.
  ...(isAddress(target) ? [originOf(target)] : remote ? [target] : []),
];

/**
 * Compares with a checkpoint that the user kept. @throws AttestError `note-format`, `checkpoint-format` if malformed or not of this
 * registry; `log-damaged` if its key did not sign it
 */
export function sinceKept(bytes: Bytes, place: LogPlace, shards: readonly Shard[], engine: Engine): LogFinding[] {
  const note = parseNote(bytes);
  const { origin, size } = parseCheckpoint(note.text);
  const shard = shards.find(({ named }) => named.origin === origin);
  if (shard === undefined) {
    if (origin.startsWith(`${place.origin}/${ATTESTATIONS}/log`))
      return [
        { code: "log-backwards", detail: `the log ${origin}, which had ${entries(size)}, is not listed any more` },
      ];
    throw new AttestError(
      "checkpoint-format",
      `the checkpoint belongs to ${origin}, which is not a log of ${place.origin}`,
      "keep one with: attest log prove FILE, or copy attestations/log/checkpoint",
    );
  }
  const { id, name } = shard.listed.key;
  if (!note.signatures.some((signature) => signature.id === id && signature.name === name))
    return [
      {
        code: "log-rewritten",
        log: origin,
        detail: `the checkpoint that was kept of ${origin} is not signed by the key under which that log is listed now`,
      },
    ];
  const before = openCheckpoint(bytes, shard.listed.key, [], engine).checkpoint;
  return since(shard, before, "in the checkpoint that was kept");
}

/** The first entry of each later log binds the previous one, which must keep exactly that head. */
export function bindings(shards: readonly Shard[]): LogFinding[] {
  return shards.slice(1).flatMap((shard, at): LogFinding[] => {
    const old = shards[at];
    const leaf = shard.leaves[0];
    const log = shard.named.origin;
    if (old === undefined || shard.opened === undefined) return []; // reported separately
    if (leaf?.kind !== "shard")
      return [{ code: "log-account", log, entry: 0, detail: `the log ${log} does not say from which one it goes on` }];
    if (leaf.origin !== old.named.origin || leaf.key !== old.named.key)
      return [
        {
          code: "log-account",
          log,
          entry: 0,
          detail: `the log ${log} goes on from ${leaf.origin} under another key or name than the one before it has`,
        },
      ];
    const now = old.opened?.checkpoint;
    const was = `${leaf.size} when ${log} went on from it`;
    if (now === undefined || now.size < leaf.size)
      return [
        {
          code: "log-backwards",
          log: old.named.origin,
          detail: `the log ${old.named.origin} has ${entries(now?.size ?? 0)}, and had ${was}`,
        },
      ];
    if (now.size > leaf.size)
      return [
        {
          code: "log-account",
          log: old.named.origin,
          detail: `the log ${old.named.origin} has ${entries(now.size)}, and was closed with ${was}`,
        },
      ];
    if (hex(now.root) === leaf.root) return [];
    return [
      {
        code: "log-rewritten",
        log: old.named.origin,
        detail: `the log ${old.named.origin} is not the one that had ${was}`,
      },
    ];
  });
}
