/** Processes that append to one log, killed at any moment or side by side, and what must hold of the log then. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { equal, fromUtf8, type Bytes } from "../../src/core/bytes.js";
import { openCheckpoint } from "../../src/core/log/checkpoint.js";
import { formatEntry } from "../../src/core/log/entry.js";
import { formatNoteKey, type NoteKey } from "../../src/core/keys/note.js";
import { rootAt } from "../../src/core/log/tiles.js";
import { LogKeys } from "../../src/keystore/log-keys.js";
import { nodeEngine } from "../../src/node/engine.js";
import { Directory } from "../../src/store/directory.js";
import { LogWriter } from "../../src/store/log-writer.js";
import { temporary } from "../cli/attest.js";
import { bytesAt, hash, leaf, proofOf, proven, whole } from "./logs.js";

const APPEND = fileURLToPath(new URL("append.mjs", import.meta.url));

export interface Log {
  /** The folder `log` is in it, and the proofs. */
  readonly folder: string;
  readonly home: string;
  readonly key: NoteKey;
}

async function begun(): Promise<Log> {
  const root = temporary();
  const log = { folder: join(root, "registry"), home: join(root, "home") };
  const signer = new LogKeys(log.home, nodeEngine, {}).create("example.org/lab/attestations/log");
  await new LogWriter(new Directory(log.folder), "log", signer, nodeEngine, () => undefined).settle();
  return { ...log, key: signer.key };
}

/** Whoever waits long enough may take the lock of the dead. */
export function aged(home: string): void {
  const long = new Date(Date.now() - 60_000);
  for (const name of readdirSync(home, { recursive: true, encoding: "utf8" }))
    if (name.endsWith(".checkpoint.lock")) utimesSync(join(home, name), long, long);
}

/** What was remembered is a log that goes on from what is published; the tiles of both are there. Returns the entries that are published. */
export function held({ folder, home, key }: Log): readonly string[] {
  const entries = whole(folder, key);
  const last = openCheckpoint(bytesAt(memoryOf(home)), key, [], nodeEngine).checkpoint;
  expect(last.size).toBeGreaterThanOrEqual(entries.length);
  const tile = (path: string): Bytes | undefined => {
    const place = join(folder, "log", path);
    return existsSync(place) ? bytesAt(place) : undefined;
  };
  expect(equal(rootAt(last.size, last.size, tile, hash), last.root)).toBe(true);
  const texts = entries.map(fromUtf8);
  expect(new Set(texts).size).toBe(texts.length);
  return texts;
}

function memoryOf(home: string): string {
  const [only = "", ...more] = readdirSync(join(home, "logs"));
  expect(more).toEqual([]);
  return join(home, "logs", only, "checkpoint");
}

function appending({ folder, home, key }: Log, name: string, ...more: readonly string[]): ChildProcess {
  const args = [APPEND, folder, home, formatNoteKey(key), name, ...more];
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
}

/** Name and index of each entry that it said is published, when it has ended. */
async function said(child: ChildProcess, seen: (text: string) => void = () => undefined): Promise<[string, number][]> {
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (more: string) => seen((text += more)));
  await new Promise((done) => child.once("close", done));
  return [...text.matchAll(/^(\S+) (\d+)\n/gm)].map(([, name = "", index]) => [name, Number(index)]);
}

function acknowledged(entries: readonly string[], told: readonly (readonly [string, number])[], log: Log): void {
  for (const [name, index] of told) {
    expect(entries[index], `${name} at ${index}`).toBe(fromUtf8(formatEntry(leaf(name))));
    expect(proven(bytesAt(proofOf(log.folder, leaf(name))), leaf(name), log.key)).toBe(index);
  }
}

/** Returns how many of the killed had the lock: those were killed in the midst of their work. */
export async function killedAgainAndAgain(kills: number): Promise<number> {
  const log = await begun();
  const all: [string, number][] = [];
  let midst = 0;
  for (let trial = 0; trial < kills; trial += 1) {
    const child = appending(log, `trial${trial}`);
    // Every other one only when it has said something that must not be lost.
    const lines = trial % 2 === 0 ? 1 : 2 + Math.floor(Math.random() * 6);
    let waiting = false;
    const told = await said(child, (text) => {
      if (waiting || text.split("\n").length <= lines) return;
      waiting = true;
      void sleep(Math.random() * 100).then(() => child.kill("SIGKILL"));
    });
    if (readdirSync(log.home, { recursive: true, encoding: "utf8" }).some((name) => name.endsWith(".lock"))) midst += 1;
    aged(log.home);
    const entries = held(log);
    acknowledged(entries, told, log);
    all.push(...told);
  }
  const finished = await said(appending(log, "last", "3"));
  expect(finished).toHaveLength(3);
  acknowledged(held(log), [...all, ...finished], log);
  expect(all.length).toBeGreaterThanOrEqual(Math.floor(kills / 2));
  return midst;
}

/** So many processes at once, so many entries of each. */
export async function sideBySide(processes: number, each: number): Promise<void> {
  const log = await begun();
  const names = Array.from({ length: processes }, (_, at) => `process${at}`);
  const told = await Promise.all(names.map((name) => said(appending(log, name, String(each)))));
  const entries = held(log);
  expect(entries).toHaveLength(processes * each);
  for (const one of told) {
    expect(one).toHaveLength(each);
    acknowledged(entries, one, log);
    const indexes = one.map(([, index]) => index);
    expect(indexes).toEqual([...indexes].sort((a, b) => a - b)); // in the order of its calls
  }
  expect(
    told
      .flat()
      .map(([, index]) => index)
      .sort((a, b) => a - b),
  ).toEqual(entries.map((_, at) => at));
}
