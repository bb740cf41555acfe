/**
 * Findings against the waivers that are at hand. A waiver is a signed notice with a reason and an end: it is heeded by an auditor who has
 * confirmed its key, until that end, and shown in every case. Nobody else's makes a finding go away, its publisher's least of all: a key
 * that was confirmed to check what it signed does not thereby judge what it signed.
 */
import { hex, type Bytes } from "../bytes.js";
import { CLOCK_SLACK_MS } from "../verify/check-result.js";
import type { Engine } from "../engine.js";
import { message, parseEnvelope, PAYLOAD_TYPE, type Envelope } from "../statement/envelope.js";
import { AttestError } from "../errors.js";
import { MAX_NOTICE_BYTES } from "../verify/key-history.js";
import { readNotice, type Notice } from "../statement/notice.js";
import type { Owners } from "../keys/owner.js";
import { trustIn, type TrustedKey } from "../verify/signatures.js";
import { UNWAIVABLE, type Finding } from "../statement/audit-rules.js";

/** `refused`: no waiver is heeded for this rule, or this one is dated in the future, so that it has no end in sight. `not-yours`: by a key that the auditor has not confirmed, or that has ended. `interested`: by an owner of what it is about, who is not the auditor. `signer-unknown`: who signed what it is about is not known here, so it may be the same. */
export type WaiverWord = "honoured" | "interested" | "signer-unknown" | "not-yours" | "expired" | "refused";

export interface Waiver {
  /** SHA-256 of the notice's payload. */
  readonly digest: string;
  readonly rule: string;
  readonly about: string;
  /** Absent where it is for the rule at whatever place. */
  readonly pointer?: string;
  readonly reason: string;
  readonly until: string;
  /** The keyid of whoever signed it. */
  readonly by: string;
  /** What the source of that key calls it. */
  readonly name?: string;
  readonly standing: WaiverWord;
}

