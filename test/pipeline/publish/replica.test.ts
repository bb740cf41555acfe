/** A registry is copied to a store that several machines write, broken off at every call, and repeated: in the end it is there, whole. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { utf8 } from "../../../src/core/bytes.js";
import type { Json } from "../../../src/core/json.js";
import { formatKeyring, parseKeyring } from "../../../src/core/keys/keyring.js";
import { noteKey } from "../../../src/core/keys/note.js";
import { formatEntries, parseEntries } from "../../../src/core/log/tiles.js";
import { LogKeys } from "../../../src/keystore/log-keys.js";
import { LogMemory } from "../../../src/keystore/log-memory.js";
import { nodeEngine } from "../../../src/node/engine.js";
import { replicate, type Replicated } from "../../../src/pipeline/publish/replica.js";
import { checkLogs } from "../../../src/pipeline/log/check.js";
import { logPlaceOf } from "../../../src/pipeline/log/source.js";
import { Directory } from "../../../src/store/directory.js";
import { Registry, type Publication } from "../../../src/store/registry.js";
import { copyFolder } from "../../cli/attest.js";
import { sha256 } from "../../cli/drafts.js";
import { idOf } from "../../core/looking.js";
import { sealed, signer, statement } from "../../core/making.js";
import { NIGHT } from "../../night.js";
import { SharedFolder, type Before } from "../../store/shared-folder.js";

const me = signer();
let base = "";
let from = "";
let count = 0;
let keys: LogKeys;

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "attest-replica-"));
  from = join(base, "lab");
  keys = new LogKeys(join(base, "home"), nodeEngine, {});
  const about = { origin: "example.org/lab", title: "Lab" };
  const signers = { name: "me", key: me.key, validFrom: "2026-01-01T00:00:00Z" };
  await Registry.create(new Directory(from), about, nodeEngine, keys, () => signers);
  for (let at = 0; at < 3; at += 1) await (await opened(from)).publish(await result(from));
  copyFolder(join(base, "home"), join(base, "home-then")); // it remembers what is in the folder
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

const opened = (folder: string, store = new Directory(folder)): Promise<Registry> =>
  Registry.open(store, nodeEngine, (key) => keys.find(key));

async function result(folder: string): Promise<Publication> {
  const title = `Result ${(count += 1)}`;
  const log = (await (await opened(folder)).log.current()) as unknown as Json;
  const bytes = sealed(statement({ predicate: { f3: { title, log } } }), me);
  const piece = utf8(`output of ${title}`);
  return { id: idOf(bytes), bytes, evidence: new Map([[sha256(`output of ${title}`), piece]]) };
}

const copied = (source: string, to: Directory, by = keys): Promise<Replicated> =>
  replicate({ from: new Directory(source), to, engine: nodeEngine, logSigners: (key) => by.find(key) });

/** Another machine with the same keys: a lock that it never gives back is its own. */
function twin(name: string, of = "home"): LogKeys {
  copyFolder(join(base, of), join(base, name));
  return new LogKeys(join(base, name), nodeEngine, {});
}

async function mustBeWhole(folder: string, documents: number, memory = join(folder, "../memory")): Promise<void> {
  const registry = await opened(folder);
  expect((await registry.names()).length).toBe(documents);
  const place = await logPlaceOf(registry, folder);
  const { findings } = await checkLogs({
    place,
    engine: nodeEngine,
    keys: [],
    now: new Date(),
    memory: new LogMemory(memory),
  } as never);
  expect(findings.filter(({ code }) => code !== "key-unknown")).toEqual([]);
}

const gone = new Promise<never>(() => undefined);
const dyingAfter = (calls: number): { readonly before: Before; readonly dead: Promise<"dead"> } => {
  let left = calls;
  let die: (word: "dead") => void = () => undefined;
  const dead = new Promise<"dead">((resolve) => (die = resolve));
  const before: Before = async () => {
    await Promise.resolve();
    left -= 1;
    if (left >= 0) return;
    die("dead");
    await gone;
  };
  return { before, dead };
};

test("broken off at any call, and repeated", { timeout: 600_000 }, async () => {
  let finished = false;
  for (let calls = 0; !finished; calls += NIGHT ? 1 : 3) {
    const to = join(base, `to-${calls}`);
    const { before, dead } = dyingAfter(calls);
    const ended = await Promise.race([copied(from, new SharedFolder(to, before), twin(`home-${calls}`)), dead]);
    finished = ended !== "dead";
    await copied(from, new SharedFolder(to));
    await mustBeWhole(to, 3);
    expect(await copied(from, new SharedFolder(to))).toMatchObject({
      documents: 0,
      evidence: 0,
      entries: 0,
      entered: [],
    });
    rmSync(to, { recursive: true });
  }
});

test(
  "more of it, broken off at any call: the log goes on by turns, and whoever comes next finishes them",
  { timeout: 600_000 },
  async () => {
    const [begun, more] = [join(base, "begun"), join(base, "more")];
    await copied(from, new SharedFolder(begun));
    cpSync(from, more, { recursive: true });
    for (let at = 0; at < 2; at += 1) await (await opened(more)).publish(await result(more));
    const checkpoint = readFileSync(join(more, "attestations/log/checkpoint"), "utf8");
    let finished = false;
    for (let calls = 0; !finished; calls += NIGHT ? 1 : 3) {
      const to = join(base, `more-${calls}`);
      cpSync(begun, to, { recursive: true });
      const { before, dead } = dyingAfter(calls);
      const ended = await Promise.race([copied(more, new SharedFolder(to, before), twin(`home-more-${calls}`)), dead]);
      finished = ended !== "dead";
      await copied(more, new SharedFolder(to));
      await mustBeWhole(to, 5);
      expect(readFileSync(join(to, "attestations/log/checkpoint"), "utf8")).toBe(checkpoint);
      expect(readdirSync(join(to, "attestations/log/turns"))).toEqual(["000000000003.json"]);
      rmSync(to, { recursive: true });
    }
  },
);

