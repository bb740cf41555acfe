/** The site of a registry: built into files, and served over real HTTP with the headers that keep evidence from being rendered. */
import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { request } from "node:http";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  attest,
  copyOf,
  ended,
  firstLine,
  start,
  stranger,
  tree,
  workspace,
  type Ran,
  type Workspace,
} from "./attest.js";
import { lab, publish, sha256 } from "./drafts.js";

let made: Workspace;
let id = "";

beforeAll(async () => {
  made = workspace();
  const { file } = await lab(made, { evidence: { "page.html": "<script>alert(1)</script>" } });
  id = basename(file, ".json");
  const ran = await made.attest("site", "build", "--registry", "lab");
  expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 0, stdout: "lab/site/index.html\n" });
});

const EVIDENCE = `attestations/evidence/sha256/${sha256("<script>alert(1)</script>").slice(0, 2)}/${sha256("<script>alert(1)</script>")}`;

describe("site build", () => {
  test("pages, and the registry itself, byte for byte", () => {
    const site = made.path("lab/site");
    const files = readdirSync(site, { recursive: true, encoding: "utf8" }).filter((name) =>
      statSync(join(site, name)).isFile(),
    );
    const copied = [
      "attest.json",
      `attestations/${id}.json`,
      `attestations/${id}.tlog-proof`,
      EVIDENCE,
      "attestations/log/checkpoint",
      "attestations/log/tile/0/000.p/1",
      "attestations/log/tile/entries/000.p/1",
      "keys/keyring.json",
      "keys/log.vkey",
      "keys/signer.pub",
    ];
    expect(files.sort()).toEqual(
      [...copied, `attestations/${id}.html`, "index.html", "log.html", "verify.html"].sort(),
    );
    for (const name of copied)
      expect(readFileSync(made.path("lab/site", name))).toEqual(readFileSync(made.path("lab", name)));
  });

  test("the same files give the same bytes", async () => {
    const work = copyOf(made);
    const bytes = (): Buffer[] =>
      ["index.html", "verify.html", `attestations/${id}.html`].map((name) => readFileSync(work.path("lab/site", name)));
    const before = bytes();
    expect((await work.attest("site", "build", "--registry", "lab")).code).toBe(0);
    expect(bytes()).toEqual(before);
  });

  test("with an attestation that does not verify: exit 1, and its page says so and shows nothing of it", async () => {
    const work = copyOf(made);
    const file = work.path(`lab/attestations/${id}.json`);
    work.write(
      `lab/attestations/${id}.json`,
      readFileSync(file, "utf8").replace("Addition adds", "Addition subtracts"),
    );
    const ran = await work.attest("site", "build", "--registry", "lab", "--json");
    expect(ran.code).toBe(1);
    expect(ran.json()).toMatchObject({ refused: [`${id}.json`] });
    const page = readFileSync(work.path(`lab/site/attestations/${id}.html`), "utf8");
    const main = /<main[\s\S]*<\/main>/.exec(page)?.[0];
    expect(main).not.toContain("subtracts");
    expect(main).toMatch(/does not match|nothing/i);
  });

  test("the registry is only read", async () => {
    const work = copyOf(made);
    const before = tree(work.path("lab"));
    expect((await work.attest("site", "build", "--registry", "lab", "--output", "public")).code).toBe(0);
    expect(tree(work.path("lab"))).toEqual(before);
  });
});

