/** The options that say who signs and where the result goes, and what they mean; for each verb that signs. */
import type { Command } from "commander";
import type { Signer } from "../core/key.js";
import { toFile, toRegistry, type Destination } from "../pipeline/destination.js";
import { chooseSigner } from "../pipeline/signers.js";
import { engine, keystore, registryFolder, withPassphrase } from "./context.js";
import { passphraseFrom, type PassphraseOptions } from "./passphrase.js";

export interface SigningOptions extends PassphraseOptions {
  readonly registry?: string;
  readonly signer?: string;
  readonly output?: string;
}

export const withSigning = (command: Command): Command =>
  withPassphrase(
    command
      .option("--registry <dir>", "the registry to publish to (the nearest one, unless you say otherwise)")
      .option("--signer <name>", "the key that signs")
      .option("--output <file>", "write the attestation there, and its evidence beside it, instead of publishing"),
  );

/** `near` is a file whose registry is meant when none is named. */
export const destinationOf = async ({ output, registry }: SigningOptions, near?: string): Promise<Destination> =>
  output === undefined ? await toRegistry(registryFolder(registry, near), engine) : toFile(output);

export async function signerFor(options: SigningOptions, destination: Destination): Promise<Signer> {
  const registry = "registry" in destination ? destination.registry : undefined;
  const { name } = await chooseSigner(keystore(), options.signer, registry);
  return await keystore().signer(name, passphraseFrom(options));
}
