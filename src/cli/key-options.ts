/** Options for keys, notices and witnesses: every command that verifies shares them. */
import type { Command } from "commander";
import { AttestError } from "../core/errors.js";
import type { KeyRequest } from "../pipeline/load/trusted-keys.js";
import { engine, keystore, pins } from "./context.js";
import { collect } from "./options.js";
import { talk } from "./ui.js";
import { io } from "./io.js";
import type { Environment } from "../store/open.js";

export interface KeyOptions {
  readonly key?: readonly string[];
  readonly keyring?: readonly string[];
  readonly notice?: readonly string[];
}

export interface WitnessOptions {
  readonly witness?: readonly string[];
}

export const withKeys = (command: Command): Command =>
  command
    .option(
      "--key <line|file|url>",
      "public keys that you trust: the line itself, a file, or an https address (several allowed)",
      collect,
    )
    .option("--keyring <file>", "a keyring that you trust (several allowed)", collect);

/** An unreadable source of keys adds no trust: a note, not a verdict. */
function asFarAsReadable<T>(lacking: string, list: () => readonly T[]): readonly T[] {
  try {
    return list();
  } catch (error) {
    if (!(error instanceof AttestError) || error.code !== "io") throw error;
    talk(`${lacking}: ${error.message}`);
    return [];
  }
}

/** The keys named by the options of `withKeys`, and the user's own. */
export const keyRequest = ({
  key = [],
  keyring = [],
}: KeyOptions): KeyRequest & { readonly environment: Environment } => ({
  keys: key,
  keyrings: keyring,
  keystore: { list: () => asFarAsReadable("your own keys are not known", () => keystore().list()) },
  pins: asFarAsReadable("your pins are not known, so another key in place of a pinned one would not be noticed", () =>
    pins().list(),
  ),
  engine,
  environment: io().env,
  now: new Date(),
});

export const withNotices = (command: Command): Command =>
  command.option(
    "--notice <file>",
    "a notice from elsewhere: a receipt, rotation or revocation (several allowed)",
    collect,
  );

/** For commands whose answer may depend on when a signature was seen. */
export const withWitnesses = (command: Command): Command =>
  command.option("--witness <line|file>", "the key line of a witness whose times you trust (several allowed)", collect);
