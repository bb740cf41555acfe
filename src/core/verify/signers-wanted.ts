/**
 * Whose logged signatures can matter for whether an attestation is in force (`statusOf`). A server can strip a signature from a document, but
 * not from its log; the signer may still retract the document, and a revocation of that key still raises a question. So signers matter
 *
 * - of a payload, if anything retracts or supersedes it, in a log or in a notice;
 * - of every payload of a key, if an entry revokes that key, the notice is withheld, and the revoking key is no known successor.
 *
 * Of all other documents the log's signers change nothing. This cannot be told while the entries pass: a notice comes long after what it is
 * about, and a second signature long after the first, perhaps in a further log of the registry.
 */
import { signatureName } from "../log/entry.js";
import type { Wanted, WantedSigners } from "../log/fold.js";
import type { NoticeEntries } from "../log/notice-entries.js";
import type { KeyHistory } from "./key-history.js";
import type { NoticeSet } from "./notice-set.js";

/** @param history of the same notices and entries; without it no revocation is looked at */
export function signersWanted(
  notices: NoticeSet,
  entries: NoticeEntries,
  history?: Pick<KeyHistory, "owners" | "atHand">,
): WantedSigners {
  const payloads = new Set<string>();
  for (const { about, action } of entries.all)
    if (about !== undefined && (action === "retract" || action === "supersede")) payloads.add(about);
  for (const { notice } of [...notices.of("retract"), ...notices.of("supersede")]) payloads.add(notice.about);
  const keys = new Set<string>();
  for (const leaf of history === undefined ? [] : entries.all) {
    const { action, key, keyid } = leaf;
    if (action !== "revoke" || key === undefined || history?.atHand.has(signatureName(leaf))) continue;
    if (!history?.owners.line([key]).has(keyid)) keys.add(key);
  }
  return { payloads, keys };
}

/** Whether what was kept has all that can matter for this document. */
export const hasSigners = (kept: Wanted, wanted: WantedSigners, digest: string): boolean =>
  kept === "all" ||
  ((!wanted.payloads.has(digest) || kept.payloads.has(digest)) && [...wanted.keys].every((key) => kept.keys.has(key)));

export const together = (one: WantedSigners, other: WantedSigners): WantedSigners => ({
  payloads: new Set([...one.payloads, ...other.payloads]),
  keys: new Set([...one.keys, ...other.keys]),
});
