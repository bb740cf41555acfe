/**
 * Whether an attestation is in force: notices that retract or supersede it. They count if a signing key or a successor signed them; others
 * contradict it and change nothing.
 *
 * Trust is given by available documents only, but taken away by log entries too: a server can withhold a file, but not an entry. An entry
 * by an unknown key leaves the question open.
 */
import { signatureName, type EntryOf } from "../log/entry.js";
import type { NoticeEntries } from "../log/notice-entries.js";
import type { NoticeSet, SignedNotice } from "./notice-set.js";
import type { Owners } from "../keys/owner.js";
import type { LoggedRemark, Remark, Status } from "./report.js";
import type { TrustedKey } from "./signatures.js";

/** The known notices and log entries. */
export interface Notices {
  readonly notices: NoticeSet;
  /** Logged notices. */
  readonly entries: NoticeEntries;
  readonly keys: readonly TrustedKey[];
  readonly owners: Owners;
  /** Signatures of all available notices (`signatureName`). */
  readonly atHand: ReadonlySet<string>;
}

/**
 * @param digest digest of the attestation's payload
 * @param signers keyids of its valid signatures
 */
export function statusOf(digest: string, signers: readonly string[], said: Notices): Status {
  const { notices, atHand } = said;
  const entitled = said.owners.line(signers);
  const all = notices
    .concerning(digest)
    .flatMap((one) => remarksIn(one, said))
    .filter(({ action }) => action !== "abandon");
  const remarks = all.filter(({ by }) => entitled.has(by)).sort(latestFirst);
  const contradictions = all.filter(({ by }) => !entitled.has(by));
  const known = new Set(said.keys.map(({ key }) => key.keyid));
  // An available document counts instead of its entry, if its key is known too.
  const entries = said.entries
    .about(digest)
    .filter((leaf) => !(atHand.has(signatureName(leaf)) && known.has(leaf.keyid)))
    .flatMap(entryRemark);
  const own = entries.filter(({ by }) => entitled.has(by));
  const undecided = [
    ...entries.filter((one) => !own.includes(one)),
    ...said.entries.revoking(signers).flatMap((leaf) => strangeRevocation(leaf, said)),
  ];
  const says = (action: Remark["action"]): boolean => [...remarks, ...own].some((one) => one.action === action);
  return {
    word: says("retract")
      ? "retracted"
      : undecided.length > 0
        ? "undecided"
        : says("supersede")
          ? "superseded"
          : "in-force",
    remarks,
    contradictions,
    withheld: own,
    undecided,
  };
}

/** The latest abandon notice by a signer of the plan or a successor key. */
export function givenUp(
  digest: string,
  signers: readonly string[],
  said: Pick<Notices, "notices" | "keys" | "owners">,
): Remark | undefined {
  const entitled = said.owners.line(signers);
  return said.notices
    .concerning(digest)
    .flatMap((one) => remarksIn(one, said))
    .filter(({ action, by }) => action === "abandon" && entitled.has(by))
    .sort(latestFirst)[0];
}

const latestFirst = (a: Remark, b: Remark): number =>
  Date.parse(b.at) - Date.parse(a.at) || (a.digest < b.digest ? -1 : 1);

const entryRemark = ({ action, payload, keyid }: EntryOf<"notice">): LoggedRemark[] =>
  action === "retract" || action === "supersede" ? [{ digest: payload, action, by: keyid }] : [];

/** A revocation of a signing key by a key that is not a known successor, and whose notice is withheld. */
const strangeRevocation = (leaf: EntryOf<"notice">, { owners, atHand }: Notices): LoggedRemark[] => {
  const { key, keyid, payload } = leaf;
  const strange = key !== undefined && !owners.line([key]).has(keyid);
  return strange && !atHand.has(signatureName(leaf)) ? [{ digest: payload, action: "revoke", by: keyid }] : [];
};

/** One remark per valid signature by a known key. */
function remarksIn(one: SignedNotice, { notices, keys }: Pick<Notices, "notices" | "keys">): Remark[] {
  const { notice, digest, envelope } = one;
  if (notice.action !== "retract" && notice.action !== "supersede" && notice.action !== "abandon") return [];
  const { action, reason, signedAt } = notice;
  const successor = notice.action === "supersede" && { successor: notice.by };
  return envelope.signatures.flatMap((signature) => {
    const key = keys.find((known) => known.key.keyid === signature.keyid)?.key;
    if (key === undefined || !notices.isBy(signature, one, key)) return [];
    return [{ digest, action, reason, at: signedAt, by: key.keyid, ...successor }];
  });
}
