/**
 * What notices say of keys: which one was handed over to which, which one can no longer be relied on, and what was seen when. A notice
 * counts by its signatures alone, wherever it was found; whoever serves notices can keep one back, and can invent none. Entries of a log
 * stand in for those that are kept back, where they take trust away: an entry is its operator's word, as the keyring is.
 */
import { hex, type Bytes } from "../bytes.js";
import type { Engine } from "../engine.js";
import { message, namedTwice, parseEnvelope, PAYLOAD_TYPE, type Envelope } from "../statement/envelope.js";
import { AttestError } from "../errors.js";
import type { PublicKey } from "../keys/key.js";
import type { KeyEntry } from "../keys/keyring.js";
import { handOversIn, signatureName, type EntryOf } from "../log/entry.js";
import { readNotice, successorOf, type Notice } from "../statement/notice.js";
import { Owners, type HandOver } from "../keys/owner.js";
import { earliestRevocation, trustIn, type TrustedKey, type SeenAt } from "./signatures.js";

export interface KeyHistory {
  /** The keys at hand, with what the notices add to them. */
  readonly keys: readonly TrustedKey[];
  /** All that joins two keys: signed by both, or in the log by an entry whose notice is not at hand. */
  readonly handOvers: readonly HandOver[];
  /** Those of them that both keys signed. */
  readonly signedHandOvers: readonly HandOver[];
  /** Whose a key is, by all of these: what counts against somebody. */
  readonly owners: Owners;
  /** Whose a key is by what both keys signed alone: what counts for somebody, since an entry is its operator's word. */
  readonly proven: Owners;
  /** The signatures of the notices at hand (`signatureName`): an entry of one of these counts by its document. */
  readonly atHand: ReadonlySet<string>;
  /** Those of them that are not by the key which they name: nothing that their entries say counts. */
  readonly unsigned: ReadonlySet<string>;
  /** The earliest time at which somebody else than that signer, whom the verifier trusts, says to have seen a signature. */
  readonly seen: (signature: Bytes, signer: string) => SeenAt | undefined;
}

interface Read {
  readonly envelope: Envelope;
  readonly notice: Notice;
}
type Of<A extends Notice["action"]> = Extract<Notice, { action: A }>;

/** Of one notice; ours have less than two thousand bytes. */
export const MAX_NOTICE_BYTES = 16 * 1024;
/** Hand-overs and revocations whose signatures are looked at; nobody needs so many, and more would keep a verifier busy. */
export const MAX_NOTICES = 1000;
const EVER = new Date(0).toISOString();

/**
 * @param documents notices; what is none, or is not signed by whom it must be, is without effect
 * @param known keys at hand, from the user and from the site
 * @param entries notices as a log has entered them, whether or not their documents are at hand
 * @throws AttestError `too-large` for more than `MAX_NOTICES` about keys: which of them to pass over is nothing to guess
 */
export function keyHistory(
  documents: readonly Bytes[],
  known: readonly TrustedKey[],
  engine: Engine,
  entries: readonly EntryOf<"notice">[] = [],
): KeyHistory {
  const notices = documents.flatMap((bytes) => read(bytes, engine));
  const aboutKeys = notices.filter(({ notice }) => notice.action === "rotate" || notice.action === "revoke");
  if (aboutKeys.length > MAX_NOTICES)
    throw new AttestError("too-large", `expected at most ${MAX_NOTICES} notices about keys, found ${aboutKeys.length}`);
  const handed = rotationsIn(aboutKeys, known, engine);
  const keys = [...known.map(({ key }) => key), ...handed.map(({ to }) => to)];
  const signatures = notices.flatMap(({ envelope }) => signaturesOf(envelope, keys, engine));
  const atHand = new Set(signatures.map(({ name }) => name));
  const unsigned = new Set(signatures.flatMap(({ name, bad }) => (bad ? name : [])));
  const counting = entries.filter((leaf) => !unsigned.has(signatureName(leaf)));
  const signed = handed.map(({ from, to }) => ({ from: from.keyid, to: to.keyid }));
  const handOvers = [...signed, ...handOversIn(counting)];
  const [owners, proven] = [new Owners(handOvers), new Owners(signed)];
  const revoked = [...revocationsIn(aboutKeys, owners, keys, engine), ...loggedRevocations(counting, owners, keys)];
  const before = [...known, ...revoked];
  const receipts = new Map<string, Read[]>();
  for (const one of notices) {
    if (one.notice.action !== "receipt") continue;
    receipts.set(one.notice.signature, [...(receipts.get(one.notice.signature) ?? []), one]);
  }
  const seen = (signature: Bytes, signer: string): SeenAt | undefined => {
    const others = before.filter(({ key }) => !owners.owns(key.keyid, [signer])); // nobody is a witness of their own
    return earliest(receipts.get(hex(engine.sha256(signature))) ?? [], others, engine);
  };
  return {
    keys: [...before, ...retired(handed), ...successors(handed, handOvers, before, seen)],
    ...{ handOvers, signedHandOvers: signed, owners, proven, atHand, unsigned, seen },
  };
}

