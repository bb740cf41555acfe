/** A log of any length is read once; the next look reads what came since. Nothing that is kept of it makes a hostile registry believed. */
import { mkdirSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromUtf8, utf8 } from "../../src/core/bytes.js";
import { sealCheckpoint } from "../../src/core/log/checkpoint.js";
import { append } from "../../src/core/log/append.js";
import { formatEntry } from "../../src/core/log/entry.js";
import { nodeEngine } from "../../src/node/engine.js";
import { NIGHT } from "../night.js";
import { copyOf, workspace, type Ran, type Workspace } from "./attest.js";
import { lab, publish, sha256 } from "./drafts.js";
import { edit, flip, forge, leaves, LOG, names, operator } from "./log-lab.js";

const MANY = 66_000;
let made: Workspace;
let file = "";
const servers: Server[] = [];

beforeAll(async () => {
  made = workspace();
  file = `lab/attestations/${basename((await lab(made)).file)}`;
});
afterAll(() => {
  for (const server of servers) server.close();
});

/** Enters so many results of documents that nobody has, which is what a log looks like after years. */
function lengthen(work: Workspace, until: number, other = ""): void {
  const { key, sign } = operator(work);
  const first = formatEntry(leaves(made)[0]!);
  const entries = Array.from({ length: until - 1 }, (_, at) =>
    utf8(
      fromUtf8(first)
        .replace(/"payload":"\w+"/, `"payload":"${sha256(`payload ${at}${other}`)}"`)
        .replace(/"signature":"\w+"/, `"signature":"${sha256(`signature ${at}`)}"`),
    ),
  );
  const { files, head } = append(0, [first, ...entries], () => undefined, nodeEngine.sha256);
  rmSync(work.path(LOG), { recursive: true });
  for (const { path, bytes } of files) {
    mkdirSync(dirname(work.path(LOG, path)), { recursive: true });
    writeFileSync(work.path(LOG, path), bytes);
  }
  writeFileSync(work.path(LOG, "checkpoint"), sealCheckpoint({ origin: key.name, ...head }, key, sign));
}

const GATE = ["--require", "logged,not-retracted"];
const gate = (work: Workspace, target = file): Promise<Ran> => work.attest("verify", target, ...GATE);
const states = (work: Workspace): string => join(work.root, "user/state/f3-attest/entries");
const statesOf = (work: Workspace): string[] => (existsSync(states(work)) ? readdirSync(states(work)) : []);

