/** The check of a log under test: each thing that an operator could do to it has its own word, and what is in order has none. */
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatEntry } from "../../src/core/log/entry.js";
import { formatEntries, parseEntries } from "../../src/core/log/tiles.js";
import { serveSite } from "../../src/site/serve.js";
import { Directory } from "../../src/store/directory.js";
import { copyOf, fault, type Ran, type Workspace } from "./attest.js";
import { bringBack, edit, exchange, flip, forge, idAt, keep, leaves, LOG, names, read, run, told } from "./log-lab.js";
import type { Code } from "../../src/core/codes.js";
import { failure, withCode } from "../core/refusal.js";

let lab: Workspace;
const servers: Server[] = [];

beforeAll(async () => {
  lab = await told();
  cpSync(lab.path(LOG, "checkpoint"), lab.path("kept"));
  keep(lab, "as-kept");
  await run(lab, "true"); // entries 5 and 6
  const ran = await lab.attest("log", "check", "lab"); // which remembers
  expect(ran.code, ran.stdout).toBe(0);
}, 60_000);
afterAll(() => {
  for (const server of servers) server.close();
});

const findings = (ran: Ran): { code: Code; detail: string; entry?: number }[] =>
  (ran.json() as unknown as { findings: { code: Code; detail: string; entry?: number }[] }).findings;
const check = (work: Workspace, ...more: readonly string[]): Promise<Ran> =>
  work.attest("log", "check", "lab", ...more, "--json");