/** What a reader is told of it; quotes the document, so it goes through `printable` like every other text. */
export function waiverWords({ standing, rule, until, by, name, reason }: Waiver): string {
  const who = name === undefined ? by : `${name} (${by})`;
  switch (standing) {
    case "honoured":
      return `waived by ${who} until ${until}: ${reason}`;
    case "expired":
      return `waived by ${who} until ${until}, which has passed, so it counts again: ${reason}`;
    case "refused":
      return `waived by ${who}, but ${UNWAIVABLE.has(rule) ? "no waiver is heeded for this" : "signed at a time that is yet to come"}, so it still counts: ${reason}`;
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
  /** All that are about it, the honoured ones first. */
  readonly waivers: readonly Waiver[];
  /** One of them is honoured. */
  readonly waived: boolean;
}

export interface Judged {
  readonly findings: readonly JudgedFinding[];
  /** That match no finding: of documents that were not audited too, for the caller to choose. */
  readonly idle: readonly Waiver[];
  /** Signatures of waivers that were not looked at, as there were more than `MAX_WAIVERS`; they waive nothing. */
  readonly skipped: number;
}

/** Who has a part in what is waived. */
export interface Parties {
  /** Keyids of whoever signed the document with that payload; undefined where that is not known, and then nobody's waiver counts. */
  readonly signersOf: (digest: string) => readonly string[] | undefined;
  /** Whose a key is, with what the log claims; and by signed hand-overs alone, by which a waiver becomes the auditor's own. */
  readonly owners: Owners;
  readonly proven: Owners;
  /** Keyids of the auditor's own keys: what they signed is theirs to put up with. */
  readonly own: ReadonlySet<string>;
}

/** Signatures that are looked at; those by keys that the auditor confirmed come first, so that nobody crowds them out. */
export const MAX_WAIVERS = 1000;

/**
 * @param notices of the registry, and the auditor's own; what is no waiver, or is by a key that is not at hand, is without effect
 * @param keys with what their history adds (`historyOf`): a key to which a confirmed one handed over is confirmed, one that is revoked is not
 */
export function applyWaivers(
  findings: readonly Finding[],
  notices: readonly Bytes[],
  keys: readonly TrustedKey[],
  parties: Parties,
  engine: Engine,
  now: Date,
): Judged {
  const { waivers, skipped } = waiversIn(notices, keys, parties, engine, now);
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

type Waive = Extract<Notice, { action: "waive" }>;

interface Candidate {
  readonly notice: Waive;
  readonly envelope: Envelope;
  readonly digest: string;
  readonly known: readonly TrustedKey[];
  readonly sig: Bytes;
  readonly yours: boolean;
}

/** One for each good signature by a key at hand; one that does not name its key is none. */
function waiversIn(
  notices: readonly Bytes[],
  keys: readonly TrustedKey[],
  parties: Parties,
  engine: Engine,
  now: Date,
): { waivers: Waiver[]; skipped: number } {
  const atHand = new Map<string, TrustedKey[]>();
  for (const known of keys) atHand.set(known.key.keyid, [...(atHand.get(known.key.keyid) ?? []), known]);
  const candidates = new Map<string, Candidate>();
  for (const bytes of notices) {
    for (const one of candidatesIn(bytes, atHand, engine))
      candidates.set(`${one.digest} ${one.known[0]?.key.keyid ?? ""} ${hex(one.sig)}`, one);
  }
  const inOrder = [...candidates].sort(([a, one], [b, other]) =>
    one.yours === other.yours ? (a < b ? -1 : 1) : one.yours ? -1 : 1,
  );
  const waivers = inOrder.slice(0, MAX_WAIVERS).flatMap(([, one]) => judge(one, parties, engine, now));
  const rank: Readonly<Record<WaiverWord, number>> = {
    honoured: 0,
    expired: 1,
    refused: 2,
    interested: 3,
    "signer-unknown": 4,
    "not-yours": 5,
  };
  return {
    waivers: waivers.sort((a, b) => rank[a.standing] - rank[b.standing]), // stable: else in the order of their digests
    skipped: Math.max(0, inOrder.length - MAX_WAIVERS),
  };
}

function candidatesIn(bytes: Bytes, atHand: ReadonlyMap<string, readonly TrustedKey[]>, engine: Engine): Candidate[] {
  if (bytes.length > MAX_NOTICE_BYTES) return [];
  try {
    const envelope = parseEnvelope(bytes);
    if (envelope.payloadType !== PAYLOAD_TYPE) return [];
    const read = readNotice(envelope.payload, engine);
    if ("fault" in read || read.notice.action !== "waive") return [];
    const { notice } = read;
    const digest = hex(engine.sha256(envelope.payloadBytes));
    return envelope.signatures.flatMap(({ keyid, sig }): Candidate[] => {
      const known = keyid === undefined ? undefined : atHand.get(keyid);
      if (known === undefined) return [];
      return [{ notice, envelope, digest, known, sig, yours: known.some(({ by }) => by === "you") }];
    });
  } catch (error) {
    if (error instanceof AttestError) return []; // told when it is itself verified
    throw error;
  }
}

function judge(
  { notice, envelope, digest, known, sig }: Candidate,
  parties: Parties,
  engine: Engine,
  now: Date,
): Waiver[] {
  const key = known[0]?.key;
  if (key === undefined) return [];
  if (!engine.verify(key.bytes, message(envelope.payloadType, envelope.payloadBytes), sig)) return [];
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
      ...{ digest, rule, about, ...(pointer !== undefined && { pointer }), reason, until, by: key.keyid },
      ...(name !== undefined && { name }),
      standing,
    },
  ];
}

/** What keeps a confirmed key's waiver from counting: its owner signed what it is about, or may have. The auditor's own counts in any case. */
function interest(about: string, keyid: string, { signersOf, owners, proven, own }: Parties): WaiverWord | undefined {
  if (proven.owns(keyid, [...own])) return undefined;
  const signers = signersOf(about);
  if (signers === undefined) return "signer-unknown";
  return owners.owns(keyid, signers) ? "interested" : undefined;
}
