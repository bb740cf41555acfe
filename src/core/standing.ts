/**
 * Whether an attestation is still what its signer stands by: notices that take it back, or put another in its place. They count by whoever
 * signed the attestation, or by the key to which that one handed over; anyone else's contradict it, and change nothing.
 */
import { hex, type Bytes } from "./bytes.js";
import type { Engine } from "./engine.js";
import { message, parseEnvelope, PAYLOAD_TYPE } from "./envelope.js";
import { AttestError } from "./errors.js";
import { readNotice, type Notice } from "./notice.js";
import type { Remark, Standing } from "./report.js";
import type { Known } from "./signatures.js";

/** What a notice may be as large as, so that nobody's keeps a verifier busy. */
const MAX_REMARK_BYTES = 16 * 1024;

/**
 * @param digest of the attestation's payload
 * @param signers keyids of its good signatures
 */
export function standingOf(
  digest: string,
  signers: readonly string[],
  notices: readonly Bytes[],
  keys: readonly Known[],
  engine: Engine,
): Standing {
  const entitled = entitledBy(signers, keys);
  const all = notices
    .flatMap((bytes) => remarksIn(bytes, digest, keys, engine))
    .filter(({ action }) => action !== "abandon");
  const remarks = all.filter(({ by }) => entitled.has(by)).sort(latestFirst);
  const taken = remarks.some(({ action }) => action === "retract");
  return {
    word: taken ? "retracted" : remarks.length > 0 ? "superseded" : "in-force",
    remarks,
    contradictions: all.filter(({ by }) => !entitled.has(by)),
  };
}

/** The latest notice, by who signed a plan or by a successor, that its result will not come. */
export function givenUp(
  digest: string,
  signers: readonly string[],
  notices: readonly Bytes[],
  keys: readonly Known[],
  engine: Engine,
): Remark | undefined {
  const entitled = entitledBy(signers, keys);
  return notices
    .flatMap((bytes) => remarksIn(bytes, digest, keys, engine))
    .filter(({ action, by }) => action === "abandon" && entitled.has(by))
    .sort(latestFirst)[0];
}

/** Those who signed, and the keys to which theirs were handed over. */
export const entitledBy = (signers: readonly string[], keys: readonly Known[]): ReadonlySet<string> =>
  new Set([
    ...signers,
    ...keys.flatMap(({ key, after = [] }) => (signers.some((one) => after.includes(one)) ? key.keyid : [])),
  ]);

const latestFirst = (a: Remark, b: Remark): number =>
  Date.parse(b.at) - Date.parse(a.at) || (a.digest < b.digest ? -1 : 1);

/** One for each good signature by a key at hand; one that does not name its key is none. */
function remarksIn(bytes: Bytes, digest: string, keys: readonly Known[], engine: Engine): Remark[] {
  const found = read(bytes, engine);
  if (found === undefined || found.notice.about !== digest) return [];
  const { notice, envelope } = found;
  const signed = message(envelope.payloadType, envelope.payloadBytes);
  const by = envelope.signatures.flatMap(({ keyid, sig }) => {
    const key = keys.find((known) => known.key.keyid === keyid)?.key;
    return key !== undefined && engine.verify(key.bytes, signed, sig) ? key.keyid : [];
  });
  const { action, reason, signedAt } = notice;
  return by.map((keyid) => ({
    ...{ digest: hex(engine.sha256(envelope.payloadBytes)), action, reason, at: signedAt, by: keyid },
    ...(notice.action === "supersede" && { successor: notice.by }),
  }));
}

type About = Extract<Notice, { action: "retract" | "supersede" | "abandon" }>;

function read(
  bytes: Bytes,
  engine: Engine,
): { readonly notice: About; readonly envelope: ReturnType<typeof parseEnvelope> } | undefined {
  if (bytes.length > MAX_REMARK_BYTES) return undefined;
  try {
    const envelope = parseEnvelope(bytes);
    if (envelope.payloadType !== PAYLOAD_TYPE) return undefined;
    const found = readNotice(envelope.payload, engine);
    if ("fault" in found) return undefined;
    const { notice } = found;
    return notice.action === "retract" || notice.action === "supersede" || notice.action === "abandon"
      ? { notice, envelope }
      : undefined;
  } catch (error) {
    if (error instanceof AttestError) return undefined; // told when it is itself verified
    throw error;
  }
}
