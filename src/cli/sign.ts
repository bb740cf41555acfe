/** `attest sign`: signs a statement that was written elsewhere; its evidence is taken from one named folder, by digest. */
import { join } from "node:path";
import type { Command } from "commander";
import { isObject, parseJson } from "../core/json.js";
import { create, isFolder } from "../node/files.js";
import { folderBeside, gather, writeBeside } from "../pipeline/evidence.js";
import { publish } from "../pipeline/publish.js";
import { archivable, sign as signDraft } from "../pipeline/sign.js";
import { chooseSigner } from "../pipeline/signers.js";
import { attestationPath } from "../store/registry.js";
import {
  engine,
  keystore,
  openRegistry,
  readInput,
  registryFolder,
  withExamples,
  withJson,
  withPassphrase,
} from "./context.js";
import { passphraseFrom, type PassphraseOptions } from "./passphrase.js";
import { answer, answerJson, talk } from "./ui.js";

interface Options extends PassphraseOptions {
  readonly evidence?: string;
  readonly registry?: string;
  readonly signer?: string;
  readonly output?: string;
  readonly json?: true;
}

export function sign(attest: Command): void {
  const command = attest
    .command("sign <statement>")
    .description("sign a statement and publish it with its evidence; - reads it from stdin")
    .option(
      "--evidence <dir>",
      "the folder that holds the evidence, found there by digest (STATEMENT's .evidence folder)",
    )
    .option("--registry <dir>", "the registry to publish to (the nearest one, unless you say otherwise)")
    .option("--signer <name>", "the key that signs")
    .option("--output <file>", "write the attestation there, and its evidence beside it, instead of publishing");
  withExamples(
    withPassphrase(withJson(command)),
    "attest sign statement.json",
    "attest sign statement.json --evidence results/ --output attestation.json",
  ).action(async (path: string, options: Options) => {
    const draft = parseJson(await readInput(path));
    const folder =
      options.output === undefined ? registryFolder(options.registry, path === "-" ? undefined : path) : undefined;
    const registry = folder === undefined ? undefined : await openRegistry(folder);
    const signer = await keystore().signer(
      (await chooseSigner(keystore(), options.signer, registry)).name,
      passphraseFrom(options),
    );
    const attestation = await signDraft(isObject(draft) ? draft : {}, signer, engine, new Date());
    const named = attestation.statement.predicate.f3.evidence;
    const from = options.evidence ?? folderBeside(path);
    const evidence =
      archivable(named).length === 0 && !isFolder(from) ? new Map<string, Uint8Array>() : gather(from, named, engine);
    if (registry !== undefined) await publish(attestation, evidence, signer, registry);
    else if (options.output !== undefined) {
      writeBeside(options.output, evidence);
      create(options.output, attestation.bytes);
    }
    const written = folder === undefined ? options.output : join(folder, attestationPath(attestation.id));
    const { id, digest, statement } = attestation;
    if (options.json)
      return answerJson({
        id,
        digest,
        verdict: statement.predicate.f3.verdict,
        keyid: signer.key.keyid,
        path: written,
      });
    answer(written ?? "");
    talk(`signed with ${signer.key.keyid}; check it with: attest verify ${written ?? "FILE"}`);
  });
}
