/**
 * `attest sign`: signs a statement that was written elsewhere, with evidence from a named folder, by digest. Also signs audit receipts,
 * which have no evidence.
 */
import type { Command } from "commander";
import { commandLine } from "../node/command-line.js";
import { AttestError } from "../core/errors.js";
import { parseJson, type Json } from "../core/json.js";
import type { Signer } from "../core/keys/key.js";
import { refuseSecrets } from "../harness/redaction/scan.js";
import { secretsIn } from "../harness/redaction/secrets.js";
import { isNoticeDraft, signAuditReceipt } from "../pipeline/publish/audit-receipt.js";
import { folderBeside, gather, piecesOf } from "../pipeline/load/evidence-folder.js";
import type { Destination } from "../pipeline/run/destination.js";
import { refuseRelations } from "../pipeline/publish/relations.js";
import { sign as signDraft } from "../pipeline/publish/sign.js";
import { keyEntryOf } from "../pipeline/publish/signers.js";
import { noticeWording } from "../view/notice.js";
import { engine, readInput } from "./context.js";
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
import { answer, answerJson, talk } from "./ui.js";

interface Options extends SigningOptions, SecretOptions, RelationOptions {
  readonly evidence?: string;
  readonly json?: true;
}

export function signCommand(attest: Command): void {
  const command = attest
    .command("sign <statement>")
    .description("sign a statement, or an audit receipt, and publish it with its evidence; - reads it from stdin")
    .option(
      "--evidence <dir>",
      "the folder that holds the evidence, found there by digest (STATEMENT's .evidence folder)",
    );
  withAllowRelation(command);
  withExamples(
    withJson(withAllowSecret(withSigning(command))),
    "attest sign statement.json",
    "attest sign statement.json --evidence results/ --output attestation.json",
  ).action(async (path: string, options: Options) => {
    const draft = parseJson(await readInput(path));
    refuseRelations(draft, options.allowRelation ?? []);
    const destination = await destinationOf(options, path === "-" ? undefined : path);
    const signer = await signerFor(options, destination);
    if (isNoticeDraft(draft)) {
      await signReceipt(draft, options, destination, signer);
      return;
    }
    const attestation = await signDraft(draft, signer, engine, new Date(), await logOf(destination));
    const { id, digest, statement } = attestation;
    const { evidence: named, verdict } = statement.predicate.f3;
    const from = options.evidence ?? (path === "-" ? undefined : folderBeside(path));
    const evidence = gather(from, named, engine);
    refuseSecrets(statement as Json, piecesOf(statement, evidence), secretsIn(io().env, []), options.allowSecret ?? []);
    const written = await deliverOrPrint(destination, attestation, evidence, signer);
    if (options.json && written !== undefined)
      return answerJson({ id, digest, verdict, keyid: signer.key.keyid, path: written });
    if (written !== undefined) answer(written);
    talk(`${verdict}  ${statement.predicate.f3.title}`);
    talk(`signed with ${signer.key.keyid}; check it with: ${commandLine(["attest", "verify", written ?? "FILE"])}`);
  });
}

async function signReceipt(
  draft: Json,
  { evidence, json, allowSecret = [] }: Options,
  destination: Destination | undefined,
  signer: Signer,
): Promise<void> {
  if (evidence !== undefined)
    throw new AttestError(
      "usage",
      "--evidence cannot be combined with an audit receipt",
      "a receipt names no evidence: leave --evidence out",
    );
  const now = new Date();
  const signed = await signAuditReceipt(draft, signer, engine, now, await logOf(destination));
  refuseSecrets(signed.notice as Json, [], secretsIn(io().env, []), allowSecret);
  const registry = registryOf(destination);
  await registry?.listSigner(keyEntryOf(signer, now));
  await registry?.publish({ ...signed, evidence: new Map() });
  const path = written(destination, signed);
  const { id, digest } = signed;
  if (json && path !== undefined)
    return void answerJson({ id, digest, action: "audit", keyid: signer.key.keyid, path });
  tell(path, signed);
  talk(
    noticeWording(signed.notice).sentence,
    `signed with ${signer.key.keyid}; check it with: ${commandLine(["attest", "verify", path ?? "FILE"])}`,
  );
}
