/** Adds a signature to a verified attestation, over the same payload bytes and after the existing ones. */
import { basename, dirname, resolve } from "node:path";
import { base64, equal, type Bytes } from "../../core/bytes.js";
import { MAX_SIGNATURES, message, parseEnvelope, type Signature } from "../../core/statement/envelope.js";
import { AttestError } from "../../core/errors.js";
import { isObject, parseJson, readable, type Json, type JsonObject } from "../../core/json.js";
import { formatKey, type Signer } from "../../core/keys/key.js";
import { acceptedResult, type Report } from "../../core/verify/report.js";
import { identify } from "../../core/statement/statement.js";
import { uninterrupted } from "../../node/uninterrupted.js";
import { openStore } from "../../store/open.js";
import { ATTESTATIONS, type Registry } from "../../store/registry.js";
import { oneDocument } from "../load/load.js";
import { plansOfOthers, refuseRelations } from "./relations.js";
import { keyEntryOf } from "./signers.js";
import { verifyAll, type VerifyRequest } from "../verify/verify.js";

export interface CosignRequest extends Omit<VerifyRequest, "targets" | "stdin" | "policy" | "recompute"> {
  /** A file, or `-` with its bytes. */
  readonly file: string;
  readonly bytes: Bytes;
  readonly signer: Signer;
  /** Permitted relations: this signature would give them effect too. */
  readonly allowRelations: readonly string[];
}

export interface CosignedDocument {
  readonly id: string;
  readonly digest: string;
  readonly title: string;
  readonly verdict: string;
  /** Keyids of all valid signatures, in order. */
  readonly keyids: readonly string[];
  /** The resulting document. */
  readonly bytes: Bytes;
  /** False if this key had signed it before; then nothing was changed. */
  readonly added: boolean;
}

/**
 * Signs and writes nothing. The signer's own key counts as trusted.
 * @throws AttestError the code of the failed check, `relation-refused`, `signature-count`
 */
export async function addSignature({
  file,
  bytes,
  signer,
  allowRelations,
  ...request
}: CosignRequest): Promise<CosignedDocument> {
  const keys = [...request.keys, formatKey(signer.key)];
  const [one] = await verifyAll({ ...request, keys, targets: [file], stdin: () => Promise.resolve(bytes) });
  if (one === undefined || "fault" in one) throw one?.fault ?? new Error("nothing was verified");
  const { id, digest, title, verdict, keyids } = accepted(one.report);
  const { payload, payloadType, payloadBytes } = parseEnvelope(bytes);
  if (identify(payloadBytes, request.engine).digest !== digest)
    throw new AttestError("io", `${file} changed while it was verified; run the same command again`);
  if (keyids.includes(signer.key.keyid)) return { id, digest, title, verdict, keyids, bytes, added: false };
  const stdin = (): Promise<Bytes> => Promise.resolve(bytes);
  const { site } = await oneDocument(file, { ...request, stdin });
  const others = await plansOfOthers(payload, keyids, site.registry, request.engine);
  refuseRelations(payload, [...allowRelations, ...others]);
  const sig = await signer.sign(message(payloadType, payloadBytes));
  const signed = withSignatures(bytes, [{ keyid: signer.key.keyid, sig }]);
  return { id, digest, title, verdict, keyids: [...keyids, signer.key.keyid], bytes: signed, added: true };
}

/**
 * Replaces the old document. In a registry, the keyring lists the signer first, as when publishing, and the log takes the signature last.
 * Signatures that others added meanwhile are kept, under a lock.
 * @throws AttestError `file-exists` if the file is now about something else
 */
export async function writeInPlace(
  file: string,
  { bytes }: CosignedDocument,
  signer: Signer,
  registry: Registry | undefined,
): Promise<void> {
  await registry?.listSigner(keyEntryOf(signer, signedAt(parseEnvelope(bytes).payload)));
  const store = registry?.store ?? (await openStore(dirname(resolve(file))));
  const path = registry === undefined ? basename(file) : `${ATTESTATIONS}/${basename(file)}`;
  await uninterrupted(async () => {
    let had: Bytes | undefined;
    await store.update(path, (before) => {
      had = before;
      if (before === undefined) return bytes;
      const both = union(before, bytes);
      if (both === undefined)
        throw new AttestError(
          "file-exists",
          `${file} changed while it was signed; run the same command again`,
          "nothing was changed",
        );
      return equal(both, before) ? undefined : both;
    });
    if (had !== undefined) await registry?.log.enterMore(had, bytes);
  });
}

/** The document with both sets of signatures, those of `before` first; undefined if they sign different bytes. */
export function union(before: Bytes, after: Bytes): Bytes | undefined {
  const [old, now] = [parseEnvelope(before), parseEnvelope(after)];
  if (old.payloadType !== now.payloadType || !equal(old.payloadBytes, now.payloadBytes)) return undefined;
  const has = (one: Signature): boolean =>
    old.signatures.some(({ keyid, sig }) => equal(sig, one.sig) || (keyid !== undefined && keyid === one.keyid));
  const more = now.signatures.filter((one) => !has(one));
  return more.length === 0 ? before : withSignatures(before, more);
}

/** Works for any format and keeps its other members. */
function withSignatures(bytes: Bytes, more: readonly Signature[]): Bytes {
  const document = parseJson(bytes);
  const signatures = isObject(document) ? (document["signatures"] as readonly Json[]) : [];
  if (!isObject(document) || signatures.length + more.length > MAX_SIGNATURES) {
    throw new AttestError(
      "signature-count",
      `the attestation has ${signatures.length} signatures, of at most ${MAX_SIGNATURES}`,
      "nothing was changed",
    );
  }
  const added = more.map(({ keyid, sig }) => ({ keyid: keyid ?? "", sig: base64(sig) }));
  return readable({ ...document, signatures: [...signatures, ...added] });
}

const signedAt = (payload: JsonObject): Date => {
  const f3 = isObject(payload["predicate"]) ? payload["predicate"]["f3"] : undefined;
  return new Date(isObject(f3) && typeof f3["signedAt"] === "string" ? f3["signedAt"] : 0);
};

function accepted(report: Report): Pick<CosignedDocument, "id" | "digest" | "title" | "verdict" | "keyids"> {
  const found = acceptedResult(report);
  if (!("id" in found))
    throw new AttestError(
      found.fault?.code ?? "internal",
      `the attestation does not verify with a key that you trust: ${found.fault?.detail ?? "no statement"}`,
      report.outcome === "untrusted"
        ? "if you know the signer's key from another source, give its public line with --key"
        : "nothing was signed",
    );
  const keyids = report.signers.filter(({ signature }) => signature === "ok").map(({ keyid }) => keyid);
  const { id, digest, statement } = found;
  return { id, digest, keyids, verdict: report.verdict ?? "", title: statement.predicate.f3.title };
}
