/** `attest add`: puts attestations that were signed elsewhere into a registry, with their evidence. */
import type { Command } from "commander";
import { commandLine } from "../node/command-line.js";
import { AttestError } from "../core/errors.js";
import { parseAnyEnvelope } from "../formats/envelope-formats.js";
import { secretsIn } from "../harness/redaction/secrets.js";
import { add as addTo, addAll } from "../pipeline/publish/add.js";
import type { Added, AddRequest, Submitted } from "../pipeline/publish/addition.js";
import { folderBeside } from "../pipeline/load/evidence-folder.js";
import { rawIn } from "../pipeline/load/raw-folder.js";
import { fileAt } from "../store/open.js";
import { attestationPath } from "../store/registry.js";
import { engine, readInput, registryFolder, openOutput } from "./context.js";
import { io } from "./io.js";
import { withAllowSecret, withExamples, withJson, type SecretOptions } from "./options.js";
import { allGood, commonPlace, eachGood, mustBeSeveral, tellEach, withCount } from "./several.js";
import { answer, answerJson, talk } from "./ui.js";
import { keyRequest, withKeys, type KeyOptions } from "./key-options.js";

interface Options extends KeyOptions, SecretOptions {
  readonly evidence?: string;
  readonly registry?: string;
  readonly json?: true;
}

export function addCommand(attest: Command): void {
  const command = attest
    .command("add <attestation...>")
    .description(
      "verify attestations that were signed elsewhere, and add them to a registry; - reads one from stdin. A bad one stops no other",
    )
    .option(
      "--evidence <dir>",
      "the folder that holds the evidence, found there by digest (ATTESTATION's .evidence folder)",
    )
    .option("--registry <dir>", "the registry to add them to (the nearest one by default)");
  withExamples(
    withJson(withAllowSecret(withKeys(command))),
    "attest add attestation.json",
    "attest add attestation.json --key signer.pub --evidence results/",
    "attest add sent/*.json",
  ).action(async ([first = "", ...more]: readonly string[], options: Options) =>
    more.length === 0 ? await addOne(first, options) : await addSeveral([first, ...more], options),
  );
}

async function signed(path: string, evidence: string | undefined): Promise<Submitted> {
  const read = rawIn(path, engine) ?? { bytes: await readInput(path), parse: parseAnyEnvelope };
  return { ...read, evidence: evidence ?? (path === "-" ? undefined : folderBeside(path)) };
}

const requestTo = async (folder: string, options: Options): Promise<AddRequest> => ({
  registry: (await openOutput(folder)).registry,
  ...keyRequest(options),
  secrets: secretsIn(io().env, []),
  allowSecrets: options.allowSecret ?? [],
});

async function addOne(path: string, options: Options): Promise<void> {
  const document = await signed(path, options.evidence);
  const folder = registryFolder(options.registry, path === "-" ? undefined : path);
  const added = await addTo(document, await requestTo(folder, options));
  const { statement, keyids, known } = added;
  const written = fileAt(folder, attestationPath(added.id));
  if (options.json) return void answerJson({ ...told(added), path: written });
  answer(written);
  talk(`${statement.predicate.f3.verdict}  ${statement.predicate.f3.title}`);
  talk(
    `${known ? KNOWN : "added"}, signed with ${keyids.join(" ")}; check it with: ${commandLine(["attest", "verify", written])}`,
  );
}

async function addSeveral(paths: readonly string[], options: Options): Promise<void> {
  mustBeSeveral(paths, "attestations");
  const folder = registryFolder(options.registry, commonPlace(paths, options.registry));
  const request = await requestTo(folder, options);
  const documents = await eachGood(paths, (path) => signed(path, options.evidence));
  const added = await allGood(documents, (good) =>
    withCount("added", good.length, (progress) => addAll(good, { ...request, progress })),
  );
  const all = await eachGood(added, async (one) => {
    const { verdict, title } = one.statement.predicate.f3;
    return {
      path: fileAt(folder, attestationPath(one.id)),
      line: `${verdict}  ${title}${one.known ? `: ${KNOWN}` : ""}`,
      json: told(one),
    };
  });
  const check = commandLine(["attest", "verify", folder]);
  const known = added.filter((one) => !(one instanceof AttestError) && one.known).length;
  const before = known === 0 ? "" : `, ${known} ${known === 1 ? "was" : "were"} there already`;
  tellEach(paths, all, options.json === true, (good) => `added ${good - known}${before}; check them with: ${check}`);
}

const KNOWN = "it was there already";

const told = ({ id, digest, statement, keyids, known }: Added): Record<string, string | boolean> => ({
  id,
  digest,
  verdict: statement.predicate.f3.verdict,
  keyid: keyids.join(" "),
  added: !known,
});
