/** One answer to a plan, whoever writes it, and wherever they are killed: each write of a publisher fails once, and the next goes on from there. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { equal, type Bytes } from "../../src/core/bytes.js";
import { AttestError } from "../../src/core/errors.js";
import type { Signer } from "../../src/core/keys/key.js";
import { draft, type Draft } from "../../src/core/statement/statement.js";
import { Keystore } from "../../src/keystore/keystore.js";
import { LogKeys } from "../../src/keystore/log-keys.js";
import { nodeEngine as engine } from "../../src/node/engine.js";
import { answeredBy, answerPlan, finishAnswer } from "../../src/pipeline/queue/answer.js";
import { readPlanned, type PlannedRun } from "../../src/pipeline/queue/planned-run.js";
import { announce } from "../../src/pipeline/run/announce.js";
import { Directory } from "../../src/store/directory.js";
import type { Created } from "../../src/store/store.js";
import { Registry } from "../../src/store/registry.js";
import { workspace, type Workspace } from "../cli/attest.js";
import { drafted, sha256 } from "../cli/drafts.js";

let work: Workspace;
let signer: Signer;
let planned: PlannedRun;

/** A store whose writer is killed at its nth write. */
class Killed extends Directory {
  left: number;
  constructor(root: string, left: number) {
    super(root);
    this.left = left;
  }
  override create(path: string, bytes: Bytes): Promise<Created> {
    this.#count(path);
    return super.create(path, bytes);
  }
  override replace(path: string, bytes: Bytes, still?: () => void): Promise<void> {
    this.#count(path);
    return super.replace(path, bytes, still);
  }
  override createEach(files: ReadonlyMap<string, Bytes>): Promise<void> {
    for (const path of files.keys()) this.#count(path);
    return super.createEach(files);
  }
  override replaceEach(files: ReadonlyMap<string, Bytes>, still?: () => void): Promise<void> {
    for (const path of files.keys()) this.#count(path);
    return super.replaceEach(files, still);
  }
  #count(path: string): void {
    if ((this.left -= 1) === 0) throw new AttestError("io", `killed at ${path}`);
  }
}

const registryOn = (store: Directory): Promise<Registry> =>
  Registry.open(store, engine, (key) => new LogKeys(work.home, engine, {}).find(key));
const lab = (): string => work.path("lab");
const results = (): string[] =>
  readdirSync(join(lab(), "attestations")).filter((name) => name.startsWith("test_") && name.endsWith(".json"));

const evidence = (text: string): Map<string, Bytes> => new Map([[sha256(text), new TextEncoder().encode(text)]]);

/** What an attempt has come to; each prints something else. */
function attempt(text: string): { draft: Draft; evidence: Map<string, Bytes>; secrets: []; allowSecrets: [] } {
  const { subject, predicate } = drafted({ evidence: { "output.txt": text } });
  const relation = { type: "planned-by" as const, target: planned.id, digest: { sha256: planned.digest } };
  const now = new Date().toISOString();
  const run = { startedAt: now, finishedAt: now, command: ["true"], environment: {} };
  const made = draft({ subject, configuration: [], f3: { ...predicate.f3, relations: [relation], run } });
  return { draft: made, evidence: evidence(text), secrets: [], allowSecrets: [] };
}

const free = (): Promise<void> => Promise.resolve();

/** A registry with a plan. */
async function anew(): Promise<void> {
  work = workspace();
  await work.attest("key", "new", "signer");
  expect((await work.attest("init", "lab", "--origin", "example.org/lab")).code).toBe(0);
  signer = await new Keystore(work.home, engine).signer("signer", () => Promise.resolve(undefined));
  const registry = await registryOn(new Directory(lab()));
  const { subject, predicate } = drafted();
  const { title, hypothesis, checks } = predicate.f3;
  const outline = { subject, title, hypothesis, checks, configuration: [], command: ["true"] };
  const relation = await announce(outline, [], {
    registry,
    signer,
    engine,
    withinMs: 60_000,
    allowSecrets: [],
    now: () => new Date(),
    announcing: () => undefined,
  });
  const digest = relation?.digest?.sha256 ?? "";
  planned = await readPlanned(registry, digest, { trusted: undefined, engine, now: new Date() });
}
beforeEach(anew);

