// What is captured from an address or a file, how it gets into a statement, and that it is never lost on the way to a registry.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import type { RequestListener } from "node:http";
import { beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/core/json.js";
import type { Draft, EvidenceRef } from "../../src/core/statement/statement.js";
import { serve, type Serving } from "../audit/servers.js";
import { attest, copyOf, ended, fault, start, tree, workspace, type Ran, type Workspace } from "./attest.js";
import { lab, sha256, writeDraft } from "./drafts.js";
import { serve as serveHttps, withoutOpenssl } from "./https.js";

let made: Workspace;
beforeAll(async () => {
  made = workspace();
  await lab(made);
  writeDraft(made, "claim", { title: "A claim" });
  made.write("notes.md", "seen\n");
});

const ok = (ran: Ran): Ran => {
  expect(ran.code, ran.stderr).toBe(0);
  return ran;
};
const evidenceIn = (work: Workspace, file = "claim.json"): EvidenceRef[] =>
  (JSON.parse(readFileSync(work.path(file), "utf8")) as Draft).predicate.f3.evidence;
const beside = (work: Workspace, text: string, folder = "claim.evidence"): string =>
  work.path(folder, "sha256", sha256(text).slice(0, 2), sha256(text));
const add = async (work: Workspace, serving: Pick<Serving, "host">, ...args: string[]): Promise<Ran> =>
  await work.attest("evidence", "add", ...args, "--statement", "claim.json", "--allow", serving.host);

const page: RequestListener = (request, response) => {
  if (request.url === "/old") return void response.writeHead(301, { location: "/reports/today.html" }).end();
  response.setHeader("content-type", "text/html; charset=utf-8");
  if (request.url?.startsWith("/reports/") === true)
    response.setHeader("last-modified", "Sun, 01 Mar 2026 09:00:00 GMT");
  if (request.url === "/future") response.setHeader("last-modified", "Fri, 01 Mar 2126 09:00:00 GMT");
  response.setHeader("etag", `"${"x".repeat(600)}"`);
  response.setHeader("set-cookie", "who=you");
  response.end("<p>seen</p>");
};

test("what lies beside a file is read from there alone: a link that leads out is refused", async () => {
  const work = copyOf(made);
  const [name = ""] = readdirSync(work.path("lab/attestations")).filter((one) => one.startsWith("test_"));
  work.write("alone.json", readFileSync(work.path("lab/attestations", name)));
  const folder = `alone.evidence/sha256/${sha256("4\n").slice(0, 2)}`;
  work.write(`${folder}/${sha256("4\n")}`, "4\n");
  const verified = (): Promise<Ran> => work.attest("verify", "alone.json", "--require", "evidence");
  ok(await verified());
  rmSync(work.path(folder, sha256("4\n")));
  symlinkSync(work.write("elsewhere.txt", "4\n"), work.path(folder, sha256("4\n")));
  const ran = await verified();
  expect({ code: ran.code, said: ran.stderr }).toEqual({
    code: 2,
    said: expect.stringContaining("found a link that leads out of") as string,
  });
});

describe("what is captured", () => {
  test("from an address: bytes, digest, type, the date that the server declares, and how one got there", async () => {
    const work = copyOf(made);
    const serving = await serve(page);
    ok(await add(work, serving, `${serving.at}/old`));
    const piece = evidenceIn(work)[1];
    const now = Date.now();
    expect(piece).toEqual({
      name: "old",
      uri: `${serving.at}/old`,
      role: "source",
      mediaType: "text/html; charset=utf-8",
      size: 11,
      digest: { sha256: sha256("<p>seen</p>") },
      sourceDate: "2026-03-01T09:00:00.000Z",
      sourceDateKind: "declared",
      annotations: {
        capturedAt: expect.any(String) as string,
        status: 200,
        hops: [{ status: 301, url: `${serving.at}/reports/today.html` }],
        headers: {
          "content-type": "text/html; charset=utf-8",
          "content-length": "11",
          date: expect.any(String) as string,
          "last-modified": "Sun, 01 Mar 2026 09:00:00 GMT",
        },
      },
    });
    const at = Date.parse(piece?.annotations?.["capturedAt"] as string);
    expect(Math.abs(now - at)).toBeLessThan(60_000);
    expect(readFileSync(beside(work, "<p>seen</p>"), "utf8")).toBe("<p>seen</p>");
  });

  test.each([["/now"], ["/future"]])(
    "%s is dated by when it was seen, when no date is declared that can be",
    async (path) => {
      const work = copyOf(made);
      const serving = await serve(page);
      ok(await add(work, serving, `${serving.at}${path}`));
      const { sourceDate, sourceDateKind, annotations } = evidenceIn(work)[1]!;
      expect({ sourceDate, sourceDateKind }).toEqual({
        sourceDate: annotations?.["capturedAt"],
        sourceDateKind: "observed",
      });
    },
  );

  test("from a file: it is dated by it, and nothing says that it came from anywhere", async () => {
    const work = copyOf(made);
    utimesSync(work.path("notes.md"), 1_772_000_000, 1_772_000_000);
    const ran = ok(await work.attest("evidence", "add", "notes.md", "--statement", "claim.json"));
    expect(evidenceIn(work)[1]).toEqual({
      name: "notes.md",
      role: "source",
      size: 5,
      digest: { sha256: sha256("seen\n") },
      sourceDate: "2026-02-25T06:13:20.000Z",
      sourceDateKind: "file-mtime",
      annotations: { capturedAt: expect.any(String) as string },
    });
    expect(ran.stdout).toBe(`${sha256("seen\n")}\t5\tnotes.md\n`);
  });

  test("from an address with a query, with a word about it; of where that leads the query is not told", async () => {
    const work = copyOf(made);
    const serving = await serve((request, response) => {
      if (request.url?.startsWith("/signed?") === true) return void response.end("seen");
      response.writeHead(302, { location: "/signed?token=of-one-reader" }).end();
    });
    const ran = ok(await add(work, serving, `${serving.at}/report?page=2`, "notes.md"));
    expect(evidenceIn(work)[1]).toMatchObject({
      uri: `${serving.at}/report?page=2`,
      annotations: { hops: [{ status: 302, url: `${serving.at}/signed` }] },
    });
    expect(readFileSync(work.path("claim.json"), "utf8")).not.toContain("of-one-reader");
    expect(ran.stderr.match(/.* is published with its query.*/g)).toEqual([
      `the address of ${serving.host}/report is published with its query: it must not contain a secret`,
    ]);
    const plain = ok(await add(work, serving, `${serving.at}/report`));
    expect(plain.stderr).not.toContain("query");
  });

  test("once, however often; but again when it says something else by now", async () => {
    const work = copyOf(made);
    let body = "first";
    const serving = await serve((_, response) => response.end(body));
    const both = ["notes.md", `${serving.at}/`, "notes.md", `${serving.at}/`];
    ok(await add(work, serving, ...both));
    const before = tree(work.cwd);
    expect(ok(await add(work, serving, ...both)).stderr).toMatch(/^0 of 4 added/);
    expect(tree(work.cwd)).toEqual(before);
    expect(evidenceIn(work)).toHaveLength(3);
    body = "second";
    ok(await add(work, serving, ...both));
    expect(evidenceIn(work).map(({ digest }) => digest.sha256)).toEqual(
      ["4\n", "seen\n", "first", "second"].map(sha256),
    );
  });

  test.skipIf(withoutOpenssl() !== undefined)("over https, where the certificate is one for that name", async () => {
    const work = copyOf(made);
    const { port, server, env } = await serveHttps(work.root, () => [200, {}, "safe"]);
    const at = (host: string): Promise<Ran> =>
      attest(
        ["evidence", "add", `https://${host}:${port}/`, "--statement", "claim.json", "--allow", `${host}:${port}`],
        { ...work, env: { ...work.env, ...env } },
      );
    ok(await at("localhost"));
    ok(await at("127.0.0.1"));
    expect(fault({ ...(await at("127.0.0.2")), code: 2 }).error).toMatch(/ERR_TLS_CERT_ALTNAME_INVALID|ECONNREFUSED/);
    server.close();
    expect(evidenceIn(work)).toHaveLength(3);
  });

  test.skipIf(withoutOpenssl() !== undefined)("over https, and from there by no redirect to http", async () => {
    const work = copyOf(made);
    const plain = await serve(page);
    const safe = await serveHttps(work.root, () => [302, { location: `${plain.at}/` }]);
    const args = ["evidence", "add", `https://${safe.host}/`, "--statement", "claim.json"];
    const allowed = ["--allow", safe.host, "--allow", plain.host];
    const ran = await attest([...args, ...allowed], { ...work, env: { ...work.env, ...safe.env } });
    safe.server.close();
    expect({ code: ran.code, asked: plain.asked }).toEqual({ code: 4, asked: [] });
    expect(ran.stderr).toContain("a redirect from https to http");
  });

  test("at once by many: nothing that one adds is lost by another", async () => {
    const work = copyOf(made);
    const names = Array.from({ length: 6 }, (_, at) => `note-${at}.txt`);
    for (const name of names) work.write(name, name);
    await Promise.all(
      names.map(async (name) => ok(await work.attestProcess("evidence", "add", name, "--statement", "claim.json"))),
    );
    expect(
      evidenceIn(work)
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...names, "output.txt"]);
  });

  test("into a file that keeps its mode, and a link to it that stays one", async () => {
    const work = copyOf(made);
    chmodSync(work.path("claim.json"), 0o600);
    mkdirSync(work.path("links"));
    symlinkSync("../claim.json", work.path("links/claim.json"));
    ok(await work.attest("evidence", "add", "notes.md", "--statement", "links/claim.json"));
    expect(evidenceIn(work)).toHaveLength(2);
    expect(statSync(work.path("claim.json")).mode & 0o777).toBe(0o600);
    expect(existsSync(beside(work, "seen\n", "links/claim.evidence"))).toBe(true);
  });
});

