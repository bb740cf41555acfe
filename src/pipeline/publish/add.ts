/** Adds an attestation that was signed elsewhere to a registry: verifies it, and collects its evidence by digest. */
import { equal, hex, type Bytes } from "../../core/bytes.js";
import { formatEnvelope, type Envelope } from "../../core/statement/envelope.js";
import { AttestError, orUndefined } from "../../core/errors.js";
import type { Json } from "../../core/json.js";
import type { Keyring } from "../../core/keys/keyring.js";
import { acceptedResult, isBroken, type Report } from "../../core/verify/report.js";
import { logNamed } from "../../core/statement/payload.js";
import { KEY_NAME } from "../../core/schema.js";
import { keyHistory } from "../../core/verify/key-history.js";
import { knownFrom, type TrustedKey } from "../../core/verify/signatures.js";
import { planOf } from "../../core/statement/plan.js";
import type { EvidenceRef, ResultStatement } from "../../core/statement/statement.js";
import { verify } from "../../core/verify/verify.js";
import { refuseSecrets } from "../../harness/redaction/scan.js";
import type { Secret } from "../../harness/redaction/secrets.js";
import { uninterrupted } from "../../node/uninterrupted.js";
import { attestationPath, evidencePath, type Registry } from "../../store/registry.js";
import { union } from "./cosign.js";
import { gather, piecesOf } from "../load/evidence-folder.js";
import { keysOf, knownAt, locationOf, locationWith, type UserKey, type KeyRequest } from "../load/trusted-keys.js";
import { pinMismatch } from "../verify/pin-check.js";
import { keyEntryOf, nameIn } from "./signers.js";

export interface AddRequest extends KeyRequest {
  readonly bytes: Bytes;
  /** Parses its format. */
  readonly parse: (bytes: Bytes) => Envelope;
  readonly registry: Registry;
  /** The folder that holds the evidence. */
  readonly evidence: string | undefined;
  /** Values that must not be published, and rules that are allowed. */
  readonly secrets: readonly Secret[];
  readonly allowSecrets: readonly string[];
}

export interface Added {
  readonly id: string;
  readonly digest: string;
  readonly statement: ResultStatement;
  /** The signers known to the user or the registry. */
  readonly keyids: readonly string[];
  /** It was there before, with all of these signatures. */
  readonly known: boolean;
}

/**
 * The key must be vouched for by the user (`--key`, `--keyring`, or an own key) or listed by the registry: writers of a registry decide who
 * is listed. Only keys of the first kind are added to the list.
 * @throws AttestError the code of the failed check, `file-exists`, `file-missing`
 */
export async function add(request: AddRequest): Promise<Added> {
  const { registry, engine, now, parse } = request;
  const given = await keysOf(request);
  const envelope = orUndefined(() => parse(request.bytes)); // `verify` reports an unreadable document
  const place = locationWith(envelope && logNamed(envelope.payload), locationOf(registry.about.origin));
  const yours: UserKey[] = knownAt(given, place).filter(({ by }) => by === "you");
  const keyring = await registry.keyring();
  const notices = await registry.notices();
  const { keys, seen } = keyHistory(notices, [...yours, ...listed(keyring, yours)], engine);
  const report = verify(request.bytes, { engine, now, parse, keys, seen });
  const stop = pinMismatch(given, { place, keyring, notices }, keyHistory(notices, yours, engine).keys, report.signers);
  if (stop !== undefined && !isBroken(report.outcome)) throw stop;
  const { id, digest, statement } = accepted(report);
  const path = attestationPath(id);
  const before = await registry.store.read(path);
  const bytes = before === undefined ? good(parse(request.bytes), report) : together(before, request, report);
  if (bytes === undefined) {
    throw new AttestError(
      "file-exists",
      `the registry has another ${path}`,
      "nothing was changed: what is published stays as it is",
    );
  }
  const whole = verify(bytes, { engine, now, keys, seen });
  accepted(whole);
  await mustFitItsPlan(statement, whole, { registry, engine, now }, keys);
  const evidence = gather(request.evidence, await missing(statement.predicate.f3.evidence, request), engine);
  refuseSecrets(statement as Json, piecesOf(statement, evidence), request.secrets, request.allowSecrets);

  await registry.log.ready(); // refuse before writing anything
  const keyids = report.signers.filter(({ trust }) => trust === "confirmed-by-you").map(({ keyid }) => keyid);
  for (const keyid of keyids) {
    const known = yours.find(({ key }) => key.keyid === keyid);
    if (known === undefined) continue; // the registry lists it
    const name = nameIn(keyring, known.key, wantedName(known), engine);
    await registry.listSigner(keyEntryOf({ name, key: known.key }, new Date(statement.predicate.f3.signedAt)));
  }
  const known = before !== undefined && equal(before, bytes);
  await uninterrupted(async () => {
    await registry.publish({ id, bytes: before ?? bytes, evidence });
    if (known) return;
    let had = bytes;
    await registry.store.update(path, (now = bytes) => union((had = now), bytes) ?? now);
    await registry.log.enterMore(had, bytes);
  });
  return { id, digest, statement, keyids, known };
}

