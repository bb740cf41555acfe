/**
 * `attest sign`: signs statements that were written elsewhere, with evidence from a named folder, by digest. Also signs audit receipts,
 * which have no evidence.
 */
import type { Command } from "commander";
import { commandLine } from "../node/command-line.js";
import { AttestError } from "../core/errors.js";
import { parseJson } from "../core/json.js";
import type { Signer } from "../core/keys/key.js";
import { secretsIn } from "../harness/redaction/secrets.js";
import { isNoticeDraft } from "../pipeline/publish/audit-receipt.js";
import { folderBeside } from "../pipeline/load/evidence-folder.js";
import type { Destination } from "../pipeline/run/destination.js";
import { publishAll } from "../pipeline/publish/publish.js";
import { refuseRelations } from "../pipeline/publish/relations.js";
import { signAll, signDraft, type SignedDocument, type Signing, type Unsigned } from "../pipeline/publish/sign-all.js";
import { attestationPath } from "../store/registry.js";
import { fileAt } from "../store/open.js";
import { noticeWording } from "../view/notice.js";
import { engine, readInput, registryFolder, openOutput } from "./context.js";
import {
  deliverOrPrint,
  destinationOf,
  logOf,
  registryOf,
  signerFor,
  withSigning,
  type SigningOptions,
} from "./destination.js";
import { io } from "./io.js";
import { tell, written } from "./key-notices.js";
import {
  withAllowRelation,
  withAllowSecret,
  withExamples,
  withJson,
  type RelationOptions,
  type SecretOptions,
} from "./options.js";
import { allGood, commonPlace, eachGood, mustBeSeveral, tellEach, withCount } from "./several.js";
import { answer, answerJson, talk } from "./ui.js";

interface Options extends SigningOptions, SecretOptions, RelationOptions {
  readonly evidence?: string;
  readonly json?: true;
}

export function signCommand(attest: Command): void {
  const command = attest
    .command("sign <statement...>")
    .description(
      "sign statements, or audit receipts, and publish them with their evidence; - reads one from stdin. A bad one stops no other",
    )
    .option(
      "--evidence <dir>",
      "the folder that holds the evidence, found there by digest (STATEMENT's .evidence folder)",
    );
  withAllowRelation(command);
  withExamples(
    withJson(withAllowSecret(withSigning(command))),
    "attest sign statement.json",
    "attest sign statement.json --evidence results/ --output attestation.json",
    "attest sign drafts/*.json",
  ).action(async ([first = "", ...more]: readonly string[], options: Options) =>
    more.length === 0 ? await signOne(first, options) : await signSeveral([first, ...more], options),
  );
}

async function unsigned(path: string, { evidence, allowRelation = [] }: Options): Promise<Unsigned> {
  const draft = parseJson(await readInput(path));
  refuseRelations(draft, allowRelation);
  if (isNoticeDraft(draft) && evidence !== undefined)
    throw new AttestError(
      "usage",
      "--evidence cannot be combined with an audit receipt",
      "a receipt names no evidence: leave --evidence out",
    );
  return { draft, evidence: evidence ?? (path === "-" ? undefined : folderBeside(path)) };
}

const signingOf = async (signer: Signer, destination: Destination | undefined, options: Options): Promise<Signing> => ({
  signer,
  engine,
  now: new Date(),
  log: await logOf(destination),
  secrets: secretsIn(io().env, []),
  allowSecrets: options.allowSecret ?? [],
});

async function signOne(path: string, options: Options): Promise<void> {
  const draft = await unsigned(path, options);
  const destination = await destinationOf(options, path === "-" ? undefined : path);
  const signer = await signerFor(options, destination);
  const signed = await signDraft(draft, await signingOf(signer, destination, options));
  const place = await delivered(signed, destination, signer);
  if (options.json && place !== undefined)
    return void answerJson({ ...named(signed), keyid: signer.key.keyid, path: place });
  if ("notice" in signed) tell(place, signed);
  else if (place !== undefined) answer(place);
  talk(wording(signed));
  talk(`signed with ${signer.key.keyid}; check it with: ${commandLine(["attest", "verify", place ?? "FILE"])}`);
}

/** Undefined for stdout: a statement is printed already, a notice is not. */
async function delivered(
  signed: SignedDocument,
  destination: Destination | undefined,
  signer: Signer,
): Promise<string | undefined> {
  if (!("notice" in signed)) return await deliverOrPrint(destination, signed, signed.evidence, signer);
  const registry = registryOf(destination);
  if (registry !== undefined)
    for (const { fault } of await publishAll([signed], signer, registry)) if (fault) throw fault;
  return written(destination, signed);
}

async function signSeveral(paths: readonly string[], options: Options): Promise<void> {
  mustBeSeveral(paths, "statements", options.output);
  const folder = registryFolder(options.registry, commonPlace(paths, options.registry));
  const destination = await openOutput(folder);
  const drafts = await eachGood(paths, (path) => unsigned(path, options));
  const none = drafts.every((one) => one instanceof AttestError); // then no key is opened
  if (none) return void tellEach(paths, drafts, options.json === true, String);
  const signer = await signerFor(options, destination);
  const signing = await signingOf(signer, destination, options);
  const signed = await allGood(drafts, (good) =>
    withCount("signed", good.length, (progress) => signAll(good, signing, progress)),
  );
  const { keyid } = signer.key;
  const told = await allGood(signed, async (good) => {
    const published = await withCount("published", good.length, (progress) =>
      publishAll(good, signer, destination.registry, progress),
    );
    return good.map(
      (one, at) =>
        published[at]?.fault ?? {
          path: fileAt(folder, attestationPath(one.id)),
          line: wording(one),
          json: { ...named(one), keyid },
        },
    );
  });
  const check = commandLine(["attest", "verify", folder]);
  tellEach(paths, told, options.json === true, (good) => `signed ${good} with ${keyid}; check them with: ${check}`);
}

const named = (
  signed: SignedDocument,
): { id: string; digest: string; verdict: string } | { id: string; digest: string; action: string } => {
  const { id, digest } = signed;
  return "notice" in signed
    ? { id, digest, action: signed.notice.action }
    : { id, digest, verdict: signed.statement.predicate.f3.verdict };
};

const wording = (signed: SignedDocument): string =>
  "notice" in signed
    ? noticeWording(signed.notice).sentence
    : `${signed.statement.predicate.f3.verdict}  ${signed.statement.predicate.f3.title}`;
