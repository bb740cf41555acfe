/** A bucket as a store, against a small server in memory: versions, hints, and what a server may do wrong. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { fromUtf8, utf8 } from "../../../src/core/bytes.js";
import { AttestError } from "../../../src/core/errors.js";
import { Bucket } from "../../../src/store/bucket.js";
import { keepsTheContract } from "../contract.js";
import { MemoryS3, type Fault } from "./memory-s3.js";

const server = new MemoryS3();
beforeAll(() => server.start());
afterAll(() => server.stop());
beforeEach(() => server.objects.clear());
afterEach(() => {
  server.fault = () => "none";
  server.ignoresConditions = false;
  server.pageSize = 1000;
  server.accessKey = undefined;
});

const QUICK = { totalMs: 5_000, firstMs: 1, longestMs: 4, attemptMs: 5_000 };
const open = (prefix = "lab", patience = QUICK): Bucket =>
  new Bucket(`s3://bucket/${prefix}`, server.environment, patience);
const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no refusal",
    (error: unknown) => (error instanceof AttestError ? error.code : error),
  );
const text = async (store: Bucket, path: string): Promise<string | undefined> => {
  const bytes = await store.read(path);
  return bytes && fromUtf8(bytes);
};
/** The first of these requests, and no other. */
const once = (which: (method: string, key: string) => boolean, fault: Fault): void => {
  let done = false;
  server.fault = ({ method, key }) => {
    if (done || !which(method, key)) return "none";
    done = true;
    return fault;
  };
};

describe("keeps the contract of stores", () => {
  keepsTheContract(() => open());
});

