/** Packs one attestation with everything that supports it into one file: collects, verifies, and writes a page that verifies itself. */
import { concerning, bundledEntries, bundledPlans, type BundledEntry } from "../../core/verify/bundled.js";
import { fromUtf8, hex, utf8, type Bytes } from "../../core/bytes.js";
import { verifiedNote } from "../../core/log/checkpoint.js";
import { outcomeOf } from "../../core/codes.js";
import type { Engine } from "../../core/engine.js";
import { formatEnvelope, type Envelope } from "../../core/statement/envelope.js";
import { AttestError, orUndefined } from "../../core/errors.js";
import { formatKeyring, logNames, type LogName } from "../../core/keys/keyring.js";
import { formatEntry } from "../../core/log/entry.js";
import { enteredIn } from "../../core/log/read-all.js";
import { keyHistory } from "../../core/verify/key-history.js";
import type { LogEvidence } from "../../core/log/presence.js";
import { parseNote, parseNoteKey, type NoteKey } from "../../core/keys/note.js";
import { kindOf, logNamed } from "../../core/statement/payload.js";
import { planOf } from "../../core/statement/plan.js";
import { formatProof, parseProof } from "../../core/log/proof.js";
import { failures, type Report } from "../../core/verify/report.js";
import { knownFrom } from "../../core/verify/signatures.js";
import { identify, readStatement, type EvidenceRef } from "../../core/statement/statement.js";
import { verify, type VerifyOptions } from "../../core/verify/verify.js";
import { MAX_PACK } from "../../formats/page.js";
import { noticesFor } from "../../site/build.js";
import { packPage, type PackData } from "../../site/pack.js";
import type { LogSource } from "../../store/log-source.js";
import { attestationPath, parseAbout, REGISTRY_FILE } from "../../store/registry.js";
import { oneDocument, type Document, type DocumentRequest } from "../load/load.js";
import { loggedNotices } from "../verify/logged-notices.js";
import { keysOf, type KeyRequest } from "../load/trusted-keys.js";

export interface PackRequest extends KeyRequest, DocumentRequest {
  /** A file. */
  readonly target: string;
  /** Write it even if evidence is missing. */
  readonly partial: boolean;
}

export interface MadePack {
  readonly id: string;
  readonly bytes: Bytes;
  /** SHA-256 of each included piece. */
  readonly evidence: readonly string[];
  /** Names of missing pieces. */
  readonly missing: readonly string[];
  /** Whether its plan is included; undefined if it names none. */
  readonly planned: boolean | undefined;
}

/** @throws AttestError with the code of the failed check, `evidence-changed`, `file-missing`, `too-large` */
export async function makePack(request: PackRequest): Promise<MadePack> {
  const { engine, now, partial } = request;
  const document = await oneDocument(request.target, request);
  const { site } = document;
  const envelope = document.parse(document.bytes);
  const { id, digest } = identify(envelope.payloadBytes, engine, kindOf(envelope.payload));
  // The user's names for keys are private.
  const yours = (await keysOf(request)).map(({ key }) => ({ key, by: "site" as const, source: "" }));
  const listed = site.keyring === undefined ? [] : knownFrom(site.keyring, "site", "the registry's own keyring");
  const { log, ...around } = await gathered(document, envelope, id, digest, engine);
  const entries = { notices: bundledEntries(envelope, around.marks, logNames(site.keyring), engine), whole: false };
  const { notices } =
    site.registry === undefined ? site : await loggedNotices(site.registry, site.notices, entries.notices, digest);
  const history = keyHistory(notices, [...listed, ...yours], engine, entries.notices);
  const bytes = formatEnvelope(envelope);
  const options: VerifyOptions = {
    ...history,
    engine,
    now,
    notices,
    planned: bundledPlans(around.plans, engine),
    entries,
  };
  // The registry is read once. The page shows what the pack itself proves.
  refuse(verify(document.bytes, { ...options, ...named(document), ...(log && { log }) }));
  const witnesses = site.keyring?.witnesses.map(({ key }) => key) ?? [];
  const served = verifiedProof(log?.served?.proof, logNamed(envelope.payload), witnesses, engine);
  const cosigned = served && parseNote(parseProof(served).checkpoint).signatures.length > 1;
  const proof = [cosigned ? served : undefined, log?.proof, served].find((one) => one && proves(one, bytes, options));
  const report = verify(bytes, {
    ...options,
    fileName: `${id}.json`,
    named: true,
    packed: true,
    ...(proof && { log: { proof } }),
  });
  const refs = report.statement?.predicate.f3.evidence ?? [];
  const { found, missing } = await piecesOf(refs, document, engine);
  if (missing.length > 0 && !partial)
    throw new AttestError(
      "file-missing",
      `evidence is missing: ${missing.join(", ")}`,
      "archive it with attest evidence add, or pack the rest with --partial, which lists what is missing",
    );
  const { about, plans, marks } = around;
  const data: PackData = {
    kind: "pack",
    ...(about && { about }),
    ...(site.keyring && { keyring: fromUtf8(formatKeyring(site.keyring)) }),
    notices: noticesFor({ notices }, [report]),
    documents: [
      { name: `${id}.json`, text: fromUtf8(bytes), log: { ...(proof && { proof: fromUtf8(proof) }), marks } },
    ],
    plans,
    packed: Object.fromEntries(found),
  };
  const wanted = report.statement && planOf(report.statement);
  return {
    id,
    missing,
    evidence: [...found.keys()],
    bytes: small(utf8(packPage(data, engine))),
    planned: wanted === undefined ? undefined : options.planned?.(wanted) !== undefined,
  };
}

