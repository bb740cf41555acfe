/** `attest evidence pack`: one file that lasts. */
import type { Command } from "commander";
import { commandLine } from "../node/command-line.js";
import { AttestError } from "../core/errors.js";
import { create } from "../node/files.js";
import { makePack } from "../pipeline/publish/pack.js";
import { attestationPath } from "../store/registry.js";
import { registryFolder } from "./context.js";
import { withExamples, withJson } from "./options.js";
import { answer, answerBytes, answerJson, talk } from "./ui.js";
import { keyRequest, withKeys, type KeyOptions } from "./key-options.js";
import { fileAt } from "../store/open.js";

interface Options extends KeyOptions {
  readonly registry?: string;
  readonly output?: string;
  readonly partial?: true;
  readonly json?: true;
}

export function pack(evidence: Command): void {
  const command = evidence
    .command("pack <attestation>")
    .description(
      "write one file with the attestation, its proof, plan, notices and evidence, and the verifier; it verifies without its registry, also in a browser without network",
    )
    .option("--registry <dir>", "the registry in which an id is looked up (the nearest one by default)")
    .option("--output <file>", "write it there, - for stdout (<id>.html in the working directory)")
    .option("--partial", "pack even if evidence is missing; the pack names it");
  withExamples(
    withJson(withKeys(command)),
    "attest evidence pack demo/attestations/test_*.json",
    "attest evidence pack demo/attestations/test_*.json --output pack.html && attest verify pack.html --recompute",
  ).action(async (attestation: string, options: Options) => {
    const { output, partial = false, json } = options;
    const target = fileOf(attestation, options.registry);
    const made = await makePack({ ...keyRequest(options), target, partial });
    if (output === "-") return answerBytes(made.bytes);
    const path = output ?? `${made.id}.html`;
    create(path, made.bytes);
    const { id, evidence, missing, planned, bytes } = made;
    if (json) return answerJson({ pack: path, id, size: bytes.length, evidence, missing, planned });
    answer(path);
    talk(
      `${evidence.length} ${evidence.length === 1 ? "piece" : "pieces"} of evidence inside`,
      ...missing.map((name) => `not in this pack: ${name}`),
      ...(planned === false ? ["not in this pack: its plan, which is not available"] : []),
      `open it in a browser, or: ${commandLine(["attest", "verify", path])} --key KEY`,
    );
  });
}

/** Looks an id up in a registry; a file is taken as it is. */
function fileOf(attestation: string, registry: string | undefined): string {
  if (/^(?:test|plan|note)_[0-9a-f]{16}$/.test(attestation))
    return fileAt(registryFolder(registry), attestationPath(attestation));
  if (/^(?:https?:|-$)/i.test(attestation))
    throw new AttestError(
      "usage",
      `${JSON.stringify(attestation)} is neither the id nor the file of an attestation`,
      "copy the registry's folder, or the attestation and its evidence, and pack that",
    );
  if (registry !== undefined)
    throw new AttestError(
      "usage",
      "--registry cannot be combined with a file",
      "a file is packed with the files around it: leave --registry out",
    );
  return attestation;
}