describe("versions", () => {
  test("the first content lies at the path, others are numbered, and the path has a hint", async () => {
    const store = open();
    for (const one of ["0", "1", "2"]) await store.replace("a", utf8(one));
    expect(server.keys).toEqual(["lab/.create-only", "lab/a", "lab/a.v/000000000001", "lab/a.v/000000000002"]);
    expect(server.text("lab/a")).toBe("2");
    expect(server.objects.get("lab/a")?.headers["x-amz-meta-version"]).toBe("2");
    expect(await store.list(".")).toEqual(["a"]);
  });

  test("the same bytes make no version", async () => {
    const store = open();
    for (const one of ["0", "1", "1"]) await store.replace("a", utf8(one));
    await store.replaceEach(new Map([["a", utf8("1")]]));
    expect(server.keys).toEqual(["lab/.create-only", "lab/a", "lab/a.v/000000000001"]);
  });

  test.each([
    ["lost", undefined],
    ["of an earlier version", "1"],
    ["of a version that is not there", "999999999999"],
    ["no number", "1e3"],
  ])("a hint that is %s hides nothing, and is repaired by a writer", async (_, version) => {
    for (const one of ["0", "1", "2", "3"]) await open().replace("a", utf8(one));
    server.objects.set("lab/a", {
      body: Buffer.from("wrong"),
      headers: version === undefined ? {} : { "x-amz-meta-version": version },
    });
    const reader = open();
    expect(await text(reader, "a")).toBe("3");
    expect(await reader.digest("a")).toMatchObject({ size: 1 });
    expect(server.text("lab/a")).toBe("wrong");
    await open().replace("a", utf8("3"));
    expect([server.text("lab/a"), server.objects.get("lab/a")?.headers["x-amz-meta-version"]]).toEqual(["3", "3"]);
    expect(server.keys).toHaveLength(5);
  });

  test("a hint that comes late is not the last", async () => {
    await open().replace("a", utf8("0"));
    let first = true;
    server.fault = async ({ method, key }): Promise<Fault> => {
      if (!first || method !== "PUT" || key !== "lab/a") return "none";
      first = false;
      await open().replace("a", utf8("2"));
      return "none";
    };
    await open().replace("a", utf8("1"));
    expect([server.text("lab/a"), server.text("lab/a.v/000000000001"), await text(open(), "a")]).toEqual([
      "2",
      "1",
      "2",
    ]);
  });

  test("a reader sees what others wrote since", async () => {
    const [one, other] = [open(), open()];
    for (let at = 0; at < 40; at += 1) {
      await (at % 3 === 0 ? one : other).replace("a", utf8(String(at)));
      expect(await text(one, "a")).toBe(String(at));
    }
    expect(await text(open(), "a")).toBe("39");
  });

  test("a version is asked for once, and what a caller does to its bytes is the caller's", async () => {
    for (const one of ["0", "1"]) await open().replace("a", utf8(one));
    const store = open();
    for (let times = 0; times < 3; times += 1) {
      server.requests.length = 0;
      (await store.read("a"))?.fill(0);
    }
    expect(server.requests.map(({ method, key }) => `${method} ${key}`)).toEqual(["HEAD lab/a.v/000000000002"]);
    expect(await text(store, "a")).toBe("1");
    expect(await code(store.read("a", 0))).toBe("too-large");
    await open().replace("a", utf8("2"));
    expect(await text(store, "a")).toBe("2");
  });

  test("a removed file with versions is missing, is not listed, and can be written again", async () => {
    const store = open();
    for (const one of ["0", "1"]) await store.replace("a", utf8(one));
    await store.remove("a");
    await store.remove("a");
    for (const reader of [store, open()])
      expect([await text(reader, "a"), await reader.digest("a"), await reader.list(".")]).toEqual([
        undefined,
        undefined,
        [],
      ]);
    expect(server.keys.filter((key) => key.startsWith("lab/a.v/"))).toHaveLength(2);
    expect(await open().create("a", utf8("2"))).toBe("created");
    for (const reader of [store, open()])
      expect([await text(reader, "a"), await reader.list(".")]).toEqual(["2", ["a"]]);
    await open().update("a", (bytes) => utf8(`${fromUtf8(bytes ?? utf8("?"))}3`));
    expect([await text(store, "a"), server.text("lab/a")]).toEqual(["23", "23"]);
  });

  test("a removal that was cut short is no file, and is finished by the next", async () => {
    for (const one of ["0", "1"]) await open().replace("a", utf8(one));
    once((method) => method === "DELETE", 500);
    await open("lab", { ...QUICK, totalMs: 0 })
      .remove("a")
      .catch(() => undefined);
    expect([server.text("lab/a"), await text(open(), "a")]).toEqual(["1", undefined]);
    await open().remove("a");
    expect(server.text("lab/a")).toBeUndefined();
  });

  test("a mark that is removed leaves nothing", async () => {
    const store = open();
    await store.create("marks/a", utf8(""));
    await store.remove("marks/a");
    expect(server.keys).toEqual(["lab/.create-only"]);
  });

  test("a folder with versions is discarded whole", async () => {
    const store = open();
    for (const one of ["0", "1"]) await store.replace("f/a", utf8(one));
    await store.create("f/b", utf8("0"));
    await store.discard("f");
    expect([await store.list("f"), await text(open(), "f/a"), await text(open(), "f/b")]).toEqual([
      [],
      undefined,
      undefined,
    ]);
  });
});

describe("create says whose the object is", () => {
  test("this call's, or another's with the same bytes", async () => {
    expect(await open().create("a", utf8("1"))).toBe("created");
    expect(await open().create("a", utf8("1"))).toBe("identical");
    const all = await Promise.all(Array.from({ length: 8 }, () => open().create("b", utf8("1"))));
    expect(all.filter((one) => one === "created")).toHaveLength(1);
  });

  test.each(["lost", "twice"] as const)("also after an answer that was %s", async (fault) => {
    once((method, key) => method === "PUT" && key === "lab/a", fault);
    expect(await open().create("a", utf8("1"))).toBe("created");
    expect(await code(open().create("a", utf8("2")))).toBe("file-exists");
  });

  test.each(["lost", "twice"] as const)("and an update after an answer that was %s is done once", async (fault) => {
    const more = (bytes = utf8("")): Uint8Array => utf8(`${fromUtf8(bytes)}.`);
    await open().update("a", more);
    once((method, key) => method === "PUT" && key === "lab/a.v/000000000001", fault);
    await open().update("a", more);
    expect(await text(open(), "a")).toBe("..");
  });

  test("also if another changed the file before it was asked for again", async () => {
    const add = (more: string) => (now: Uint8Array | undefined) => utf8(`${fromUtf8(now ?? utf8(""))}${more}`);
    const overtaken = async <T>(act: () => Promise<T>): Promise<T> => {
      let puts = 0;
      server.objects.clear();
      server.fault = async ({ method, key }): Promise<Fault> => {
        if (method !== "PUT" || key !== "lab/a") return "none";
        if ((puts += 1) === 2) await open().update("a", add("2"));
        return puts === 1 ? "lost" : "none";
      };
      return await act();
    };
    expect([await overtaken(() => open().create("a", utf8("1"))), await text(open(), "a")]).toEqual(["created", "12"]);
    await overtaken(() => open().update("a", add("1")));
    expect(await text(open(), "a")).toBe("12");
  });

  test("a file with versions exists, whatever its path has", async () => {
    for (const one of ["0", "1"]) await open().replace("a", utf8(one));
    server.objects.delete("lab/a");
    expect(await code(open().create("a", utf8("other")))).toBe("file-exists");
    expect(server.text("lab/a")).toBe("1");
    server.objects.delete("lab/a");
    expect(await open().create("a", utf8("1"))).toBe("identical");
  });
});