const named = ({ parse, fileName, named: must }: Document): Pick<VerifyOptions, "parse" | "fileName" | "named"> => ({
  parse,
  fileName,
  named: must,
});

/** Missing or unknown parts may be packed, since readers are told. Faults may not: the pack would look better than it is. */
function refuse(report: Report): void {
  const wrong = failures(report).find(({ code }) => ["error", "invalid", "findings"].includes(outcomeOf(code)));
  if (wrong !== undefined)
    throw new AttestError(wrong.code, `the attestation does not verify; ${wrong.detail}`, "nothing was packed");
  if (report.signature !== "ok")
    throw new AttestError(
      "key-unknown",
      "no signature is by a key of yours or of the registry",
      "give the signer's public key with --key: a pack must be verifiable",
    );
  if ((report.statement ?? report.notice ?? report.plan) === undefined)
    throw new AttestError("version-newer", "the statement is of a newer version than this one");
}

interface Around {
  readonly log?: LogEvidence | undefined;
  readonly marks: readonly BundledEntry[];
  readonly plans: readonly string[];
  readonly about: PackData["about"];
}

/** From its registry, from its pack, or from beside it. */
async function gathered(
  { site: { registry, keyring }, pack, proof }: Document,
  envelope: Envelope,
  id: string,
  digest: string,
  engine: Engine,
): Promise<Around> {
  if (registry === undefined)
    return {
      log: proof && { proof },
      marks: pack?.marks ?? [],
      plans: pack?.data.plans ?? [],
      about: pack?.data.about,
    };
  const read = readStatement(envelope.payload);
  const wanted = "fault" in read ? undefined : planOf(read.statement);
  const plan = wanted && (await registry.source.read(attestationPath(`plan_${wanted.slice(0, 16)}`)));
  const about = await registry.source.read(REGISTRY_FILE);
  const witnesses = keyring?.witnesses.map(({ key }) => key) ?? [];
  return {
    log: await registry.logs.evidence(envelope, id),
    marks: await marksOn(registry.logs, digest, envelope, { witnesses, engine }),
    plans: plan ? [fromUtf8(plan)] : [],
    about: about && parseAbout(about),
  };
}

/** Entries about it by any signer: a notice may be withheld, but not its entry. */
async function marksOn(
  logs: LogSource,
  digest: string,
  { signatures }: Envelope,
  { witnesses, engine }: { readonly witnesses: readonly NoteKey[]; readonly engine: Engine },
): Promise<BundledEntry[]> {
  const read = await logs.folded({ wanted: { payloads: new Set([digest]), keys: new Set() } });
  if ("why" in read) return [];
  const concerns = concerning(
    enteredIn(read, undefined),
    digest,
    signatures.flatMap(({ keyid }) => keyid ?? []),
  );
  const marks: BundledEntry[] = [];
  for (const [shard, { key, notices }] of read.entries())
    for (const { index, entry: leaf } of notices) {
      if (!concerns(leaf)) continue;
      const reader = await logs.reader(shard);
      const proof = await reader?.prove(index, verifiedNote(reader.bytes, key, witnesses, engine));
      if (proof !== undefined) marks.push({ leaf: fromUtf8(formatEntry(leaf)), proof: fromUtf8(proof) });
    }
  return marks;
}

/** The served proof, with verified checkpoint lines only. */
const verifiedProof = (
  proof: Bytes | undefined,
  named: LogName | undefined,
  witnesses: readonly NoteKey[],
  engine: Engine,
): Bytes | undefined =>
  orUndefined(() => {
    if (proof === undefined || named === undefined) return undefined;
    const { checkpoint, ...place } = parseProof(proof);
    const key = parseNoteKey(named.key, engine);
    return formatProof({ ...place, checkpoint: verifiedNote(checkpoint, key, witnesses, engine) });
  });

const proves = (proof: Bytes, bytes: Bytes, options: VerifyOptions): boolean =>
  verify(bytes, { ...options, log: { proof } }).checks.some(
    ({ name, status }) => name === "log" && status === "passed",
  );

/** Base64 by digest of the available pieces; Node's encoder is the fast one. @throws AttestError `evidence-changed`, `too-large` */
async function piecesOf(
  refs: readonly EvidenceRef[],
  { archive }: Document,
  engine: Engine,
): Promise<{ readonly found: ReadonlyMap<string, string>; readonly missing: readonly string[] }> {
  const found = new Map<string, string>();
  const missing: string[] = [];
  let size = 0;
  for (const { name, digest, size: stated } of refs) {
    const { sha256 } = digest;
    const bytes = sha256 === undefined ? undefined : await archive?.read(sha256);
    if (sha256 === undefined || bytes === undefined) missing.push(name);
    else if (bytes.length !== stated || hex(engine.sha256(bytes)) !== sha256)
      throw new AttestError(
        "evidence-changed",
        `expected for ${name} the ${stated} bytes that were signed, found ${bytes.length === stated ? "others" : bytes.length}`,
        "nothing was packed; restore the archived copy",
      );
    else if (!found.has(sha256)) {
      if ((size += Math.ceil(bytes.length / 3) * 4) > MAX_PACK) throw tooLarge(size);
      found.set(sha256, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64"));
    }
  }
  return { found, missing };
}

const small = (bytes: Bytes): Bytes => {
  if (bytes.length > MAX_PACK) throw tooLarge(bytes.length);
  return bytes;
};

const tooLarge = (size: number): AttestError =>
  new AttestError(
    "too-large",
    `a pack has at most ${MAX_PACK} bytes; this one would have ${size} or more`,
    "browsers cannot open a larger page; keep a copy of the registry's folder instead",
  );
