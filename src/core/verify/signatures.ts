/** Checks the signatures of an envelope with the known keys, and decides the trust in those keys. */
import { base64, hex, type Bytes } from "../bytes.js";
import { outcomeOf, type Code } from "../codes.js";
import { SIGNATURE_BYTES, signatureFault } from "../ed25519.js";
import type { Engine } from "../engine.js";
import { message, namedTwice, type Envelope, type Signature } from "../statement/envelope.js";
import type { PublicKey } from "../keys/key.js";
import type { KeyEntry, Keyring } from "../keys/keyring.js";
import type { Owners } from "../keys/owner.js";
import type { CheckList, SignatureWord, SignerReport, TrustWord } from "./report.js";

/** A known key and its source. A keyring entry from any source can take trust away; only `you` confers it. */
export interface TrustedKey {
  readonly key: PublicKey;
  readonly by: "you" | "site";
  readonly source: string;
  /** The key's name at that source. */
  readonly name?: string;
  readonly entry?: KeyEntry;
}

/** Latest time by which a trusted third party had seen the signature. */
export interface SeenAt {
  readonly at: string;
  /** Keyid of the third party. */
  readonly by: string;
  /** Source of that key. */
  readonly source: string;
}

/** The signers of a keyring as known keys. */
export const knownFrom = (keyring: Keyring, by: TrustedKey["by"], source: string): TrustedKey[] =>
  keyring.signers.map((entry) => ({ key: entry.key, by, source, name: entry.name, entry }));

/** A second Ed25519 implementation, asked only after the first accepted. Undefined: it cannot tell. */
export interface SecondEngine {
  readonly name: string;
  verify(key: Bytes, message: Bytes, signature: Bytes): boolean | undefined;
}

export interface SignatureOptions {
  readonly engine: Engine;
  readonly keys: readonly TrustedKey[];
  /** By default each key has its own owner. */
  readonly owners?: Owners;
  /** Ownership by signed rotations only. */
  readonly proven?: Owners;
  readonly second?: SecondEngine;
  /** The earliest time at which a trusted third party saw that signer's signature. */
  readonly seen?: (signature: Bytes, signer: string) => SeenAt | undefined;
}

/**
 * A signature without a keyid is tried with every key of a keyring. Sixteen of them and a large keyring would keep a page busy for minutes.
 */
const MAX_TRIED = 2048;

interface Tried {
  readonly signer: SignerReport;
  readonly key?: PublicKey;
  readonly fault?: { readonly code: "signature-bad" | "signature-weak" | "engines-disagree"; readonly detail: string };
}

/** Checks one signature. A keyid only selects which keys to try; without one all are tried. */
function trySignature(
  given: Signature,
  signed: Bytes,
  { keys, owners, proven, engine, second, seen }: SignatureOptions,
  claimed: string | undefined,
): Tried {
  const candidates = keys.filter(({ key }) => given.keyid === undefined || key.keyid === given.keyid);
  const named = given.keyid ?? "no keyid";
  const found = candidates.find(({ key }) => engine.verify(key.bytes, signed, given.sig));
  if (found === undefined) {
    if (candidates.length === 0 || given.keyid === undefined) {
      return { signer: { keyid: named, signature: "not-checked", trust: "unknown" } };
    }
    const weak = candidates.map(({ key }) => signatureFault(key.bytes, given.sig)).find((fault) => fault !== undefined);
    const code = weak !== undefined && given.sig.length === SIGNATURE_BYTES ? "signature-weak" : "signature-bad";
    const detail = weak ?? `the bytes are not those that ${named} signed`;
    return { signer: { keyid: named, signature: "bad", trust: "not-checked" }, fault: { code, detail } };
  }
  if (second?.verify(found.key.bytes, signed, given.sig) === false) {
    return {
      signer: { keyid: named, signature: "not-checked", trust: "not-checked" },
      fault: {
        code: "engines-disagree",
        detail: `${engine.name} accepts the signature of ${named}, ${second.name} refuses it`,
      },
    };
  }
  const all = keys.filter(({ key }) => key.keyid === found.key.keyid);
  return {
    key: found.key,
    signer: {
      keyid: found.key.keyid,
      signature: "ok",
      owner: owners?.of(found.key.keyid) ?? found.key.keyid,
      ...(proven && { provenOwner: proven.of(found.key.keyid) }),
      ...trustIn(all, claimed, seen?.(given.sig, found.key.keyid)),
    },
  };
}

