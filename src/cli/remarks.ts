/** `attest retract · supersede · abandon`: a signer's later notices about an attestation or a plan. */
import type { Command } from "commander";
import { AttestError } from "../core/errors.js";
import { publishStatus, targetIn, type Target } from "../pipeline/publish/retract.js";
import { fileAt } from "../store/open.js";
import { attestationPath } from "../store/registry.js";
import { engine, keystore, registryFolder } from "./context.js";
import { destinationOf, registryOf, signerFor, type SigningOptions } from "./destination.js";
import { withExamples, withJson, withPassphrase } from "./options.js";
import { answer, answerJson, talk } from "./ui.js";

interface Options extends SigningOptions {
  readonly reason: string;
  readonly by?: string;
  readonly json?: true;
}

const REASON = "why, in words that everybody may read";

const withCommon = (command: Command): Command =>
  withJson(
    withPassphrase(
      command
        .requiredOption("--reason <text>", REASON)
        .option("--registry <dir>", "the registry that has it (the nearest one by default)")
        .option("--signer <name>", "the key that signs (by default the one that signed it)"),
    ),
  );

export function retract(attest: Command): void {
  const command = attest
    .command("retract <id>")
    .description("retract an attestation: its readers see this first; its signature stays valid");
  withExamples(
    withCommon(command),
    'attest retract demo/attestations/test_*.json --reason "the control was miswired"',
  ).action(async (named: string, options: Options) => said("retract", named, options));
}

export function supersede(attest: Command): void {
  const command = attest
    .command("supersede <id>")
    .description("replace an attestation with another one, to which readers of the old one are led")
    .requiredOption("--by <id>", "the one that takes its place, in the same registry");
  withExamples(
    withCommon(command),
    "F=$(ls demo/attestations/test_*.json | head -1); attest demo; attest supersede $F --by $(ls -t demo/attestations/test_*.json | head -1) --reason 'run again'",
  ).action(async (named: string, options: Options) => said("supersede", named, options));
}

export function abandon(attest: Command): void {
  const command = attest
    .command("abandon <plan>")
    .description("abandon an announced test, with a reason: its plan is no longer open");
  withExamples(
    withCommon(command),
    "attest run -- node --test; attest abandon plan_0123456789abcdef --reason 'the machine died' || true",
  ).action(async (named: string, options: Options) => said("abandon", named, options));
}

async function said(action: "retract" | "supersede" | "abandon", named: string, options: Options): Promise<void> {
  const { reason, by, json } = options;
  const near = named.includes("/") ? named : undefined;
  const folder = registryFolder(options.registry, near);
  const destination = await destinationOf({ ...options, registry: folder });
  const registry = registryOf(destination);
  if (registry === undefined) throw new AttestError("registry-missing", "no registry here");
  const target = await targetIn(registry, named, engine);
  const successor = by === undefined ? undefined : await targetIn(registry, by, engine);
  const signer = await signerFor({ ...ownerOf(target), ...options }, destination);
  const made = await publishStatus({
    registry,
    action,
    target,
    by: successor,
    reason,
    signer,
    engine,
    now: new Date(),
  });
  const path = fileAt(folder, attestationPath(made.id));
  const { id, digest, heeded } = made;
  if (json) return void answerJson({ id, digest, about: target.digest, action, keyid: signer.key.keyid, heeded, path });
  answer(path);
  talk(
    `${WORD[action]} ${target.id}${successor === undefined ? "" : ` by ${successor.id}`}, signed with ${signer.key.keyid}`,
    ...(heeded
      ? []
      : [
          "you did not sign it, and your key is not a successor of its signer's: this is only a contradiction, without effect",
        ]),
  );
}

const WORD = { retract: "retracted", supersede: "superseded", abandon: "abandoned" } as const;

/** The user's own key among its signers. */
function ownerOf({ keyids }: Target): { readonly signer?: string } {
  const own = keystore()
    .list()
    .find(({ key }) => keyids.includes(key.keyid));
  return own === undefined ? {} : { signer: own.name };
}
