/** `attest receipt`: states, signed, that a signature was seen now. For everyone who trusts that key it is older than any later theft. */
import type { Command } from "commander";
import { AttestError } from "../core/errors.js";
import { identify } from "../core/statement/statement.js";
import { parseAnyEnvelope } from "../formats/envelope-formats.js";
import { signReceipts } from "../pipeline/publish/notice.js";
import { engine, readInput } from "./context.js";
import { destinationOf, registryOf, signerFor, withSigning, type SigningOptions } from "./destination.js";
import { tell, written } from "./key-notices.js";
import { withExamples, withJson } from "./options.js";
import { answerJson, talk } from "./ui.js";
import { withKeys, withNotices, type KeyOptions } from "./key-options.js";
import { verifyTargets } from "./verify.js";

interface Options extends SigningOptions, KeyOptions {
  readonly json?: true;
}

export function receipt(attest: Command): void {
  const command = attest
    .command("receipt <file>")
    .description("sign a receipt: you have seen someone else's signature by now");
  withExamples(
    withJson(withNotices(withKeys(withSigning(command)))),
    "attest key new witness; attest receipt demo/attestations/test_*.json --signer witness --output receipt.json",
  ).action(async (file: string, options: Options) => {
    const bytes = await readInput(file);
    const [one] = await verifyTargets([file], options);
    if (one === undefined || "fault" in one)
      throw one?.fault ?? new AttestError("file-missing", `no such file: ${file}`);
    const { payloadBytes } = parseAnyEnvelope(bytes);
    if (one.report.digest !== undefined && identify(payloadBytes, engine).digest !== one.report.digest)
      throw new AttestError("io", `${file} changed while it was verified; run the same command again`);
    const destination = await destinationOf(options, file);
    const registry = registryOf(destination);
    const signer = await signerFor(options, destination);
    const receipts = await signReceipts(bytes, one.report, signer, engine, new Date(), await registry?.log.current());
    if (registry === undefined && receipts.length > 1) {
      throw new AttestError(
        "usage",
        `--output takes one receipt, and there are ${receipts.length} signatures`,
        "publish the receipts in a registry: leave --output out",
      );
    }
    const paths: (string | undefined)[] = [];
    for (const signed of receipts) {
      await registry?.publish({ ...signed, evidence: new Map() });
      paths.push(written(destination, signed));
    }
    if (options.json)
      return answerJson({ receipts: receipts.map(({ id, digest }, at) => ({ id, digest, path: paths[at] })) });
    receipts.forEach((signed, at) => tell(paths[at], signed));
    talk(
      `seen by ${signer.key.keyid}: ${receipts.length} of ${one.report.signers.length} signatures of ${one.report.id ?? file}`,
      "it proves their age to everyone who trusts that key: attest verify FILE --key LINE --notice RECEIPT",
    );
  });
}
