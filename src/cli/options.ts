/** Options that several commands have, and what their help shows. */
import { InvalidArgumentError, type Command } from "commander";

export const withPassphrase = (command: Command): Command =>
  command
    .option("--passphrase-file <file>", "read the passphrase of the signing key from the first line of a file")
    .option("--passphrase-fd <n>", "read it from an open file descriptor");

export interface SecretOptions {
  readonly allowSecret?: readonly string[];
}

export const withAllowSecret = (command: Command): Command =>
  command.option("--allow-secret <rule>", "publish even if something looks like this kind of secret", collect);

export interface RelationOptions {
  readonly allowRelation?: readonly string[];
}

export const withAllowRelation = (command: Command): Command =>
  command.option(
    "--allow-relation <type:digest>",
    "sign although it has this relation to another attestation, for example supersedes:DIGEST (several allowed)",
    collect,
  );

export const withJson = (command: Command): Command =>
  command.option("--json", "print one JSON object, on success and on failure");

/** Adds pasteable examples to a command's help. */
export const withExamples = (command: Command, ...examples: readonly string[]): Command =>
  command.addHelpText("after", `\nExamples:\n${examples.map((example) => `  ${example}`).join("\n")}`);

export const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** The limit of Node's timers. */
const MAX_SECONDS = 2_000_000;

/** Parses `--timeout <seconds>` into milliseconds. */
export function milliseconds(text: string): number {
  const seconds = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : 0;
  if (seconds > 0 && seconds <= MAX_SECONDS) return seconds * 1000;
  throw new InvalidArgumentError(`It takes seconds, more than 0 and at most ${MAX_SECONDS}.`);
}
