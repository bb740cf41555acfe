/** Collects the log data for the pages at build time, as text; the reader's browser verifies it again. */
import type { SummaryOptions } from "../core/log/summary.js";
import { concerning } from "../core/verify/bundled.js";
import { base64, fromUtf8, hex, type Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { parseEnvelope } from "../core/statement/envelope.js";
import { AttestError } from "../core/errors.js";
import type { NoteEntry } from "../core/keys/keyring.js";
import { formatEntry } from "../core/log/entry.js";
import { enteredIn, readAllLogs, type Logs, type WholeLog } from "../core/log/read-all.js";
import type { LogEvidence } from "../core/log/presence.js";
import type { Report } from "../core/verify/report.js";
import { newTiles, TILE_WIDTH, tilePath } from "../core/log/tiles.js";
import { LogSource } from "../store/log-source.js";
import { logFolder } from "../store/paths.js";
import type { Store } from "../store/store.js";
import type { LogState } from "../view/ledger.js";
import type { LogsText, LogText } from "../formats/page-data.js";

/** Total entries of all logs; more would make the front page larger than its verifier. */
export const MAX_EMBEDDED = 4096;
/** The same for an attestation's page, since there are many. */
export const MAX_BESIDE = 256;

/** All entries show every retraction. If a log is too long for the page, the page says that it did not look. */
export const logsBeside = ({ state, texts }: GatheredLogs): LogsText =>
  state.kind === "read" && state.ledger.summary.size > MAX_BESIDE ? state.ledger.summary.size : texts;

export interface GatheredLogs {
  readonly source: LogSource;
  readonly state: LogState;
  /** Texts for the pages; the length if the logs are too long; undefined without a log. */
  readonly texts: LogsText;
}

/** @param beside as in `summarize` */
export async function gatherLogs(
  store: Store,
  logs: readonly NoteEntry[],
  engine: Engine,
  beside: SummaryOptions,
): Promise<GatheredLogs> {
  const source = new LogSource((path) => store.read(path), logs, engine);
  if (logs.length === 0) return { source, state: { kind: "none" }, texts: undefined };
  const whole: WholeLog[] = [];
  let size = 0;
  try {
    for (const [shard, { key }] of logs.entries()) {
      const reader = await source.reader(shard);
      size += reader?.checkpoint.size ?? 0;
      if (size > MAX_EMBEDDED) return { source, state: { kind: "long", size }, texts: size };
      const entries: Bytes[] = [];
      if (reader !== undefined) for await (const bundle of reader.bundles()) entries.push(...bundle.entries);
      whole.push({ key, checkpoint: reader?.bytes ?? new Uint8Array(), entries });
    }
  } catch (error) {
    if (!(error instanceof AttestError)) throw error;
    const texts = await Promise.all(
      logs.map(async (_, shard) => ({
        checkpoint: pageText(await store.read(`${logFolder(shard)}/checkpoint`)),
        entries: [],
      })),
    );
    return { source, state: { kind: "fault", fault: { code: "log-damaged", detail: error.message } }, texts };
  }
  const read = readAllLogs(whole, [], engine, beside);
  return {
    source,
    state: "fault" in read ? { kind: "fault", fault: read.fault } : { kind: "read", ledger: read },
    texts: whole.map(({ checkpoint, entries }) => ({
      checkpoint: pageText(checkpoint),
      entries: entries.map(pageText),
    })),
  };
}

/** Log evidence of one document. Undefined if it names no log or is malformed. */
export async function evidenceFor(
  { source }: GatheredLogs,
  bytes: Bytes,
  id: string,
): Promise<LogEvidence | undefined> {
  try {
    return await source.evidence(parseEnvelope(bytes), id);
  } catch (error) {
    if (error instanceof AttestError) return undefined; // verification reports it
    throw error;
  }
}

/** @param whole whether the page carries every entry; then only the proof file itself is needed */
export const evidenceText = ({ proof, served }: LogEvidence, marks: LogText["marks"], whole: boolean): LogText => ({
  ...(proof && { proof: pageText(proof) }),
  ...(served &&
    !whole && {
      served: {
        checkpoint: pageText(served.checkpoint),
        ...(served.proof && { proof: pageText(served.proof) }),
        ...(served.sinceProof && { sinceProof: served.sinceProof.map(base64) }),
        ...(served.damage !== undefined && { damage: served.damage }),
      },
    }),
  ...(!whole && marks !== undefined && marks.length > 0 && { marks }),
});

/** Entries about a document whose notices are not published. Only the log shows them. */
export async function marksOn(
  { source, state }: GatheredLogs,
  { digest = "", signers }: Pick<Report, "digest" | "signers">,
  published: ReadonlySet<string>,
): Promise<NonNullable<LogText["marks"]>> {
  const { logs } = state.kind === "read" ? state.ledger : ({ logs: [] } satisfies Pick<Logs, "logs">);
  const concerns = concerning(
    enteredIn(logs, undefined),
    digest,
    signers.map(({ keyid }) => keyid),
  );
  const marks: { leaf: string; proof: string }[] = [];
  for (const [shard, { entries }] of logs.entries())
    for (const [index, leaf] of entries.entries()) {
      if (leaf.kind !== "notice" || published.has(leaf.payload) || !concerns(leaf)) continue;
      const proof = await (await source.reader(shard))?.prove(index);
      if (proof !== undefined) marks.push({ leaf: fromUtf8(formatEntry(leaf)), proof: pageText(proof) });
    }
  return marks;
}

/** Copies everything that a checkpoint covers, and the checkpoint last. Leftovers of a killed writer are not covered. */
export async function copyLogs({ source }: GatheredLogs, from: Store, to: Store): Promise<void> {
  for (const shard of source.logs.keys()) {
    const folder = logFolder(shard);
    const reader = await source.reader(shard);
    const size = reader?.checkpoint.size ?? 0;
    const last = Math.max(0, Math.floor((size - 1) / TILE_WIDTH));
    const end = tilePath({ level: "entries", index: last, width: size - last * TILE_WIDTH });
    const whole = (await from.read(`${folder}/${end}`)) !== undefined; // a checkpoint can claim any size
    for (const tile of newTiles(0, whole ? size : 0)) {
      const path = tilePath(tile);
      const bytes = await from.read(`${folder}/${path}`);
      if (bytes !== undefined) await to.replace(`${folder}/${path}`, bytes);
    }
    const checkpoint = reader?.bytes ?? (await from.read(`${folder}/checkpoint`));
    if (checkpoint !== undefined) await to.replace(`${folder}/checkpoint`, checkpoint);
  }
}

/** A page is UTF-8 text. Other bytes get a prefix that no valid file has, so that the page refuses the file too. */
export function pageText(bytes: Bytes | undefined): string {
  try {
    return fromUtf8(bytes ?? new Uint8Array());
  } catch {
    return "\ufffd";
  }
}

/** SHA-256 of the payload; undefined if it is not a document. */
export function payloadDigest(bytes: Bytes, engine: Engine): string | undefined {
  try {
    return hex(engine.sha256(parseEnvelope(bytes).payloadBytes));
  } catch (error) {
    if (error instanceof AttestError) return undefined;
    throw error;
  }
}
