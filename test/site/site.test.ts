/** The site of a registry, as files: the same bytes every time, a registry itself, closed to scripts, and without a dead link. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, posix } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hex } from "../../src/core/bytes.js";
import type { Report } from "../../src/core/verify/report.js";
import { nodeEngine } from "../../src/node/engine.js";
import { verifyAll } from "../../src/pipeline/verify/verify.js";
import { assets } from "../../src/site/assets.js";
import { buildSite, verifierPage } from "../../src/site/build.js";
import { renderPage } from "../../src/site/document.js";
import type { DataOf, PageData } from "../../src/formats/page-data.js";
import { Directory } from "../../src/store/directory.js";
import { evidencePath } from "../../src/store/registry.js";
import {
  attest,
  findings,
  lab,
  NOW,
  pageOf,
  place,
  publish,
  removePlaces,
  serve,
  testKey,
  type Lab,
  type Published,
} from "../web/making.js";

let made: Lab;
/** With more attestations than fit on one page, no signer listed under the name of the other's, and no evidence. */
let long: Published;
beforeAll(async () => {
  made = await lab();
  const key = testKey("tireless");
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at < 103; at += 1) {
    const one = await attest(
      key,
      findings({ title: `Round ${at}`, evidence: [] }),
      new Date(Date.UTC(2026, 2, 1, 11, at)),
    );
    files.set(`${one.id}.json`, one.bytes);
  }
  long = await publish({ title: "A long list", listed: [key], files });
}, 60_000);
afterAll(removePlaces);

const files = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []))
    .map((path) =>
      path
        .slice(folder.length + 1)
        .split("\\")
        .join("/"),
    )
    .sort();
const pages = (folder: string): string[] => files(folder).filter((path) => path.endsWith(".html"));
const text = (folder: string, path: string): string => readFileSync(join(folder, path), "utf8");
const digests = (folder: string): Record<string, string> =>
  Object.fromEntries(files(folder).map((path) => [path, hex(nodeEngine.sha256(readFileSync(join(folder, path))))]));

describe("the build", () => {
  test("gives the same bytes again, to another place, at another time", async () => {
    const again = place();
    await buildSite(made.registry, new Directory(again), nodeEngine, new Date("2027-01-01T00:00:00Z"));
    expect(digests(again)).toEqual(digests(made.folder));
    await buildSite(made.registry, new Directory(again), nodeEngine, NOW); // over the old one
    expect(digests(again)).toEqual(digests(made.folder));
  });

  test("knows nothing of the registry in verify.html, so that its digest can be published", () => {
    expect(text(made.folder, "verify.html")).toBe(text(long.folder, "verify.html"));
    expect(text(made.folder, "verify.html")).toBe(verifierPage(assets(), nodeEngine));
    expect(text(made.folder, "verify.html")).not.toMatch(/Laboratory|SHA256:[A-Za-z0-9+/]{43}/);
  });

  test("lists what it refused, and gives it a page that says so", () => {
    expect([...made.built.refused].sort()).toEqual([`${made.tampered.id}.json`, `${made.strangers.id}.json`].sort());
    expect(text(made.folder, pageOf(made.tampered))).toContain("Does not match its signature");
    expect(text(made.folder, pageOf(made.strangers))).toContain("Signer unknown");
    for (const refused of [made.tampered, made.strangers]) {
      const [outside] = text(made.folder, pageOf(refused)).split('<script type="application/json"');
      expect(outside).not.toMatch(/Nobody looks twice|Strangers can add|Two and two/);
    }
  });

  test("names every page that it wrote", () => {
    expect([...made.built.pages].sort()).toEqual(pages(made.folder));
    expect([...long.built.pages].sort()).toEqual(pages(long.folder));
  });

  test("a file that is no UTF-8, or begins with a byte order mark, is refused by the page as by the command line", async () => {
    const bom = Buffer.concat([Buffer.from("\ufeff"), made.good.bytes]);
    const latin = Buffer.from(
      Buffer.from(made.good.bytes).toString("latin1").replace("Addition adds", "Addition \u00e4dds"),
      "latin1",
    );
    for (const bytes of [bom, latin]) {
      const { folder, built } = await publish({
        title: "Odd bytes",
        listed: [made.mine],
        files: new Map([[`${made.good.id}.json`, bytes]]),
      });
      expect(built.refused).toEqual([`${made.good.id}.json`]);
      const [data] = /(?<=<script type="application\/json" id="data">).*(?=<\/script>)/.exec(
        text(folder, pageOf(made.good)),
      )!;
      const [document] = (JSON.parse(data) as DataOf<"attestation">).documents;
      expect(document.text.startsWith("\ufeff") || document.text === "\ufffd").toBe(true);
    }
  });

  test("evidence that is not what was signed is neither published nor linked, and its attestation is listed", async () => {
    const name = `${made.good.id}.json`;
    const { home, registry } = await publish({
      title: "Changed",
      listed: [made.mine],
      files: new Map([[name, made.good.bytes]]),
    });
    const [piece] = made.good.statement.predicate.f3.evidence;
    const path = evidencePath(piece!.digest.sha256!);
    for (const act of [() => writeFileSync(join(home, path), "other bytes"), () => rmSync(join(home, path))]) {
      act();
      const folder = place();
      expect(await buildSite(registry, new Directory(folder), nodeEngine, NOW)).toMatchObject({ refused: [name] });
      expect(files(folder)).not.toContain(path);
      expect(text(folder, pageOf(made.good))).not.toContain('href="evidence/');
    }
  });

  test("newest first, by time and not by spelling; what was refused last, by name", async () => {
    const [early, late] = [
      await attest(made.mine, findings(), new Date("2026-03-01T10:00:03.000Z")),
      await attest(made.mine, findings(), new Date("2026-03-01T10:00:03.500Z")),
    ];
    const { folder } = await publish({
      title: "Two",
      listed: [made.mine],
      files: new Map([
        [`${early.id}.json`, early.bytes],
        [`${late.id}.json`, late.bytes],
        ["test_ffffffffffffffff.json", Buffer.from("x")],
        ["test_0000000000000000.json", Buffer.from("x")],
      ]),
    });
    const [list] = /<tbody>.*<\/tbody>/.exec(text(folder, "index.html"))!;
    expect(list.match(/test_[0-9a-f]{16}(?=<\/code>|\.json)/g)).toEqual([
      late.id,
      early.id,
      "test_0000000000000000",
      "test_ffffffffffffffff",
    ]);
  });

  test("of an empty registry too", async () => {
    const { folder, built } = await publish({ title: "Nothing yet", listed: [], files: new Map() });
    expect(built).toEqual({ pages: ["index.html", "verify.html"], refused: [], warnings: [] });
    expect(text(folder, "index.html")).toContain("Nothing has been published here yet.");
  });
});

