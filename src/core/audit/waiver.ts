/**
 * Applies waivers to findings. A waiver is a signed notice with a reason and an expiry. It is effective only for auditors who confirmed its
 * key, and is always shown. A signer cannot waive findings about its own attestations: confirming a key for signatures does not make it a
 * judge of them.
 */
import { hex } from "../bytes.js";
import { CLOCK_SLACK_MS } from "../verify/check-result.js";
import type { Signature } from "../statement/envelope.js";
import type { Owners } from "../keys/owner.js";
import type { NoticeOf, NoticeSet, SignedNotice } from "../verify/notice-set.js";
import { trustIn, type TrustedKey } from "../verify/signatures.js";
import { UNWAIVABLE, type Finding } from "../statement/audit-rules.js";

/**
 * `refused`: the rule cannot be waived, or the waiver is dated in the future. `not-yours`: the auditor did not confirm the key, or the key
 * has ended. `interested`: the waiver's owner signed the document and is not the auditor. `signer-unknown`: the document's signers are
 * unknown, so this could be one of them.
 */
export type WaiverWord = "honoured" | "interested" | "signer-unknown" | "not-yours" | "expired" | "refused";

export interface Waiver {
  /** SHA-256 of the notice's payload. */
  readonly digest: string;
  readonly rule: string;
  readonly about: string;
  /** Absent if it covers the rule anywhere in the document. */
  readonly pointer?: string;
  readonly reason: string;
  readonly until: string;
  /** Keyid of the signer. */
  readonly by: string;
  /** The key's name at its source. */
  readonly name?: string;
  readonly standing: WaiverWord;
}

/** Text for readers. It quotes the document, so `printable` must clean it like any other text. */
export function waiverWords({ standing, rule, until, by, name, reason }: Waiver): string {
  const who = name === undefined ? by : `${name} (${by})`;
  switch (standing) {
    case "honoured":
      return `waived by ${who} until ${until}: ${reason}`;
    case "expired":
      return `waived by ${who} until ${until}, which has passed, so it counts again: ${reason}`;
    case "refused":
      return `waived by ${who}, but ${UNWAIVABLE.has(rule) ? "this rule cannot be waived" : "it is dated in the future"}, so it still counts: ${reason}`;
    case "interested":
      return `waived by ${who}, who signed it: its own signer's word does not count for you: ${reason}`;
    case "signer-unknown":
      return `waived by ${who}, so it still counts: who signed what it is about is not known here: ${reason}`;
    case "not-yours":
      return `waived by ${who}, so it still counts: you have not confirmed that key (--key, attest trust add), or it has ended: ${reason}`;
  }
}

export interface JudgedFinding {
  readonly finding: Finding;
  /** Every waiver for it, effective ones first. */
  readonly waivers: readonly Waiver[];
  /** At least one waiver is effective. */
  readonly waived: boolean;
}

export interface Judged {
  readonly findings: readonly JudgedFinding[];
  /** Waivers that match no finding. Documents that were not audited are included; the caller filters. */
  readonly idle: readonly Waiver[];
  /** Number of signatures not checked because there were more than `MAX_WAIVERS`. They waive nothing. */
  readonly skipped: number;
}

/** Who has an interest in what is waived. */
export interface Parties {
  /** Keyids of the signers of that payload. Undefined if unknown; then nobody's waiver counts. */
  readonly signersOf: (digest: string) => readonly string[] | undefined;
  /** `owners` includes what the log claims. `proven` uses signed rotations only; by it a waiver counts as the auditor's own. */
  readonly owners: Owners;
  readonly proven: Owners;
  /** Keyids of the auditor's own keys. The auditor may waive findings about own documents. */
  readonly own: ReadonlySet<string>;
}

/** Limit of checked signatures. Those by confirmed keys come first, so that nobody can crowd them out. */
export const MAX_WAIVERS = 1000;

/**
 * @param notices notices from the registry and the auditor; other notices and signatures by unknown keys are ignored
 * @param keys known keys with their history (`historyOf`): the successor of a confirmed key is confirmed, a revoked key is not
 */
