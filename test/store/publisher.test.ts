/** Many published at once: in any grouping the registry that one by one gives, and what is refused or fails is named and harms no other. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { fromUtf8, utf8 } from "../../src/core/bytes.js";
import { AttestError } from "../../src/core/errors.js";
import { canonical, readable, type Json, type JsonObject } from "../../src/core/json.js";
import type { LogName } from "../../src/core/keys/keyring.js";
import { noticeStatement } from "../../src/core/statement/notice.js";
import { PLAN_TYPE } from "../../src/core/statement/plan.js";
import { identify } from "../../src/core/statement/statement.js";
import { LogKeys } from "../../src/keystore/log-keys.js";
import { nodeEngine } from "../../src/node/engine.js";
import { union } from "../../src/pipeline/publish/cosign.js";
import { Directory } from "../../src/store/directory.js";
import { attestationPath, evidencePath, Registry, type Publication } from "../../src/store/registry.js";
import { copyFolder } from "../cli/attest.js";
import { sha256 } from "../cli/drafts.js";
import { SharedFolder, type Before } from "./shared-folder.js";
import { idOf } from "../core/looking.js";
import { sealed, signer, statement, type Changes } from "../core/making.js";

const me = signer();
const someoneElse = signer();
let base = "";
let log: LogName;
/** An empty registry with a log, and its home, to be copied. */
let empty = "";
let copies = 0;

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "attest-publish-"));
  empty = join(base, "empty");
  const signers = [me, someoneElse].map(({ key }, at) => ({ name: `s${at}`, key, validFrom: "2026-01-01T00:00:00Z" }));
  const made = await Registry.create(
    new Directory(join(empty, "lab")),
    { origin: "example.org/lab", title: "Our lab" },
    nodeEngine,
    new LogKeys(join(empty, "home"), nodeEngine, {}),
    () => signers[0]!,
  );
  await made.listSigner(signers[1]!);
  log = (await made.log.current())!;
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

interface Place {
  readonly folder: string;
  readonly registry: Registry;
}

async function copy(store = (folder: string): Directory => new Directory(folder)): Promise<Place> {
  const place = join(base, String((copies += 1)));
  copyFolder(empty, place);
  const keys = new LogKeys(join(place, "home"), nodeEngine, {});
  const registry = await Registry.open(store(join(place, "lab")), nodeEngine, (key) => keys.find(key));
  return { folder: join(place, "lab"), registry };
}

const piece = (text: string): [string, Uint8Array] => [sha256(text), utf8(text)];

function result(title: string, f3: Changes = {}, by = me): Publication {
  const bytes = sealed(statement({ predicate: { f3: { title, log: log as unknown as Json, ...f3 } } }), by);
  return { id: idOf(bytes), bytes, evidence: new Map([piece(`output of ${title}`), piece("shared")]) };
}

function ofKind(kind: "plan" | "note", payload: JsonObject): Publication & { digest: string } {
  const bytes = sealed(payload, me);
  return { ...identify(canonical(payload), nodeEngine, kind), bytes, evidence: new Map() };
}

const plan = (title: string): Publication & { digest: string } =>
  ofKind("plan", {
    _type: statement()["_type"]!,
    subject: statement()["subject"]!,
    predicateType: PLAN_TYPE,
    predicate: {
      version: 1,
      title,
      hypothesis: "The sum of two numbers is their sum.",
      checks: [],
      configuration: [],
      command: ["some-program", "add.js"],
      nonce: "0".repeat(32),
      signedAt: "2026-03-01T09:00:00Z",
      deadline: "2026-03-01T12:00:00Z",
      log: log as unknown as Json,
    },
  });
const answering = (title: string, digest: string, by = me, f3: Changes = {}): Publication =>
  result(title, { relations: [{ type: "planned-by", target: "a plan", digest: { sha256: digest } }], ...f3 }, by);
function retraction(about: string): Publication {
  const notice = { action: "retract", about, reason: "Wrong.", signedAt: "2026-03-01T11:00:00Z" } as const;
  return ofKind("note", noticeStatement({ version: 1, ...notice, log: { ...log } }, nodeEngine) as Json as JsonObject);
}