describe("a site is a registry", () => {
  test("that verifies as the one it was made from", async () => {
    const request = { keys: [made.mine.line], keyrings: [], keystore: undefined, engine: nodeEngine, now: NOW };
    const reports = async (target: string): Promise<Record<string, Report>> =>
      Object.fromEntries(
        (await verifyAll({ ...request, targets: [target] })).map((one) => {
          if ("fault" in one) throw one.fault;
          return [basename(one.target), one.report];
        }),
      );
    const here = await reports(made.folder);
    expect(here).toEqual(await reports(made.home));
    const evidence = ({ checks }: Report): string | undefined => checks.find(({ name }) => name === "evidence")?.code;
    const outcomes = Object.fromEntries(
      Object.entries(here).map(([name, report]) => [name, [report.outcome, evidence(report)]]),
    );
    expect(outcomes).toEqual({
      [`${made.good.id}.json`]: ["accepted", "evidence-missing"], // the reference has an address of its own
      [`${made.refuted.id}.json`]: ["accepted", "evidence-missing"],
      [`${made.inconclusive.id}.json`]: ["accepted", "evidence-missing"],
      [`${made.strangers.id}.json`]: ["untrusted", "not-reached"],
      [`${made.tampered.id}.json`]: ["invalid", "not-reached"],
    });
  });

  test("from its address as well", async () => {
    const { url, close } = await serve(made);
    const target = url("http", pageOf(made.good).replace(/html$/, "json"));
    const request = { targets: [target], keyrings: [], keystore: undefined, engine: nodeEngine, now: NOW };
    expect(await verifyAll({ ...request, keys: [] })).toMatchObject([
      { report: { outcome: "untrusted", trust: "registry-only" } },
    ]);
    expect(await verifyAll({ ...request, keys: [made.mine.line] })).toMatchObject([
      { report: { outcome: "accepted", verdict: "VALIDATED" } },
    ]);
    close();
  });
});