/**
 * Entries are permanent, and a result may name any plan. So a result that the log would report forever, for a missing plan or another key,
 * is refused.
 * @throws AttestError `usage`
 */
async function mustFitItsPlan(
  statement: ResultStatement,
  { signers }: Report,
  { registry, engine, now }: Pick<AddRequest, "registry" | "engine" | "now">,
  keys: readonly TrustedKey[],
): Promise<void> {
  const wanted = planOf(statement);
  if (wanted === undefined) return;
  const id = `plan_${wanted.slice(0, 16)}`;
  const plan = await registry.store.read(attestationPath(id));
  const announced = plan && verify(plan, { engine, now, keys });
  const refused = (expected: string, found: string): AttestError =>
    new AttestError(
      "usage",
      `expected ${expected}, found ${found}`,
      "nothing was changed; its signer can sign it again without that relation",
    );
  if (announced?.digest === wanted) {
    const by = goodIn(signers);
    if (!goodIn(announced.signers).some((keyid) => by.includes(keyid)))
      throw refused(`a signature by the key that announced ${id}, the plan that it names`, `${by.join(" and ")} alone`);
  } else if (await registry.log.enters(statement.predicate.f3.log))
    throw refused(`the plan that it names in the registry, ${id}`, "none");
}

const goodIn = (signers: Report["signers"]): string[] =>
  signers.flatMap(({ keyid, signature }) => (signature === "ok" ? keyid : []));

/**
 * Keeps the valid signatures and names their actual keys: the log enters them by those names. A signature that cannot be checked here may
 * be bad, and would spoil the document for everyone who has its key.
 */
const good = (envelope: Envelope, { signers }: Report): Bytes =>
  formatEnvelope({
    ...envelope,
    signatures: envelope.signatures.flatMap(({ sig }, at) =>
      signers[at]?.signature === "ok" ? [{ keyid: signers[at].keyid, sig }] : [],
    ),
  });

/** The published document plus the new valid signatures. Unverifiable signatures are not added. */
function together(before: Bytes, { bytes, parse }: AddRequest, report: Report): Bytes | undefined {
  try {
    return union(before, good(parse(bytes), report));
  } catch (error) {
    if (error instanceof AttestError && error.code !== "signature-count") return undefined; // not an attestation
    throw error;
  }
}

/** A key that the user vouches for may be listed with an earlier start, as when it signs. Revoked or retired keys stay so. */
const listed = (keyring: Keyring, yours: readonly TrustedKey[]): TrustedKey[] =>
  knownFrom(keyring, "you", "the registry's keyring").map((known) => {
    const { entry } = known;
    const vouched = yours.some(({ key }) => key.keyid === known.key.keyid);
    return vouched && entry !== undefined
      ? { ...known, entry: { ...entry, validFrom: new Date(0).toISOString() } }
      : known;
  });

function accepted(report: Report): { id: string; digest: string; statement: ResultStatement } {
  const found = acceptedResult(report);
  if ("id" in found) return found;
  const { fault } = found;
  if (fault?.code === "key-unknown") {
    throw new AttestError(
      "key-unknown",
      `neither you nor the registry know the signer: ${report.signers.map(({ keyid }) => keyid).join(", ")}`,
      "if you know whose key that is, give its public line with --key",
    );
  }
  throw new AttestError(fault?.code ?? "internal", fault?.detail ?? "expected a statement, found none");
}

/** Evidence that the registry's archive lacks. */
async function missing(
  evidence: readonly EvidenceRef[],
  { registry, engine }: AddRequest,
): Promise<readonly EvidenceRef[]> {
  const states = await Promise.all(
    evidence.map(async ({ digest: { sha256 } }) => {
      const bytes = sha256 === undefined ? undefined : await registry.store.read(evidencePath(sha256));
      return bytes !== undefined && hex(engine.sha256(bytes)) === sha256;
    }),
  );
  return evidence.filter((_, at) => states[at] === false);
}

/** The user's name for the key, else the comment in its line. */
function wantedName({ name, comment }: UserKey): string {
  const wanted = name ?? comment;
  return wanted !== undefined && KEY_NAME.test(wanted) ? wanted : "signer";
}