/** Every file with its bytes: but proofs, whose checkpoint is that of their batch, and the unfinished tiles of earlier checkpoints. */
function files(folder: string): Record<string, string> {
  const size = Number(readFileSync(join(folder, "attestations/log/checkpoint"), "utf8").split("\n")[1]);
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name).slice(folder.length + 1)] : [],
  );
  const kept = names.filter(
    (name) => !name.endsWith(".tlog-proof") && (!/\.p\//.test(name) || name.endsWith(`/${size}`)),
  );
  return Object.fromEntries(kept.sort().map((name) => [name, readFileSync(join(folder, name), "latin1")]));
}
const names = (folder: string): string[] => readdirSync(join(folder, "attestations")).filter((name) => /_/.test(name));
const codes = (all: readonly { readonly fault?: AttestError }[]): (string | undefined)[] =>
  all.map(({ fault }) => fault?.code);

describe("in any grouping", () => {
  let documents: Publication[];
  let oneByOne: Record<string, string>;
  beforeAll(async () => {
    const [first, second] = [plan("First"), plan("Second")];
    const told = result("Told");
    documents = [
      result("A"),
      first,
      second,
      answering("Answer", first.digest),
      told,
      retraction("ab".repeat(32)),
      answering("Another", second.digest),
      answering("Of someone else", sha256("a plan that is not here"), someoneElse),
      result("B"),
    ];
    const { folder, registry } = await copy();
    for (const one of documents) await registry.publish(one);
    oneByOne = files(folder);
    expect(Object.keys(oneByOne).filter((name) => /attestations\/\w+_\w+\.json/.test(name))).toHaveLength(9);
  });

  test("the registry has the bytes that one by one gives, and every entry its proof", async () => {
    const cuts = fc.subarray([1, 2, 3, 4, 5, 6, 7, 8]);
    await fc.assert(
      fc.asyncProperty(cuts, async (at) => {
        const { folder, registry } = await copy();
        for (const [index, from] of [0, ...at].entries()) {
          const done: number[] = [];
          const batch = documents.slice(from, at[index]);
          const published = await registry.publishAll(batch, (count) => done.push(count));
          expect(published).toEqual(batch.map(({ id }) => ({ id })));
          expect(done.at(-1)).toBe(batch.length);
        }
        expect(files(folder)).toEqual(oneByOne);
        expect(await registry.log.enter(documents)).toEqual([]);
        expect(names(folder).filter((name) => name.endsWith(".tlog-proof"))).toHaveLength(documents.length);
      }),
      { numRuns: 12, examples: [[[]], [[1, 2, 3, 4, 5, 6, 7, 8]]] },
    );
  });

  test("again, the same is no error and changes nothing", async () => {
    const { folder, registry } = await copy();
    for (let times = 0; times < 2; times += 1)
      expect(codes(await registry.publishAll([...documents, documents[0]!]))).toEqual(Array(10).fill(undefined));
    expect(files(folder)).toEqual(oneByOne);
  });

  test("more than are written together", async () => {
    const many = Array.from({ length: 300 }, (_, at) => result(String(at)));
    const { folder, registry } = await copy();
    const done: number[] = [];
    expect(codes(await registry.publishAll(many, (count) => done.push(count)))).toEqual(Array(300).fill(undefined));
    expect(done).toEqual([256, 300]);
    expect(names(folder)).toHaveLength(600);
    expect(readdirSync(join(folder, "attestations/index/unlogged"))).toEqual([]);
    expect(readFileSync(join(folder, "attestations/log/checkpoint"), "utf8").split("\n")[1]).toBe("300");
  });
});

