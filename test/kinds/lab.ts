/** A registry as its publisher may spoil it, and a reader who has the publisher's key from elsewhere. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { expect } from "vitest";
import type { JsonObject } from "../../src/core/json.js";
import type { Notice } from "../../src/core/notice.js";
import type { Draft } from "../../src/core/statement.js";
import { Keystore } from "../../src/keystore/keystore.js";
import { LogKeys } from "../../src/keystore/log-keys.js";
import { nodeEngine } from "../../src/node/engine.js";
import { signNotice, signRotation } from "../../src/pipeline/notice.js";
import { sign } from "../../src/pipeline/sign.js";
import { Directory } from "../../src/store/directory.js";
import { Registry } from "../../src/store/registry.js";
import { attest, stranger, type Ran, type Workspace } from "../cli/attest.js";

export const ok = (ran: Ran, code = 0): Ran => {
  expect(ran.code, ran.stdout + ran.stderr).toBe(code);
  return ran;
};

export const ATTESTATIONS = "lab/attestations";
export const names = (work: Workspace, pattern: RegExp): string[] =>
  readdirSync(work.path(ATTESTATIONS)).filter((name) => pattern.test(name) && name.endsWith(".json"));

const payloadOf = (work: Workspace, name: string): JsonObject =>
  (JSON.parse(readFileSync(work.path(ATTESTATIONS, name), "utf8")) as { payload: JsonObject }).payload;

/** Keeps the files of notices with that action back; their entries stay. */
export function withhold(work: Workspace, action: Notice["action"]): void {
  const found = names(work, /^note_/).filter(
    (name) => (payloadOf(work, name)["predicate"] as JsonObject)["action"] === action,
  );
  expect(found).not.toEqual([]);
  for (const name of found) rmSync(work.path(ATTESTATIONS, name));
}

export const keystoreOf = (work: Workspace): Keystore => new Keystore(work.home, nodeEngine);
const noPassphrase = (): Promise<undefined> => Promise.resolve(undefined);

/** A hand-over that nobody publishes but who has both keys, and that no log has. */
export async function handOver(work: Workspace, from: string, to: string, now = new Date()): Promise<void> {
  const store = keystoreOf(work);
  if (store.list().every(({ name }) => name !== to)) store.create(to);
  const [old, next] = [await store.signer(from, noPassphrase), await store.signer(to, noPassphrase)];
  const { id, bytes } = await signRotation({ from: old, to: next, reason: "planned", engine: nodeEngine, now });
  writeFileSync(work.path(ATTESTATIONS, `${id}.json`), bytes);
}

/** A result that is signed and published by whoever has the keys, without the program's checks of what it says. Returns its file. */
export async function publishAs(work: Workspace, by: string, draft: Draft): Promise<string> {
  const logs = new LogKeys(work.home, nodeEngine, {});
  const registry = await Registry.open(new Directory(work.path("lab")), nodeEngine, (key) => logs.find(key));
  const signer = await keystoreOf(work).signer(by, noPassphrase);
  const signed = await sign(draft, signer, nodeEngine, new Date(), await registry.log.current());
  await registry.publish({ ...signed, evidence: new Map() });
  return `${ATTESTATIONS}/${signed.id}.json`;
}

/** A notice by that key, put beside the others without the program's help. */
export async function plant(work: Workspace, by: string, notice: Notice): Promise<void> {
  const signer = await keystoreOf(work).signer(by, noPassphrase);
  const { id, bytes } = await signNotice(notice, [signer], nodeEngine);
  writeFileSync(work.path(ATTESTATIONS, `${id}.json`), bytes);
}

/** Who has no key of their own, and a memory of their own. */
export const reader =
  (work: Workspace) =>
  (...args: readonly string[]): Promise<Ran> =>
    attest(args, stranger(work));

export const fileOf = (path: string): string => `${ATTESTATIONS}/${basename(path)}`;
