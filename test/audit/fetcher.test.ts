// What an honest server says arrives whole; every other end has its name, and nothing of the user's is ever sent.
import { once } from "node:events";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { Fetcher } from "../../src/audit/fetcher.js";
import { TOOL_VERSION } from "../../src/node/package.js";
import { raw, serve } from "./servers.js";
import { naming } from "../core/refusal.js";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");
const quick = { timeoutMs: 3000, idleMs: 3000 };

describe("what arrives", () => {
  test("its bytes, where they came from, and those headers that say what they are", async () => {
    const { at, host } = await serve((_, response) => {
      response.setHeader("content-type", "text/plain");
      response.setHeader("last-modified", "Sun, 01 Mar 2026 10:00:00 GMT");
      response.setHeader("etag", '"1"');
      response.setHeader("set-cookie", "who=you");
      response.setHeader("x-request-id", "1");
      response.end("seen\n");
    });
    const got = await new Fetcher({ allow: [host] }).get(`${at}/a?b=c#d`);
    expect(got).toMatchObject({ kind: "arrived", url: `${at}/a?b=c#d`, hops: [] });
    if (got.kind !== "arrived") return;
    expect(text(got.bytes)).toBe("seen\n");
    expect(got.headers).toEqual({
      "content-type": "text/plain",
      "content-length": "5",
      "last-modified": "Sun, 01 Mar 2026 10:00:00 GMT",
      etag: '"1"',
      date: expect.any(String) as string,
    });
  });

  test("through redirects, of which it keeps each", async () => {
    const { at, host, asked } = await serve(({ url = "" }, response) => {
      const [status, location] = { "/a": [301, "/b"], "/b": [302, "?é"] }[url] ?? [200, ""];
      response.writeHead(
        status as number,
        location === "" ? {} : { location: Buffer.from(location as string).toString("latin1") },
      );
      response.end("here");
    });
    const got = await new Fetcher({ allow: [host] }).get(`${at}/a`);
    expect(got).toMatchObject({
      kind: "arrived",
      url: `${at}/b?%C3%A9`,
      hops: [
        { url: `${at}/b`, status: 301 },
        { url: `${at}/b?%C3%A9`, status: 302 },
      ],
    });
    expect(asked).toEqual(["/a", "/b", "/b?%C3%A9"]);
  });

  const MIDDLE = "the same text again and again, ".repeat(200);
  test.each<[string, Uint8Array]>([
    ["gzip", gzipSync(MIDDLE)],
    ["X-GZip", gzipSync(MIDDLE)],
    ["br", brotliCompressSync(MIDDLE)],
    ["deflate", deflateSync(MIDDLE)],
    ["deflate", deflateRawSync(MIDDLE)],
    ["identity", Buffer.from(MIDDLE)],
  ])("decoded, where the server has chosen %s against what was asked", async (coding, body) => {
    const { at, host } = await serve((_, response) =>
      response.writeHead(200, { "content-encoding": coding }).end(body),
    );
    const got = await new Fetcher({ allow: [host] }).get(at);
    expect(got.kind === "arrived" && text(got.bytes)).toBe(MIDDLE);
  });

  test.each([[0], [1], [65_535], [65_536], [65_537], [1_000_003]])("%d bytes, as they were", async (length) => {
    const body = Buffer.from(Array.from({ length }, (_, at) => at % 251));
    const { at, host } = await serve((_, response) => response.end(body));
    const got = await new Fetcher({ allow: [host] }).get(at);
    expect(got.kind === "arrived" && Buffer.compare(got.bytes, body)).toBe(0);
  });

  test("the first of two answers", async () => {
    const first = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfirst";
    const { at, host } = await raw((socket) => socket.end(`${first}HTTP/1.1 200 OK\r\n\r\nsecond`));
    const got = await new Fetcher({ allow: [host] }).get(at);
    expect(got.kind === "arrived" && text(got.bytes)).toBe("first");
  });

  test("an answer that ends with its connection", async () => {
    const { at, host } = await raw((socket) => socket.end("HTTP/1.0 200 OK\r\n\r\nold"));
    const got = await new Fetcher({ allow: [host] }).get(at);
    expect(got.kind === "arrived" && text(got.bytes)).toBe("old");
  });

  test("exactly as much as the limit, and no byte more", async () => {
    const { at, host } = await serve((_, response) => response.end("12345"));
    const fetcher = new Fetcher({ allow: [host], maxBytes: 5 });
    expect(await fetcher.get(at)).toMatchObject({ kind: "arrived" });
    expect(await fetcher.get(at, { limit: 4 })).toEqual({ kind: "failed", why: "more than 4 bytes", hops: [] });
    expect(await new Fetcher({ allow: [host], maxBytes: 4 }).get(at, { limit: 5 })).toMatchObject({ kind: "failed" });
  });
});

