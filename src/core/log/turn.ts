/**
 * A turn: the entries that go on from one size of a log. On a store that several machines write at once, only one object of a name can be
 * made. So one turn goes on from each size, and no two machines sign different heads of one size.
 *
 *     file      = {"entries":[…],"from":N,"origin":"…","signature":"base64"}      (RFC 8785)
 *     signature = Ed25519("urn:f3-attest:turn:v1\n" || the same without the signature)
 *
 * It is signed by the log's key, because anyone who can write the store could put anything into the log otherwise. The message is no note, so
 * it cannot be taken for a checkpoint.
 */
import * as z from "zod/mini";
import { base64, concat, equal, fromBase64, fromUtf8, utf8, type Bytes } from "../bytes.js";
import type { Engine } from "../engine.js";
import { AttestError } from "../errors.js";
import { canonical, parseJson } from "../json.js";
import type { NoteKey } from "../keys/note.js";
import { faultIn } from "../schema.js";
import type { SignNow } from "./checkpoint.js";
import { parseEntry } from "./entry.js";

export interface Turn {
  /** Of the log. */
  readonly origin: string;
  /** The size that it goes on from. */
  readonly from: number;
  readonly entries: readonly Bytes[];
}

const PREFIX = utf8("urn:f3-attest:turn:v1\n");
const schema = z.lazy(() =>
  z.strictObject({
    entries: z.array(z.string()),
    from: z.number().check(z.int(), z.nonnegative()),
    origin: z.string(),
    signature: z.string(),
  }),
);

const spelled = ({ origin, from, entries }: Turn): { entries: string[]; from: number; origin: string } => ({
  entries: entries.map(fromUtf8),
  from,
  origin,
});
const messageOf = (turn: Turn): Bytes => concat(PREFIX, canonical(spelled(turn)));

/** The file. */
export const sealTurn = (turn: Turn, sign: SignNow): Bytes =>
  canonical({ ...spelled(turn), signature: base64(sign(messageOf(turn))) });

/**
 * The entries of a turn, if the log's key signed it for this size.
 * @throws AttestError `log-damaged`
 */
export function openTurn(bytes: Bytes, key: NoteKey, from: number, engine: Engine): readonly Bytes[] {
  const refused = (found: string): AttestError =>
    new AttestError("log-damaged", `expected a turn of the log ${key.name} from ${from} entries on, found ${found}`);
  try {
    const parsed = schema.safeParse(parseJson(bytes));
    if (!parsed.success) throw refused(faultIn(parsed.error));
    const { origin, signature, ...rest } = parsed.data;
    if (origin !== key.name || rest.from !== from) throw refused("that of another log or size");
    const turn = { origin, from, entries: rest.entries.map(utf8) };
    if (!engine.verify(key.bytes, messageOf(turn), fromBase64(signature))) throw refused("another signature");
    if (!equal(canonical(parsed.data), bytes)) throw refused("another spelling");
    if (turn.entries.length === 0) throw refused("no entries");
    for (const entry of turn.entries) parseEntry(entry);
    return turn.entries;
  } catch (error) {
    if (error instanceof AttestError && error.code !== "log-damaged") throw refused(error.message);
    throw error;
  }
}
