/**
 * A registry's logs against what they were: in this verifier's memory, in a checkpoint that the user kept, and in the first entry of the log
 * that went on from them. Two bad answers that are never mixed: it went backwards · it was rewritten.
 */
import { equal, hex, type Bytes } from "../../core/bytes.js";
import { openCheckpoint, parseCheckpoint, type Checkpoint } from "../../core/log/checkpoint.js";
import type { Engine } from "../../core/engine.js";
import { AttestError, orUndefined } from "../../core/errors.js";
import { parseNote } from "../../core/keys/note.js";
import { originOf } from "../../core/origin.js";
import type { LogMemory } from "../../keystore/log-memory.js";
import { ATTESTATIONS } from "../../store/paths.js";
import type { LogPlace } from "./source.js";
import type { LogFinding, Shard } from "./read-shard.js";

const sizeOf = (shard: Shard): number => shard.opened?.checkpoint.size ?? 0;
export const totalOf = (shards: readonly Shard[]): number => shards.reduce((total, shard) => total + sizeOf(shard), 0);

/** How a log went on from a head that was seen before; `seen` says when, as the rest of "had 5 entries …". */
function since(shard: Shard, before: Checkpoint, seen: string): LogFinding[] {
  const log = shard.named.origin;
  const now = shard.opened?.checkpoint;
  if (now === undefined || now.size < before.size)
    return [
      {
        ...{ code: "log-backwards", log },
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

/** Whether something was remembered at all is for the reader to know: the first look at a log can find no rewriting. */
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
          ...{ code: "log-rewritten", log },
          detail: `the log ${log} had another key when this verifier last saw it: it was made anew. If its operator told you why: attest log forget ${log}`,
        },
      ];
    const opened = orUndefined(() => openCheckpoint(seen.checkpoint, shard.listed.key, [], engine).checkpoint);
    return opened === undefined ? [] : since(shard, opened, "when this verifier last saw it"); // a file that was spoilt is as none
  });
  return { before, findings };
}

/** After a check without findings, and only then: what was seen in a bad state is nothing to hold others against. */
export function rememberLogs(place: LogPlace, shards: readonly Shard[], memory: LogMemory): void {
  // Whoever serves a registry can list anybody's log: of one that is named after another place nothing is kept.
  const own = shards.filter(({ named }) => originOf(named.origin).startsWith(`${originOf(place.origin)}/`));
  for (const { named, bytes } of own) if (bytes !== undefined) memory.keep(named, bytes);
  for (const name of namesOf(place))
    memory.keepRegistry(
      name,
      own.map(({ named }) => named),
    );
}

/** What it calls itself, and where it was found. */
const namesOf = ({ origin, target, remote }: LogPlace): string[] => [origin, ...(remote ? [originOf(target)] : [])];

/**
 * A checkpoint that the user kept. @throws AttestError `note-format`, `checkpoint-format` for one that is none, or of no log of this
 * registry; `log-damaged` for one that its key did not sign
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
      `the checkpoint is of ${origin}, which is no log of ${place.origin}`,
      "keep one with: attest log prove FILE, or copy attestations/log/checkpoint",
    );
  }
  const { id, name } = shard.listed.key;
  if (!note.signatures.some((signature) => signature.id === id && signature.name === name))
    return [
      {
        ...{ code: "log-rewritten", log: origin },
        detail: `the checkpoint that was kept of ${origin} is not signed by the key under which that log is listed now`,
      },
    ];
  const before = openCheckpoint(bytes, shard.listed.key, [], engine).checkpoint;
  return since(shard, before, "in the checkpoint that was kept");
}

/** Entry 0 of each later log binds the one before it, which from then on must have exactly that head. */
export function bindings(shards: readonly Shard[]): LogFinding[] {
  return shards.slice(1).flatMap((shard, at): LogFinding[] => {
    const old = shards[at];
    const leaf = shard.leaves[0];
    const log = shard.named.origin;
    if (old === undefined || shard.opened === undefined) return []; // told of itself
    if (leaf?.kind !== "shard")
      return [{ code: "log-account", log, entry: 0, detail: `the log ${log} does not say from which one it goes on` }];
    if (leaf.origin !== old.named.origin || leaf.key !== old.named.key)
      return [
        {
          ...{ code: "log-account", log, entry: 0 },
          detail: `the log ${log} goes on from ${leaf.origin} under another key or name than the one before it has`,
        },
      ];
    const now = old.opened?.checkpoint;
    const was = `${leaf.size} when ${log} went on from it`;
    if (now === undefined || now.size < leaf.size)
      return [
        {
          ...{ code: "log-backwards", log: old.named.origin },
          detail: `the log ${old.named.origin} has ${entries(now?.size ?? 0)}, and had ${was}`,
        },
      ];
    if (now.size > leaf.size)
      return [
        {
          ...{ code: "log-account", log: old.named.origin },
          detail: `the log ${old.named.origin} has ${entries(now.size)}, and was closed with ${was}`,
        },
      ];
    if (hex(now.root) === leaf.root) return [];
    return [
      {
        ...{ code: "log-rewritten", log: old.named.origin },
        detail: `the log ${old.named.origin} is not the one that had ${was}`,
      },
    ];
  });
}
