/**
 * What closes a plan according to the documents: a result of the announced test, or an abandon notice, signed by the key in its entry. The
 * log alone shows only large differences (`testOf`), and anyone could have caused an entry.
 */
import type { NumberedEntry } from "../../core/log/summary.js";
import { hex, type Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { message, parseEnvelope, type Envelope } from "../../core/statement/envelope.js";
import { orUndefined } from "../../core/errors.js";
import type { EntryOf } from "../../core/log/entry.js";
import { readNotice } from "../../core/statement/notice.js";
import { departures, readPlan } from "../../core/statement/plan.js";
import type { TrustedKey } from "../../core/verify/signatures.js";
import { readStatement } from "../../core/statement/statement.js";
import { attestationPath } from "../../store/paths.js";
import type { LogPlace } from "./source.js";

type Read = LogPlace["read"];

/**
 * Payload digests of results not shown to answer their plan, and of abandon notices not shown to be valid: a document that is withheld,
 * unreadable, or by an unknown key shows nothing.
 * @throws AttestError `network`, `io`
 */
export async function departedAt(
  { read }: Pick<LogPlace, "read">,
  entries: readonly NumberedEntry[],
  keys: readonly TrustedKey[],
  engine: Engine,
): Promise<ReadonlySet<string>> {
  const announcers = new Set(
    entries.flatMap(({ entry }) => (entry.kind === "plan" ? byKey(entry.payload, entry) : [])),
  );
  const departed = new Set<string>();
  for (const { entry } of entries) {
    // Another signature on the result does not close the plan.
    const closes =
      entry.kind === "result" && entry.plan !== undefined && announcers.has(byKey(entry.plan, entry))
        ? (await compared(entry, read, engine, keys))?.length === 0
        : entry.kind === "notice" && entry.action === "abandon"
          ? await givesUp(entry, read, engine, keys)
          : undefined;
    if (closes === false && entry.kind !== "shard") departed.add(entry.payload);
  }
  return departed;
}

const byKey = (payload: string, { keyid }: { readonly keyid: string }): string => `${payload} ${keyid}`;

async function givesUp(
  leaf: EntryOf<"notice">,
  read: Read,
  engine: Engine,
  keys: readonly TrustedKey[],
): Promise<boolean> {
  const envelope = await at(read, "note", leaf.payload, engine);
  const found = readNotice(envelope?.payload, engine);
  const fits = !("fault" in found) && found.notice.action === "abandon" && found.notice.about === leaf.about;
  return fits && isSignedBy(envelope, leaf, keys, engine);
}

const isSignedBy = (
  envelope: Envelope | undefined,
  { keyid }: { readonly keyid: string },
  keys: readonly TrustedKey[],
  engine: Engine,
): boolean => {
  const key = keys.find((known) => known.key.keyid === keyid)?.key;
  if (envelope === undefined || key === undefined) return false;
  const signed = message(envelope.payloadType, envelope.payloadBytes);
  return envelope.signatures.some((one) => one.keyid === keyid && engine.verify(key.bytes, signed, one.sig));
};

/** The differences, a sentence each, if both documents are available. The entries report a missing plan or one of another signer. */
export const departuresOf = async (leaf: EntryOf<"result">, read: Read, engine: Engine): Promise<string[]> =>
  (await compared(leaf, read, engine)) ?? [];

/** Undefined if a document is missing, or the result is not signed by the key in its entry (checked only with `keys`). */
async function compared(
  leaf: EntryOf<"result">,
  read: Read,
  engine: Engine,
  keys?: readonly TrustedKey[],
): Promise<string[] | undefined> {
  if (leaf.plan === undefined) return undefined;
  const [announced, made] = [await at(read, "plan", leaf.plan, engine), await at(read, "test", leaf.payload, engine)];
  if (keys !== undefined && !isSignedBy(made, leaf, keys, engine)) return undefined;
  const [planned, result] = [readPlan(announced?.payload), readStatement(made?.payload)];
  return "fault" in planned || "fault" in result ? undefined : departures(planned.plan, result.statement);
}

/** The document with that payload digest, if available. */
async function at(
  read: Read,
  kind: "plan" | "test" | "note",
  digest: string,
  engine: Engine,
): Promise<Envelope | undefined> {
  const bytes: Bytes | undefined = await read(attestationPath(`${kind}_${digest.slice(0, 16)}`));
  const envelope = bytes && orUndefined(() => parseEnvelope(bytes));
  return envelope && hex(engine.sha256(envelope.payloadBytes)) === digest ? envelope : undefined;
}
