/** The options for signer and destination, shared by all commands that sign. */
import { Option, type Command } from "commander";
import type { Bytes } from "../core/bytes.js";
import { commandLine } from "../node/command-line.js";
import type { PublicKey, Signer } from "../core/keys/key.js";
import type { LogName } from "../core/keys/keyring.js";
import { agentSigner, keyidInAgent, offered } from "../keystore/agent.js";
import { environmentSigner, KEY_VARIABLE } from "../keystore/environment.js";
import type { Passphrase } from "../keystore/keystore.js";
import { nearest } from "../node/paths.js";
import type { Again } from "../pipeline/run/keep-unpublished.js";
import { deliver, toFile, type Destination } from "../pipeline/run/destination.js";
import type { Attestation } from "../pipeline/publish/sign.js";
import { chooseSigner, nameIn, refuseEnded } from "../pipeline/publish/signers.js";
import { anywhere } from "../store/open.js";
import { REGISTRY_FILE, type Registry } from "../store/registry.js";
import { engine, keystore, registryFolder, openOutput } from "./context.js";
import { io } from "./io.js";
import { withPassphrase, type SecretOptions } from "./options.js";
import { passphraseFrom, type PassphraseOptions } from "./passphrase.js";
import { answerBytes, talk } from "./ui.js";

export interface SigningOptions extends PassphraseOptions {
  readonly registry?: string;
  readonly signer?: string;
  readonly output?: string;
}

export const withDestination = (command: Command): Command =>
  withPassphrase(
    command
      .option(
        "--registry <dir>",
        "the registry to publish to, a folder or s3://bucket/prefix (the nearest one by default)",
      )
      .option(
        "--output <file>",
        "write the attestation there, and its evidence beside it, instead of publishing; - prints it alone",
      ),
  );

/** What runs a test and writes nothing. */
export const dryRunOption = (): Option =>
  new Option("--dry-run", "run, and print what would be signed; nothing is written").conflicts("output");

export const withSigning = (command: Command): Command =>
  withDestination(
    command.option(
      "--signer <name>",
      "the key that signs: a name, or agent:SHA256:… for one in ssh-agent (F3_ATTEST_KEY, or the only one that fits)",
    ),
  );

/** Undefined for `--output -` (stdout). `near` is a file whose registry is the default. */
export async function destinationOf(
  { output, registry }: SigningOptions,
  near?: string,
): Promise<Destination | undefined> {
  if (output === "-") return undefined;
  return output === undefined ? await openOutput(registryFolder(registry, near)) : toFile(output);
}

/** Options for a hint: the same registry or file, signer, and exceptions. */
export function typedAgain(options: SigningOptions & SecretOptions, destination: Destination | undefined): Again {
  const { output, signer, passphraseFile, allowSecret = [] } = options;
  const folder = destination !== undefined && "folder" in destination ? anywhere(destination.folder) : undefined;
  const named = folder !== undefined && nearest(".", REGISTRY_FILE) !== folder;
  const registry = named ? ["--registry", folder] : [];
  const signing = [
    ...(output === undefined ? registry : ["--output", output]),
    ...(signer === undefined ? [] : ["--signer", signer]),
    ...(passphraseFile === undefined ? [] : ["--passphrase-file", passphraseFile]),
    ...allowSecret.flatMap((rule) => ["--allow-secret", rule]),
  ];
  const after = (words: readonly string[]): string => (words.length === 0 ? "" : ` ${commandLine(words)}`);
  return { registry: after(registry), signing: after(signing) };
}

/** Returns the path; undefined if the attestation was printed, without its evidence. */
export async function deliverOrPrint(
  destination: Destination | undefined,
  attestation: Attestation,
  evidence: ReadonlyMap<string, Bytes>,
  signer: Signer,
): Promise<string | undefined> {
  if (destination !== undefined) return await deliver(destination, attestation, evidence, signer);
  answerBytes(attestation.bytes);
  return undefined;
}

/**
 * A key that has not ended in the registry, with a writable log. @throws AttestError `key-revoked`, `key-retired`, `log-key-missing`,
 * `log-fork`
 */
export async function signerFor(options: SigningOptions, destination: Destination | undefined): Promise<Signer> {
  const registry = registryOf(destination);
  const signer = await openSigner(options, registry);
  await refuseEnded(signer, registry, engine);
  await registry?.log.ready();
  return signer;
}

/** The log that new statements of the registry name. */
export const logOf = async (destination: Destination | undefined): Promise<LogName | undefined> =>
  await registryOf(destination)?.log.current();

export const registryOf = (destination: Destination | undefined): Registry | undefined =>
  destination !== undefined && "registry" in destination ? destination.registry : undefined;

/** By keystore name, or `agent:SHA256:…`. @throws AttestError `key-missing`, `agent-failed`, `key-locked` */
export async function signerCalled(name: string, passphrase: Passphrase): Promise<Signer> {
  const keyid = keyidInAgent(name);
  return keyid === undefined
    ? await keystore().signer(keystore().find(name).name, passphrase)
    : await agentSigner(keyid, io().env["SSH_AUTH_SOCK"], engine);
}

/** The public key, without asking for a passphrase. */
export async function keyCalled(name: string): Promise<PublicKey> {
  const keyid = keyidInAgent(name);
  return keyid === undefined ? keystore().find(name).key : await offered(keyid, io().env["SSH_AUTH_SOCK"], engine);
}

/** The key of `--signer` (keystore or ssh-agent); else the one in `F3_ATTEST_KEY`, else the only one that fits. */
export async function openSigner(options: SigningOptions, registry: Registry | undefined): Promise<Signer> {
  const passphrase = passphraseFrom(options);
  const given = io().env[KEY_VARIABLE];
  const named = async (signer: Signer): Promise<Signer> => {
    const listed = await registry?.keyring();
    return listed === undefined ? signer : { ...signer, name: nameIn(listed, signer.key, signer.name, engine) };
  };
  if (options.signer !== undefined && keyidInAgent(options.signer) !== undefined)
    return await named(await signerCalled(options.signer, passphrase));
  if (options.signer === undefined && given !== undefined) {
    const signer = await environmentSigner(given, passphrase, engine);
    talk(`signing with the key from ${KEY_VARIABLE}, ${signer.key.keyid}`);
    return await named(signer);
  }
  const { name } = await chooseSigner(keystore(), options.signer, registry);
  return await keystore().signer(name, passphrase);
}