describe("every page", () => {
  const all = (): (readonly [folder: string, path: string])[] =>
    [made, long].flatMap(({ folder }) => pages(folder).map((path) => [folder, path] as const));

  test("has a policy whose hashes are those of its script and style, to the byte", () => {
    const hash = (content: string): string =>
      `'sha256-${Buffer.from(nodeEngine.sha256(Buffer.from(content))).toString("base64")}'`;
    for (const [folder, path] of all()) {
      const page = text(folder, path);
      const [, policy] = /<meta http-equiv="Content-Security-Policy" content="([^"]+)">/.exec(page)!;
      const [, script] = /<script>([\s\S]*?)<\/script>/.exec(page)!;
      const [, style] = /<style>([\s\S]*?)<\/style>/.exec(page)!;
      expect(policy!.split("; ")).toEqual([
        "default-src 'none'",
        `script-src ${hash(script!)}`,
        `style-src ${hash(style!)}`,
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
      ]);
      expect(page.indexOf("Content-Security-Policy")).toBeLessThan(page.search(/<(?:style|script|link|title)/)); // it rules only what comes after it
    }
  });

  test("has exactly two scripts, and their ends are ours", () => {
    for (const [folder, path] of all()) {
      const page = text(folder, path);
      expect([page.match(/<script/g)?.length, page.match(/<\/script/gi)?.length, page.match(/<!--/g)]).toEqual([
        2,
        2,
        null,
      ]);
    }
  });

  test("leads nowhere that is not there", () => {
    for (const [folder, path] of all()) {
      const there = files(folder);
      const links = [...text(folder, path).matchAll(/<a [^>]*href="([^"]*)"/g)].map(([, href]) => href!);
      expect(links.length).toBeGreaterThan(0);
      for (const link of links)
        if (!/^https?:/.test(link)) expect(there, `${path} → ${link}`).toContain(posix.join(dirname(path), link));
    }
  });

  test("is small enough to be read on the way", () => {
    for (const [folder, path] of all()) expect(text(folder, path).length, path).toBeLessThan(1024 * 1024);
  });
});

describe("a list that is longer than a page", () => {
  test("goes on on the next, and each attestation is on one of them", () => {
    expect(pages(long.folder).filter((path) => !path.startsWith("attestations/"))).toEqual([
      "index.html",
      "page-2.html",
      "page-3.html",
      "verify.html",
    ]);
    const rows = ["index.html", "page-2.html", "page-3.html"].map((path) =>
      [...text(long.folder, path).matchAll(/href="attestations\/(test_[0-9a-f]{16})\.html"/g)].map(([, id]) => id!),
    );
    expect(rows.map((row) => row.length)).toEqual([50, 50, 3]);
    expect(new Set(rows.flat()).size).toBe(103);
    expect(text(long.folder, "index.html")).toContain("Round 102");
    expect(text(long.folder, "page-3.html")).toMatch(/Round 2<[\s\S]*Round 1<[\s\S]*Round 0</);
  });

  test("every page of it leads to every other", () => {
    const names = ["index.html", "page-2.html", "page-3.html"];
    for (const [at, path] of names.entries()) {
      const page = text(long.folder, path);
      expect(page).toContain(`Page ${at + 1} of 3`);
      expect([...page.matchAll(/<a href="((?:index|page-\d)\.html)">\d</g)].map(([, href]) => href)).toEqual(
        names.filter((name) => name !== path),
      );
    }
    expect(text(made.folder, "index.html")).not.toContain("Page 1");
  });
});

test("data cannot end the element that it stands in, and comes out as it went in", () => {
  const evil = "</script><script>alert(1)</script><!--<script>]]>\u2028\u2029\u0000\ud83d\ude00</SCRIPT >\\u003c&lt;";
  const data: PageData = {
    kind: "attestation",
    about: { origin: evil, title: evil },
    keyring: evil,
    notices: [evil],
    documents: [{ name: evil, text: evil }],
    evidence: [],
    beside: [],
    plans: [],
    answers: [],
    related: [],
    moreRelated: 0,
  };
  const page = renderPage(
    { title: evil, description: evil, data, main: [] },
    { style: "", script: "", logScript: "" },
    nodeEngine,
  );
  const [, held] = /<script type="application\/json" id="data">([^<]*)<\/script>/.exec(page)!;
  expect(JSON.parse(held!)).toEqual(data);
  expect(page.match(/<\/?script/gi)).toHaveLength(4);
  expect(page.match(/<!--/g)).toBeNull();
});

test("a page that the registry does not know is left alone, and one of it is replaced", async () => {
  const folder = place();
  writeFileSync(join(folder, "CNAME"), "lab.example.org\n");
  writeFileSync(join(folder, "index.html"), "old");
  await buildSite(made.registry, new Directory(folder), nodeEngine, NOW);
  expect(text(folder, "CNAME")).toBe("lab.example.org\n");
  expect(text(folder, "index.html")).toContain("Laboratory of Addition");
});
