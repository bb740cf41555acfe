/** `attest import`: converts any format back to the readable one, with the same payload and signatures. */
import type { Command } from "commander";
import { commandLine } from "../node/command-line.js";
import { AttestError } from "../core/errors.js";
import { importFrom, writeAll } from "../pipeline/publish/export.js";
import { engine, readStdin } from "./context.js";
import { UNVERIFIED } from "./export.js";
import { withExamples, withJson } from "./options.js";
import { answer, answerBytes, answerJson, talk } from "./ui.js";

export function importing(attest: Command): void {
  const command = attest
    .command("import <document>")
    .description(
      "convert a DSSE envelope, a Sigstore bundle, a signify file or a raw folder to the readable format; verifies nothing",
    )
    .option("--output <file>", "write it there (stdout)");
  withExamples(
    withJson(command),
    "attest import attestation.json --output again.json",
    "attest export attestation.json --format dsse | attest import -",
  ).action(async (target: string, { output, json }: { readonly output?: string; readonly json?: true }) => {
    const place = output === "-" ? undefined : output;
    if (place === undefined && json === true)
      throw new AttestError("usage", "--json needs --output FILE", "the document itself is JSON");
    const { bytes, envelope } = await importFrom(target, { engine, stdin: readStdin });
    if (place === undefined) answerBytes(bytes);
    else writeAll([place], [{ name: "", bytes }]);
    const keyids = envelope.signatures.map(({ keyid }) => keyid ?? null);
    if (json) return answerJson({ format: envelope.format, keyids, written: place });
    if (place !== undefined) answer(place);
    if (keyids.includes(null)) talk("a signature does not name its key: each known key will be tried");
    talk(`${UNVERIFIED}; to check it: ${commandLine(["attest", "verify", place ?? "FILE"])}`);
  });
}
