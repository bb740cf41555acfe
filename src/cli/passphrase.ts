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
    if (passphraseFile !== undefined) return firstLine(passphraseFile, "its file");
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
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: silent, terminal: true });
  process.stderr.write(prompt); // only now: before, the terminal still echoes what is typed
  return new Promise((resolve, reject) => {
    reader.once("close", () => reject(new AttestError("key-locked", "expected a passphrase, found the end of input")));
    reader.once("SIGINT", () => {
      reject(new AttestError("interrupted", "interrupted at the prompt"));
      reader.close();
    });
    reader.question("", (line) => {
      resolve(line); // before the close, which would refuse
      reader.close();
      process.stderr.write("\n");
    });
  });
}