describe("what is refused is named before anything is written, and stops no other", () => {
  let place: Place;
  beforeEach(async () => {
    place = await copy();
  });

  test("a second answer to a plan: to one that is there, and to one beside it", async () => {
    const { folder, registry } = place;
    const [there, beside] = [plan("There"), plan("Beside")];
    await registry.publish(there);
    await registry.publish(answering("First", there.digest));
    const all = [
      answering("Late", there.digest),
      beside,
      answering("One", beside.digest),
      answering("Two", beside.digest),
      answering("Not theirs", beside.digest, someoneElse),
      answering("Two", beside.digest),
      result("Other"),
    ];
    const told = await registry.publishAll(all);
    expect(told.map(({ id }) => id)).toEqual(all.map(({ id }) => id));
    expect(codes(told)).toEqual([
      "plan-answered",
      undefined,
      undefined,
      "plan-answered",
      "plan-answered",
      "plan-answered",
      undefined,
    ]);
    const written = names(folder).filter((name) => name.endsWith(".json"));
    for (const [at, { id }] of all.entries())
      expect(written.includes(`${id}.json`)).toBe(told[at]?.fault === undefined);
  });

  test("other bytes under one id, there or beside it", async () => {
    const { folder, registry } = place;
    const [one, two, three] = [result("One"), result("Two"), result("Three")];
    await registry.publish(one);
    const told = await registry.publishAll([{ ...two, id: one.id }, two, { ...three, id: two.id }, three]);
    expect(codes(told)).toEqual(["file-exists", undefined, "file-exists", undefined]);
    expect(told[0]?.fault?.message).toContain(one.id);
    expect(readFileSync(join(folder, attestationPath(one.id)))).toEqual(Buffer.from(one.bytes));
  });

  test("other bytes under one digest of evidence, there or beside it", async () => {
    const { folder, registry } = place;
    const [damaged] = piece("damaged");
    await registry.store.create(evidencePath(damaged), utf8("something else"));
    const [one, two, three, four] = ["1", "2", "3", "4"].map((title) => result(title)) as [
      Publication,
      Publication,
      Publication,
      Publication,
    ];
    const told = await registry.publishAll([
      one,
      { ...two, evidence: new Map([piece("damaged")]) },
      { ...three, evidence: new Map([[sha256("shared"), utf8("another")]]) },
      four,
    ]);
    expect(codes(told)).toEqual([undefined, "file-exists", "file-exists", undefined]);
    expect(told[1]?.fault?.message).toContain(damaged);
    const documents = names(folder).filter((name) => name.endsWith(".json"));
    expect(documents).toEqual([one, four].map(({ id }) => `${id}.json`).sort());
  });

  test("what is no document", async () => {
    const { registry } = place;
    const told = await registry.publishAll([{ ...result("One"), bytes: utf8("junk") }, result("Two")]);
    expect(codes(told)).toEqual(["json-syntax", undefined]);
  });
});

/** Its writes fail from some path on. */
class Failing extends Directory {
  fails = /^$/;

  #mustNot(paths: Iterable<string>): void {
    for (const path of paths) if (this.fails.test(path)) throw new AttestError("io", `ENOSPC: ${path}`);
  }

  override async createEach(made: ReadonlyMap<string, Uint8Array>): Promise<void> {
    this.#mustNot(made.keys());
    await super.createEach(made);
  }

  override async replaceEach(...[made, still]: Parameters<Directory["replaceEach"]>): Promise<void> {
    this.#mustNot(made.keys());
    await super.replaceEach(made, still);
  }
}