describe("site serve", () => {
  let server: ChildProcess;
  let ending: Promise<Ran>;
  let address = "";

  beforeAll(async () => {
    made.write("lab/site/.hidden", "secret");
    made.write("lab/site/.git/config", "secret");
    made.write("outside.txt", "secret");
    server = start(["site", "serve", "--registry", "lab", "--port", "0"], made);
    ending = ended(server);
    address = await firstLine(server);
  });

  afterAll(() => server.kill("SIGKILL"));

  /** The path as it is, which `fetch` would tidy up first. */
  const get = (
    path: string,
    method = "GET",
  ): Promise<{ status: number | undefined; headers: NodeJS.Dict<string | string[]>; body: string }> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(address);
      request({ hostname, port, path, method, agent: false }, (response) => {
        let body = "";
        response
          .setEncoding("utf8")
          .on("data", (text: string) => (body += text))
          .on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
      })
        .on("error", reject)
        .end();
    });

  test("the address is the answer", () => {
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  });

  test.each([
    ["/", "text/html; charset=utf-8"],
    ["/verify.html", "text/html; charset=utf-8"],
    ["/attest.json", "application/json"],
    ["/keys/signer.pub", "text/plain; charset=utf-8"],
  ])("%s is %s, and not to be guessed at", async (path, type) => {
    const { status, headers } = await get(path);
    expect({ status, type: headers["content-type"], sniff: headers["x-content-type-options"] }).toEqual({
      status: 200,
      type,
      sniff: "nosniff",
    });
  });

  test("evidence is downloaded, never rendered", async () => {
    const { status, headers, body } = await get(`/${EVIDENCE}`);
    expect({ status, body }).toEqual({ status: 200, body: "<script>alert(1)</script>" });
    expect(headers).toMatchObject({
      "content-type": "application/octet-stream",
      "content-disposition": "attachment",
      "content-security-policy": "sandbox; default-src 'none'",
      "x-content-type-options": "nosniff",
    });
  });

  test.each([
    "/nowhere",
    "/nowhere/",
    "/" + "a".repeat(5000),
    "/attestations", // a folder
    "/attestations/",
    "/.hidden",
    "/.git/config",
    "/%2ehidden",
    "/../outside.txt",
    "/../../outside.txt",
    "/%2e%2e/%2e%2e/outside.txt",
    "/..%2f..%2foutside.txt",
    "/attestations/..%2f..%2f..%2foutside.txt",
    "/attestations\\..\\..\\..\\outside.txt",
    "/..%5coutside.txt",
    "//etc/passwd",
    "/%2fetc%2fpasswd",
    "/%00",
    "/%ff",
    "/%",
    "/index.html%00.txt",
    "/attestations/index.json/x",
  ])("%.40s is not there", async (path) => {
    const { status, body } = await get(path);
    expect({ status, body }).toEqual({ status: 404, body: "not found\n" });
  });

  test("only reading is served", async () => {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) expect((await get("/", method)).status).toBe(405);
    const { status, body, headers } = await get("/", "HEAD");
    expect({ status, body }).toEqual({ status: 200, body: "" });
    expect(Number(headers["content-length"])).toBeGreaterThan(0);
  });

  test("what is served can be verified by its address", async () => {
    const url = `${address}attestations/${id}.json`;
    expect((await made.attest("verify", url)).code).toBe(0);
    const far = await attest(["verify", url, "--json"], stranger(made));
    expect(far.code).toBe(3);
    expect(far.stdout).toContain('"key-registry-only"');
    expect((await attest(["verify", url, "--key", "lab/keys/signer.pub"], stranger(made))).code).toBe(0);
    expect((await made.attest("show", url)).code).toBe(0);
    expect((await made.attest("verify", `${address}attestations/%ff`)).code).toBe(2);
  });

  test.each(["SIGINT", "SIGTERM"] as const)("%s ends it at once, with what was asked of it done", async (signal) => {
    const other = start(["site", "serve", "--registry", "lab", "--port", "0"], made);
    const end = ended(other);
    const kept = await fetch(await firstLine(other)); // a connection that is kept open
    other.kill(signal);
    expect(await end).toMatchObject({ code: 0, signal: null, stderr: "Ctrl-C ends it\n" });
    expect(kept.status).toBe(200);
  });

  test("without a site: how to build one", async () => {
    const work = workspace();
    await lab(work);
    expect((await work.attest("site", "serve", "--registry", "lab")).stderr).toMatch(
      /^error: .*\blab\/site\b.*\nhint: .*\battest site build\n$/,
    );
  });

  test("it is still there, and has not said a word", async () => {
    expect((await get("/")).status).toBe(200);
    server.kill("SIGTERM");
    expect(await ending).toMatchObject({ code: 0, stderr: "Ctrl-C ends it\n" });
  });
});

test("of several attestations, the list names all, the newest first", async () => {
  const work = copyOf(made);
  await publish(work, "lab", { title: "The second" });
  expect((await work.attest("site", "build", "--registry", "lab")).code).toBe(0);
  const index = readFileSync(work.path("lab/site/index.html"), "utf8").split("<script type=")[0] ?? "";
  expect(index.indexOf("The second")).toBeGreaterThan(0);
  expect(index.indexOf("The second")).toBeLessThan(index.indexOf("Addition adds"));
});
