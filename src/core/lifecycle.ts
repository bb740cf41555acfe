/**
 * What notices say of keys: which one was handed over to which, which one can no longer be relied on, and what was seen when. A notice
 * counts by its signatures alone, wherever it was found; whoever serves notices can keep one back, and can invent none.
 */
import { hex, type Bytes } from "./bytes.js";
import type { Engine } from "./engine.js";
import { message, parseEnvelope, PAYLOAD_TYPE, type Envelope } from "./envelope.js";
import { AttestError } from "./errors.js";
import type { PublicKey } from "./key.js";
import { readNotice, successorOf, type Notice } from "./notice.js";
import { standing, trustIn, type Known, type Seen } from "./signatures.js";

export interface History {
  /** The keys at hand, with what the notices add to them. */
  readonly keys: readonly Known[];
  /** The earliest time at which somebody whom the verifier trusts says to have seen a signature. */
  readonly seen: (signature: Bytes) => Seen | undefined;
}

interface Read {
  readonly envelope: Envelope;
  readonly notice: Notice;
}
type Of<A extends Notice["action"]> = Extract<Notice, { action: A }>;

/** More notices than this in a registry would only keep a verifier busy. */
export const MAX_NOTICES = 1000;
const EVER = new Date(0).toISOString();

/**
 * @param documents notices in any order; what is none, or is not signed by whom it must be, is without effect
 * @param known keys at hand, from the user and from the site
 */
export function historyOf(documents: readonly Bytes[], known: readonly Known[], engine: Engine): History {
  const notices = documents.slice(0, MAX_NOTICES).flatMap((bytes) => read(bytes, engine));
  const handed = rotationsIn(notices, known, engine);
  const revoked = revocationsIn(notices, handed, known, engine);
  const before = [...known, ...revoked];
  const receipts = receiptsIn(notices, before, engine);
  const seen = (signature: Bytes): Seen | undefined => receipts.get(hex(engine.sha256(signature)));
  return { keys: [...before, ...retired(handed), ...successors(handed, before, seen)], seen };
}

function read(bytes: Bytes, engine: Engine): Read[] {
  try {
    const envelope = parseEnvelope(bytes);
    if (envelope.payloadType !== PAYLOAD_TYPE) return [];
    const found = readNotice(envelope.payload, engine);
    return "fault" in found ? [] : [{ envelope, notice: found.notice }];
  } catch (error) {
    if (error instanceof AttestError) return []; // told when it is itself verified
    throw error;
  }
}

/** The signature by that key, if it is a good one. A keyid only chooses which to try. */
function signatureBy(
  { bytes, keyid }: PublicKey,
  { payloadType, payloadBytes, signatures }: Envelope,
  engine: Engine,
): Bytes | undefined {
  const signed = message(payloadType, payloadBytes);
  return signatures.find((one) => (one.keyid ?? keyid) === keyid && engine.verify(bytes, signed, one.sig))?.sig;
}

interface Handed {
  readonly from: PublicKey;
  readonly to: PublicKey;
  readonly notice: Of<"rotate">;
  /** By the old key. */
  readonly signature: Bytes;
}

/** Those that both keys signed, from keys at hand on. A key that hands over to two is nobody's predecessor: one of them is a thief. */
function rotationsIn(notices: readonly Read[], known: readonly Known[], engine: Engine): Handed[] {
  const keys = new Map(known.map(({ key }) => [key.keyid, key]));
  const handed = new Map<string, Handed>();
  const open = new Set(notices);
  for (let found = true; found;) {
    found = false;
    for (const one of open) {
      const { envelope, notice } = one;
      const from = notice.action === "rotate" ? keys.get(notice.from) : undefined;
      if (notice.action !== "rotate" || from === undefined) continue;
      open.delete(one);
      const to = successorOf(notice, engine);
      const signature = signatureBy(from, envelope, engine);
      if (signature === undefined || signatureBy(to, envelope, engine) === undefined) continue;
      if (!keys.has(to.keyid)) keys.set(to.keyid, to);
      handed.set(`${from.keyid} ${to.keyid} ${notice.signedAt}`, { from, to, notice, signature });
      found = true;
    }
  }
  const all = [...handed.values()];
  return all.filter(({ from, to }) =>
    all.every((other) => other.from.keyid !== from.keyid || other.to.keyid === to.keyid),
  );
}

