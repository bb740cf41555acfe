/**
 * Whether an attestation is in force: notices that retract or supersede it. They count if a signing key or a successor signed them; others
 * contradict it and change nothing.
 *
 * Trust is given by available documents only, but taken away by log entries too: a server can withhold a file, but not an entry. An entry
 * by an unknown key leaves the question open.
 */
import { hex, type Bytes } from "../bytes.js";
import type { Engine } from "../engine.js";
import { message, parseEnvelope, PAYLOAD_TYPE } from "../statement/envelope.js";
import { AttestError } from "../errors.js";
import { signatureName, type EntryOf } from "../log/entry.js";
import { readNotice, type Notice } from "../statement/notice.js";
import type { Owners } from "../keys/owner.js";
import type { LoggedRemark, Remark, Status } from "./report.js";
import type { TrustedKey } from "./signatures.js";

/** Size limit per notice, so that a large one cannot keep a verifier busy. */
const MAX_REMARK_BYTES = 16 * 1024;

/** The known notices and log entries. */
export interface Notices {
  /** Notice documents; each counts by its signatures alone. */
  readonly notices: readonly Bytes[];
  /** Logged notices. */
  readonly entries: readonly EntryOf<"notice">[];
  readonly keys: readonly TrustedKey[];
  readonly owners: Owners;
  /** Signatures of all available notices (`signatureName`). */
  readonly atHand: ReadonlySet<string>;
}

/**
 * @param digest digest of the attestation's payload
 * @param signers keyids of its valid signatures
 */
export function statusOf(digest: string, signers: readonly string[], said: Notices, engine: Engine): Status {
  const { notices, atHand } = said;
  const entitled = said.owners.line(signers);
  const all = notices
    .flatMap((bytes) => remarksIn(bytes, digest, said.keys, engine))
    .filter(({ action }) => action !== "abandon");
  const remarks = all.filter(({ by }) => entitled.has(by)).sort(latestFirst);
  const contradictions = all.filter(({ by }) => !entitled.has(by));
  const known = new Set(said.keys.map(({ key }) => key.keyid));
  // An available document counts instead of its entry, if its key is known too.
  const entries = said.entries
    .filter((leaf) => !(atHand.has(signatureName(leaf)) && known.has(leaf.keyid)))
    .flatMap((leaf) => entryAbout(leaf, digest));
  const own = entries.filter(({ by }) => entitled.has(by));
  const undecided = [
    ...entries.filter((one) => !own.includes(one)),
    ...said.entries.flatMap((leaf) => strangeRevocation(leaf, signers, said)),
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
    ...{ remarks, contradictions },
    withheld: own,
    undecided,
  };
}

/** The latest abandon notice by a signer of the plan or a successor key. */
export function givenUp(
  digest: string,
  signers: readonly string[],
  { notices, keys, owners }: Pick<Notices, "notices" | "keys" | "owners">,
  engine: Engine,
): Remark | undefined {
  const entitled = owners.line(signers);
  return notices
    .flatMap((bytes) => remarksIn(bytes, digest, keys, engine))
    .filter(({ action, by }) => action === "abandon" && entitled.has(by))
    .sort(latestFirst)[0];
}

const latestFirst = (a: Remark, b: Remark): number =>
  Date.parse(b.at) - Date.parse(a.at) || (a.digest < b.digest ? -1 : 1);

/** What an entry says about the attestation with that payload digest. */
const entryAbout = ({ action, about, payload, keyid }: EntryOf<"notice">, digest: string): LoggedRemark[] =>
  about === digest && (action === "retract" || action === "supersede") ? [{ digest: payload, action, by: keyid }] : [];

/** A revocation of a signing key by a key that is not a known successor, and whose notice is withheld. */
const strangeRevocation = (
  leaf: EntryOf<"notice">,
  signers: readonly string[],
  { owners, atHand }: Notices,
): LoggedRemark[] => {
  const { action, key, keyid, payload } = leaf;
  const strange = action === "revoke" && key !== undefined && signers.includes(key) && !owners.line([key]).has(keyid);
  return strange && !atHand.has(signatureName(leaf)) ? [{ digest: payload, action, by: keyid }] : [];
};

/** One remark per valid signature by a known key. A signature without a keyid is ignored. */
function remarksIn(bytes: Bytes, digest: string, keys: readonly TrustedKey[], engine: Engine): Remark[] {
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
    if (error instanceof AttestError) return undefined; // its own verification reports it
    throw error;
  }
}