test("a document that no listed signer signed is entered in no log, and claims no plan", async () => {
  const [planted, to] = [join(base, "planted"), join(base, "planted-to")];
  const own = twin("home-planted", "home-then");
  cpSync(from, planted, { recursive: true });
  const { bytes } = await result(planted);
  const document = JSON.parse(Buffer.from(bytes).toString()) as { signatures: { keyid: string; sig: string }[] };
  const [{ keyid, sig }] = document.signatures as [{ keyid: string; sig: string }];
  const bad = Buffer.alloc(64, 1).toString("base64");
  const by = sealed(statement({ predicate: { f3: { title: "By a stranger" } } }), signer());
  for (const [id, text] of [
    [idOf(bytes), JSON.stringify({ ...document, signatures: [{ keyid, sig: bad }] })],
    [idOf(by), Buffer.from(by).toString()],
  ] as const)
    writeFileSync(join(planted, "attestations", `${id}.json`), text);
  expect(await copied(planted, new SharedFolder(to), own)).toMatchObject({ documents: 5, entries: 3, entered: [] });
  // With a signature that is good beside it: an entry would name the other key.
  const both = JSON.stringify({
    ...document,
    signatures: [
      { keyid, sig },
      { keyid: signer().key.keyid, sig: bad },
    ],
  });
  writeFileSync(join(planted, "attestations", `${idOf(bytes)}.json`), both);
  expect(await copied(planted, new SharedFolder(join(base, "planted-too")), own)).toMatchObject({ entered: [] });
  // And as it should be.
  writeFileSync(join(planted, "attestations", `${idOf(bytes)}.json`), bytes);
  expect(await copied(planted, new SharedFolder(join(base, "planted-well")), own)).toMatchObject({
    entered: [idOf(bytes)],
  });
});

test("keyrings that cannot be one are refused before anything is written", async () => {
  const [there, here] = [join(base, "keyring-there"), join(base, "keyring-here")];
  for (const folder of [there, here]) cpSync(from, folder, { recursive: true });
  const keyringOf = (folder: string): string => join(folder, "keys/keyring.json");
  const before = parseKeyring(readFileSync(keyringOf(there)), nodeEngine);
  const validFrom = "2026-01-01T00:00:00Z";
  const { key } = signer();
  const witness = noteKey("witness", key.bytes, "cosignature-v1", nodeEngine);
  const witnesses = [{ name: "witness", key: witness, validFrom }];
  writeFileSync(keyringOf(there), formatKeyring({ ...before, witnesses }));
  const kept = readFileSync(keyringOf(there), "utf8");
  writeFileSync(
    keyringOf(here),
    formatKeyring({ ...before, signers: [...before.signers, { name: "a", key, validFrom }] }),
  );
  await expect(copied(here, new Directory(there))).rejects.toMatchObject({ code: "keyring-format" });
  expect(readFileSync(keyringOf(there), "utf8")).toBe(kept);
});

test.each([
  ["to an empty place", false],
  ["to one that has some", true],
])("a log that goes on while it is copied %s", async (name, isBegun) => {
  const [busy, to] = [join(base, `busy-${isBegun}`), join(base, `busy-${isBegun}-to`)];
  const own = twin(`home-busy-${isBegun}`, "home-then");
  const publish = async (): Promise<void> => {
    const registry = await Registry.open(new Directory(busy), nodeEngine, (key) => own.find(key));
    await registry.publish(await result(busy));
  };
  cpSync(from, busy, { recursive: true });
  if (isBegun) {
    await copied(busy, new SharedFolder(to), own);
    await publish();
  }
  let reads = 0;
  const source = new SharedFolder(busy, async (call, path) => {
    if (call !== "read" || path !== "attestations/log/checkpoint" || (reads += 1) !== 2) return;
    await publish();
  });
  const done = await replicate({
    from: source,
    to: new SharedFolder(to),
    engine: nodeEngine,
    logSigners: (key) => own.find(key),
  });
  expect({ name, ...done }).toMatchObject({ name, entries: isBegun ? 2 : 3 });
  expect(await copied(busy, new SharedFolder(to), own)).toMatchObject({ entries: isBegun ? 0 : 1 });
  await mustBeWhole(to, isBegun ? 5 : 4, `${to}-memory`);
});

test("a place that shows other entries at the second look gets no signature for them", async () => {
  const [hostile, to] = [join(base, "hostile"), join(base, "hostile-to")];
  await copied(from, new SharedFolder(to));
  cpSync(from, hostile, { recursive: true });
  const own = twin("home-hostile", "home-then");
  const registry = await Registry.open(new Directory(hostile), nodeEngine, (key) => own.find(key));
  await registry.publish(await result(hostile));
  const bundle = "attestations/log/tile/entries/000.p/4";
  let reads = 0;
  const source = new SharedFolder(hostile, (call, path) => {
    if (call !== "read" || path !== bundle || (reads += 1) !== 2) return Promise.resolve();
    const [first, ...more] = parseEntries(new Uint8Array(readFileSync(join(hostile, bundle))), 4);
    writeFileSync(join(hostile, bundle), formatEntries([...more, first!]));
    return Promise.resolve();
  });
  const ended = replicate({
    from: source,
    to: new SharedFolder(to),
    engine: nodeEngine,
    logSigners: (key) => own.find(key),
  });
  await expect(ended).rejects.toMatchObject({ code: "log-fork" });
  expect(reads).toBe(2);
  expect(existsSync(join(to, "attestations/log/turns"))).toBe(false);
});