/** The earliest revocation from any source: a revocation only takes trust away. */
export function earliestRevocation(known: readonly TrustedKey[]): {
  readonly revoked: NonNullable<KeyEntry["revoked"]> | undefined;
} {
  const revocations = known.flatMap(({ entry }) => entry?.revoked ?? []);
  const [revoked] = revocations.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  return { revoked };
}

/**
 * A revoked key counts only for signatures that provably existed before, since a thief can choose the claimed date. A retired key keeps its
 * earlier signatures: its owner stopped using it, and nobody else had it.
 */
export function trustIn(
  known: readonly TrustedKey[],
  claimed: string | undefined,
  seen: SeenAt | undefined,
): Omit<SignerReport, "keyid" | "owner" | "provenOwner" | "signature"> {
  const chosen = known.find(({ by }) => by === "you") ?? known[0];
  const entries = known.flatMap(({ entry }) => entry ?? []);
  const { revoked } = earliestRevocation(known);
  const lost = revoked !== undefined && !(seen !== undefined && Date.parse(seen.at) < Date.parse(revoked.at));
  const retired = entries.find((entry) => !within(claimed, entry));
  const note = (entries.find((entry) => entry.revoked !== undefined) ?? retired ?? chosen?.entry)?.note;
  const trust: TrustWord = lost
    ? "revoked"
    : retired !== undefined
      ? "retired"
      : chosen?.by === "you"
        ? "confirmed-by-you"
        : "registry-only";
  return {
    trust,
    ...(chosen && { source: chosen.source }),
    // From the chosen source only: a site must not rename a key that you confirmed.
    ...(chosen?.name !== undefined && { name: chosen.name }),
    ...(note !== undefined && { note }),
    ...(revoked && { revoked }),
    ...(seen && { seen: { at: seen.at, by: seen.by } }),
    ...(revoked && claimed !== undefined && { claimed }),
  };
}

/** Uses the signer's claimed time; the report calls it a claim. */
function within(claimed: string | undefined, { validFrom, validUntil }: KeyEntry): boolean {
  if (claimed === undefined) return validUntil === undefined;
  const at = Date.parse(claimed);
  return at >= Date.parse(validFrom) && (validUntil === undefined || at <= Date.parse(validUntil));
}

