/**
 * What notices say about keys: rotations, revocations, and when a signature was seen. A notice counts by its signatures, wherever it was
 * found; a server can withhold one, but not invent one. Log entries replace withheld notices only where they take trust away: an entry is
 * its operator's word, as the keyring is.
 */
import { hex, type Bytes } from "../bytes.js";
import type { Engine } from "../engine.js";
import { AttestError } from "../errors.js";
import type { PublicKey } from "../keys/key.js";
import type { KeyEntry } from "../keys/keyring.js";
import { handOversIn, signatureName, type EntryOf } from "../log/entry.js";
import { successorOf } from "../statement/notice.js";
import type { NoticeOf, NoticeSet } from "./notice-set.js";
import { NoticeEntries } from "../log/notice-entries.js";
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
  notices: NoticeSet,
  known: readonly TrustedKey[],
  engine: Engine,
  entries = NoticeEntries.NONE,
): KeyHistory {
  const aboutKeys = notices.of("rotate").length + notices.of("revoke").length;
  if (aboutKeys > MAX_NOTICES)
    throw new AttestError("too-large", `expected at most ${MAX_NOTICES} notices about keys, found ${aboutKeys}`);
  const handed = rotationsIn(notices, known, engine);
  const keys = [...known.map(({ key }) => key), ...handed.map(({ to }) => to)];
  const signatures = signaturesOf(notices, keys, engine);
  const atHand = new Set(signatures.map(({ name }) => name));
  const unsigned = new Set(signatures.flatMap(({ name, bad }) => (bad ? name : [])));
  const counting = entries.all.filter((leaf) => !unsigned.has(signatureName(leaf)));
  const signed = handed.map(({ from, to }) => ({ from: from.keyid, to: to.keyid }));
  const handOvers = [...signed, ...handOversIn(counting)];
  const [owners, proven] = [new Owners(handOvers), new Owners(signed)];
  const revoked = [...revocationsIn(notices, owners, keys), ...loggedRevocations(counting, owners, keys)];
  const before = [...known, ...revoked];
  const seen = (signature: Bytes, signer: string): SeenAt | undefined => {
    const others = before.filter(({ key }) => !owners.owns(key.keyid, [signer])); // nobody is their own witness
    return earliest(hex(engine.sha256(signature)), notices, others);
  };
  return {
    keys: [...before, ...retired(handed), ...successors(handed, handOvers, before, seen)],
    handOvers,
    signedHandOvers: signed,
    owners,
    proven,
    atHand,
    unsigned,
    seen,
  };
}

/** Each signature, and whether it is not by the key it names. For an unknown key nobody can tell. */
function signaturesOf(
  notices: NoticeSet,
  keys: readonly PublicKey[],
  engine: Engine,
): { readonly name: string; readonly bad: boolean }[] {
  const byId = new Map(keys.map((key) => [key.keyid, key]));
  return notices.all.flatMap((one) =>
    one.envelope.signatures.map((signature) => {
      const { keyid = "", sig } = signature;
      const key = byId.get(keyid);
      return {
        name: signatureName({ payload: one.digest, signature: hex(engine.sha256(sig)), keyid }),
        bad: key !== undefined && !notices.isBy(signature, one, key),
      };
    }),
  );
}

interface Handed {
  readonly from: PublicKey;
  readonly to: PublicKey;
  readonly notice: NoticeOf<"rotate">;
  /** The signature by the old key. */
  readonly signature: Bytes;
}

/** Rotations that both keys signed, followed from the known keys. */
function rotationsIn(notices: NoticeSet, known: readonly TrustedKey[], engine: Engine): Handed[] {
  const keys = new Map(known.map(({ key }) => [key.keyid, key]));
  const handed = new Map<string, Handed>();
  const open = new Set(notices.of("rotate"));
  for (let found = true; found;) {
    found = false;
    for (const one of open) {
      const { notice } = one;
      const from = keys.get(notice.from);
      if (from === undefined) continue;
      open.delete(one);
      const to = successorOf(notice, engine);
      const signature = notices.signatureBy(from, one);
      if (signature === undefined || notices.signatureBy(to, one) === undefined) continue;
      if (!keys.has(to.keyid)) keys.set(to.keyid, to);
      handed.set(`${from.keyid} ${to.keyid} ${notice.signedAt}`, { from, to, notice, signature });
      found = true;
    }
  }
  return [...handed.values()];
}

/** Revocations by the key itself or a successor. A thief can revoke too, but only takes trust from that key. */
function revocationsIn(notices: NoticeSet, owners: Owners, keys: readonly PublicKey[]): TrustedKey[] {
  const byId = new Map(keys.map((key) => [key.keyid, key]));
  return notices.of("revoke").flatMap((one): TrustedKey[] => {
    const { notice } = one;
    const key = byId.get(notice.key);
    if (key === undefined) return [];
    const entitled = [...owners.line([key.keyid])].flatMap((keyid) => byId.get(keyid) ?? []);
    if (!entitled.some((by) => notices.signatureBy(by, one) !== undefined)) return [];
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
  key,
  by: "site",
  source,
  entry: { name: "", key, validFrom: EVER, revoked },
});

/** Accepts trusted keys only, and no revoked one: a thief can set any date. */
function earliest(signature: string, notices: NoticeSet, keys: readonly TrustedKey[]): SeenAt | undefined {
  const yours = new Map(keys.filter(({ by }) => by === "you").map((known) => [known.key.keyid, known]));
  const inOrder = [...notices.receiptsOf(signature)].sort(
    (a, b) => Date.parse(a.notice.signedAt) - Date.parse(b.notice.signedAt),
  );
  for (const one of inOrder) {
    const { envelope, notice } = one;
    for (const { keyid } of envelope.signatures) {
      const witness = yours.get(keyid ?? "");
      if (witness === undefined || notices.signatureBy(witness.key, one) === undefined) continue;
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
    key: from,
    by: "site",
    source: "a signed notice",
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
