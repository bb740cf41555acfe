/** A directory as a store: whole files or none, never another's bytes in their place, and nothing outside of it. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fromUtf8, utf8 } from "../../src/core/bytes.js";
import { AttestError } from "../../src/core/errors.js";
import { Directory } from "../../src/store/directory.js";
import { keepsTheContract } from "./contract.js";

let root = "";
let store: Directory;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "attest-store-"));
  store = new Directory(join(root, "store"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const text = async (path: string): Promise<string | undefined> => {
  const bytes = await store.read(path);
  return bytes && fromUtf8(bytes);
};
const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no refusal",
    (error: unknown) => (error instanceof AttestError ? error.code : error),
  );
const all = (): string[] => readdirSync(root, { recursive: true, encoding: "utf8" }).sort();

describe("create", () => {
  test("makes the folders on the way, and no other file", async () => {
    await store.create("a/b/c.json", utf8("1"));
    expect(await text("a/b/c.json")).toBe("1");
    expect(all()).toEqual(["store", "store/a", "store/a/b", "store/a/b/c.json"]);
  });

  test("the same bytes again are no error", async () => {
    await store.create("a", utf8("1"));
    const { ino, mtimeMs } = statSync(join(root, "store/a"));
    await store.create("a", utf8("1"));
    expect(statSync(join(root, "store/a"))).toMatchObject({ ino, mtimeMs });
    expect(all()).toEqual(["store", "store/a"]);
  });

  test.each([["other ones"], ["more: 12"], [""]])("other bytes are, and the old ones stay: %j", async (bytes) => {
    await store.create("a", utf8("1"));
    await expect(store.create("a", utf8(bytes))).rejects.toMatchObject({
      code: "file-exists",
      hint: "nothing was overwritten",
    });
    expect(await text("a")).toBe("1");
    expect(all()).toEqual(["store", "store/a"]);
  });

  test("as are more than could be read", async () => {
    await store.create("a", utf8("1"));
    truncateSync(join(root, "store/a"), 70 * 1024 * 1024);
    expect(await code(store.create("a", utf8("1")))).toBe("file-exists");
  });

  test("nor are they written through a link that leads to them", async () => {
    writeFileSync(join(root, "outside"), "1");
    mkdirSync(join(root, "store"));
    symlinkSync(join(root, "outside"), join(root, "store/a"));
    expect(await code(store.create("a", utf8("2")))).toBe("file-exists");
    expect(readFileSync(join(root, "outside"), "utf8")).toBe("1");
  });

  test("where a folder is", async () => {
    await store.create("a/b", utf8("1"));
    expect(await code(store.create("a", utf8("1")))).toBe("io");
    expect(all()).toEqual(["store", "store/a", "store/a/b"]);
  });

  test("below a file", async () => {
    await store.create("a", utf8("1"));
    expect(await code(store.create("a/b", utf8("1")))).toBe("io");
    expect(await code(store.replace("a/b", utf8("1")))).toBe("io");
    expect(all()).toEqual(["store", "store/a"]);
  });

  test("nothing at all, and much", async () => {
    const much = new Uint8Array(3_000_000).fill(7);
    await store.create("nothing", new Uint8Array());
    await store.create("much", much);
    expect(await store.read("nothing")).toEqual(new Uint8Array());
    expect(Buffer.from((await store.read("much"))!).equals(much)).toBe(true);
  });
});

describe("replace", () => {
  test("whatever was there", async () => {
    await store.replace("a/b", utf8("1"));
    await store.replace("a/b", utf8("2"));
    expect(await text("a/b")).toBe("2");
    expect(all()).toEqual(["store", "store/a", "store/a/b"]);
  });

  test("where a folder is: it stays, and nothing is left beside it", async () => {
    await store.create("a/b", utf8("1"));
    expect(await code(store.replace("a", utf8("1")))).toBe("io");
    expect(all()).toEqual(["store", "store/a", "store/a/b"]);
  });
});

describe("many at once", () => {
  const many = (text: string): Map<string, Uint8Array> =>
    new Map(Array.from({ length: 40 }, (_, at) => [`a/${at}`, utf8(text)]));

  test("leave nothing beside them, whether they are created, refused or replaced", async () => {
    const names = [...many("").keys()].sort();
    await store.createEach(many("1"));
    const whole = all();
    expect(whole).toEqual(["store", "store/a", ...names.map((name) => `store/${name}`)].sort());
    expect(await code(store.createEach(many("2")))).toBe("file-exists");
    await store.replaceEach(many("3"));
    await store.createEach(many("3"));
    expect(all()).toEqual(whole);
    expect(await text("a/39")).toBe("3");
  });

  test("where a folder is: the fault names it", async () => {
    await store.create("a/7/b", utf8("1"));
    const named = expect.objectContaining({ code: "io", message: expect.stringContaining(join("a", "7")) });
    await expect(store.replaceEach(many("1"))).rejects.toEqual(named);
    await expect(store.createEach(many("1"))).rejects.toEqual(named);
    expect(all().filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test("empty ones: more than a file may have names", async () => {
    await store.createEach(new Map(Array.from({ length: 2100 }, (_, at) => [`a/${at}`, utf8("")])));
    expect(await store.list("a")).toHaveLength(2100);
    const links = Array.from({ length: 2100 }, (_, at) => statSync(join(root, `store/a/${at}`)).nlink);
    expect(Math.max(...links)).toBeLessThan(1024);
    expect(Math.min(...links)).toBeGreaterThan(1);
  });
});

describe("read", () => {
  test("what is not there is undefined", async () => {
    await store.create("a", utf8("1"));
    expect([await store.read("b"), await store.read("b/c"), await store.read("a/b")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("a folder is no file", async () => {
    await store.create("a/b", utf8("1"));
    expect(await code(store.read("a"))).toBe("io");
  });
});

describe("the contract", () => keepsTheContract(() => store));

describe("paths", () => {
  test("a link that leads out is neither read nor written through", async () => {
    mkdirSync(join(root, "elsewhere"));
    writeFileSync(join(root, "elsewhere/a"), "secret");
    await store.create("b", utf8("1"));
    symlinkSync(join(root, "elsewhere"), join(root, "store/x"));
    for (const act of [
      store.read("x/a"),
      store.digest("x/a"),
      store.mustBeWritable("x"),
      store.replace("x/a", utf8("1")),
      store.createEach(new Map([["x/c", utf8("1")]])),
      store.replaceEach(new Map([["x/a", utf8("1")]])),
      store.update("x/a", () => utf8("1")),
      store.discard("x/a"),
      store.exclusively("x/a", () => undefined),
    ])
      expect(await code(act)).toBe("io");
    expect(readdirSync(join(root, "elsewhere"))).toEqual(["a"]);
    expect(readFileSync(join(root, "elsewhere/a"), "utf8")).toBe("secret");
  });

  test("dots in a name are no matter", async () => {
    await store.create("a..b/..c", utf8("1"));
    expect(await text("a..b/..c")).toBe("1");
  });
});

describe("list", () => {
  test("names, sorted, without unfinished files; of no folder, none", async () => {
    for (const name of ["b", "a", "C"]) await store.create(`x/${name}`, utf8("1"));
    writeFileSync(join(root, "store/x/.b.0123456789ab.tmp"), "");
    expect(await store.list("x")).toEqual(["C", "a", "b"]);
    expect(await store.list("y")).toEqual([]);
  });

  test("of a file is a fault", async () => {
    await store.create("x", utf8("1"));
    expect(await code(store.list("x"))).toBe("io");
  });
});

describe("what killed writers left", () => {
  const left = (name: string, minutes: number): string => {
    const path = join(root, "store/x", name);
    writeFileSync(path, "half");
    const at = Date.now() / 1000 - minutes * 60;
    utimesSync(path, at, at);
    return path;
  };
  beforeEach(() => store.create("x/a", utf8("1")));

  test.each<[string, number, boolean]>([
    [".a.0123456789ab.tmp", 61, false],
    [".a.0123456789ab.tmp", 59, true], // its writer may still be at it
    [".a.0123456789ab", 100_000, true],
    [".a.tmp", 100_000, true],
    [".a.0123456789AB.tmp", 100_000, true],
    ["a.0123456789ab.tmp", 100_000, true],
    [".gitignore", 100_000, true],
  ])("%s, %i minutes old, is still there after the next writer: %s", async (name, minutes, stays) => {
    const path = left(name, minutes);
    await store.create("x/b", utf8("1"));
    await store.list("x");
    expect(existsSync(path)).toBe(stays);
  });

  // Between the look at the names and the look at the file, its writer may have finished. A link to nothing is the same to `stat`.
  test("one that is gone when it is looked at is no fault", async () => {
    symlinkSync(join(root, "gone"), join(root, "store/x/.a.0123456789ab.tmp"));
    expect(await store.list("x")).toEqual(["a"]);
  });
});

test("a writer that was overtaken begins again, also within the lock of another", async () => {
  await store.create("there", utf8(""));
  for (const lost of ["a", "b"]) {
    let tries = 0;
    const done = await store.exclusively("a", (still) =>
      store.exclusively("b", (also) => {
        if ((tries += 1) === 1) rmdirSync(join(root, "store", `${lost}.lock`));
        still();
        also();
        return tries;
      }),
    );
    expect(done, lost).toBe(2);
  }
});
