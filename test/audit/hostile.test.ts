// Servers and addresses that mean harm: each gets nothing, and each call ends, in bounded time and memory.
import { Socket } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import type { Fetched } from "../../src/core/audit/fetched.js";
import { Fetcher, type FetcherOptions } from "../../src/audit/fetcher.js";
import { temporary } from "../cli/attest.js";
import { serve as serveHttps, withoutOpenssl } from "../cli/https.js";
import { drip, endless, raw, serve } from "./servers.js";

const SHORT = { timeoutMs: 300, idleMs: 200 };
const KIB = 1024;
/** What two ends of a connection on this machine may hold between them. */
const BUFFERS = 16 * KIB * KIB;

const get = (url: string, options: FetcherOptions = {}): Promise<Fetched> =>
  new Fetcher({ ...SHORT, ...options }).get(url);

/** Where every connection of this process went. */
function watched(): string[] {
  const places: string[] = [];
  vi.spyOn(Socket.prototype, "connect").mockImplementation(function (this: Socket, ...args: unknown[]) {
    const [{ host = "" }] = (Array.isArray(args[0]) ? args[0] : args) as [{ host?: string }];
    places.push(host);
    process.nextTick(() => this.destroy(Object.assign(new Error("refused here"), { code: "EREFUSEDHERE" })));
    return this;
  });
  return places;
}
afterEach(() => vi.restoreAllMocks());

