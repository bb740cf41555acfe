/**
 * What notices say about keys: rotations, revocations, and when a signature was seen. A notice counts by its signatures, wherever it was
 * found; a server can withhold one, but not invent one. Log entries replace withheld notices only where they take trust away: an entry is
 * its operator's word, as the keyring is.
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
  /** The known keys, extended by the notices. */
  readonly keys: readonly TrustedKey[];
  /** All rotations: signed by both keys, or logged while the notice is missing. */
  readonly handOvers: readonly HandOver[];
  /** The rotations that both keys signed. */
  readonly signedHandOvers: readonly HandOver[];
  /** Key ownership by all rotations. Used against someone. */
  readonly owners: Owners;
  /** Key ownership by signed rotations only. Used in someone's favour, because a log entry is only its operator's word. */
  readonly proven: Owners;
  /** Signatures of the available notices (`signatureName`). Their log entries are ignored in favour of the documents. */
  readonly atHand: ReadonlySet<string>;
  /** Signatures among them that are not by the key they name: their entries are ignored. */
  readonly unsigned: ReadonlySet<string>;
  /** The earliest time at which a trusted key other than the signer's claims to have seen the signature. */
  readonly seen: (signature: Bytes, signer: string) => SeenAt | undefined;
}

interface Read {
  readonly envelope: Envelope;
  readonly notice: Notice;
}
type Of<A extends Notice["action"]> = Extract<Notice, { action: A }>;

/** Limit per notice; ours have less than 2,000 bytes. */
export const MAX_NOTICE_BYTES = 16 * 1024;
/** Limit of rotations and revocations whose signatures are checked. Nobody needs more, and they would keep a verifier busy. */
export const MAX_NOTICES = 1000;
const EVER = new Date(0).toISOString();

/**
 * @param documents notices; other documents, and notices without the required signatures, are ignored
 * @param known known keys, from the user and from the site
 * @param entries logged notices, with or without their documents
 * @throws AttestError `too-large` for more than `MAX_NOTICES` about keys: skipping any of them would be a guess
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
    const others = before.filter(({ key }) => !owners.owns(key.keyid, [signer])); // nobody is their own witness
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
    if (error instanceof AttestError) return []; // its own verification reports it
    throw error;
  }
}

/** The notice in a document, without checking its signatures; undefined if there is none. */
export const noticeIn = (bytes: Bytes, engine: Engine): Notice | undefined => read(bytes, engine)[0]?.notice;

/** The key's signature if it is valid. A signature without a keyid is ignored, so that each is checked once. */
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

/** Each signature, and whether it is not by the key it names. For an unknown key nobody can tell. */
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
  /** The signature by the old key. */
  readonly signature: Bytes;
}

/** Rotations that both keys signed, followed from the known keys. */
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

/** Revocations by the key itself or a successor. A thief can revoke too, but only takes trust from that key. */
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

/** Revocations by log entries alone: withholding the notice does not undo them. */
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

/** Accepts trusted keys only, and no revoked one: a thief can set any date. */
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

/** After a rotation the old key is retired. */
const retired = (handed: readonly Handed[]): TrustedKey[] =>
  handed.map(({ from, notice }) => ({
    ...{ key: from, by: "site", source: "a signed notice" },
    entry: { name: "", key: from, validFrom: EVER, validUntil: notice.signedAt },
  }));

/**
 * A new key inherits the trust of the old one from the rotation on. If the old key is revoked, only a rotation that provably happened
 * before counts, and the reader must still confirm the new key. If a key rotates to two keys, neither is trusted: one of them is a thief's.
 * Both may still revoke the old key.
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
        source: `successor of ${chosen.name ?? from.keyid}, which is from: ${chosen.source}`,
        // Without validity if the user gave this key directly.
        ...(!yours.has(to.keyid) && { entry: { name: "", key: to, validFrom: notice.signedAt } }),
      });
    }
  }
  return added;
}
