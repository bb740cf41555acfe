/** A registry with a log that has something to tell, and what its operator could do to it. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sealCheckpoint, type SignNow } from "../../src/core/log/checkpoint.js";
import { append } from "../../src/core/log/append.js";
import { parseKeyring } from "../../src/core/keys/keyring.js";
import { formatEntry, parseEntry, type LogEntry } from "../../src/core/log/entry.js";
import type { NoteKey } from "../../src/core/keys/note.js";
import { parseEntries } from "../../src/core/log/tiles.js";
import { LogKeys } from "../../src/keystore/log-keys.js";
import { nodeEngine } from "../../src/node/engine.js";
import { replace } from "../../src/node/files.js";
import { workspace, type Ran, type Workspace } from "./attest.js";

export const LOG = "lab/attestations/log";

/**
 * The registry `lab`: entries 0 and 1 are a plan and its VALIDATED result, 2 and 3 a plan and its REFUTED one, 4 is a plan whose run was
 * killed in the middle of its test.
 */
export async function told(): Promise<Workspace> {
  const work = workspace();
  work.write("a.txt", "a\n");
  await work.attest("init", "lab", "--origin", "example.org/lab");
  for (const command of ["true", "false"]) await run(work, command);
  await work.attestProcess(...runOf("kill -9 $PPID"));
  return work;
}

const runOf = (command: string, ...more: readonly string[]): string[] => [
  "run",
  "--registry",
  "lab",
  "--subject",
  "a.txt",
  ...more,
  "--",
  "/bin/sh",
  "-c",
  command,
];

export const run = (work: Workspace, command: string, ...more: readonly string[]): Promise<Ran> =>
  work.attest(...runOf(command, ...more));

export const names = (work: Workspace, pattern: RegExp): string[] =>
  readdirSync(work.path("lab/attestations"))
    .filter((name) => pattern.test(name))
    .sort();

/** The entries as they lie there, while all of them are in one bundle. */
export function leaves(work: Workspace, log = LOG): LogEntry[] {
  const folder = work.path(log, "tile/entries/000.p");
  const width = Math.max(...readdirSync(folder).map(Number));
  return parseEntries(new Uint8Array(readFileSync(join(folder, String(width)))), width).map(parseEntry);
}

/** The id of the document that an entry is of. */
export function idAt(work: Workspace, index: number): string {
  const leaf = leaves(work)[index];
  if (leaf === undefined || leaf.kind === "shard") return "none";
  return `${{ result: "test", plan: "plan", notice: "note" }[leaf.kind]}_${leaf.payload.slice(0, 16)}`;
}

export const read = (work: Workspace, path: string): Uint8Array => new Uint8Array(readFileSync(work.path(path)));

export function edit(work: Workspace, path: string, change: (bytes: Uint8Array) => Uint8Array): void {
  writeFileSync(work.path(path), change(read(work, path)));
}

export const flip = (at: number) => (bytes: Uint8Array) =>
  bytes.map((byte, index) => (index === (at + bytes.length) % bytes.length ? byte ^ 1 : byte));
/** In base64: another sign of its alphabet, which a flipped bit need not give. */
export const exchange = (at: number) => (bytes: Uint8Array) => bytes.with(at, bytes.at(at) === 0x41 ? 0x42 : 0x41);

/** The log's key, as its operator has it. */
export function operator(work: Workspace): { readonly key: NoteKey; readonly sign: SignNow } {
  const key = parseKeyring(read(work, "lab/keys/keyring.json"), nodeEngine).logs[0]?.key;
  const signer = key && new LogKeys(work.home, nodeEngine, {}).find(key);
  if (signer === undefined) throw new Error("the log's key is not there");
  return signer;
}

/** Puts another log in its place, under the same key and in good order. */
export function forge(work: Workspace, entries: readonly LogEntry[]): void {
  const { key, sign } = operator(work);
  const { files, head } = append(0, entries.map(formatEntry), () => undefined, nodeEngine.sha256);
  rmSync(work.path(LOG), { recursive: true });
  for (const { path, bytes } of files) replace(work.path(LOG, path), bytes);
  replace(work.path(LOG, "checkpoint"), sealCheckpoint({ origin: key.name, ...head }, key, sign));
}

/** The registry as it was when only so much was there, kept aside before. */
export const keep = (work: Workspace, name: string): void =>
  cpSync(work.path("lab"), work.path(name), { recursive: true });
export function bringBack(work: Workspace, name: string): void {
  rmSync(work.path("lab"), { recursive: true });
  cpSync(work.path(name), work.path("lab"), { recursive: true });
}
