/** The site of a registry that has a log, as files: the log's own are beside the pages, and what they say stands in the text. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hex } from "../../src/core/bytes.js";
import { nodeEngine } from "../../src/node/engine.js";
import { verifyAll } from "../../src/pipeline/verify/verify.js";
import { buildSite } from "../../src/site/build.js";
import { Directory } from "../../src/store/directory.js";
import { attest, findings, NOW, pageOf, place, publish, removePlaces, testKey } from "../web/making.js";
import { Laboratory, loggedLab, type LoggedLab } from "../web/logged.js";

let made: LoggedLab;
beforeAll(async () => {
  made = await loggedLab();
}, 60_000);
afterAll(removePlaces);

const files = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name).slice(folder.length + 1)] : []))
    .sort();
/** What is read of a page. */
const shown = (folder: string, path: string): string =>
  /<main id="main">([\s\S]*)<\/main>/.exec(readFileSync(join(folder, path), "utf8"))![1]!;
const digest = (folder: string, path: string): string => hex(nodeEngine.sha256(readFileSync(join(folder, path))));
const policy = (folder: string, path: string): string =>
  /Content-Security-Policy" content="([^"]+)"/.exec(readFileSync(join(folder, path), "utf8"))![1]!;

describe("beside the pages", () => {
  test("lie the log's tiles, entries and checkpoint, its key, and a proof for each document", () => {
    const there = files(made.folder);
    expect(there.filter((path) => path.startsWith("attestations/log/"))).toEqual([
      "attestations/log/checkpoint",
      "attestations/log/tile/0/000.p/12",
      "attestations/log/tile/entries/000.p/12",
    ]);
    expect(there).toContain("keys/log.vkey");
    const documents = there.filter((path) => /^attestations\/[a-z]+_[0-9a-f]{16}\.json$/.test(path));
    expect(there.filter((path) => path.endsWith(".tlog-proof"))).toEqual(
      documents.map((path) => path.replace(/json$/, "tlog-proof")),
    );
    for (const path of ["attestations/log/checkpoint", "attestations/log/tile/0/000.p/12", "keys/log.vkey"])
      expect(digest(made.folder, path), path).toBe(digest(made.home, path));
  });

  test("nothing lies that a writer who was killed left behind", async () => {
    writeFileSync(join(made.home, "attestations/log/tile/0/001"), "x");
    const folder = place();
    await buildSite(made.registry, new Directory(folder), nodeEngine, NOW);
    expect(files(folder)).toEqual(files(made.folder));
    for (const path of files(folder)) expect(digest(folder, path), path).toBe(digest(made.folder, path));
  });

  test("the site is a registry whose log verifies as the one it was made from", async () => {
    const request = { keys: [made.mine.line], keyrings: [], keystore: undefined, engine: nodeEngine, now: NOW };
    const codes = async (target: string): Promise<unknown> =>
      (await verifyAll({ ...request, targets: [target] })).map((one) => [
        basename(one.target),
        "report" in one && one.report.checks.map(({ code }) => code),
      ]);
    expect(await codes(made.folder)).toEqual(await codes(made.home));
  });
});

test("only the log's own page may fetch anything, and only from beside it", () => {
  for (const path of made.built.pages)
    expect(policy(made.folder, path).includes("connect-src"), path).toBe(path === "log.html");
  expect(policy(made.folder, "log.html")).toContain("; connect-src 'self';");
});

describe("the front page", () => {
  const front = (): string => shown(made.folder, "index.html");

  test("counts what the log says, and not what is published", () => {
    expect(front()).toMatch(/<dt>validated<\/dt><dd>3<\/dd>.*<dt>refuted<\/dt><dd>1<\/dd>/);
    expect(front()).toContain("4 announced: 1 with a result, 2 open, 1 abandoned");
    expect(front()).toContain("2 results: nothing is known about further runs");
    expect(front()).toContain("Nothing is known about runs that were never announced.");
  });

  test("shows a result that is kept back in the list itself, by its verdict", () => {
    const [row] = /<tr>(?:(?!<tr>).)*A result that only the log shows.*?<\/tr>/.exec(front())!;
    expect(row).toContain(made.withheld.id);
    expect(row).toContain("REFUTED");
    expect(row).not.toContain("href");
    expect(front()).not.toContain("Less is more");
  });

  test("has results alone as rows, what is open above them, and notices below", () => {
    const text = front();
    const places = [
      "Announced, and no result yet",
      "Addition adds at night",
      ">Results<",
      "Addition adds on Sundays",
      "Plans and notices",
      "A plan is abandoned",
    ];
    const at = places.map((one) => text.indexOf(one));
    expect(at.every((one) => one > 0)).toBe(true);
    expect([...at].sort((a, b) => a - b)).toEqual(at);
    const [list] = /<section class="list">.*?<\/section>/s.exec(text)!;
    expect(list).not.toMatch(/plan_|note_/);
  });

  test("tells no age, which the reader's clock does", () => {
    expect(front()).not.toMatch(/days? old|overdue/);
  });

  test("says in a line that a registry has no log", async () => {
    const key = testKey("lab");
    const one = await attest(key, findings());
    const { folder, built } = await publish({
      title: "No log",
      listed: [key],
      files: new Map([[`${one.id}.json`, one.bytes]]),
    });
    expect(built.pages).not.toContain("log.html");
    expect(shown(folder, "index.html").match(/This registry lists no log/g)).toHaveLength(1);
    expect(shown(folder, "index.html")).not.toContain("log.html");
  });
});

test("what was taken back is said before the title and the verdict", () => {
  const page = shown(made.folder, pageOf(made.retracted));
  const order = ["Retracted</h2>", "The clock of that machine was a day off", "<h1>", "VALIDATED"].map((one) =>
    page.indexOf(one),
  );
  expect(order.every((at) => at > 0)).toBe(true);
  expect([...order].sort((a, b) => a - b)).toEqual(order);
  const replaced = shown(made.folder, pageOf(made.superseded));
  expect(replaced.indexOf("Replaced by a later one")).toBeLessThan(replaced.indexOf("<h1>"));
  expect(replaced).toContain(`href="${made.good.id}.html"`);
});

test("a log with a changed entry is told as damaged, and nothing is counted from it", async () => {
  const { lab } = made;
  const entries = join(lab.home, "attestations/log/tile/entries/000.p/12");
  const before = readFileSync(entries);
  writeFileSync(entries, before.toString("latin1").replace("REFUTED", "REFUTEB"), "latin1");
  const { folder } = await lab.build(place());
  writeFileSync(entries, before);
  expect(shown(folder, "index.html")).toMatch(/The log cannot be read|The log is damaged/);
  expect(shown(folder, "index.html")).not.toMatch(/announced: \d/);
});

test("of a list that is longer than a page, the first one alone counts the log, and each holds its documents against it", async () => {
  const lab = await Laboratory.open();
  await lab.results(Array.from({ length: 51 }, (_, at) => findings({ title: `Round ${at}`, evidence: [] })));
  const { folder, built } = await lab.build();
  expect(built.pages).toContain("page-2.html");
  const data = (path: string): Record<string, unknown> =>
    JSON.parse(/id="data">(.*?)<\/script>/.exec(readFileSync(join(folder, path), "utf8"))![1]!) as Record<
      string,
      unknown
    >;
  expect((data("index.html")["logs"] as { entries: unknown[] }[])[0]!.entries).toHaveLength(51);
  expect(data("page-2.html")["logs"]).toEqual(data("index.html")["logs"]);
  expect(shown(folder, "index.html")).toContain("1 more result in the log, on other pages as the publisher says");
  expect(shown(folder, "index.html")).toContain("Page 1 of 2; the numbers above count the whole log.");
  expect(shown(folder, "index.html")).not.toContain("Not published here");
  expect(shown(folder, "page-2.html")).toContain("the numbers above count this page alone");
}, 60_000);