function read(bytes: Bytes, engine: Engine): Read[] {
  if (bytes.length > MAX_NOTICE_BYTES) return [];
  try {
    const envelope = parseEnvelope(bytes);
    if (envelope.payloadType !== PAYLOAD_TYPE || namedTwice(envelope) !== undefined) return [];
    const found = readNotice(envelope.payload, engine);
    return "fault" in found ? [] : [{ envelope, notice: found.notice }];
  } catch (error) {
    if (error instanceof AttestError) return []; // told when it is itself verified
    throw error;
  }
}

/** What a document says, whoever signed it, when it is a notice at all. */
export const noticeIn = (bytes: Bytes, engine: Engine): Notice | undefined => read(bytes, engine)[0]?.notice;

/** The signature by that key, if it is a good one; one that does not name its key is none, so that each is tried once. */
function signatureBy(
  { bytes, keyid }: PublicKey,
  { payloadType, payloadBytes, signatures }: Envelope,
  engine: Engine,
): Bytes | undefined {
  const found = signatures.find((one) => one.keyid === keyid);
  return found !== undefined && engine.verify(bytes, message(payloadType, payloadBytes), found.sig)
    ? found.sig
    : undefined;
}

/** Each signature, and whether it is not by the key that it names. By a key that is not at hand nobody can tell. */
function signaturesOf(
  envelope: Envelope,
  keys: readonly PublicKey[],
  engine: Engine,
): { readonly name: string; readonly bad: boolean }[] {
  const payload = hex(engine.sha256(envelope.payloadBytes));
  return envelope.signatures.map(({ keyid, sig }) => {
    const key = keys.find((known) => known.keyid === keyid);
    return {
      name: signatureName({ payload, signature: hex(engine.sha256(sig)), keyid: keyid ?? "" }),
      bad: key !== undefined && signatureBy(key, envelope, engine) === undefined,
    };
  });
}

interface Handed {
  readonly from: PublicKey;
  readonly to: PublicKey;
  readonly notice: Of<"rotate">;
  /** By the old key. */
  readonly signature: Bytes;
}

/** Those that both keys signed, from keys at hand on. */
function rotationsIn(notices: readonly Read[], known: readonly TrustedKey[], engine: Engine): Handed[] {
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
  return [...handed.values()];
}

/** By the key itself, or by one to which it led. A thief can do that too, and takes from nobody but the key. */
function revocationsIn(
  notices: readonly Read[],
  owners: Owners,
  keys: readonly PublicKey[],
  engine: Engine,
): TrustedKey[] {
  const byId = new Map(keys.map((key) => [key.keyid, key]));
  return notices.flatMap(({ envelope, notice }): TrustedKey[] => {
    const key = notice.action === "revoke" ? byId.get(notice.key) : undefined;
    if (notice.action !== "revoke" || key === undefined) return [];
    const entitled = [...owners.line([key.keyid])].flatMap((keyid) => byId.get(keyid) ?? []);
    if (!entitled.some((one) => signatureBy(one, envelope, engine) !== undefined)) return [];
    return [revokedBy(key, "a signed notice", { at: notice.since, reason: notice.reason })];
  });
}

