/** A registry read at its address: the same answers as from its folder, and requests to nowhere else. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { fromUtf8, utf8 } from "../../src/core/bytes.js";
import { AttestError } from "../../src/core/errors.js";
import { serveSite } from "../../src/site/serve.js";
import { Directory } from "../../src/store/directory.js";
import { baseOf, HttpSource } from "../../src/store/http-source.js";
import { documentInBucket, fileAt, isAddress, openSource, openStore } from "../../src/store/open.js";

const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no refusal",
    (error: unknown) => (error instanceof AttestError ? error.code : error),
  );

let asked: string[] = [];
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let server: Server;
let host = "";

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    answer(request, response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());
beforeEach(() => {
  asked = [];
  answer = (_, response) => void response.end("yes");
});

const at = (address: string): HttpSource => new HttpSource(new URL(address));

describe("an address", () => {
  test.each([
    ["/lab", "/lab/keys/a"],
    ["/lab/", "/lab/keys/a"],
    ["/lab/index.html", "/lab/keys/a"],
    ["", "/keys/a"],
    ["/lab?version=2#top", "/lab/keys/a"],
    ["/a%20b", "/a%20b/keys/a"],
  ])("%j is the base of its files", async (path, expected) => {
    expect(fromUtf8((await at(host + path).read("keys/a")) ?? utf8(""))).toBe("yes");
    expect(asked).toEqual([expected]);
  });

  test.each([
    ["//127.0.0.2/a", "///127.0.0.2/a"],
    ["a?b#c", "/a%3Fb%23c"],
  ])("a path is no address: %j", async (path, expected) => {
    await at(host).read(path);
    expect(asked).toEqual([expected]);
  });

  test.each([["../a"], ["a/../../b"], ["%2e%2E/a"], [".%2e"]])("a path stays below it: %j", (path) => {
    expect(() => at(`${host}/lab`).read(path)).toThrow("below the address");
    expect(() => at(`${host}/lab`).digest(path)).toThrow("below the address");
    expect(asked).toEqual([]);
  });

  test.each([
    ["/lab/attestations/log/checkpoint", "/lab"],
    ["/attestations/test_0000000000000000.json?a", "/"],
    ["/attestations/lab/attestations/evidence/sha256/00/00", "/attestations/lab"],
    ["/attestations", undefined],
    ["/lab", undefined],
  ])("the registry of %s is at %j", (path, expected) => {
    expect(baseOf(new URL(`https://example.org${path}`))?.href).toBe(expected && `https://example.org${expected}`);
  });
});

describe("reading", () => {
  test("what is not there is undefined; every other status is a fault", async () => {
    for (const [status, expected] of [
      [404, "no refusal"],
      [410, "no refusal"],
      [403, "network"],
      [500, "network"],
    ] as const) {
      answer = (_, response) => void response.writeHead(status).end("no");
      expect(await code(at(host).read("a"))).toBe(expected);
      expect(await code(at(host).digest("a"))).toBe(expected);
    }
    answer = (_, response) => void response.writeHead(404).end("no");
    expect([await at(host).read("a"), await at(host).digest("a")]).toEqual([undefined, undefined]);
  });

  test("no more than the limit", async () => {
    expect(await code(at(host).read("a", 2))).toBe("too-large");
    expect(await code(at(host).read("a", 3))).toBe("no refusal");
  });

  test("a file that breaks off has no digest", async () => {
    answer = (_, response) => {
      response.writeHead(200, { "content-length": "10" });
      response.write("half", () => response.destroy());
    };
    expect(await code(at(host).digest("a"))).toBe("network");
  });
});

describe("a place by its name", () => {
  test.each([
    ["http://localhost/", true],
    ["HTTPS://localhost", true],
    ["lab", false],
    ["./http:", false],
    ["./s3://lab", false],
  ])("%s", async (target, address) => {
    expect(isAddress(target)).toBe(address);
    const source = await openSource(target);
    expect([source.remote, source.list !== undefined]).toEqual([address, !address]);
  });

  test("a bucket", async () => {
    const store = await openStore("s3://bucket/lab/");
    expect([store.place, store.remote, store.shared, isAddress("s3://bucket")]).toEqual([
      "s3://bucket/lab",
      true,
      true,
      false,
    ]);
    await expect(openStore("S3://")).rejects.toMatchObject({ code: "usage" });
  });

  test("files in a place", () => {
    expect(fileAt("s3://bucket/lab/", "attest.json")).toBe("s3://bucket/lab/attest.json");
    expect(fileAt("./lab", "attest.json")).toBe(join("lab", "attest.json"));
    const name = "test_0123456789abcdef.json";
    expect(documentInBucket(`s3://bucket/lab/attestations/${name}`)).toEqual({ registry: "s3://bucket/lab", name });
    for (const other of [
      "s3://bucket/lab",
      "s3://bucket/lab/attestations",
      `lab/attestations/${name}`,
      "s3://bucket/lab/attest.json",
    ])
      expect(documentInBucket(other)).toBeUndefined();
  });

  test.each([["http://"], ["https:"], ["http://a b/"]])("%j is neither folder nor address", async (target) => {
    await expect(openSource(target)).rejects.toMatchObject({ code: "usage" });
  });

  test("a folder and its address give the same bytes and digests", async () => {
    const folder = mkdtempSync(join(tmpdir(), "attest-source-"));
    writeFileSync(join(folder, "small.json"), "{}");
    writeFileSync(join(folder, "large.bin"), Buffer.alloc(3 * 1024 * 1024, "abc"));
    const served = await serveSite(new Directory(folder), { host: "127.0.0.1", port: 0 });
    try {
      const [here, there] = [
        await openSource(folder),
        await openSource(`http://127.0.0.1:${(served.address() as AddressInfo).port}`),
      ];
      for (const name of ["small.json", "large.bin", "none"]) {
        expect(await there.digest(name)).toEqual(await here.digest(name));
        const [read, fetched] = [await here.read(name), await there.read(name)];
        expect(read === undefined ? fetched === undefined : Buffer.compare(read, fetched ?? utf8("none")) === 0).toBe(
          true,
        );
      }
      expect((await here.digest("large.bin"))?.size).toBe(3 * 1024 * 1024);
      expect(await code(here.read("large.bin", 1024))).toBe("too-large");
    } finally {
      served.close();
      rmSync(folder, { recursive: true });
    }
  });
});
