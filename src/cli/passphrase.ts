/** Sources of a passphrase; never an argument, which every process on the machine can read. */
import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { isUtf16 } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import { ioError } from "../node/faults.js";
import type { Passphrase } from "../keystore/keystore.js";
import { io } from "./io.js";

export interface PassphraseOptions {
  readonly passphraseFile?: string;
  readonly passphraseFd?: string;
}

/** Tries in this order: `--passphrase-file`, `--passphrase-fd`, `F3_ATTEST_PASSPHRASE`, a prompt on the terminal. Asks at most once. */
export function passphraseFrom(
  { passphraseFile, passphraseFd }: PassphraseOptions,
  prompt = "passphrase: ",
): Passphrase {
  let known: Promise<string | undefined> | undefined;
  const ask = async (): Promise<string | undefined> => {
    const given = fromOptions("--passphrase", passphraseFile, passphraseFd);
    if (given !== undefined) return given;
    const held = io().env["F3_ATTEST_PASSPHRASE"];
    if (held === "")
      throw new AttestError(
        "key-locked",
        "F3_ATTEST_PASSPHRASE is empty",
        "a CI secret that was not passed is empty; to be asked on the terminal, unset it",
      );
    return held === undefined ? (atTerminal() ? await onTerminal(prompt) : undefined) : held.replace(/^\ufeff/, "");
  };
  return () => (known ??= ask());
}

/** The new passphrase of a key: from `--new-passphrase-file`, `--new-passphrase-fd`, or typed twice. */
export async function newPassphrase(file: string | undefined, fd: string | undefined): Promise<string> {
  const given = fromOptions("--new-passphrase", file, fd);
  if (given !== undefined) return given;
  if (!atTerminal()) {
    throw new AttestError(
      "key-locked",
      "no terminal to ask for the new passphrase",
      "give it with --new-passphrase-file FILE or --new-passphrase-fd N",
    );
  }
  const first = await onTerminal("new passphrase: ");
  if (first === (await onTerminal("the same again: "))) return first;
  throw new AttestError("key-locked", "the two passphrases differ", "nothing was changed; run the same command again");
}

const atTerminal = (): boolean => io().stdin.isTTY === true && io().stderr.isTTY === true;

/** Undefined if neither option is given. */
function fromOptions(option: string, file: string | undefined, fd: string | undefined): string | undefined {
  if (file !== undefined) return firstLine(file, `the file of ${option}-file`);
  if (fd === undefined) return undefined;
  if (!/^\d{1,9}$/.test(fd))
    throw new AttestError("usage", `${option}-fd takes the number of an open file, not ${JSON.stringify(fd)}`);
  return firstLine(Number(fd), `file descriptor ${fd}`);
}

function firstLine(source: string | number, named: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(source);
  } catch (error) {
    throw ioError("read the passphrase from", named, error);
  }
  const end = bytes.indexOf("\n");
  const text = bytes.subarray(0, end < 0 ? bytes.length : end);
  // Editors on Windows write one of the two marks; after the first one the text is UTF-8.
  const found = isUtf16(bytes) ? "UTF-16" : isUtf8(text) ? undefined : "bytes that are not UTF-8";
  const line = text
    .toString("utf8")
    .replace(/^\ufeff/, "")
    .replace(/\r$/, "");
  bytes.fill(0);
  if (found !== undefined)
    throw new AttestError(
      "key-locked",
      `expected a passphrase as UTF-8 in ${named}, found ${found}`,
      "save the file as UTF-8",
    );
  if (line !== "") return line;
  throw new AttestError(
    "key-locked",
    `the first line of ${named} is empty, and no passphrase`,
    "an empty passphrase protects nothing",
  );
}

/** Reads a line without showing it. */
function onTerminal(prompt: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: io().stdin, output: silent, terminal: true });
  io().stderr.write(prompt); // only now: before this the terminal still echoes input
  return new Promise((resolve, reject) => {
    reader.once("close", () => reject(new AttestError("key-locked", "the input ended before a passphrase")));
    reader.once("SIGINT", () => {
      reject(new AttestError("interrupted", "interrupted at the prompt"));
      reader.close();
    });
    reader.question("", (line) => {
      // Before the close, which would refuse.
      if (line === "") reject(new AttestError("key-locked", "the passphrase is empty", "run the same command again"));
      else resolve(line);
      reader.close();
      io().stderr.write("\n");
    });
  });
}