/** The same from entries alone: who keeps the notice back does not undo it. */
function loggedRevocations(
  entries: readonly EntryOf<"notice">[],
  owners: Owners,
  keys: readonly PublicKey[],
): TrustedKey[] {
  const revoking = entries.filter(
    ({ action, key = "", keyid }) => action === "revoke" && owners.line([key]).has(keyid),
  );
  return revoking.flatMap(({ key: revoked, since = EVER }) => {
    const key = keys.find(({ keyid }) => keyid === revoked);
    if (key === undefined) return [];
    return [revokedBy(key, "the log", { at: since, reason: "an entry of the log says so; its notice has the reason" })];
  });
}

const revokedBy = (key: PublicKey, source: string, revoked: NonNullable<KeyEntry["revoked"]>): TrustedKey => ({
  ...{ key, by: "site", source },
  entry: { name: "", key, validFrom: EVER, revoked },
});

/** By keys that the verifier trusts, not by one that is revoked: a thief sets any date. */
function earliest(receipts: readonly Read[], keys: readonly TrustedKey[], engine: Engine): SeenAt | undefined {
  const yours = new Map(keys.filter(({ by }) => by === "you").map((known) => [known.key.keyid, known]));
  const inOrder = [...receipts].sort((a, b) => Date.parse(a.notice.signedAt) - Date.parse(b.notice.signedAt));
  for (const { envelope, notice } of inOrder) {
    for (const { keyid } of envelope.signatures) {
      const witness = yours.get(keyid ?? "");
      if (witness === undefined || signatureBy(witness.key, envelope, engine) === undefined) continue;
      const all = keys.filter(({ key }) => key.keyid === keyid);
      if (trustIn(all, notice.signedAt, undefined).trust === "confirmed-by-you")
        return { at: notice.signedAt, by: witness.key.keyid, source: witness.source };
    }
  }
  return undefined;
}

/** From its hand-over on, nothing is expected of the old key. */
const retired = (handed: readonly Handed[]): TrustedKey[] =>
  handed.map(({ from, notice }) => ({
    ...{ key: from, by: "site", source: "a signed notice" },
    entry: { name: "", key: from, validFrom: EVER, validUntil: notice.signedAt },
  }));

/**
 * A new key is trusted as the old one was when it handed over, from then on. Where the old one is revoked, only a hand-over that was provably
 * before counts; and then the reader has to confirm the new key all the same. A key that hands over to two is followed to neither: one of
 * them is a thief's. That goes for trust alone: what both say of the old key's end is heard.
 */
function successors(
  all: readonly Handed[],
  handOvers: readonly HandOver[],
  before: readonly TrustedKey[],
  seen: KeyHistory["seen"],
): TrustedKey[] {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of handOvers) next.set(from, (next.get(from) ?? new Set()).add(to));
  const handed = all.filter(({ from }) => next.get(from.keyid)?.size === 1);
  const added: TrustedKey[] = [];
  const yours = new Set(before.flatMap(({ by, key }) => (by === "you" ? key.keyid : [])));
  const known = (keyid: string): TrustedKey[] => [...before, ...added].filter(({ key }) => key.keyid === keyid);
  for (let size = -1; size !== added.length;) {
    size = added.length;
    for (const { from, to, notice, signature } of handed) {
      if (added.some(({ key }) => key.keyid === to.keyid)) continue;
      const predecessor = known(from.keyid);
      const chosen = predecessor.find(({ by }) => by === "you") ?? predecessor[0];
      if (chosen === undefined) continue;
      const { trust } = trustIn(predecessor, notice.signedAt, seen(signature, from.keyid));
      const { revoked } = earliestRevocation(predecessor);
      if (trust === "revoked" || trust === "retired") continue;
      const confirmed = chosen.by === "you" && revoked === undefined;
      added.push({
        key: to,
        by: confirmed ? "you" : "site",
        source: `handed over by ${chosen.name ?? from.keyid}, which is from: ${chosen.source}`,
        // Whoever gave the key itself has said for when.
        ...(!yours.has(to.keyid) && { entry: { name: "", key: to, validFrom: notice.signedAt } }),
      });
    }
  }
  return added;
}