async function address(work: Workspace): Promise<string> {
  const server = await serveSite(new Directory(work.path("lab")), { host: "127.0.0.1", port: 0 });
  servers.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const BUNDLE = `${LOG}/tile/entries/000.p/7`;
const TILE = `${LOG}/tile/0/000.p/7`;
const entries = (work: Workspace, change: (all: Uint8Array[]) => Uint8Array[]): void =>
  edit(work, BUNDLE, (bytes) => formatEntries(change(parseEntries(bytes, 7))));
const document = (work: Workspace, index: number, kind = "json"): string =>
  `lab/attestations/${idAt(work, index)}.${kind}`;

describe("a log in order", () => {
  test("is clean, says what never came, and what this look stands on", async () => {
    const ran = await lab.attest("log", "check", "lab");
    expect(ran.code, ran.stdout).toBe(0);
    expect(ran.stdout).toMatch(/^open: 4 {2}plan_\w+ {2}announced less than a minute ago \(claimed\), promised by /m);
    expect(ran.stdout).toContain("Nothing is known of runs that were never announced");
    expect(ran.stdout).toContain("3 results: 2 VALIDATED, 0 INCONCLUSIVE, 1 REFUTED");
    expect(ran.stdout).toContain("4 plans, 1 open, 0 overdue");
    expect(ran.stdout).toContain("clean: 7 entries give the root that is signed");
    expect(ran.stderr).toContain("it had 7 entries when you last checked it");
  });

  test("is so for somebody who looks for the first time, at an address", async () => {
    const work = copyOf(lab);
    rmSync(`${work.root}/user`, { recursive: true });
    const ran = await work.attest("log", "check", await address(work));
    expect(ran.code, ran.stdout).toBe(0);
    expect(ran.stderr).toContain("the log's key is taken from the keyring that http://127.0.0.1:");
    expect(ran.stderr).toContain("this is your first check");
  });

  test("goes on from a checkpoint that was kept", async () => {
    expect(findings(await check(lab, "--from", "kept"))).toEqual([]);
  });

  test("in JSON is one object", async () => {
    expect((await check(lab)).json()).toMatchObject({
      exit: 0,
      findings: [],
      size: 7,
      before: 7,
      keyFrom: "folder",
      origin: "example.org/lab",
      unplanned: 0,
      verdicts: { VALIDATED: 2, INCONCLUSIVE: 0, REFUTED: 1 },
      open: [{ index: 4, overdue: false }],
    });
  });
});

describe("what is withheld is seen", () => {
  test("a REFUTED result whose file is not there, at an address", async () => {
    const work = copyOf(lab);
    rmSync(work.path(document(work, 3)));
    const ran = await work.attest("log", "check", await address(work));
    expect(ran.code).toBe(5);
    expect(ran.stdout).toContain("entry 3 is for a REFUTED result, whose file is missing [log-account]");
  });

  test("a plan whose result never came, in a list of its own", async () => {
    const ran = await lab.attest("log", "show", await address(lab), "--open");
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(
      /^4 {2}plan_\w+ {2}announced .* ago \(claimed\), promised by \S+, due in 23 hours, by SHA256:/,
    );
    expect(ran.stdout).toContain("1 of 4 plans open, 0 overdue");
  });
});

describe("damage has its word", () => {
  test.each<[string, Code, (work: Workspace) => void]>([
    ["an entry removed", "log-damaged", (work) => entries(work, (all) => all.slice(1))],
    ["two entries swapped", "log-damaged", (work) => entries(work, ([a, b, ...rest]) => [b!, a!, ...rest])],
    ["a byte of an entry", "log-damaged", (work) => edit(work, BUNDLE, flip(40))],
    ["an entry that says VALIDATED", "log-damaged", (work) => entries(work, (all) => all.map(whitewashed))],
    ["a bundle cut short", "log-damaged", (work) => edit(work, BUNDLE, (bytes) => bytes.slice(0, -1))],
    ["no bundle", "log-damaged", (work) => rmSync(work.path(BUNDLE))],
    ["a tile cut short", "log-damaged", (work) => edit(work, TILE, (bytes) => bytes.slice(0, -32))],
    ["a hash in a tile", "log-damaged", (work) => edit(work, TILE, flip(-1))],
    ["a hash in an earlier tile", "log-damaged", (work) => edit(work, `${LOG}/tile/0/000.p/3`, flip(0))],
    ["no tile", "log-damaged", (work) => rmSync(work.path(TILE))],
    ["a byte of the checkpoint's signature", "log-damaged", (work) => edit(work, `${LOG}/checkpoint`, exchange(-6))],
    ["no checkpoint", "log-damaged", (work) => rmSync(work.path(`${LOG}/checkpoint`))],
    [
      "a checkpoint of a smaller tree",
      "log-backwards",
      (work) => cpSync(work.path("kept"), work.path(`${LOG}/checkpoint`)),
    ],
    ["the whole registry as it was before", "log-backwards", (work) => bringBack(work, "as-kept")],
    ["another log under the same key", "log-rewritten", (work) => forge(work, leaves(work).reverse())],
    [
      "the same log without one result",
      "log-backwards",
      (work) =>
        forge(
          work,
          leaves(work).filter((_, at) => at !== 3),
        ),
    ],
    ["a document that is not there", "log-account", (work) => rmSync(work.path(document(work, 1)))],
    ["a plan that is not there", "log-account", (work) => rmSync(work.path(document(work, 0)))],
    ["a document that is none", "log-account", (work) => writeFileSync(work.path(document(work, 1)), "{}\n")],
    [
      "another document in its place",
      "log-account",
      (work) => cpSync(work.path(document(work, 1)), work.path(document(work, 3))),
    ],
    ["no proof", "log-unproven", (work) => rmSync(work.path(document(work, 1, "tlog-proof")))],
    ["a byte of a proof", "log-unproven", (work) => edit(work, document(work, 1, "tlog-proof"), flip(40))],
    [
      "the proof of another document",
      "log-unproven",
      (work) => cpSync(work.path(document(work, 1, "tlog-proof")), work.path(document(work, 3, "tlog-proof"))),
    ],
    ["a registry without its log", "no-attestations", unlisted],
  ])("%s: %s", async (_, code, spoil) => {
    const work = copyOf(lab);
    spoil(work);
    const ran = await check(work);
    if (code === "no-attestations") return expect(ran.json()).toMatchObject({ error: { code }, exit: 3 });
    expect(ran.code, ran.stdout).toBe(5);
    expect(findings(ran).map((one) => one.code)).toContain(code);
    const told = await work.attest("log", "check", "lab");
    expect(told.stdout).toContain(`[${code}]`);
    expect(told.stderr).toContain("nothing of this check is remembered");
  });

  test("a document that was published past the log", async () => {
    const work = copyOf(lab);
    forge(work, leaves(work).slice(0, 3));
    rmSync(`${work.root}/user`, { recursive: true }); // a verifier who remembers nothing
    const found = findings(await check(work));
    expect(found.filter(({ code }) => code === "log-missing")).toHaveLength(4);
    expect(found.find(({ code }) => code === "log-missing")?.detail).toMatch(
      /names the log example.org\/lab\/attestations\/log, and is not in it$/,
    );
  });

  test("another log, for whoever remembers nothing but has its proofs, or kept a checkpoint", async () => {
    const work = copyOf(lab);
    forge(work, leaves(work).reverse());
    rmSync(`${work.root}/user`, { recursive: true });
    const codes = async (...more: string[]): Promise<Code[]> =>
      findings(await check(work, ...more)).map(({ code }) => code);
    expect(await codes()).toContain("log-rewritten");
    for (const name of names(work, /\.tlog-proof$/)) rmSync(work.path("lab/attestations", name));
    expect(await codes()).not.toContain("log-rewritten");
    expect(await codes("--from", "kept")).toContain("log-rewritten");
  });

  test("an entry that says otherwise than its document, in a log in good order", async () => {
    const work = copyOf(lab);
    forge(
      work,
      leaves(work).map((leaf) => (leaf.kind === "result" ? { ...leaf, verdict: "VALIDATED" } : leaf)),
    );
    const found = findings(await check(work));
    expect(found.map(({ detail }) => detail)).toContain(
      "entry 3 differs from its document: verdict VALIDATED, not REFUTED",
    );
  });

  test("a result before its plan", async () => {
    const work = copyOf(lab);
    const [plan, result, ...rest] = leaves(work);
    forge(work, [result!, plan!, ...rest]);
    expect(findings(await check(work)).map(({ code, detail }) => `${code} ${detail}`)).toContainEqual(
      expect.stringMatching(
        /^log-account entry 0: the result \w{64} names the plan \w{64}, which was not entered before it$/,
      ),
    );
  });
});

/** A result as its operator would like it. */
function whitewashed(entry: Uint8Array): Uint8Array {
  const text = Buffer.from(entry).toString();
  return new Uint8Array(Buffer.from(text.replace("REFUTED", "VALIDATED")));
}

function unlisted(work: Workspace): void {
  const path = "lab/keys/keyring.json";
  const keyring = JSON.parse(Buffer.from(read(work, path)).toString()) as Record<string, unknown>;
  writeFileSync(work.path(path), JSON.stringify({ ...keyring, logs: [] }));
}

describe("what cannot be fetched was not checked, which is no finding", () => {
  test("where the server fails for one file", async () => {
    const store = new Directory(lab.path("lab"));
    const server = createServer((request, response) => {
      const path = (request.url ?? "").slice(1);
      void store.read(path).then((bytes) => {
        if (path.endsWith("/tile/0/000.p/7")) response.writeHead(503).end();
        else if (bytes === undefined) response.writeHead(404).end();
        else response.writeHead(200).end(bytes);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    servers.push(server);
    const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const ran = await lab.attest("log", "check", target, "--json");
    expect(ran.code, ran.stdout).toBe(4);
    expect(findings(ran).map(({ code }) => code)).toEqual(["network"]);
  });

  test("where nobody answers", async () => {
    const ran = await lab.attest("log", "check", "http://127.0.0.1:1/");
    expect(ran.code).toBe(4);
    expect(fault(ran).error).toContain("could not fetch http://127.0.0.1:1/attest.json");
  });
});

describe("wrong uses", () => {
  test.each<[line: string, code: Code, fact: string, hint: string | undefined]>([
    ["log check nowhere", "registry-missing", "nowhere", "attest init"],
    ["log check", "registry-missing", "", "folder"],
    ["log check lab --from nowhere", "io", "nowhere", ""],
    ["log check lab --from a.txt", "note-format", "", undefined],
    ["log check lab/attestations", "registry-missing", "attest.json", "attest init"],
    ["log check http://", "usage", '"http://"', "attest.json"],
    ["log show nowhere", "registry-missing", "nowhere", "attest init"],
    ["log prove nowhere.json --registry lab", "io", "nowhere.json", ""],
    ["log prove a.txt --registry lab", "json-syntax", "JSON", undefined],
    ["log witness lab", "usage", "'--name <name>'", "attest log --help"],
    ["log witness lab --name UPPER", "key-name", '"UPPER"', "checkpoint"],
    ["log witness lab --name w --log-key rubbish", "note-format", "key", undefined],
    ["log accept kept --registry lab", "checkpoint-format", "example.org/lab", "attest log witness DIR"],
    ["log accept a.txt --registry lab", "note-format", "", undefined],
    ["log start --registry lab", "log-exists", "example.org/lab", "--anyway"],
    ["log chekc", "usage", "'chekc'", "attest log --help"],
  ])("attest %s", async (line, code, fact, hint) => {
    const ran = await lab.attest(...line.split(" "));
    const said = failure(await lab.attest(...line.split(" "), "--json"));
    expect([ran.code, fault(ran).error, fault(ran).hint]).toEqual([2, said.message, said.hint]);
    expect(said.code).toBe(code);
    expect(said.message).toContain(fact);
    if (hint === undefined) expect(said.hint).toBeUndefined();
    else expect(said.hint).toContain(hint);
  });

  test("no verb", async () => {
    expect(fault(await lab.attest("log")).hint).toContain("attest log --help");
  });

  test("a checkpoint of another registry", async () => {
    const work = copyOf(lab);
    await work.attest("init", "other", "--origin", "example.org/other");
    const ran = await work.attest("log", "check", "lab", "--from", "other/attestations/log/checkpoint", "--json");
    expect(ran.code).toBe(2);
    expect(failure(ran)).toEqual(
      withCode("checkpoint-format", "example.org/lab", "example.org/other/attestations/log"),
    );
  });
});

test("the entries here are what the file says that they are", () => {
  expect(leaves(lab).map(({ kind }) => kind)).toEqual(["plan", "result", "plan", "result", "plan", "plan", "result"]);
  expect(Buffer.concat(leaves(lab).map(formatEntry)).toString()).toContain('"verdict":"REFUTED"');
});
