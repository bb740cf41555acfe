/** `attest cosign`: adds a signature to a verified attestation. */
import type { Command } from "commander";
import { commandLine } from "../node/command-line.js";
import { addSignature as addSignature, writeInPlace } from "../pipeline/publish/cosign.js";
import { registryAround } from "../pipeline/load/load.js";
import { toFile } from "../pipeline/run/destination.js";
import { create } from "../node/files.js";
import { readInput, openOutput } from "./context.js";
import { signerFor } from "./destination.js";
import { withExamples, withAllowRelation, withJson, withPassphrase, type RelationOptions } from "./options.js";
import type { PassphraseOptions } from "./passphrase.js";
import { answer, answerBytes, answerJson, talk } from "./ui.js";
import { keyRequest, withKeys, type KeyOptions } from "./key-options.js";

interface Options extends KeyOptions, PassphraseOptions, RelationOptions {
  readonly signer?: string;
  readonly output?: string;
  readonly json?: true;
}

export function cosignCommand(attest: Command): void {
  const command = attest
    .command("cosign <attestation>")
    .description(
      "add your signature to an attestation that verifies with a key that you trust; its content stays the same; - reads it from stdin",
    )
    .option("--signer <name>", "the key that signs: a name, or agent:SHA256:… for one in ssh-agent")
    .option("--output <file>", "write the result there instead of in place; - prints it");
  withExamples(
    withJson(withAllowRelation(withKeys(withPassphrase(command)))),
    "attest cosign attestation.json",
    "attest cosign attestation.json --key signer.pub --output cosigned.json",
  ).action(async (file: string, options: Options) => {
    const { json } = options;
    const output = options.output ?? (file === "-" ? "-" : undefined);
    const destination = output === undefined || output === "-" ? undefined : toFile(output);
    const root = file === "-" ? undefined : registryAround(file);
    const place = root === undefined ? undefined : await openOutput(root);
    const signer = await signerFor(options, place);
    const made = await addSignature({
      file,
      bytes: await readInput(file),
      signer,
      allowRelations: options.allowRelation ?? [],
      ...keyRequest(options),
    });
    const { id, digest, verdict, title, keyids, added, bytes } = made;
    if (output === "-") return answerBytes(bytes);
    if (destination !== undefined && "file" in destination) create(destination.file, bytes);
    else if (added) await writeInPlace(file, made, signer, place?.registry);
    const path = output ?? file;
    if (json) return answerJson({ id, digest, verdict, keyid: signer.key.keyid, keyids, path, added });
    answer(path);
    talk(`${verdict}  ${title}`);
    talk(
      added
        ? `signed with ${signer.key.keyid} too, ${keyids.length} valid signatures in all; check it with: ${commandLine(["attest", "verify", path])}`
        : `${signer.key.keyid} had signed it already: nothing was changed`,
    );
  });
}
