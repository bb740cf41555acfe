/**
 * What a verifier keeps of a log's entries, as a file. Its digest reveals a damaged disk, which could lose a retraction. The digest has no
 * key: anyone who can write to the user's state folder can write pins there too. The log itself is compared with the root of the range.
 */
import * as z from "zod/mini";
import { base64, equal, fromUtf8, hex, utf8, type Bytes } from "../bytes.js";
import type { Engine } from "../engine.js";
import { AttestError } from "../errors.js";
import { canonical, MAX_BYTES, parseJson } from "../json.js";
import type { LogName } from "../keys/keyring.js";
import { keyid, sha256 } from "../schema.js";
import { parseHash } from "./checkpoint.js";
import { formatEntry, parseEntry, type EntryOf } from "./entry.js";
import type { FoldState, NumberedNotice } from "./fold.js";
import { cover } from "./merkle.js";

const count = z.number().check(z.int(), z.nonnegative());
const file = z.strictObject({
  version: z.literal(1),
  origin: z.string(),
  key: z.string(),
  size: count,
  range: z.array(z.string()),
  first: z.optional(z.string()),
  notices: z.array(z.strictObject({ index: count, entry: z.string() })),
  payloads: z.array(sha256),
  keys: z.array(keyid),
  signers: z.array(z.strictObject({ payload: sha256, keyids: z.array(keyid) })),
  /** Of the canonical bytes of everything else. */
  digest: sha256,
});

/** Undefined for a state that would be too long to be read, or has the signers of all payloads: then the next look reads the whole log. */
export function formatFoldState({ origin, key }: LogName, state: FoldState, engine: Engine): Bytes | undefined {
  const { size, range, first, notices, wanted, signers } = state;
  if (wanted === "all") return undefined;
  const text = {
    version: 1,
    origin,
    key,
    size,
    range: range.map(base64),
    ...(first && { first: fromUtf8(formatEntry(first)) }),
    notices: notices.map(({ index, entry }) => ({ index, entry: fromUtf8(formatEntry(entry)) })),
    payloads: [...wanted.payloads],
    keys: [...wanted.keys],
    signers: [...signers].map(([payload, keyids]) => ({ payload, keyids })),
  };
  const digest = hex(engine.sha256(canonical(text)));
  const bytes = canonical({ ...text, digest });
  return bytes.length > MAX_BYTES ? undefined : bytes;
}

/** Undefined for the state of another log, and for anything that `formatFoldState` does not write. */
export function parseFoldState(bytes: Bytes, { origin, key }: LogName, engine: Engine): FoldState | undefined {
  try {
    const parsed = file.safeParse(parseJson(bytes));
    if (!parsed.success) return undefined;
    const text = parsed.data;
    if (text.origin !== origin || text.key !== key) return undefined;
    const range = text.range.flatMap((hash) => parseHash(hash) ?? []);
    if (range.length !== cover({ from: 0, until: text.size }).length) return undefined;
    const first = text.first === undefined ? undefined : entry("shard", text.first);
    const state: FoldState = {
      size: text.size,
      range,
      first,
      notices: text.notices.map((one): NumberedNotice => ({ index: one.index, entry: entry("notice", one.entry) })),
      wanted: { payloads: new Set(text.payloads), keys: new Set(text.keys) },
      signers: new Map(text.signers.map(({ payload, keyids }) => [payload, keyids])),
    };
    // One spelling, with its digest.
    const again = formatFoldState({ origin, key }, state, engine);
    return again !== undefined && equal(again, bytes) ? state : undefined;
  } catch (error) {
    if (error instanceof AttestError) return undefined;
    throw error;
  }
}

function entry<K extends "shard" | "notice">(kind: K, text: string): EntryOf<K> {
  const read = parseEntry(utf8(text));
  if (read.kind !== kind) throw new AttestError("leaf-format", `expected an entry of kind ${kind}, found ${read.kind}`);
  return read as EntryOf<K>;
}
