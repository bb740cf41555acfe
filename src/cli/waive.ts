/** `attest waive`: accepts an audit finding, signed, with a reason and an expiry. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { parseAnyEnvelope } from "../formats/envelope-formats.js";
import { targetIn, targetOf, type Target } from "../pipeline/publish/retract.js";
import { scopeOf, waive as waiveFinding } from "../pipeline/publish/waive.js";
import type { Registry } from "../store/registry.js";
import { engine, openRegistry, readInput, registryFolder } from "./context.js";
import { destinationOf, registryOf, signerFor, withSigning, type SigningOptions } from "./destination.js";
import { tell, written } from "./key-notices.js";
import { withExamples, withJson } from "./options.js";
import { answerJson, talk } from "./ui.js";

interface Options extends SigningOptions {
  readonly rule: string;
  readonly pointer?: string;
  readonly reason: string;
  readonly until: string;
  readonly json?: true;
}

export function waiveCommand(attest: Command): void {
  const command = attest
    .command("waive <id>")
    .description("accept an audit finding until a date, for everyone who trusts your key")
    .requiredOption("--rule <id>", "the rule of the finding, as attest audit names it")
    .option("--pointer <place>", "where in the document, as attest audit names it (by default anywhere)")
    .requiredOption("--reason <text>", "why, in words that everybody may read")
    .requiredOption("--until <date>", "the last day, 2027-01-31, or the last moment in UTC; at most a year away");
  withExamples(
    withJson(withSigning(command)),
    "attest waive demo/attestations/test_*.json --rule evidence-moved --reason 'the host has a new name' --until $(date +%Y)-12-31",
    "attest waive attestation.json --rule evidence-gone --pointer /predicate/f3/evidence/0 --reason 'a copy is in the library' --until $(date +%Y)-12-31 --output waiver.json",
  ).action(async (named: string, options: Options) => {
    const now = new Date();
    const scope = scopeOf(options, now);
    const destination = await destinationOf(options, named.includes("/") ? named : undefined);
    const registry = registryOf(destination);
    const target = await waived(named, options, registry);
    const signer = await signerFor(options, destination);
    const signed = await waiveFinding({ ...scope, target, reason: options.reason, signer, engine, now }, registry);
    const path = written(destination, signed);
    const { id, digest } = signed;
    if (options.json && path !== undefined)
      return answerJson({ id, digest, about: target.digest, action: "waive", keyid: signer.key.keyid, ...scope, path });
    tell(path, signed);
    talk(
      `waived ${scope.rule} of ${target.id} until ${scope.until}, signed with ${signer.key.keyid}`,
      `it no longer counts for auditors who confirmed that key; for others it does${registry === undefined ? `; to use it: attest audit --notice ${path ?? "FILE"}` : ""}`,
    );
  });
}

/** Without a registry to publish to, the document may be any file that an auditor has. */
async function waived(named: string, options: Options, registry: Registry | undefined): Promise<Target> {
  if (registry !== undefined) return await targetIn(registry, named, engine);
  if (named === "-" || existsSync(named)) return targetOf(parseAnyEnvelope(await readInput(named)), engine);
  return await targetIn(await openRegistry(registryFolder(options.registry)), named, engine);
}
