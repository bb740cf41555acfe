/** `attest export`: the same signature in the format of another tool. */
import { Option, type Command } from "commander";
import { commandLine } from "../node/command-line.js";
import { AttestError } from "../core/errors.js";
import { exportAs, FORMATS, pathsOf, writeAll, type ExportFormat } from "../pipeline/publish/export.js";
import { readStdin } from "./context.js";
import { withExamples, withJson } from "./options.js";
import { answer, answerBytes, answerJson, talk } from "./ui.js";
import { keyRequest, withKeys, type KeyOptions } from "./key-options.js";

interface Options extends KeyOptions {
  readonly format: ExportFormat;
  readonly signer?: string;
  readonly output?: string;
  readonly json?: true;
}

export const UNVERIFIED = "nothing was verified";

export function exporting(attest: Command): void {
  const command = attest
    .command("export <attestation>")
    .description(
      "convert an attestation to another tool's format; the signature stays the same and no key is needed: a file, a raw folder, an address, or -",
    )
    .addOption(
      new Option("--format <format>", "dsse and sigstore: JSON; signify: one file; raw: message, signature, pub.pem")
        .choices(FORMATS)
        .makeOptionMandatory(),
    )
    .option("--signer <key>", "select the signature by this key: SHA256:… or its name")
    .option("--output <file|dir>", "write it there, and the public key beside it where the format has one (stdout)");
  withExamples(
    withJson(withKeys(command)),
    "attest export attestation.json --format sigstore",
    "attest export attestation.json --format signify --output attestation.signify",
    "attest export attestation.json --format raw --output raw",
  ).action(async (target: string, options: Options) => {
    const { format, signer, output, json } = options;
    const place = output === "-" ? undefined : output;
    if (place === undefined && (format === "raw" || json === true))
      throw new AttestError(
        "usage",
        format === "raw" ? "--format raw needs --output DIR, since it is several files" : "--json needs --output FILE",
        `attest export FILE --format ${format} --output ${format === "raw" ? "DIR" : "FILE"}`,
      );
    const exported = await exportAs({ target, format, signer, ...keyRequest(options), stdin: readStdin });
    const { files, keyids, keyFrom } = exported;
    const keyless = format === "dsse" || format === "sigstore";
    if (place === undefined) {
      for (const { name, bytes } of files) if (name === "") answerBytes(bytes);
      if (!keyless) talk("the public key was not written: with --output FILE it is put beside FILE");
      return talk(`${UNVERIFIED}; to check what was exported: attest verify FILE`);
    }
    const paths = pathsOf(exported, format, place);
    writeAll(paths, files);
    if (json) return answerJson({ format, keyids, written: paths, publicKeyFrom: keyFrom ?? null });
    answer(paths);
    if (keyFrom !== undefined)
      talk(`the public key is the one from: ${keyFrom}; it is only proof for those who trust it`);
    else if (!keyless)
      talk(`the public key was not written: ${keyids.join(" ")} is unknown; name it with --key or --keyring`);
    talk(`${UNVERIFIED}; to check what was exported: ${commandLine(["attest", "verify", place])}`);
  });
}