/** By the key itself, or by one to which it led. A thief can do that too, and takes from nobody but the key. */
function revocationsIn(
  notices: readonly Read[],
  handed: readonly Handed[],
  known: readonly Known[],
  engine: Engine,
): Known[] {
  const keys = [...known.map(({ key }) => key), ...handed.map(({ to }) => to)];
  return notices.flatMap(({ envelope, notice }): Known[] => {
    const key = notice.action === "revoke" ? keys.find(({ keyid }) => keyid === notice.key) : undefined;
    if (notice.action !== "revoke" || key === undefined) return [];
    const entitled = line(key, handed);
    if (!entitled.some((one) => signatureBy(one, envelope, engine) !== undefined)) return [];
    const revoked = { at: notice.since, reason: notice.reason };
    return [{ key, by: "site", source: "a signed notice", entry: { name: "", key, validFrom: EVER, revoked } }];
  });
}

/** A key and its successors, in order. */
function line(key: PublicKey, handed: readonly Handed[]): PublicKey[] {
  const all = [key];
  for (const { keyid } of all)
    for (const { from, to } of handed)
      if (from.keyid === keyid && all.every((one) => one.keyid !== to.keyid)) all.push(to);
  return all;
}

/** By keys that the verifier trusts, not about their own signatures, and not by one that is revoked: a thief sets any date. */
function receiptsIn(notices: readonly Read[], keys: readonly Known[], engine: Engine): Map<string, Seen> {
  const earliest = new Map<string, Seen>();
  for (const { envelope, notice } of notices) {
    if (notice.action !== "receipt") continue;
    for (const { key, by, source } of keys) {
      if (by !== "you" || earlier(earliest.get(notice.signature), notice.signedAt)) continue;
      const signature = signatureBy(key, envelope, engine);
      if (signature === undefined) continue;
      const all = keys.filter((one) => one.key.keyid === key.keyid);
      if (trustIn(all, notice.signedAt, undefined).trust !== "confirmed-by-you") continue;
      earliest.set(notice.signature, { at: notice.signedAt, by: key.keyid, source });
    }
  }
  return earliest;
}

const earlier = (known: Seen | undefined, at: string): boolean =>
  known !== undefined && Date.parse(known.at) <= Date.parse(at);

/** From its hand-over on, nothing is expected of the old key. */
const retired = (handed: readonly Handed[]): Known[] =>
  handed.map(({ from, notice }) => ({
    ...{ key: from, by: "site", source: "a signed notice" },
    entry: { name: "", key: from, validFrom: EVER, validUntil: notice.signedAt },
  }));

/**
 * A new key is trusted as the old one was when it handed over. Where the old one is revoked, only a hand-over that was provably before counts;
 * and then the reader has to confirm the new key all the same.
 */
function successors(handed: readonly Handed[], before: readonly Known[], seen: History["seen"]): Known[] {
  const added: Known[] = [];
  const known = (keyid: string): Known[] => [...before, ...added].filter(({ key }) => key.keyid === keyid);
  for (let size = -1; size !== added.length;) {
    size = added.length;
    for (const { from, to, notice, signature } of handed) {
      if (added.some(({ key }) => key.keyid === to.keyid)) continue;
      const predecessor = known(from.keyid);
      const chosen = predecessor.find(({ by }) => by === "you") ?? predecessor[0];
      if (chosen === undefined) continue;
      const { trust } = trustIn(predecessor, notice.signedAt, seen(signature));
      const { revoked } = standing(predecessor);
      if (trust === "revoked" || trust === "retired") continue;
      const confirmed = chosen.by === "you" && revoked === undefined;
      added.push({
        key: to,
        by: confirmed ? "you" : "site",
        source: `handed over by ${chosen.name ?? from.keyid}, which is from: ${chosen.source}`,
      });
    }
  }
  return added;
}