describe("a server", () => {
  test("that overwrites is refused at the first write", async () => {
    server.ignoresConditions = true;
    for (const act of [
      (store: Bucket) => store.create("a", utf8("1")),
      (store: Bucket) => store.replace("a", utf8("1")),
      (store: Bucket) => store.replaceEach(new Map([["a", utf8("1")]])),
      (store: Bucket) => store.update("a", () => utf8("1")),
      (store: Bucket) => store.remove("a"),
      (store: Bucket) => store.mustBeWritable("."),
    ])
      expect(await code(act(open()))).toBe("store-unsafe");
    expect(server.keys).toEqual(["lab/.create-only"]);
    expect(await open().read("a")).toBeUndefined();
  });

  test("is asked that once in a process", async () => {
    const store = open();
    server.requests.length = 0;
    await Promise.all(["a", "b", "c"].map((path) => store.create(path, utf8("1"))));
    expect(server.requests.filter(({ method, key }) => method === "PUT" && key.endsWith(".create-only"))).toHaveLength(
      2,
    );
  });

  test.each<Fault>([409, 429, 500, 503, "reset", "short", "slow", "lost", "twice"])(
    "that fails once (%s) is asked again",
    async (fault) => {
      await open().create("a", utf8("123456"));
      for (const which of ["PUT", "GET", "HEAD", "DELETE"]) {
        const store = open();
        once((method) => method === which, fault);
        expect(await text(store, "a")).toBe("123456");
        await store.replace("b", utf8(which));
        await store.create("c", utf8("1"));
        await store.remove("c");
        expect([await store.list("."), await text(store, "b")]).toEqual([["a", "b"], which]);
      }
    },
  );

  test("that fails for long ends the call: reading is `network`, writing `io`", async () => {
    const store = open("lab", { ...QUICK, totalMs: 20 });
    await store.mustBeWritable(".");
    server.fault = () => 503;
    expect([await code(store.read("a")), await code(store.digest("a")), await code(store.list("a"))]).toEqual(
      Array(3).fill("network"),
    );
    expect(await code(store.remove("a"))).toBe("network");
    server.fault = ({ method }) => (method === "PUT" ? 503 : "none");
    expect(await code(store.create("a", utf8("1")))).toBe("io");
  });

  test("that does not answer is not waited for", async () => {
    server.fault = () => "slow";
    expect(await code(open("lab", { ...QUICK, attemptMs: 0, totalMs: 0 }).read("a"))).toBe("network");
  });

  test("without the bucket, or that refuses, is no empty registry", async () => {
    await expect(new Bucket("s3://another/lab", server.environment, QUICK).read("a")).rejects.toMatchObject({
      code: "network",
      hint: expect.stringContaining("make the bucket") as string,
    });
    expect(await code(new Bucket("s3://another/lab", server.environment, QUICK).list("a"))).toBe("network");
    server.accessKey = "another";
    expect([
      await code(open().read("a")),
      await code(open().list("a")),
      await code(open().create("a", utf8("1"))),
    ]).toEqual(["network", "network", "io"]);
  });

  test("lists in pages", async () => {
    const store = open();
    const names = Array.from({ length: 25 }, (_, at) => `n ${at}+&<é`).sort();
    await Promise.all(names.map((name) => store.create(`x/${name}`, utf8(name))));
    await store.create("x/sub/a", utf8("1"));
    server.pageSize = 4;
    expect(await store.list("x")).toEqual([...names, "sub"].sort());
    expect(await text(store, `x/${names[3]}`)).toBe(names[3]);
  });
});

