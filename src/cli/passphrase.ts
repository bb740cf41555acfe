/** Where a passphrase may come from; never from an argument, which every process on the machine can read. */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { AttestError } from "../core/errors.js";
import { ioError } from "../node/files.js";
import type { Passphrase } from "../keystore/keystore.js";

export interface PassphraseOptions {
  readonly passphraseFile?: string;
  readonly passphraseFd?: string;
}

/** In this order: `--passphrase-file`, `--passphrase-fd`, `F3_ATTEST_PASSPHRASE`, a prompt on the terminal. Asked at most once. */
export function passphraseFrom(
  { passphraseFile, passphraseFd }: PassphraseOptions,
  prompt = "passphrase: ",
): Passphrase {
  let known: Promise<string | undefined> | undefined;
  const ask = async (): Promise<string | undefined> => {
    if (passphraseFile !== undefined) return firstLine(passphraseFile, passphraseFile);
    if (passphraseFd !== undefined) {
      if (!/^\d+$/.test(passphraseFd))
        throw new AttestError(
          "usage",
          `expected the number of an open file for --passphrase-fd, found ${JSON.stringify(passphraseFd)}`,
        );
      return firstLine(Number(passphraseFd), `file descriptor ${passphraseFd}`);
    }
    const given = process.env["F3_ATTEST_PASSPHRASE"];
    if (given !== undefined) return given; // empty is not unset
    return process.stdin.isTTY && process.stderr.isTTY ? await onTerminal(prompt) : undefined;
  };
  return () => (known ??= ask());
}

export function firstLine(source: string | number, named: string): string {
  try {
    return readFileSync(source, "utf8").replace(/\r?\n[\s\S]*$/, "");
  } catch (error) {
    throw ioError("read the passphrase from", named, error);
  }
}

/** Reads a line without showing it. */
export function onTerminal(prompt: string): Promise<string> {
  process.stderr.write(prompt);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: silent, terminal: true });
  return new Promise((resolve, reject) => {
    reader.once("SIGINT", () => {
      reader.close();
      reject(new AttestError("interrupted", "interrupted at the prompt"));
    });
    reader.question("", (line) => {
      reader.close();
      process.stderr.write("\n");
      resolve(line);
    });
  });
}
