/** The site over http: what it answers, with which headers, and what it does not answer. */
import { readFileSync, writeFileSync } from "node:fs";
import { connect, type AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveSite } from "../../src/site/serve.js";
import { Directory } from "../../src/store/directory.js";
import { lab, OUTPUT, pageOf, removePlaces, serve, type Lab, type Served } from "../web/making.js";

let made: Lab;
let served: Served;
beforeAll(async () => {
  made = await lab();
  served = await serve(made);
});
afterAll(() => {
  served.close();
  removePlaces();
});

const get = (path: string, init?: RequestInit): Promise<Response> => fetch(served.url("http", path), init);

/** The request line as it is, without a client that tidies it. */
const raw = (target: string, host = "localhost"): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(served.url("http", ""));
    const socket = connect(Number(port), hostname, () =>
      socket.end(`GET ${target} HTTP/1.1\r\n${host === "" ? "" : `Host: ${host}\r\n`}Connection: close\r\n\r\n`),
    );
    let answer = "";
    socket.setEncoding("utf8").on("data", (part: string) => (answer += part));
    socket.on("end", () => resolve(answer)).on("error", reject);
  });

test("pages, documents and keys by their types", async () => {
  for (const [path, type] of [
    ["", "text/html; charset=utf-8"],
    ["index.html", "text/html; charset=utf-8"],
    [pageOf(made.good), "text/html; charset=utf-8"],
    [pageOf(made.good).replace(/html$/, "json"), "application/json"],
    ["keys/keyring.json", "application/json"],
    ["attest.json", "application/json"],
  ] as const) {
    const answer = await get(path);
    expect([
      path,
      answer.status,
      answer.headers.get("content-type"),
      answer.headers.get("x-content-type-options"),
    ]).toEqual([path, 200, type, "nosniff"]);
  }
  expect(
    Buffer.from(await (await get(pageOf(made.good).replace(/html$/, "json"))).arrayBuffer()).equals(made.good.bytes),
  ).toBe(true);
});

test("evidence is downloaded and never rendered, whatever is in it", async () => {
  const { sha256 } = made.good.statement.predicate.f3.evidence[0]!.digest;
  const answer = await get(`attestations/evidence/sha256/${sha256!.slice(0, 2)}/${sha256!}`);
  expect(Buffer.from(await answer.arrayBuffer()).equals(OUTPUT)).toBe(true);
  expect(
    Object.fromEntries(
      ["content-type", "content-disposition", "content-security-policy", "x-content-type-options"].map((name) => [
        name,
        answer.headers.get(name),
      ]),
    ),
  ).toEqual({
    "content-type": "application/octet-stream",
    "content-disposition": "attachment",
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
  });
});

test("the page on hosting names the headers that evidence is served with here, for every host that it tells of", async () => {
  const page = readFileSync(fileURLToPath(new URL("../../docs/site.md", import.meta.url)), "utf8");
  const [wanted = "", nginx = "", file = ""] = [...page.matchAll(/^```\w*\n([^]*?)^```$/gm)].map(([, block]) => block);
  const headers = [...wanted.matchAll(/^([a-z-]+): (.*)$/gm)].map(
    ([, name = "", value = ""]) => [name, value] as const,
  );
  expect(headers).toHaveLength(4);
  const { sha256 } = made.good.statement.predicate.f3.evidence[0]!.digest;
  const answer = await get(`attestations/evidence/sha256/${sha256!.slice(0, 2)}/${sha256!}`);
  for (const [name, value] of headers) {
    expect(answer.headers.get(name)).toBe(value);
    expect(file).toContain(`  ${name}: ${value}\n`);
    expect(nginx).toContain(name === "content-type" ? `default_type ${value};` : `add_header ${name} `);
    expect(nginx).toContain(value);
  }
});

test("HEAD has the headers alone; other methods are refused", async () => {
  const head = await get("verify.html", { method: "HEAD" });
  expect([head.status, Number(head.headers.get("content-length")) > 1000, await head.text()]).toEqual([200, true, ""]);
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    const answer = await get("verify.html", { method });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  }
});

test.each([
  "/nothing.html",
  "/attestations",
  "/../secret.txt",
  "/attestations/../../secret.txt",
  "/%2e%2e/secret.txt",
  "/..%2fsecret.txt",
  "/attestations%5c..%5c..%5csecret.txt",
  "//secret.txt",
  "/%00",
  "/%",
  "/.hidden",
  "/attestations//index.json",
  "http://%",
])("nothing outside of the site: %s", async (target) => {
  writeFileSync(join(made.home, "secret.txt"), "secret");
  writeFileSync(join(made.folder, ".hidden"), "secret");
  const [status] = (await raw(target)).split("\r\n");
  expect(status).toMatch(/^HTTP\/1\.1 (?:404|400) /);
});

const statusOf = async (host: string): Promise<string> => (await raw("/verify.html", host)).split(" ", 2)[1] ?? "";

describe("kind S, the preview server:", () => {
  test.each([
    ["evil.example", "421"],
    ["evil.example:8080", "421"],
    ["localhost.evil.example", "421"],
    ["127.0.0.1.evil.example:80", "421"],
    ["127.0.0.1@evil.example", "421"],
    ["localhost.", "421"],
    ["[::1", "421"],
    ["", "400"], // by Node, before us
    ["localhost", "200"],
    ["LOCALHOST:1", "200"],
    ["[::1]:9", "200"],
    ["attest.test:80", "200"], // allowed by name
  ])("asked for as %j: %s", async (host, status) => {
    expect(await statusOf(host)).toBe(status);
  });

  test("no answer, of whatever status, is for another origin", async () => {
    for (const path of ["verify.html", "nothing.html", "attest.json"]) {
      const { headers } = await get(path, { headers: { origin: "http://evil.example" } });
      expect([headers.get("access-control-allow-origin"), headers.get("cross-origin-resource-policy")]).toEqual([
        null,
        "same-origin",
      ]);
    }
  });

  test("unless that was asked for", async () => {
    const server = await serveSite(new Directory(made.folder), { host: "127.0.0.1", port: 0, cors: true });
    const { port } = server.address() as AddressInfo;
    const { headers } = await fetch(`http://localhost:${port}/attest.json`);
    expect(headers.get("access-control-allow-origin")).toBe("*");
    server.close();
    server.closeAllConnections();
  });
});