/** Checks signatures by distinct keys. A bad signature by a known key refuses the document; one by an unknown key is ignored. */
export function checkSignatures(
  envelope: Envelope,
  judges: SignatureOptions,
  claimed: string | undefined,
  ladder: CheckList,
): { word: SignatureWord; signers: SignerReport[] } {
  const refuse = (code: Code, detail: string, signers: SignerReport[] = []) => {
    ladder.failed("signature", code, detail);
    return { word: outcomeOf(code) === "unchecked" ? ("not-checked" as const) : ("bad" as const), signers };
  };
  if (envelope.signatures.length === 0)
    return refuse("signature-missing", "expected a signature, found none: there is nothing to verify");
  const keyids = envelope.signatures.flatMap(({ keyid }) => keyid ?? []);
  const twice = namedTwice(envelope);
  if (twice !== undefined) return refuse("signature-duplicate", `expected each key once, found ${twice} twice`);

  const nameless = envelope.signatures.length - keyids.length;
  const distinct = new Set(judges.keys.map(({ key }) => key.keyid)).size;
  if (nameless * distinct > MAX_TRIED)
    return refuse(
      "signature-count",
      `expected signatures with a keyid, because ${distinct} keys are known, found ${nameless} without one`,
    );

  const signed = message(envelope.payloadType, envelope.payloadBytes);
  const tried = envelope.signatures.map((signature) => trySignature(signature, signed, judges, claimed));
  const signers = tried.map(({ signer }) => signer);
  const faults = tried.flatMap((one) => one.fault ?? []);
  const fault = faults.find(({ code }) => code !== "engines-disagree") ?? faults[0];
  if (fault !== undefined) return refuse(fault.code, fault.detail, signers);
  const good = tried.flatMap(({ key }) => key ?? []);
  if (new Set(good.map(({ keyid }) => keyid)).size !== good.length)
    return refuse("signature-duplicate", "expected each key once, found two signatures by one key", signers);
  const values = {
    "signed bytes": String(signed.length),
    "SHA-256 of them": hex(judges.engine.sha256(signed)),
    ...(good.length > 0
      ? {
          signature: envelope.signatures
            .filter((_, at) => signers[at]?.signature === "ok")
            .map(({ sig }) => base64(sig))
            .join(" "),
          "signing key": good.map(({ keyid }) => keyid).join(" "),
        }
      : { "key named in the document, unproven": signers.map(({ keyid }) => keyid).join(" ") }),
  };
  if (good.length === 0) {
    ladder.notChecked(
      "signature",
      "key-unknown",
      "the key is unknown: the document names one, but a document cannot vouch for its own key",
      values,
    );
    return { word: "not-checked", signers };
  }
  const idle = signers.length - good.length;
  const others = idle === 0 ? "" : `; ${idle} more by unknown keys, not checked and without effect`;
  ladder.passed(
    "signature",
    `these are byte for byte what ${good.map(({ keyid }) => keyid).join(" and ")} signed${others}`,
    values,
  );
  return { word: "ok", signers };
}

const TRUST_ORDER: readonly TrustWord[] = ["confirmed-by-you", "registry-only", "retired", "revoked"];

/** The signer that makes the document trusted, if any. A signer confirmed by you takes precedence over one that only the site lists. */
export const bestSigner = (signers: readonly SignerReport[]): SignerReport | undefined =>
  TRUST_ORDER.flatMap((word) => signers.filter(({ signature, trust }) => signature === "ok" && trust === word))[0];

export function checkTrust(signers: readonly SignerReport[], ladder: CheckList): TrustWord {
  const best = bestSigner(signers);
  const trust = best?.trust ?? "unknown";
  const name = best?.name === undefined ? (best?.keyid ?? "") : `${best.keyid} (${best.name})`;
  const values = {
    key: name,
    source: best?.source ?? "",
    ...(best?.note !== undefined && { note: best.note }),
    ...(best?.revoked && { "revoked from": best.revoked.at, "because (claimed)": best.revoked.reason }),
    ...(best?.seen && { "signature seen": `${best.seen.at} by ${best.seen.by}` }),
  };
  const before = best?.revoked && `; it is revoked from ${best.revoked.at} on, and the signature was seen before`;
  if (trust === "confirmed-by-you")
    ladder.passed("trust", `you have this key from: ${best?.source ?? ""}${before ?? ""}`, values);
  else if (trust === "registry-only")
    ladder.notChecked(
      "trust",
      "key-registry-only",
      "the key is only known from the place that serves the document: compare it with a second source",
      values,
    );
  else if (trust === "retired")
    ladder.failed("trust", "key-retired", "the signature's claimed time is outside the key's listed validity", values);
  else ladder.failed("trust", ...revocation(best), values);
  return trust;
}

/** The signature was made before or after the revocation, proven or only claimed. "Proven before" does not get here. */
function revocation(best: SignerReport | undefined): [Code, string] {
  const { revoked, seen, claimed } = best ?? {};
  const from = revoked?.at ?? "";
  if (seen !== undefined)
    return ["key-revoked-late", `the key is revoked from ${from} on, and the signature was first seen at ${seen.at}`];
  if (claimed !== undefined && Date.parse(claimed) < Date.parse(from))
    return [
      "key-revoked-unproven",
      `the key is revoked from ${from} on; the signature claims the time ${claimed}, which nobody else confirms`,
    ];
  return ["key-revoked", `the key is revoked from ${from} on, and the signature claims no earlier time`];
}