const answering = async (store: Directory = new Directory(lab())) => ({
  registry: await registryOn(store),
  engine,
  signer,
});

async function isWhole(): Promise<void> {
  expect(results()).toHaveLength(1);
  const verified = await work.attest("verify", "lab", "--key", "lab/keys/signer.pub");
  expect(verified.code, verified.stdout + verified.stderr).toBe(0);
  const checked = await work.attest("log", "check", "lab");
  expect(checked.code, checked.stdout).toBe(0);
  expect(await answeredBy(await registryOn(new Directory(lab())), planned)).toBe(results()[0]?.replace(".json", ""));
}

test("of two that answer at once, both publish the one that was first", async () => {
  const both = await Promise.all(
    ["one", "other"].map(async (text) => answerPlan(planned, attempt(text), await answering(), free)),
  );
  expect(new Set(both).size).toBe(1);
  await isWhole();
});

test("one that is not the owner any more publishes nothing", async () => {
  const lost = (): Promise<void> => Promise.reject(new AttestError("run-lost", "another has it"));
  await expect(answerPlan(planned, attempt("one"), await answering(), lost)).rejects.toMatchObject({
    code: "run-lost",
  });
  expect(results()).toEqual([]);
  expect(await finishAnswer(planned, await answering())).toBeUndefined();
});

test("what others put in the place of the decision is not published", async () => {
  const first = attempt("one");
  await answerPlan(planned, first, await answering(), free);
  const foreign = readFileSync(join(lab(), "attestations", results()[0] ?? ""));
  const keyid = signer.key.keyid.replace("SHA256:", "").replaceAll("+", "-").replaceAll("/", "_");
  const place = `attestations/index/claims/${planned.id}/${keyid}.json`;
  await new Directory(lab()).remove(place);
  for (const bytes of [
    new Uint8Array(),
    new TextEncoder().encode("{}"),
    Uint8Array.from(foreign).map((byte, at) => (at === foreign.length >> 1 ? byte ^ 1 : byte)),
  ]) {
    const store = new Directory(lab());
    await store.create(place, bytes);
    await expect(finishAnswer(planned, await answering())).rejects.toMatchObject({ code: "run-refused" });
    await store.remove(place);
  }
});

describe("a publisher that is killed at any of its writes", () => {
  test("leaves it to the next to finish, with what was decided or with its own", async () => {
    let killed = 0;
    for (let at = 1; ; at += 1) {
      const store = new Killed(lab(), at);
      const first = await answerPlan(planned, attempt("first"), await answering(store), free).catch(
        (error: unknown) => {
          expect(error).toBeInstanceOf(AttestError);
          return undefined;
        },
      );
      if (store.left > 0) {
        expect(first).toBeDefined();
        break; // it was done before it would have been killed
      }
      killed += 1;
      const next = await answering();
      const id =
        (await finishAnswer(planned, next)) ??
        (await answeredBy(next.registry, planned)) ??
        (await answerPlan(planned, attempt("second"), next, free));
      expect(results()).toEqual([`${id}.json`]);
      await isWhole();
      await anew();
    }
    expect(killed).toBeGreaterThan(5);
  });
});

test("the bytes that are published are those that were claimed", async () => {
  const store = new Killed(lab(), Infinity);
  let decided: Bytes | undefined;
  const watching = Object.assign(store, {
    create: (path: string, bytes: Bytes) => {
      if (path.includes("/claims/")) decided = bytes;
      return Directory.prototype.create.call(store, path, bytes);
    },
  });
  const id = await answerPlan(planned, attempt("one"), await answering(watching), free);
  const bytes = new Uint8Array(readFileSync(join(lab(), "attestations", `${id}.json`)));
  expect(decided !== undefined && equal(decided, bytes)).toBe(true);
});