test("the request is the same for everybody", async () => {
  const { at, host, headers } = await serve((_, response) =>
    response.writeHead(200, { "set-cookie": "who=you; Path=/" }).end(),
  );
  const fetcher = new Fetcher({ allow: [host] });
  await fetcher.get(at);
  await fetcher.get(at, { accept: "application/json" });
  const sent = { host, "user-agent": `@f3/attest ${TOOL_VERSION}`, "accept-encoding": "identity", connection: "close" };
  expect(headers).toEqual([
    { ...sent, accept: "*/*" },
    { ...sent, accept: "application/json" },
  ]);
});

test("a line break in an address stays in the address", async () => {
  const { at, host, asked } = await raw((socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
  await new Fetcher({ allow: [host] }).get(`${at}/a\r\nx-injected: 1%0d%0ax-injected: 2 HTTP/1.1\r\n`);
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatch(/^GET \/ax-injected:%201%0d%0ax-injected:%202%20HTTP\/1\.1 HTTP\/1\.1\r\n/);
  expect(asked[0]).not.toMatch(/\nx-injected/);
});

describe("what does not arrive", () => {
  test.each([
    [404, "gone"],
    [410, "gone"],
    [401, "blocked"],
    [403, "blocked"],
    [407, "blocked"],
    [451, "blocked"],
    [204, "failed"],
    [206, "failed"],
    [304, "failed"],
    [400, "failed"],
    [500, "failed"],
  ] as const)("status %d is %s", async (status, kind) => {
    const { at, host, asked } = await serve((_, response) => response.writeHead(status).end());
    expect(await new Fetcher({ allow: [host] }).get(at)).toEqual({ kind, why: `status ${status}`, hops: [] });
    expect(asked).toHaveLength(1);
  });

  test("nobody who listens there, asked twice", async () => {
    const { at, host } = await serve(() => undefined);
    const { port } = new URL(at);
    const free = String(await freePort());
    const fetcher = new Fetcher({ allow: [host.replace(port, free)], ...quick });
    expect(await fetcher.get(at.replace(port, free))).toEqual({ kind: "failed", why: "ECONNREFUSED", hops: [] });
  });

  test("a name that there is not", async () => {
    const resolve = (): Promise<never> => Promise.reject(Object.assign(new Error("no"), { code: "ENOTFOUND" }));
    expect(await new Fetcher({ resolve }).get("http://nowhere.example/")).toEqual({
      kind: "failed",
      why: "nowhere.example was not found: ENOTFOUND",
      hops: [],
    });
    const none = new Fetcher({ resolve: () => Promise.resolve([]) });
    expect(await none.get("http://nowhere.example/")).toMatchObject({ kind: "failed" });
  });

  test.each([
    [""],
    ["a file"],
    ["//example.org/"],
    ["http://"],
    ["http://a b/"],
    ["http://1.2.3.4.5/"],
    ["http://[::1/"],
  ])("%j, which is no address", async (address) => {
    expect(await new Fetcher().get(address)).toEqual({ kind: "failed", why: "no address that can be read", hops: [] });
  });
});

describe("of one that is busy", () => {
  const busy = (status: number, times: number, after?: string) => {
    let left = times;
    return serve((_, response) => {
      if ((left -= 1) < 0) response.end("at last");
      else response.writeHead(status, after === undefined ? {} : { "retry-after": after }).end();
    });
  };

  test.each([
    [429, 1, "0"],
    [503, 2, "0"],
    [429, 1, "Thu, 01 Jan 1970 00:00:00 GMT"],
    [503, 1, undefined],
    [503, 1, "whenever"],
  ])("which answers %d, %d times, and says %s, it asks again", async (status, times, after) => {
    const { at, host, asked } = await busy(status, times, after);
    expect(await new Fetcher({ allow: [host] }).get(at)).toMatchObject({ kind: "arrived" });
    expect(asked).toHaveLength(times + 1);
  });

  test("it waits as long as it is told", async () => {
    const times: number[] = [];
    const { at, host } = await serve((_, response) => {
      times.push(performance.now());
      response.writeHead(times.length === 1 ? 429 : 200, { "retry-after": "1" }).end();
    });
    await new Fetcher({ allow: [host] }).get(at);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(990); // never less, however slow this machine is
  });

  test.each([
    ["three times in all, and no more", 99, "0", {}, 3],
    ["not after more than ten seconds", 1, "11", {}, 1],
    ["not after its own time is over", 1, "2", quick, 2],
    ["not after its own time is over, at once", 1, "4", quick, 1],
    ["not when it may not", 1, "0", { retries: 0 }, 1],
  ])("%s", async (_, times, after, options, expected) => {
    const { at, host, asked } = await busy(429, times, after);
    const got = await new Fetcher({ allow: [host], ...options }).get(at);
    expect(asked).toHaveLength(expected);
    expect(got).toMatchObject(times < expected ? { kind: "arrived" } : { kind: "failed", why: "status 429", hops: [] });
  });

  test("whose connection broke before it said anything, it asks once more", async () => {
    const once = await raw((socket) => {
      if (once.asked.length === 1) socket.resetAndDestroy();
      else socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    });
    expect(await new Fetcher({ allow: [once.host] }).get(once.at)).toMatchObject({ kind: "arrived" });
    const never = await raw((socket) => socket.resetAndDestroy());
    expect(await new Fetcher({ allow: [never.host] }).get(never.at)).toMatchObject({ kind: "failed" });
    expect(never.asked).toHaveLength(2);
  });

  test("whose first address does not answer, it asks the next of those that were checked", async () => {
    const { port, asked, headers } = await serve((_, response) => response.end("here"), "127.0.0.1");
    let resolved = 0;
    const resolve = (): Promise<string[]> => {
      resolved += 1;
      return Promise.resolve(["127.0.0.2", "127.0.0.1"]);
    };
    const host = `two.example:${port}`;
    const got = await new Fetcher({ allow: [host], resolve }).get(`http://${host}/`);
    expect({ kind: got.kind, resolved, asked }).toEqual({ kind: "arrived", resolved: 1, asked: ["/"] });
    expect(headers[0]?.host).toBe(host);
  });
});

describe("many at once", () => {
  test("are asked so many at a time, over all and of one host, and all of them are", async () => {
    let [now, most] = [0, 0];
    const perHost = new Map<string, number>();
    let mostOfOne = 0;
    const { port, asked } = await serve(({ headers: { host = "" } }, response) => {
      most = Math.max(most, (now += 1));
      perHost.set(host, (perHost.get(host) ?? 0) + 1);
      mostOfOne = Math.max(mostOfOne, perHost.get(host) ?? 0);
      setTimeout(() => {
        now -= 1;
        perHost.set(host, (perHost.get(host) ?? 0) - 1);
        response.end();
      }, 10);
    });
    const names = Array.from({ length: 60 }, (_, at) => `${"abc"[at % 3] ?? ""}.example:${port}`);
    const fetcher = new Fetcher({
      allow: names,
      concurrency: 4,
      perHost: 2,
      retries: 0,
      resolve: () => Promise.resolve(["127.0.0.1"]),
    });
    const got = await Promise.all(names.map((name) => fetcher.get(`http://${name}/`)));
    expect(got.map(({ kind }) => kind)).toEqual(names.map(() => "arrived"));
    expect({ most, mostOfOne, asked: asked.length }).toEqual({ most: 4, mostOfOne: 2, asked: 60 });
  });

  test("and one that hangs keeps nobody from another host, nor those who wait from their own time", async () => {
    const { port, host } = await serve((request, response) => {
      if (request.headers.host?.startsWith("slow") !== true) response.end("quick");
    });
    const resolve = (): Promise<string[]> => Promise.resolve(["127.0.0.1"]);
    const [slow, fast] = [`slow.example:${port}`, `fast.example:${port}`];
    const fetcher = new Fetcher({ allow: [host, slow, fast], timeoutMs: 600, concurrency: 2, perHost: 1, resolve });
    const order: string[] = [];
    const get = async (name: string): Promise<string> => {
      const { kind } = await fetcher.get(`http://${name}/`);
      order.push(name);
      return kind;
    };
    const kinds = await Promise.all([get(slow), get(slow), get(fast), get(fast)]);
    expect(kinds).toEqual(["failed", "failed", "arrived", "arrived"]);
    expect(order.slice(0, 2)).toEqual([fast, fast]);
  });
});

describe("a place that may be asked", () => {
  test.each([
    ["localhost"],
    ["localhost:"],
    [":80"],
    ["http://localhost:80"],
    ["localhost:80/"],
    ["a b:80"],
    ["a:99999"],
    ["me@a:80"],
  ])("is not %j", (entry) => {
    expect(() => new Fetcher({ allow: [entry] })).toThrow(naming("HOST:PORT"));
  });

  test("is spelled in any way that an address may be", async () => {
    const { port, at } = await serve((_, response) => response.end());
    for (const host of [`127.1:${port}`, `0x7F.0.0.1:${port}`, `127.0.0.1:${port}`])
      expect(await new Fetcher({ allow: [host] }).get(at), host).toMatchObject({ kind: "arrived" });
  });
});

async function freePort(): Promise<number> {
  const { createServer } = await import("node:net");
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}
