/** An attestation that was signed elsewhere, verified before it is added to a registry; its evidence is collected by digest. */
import { equal, hex, type Bytes } from "../../core/bytes.js";
import { formatEnvelope, type Envelope } from "../../core/statement/envelope.js";
import { AttestError, orUndefined } from "../../core/errors.js";
import type { Json } from "../../core/json.js";
import type { Keyring } from "../../core/keys/keyring.js";
import { acceptedResult, isBroken, type Report } from "../../core/verify/report.js";
import { logNamed } from "../../core/statement/payload.js";
import { keyHistory, type KeyHistory } from "../../core/verify/key-history.js";
import { knownFrom, type TrustedKey } from "../../core/verify/signatures.js";
import { planOf } from "../../core/statement/plan.js";
import type { EvidenceRef, ResultStatement } from "../../core/statement/statement.js";
import type { NoticeSet } from "../../core/verify/notice-set.js";
import { verify } from "../../core/verify/verify.js";
import { refuseSecrets } from "../../harness/redaction/scan.js";
import type { Secret } from "../../harness/redaction/secrets.js";
import { attestationPath, evidencePath, type Registry } from "../../store/registry.js";
import { union } from "./cosign.js";
import { Gatherer, piecesOf } from "../load/evidence-folder.js";
import {
  keysOf,
  knownAt,
  locationOf,
  locationWith,
  type KeyRequest,
  type Location,
  type UserKey,
} from "../load/trusted-keys.js";
import { pinMismatch } from "../verify/pin-check.js";

/** An attestation that was signed elsewhere. */
export interface Submitted {
  readonly bytes: Bytes;
  /** Parses its format. */
  readonly parse: (bytes: Bytes) => Envelope;
  /** The folder that holds the evidence. */
  readonly evidence: string | undefined;
}

export interface AddRequest extends KeyRequest {
  readonly registry: Registry;
  /** Values that must not be published, and rules that are allowed. */
  readonly secrets: readonly Secret[];
  readonly allowSecrets: readonly string[];
  /** Called with the number of those that are checked, then of those that are added. */
  readonly progress?: (done: number, phase: "checked" | "added") => void;
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

/** A good attestation, and what is to be done to add it. */
export interface Addition extends Added {
  readonly bytes: Bytes;
  /** The document that is there, or that comes before it. */
  readonly before: Bytes | undefined;
  readonly evidence: ReadonlyMap<string, Bytes>;
  /** The signers that the user vouches for. */
  readonly vouched: readonly UserKey[];
}

/** Checks attestations one after the other, against what the registry had at the beginning and those that were good before. */
export class Checks {
  readonly #request: AddRequest;
  readonly #given: readonly UserKey[];
  readonly #keyring: Keyring;
  readonly #notices: NoticeSet;
  /** The documents to be, by id. */
  readonly #documents = new Map<string, Bytes>();
  readonly #known = new Map<string, Known>();
  readonly #gatherer: Gatherer;

  private constructor(request: AddRequest, given: readonly UserKey[], keyring: Keyring, notices: NoticeSet) {
    this.#request = request;
    this.#given = given;
    this.#keyring = keyring;
    this.#notices = notices;
    this.#gatherer = new Gatherer(request.engine);
  }

  static async begun(request: AddRequest): Promise<Checks> {
    const { registry } = request;
    return new Checks(request, await keysOf(request), await registry.keyring(), await registry.notices());
  }

  /** @throws AttestError the code of the failed check, `file-exists`, `file-missing` */
  async addition({ bytes: given, parse, evidence: from }: Submitted): Promise<Addition> {
    const { registry, engine, now, secrets, allowSecrets } = this.#request;
    const envelope = orUndefined(() => parse(given)); // `verify` reports an unreadable document
    const place = locationWith(envelope && logNamed(envelope.payload), locationOf(registry.about.origin));
    const { yours, keys, seen, own } = this.#knownAt(place);
    const report = verify(given, { engine, now, parse, keys, seen });
    const stop = pinMismatch(
      this.#given,
      { place, keyring: this.#keyring, notices: this.#notices },
      own,
      report.signers,
    );
    if (stop !== undefined && !isBroken(report.outcome)) throw stop;
    const { id, digest, statement } = accepted(report);
    const path = attestationPath(id);
    const before = this.#documents.get(id) ?? (await registry.store.read(path));
    const bytes = before === undefined ? good(parse(given), report) : together(before, parse(given), report);
    if (bytes === undefined) {
      throw new AttestError(
        "file-exists",
        `the registry has another ${path}`,
        "nothing was changed: what is published stays as it is",
      );
    }
    const whole = verify(bytes, { engine, now, keys, seen });
    accepted(whole);
    await mustFitItsPlan(statement, whole, this.#request, keys);
    const evidence = this.#gatherer.gather(from, await missing(statement.predicate.f3.evidence, this.#request));
    refuseSecrets(statement as Json, piecesOf(statement, evidence), secrets, allowSecrets);
    this.#documents.set(id, bytes);
    const keyids = report.signers.filter(({ trust }) => trust === "confirmed-by-you").map(({ keyid }) => keyid);
    const vouched = keyids.flatMap((keyid) => yours.find(({ key }) => key.keyid === keyid) ?? []); // the registry lists the others
    const known = before !== undefined && equal(before, bytes);
    return { id, digest, statement, keyids, known, bytes, before, evidence, vouched };
  }

  /** The keys that count for a document by its location: those of one log are worked out once. */
  #knownAt(place: Location): Known {
    const name = JSON.stringify(place);
    const before = this.#known.get(name);
    if (before !== undefined) return before;
    const { engine } = this.#request;
    const yours: UserKey[] = knownAt(this.#given, place).filter(({ by }) => by === "you");
    const history = keyHistory(this.#notices, [...yours, ...listed(this.#keyring, yours)], engine);
    const found = { ...history, yours, own: keyHistory(this.#notices, yours, engine).keys };
    this.#known.set(name, found);
    return found;
  }
}

interface Known extends KeyHistory {
  /** Those that the user vouches for. */
  readonly yours: readonly UserKey[];
  /** The same, with their successors. */
  readonly own: readonly TrustedKey[];
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
function together(before: Bytes, envelope: Envelope, report: Report): Bytes | undefined {
  try {
    return union(before, good(envelope, report));
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
