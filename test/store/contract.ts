/** What every store does, wherever it keeps its files. The test of a medium calls this with an opener of empty stores. */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { fromUtf8, utf8 } from "../../src/core/bytes.js";
import { AttestError } from "../../src/core/errors.js";
import { LockLost } from "../../src/node/lock.js";
import type { Store } from "../../src/store/store.js";

const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no refusal",
    (error: unknown) => (error instanceof AttestError ? error.code : error),
  );

export function keepsTheContract(empty: () => Store | Promise<Store>): void {
  let store: Store;
  beforeEach(async () => {
    store = await empty();
  });
  const text = async (path: string): Promise<string | undefined> => {
    const bytes = await store.read(path);
    return bytes && fromUtf8(bytes);
  };

  describe("reading", () => {
    test("bytes and digest; of what is not there, undefined", async () => {
      await store.create("a/b.json", utf8("1"));
      expect([await text("a/b.json"), await text("a/c.json"), await text("c/b.json")]).toEqual([
        "1",
        undefined,
        undefined,
      ]);
      const sha256 = createHash("sha256").update("1").digest("hex");
      expect(await store.digest("a/b.json")).toEqual({ sha256, size: 1 });
      expect(await store.digest("a/c.json")).toBeUndefined();
    });

    test("no more than the limit", async () => {
      await store.create("a", utf8("123"));
      expect(fromUtf8((await store.read("a", 3)) ?? utf8(""))).toBe("123");
      expect(await code(store.read("a", 2))).toBe("too-large");
    });

    test("names, sorted, of files and folders; of no folder, none", async () => {
      for (const name of ["x/b", "x/a/c", "x/C", "y"]) await store.create(name, utf8("1"));
      expect(await store.list("x")).toEqual(["C", "a", "b"]);
      expect(await store.list("z")).toEqual([]);
    });
  });

  describe("writing", () => {
    test("create never overwrites: the same bytes are no error, others are", async () => {
      expect(await store.create("a", utf8("1"))).toBe("created");
      expect(await store.create("a", utf8("1"))).toBe("identical");
      expect(await code(store.create("a", utf8("2")))).toBe("file-exists");
      expect(await text("a")).toBe("1");
    });

    test("of many creators with other bytes one succeeds", async () => {
      const told = await Promise.all(["1", "2", "3", "4"].map((one) => code(store.create("a", utf8(one)))));
      expect(told.sort()).toEqual(["file-exists", "file-exists", "file-exists", "no refusal"]);
    });

    test("createEach creates many, in any folders, and none at all", async () => {
      const files = new Map([
        ["a", utf8("1")],
        ["b/c", utf8("2")],
        ["b/d/e", utf8("")],
        ["b/d/f", utf8("")],
        ["b/d/g", utf8("3")],
      ]);
      await store.create("b/c", utf8("2"));
      for (let times = 0; times < 2; times += 1) {
        await store.createEach(files);
        for (const [path, bytes] of files) expect(await text(path), path).toBe(fromUtf8(bytes));
        expect([await store.list("."), await store.list("b"), await store.list("b/d")]).toEqual([
          ["a", "b"],
          ["c", "d"],
          ["e", "f", "g"],
        ]);
      }
      await store.createEach(new Map());
    });

    test.each(["", "2"])("createEach never overwrites; what it created else is whole: %j", async (other) => {
      await store.create("a/5", utf8("1"));
      const files = new Map(Array.from({ length: 10 }, (_, at) => [`a/${at}`, utf8(other)]));
      expect(await code(store.createEach(files))).toBe("file-exists");
      expect(await text("a/5")).toBe("1");
      for (const name of await store.list("a")) if (name !== "5") expect(await text(`a/${name}`)).toBe(other);
    });

    test("empty files that were created together are replaced and removed one by one", async () => {
      await store.createEach(new Map(["a", "b", "c"].map((path) => [path, utf8("")])));
      await store.replace("a", utf8("1"));
      await store.replaceEach(new Map([["b", utf8("2")]]));
      expect([await text("a"), await text("b"), await text("c")]).toEqual(["1", "2", ""]);
      await store.remove("a");
      expect([await text("b"), await text("c")]).toEqual(["2", ""]);
    });

    test("of many creators of many one succeeds with each file", async () => {
      const each = (one: string): Map<string, Uint8Array> =>
        new Map(Array.from({ length: 5 }, (_, at) => [String(at), utf8(one)]));
      const told = await Promise.all(["1", "2"].map((one) => code(store.createEach(each(one)))));
      expect(told).toContain("file-exists");
      const names = await store.list(".");
      expect(names).toContain("0");
      for (const name of names) expect(["1", "2"]).toContain(await text(name));
    });

    test("replace and replaceEach overwrite", async () => {
      await store.replace("a", utf8("1"));
      await store.replace("a", utf8("2"));
      await store.replaceEach(
        new Map([
          ["a", utf8("3")],
          ["b/c", utf8("4")],
          ["b/d", utf8("5")],
        ]),
      );
      expect([await text("a"), await text("b/c"), await text("b/d")]).toEqual(["3", "4", "5"]);
      await store.replaceEach(new Map());
    });

    test("what `still` refuses is not written", async () => {
      await store.create("a", utf8("1"));
      const still = (): never => {
        throw new LockLost("a.lock");
      };
      await expect(store.replace("a", utf8("2"), still)).rejects.toBeInstanceOf(LockLost);
      await expect(
        store.replaceEach(
          new Map([
            ["a", utf8("2")],
            ["b", utf8("2")],
          ]),
          still,
        ),
      ).rejects.toBeInstanceOf(LockLost);
      expect([await text("a"), await store.list(".")]).toEqual(["1", ["a"]]);
    });

    test("a file, and a folder that nobody needs, can be removed; a missing one is no error", async () => {
      for (const path of ["a/1", "a/2", "a/b/3", "ab/4"]) await store.create(path, utf8("1"));
      for (let times = 0; times < 2; times += 1) {
        await store.remove("a/1");
        expect(await store.list("a")).toEqual(["2", "b"]);
      }
      for (let times = 0; times < 2; times += 1) {
        await store.discard("a");
        expect([await store.list("a"), await text("ab/4")]).toEqual([[], "1"]);
      }
      await store.discard("ab/4");
      expect(await text("ab/4")).toBeUndefined();
      for (const path of ["a/1", "a/2", "a/3", "b/4"]) await store.create(path, utf8("1"));
      await store.remove("a/1", "a/3", "b/4", "b/5");
      await store.remove();
      expect([await store.list("a"), await store.list("b")]).toEqual([["2"], []]);
    });

    test("a place that takes files says so beforehand, and is not changed", async () => {
      await store.mustBeWritable(".");
      await store.mustBeWritable("a/b");
      expect(await store.list(".")).toEqual([]);
    });
  });

  describe("one after the other", () => {
    beforeEach(() => store.create("a/there", utf8("1"))); // a folder has no lock before it is made

    test("no update is lost", async () => {
      const more = (bytes: Uint8Array | undefined): Uint8Array =>
        utf8(`${bytes === undefined ? "" : fromUtf8(bytes)}.`);
      await Promise.all(Array.from({ length: 20 }, () => store.update("a/b", more)));
      expect(await text("a/b")).toBe(".".repeat(20));
      await store.update("a/b", () => undefined);
      expect(await text("a/b")).toBe(".".repeat(20));
    });

    test("no two writers are at it at once, and what the first waits for is waited for", async () => {
      let inside = 0;
      const results = await Promise.all(
        Array.from({ length: 5 }, (_, at) =>
          store.exclusively("a/1", async (still) => {
            expect((inside += 1)).toBe(1);
            await sleep(2);
            still();
            await store.replace("a/b", utf8(String(at)), still);
            inside -= 1;
            return at;
          }),
        ),
      );
      expect(results).toEqual([0, 1, 2, 3, 4]);
      expect(await text("a/b")).toBe("4");
    });

    test("other paths are free meanwhile", async () => {
      expect(await store.exclusively("a/1", () => store.exclusively("a/2", () => "both"))).toBe("both");
    });

    test("a writer that fails lets the next one in", async () => {
      const failed = store.exclusively("a/1", () => {
        throw new Error("failed");
      });
      await expect(failed).rejects.toThrow("failed");
      expect(await store.exclusively("a/1", () => "next")).toBe("next");
    });
  });

  test.each(["../a", "a/../../b", "a/..", "..", "/etc/passwd", "/"])("no path leads out: %s", async (path) => {
    for (const act of [
      () => store.read(path),
      () => store.digest(path),
      () => store.list(path),
      () => store.mustBeWritable(path),
      () => store.create(path, utf8("1")),
      () => store.createEach(new Map([[path, utf8("1")]])),
      () => store.replace(path, utf8("1")),
      () => store.replaceEach(new Map([[path, utf8("1")]])),
      () => store.update(path, () => utf8("1")),
      () => store.remove(path),
      () => store.discard(path),
      () => store.exclusively(path, () => undefined),
    ])
      await expect(act()).rejects.toThrow(/^a path must stay inside the store, found /);
    expect(await store.list(".")).toEqual([]);
  });
}