describe("what was captured is published", () => {
  const captured = async (): Promise<{ readonly work: Workspace; readonly serving: Serving }> => {
    const work = copyOf(made);
    const serving = await serve(page);
    ok(await add(work, serving, `${serving.at}/reports/today.html`, "notes.md"));
    return { work, serving };
  };
  const archived = (work: Workspace, text: string): string => beside(work, text, "lab/attestations/evidence");

  test("by sign, the copy of what has an address too", async () => {
    const { work } = await captured();
    const { path } = ok(await work.attest("sign", "claim.json", "--registry", "lab", "--json")).json();
    for (const text of ["<p>seen</p>", "seen\n", "4\n"]) expect(readFileSync(archived(work, text), "utf8")).toBe(text);
    ok(await work.attest("verify", path as string, "--require", "evidence"));
  });

  test("by add, from what sign has written beside a file", async () => {
    const { work } = await captured();
    ok(await work.attest("sign", "claim.json", "--output", "signed.json"));
    expect(existsSync(beside(work, "<p>seen</p>", "signed.evidence"))).toBe(true);
    ok(await work.attest("add", "signed.json", "--registry", "lab"));
    expect(readFileSync(archived(work, "<p>seen</p>"), "utf8")).toBe("<p>seen</p>");
  });

  test("unless the copy is not there any more: the address is what is left, and a file must be there", async () => {
    const { work } = await captured();
    renameSync(beside(work, "<p>seen</p>"), work.path("away"));
    ok(await work.attest("sign", "claim.json", "--registry", "lab"));
    expect(existsSync(archived(work, "<p>seen</p>"))).toBe(false);
    renameSync(beside(work, "seen\n"), work.path("away too"));
    expect(fault(await work.attest("sign", "claim.json", "--registry", "lab")).error).toMatch(/for notes\.md below/);
  });

  test("and is looked through for secrets first, as everything is", async () => {
    const work = copyOf(made);
    const secret = `ghp_${"a1B2".repeat(9)}`;
    const serving = await serve((_, response) => response.end(`one\ntoken=${secret}\n`));
    ok(await add(work, serving, `${serving.at}/log.txt`));
    const ran = await work.attest("sign", "claim.json", "--registry", "lab");
    expect(fault(ran).error).toMatch(/github-token\) in evidence log\.txt, line 2/);
    ok(await work.attest("sign", "claim.json", "--output", "signed.json", "--allow-secret", "github-token"));
    expect(fault(await work.attest("add", "signed.json", "--registry", "lab")).error).toMatch(
      /evidence log\.txt, line 2/,
    );
  });

  test("what run has left unsigned takes it too", async () => {
    const work = copyOf(made);
    await work.attest("run", "--subject", "notes.md", "--unsigned", "--output", "run.json", "--", "true");
    ok(await work.attest("evidence", "add", "notes.md", "--statement", "run.json"));
    ok(await work.attest("sign", "run.json", "--registry", "lab"));
    expect(existsSync(archived(work, "seen\n"))).toBe(true);
  });
});