/** @param fails of which nothing can be had */
async function served(work: Workspace, fails = /^$/): Promise<{ readonly url: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    if (fails.test(request.url ?? "")) return void response.writeHead(503).end();
    const path = work.path("lab", `.${request.url ?? ""}`);
    if (existsSync(path)) response.end(readFileSync(path));
    else response.writeHead(404).end();
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/${file.slice("lab/".length)}`, asked };
}
const bundles = (asked: readonly string[]): number => asked.filter((path) => path.includes("/entries/")).length;

describe("a long log", () => {
  test("of 66,000 entries shows that nothing retracts an attestation, in a folder and over http, where the next look asks for little", async () => {
    const work = copyOf(made);
    lengthen(work, MANY);
    const ran = await gate(work);
    expect(ran.code, ran.stdout).toBe(0);
    expect(ran.stdout).toContain(`as of log state ${MANY} of `);

    rmSync(join(work.root, "user"), { recursive: true });
    const { url, asked } = await served(work);
    const first = await gate(work, url);
    expect(first.code, first.stdout).toBe(0);
    expect(first.stdout).toContain(`as of log state ${MANY} of `);
    expect(bundles(asked)).toBe(Math.ceil(MANY / 256));

    lengthen(work, MANY + 600);
    asked.length = 0;
    const next = await gate(work, url);
    expect(next.code, next.stdout).toBe(0);
    expect(next.stdout).toContain(`as of log state ${MANY + 600} of `);
    expect(bundles(asked)).toBeLessThanOrEqual(1 + 600 / 256 + 1);
    expect(asked.length).toBeLessThan(30);

    lengthen(work, MANY + 900, "another"); // the same key, other entries
    const rewritten = await gate(work, url);
    expect(rewritten.stdout).toContain("[log-rewritten]");
  }, 60_000);

  test.runIf(NIGHT)(
    "has as many findings as its documents are missing",
    async () => {
      const work = copyOf(made);
      lengthen(work, 130_000); // more than a call has arguments
      const ran = await work.attest("log", "check", "lab", "--json");
      expect(ran.code).toBe(5);
      expect(ran.json()["findings"]).toHaveLength(129_999);
    },
    60_000,
  );

  test("without a proof beside the document shows where it is", async () => {
    const work = copyOf(made);
    lengthen(work, 3000);
    const { url, asked } = await served(work);
    rmSync(work.path(file.replace(/json$/, "tlog-proof")));
    expect((await gate(work, url)).stdout).toContain("as of log state 3000 of ");
    const before = bundles(asked);
    asked.length = 0;
    expect((await gate(work, url)).code).toBe(0); // the entries are known; the place is looked for again
    expect(bundles(asked)).toBeLessThan(before);
  });
});

describe("what is kept of a log", () => {
  const seen = async (): Promise<Workspace> => {
    const work = copyOf(made);
    lengthen(work, 500);
    expect((await gate(work)).code).toBe(0);
    expect(statesOf(work)).toHaveLength(1);
    return work;
  };

  const spoilt: [string, (work: Workspace) => void][] = [
    ["is there", () => undefined],
    ["is gone", (work) => rmSync(states(work), { recursive: true })],
    ["is damaged", (work) => edit(work, join(states(work), statesOf(work)[0]!), flip(700))],
    ["is empty", (work) => edit(work, join(states(work), statesOf(work)[0]!), () => new Uint8Array())],
    [
      "is a folder",
      (work) => {
        const path = join(states(work), statesOf(work)[0]!);
        rmSync(path);
        mkdirSync(path);
      },
    ],
  ];
  const changed: [string, number, string, (work: Workspace) => void][] = [
    ["is the same", 0, "as of log state 500 of ", () => undefined],
    ["grew", 0, "as of log state 700 of ", (work) => lengthen(work, 700)],
    ["is shorter", 3, "[log-backwards]", (work) => lengthen(work, 400)],
    ["is another one of that length", 3, "[log-rewritten]", (work) => lengthen(work, 500, "another")],
    ["is another one, and longer", 3, "[log-rewritten]", (work) => lengthen(work, 700, "another")],
    [
      "lost its entries since",
      4,
      "[entries-missing]",
      (work) => {
        lengthen(work, 700);
        rmSync(work.path(LOG, "tile/entries/002.p"), { recursive: true });
      },
    ],
  ];
  describe.each(spoilt)("%s", (_, spoil) => {
    test.each(changed)("and the log %s", async (_log, code, words, change) => {
      const work = await seen();
      spoil(work);
      change(work);
      for (let time = 0; time < 2; time += 1) {
        const ran = await gate(work);
        expect([ran.code, ran.stdout]).toEqual([code, expect.stringContaining(words)]);
      }
    });
  });

  test("is not made where the log check fails or the signer is unknown, and is forgotten with the log", async () => {
    const work = copyOf(made);
    forge(work, leaves(work).slice(1)); // it is not in its log
    await gate(work);
    expect(statesOf(work)).toEqual([]);
    const other = await seen();
    await other.attest("log", "forget", "example.org/lab/attestations/log");
    expect(statesOf(other)).toEqual([]);
  });

  test("hides no retraction that was logged since, whose notice is withheld", async () => {
    const work = copyOf(made);
    expect((await gate(work)).code).toBe(0);
    await work.attest("retract", file, "--reason", "the control was miswired");
    for (const name of names(work, /^note_/)) rmSync(work.path("lab/attestations", name));
    expect((await gate(work)).code).toBe(3);
    expect((await gate(work)).stdout).toContain("[retracted]"); // now it is kept
    await publish(work, "lab", { title: "Another" });
    expect((await gate(work)).stdout).toContain("[retracted]");
  });

  test.each([
    ["in the same log", false],
    ["in the log that goes on from it", true],
  ])("does not help whoever strips the signature of the one who retracts, %s", async (_, further) => {
    const work = copyOf(made);
    const strip = (bytes: Uint8Array): Uint8Array => {
      const document = JSON.parse(fromUtf8(bytes)) as { signatures: unknown[] };
      return utf8(JSON.stringify({ ...document, signatures: document.signatures.slice(0, 1) }, null, 2) + "\n");
    };
    await work.attest("key", "new", "second");
    if (further) {
      rmSync(join(work.home, "logs"), { recursive: true });
      expect((await work.attest("log", "start", "--registry", "lab", "--reason", "lost")).code).toBe(0);
    }
    expect((await work.attest("cosign", file, "--signer", "second")).code).toBe(0);
    const whole = readFileSync(work.path(file));
    edit(work, file, strip);
    expect((await gate(work)).code).toBe(0); // nothing is said of it: nobody's signature is kept
    expect(statesOf(work)).toHaveLength(further ? 2 : 1);
    writeFileSync(work.path(file), whole);
    expect((await work.attest("retract", file, "--reason", "no", "--signer", "second")).code).toBe(0);
    for (const name of names(work, /^note_/)) rmSync(work.path("lab/attestations", name));
    edit(work, file, strip);
    for (let time = 0; time < 2; time += 1) expect((await gate(work)).stdout).toContain("[retracted]");
    await publish(work, "lab", { title: "Another" }, "--signer", "signer");
    expect((await gate(work)).stdout).toContain("[retracted]");
  });

  test("is compared with the log before an absence counts, also where the proof cannot be had", async () => {
    const work = copyOf(made);
    const before = copyOf(work);
    await work.attest("retract", file, "--reason", "the control was miswired");
    for (const name of names(work, /^note_/)) rmSync(work.path("lab/attestations", name));
    expect((await gate(work, (await served(work)).url)).stdout).toContain("[retracted]");
    const { url } = await served(before, /tlog-proof$/); // the log as it was before, too short for the one that was seen
    const ran = await work.attest("verify", url, "--require", "not-retracted");
    expect(ran.code, ran.stdout).toBe(4);
    expect(ran.stdout).toContain("[entries-missing]");
  });

  test("is of each log of a registry: what came since is read, and a log that is gone is missed", async () => {
    const work = copyOf(made);
    lengthen(work, 600);
    rmSync(join(work.home, "logs"), { recursive: true });
    expect((await work.attest("log", "start", "--registry", "lab", "--reason", "lost")).code).toBe(0);
    const { url, asked } = await served(work);
    expect((await gate(work, url)).code).toBe(0);
    expect(bundles(asked)).toBe(3 + 1);
    asked.length = 0;
    await publish(work, "lab", { title: "Another" });
    expect((await gate(work, url)).code).toBe(0);
    expect(bundles(asked)).toBe(1);
    const path = "lab/keys/keyring.json";
    const { logs, ...others } = JSON.parse(readFileSync(work.path(path), "utf8")) as { logs: unknown[] };
    work.write(path, JSON.stringify({ ...others, logs: logs.slice(0, 1) }));
    expect((await gate(work, url)).stdout).toContain("[log-backwards]");
  });
});