export function applyWaivers(
  findings: readonly Finding[],
  notices: NoticeSet,
  keys: readonly TrustedKey[],
  parties: Parties,
  now: Date,
): Judged {
  const { waivers, skipped } = waiversIn(notices, keys, parties, now);
  const byTarget = new Map<string, Waiver[]>();
  for (const one of waivers) {
    const target = `${one.about} ${one.rule}`;
    const there = byTarget.get(target);
    if (there === undefined) byTarget.set(target, [one]);
    else there.push(one);
  }
  const used = new Set<Waiver>();
  const judged = findings.map((finding): JudgedFinding => {
    const found = (byTarget.get(`${finding.about} ${finding.rule}`) ?? []).filter(
      ({ pointer }) => pointer === undefined || pointer === finding.pointer,
    );
    for (const one of found) used.add(one);
    return { finding, waivers: found, waived: found.some(({ standing }) => standing === "honoured") };
  });
  return { findings: judged, idle: waivers.filter((one) => !used.has(one)), skipped };
}

interface Candidate {
  readonly one: SignedNotice<NoticeOf<"waive">>;
  readonly signature: Signature;
  readonly known: readonly TrustedKey[];
  readonly yours: boolean;
}

/** One waiver per valid signature by a known key. A signature without a keyid is ignored. */
function waiversIn(
  notices: NoticeSet,
  keys: readonly TrustedKey[],
  parties: Parties,
  now: Date,
): { waivers: Waiver[]; skipped: number } {
  const atHand = new Map<string, TrustedKey[]>();
  for (const known of keys) atHand.set(known.key.keyid, [...(atHand.get(known.key.keyid) ?? []), known]);
  const candidates = new Map<string, Candidate>();
  for (const one of notices.of("waive"))
    for (const signature of one.envelope.signatures) {
      const { keyid = "", sig } = signature;
      const known = atHand.get(keyid);
      if (known === undefined) continue;
      const yours = known.some(({ by }) => by === "you");
      candidates.set(`${one.digest} ${keyid} ${hex(sig)}`, { one, signature, known, yours });
    }
  const inOrder = [...candidates].sort(([a, one], [b, other]) =>
    one.yours === other.yours ? (a < b ? -1 : 1) : one.yours ? -1 : 1,
  );
  const waivers = inOrder.slice(0, MAX_WAIVERS).flatMap(([, one]) => judge(one, notices, parties, now));
  const rank: Readonly<Record<WaiverWord, number>> = {
    honoured: 0,
    expired: 1,
    refused: 2,
    interested: 3,
    "signer-unknown": 4,
    "not-yours": 5,
  };
  return {
    waivers: waivers.sort((a, b) => rank[a.standing] - rank[b.standing]), // stable sort: ties stay in digest order
    skipped: Math.max(0, inOrder.length - MAX_WAIVERS),
  };
}

function judge({ one, signature, known }: Candidate, notices: NoticeSet, parties: Parties, now: Date): Waiver[] {
  const key = known[0]?.key;
  if (key === undefined || !notices.isBy(signature, one, key)) return [];
  const { digest, notice } = one;
  const { rule, about, pointer, reason, until, signedAt } = notice;
  const { trust, name } = trustIn(known, signedAt, undefined);
  const ahead = Date.parse(signedAt) > now.getTime() + CLOCK_SLACK_MS;
  const standing: WaiverWord =
    UNWAIVABLE.has(rule) || ahead
      ? "refused"
      : trust !== "confirmed-by-you"
        ? "not-yours"
        : (interest(about, key.keyid, parties) ?? (now.getTime() > Date.parse(until) ? "expired" : "honoured"));
  return [
    {
      digest,
      rule,
      about,
      ...(pointer !== undefined && { pointer }),
      reason,
      until,
      by: key.keyid,
      ...(name !== undefined && { name }),
      standing,
    },
  ];
}

/** Why a confirmed key's waiver does not count: its owner signed the document, or may have. The auditor's own waiver always counts. */
function interest(about: string, keyid: string, { signersOf, owners, proven, own }: Parties): WaiverWord | undefined {
  if (proven.owns(keyid, [...own])) return undefined;
  const signers = signersOf(about);
  if (signers === undefined) return "signer-unknown";
  return owners.owns(keyid, signers) ? "interested" : undefined;
}