describe("what fails changes nothing", () => {
  const untouched = async (work: Workspace, args: readonly string[]): Promise<Ran> => {
    const before = tree(work.cwd);
    const ran = await work.attest("evidence", "add", ...args, "--json");
    expect(tree(work.cwd)).toEqual(before);
    return ran;
  };
  const INTO = ["--statement", "claim.json"];

  test.each<[string, number, string, (at: string) => string[]]>([
    ["a file that there is not, after one that there is", 2, "file-missing", () => ["notes.md", "none.md", ...INTO]],
    ["a folder", 2, "io", () => ["lab", ...INTO]],
    ["an address where there is nothing", 4, "network", (at) => ["notes.md", `${at}/gone`, ...INTO]],
    ["an address that breaks off", 4, "network", (at) => [`${at}/broken`, ...INTO]],
    ["one that may not be asked", 4, "address-refused", () => ["http://169.254.169.254/", ...INTO]],
    ["one that is barred", 4, "address-refused", (at) => [`${at}/barred`, ...INTO]],
    ["a redirect to where nobody may look", 4, "address-refused", (at) => [`${at}/inside`, ...INTO]],
    ["an address with a password", 4, "address-refused", (at) => [at.replace("//", "//me:secret@"), ...INTO]],
    ["a statement that there is not", 2, "io", () => ["notes.md", "--statement", "none.json"]],
    ["a statement that is none", 2, "json-syntax", () => ["notes.md", "--statement", "notes.md"]],
    ["a document of another kind", 2, "scenario-statement", () => ["notes.md", "--statement", "lab/attest.json"]],
    ["a statement that lacks something", 2, "scenario-statement", () => ["notes.md", "--statement", "half.json"]],
    ["a place that is no place", 2, "usage", () => ["notes.md", ...INTO, "--allow", "here"]],
  ])("%s", async (_, code, name, args) => {
    const work = copyOf(made);
    const half = JSON.parse(readFileSync(work.path("claim.json"), "utf8")) as Draft;
    work.write("half.json", JSON.stringify({ ...half, subject: [] }));
    const serving = await serve((request, response) => {
      if (request.url === "/inside") response.writeHead(302, { location: "http://127.0.0.1:1/" }).end();
      else if (request.url === "/broken")
        response.writeHead(200, { "content-length": 9 }).end("half", () => response.destroy());
      else response.writeHead(request.url === "/barred" ? 403 : 404).end();
    });
    const ran = await untouched(work, [...args(serving.at), "--allow", serving.host]);
    expect({ code: ran.code, error: ran.json()["error"] }).toMatchObject({ code, error: { code: name } });
    expect(ran.stdout + ran.stderr).not.toContain("secret");
  });

  test("what is signed already", async () => {
    const work = copyOf(made);
    ok(await work.attest("sign", "claim.json", "--output", "signed.json"));
    const ran = await untouched(work, ["notes.md", "--statement", "signed.json"]);
    expect((ran.json()["error"] as JsonObject)["message"]).toMatch(
      /an unsigned statement in signed\.json, found one that is signed/,
    );
  });

  test("an end by force, while it waits for an answer", async () => {
    const work = copyOf(made);
    const serving = await serve(() => undefined);
    const before = tree(work.cwd);
    const child = start(
      ["evidence", "add", "notes.md", `${serving.at}/`, "--statement", "claim.json", "--allow", serving.host],
      work,
    );
    const end = ended(child);
    while (serving.asked.length === 0) await new Promise((done) => setTimeout(done, 20));
    child.kill("SIGKILL");
    expect((await end).signal).toBe("SIGKILL");
    expect(tree(work.cwd)).toEqual(before);
  });

  test("evidence of that digest with other bytes beside it", async () => {
    const work = copyOf(made);
    ok(await work.attest("evidence", "add", "notes.md", "--output", "claim.evidence"));
    writeFileSync(beside(work, "seen\n"), "something else\n");
    const before = readFileSync(work.path("claim.json"), "utf8");
    expect((await work.attest("evidence", "add", "notes.md", "--statement", "claim.json")).code).toBe(2);
    expect(readFileSync(work.path("claim.json"), "utf8")).toBe(before);
  });
});
