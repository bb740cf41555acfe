/** `attest add`: puts an attestation that was signed elsewhere into a registry, with its evidence. */
import type { Command } from "commander";
import { join } from "node:path";
import { commandLine } from "../node/command-line.js";
import { parseAnyEnvelope } from "../formats/envelope-formats.js";
import { secretsIn } from "../harness/redaction/secrets.js";
import { add as addTo } from "../pipeline/publish/add.js";
import { toRegistry } from "../pipeline/run/destination.js";
import { folderBeside } from "../pipeline/load/evidence-folder.js";
import { rawIn } from "../pipeline/load/raw-folder.js";
import { attestationPath } from "../store/registry.js";
import { engine, logSigners, readInput, registryFolder } from "./context.js";
import { io } from "./io.js";
import { withAllowSecret, withExamples, withJson, type SecretOptions } from "./options.js";
import { answer, answerJson, talk } from "./ui.js";
import { keyRequest, withKeys, type KeyOptions } from "./key-options.js";

interface Options extends KeyOptions, SecretOptions {
  readonly evidence?: string;
  readonly registry?: string;
  readonly json?: true;
}

export function addCommand(attest: Command): void {
  const command = attest
    .command("add <attestation>")
    .description("verify an attestation that was signed elsewhere, and add it to a registry; - reads it from stdin")
    .option(
      "--evidence <dir>",
      "the folder that holds the evidence, found there by digest (ATTESTATION's .evidence folder)",
    )
    .option("--registry <dir>", "the registry to add it to (the nearest one by default)");
  withExamples(
    withJson(withAllowSecret(withKeys(command))),
    "attest add attestation.json",
    "attest add attestation.json --key signer.pub --evidence results/",
  ).action(async (path: string, options: Options) => {
    const { evidence, registry, json, allowSecret = [] } = options;
    const { bytes, parse } = rawIn(path, engine) ?? { bytes: await readInput(path), parse: parseAnyEnvelope };
    const named = path === "-" ? undefined : path;
    const folder = registryFolder(registry, named);
    const { id, digest, statement, keyids, known } = await addTo({
      bytes,
      parse,
      registry: (await toRegistry(folder, engine, logSigners)).registry,
      evidence: evidence ?? (named === undefined ? undefined : folderBeside(named)),
      ...keyRequest(options),
      secrets: secretsIn(io().env, []),
      allowSecrets: allowSecret,
    });
    const { title, verdict } = statement.predicate.f3;
    const written = join(folder, attestationPath(id));
    const keyid = keyids.join(" ");
    if (json) return answerJson({ id, digest, verdict, keyid, path: written, added: !known });
    answer(written);
    talk(`${verdict}  ${title}`);
    talk(
      `${known ? "it was there already" : "added"}, signed with ${keyid}; check it with: ${commandLine(["attest", "verify", written])}`,
    );
  });
}