describe("an address where no stranger can look is not asked", () => {
  const spelled = [
    ...["http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/"],
    ...[
      "http://0/",
      "http://①②⑦.0.0.1/",
      "http://127。0。0。1/",
      "http://%31%32%37.0.0.1/",
      "http:127.0.0.1",
      "http:\\\\127.0.0.1\\",
    ],
    ...[
      "http://[::1]/",
      "http://[::]/",
      "http://[::ffff:127.0.0.1]/",
      "http://[::ffff:7f00:1]/",
      "http://[0:0:0:0:0:ffff:7f00:0001]/",
    ],
    ...["http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://[fe80::1]/", "http://[fd00:ec2::254]/"],
    ...["http://169.254.169.254/latest/meta-data/", "http://2852039166/", "http://0xa9fea9fe/", "https://10.0.0.1/"],
    ...["http://192.168.1.1:8080/", "http://172.31.255.255/", "http://100.100.100.200/", "http://168.63.129.16/"],
  ];
  test.each(spelled.map((url) => [url]))("%s", async (url) => {
    const places = watched();
    expect(await get(url)).toMatchObject({ kind: "blocked", hops: [] });
    expect(places).toEqual([]);
  });

  test("in whatever way a name for it is spelled", async () => {
    const places = watched();
    const part = (value: number): fc.Arbitrary<string> =>
      fc.constantFrom(
        String(value),
        `0x${value.toString(16)}`,
        `0X${value.toString(16).toUpperCase()}`,
        `0${value.toString(8)}`,
        `000${value.toString(8)}`,
      );
    const private4 = fc.oneof(
      ...[[10], [127], [0], [169, 254], [192, 168], [172, 20], [100, 64], [224], [255]].map((head) =>
        fc
          .array(fc.nat(255), { minLength: 4 - head.length, maxLength: 4 - head.length })
          .map((tail) => [...head, ...tail] as number[]),
      ),
    );
    const short = ([a = 0, b = 0, c = 0, d = 0]: number[]): number[][] => [
      [a, b, c, d],
      [a, b, c * 256 + d],
      [a, (b * 256 + c) * 256 + d],
      [((a * 256 + b) * 256 + c) * 256 + d],
    ];
    const host4 = private4
      .chain((bytes) => fc.constantFrom(...short(bytes)))
      .chain((parts) => fc.tuple(...parts.map(part)))
      .chain((parts) => fc.constantFrom(parts.join("."), `${parts.join(".")}.`, parts.join("。")));
    const host6 = private4.chain(([a = 0, b = 0, c = 0, d = 0]) => {
      const tail = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
      return fc.constantFrom(
        `[::ffff:${a}.${b}.${c}.${d}]`,
        `[::FFFF:${tail}]`,
        `[0:0:0:0:0:ffff:${tail}]`,
        `[::${tail}]`,
        `[64:ff9b::${tail}]`,
        `[2002:${tail}::1]`,
        `[fd00::${tail}]`,
      );
    });
    const url = fc
      .tuple(fc.constantFrom("http", "HTTPS"), fc.oneof(host4, host6), fc.constantFrom("", ":80", ":8080", ":65535"))
      .map(([scheme, host, port]) => `${scheme}://${host}${port}/`);
    await fc.assert(
      fc.asyncProperty(url, async (address) => {
        expect((await get(address)).kind, address).toBe("blocked");
        expect(places).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test("while one that everybody reaches is", async () => {
    const places = watched();
    for (const url of ["http://134744072/", "http://[2606:4700:4700::1111]/"])
      expect(await get(url)).toMatchObject({ kind: "failed", why: "EREFUSEDHERE" });
    expect(places).toEqual(["8.8.8.8", "2606:4700:4700::1111"]);
  });

  test("nor by a name, when any of its addresses is such a one", async () => {
    const places = watched();
    for (const found of [
      ["127.0.0.1"],
      ["8.8.8.8", "10.0.0.1"],
      ["::1"],
      ["8.8.8.8", "::ffff:169.254.169.254"],
      ["fe80::1%lo"],
      ["localhost"],
    ])
      expect(await get("http://both.example/", { resolve: () => Promise.resolve(found) })).toMatchObject({
        kind: "blocked",
      });
    expect(await get("http://localhost/")).toMatchObject({ kind: "blocked" });
    expect(places).toEqual([]);
  });

  test("nor by a name that is somewhere else when it is asked again", async () => {
    const places = watched();
    const answers = [["8.8.8.8"], ["127.0.0.1"], ["127.0.0.1"]];
    let asked = 0;
    const resolve = (): Promise<string[]> => Promise.resolve(answers[asked++] ?? []);
    expect(await get("http://rebind.example/", { resolve })).toMatchObject({ kind: "failed" });
    expect({ asked, places }).toEqual({ asked: 1, places: ["8.8.8.8"] });
    expect(await get("http://rebind.example/", { resolve })).toMatchObject({ kind: "blocked" });
    expect(places).toEqual(["8.8.8.8"]);
  });

  test("nor by a name that takes its time until nobody waits any more", async () => {
    const places = watched();
    let say: ((found: string[]) => void) | undefined;
    const resolve = (): Promise<string[]> => new Promise((done) => (say = done));
    expect(await get("http://late.example/", { resolve })).toMatchObject({
      kind: "failed",
      why: "took longer than 0.3 s",
    });
    say?.(["8.8.8.8"]);
    await new Promise((done) => setImmediate(done));
    expect(places).toEqual([]);
  });

  test.each([
    ["file:///etc/passwd"],
    ["ftp://example.org/"],
    ["data:text/plain,a"],
    ["javascript:1"],
    ["ws://example.org/"],
    ["blob:http://example.org/1"],
  ])("nor one that is no address of http: %s", async (url) =>
    expect(await get(url)).toMatchObject({ kind: "blocked" }),
  );

  test.each([["http://me:secret@example.org/"], ["http://me@example.org/"], ["http://:secret@example.org/"]])(
    "nor one with credentials: %s",
    async (url) => {
      const places = watched();
      const got = await get(url);
      expect(got).toMatchObject({ kind: "blocked" });
      expect(JSON.stringify(got)).not.toContain("secret");
      expect(places).toEqual([]);
    },
  );
});

describe("a redirect leads to no place that would not be asked", () => {
  test("on this machine: another port than the one that may be asked", async () => {
    const inside = await serve((_, response) => response.end("a secret"));
    const inside6 = await serve((_, response) => response.end("a secret"), "::1").catch(() => undefined);
    const targets = [
      ...[
        `http://127.0.0.1:${inside.port}/`,
        `http://localhost:${inside.port}/`,
        `//127.1:${inside.port}/`,
        "http://127.0.0.1/",
      ],
      ...[
        `http://[::1]:${inside6?.port ?? 80}/`,
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
      ],
      ...["file:///etc/passwd", "ftp://127.0.0.1/", `http://me:secret@127.0.0.1:${inside.port}/`],
    ];
    const entry = await serve(({ url = "" }, response) => {
      response.writeHead(302, { location: targets[Number(url.slice(1))] ?? "" }).end();
    });
    for (const at of targets.keys()) {
      const got = await get(`${entry.at}/${at}`, { allow: [entry.host] });
      expect(got, targets[at]).toMatchObject({ kind: "blocked", hops: [{ status: 302 }] });
    }
    expect(entry.asked).toHaveLength(targets.length);
    expect([...inside.asked, ...(inside6?.asked ?? [])]).toEqual([]);
  });

  test("by a name that is elsewhere by then", async () => {
    const inside = await serve((_, response) => response.end("a secret"));
    const entry = await serve((_, response) =>
      response.writeHead(302, { location: `http://inside.example:${inside.port}/` }).end(),
    );
    const resolve = (name: string): Promise<string[]> =>
      Promise.resolve([name === "inside.example" ? "127.0.0.1" : "8.8.8.8"]);
    expect(await get(entry.at, { allow: [entry.host], resolve })).toMatchObject({ kind: "blocked" });
    expect(inside.asked).toEqual([]);
  });

  test("nor to nothing, nor to what is no address", async () => {
    const entry = await serve(({ url }, response) => {
      response.writeHead(301, url === "/none" ? {} : { location: "http://[" }).end();
    });
    expect(await get(`${entry.at}/none`, { allow: [entry.host] })).toMatchObject({ kind: "failed" });
    expect(await get(`${entry.at}/bad`, { allow: [entry.host] })).toMatchObject({ kind: "failed" });
  });

  test("ten of them, and no more: of ten thousand, or in a circle", async () => {
    const long = await serve(({ url = "" }, response) => {
      const at = Number(url.slice(1));
      response.writeHead(at < 10_000 ? 308 : 200, { location: `/${at + 1}` }).end();
    });
    const got = await get(`${long.at}/0`, { allow: [long.host], timeoutMs: 3000 });
    expect(got).toMatchObject({ kind: "failed", why: "more than 10 redirects" });
    expect(got.hops).toHaveLength(10);
    expect(long.asked).toHaveLength(11);
    expect(await get(`${long.at}/9991`, { allow: [long.host], timeoutMs: 3000 })).toMatchObject({ kind: "arrived" });

    const circle = await serve(({ url }, response) =>
      response.writeHead(307, { location: url === "/a" ? "/b" : "/a" }).end(),
    );
    expect(await get(`${circle.at}/a`, { allow: [circle.host], timeoutMs: 3000 })).toMatchObject({ kind: "failed" });
    expect(circle.asked).toHaveLength(11);
  });

  test("and the body on the way is not read", async () => {
    const entry = await raw((socket) => {
      socket.write("HTTP/1.1 302 Found\r\nlocation: file:///etc/passwd\r\n\r\n");
      endless(socket, "x".repeat(64 * KIB));
    });
    expect(await get(entry.at, { allow: [entry.host] })).toMatchObject({ kind: "blocked" });
    expect(entry.written()).toBeLessThan(BUFFERS);
  });
});

describe.skipIf(withoutOpenssl() !== undefined)("over https", () => {
  test("a certificate that nobody vouches for is no answer, whatever the environment says", async () => {
    const { port, host, server, asked } = await serveHttps(temporary(), () => [200, {}, "seen"]);
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    const got = await get(`https://${host}/`, { allow: [host], timeoutMs: 3000, idleMs: 3000 });
    const named = await get(`https://other.example:${port}/`, {
      allow: [`other.example:${port}`],
      timeoutMs: 3000,
      idleMs: 3000,
      resolve: () => Promise.resolve(["127.0.0.1"]),
    });
    vi.unstubAllEnvs();
    server.close();
    expect(got).toMatchObject({ kind: "failed", why: expect.stringMatching(/CERT/) as string });
    expect(named).toMatchObject({ kind: "failed", why: expect.stringMatching(/CERT/) as string });
    expect(asked).toEqual([]);
  });
});

describe("one that does not stop", () => {
  test("writing is left when it has written more than it may", async () => {
    const serving = await raw((socket) => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      endless(socket, "x".repeat(64 * KIB));
    });
    const got = await get(serving.at, {
      allow: [serving.host],
      maxBytes: KIB * KIB,
      timeoutMs: 30_000,
      idleMs: 30_000,
    });
    expect(got).toEqual({ kind: "failed", why: "more than 1048576 bytes", hops: [] });
    expect(serving.written()).toBeLessThan(KIB * KIB + BUFFERS);
  });

  test("or when it says beforehand that it will write more", async () => {
    const serving = await raw((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9007199254740993\r\n\r\n");
      endless(socket, "x".repeat(64 * KIB));
    });
    expect(await get(serving.at, { allow: [serving.host] })).toMatchObject({ why: "more than 67108864 bytes" });
    expect(serving.written()).toBeLessThan(BUFFERS);
  });

  test("in chunks of one byte takes no more memory than in large ones", async () => {
    const chunks = Buffer.from("1\r\nx\r\n".repeat(10_000));
    const serving = await raw((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
      endless(socket, chunks);
    });
    const before = process.memoryUsage().rss;
    let most = 0;
    const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().rss - before)), 5);
    const limits = { maxBytes: KIB * KIB, timeoutMs: 30_000, idleMs: 30_000 };
    const got = await get(serving.at, { allow: [serving.host], ...limits });
    clearInterval(timer);
    expect(got).toMatchObject({ kind: "failed", why: "more than 1048576 bytes" });
    expect(most).toBeLessThan(200 * KIB * KIB); // a list of the chunks takes twice that
  });

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
  ])("a bomb of %s bursts at the limit", async (coding, compress) => {
    const bomb = compress(Buffer.alloc(8 * KIB * KIB));
    expect(bomb.length).toBeLessThan((KIB * KIB) / 8);
    const { host, at } = await serve((_, response) =>
      response.writeHead(200, { "content-encoding": coding }).end(bomb),
    );
    const got = await get(at, { allow: [host], maxBytes: KIB * KIB, timeoutMs: 30_000, idleMs: 30_000 });
    expect(got).toEqual({ kind: "failed", why: "more than 1048576 bytes when decoded", hops: [] });
  });

  test.each([
    ["of its body, on and on", "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", "x"],
    ["of its headers, on and on", "HTTP/1.1 200 OK\r\n", "a: b\r\n"],
    ["of its first line, on and on", "HTTP/1.1 200 ", "OK "],
    ["before the answer, on and on", "", "HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n"],
    [
      "after the end of chunks, on and on",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n",
      "a: b\r\n",
    ],
  ])("a drop %s", async (_, first, piece) => {
    const serving = await raw((socket) => {
      socket.write(first);
      drip(socket, piece, 20);
    });
    const got = await get(serving.at, { allow: [serving.host] });
    expect(got).toEqual({ kind: "failed", why: "took longer than 0.3 s", hops: [] });
  });

  test.each([
    ["at all", () => undefined],
    ["but says that there will be an answer", "HTTP/1.1 100 Continue\r\n\r\n"],
    ["after the headers", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"],
    ["after the half", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab"],
  ])("one that says nothing %s", async (_, first) => {
    const serving = await raw((socket) => void (typeof first === "string" && socket.write(first)));
    const got = await get(serving.at, { allow: [serving.host], timeoutMs: 20_000, idleMs: 200 });
    expect(got).toEqual({ kind: "failed", why: "nothing came for 0.2 s", hops: [] });
    expect(serving.asked).toHaveLength(1);
  });

  test("hints, as fast as it can", async () => {
    const serving = await raw((socket) => endless(socket, "HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n".repeat(100)));
    expect(await get(serving.at, { allow: [serving.host] })).toMatchObject({ kind: "failed" });
  });

  test.each([
    ["one header without end", `a: ${"x".repeat(16 * KIB)}`],
    ["many headers without end", "a: b\r\n".repeat(1000)],
    ["a first line without end", "x".repeat(16 * KIB)],
  ])("headers: %s", async (_, piece) => {
    const serving = await raw((socket) => {
      socket.write("HTTP/1.1 200 OK\r\n");
      endless(socket, piece);
    });
    expect(await get(serving.at, { allow: [serving.host] })).toMatchObject({
      kind: "failed",
      why: expect.stringMatching(/^HPE_/) as string,
    });
    expect(serving.written()).toBeLessThan(BUFFERS);
  });
});

describe("an answer that is not whole is none", () => {
  const gzip = gzipSync("the whole document");
  const say = (headers: string, body: string | Buffer): Buffer =>
    Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${headers}\r\n\r\n`, "latin1"), Buffer.from(body as string)]);
  test.each<[string, Buffer]>([
    ["nothing", Buffer.alloc(0)],
    ["half a header", Buffer.from("HTTP/1.1 200 OK\r\ncontent-")],
    ["what is no HTTP", Buffer.from("SSH-2.0-OpenSSH_9.2\r\n")],
    ["HTTP of long ago", Buffer.from("<html></html>")],
    ["less than it said", say("content-length: 10", "12345")],
    ["more than it said", say("content-length: 5", "1234567890")],
    ["two lengths", say("content-length: 5\r\ncontent-length: 6", "123456")],
    ["two ends", say("content-length: 5\r\ntransfer-encoding: chunked", "0\r\n\r\n")],
    ["no number as its length", say("content-length: 0x5", "12345")],
    ["a negative length", say("content-length: -5", "12345")],
    ["chunks without an end", say("transfer-encoding: chunked", "5\r\n12345\r\n")],
    ["half a chunk", say("transfer-encoding: chunked", "5\r\n12")],
    ["a chunk that is longer than it said", say("transfer-encoding: chunked", "2\r\n12345\r\n0\r\n\r\n")],
    ["something after the chunks", say("transfer-encoding: chunked", "5\r\n12345\r\n0\r\n\r\nand more")],
    ["a header with a break", say("a: b\rc: d", "12345")],
    ["half of gzip", say(`content-encoding: gzip\r\ncontent-length: 20`, gzip.subarray(0, 20))],
    ["no gzip", say("content-encoding: gzip\r\ncontent-length: 5", "12345")],
    [
      "gzip with another sum",
      say(
        `content-encoding: gzip\r\ncontent-length: ${gzip.length}`,
        Buffer.concat([gzip.subarray(0, -8), Buffer.alloc(8)]),
      ),
    ],
    ["no brotli", say("content-encoding: br\r\ncontent-length: 5", "12345")],
    ["no deflate", say("content-encoding: deflate\r\ncontent-length: 5", "12345")],
    ["gzip in gzip", say(`content-encoding: gzip, gzip`, gzipSync(gzip))],
    ["an encoding that there is not", say("content-encoding: constructor\r\ncontent-length: 5", "12345")],
    [
      "another protocol",
      Buffer.from("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"),
    ],
    ["an end that does not come", Buffer.from("HTTP/1.1 100 Continue\r\n\r\n")],
  ])("%s", async (_, bytes) => {
    const serving = await raw((socket) => socket.end(bytes));
    expect(await get(serving.at, { allow: [serving.host], timeoutMs: 3000, idleMs: 3000 })).toMatchObject({
      kind: "failed",
    });
    expect(serving.asked.length).toBeLessThan(3);
  });

  test("one that is cut off by force", async () => {
    const serving = await raw((socket) => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n12345");
      setTimeout(() => socket.resetAndDestroy(), 50);
    });
    expect(await get(serving.at, { allow: [serving.host] })).toEqual({
      kind: "failed",
      why: "the answer broke off",
      hops: [],
    });
  });
});