describe("what fails in the middle", () => {
  test.each<[string, RegExp, string]>([
    ["evidence", /\/evidence\//, "io"],
    ["marks", /\/unlogged\/test_/, "io"],
    ["the log", /\/tile\//, "publish-unfinished"],
    ["proofs", /test_\w+\.tlog-proof$/, "publish-unfinished"],
  ])("%s: it says of each whether it is published, and the next writer enters what is", async (_, fails, code) => {
    let store: Failing | undefined;
    const { folder, registry } = await copy((at) => (store = new Failing(at)));
    const before = plan("Before");
    await registry.publish(before);
    const [one, two, later] = [result("One"), result("Two"), plan("Later")];
    store!.fails = fails;
    const told = await registry.publishAll([one, two, later]);
    expect(codes(told)).toEqual([code, code, "io"]);
    for (const { id, fault } of told)
      expect(names(folder).includes(`${id}.json`), id).toBe(fault?.code === "publish-unfinished");
    if (code === "publish-unfinished")
      for (const { id, fault } of told.slice(0, 2)) expect(fault?.message).toContain(id);

    store!.fails = /^$/;
    expect(codes(await registry.publishAll([result("Next")]))).toEqual([undefined]);
    const unlogged = readdirSync(join(folder, "attestations/index/unlogged"));
    expect(unlogged).toEqual([]);
    expect(codes(await registry.publishAll([one, two, later]))).toEqual([undefined, undefined, undefined]);
    expect(await registry.log.enter([before, one, two, later])).toEqual([]);
    expect(readFileSync(join(folder, "attestations/log/checkpoint"), "utf8").split("\n")[1]).toBe("5");
  });

  test("a registry that was replaced meanwhile gets nothing", async () => {
    const { folder, registry } = await copy();
    writeFileSync(join(folder, "attest.json"), JSON.stringify({ origin: "example.org/other", title: "Other" }));
    await expect(registry.publishAll([result("One")])).rejects.toMatchObject({ code: "registry-changed" });
    expect(names(folder)).toEqual([]);
  });
});

describe("of results that answer one plan, whoever comes first is published", () => {
  const another = async ({ folder }: Place, store = new SharedFolder(folder, shuffling)): Promise<Registry> => {
    const keys = new LogKeys(join(folder, "../home"), nodeEngine, {});
    return await Registry.open(store, nodeEngine, (key) => keys.find(key));
  };
  const shuffling: Before = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
  const results = (folder: string): string[] => names(folder).filter((name) => /^test_.*json$/.test(name));
  const entries = (folder: string): number =>
    Number(readFileSync(join(folder, "attestations/log/checkpoint"), "utf8").split("\n")[1]);

  test("at the same time, on a store where nothing keeps them apart", async () => {
    const place = await copy();
    const announced = plan("Addition adds");
    await place.registry.publish(announced);
    const all = Array.from({ length: 8 }, (_, at) =>
      answering("Addition adds", announced.digest, me, { summary: `by machine ${at}` }),
    );
    const told = await Promise.all(all.map(async (one) => (await (await another(place)).publishAll([one]))[0]!));
    expect(codes(told).filter((code) => code === undefined)).toHaveLength(1);
    expect(new Set(codes(told))).toEqual(new Set([undefined, "plan-answered"]));
    expect(results(place.folder)).toEqual([`${told.find(({ fault }) => fault === undefined)!.id}.json`]);
    expect(entries(place.folder)).toBe(2);
    expect(readdirSync(join(place.folder, "attestations/index/unlogged"))).toEqual([]);
  });

  test("and nothing can be said of a plan that does not come: the result waits", async () => {
    const place = await copy();
    const announced = plan("Addition adds");
    await place.registry.publish(announced);
    await place.registry.publish(answering("Addition adds", announced.digest, me, { summary: "first" }));
    const second = answering("Addition adds", announced.digest, me, { summary: "second" });
    const broken = new SharedFolder(place.folder, (call, path) =>
      call === "read" && path === attestationPath(announced.id)
        ? Promise.reject(new AttestError("network", "the connection broke"))
        : Promise.resolve(),
    );
    expect(codes(await (await another(place, broken)).publishAll([second]))).toEqual(["network"]);
    expect(results(place.folder)).toHaveLength(1);
  });

  test("and was killed after its claim: the next finishes it, and is refused", async () => {
    const place = await copy();
    const announced = plan("Addition adds");
    await place.registry.publish(announced);
    const gone = new Promise<never>(() => undefined);
    const first = answering("Addition adds", announced.digest, me, { summary: "first" });
    let claimed = false;
    const dying = await another(
      place,
      new SharedFolder(place.folder, (_, path) => {
        if (claimed) return gone;
        claimed = path.includes("/claims/");
        return Promise.resolve();
      }),
    );
    void dying.publishAll([first]);
    while (!existsSync(join(place.folder, `attestations/index/claims`))) await shuffling("", "");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(results(place.folder)).toEqual([]);
    const second = answering("Addition adds", announced.digest, me, { summary: "second" });
    const other = result("Another");
    const told = await (await another(place)).publishAll([second, other]);
    expect(codes(told)).toEqual(["plan-answered", undefined]);
    expect(told[0]?.fault?.message).toContain(first.id);
    expect(results(place.folder)).toEqual([`${first.id}.json`, `${other.id}.json`].sort());
    for (const [sha256] of first.evidence) expect(existsSync(join(place.folder, evidencePath(sha256)))).toBe(true);
    expect(entries(place.folder)).toBe(3);
    expect(codes(await (await another(place)).publishAll([first]))).toEqual([undefined]);
    expect(entries(place.folder)).toBe(3);
  });

  test("a result that was signed by more since it was claimed is still itself", async () => {
    const place = await copy();
    const announced = plan("Addition adds");
    await place.registry.publish(announced);
    const one = answering("Addition adds", announced.digest);
    await place.registry.publish(one);
    const bytes = union(one.bytes, answering("Addition adds", announced.digest, someoneElse).bytes)!;
    await place.registry.store.update(attestationPath(one.id), () => bytes);
    await place.registry.log.enterMore(one.bytes, bytes);
    expect(codes(await (await another(place)).publishAll([{ ...one, bytes }]))).toEqual([undefined]);
    expect(entries(place.folder)).toBe(3);
  });

  test("a claim with a bad signature beside the good one is finished without it", async () => {
    const announced = plan("Addition adds");
    const one = JSON.parse(fromUtf8(answering("Addition adds", announced.digest).bytes)) as { signatures: Json[] };
    const sig = Buffer.alloc(64, 1).toString("base64");
    for (const { keyid } of [someoneElse.key, signer().key]) {
      const place = await copy();
      await place.registry.publish(announced);
      const claims = join(place.folder, "attestations/index/claims", announced.id);
      mkdirSync(claims, { recursive: true });
      const spoiled = readable({ ...one, signatures: [...one.signatures, { keyid, sig }] });
      writeFileSync(join(claims, `${claimName()}.json`), spoiled);
      const other = answering("Addition adds", announced.digest, me, { summary: "other" });
      expect(codes(await (await another(place)).publishAll([other]))).toEqual(["plan-answered"]);
      const [name = ""] = results(place.folder);
      const text = readFileSync(join(place.folder, "attestations", name), "utf8");
      expect((JSON.parse(text) as typeof one).signatures).toEqual(one.signatures);
      expect(entries(place.folder)).toBe(2);
    }
  });

  const claimName = (): string => me.key.keyid.replace("SHA256:", "").replaceAll("+", "-").replaceAll("/", "_");

  test("what claims without a signature by that key is refused, and nothing is published", async () => {
    const place = await copy();
    const announced = plan("Addition adds");
    await place.registry.publish(announced);
    const claims = join(place.folder, "attestations/index/claims", announced.id);
    mkdirSync(claims, { recursive: true });
    const one = answering("Addition adds", announced.digest);
    const forged = {
      ...(JSON.parse(fromUtf8(one.bytes)) as object),
      signatures: [{ keyid: me.key.keyid, sig: Buffer.alloc(64, 1).toString("base64") }],
    };
    const relations = [{ type: "planned-by", target: "a plan", digest: { sha256: announced.digest } }];
    const departing = sealed(
      statement({
        subject: [{ digest: { sha256: "0".repeat(64) } }],
        predicate: { f3: { title: "Addition adds", log: log as unknown as Json, relations } },
      }),
      me,
    );
    for (const bytes of [
      utf8("{}"),
      readable(forged),
      answering("Addition adds", announced.digest, someoneElse).bytes,
      result("Another").bytes,
      departing, // genuine, and of another subject than the announced one
    ]) {
      writeFileSync(join(claims, `${claimName()}.json`), bytes);
      expect(
        codes(
          await place.registry.publishAll([answering("Addition adds", announced.digest, me, { summary: "other" })]),
        ),
      ).toEqual(["registry-format"]);
      expect(results(place.folder)).toEqual([]);
    }
  });
});