test("names that lead elsewhere are not listed, and discarding a folder does not follow them", async () => {
  await open().create("x/a", utf8("1"));
  await open().create("y", utf8("1"));
  for (const key of ["lab/x/../y", "lab/x/./z", "lab/x//y", "lab/x/sub/../../y", "lab/x/"])
    server.objects.set(key, { body: Buffer.from("wrong"), headers: {} });
  expect(await open().list("x")).toEqual(["a", "sub"]);
  await open().discard("x");
  expect([await open().list("x"), await text(open(), "y")]).toEqual([["sub"], "1"]);
});

test("a list that never ends, or goes round, does", async () => {
  let page = 0;
  const answer = (token: string): string =>
    `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>${token}</NextContinuationToken></ListBucketResult>`;
  for (const token of [() => "same", () => String((page += 1))]) {
    const hostile = createServer((_, response) => response.end(answer(token())));
    await new Promise<void>((resolve) => hostile.listen(0, "127.0.0.1", resolve));
    const { port } = hostile.address() as AddressInfo;
    const store = new Bucket("s3://bucket/lab", { AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}` }, QUICK);
    expect(await code(store.list("x"))).toBe("network");
    hostile.closeAllConnections();
    hostile.close();
  }
  expect(page).toBeLessThan(20_000);
});

describe("anybody", () => {
  const stranger = (): Bucket => new Bucket("s3://bucket/lab", { AWS_ENDPOINT_URL_S3: server.endpoint }, QUICK);

  test("reads without credentials, and is told that writing needs some", async () => {
    await open().create("a", utf8("1"));
    expect([await text(stranger(), "a"), await stranger().list(".")]).toEqual(["1", ["a"]]);
    server.requests.length = 0;
    expect(await code(stranger().create("b", utf8("1")))).toBe("io");
    expect(server.requests).toEqual([]);
  });
});

test.each([
  ["attestations/evidence/sha256/ab/abc", "application/octet-stream", true],
  ["attestations/test_0123456789abcdef.json", "application/json", true],
  ["attestations/log/tile/0/000", "application/octet-stream", true],
  ["attestations/log/tile/entries/x001/000", "application/octet-stream", true],
  ["attestations/log/tile/0/000.p/5", "application/octet-stream", false],
  ["attestations/log/checkpoint", "text/plain; charset=utf-8", false],
  ["attestations/test_0123456789abcdef.tlog-proof", "text/plain; charset=utf-8", false],
  ["attest.json", "application/json", false],
  ["keys/keyring.json", "application/json", false],
  ["index.html", "text/html; charset=utf-8", false],
])("%s is served as %s", async (path, type, forever) => {
  await open().create(path, utf8("1"));
  const { "content-type": served, "cache-control": cached = "" } = server.objects.get(`lab/${path}`)?.headers ?? {};
  expect([served, cached.includes("immutable")]).toEqual([type, forever]);
  await open().replace(path, utf8("2"));
  expect(server.objects.get(`lab/${path}`)?.headers["cache-control"]).not.toContain("immutable");
  expect(server.objects.get(`lab/${path}.v/000000000001`)?.headers["cache-control"]).toContain("immutable");
});

describe("a server without end", () => {
  test("every version is there: a writer gives up", async () => {
    const store = open();
    await store.create("a", utf8("0"));
    const get = server.objects.get.bind(server.objects);
    server.objects.get = (key) => get(key) ?? (key.startsWith("lab/a.v/") ? get("lab/a") : undefined);
    try {
      expect(await open().create("a", utf8("0"))).toBe("identical");
      expect(await code(open().replace("a", utf8("1")))).toBe("locked");
    } finally {
      server.objects.get = get;
    }
  });
});

test("names that would lead elsewhere are not listed", async () => {
  const store = open();
  await store.create("f/a", utf8("1"));
  server.pageSize = 1000;
  for (const name of ["lab/f/../x", "lab/f//x", "lab/f/./x", "lab/f/b\u0001", "lab/f/c\\d"])
    server.objects.set(name, { body: Buffer.from(""), headers: {} });
  expect(await store.list("f")).toEqual(["a"]);
  await store.discard("f");
  expect(await store.list("f")).toEqual([]);
});
