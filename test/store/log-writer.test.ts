/** Appending to a log: what is published verifies, each entry is in it once, and no machine ever signs two logs with one key. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { equal, fromUtf8, type Bytes } from "../../src/core/bytes.js";
import { append } from "../../src/core/log/append.js";
import { formatEntry, type LogEntry } from "../../src/core/log/entry.js";
import { proveInclusion } from "../../src/core/log/tiles.js";
import { prover } from "../../src/core/log/prove.js";
import { temporary } from "../cli/attest.js";
import {
  bytesAt,
  hash,
  headOf,
  leaf,
  leaves,
  Machine,
  needless,
  oneLog,
  proofName,
  proofOf,
  proven,
  published,
  whole,
} from "./logs.js";
import { AttestError } from "../../src/core/errors.js";
import { naming } from "../core/refusal.js";

/** To be compared: of bytes in lists a comparison takes long. */
const texts = (some: readonly Bytes[]): string[] => some.map(fromUtf8);
const entries = (some: readonly LogEntry[]): Bytes[] => some.map(formatEntry);
const appendAll = async (
  machine: Machine,
  registry: string,
  some: readonly LogEntry[],
  writer = machine.writer(registry),
): Promise<number[]> => {
  return (await Promise.all(some.map((one) => writer.append(one)))).map(({ index }) => index);
};

function made(): { root: string; registry: string; machine: Machine } {
  const root = temporary();
  const registry = join(root, "registry");
  mkdirSync(registry);
  return { root, registry, machine: new Machine(join(root, "home")) };
}

describe("appending", () => {
  test("an empty log gets a checkpoint, once", async () => {
    const { registry, machine } = made();
    expect(await machine.writer(registry).settle()).toEqual(headOf([]));
    const before = readFileSync(join(registry, "log/checkpoint"));
    await machine.writer(registry).settle();
    expect(readFileSync(join(registry, "log/checkpoint")).equals(before)).toBe(true);
    expect(machine.signed).toHaveLength(1);
    expect(published(registry, machine.key).size).toBe(0);
  });

  test("a hundred calls at once: each entry once, in their order, and few checkpoints", async () => {
    const { registry, machine } = made();
    const all = leaves(100);
    const writer = machine.writer(registry);
    const appended = await Promise.all(all.map((one) => writer.append(one)));
    expect(appended.map(({ index }) => index)).toEqual(all.map((_, at) => at));
    expect(texts(whole(registry, machine.key))).toEqual(texts(entries(all)));
    expect(machine.signed.length).toBeLessThanOrEqual(3);
    for (const [at, one] of all.entries()) {
      const proof = bytesAt(proofOf(registry, one));
      expect(equal(proof, appended[at]!.proof)).toBe(true);
      expect(proven(proof, one, machine.key)).toBe(at);
    }
    oneLog(machine.signed, entries(all));
  });

  test("across the end of a tile, one by one and many at once: tiles as computed from nothing, and no partial one beside a full one", async () => {
    const { registry, machine } = made();
    const all = leaves(1300);
    let at = 0;
    for (const size of [254, 255, 256, 257, 511, 512, 513, 1300]) {
      const writer = machine.writer(registry, () => undefined);
      await appendAll(machine, registry, all.slice(at, size), writer);
      at = size;
      expect(texts(whole(registry, machine.key))).toEqual(texts(entries(all.slice(0, size))));
      expect(needless(registry)).toEqual([]);
    }
    oneLog(machine.signed, entries(all));
  }, 120_000);

  test("an entry that no reader would take is refused, and the others beside it are entered", async () => {
    const { registry, machine } = made();
    const writer = machine.writer(registry);
    const long = { ...leaf(1), keyid: "x".repeat(5000) };
    const told = await Promise.allSettled([writer.append(leaf(0)), writer.append(long), writer.append(leaf(2))]);
    expect(told.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(told[1]).toMatchObject({ reason: { code: "leaf-format" } });
    expect(texts(whole(registry, machine.key))).toEqual(texts(entries([leaf(0), leaf(2)])));
  });

  test("what has its proof is not entered again; what has a proof that proves nothing is", async () => {
    const { registry, machine } = made();
    expect(await appendAll(machine, registry, [leaf(0), leaf(1), leaf(0)])).toEqual([0, 1, 0]);
    expect(await appendAll(machine, registry, [leaf(1), leaf(2)])).toEqual([1, 2]);
    for (const [at, wrong] of [readFileSync(proofOf(registry, leaf(2))), "no proof"].entries()) {
      const one = leaf(3 + at);
      writeFileSync(proofOf(registry, one), wrong);
      for (const time of ["once", "and not again"])
        expect(await appendAll(machine, registry, [one]), time).toEqual([3 + at]);
      expect(proven(bytesAt(proofOf(registry, one)), one, machine.key)).toBe(3 + at);
    }
    expect(texts(whole(registry, machine.key))).toEqual(texts(entries(leaves(5))));
  });

  test("both signatures under one document are entered once, although one of them has the proof", async () => {
    const { machine, registry } = made();
    await appendAll(machine, registry, leaves(3));
    const both = [leaf(7), { ...leaf(7), signature: "0".repeat(64) } as LogEntry];
    expect(await appendAll(machine, registry, both)).toEqual([3, 4]);
    expect(await appendAll(machine, registry, [leaf(8), ...both])).toEqual([5, 3, 4]);
  });

  test("of two signatures under one document the first one's proof stays", async () => {
    const { registry, machine } = made();
    const second = { ...leaf(0), signature: "0".repeat(64) } as LogEntry;
    await appendAll(machine, registry, [leaf(0)]);
    const before = bytesAt(proofOf(registry, leaf(0)));
    expect(await appendAll(machine, registry, [second])).toEqual([1]);
    expect(equal(bytesAt(proofOf(registry, second)), before)).toBe(true);
  });
});

describe("growth", () => {
  const small = Array.from({ length: 65_540 }, (_, at) => Uint8Array.of(at >> 16, at >> 8, at));

  test("in steps across the end of a tile of tiles: what it is from nothing, by few reads, and each proof by itself or among others", () => {
    const files = new Map<string, Bytes>();
    let [at, reads] = [0, 0];
    const read = (path: string): Bytes | undefined => {
      reads += 1;
      return files.get(path);
    };
    for (const size of [255, 256, 257, 65_280, 65_535, 65_536, 65_537, 65_540]) {
      reads = 0;
      const grown = append(at, small.slice(at, size), read, hash);
      for (const { path, bytes } of grown.files) files.set(path, bytes);
      at = size;
      expect(reads).toBeLessThanOrEqual(8);
      if (size === 257 || size === 65_537) {
        const fromNothing = append(0, small.slice(0, size), () => undefined, hash);
        expect(equal(grown.head.root, headOf(small.slice(0, size)).root)).toBe(true);
        for (const { path, bytes } of fromNothing.files) expect(equal(files.get(path)!, bytes), path).toBe(true);
      }
      const prove = prover(size, (path) => files.get(path), hash);
      for (const index of [0, 1, 254, size >> 1, size - 2, size - 1])
        expect(prove(index)).toEqual(proveInclusion(index, size, (path) => files.get(path), hash));
    }
  }, 60_000);
});

describe("nothing is signed", () => {
  /** A log of five entries, and its copy from when there were three. */
  async function grown(): Promise<ReturnType<typeof made> & { older: string }> {
    const all = made();
    const older = join(all.root, "older");
    await appendAll(all.machine, all.registry, leaves(3));
    cpSync(all.registry, older, { recursive: true });
    await appendAll(all.machine, all.registry, leaves(2, 3));
    return { ...all, older };
  }

  async function refuses(machine: Machine, registry: string, found: RegExp): Promise<void> {
    const signed = machine.signed.length;
    const memory = machine.memory;
    const told = await Promise.allSettled([
      machine.writer(registry).settle(),
      machine.writer(registry).append(leaf("new")),
    ]);
    for (const one of told)
      expect(one).toMatchObject({
        status: "rejected",
        reason: { code: "log-fork", message: expect.stringMatching(found) },
      });
    expect(machine.signed).toHaveLength(signed);
    expect(machine.memory).toBe(memory);
    expect(existsSync(proofOf(registry, leaf("new")))).toBe(false);
  }

  test("where the folder went back to an older copy", async () => {
    const { machine, older } = await grown();
    await refuses(machine, older, naming(5, "fewer"));
  });

  test("where the folder is gone, or empty", async () => {
    const { machine, registry } = await grown();
    rmSync(join(registry, "log"), { recursive: true });
    await refuses(machine, registry, naming(5, "fewer"));
  });

  test("where the log is another key's, or its checkpoint none", async () => {
    const { machine, registry, root } = await grown();
    const other = new Machine(join(root, "other"));
    await refuses(other, registry, naming("checkpoint", "signature", machine.key.name));
    writeFileSync(join(registry, "log/checkpoint"), "");
    await refuses(machine, registry, naming("checkpoint", machine.key.name));
  });

  test.each([
    ["a tile cut short", "tile/0/000.p/5", (path: string) => truncateSync(path, 100), naming("fewer")],
    ["a tile that is not there", "tile/0/000.p/5", (path: string) => rmSync(path), naming("fewer")],
    ["a tile with another hash", "tile/0/000.p/5", flip(70), naming("others")],
    ["a bundle cut short", "tile/entries/000.p/5", (path: string) => truncateSync(path, 100), naming("fewer")],
    ["a bundle that is not there", "tile/entries/000.p/5", (path: string) => rmSync(path), naming("fewer")],
    ["a bundle with another entry", "tile/entries/000.p/5", flip(70), naming("others")],
  ])("where there is %s", async (_, path, spoil, found) => {
    const { machine, registry } = await grown();
    spoil(join(registry, "log", path));
    await refuses(machine, registry, found);
  });

  test("where a tile is a link to one elsewhere", async () => {
    const { machine, registry, root } = await grown();
    const tile = join(registry, "log/tile/0/000.p/5");
    cpSync(tile, join(root, "elsewhere"));
    rmSync(tile);
    symlinkSync(join(root, "elsewhere"), tile);
    const signed = machine.signed.length;
    await expect(machine.writer(registry).append(leaf("new"))).rejects.toMatchObject({ code: "io" });
    expect(machine.signed).toHaveLength(signed);
  });

  test("where what is remembered and what is published are of two logs", async () => {
    const { machine, registry, older, root } = await grown();
    const twin = machine.twin(join(root, "twin"));
    await appendAll(twin, older, leaves(4, 100)); // another machine went on from three
    await refuses(machine, older, naming(7, "others"));
    await refuses(twin, registry, naming(7, "fewer"));
  });

  test("where a tile was made to fit both, and they are two logs still", async () => {
    const { machine, root } = made();
    const [a, b] = [join(root, "a"), join(root, "b")];
    await appendAll(machine, a, leaves(100));
    cpSync(a, b, { recursive: true });
    await appendAll(machine, a, leaves(100, 100));
    const twin = machine.twin(join(root, "twin"));
    await appendAll(twin, b, leaves(200, 1000));
    // The root of 300 needs no hash but that of the first tile; of 200, the first hashes in it.
    cpSync(join(a, "log/tile/0/000.p/200"), join(b, "log/tile/0/000.p/200"));
    const full = readFileSync(join(b, "log/tile/0/000"));
    readFileSync(join(a, "log/tile/0/000.p/200")).copy(full);
    writeFileSync(join(b, "log/tile/0/000"), full);
    await refuses(machine, b, naming("others"));
  });

  test("where the first checkpoint is missing, and there are entries", async () => {
    const { machine, registry, root } = await grown();
    rmSync(join(registry, "log/checkpoint"));
    await refuses(machine.twin(join(root, "twin")), registry, naming("tiles"));
  });

  test("where a machine that remembers nothing finds no checkpoint", async () => {
    const { machine, registry, root } = await grown();
    const forgetful = machine.twin(join(root, "nowhere"), false);
    await appendAll(forgetful, registry, [leaf(5)]);
    expect(texts(whole(registry, machine.key))).toEqual(texts(entries(leaves(6))));
    expect(readdirSync(join(registry, "log"))).toEqual(["checkpoint", "tile"]);
    rmSync(join(registry, "log/checkpoint"));
    await refuses(forgetful, registry, naming("checkpoint", machine.key.name));
    rmSync(join(registry, "log"), { recursive: true });
    await refuses(forgetful, registry, naming("checkpoint", machine.key.name));
    expect(existsSync(join(registry, "log"))).toBe(false);
  });

  test("of two copies on one machine: the one that is behind, until it is brought up", async () => {
    const { machine, registry, older } = await grown();
    await refuses(machine, older, naming("fewer"));
    rmSync(older, { recursive: true });
    cpSync(registry, older, { recursive: true });
    expect(await appendAll(machine, older, [leaf(5)])).toEqual([5]);
    await refuses(machine, registry, naming(6, "fewer"));
    oneLog(machine.signed, entries(leaves(6)));
  });

  test("again where another machine went further: what it published counts here, too", async () => {
    const { machine, registry, root } = await grown();
    const further = join(root, "further");
    cpSync(registry, further, { recursive: true });
    await appendAll(machine.twin(join(root, "twin")), further, [leaf(5)]);
    await machine.writer(further).settle();
    await refuses(machine, registry, naming(6, "fewer"));
  });
});

describe("cut short", () => {
  /** As if the process had been stopped for so long that others took it for dead, and one of them went on. */
  function overtaken(machine: Machine): void {
    rmSync(`${machine.lock}.lock`, { recursive: true });
  }

  test("after the checkpoint was remembered: the next writer publishes it, with its proofs", async () => {
    const { registry, machine } = made();
    await appendAll(machine, registry, leaves(2));
    machine.remembering = (when) => {
      if (when === "after") throw new Error("killed");
    };
    await expect(machine.writer(registry).append(leaf(2))).rejects.toThrow("killed");
    machine.remembering = () => undefined;
    expect(published(registry, machine.key).size).toBe(2);
    await machine.writer(registry).settle();
    expect(texts(whole(registry, machine.key))).toEqual(texts(entries(leaves(3))));
    expect(proven(bytesAt(proofOf(registry, leaf(2))), leaf(2), machine.key)).toBe(2);
    expect(await appendAll(machine, registry, [leaf(2)])).toEqual([2]); // tried again
    oneLog(machine.signed, entries(leaves(3)));
  });

  test("the same on a machine that remembers nothing: what was signed lies beside the log until it is published", async () => {
    const { registry, machine, root } = made();
    await appendAll(machine, registry, leaves(2));
    const forgetful = machine.twin(join(root, "nowhere"), false);
    let asked = 0;
    const killed = forgetful.writer(registry, (one) => {
      if ((asked += 1) > 1) throw new Error("killed"); // where its proof is to be written
      return proofName(one);
    });
    await expect(killed.append(leaf(2))).rejects.toThrow("killed");
    expect(forgetful.signed).toHaveLength(1);
    expect(published(registry, machine.key).size).toBe(2);
    expect(await appendAll(forgetful, registry, [leaf(3), leaf(2)])).toEqual([3, 2]);
    oneLog([...machine.signed, ...forgetful.signed], whole(registry, machine.key));
  });

  test("before it was signed: nothing of it is left", async () => {
    const { registry, machine } = made();
    await appendAll(machine, registry, leaves(2));
    machine.signing = () => {
      throw new Error("killed");
    };
    await expect(machine.writer(registry).append(leaf("lost"))).rejects.toThrow("killed");
    machine.signing = () => undefined;
    expect(await appendAll(machine, registry, [leaf(2)])).toEqual([2]);
    expect(texts(whole(registry, machine.key))).toEqual(texts(entries(leaves(3))));
  });

  test("by a lock that is lost before anything is remembered: done again, behind what came between", async () => {
    const { registry, machine } = made();
    await appendAll(machine, registry, leaves(2));
    const slow = machine.writer(registry);
    let between: Promise<number[]> | undefined;
    machine.remembering = (when) => {
      if (when !== "before" || between !== undefined) return;
      overtaken(machine);
      between = appendAll(machine, registry, [leaf("between")]);
    };
    const { index, proof } = await slow.append(leaf("slow"));
    await between;
    const all = whole(registry, machine.key);
    expect(all).toHaveLength(4);
    expect(all[index]).toEqual(formatEntry(leaf("slow")));
    expect(proven(proof, leaf("slow"), machine.key)).toBe(index);
    expect(equal(headOf(all).root, published(registry, machine.key).root)).toBe(true);
  });

  test("by a lock that is lost after it was remembered: entered once", async () => {
    const { registry, machine } = made();
    await appendAll(machine, registry, leaves(2));
    let lost = false;
    machine.remembering = (when) => {
      if (when === "after" && !lost) {
        lost = true;
        overtaken(machine);
      }
    };
    expect(await appendAll(machine, registry, leaves(3, 2))).toEqual([2, 3, 4]);
    expect(lost).toBe(true);
    expect(texts(whole(registry, machine.key))).toEqual(texts(entries(leaves(5))));
    oneLog(machine.signed, entries(leaves(5)));
  });
});

test("whatever is appended, killed, rolled back and brought back, in any order: one log is signed", async () => {
  const operation = fc.oneof(
    { weight: 4, arbitrary: fc.record({ append: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 2, arbitrary: fc.record({ killed: fc.constantFrom("before signing", "remembered") }) },
    { weight: 2, arbitrary: fc.record({ back: fc.nat({ max: 20 }) }) },
    { weight: 2, arbitrary: fc.constant({ latest: true }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 3, maxLength: 8 }), async (operations) => {
      const { root, registry, machine } = made();
      await machine.writer(registry).settle();
      const snapshots = [join(root, "0")];
      cpSync(registry, snapshots[0]!, { recursive: true });
      let longest: Bytes[] = [];
      let count = 0;
      const attempt = async (size: number): Promise<void> => {
        try {
          await appendAll(machine, registry, leaves(size, (count += 100)));
        } catch (error) {
          if (error instanceof AttestError) expect(error.code).toBe("log-fork");
          else expect(String(error)).toMatch(/killed/);
          return;
        }
        const now = whole(registry, machine.key);
        expect(texts(now.slice(0, longest.length))).toEqual(texts(longest)); // nothing that was published before is lost
        longest = now;
        snapshots.push(join(root, String(snapshots.length)));
        cpSync(registry, snapshots.at(-1)!, { recursive: true });
      };
      for (const one of operations) {
        if ("append" in one) await attempt(one.append);
        else if ("killed" in one) {
          const die = (): never => {
            throw new Error("killed");
          };
          if (one.killed === "remembered") machine.remembering = (when) => void (when === "after" && die());
          else machine.signing = die;
          await attempt(1);
          machine.remembering = machine.signing = () => undefined;
        } else {
          const from = snapshots.at("back" in one ? one.back % snapshots.length : -1)!;
          rmSync(registry, { recursive: true });
          cpSync(from, registry, { recursive: true });
        }
      }
      // What was remembered last is of the same log, too: were it published, it would have to hold all that was.
      const roots = new Map<string, Set<string>>();
      for (const text of machine.signed.map((bytes) => Buffer.from(bytes).toString("utf8"))) {
        const [, size = "", signed = ""] = text.split("\n");
        roots.set(size, (roots.get(size) ?? new Set()).add(signed));
      }
      for (const [, signed] of roots) expect(signed.size).toBe(1);
      oneLog(
        machine.signed.filter((text) => Number(Buffer.from(text).toString("utf8").split("\n")[1]) <= longest.length),
        longest,
      );
    }),
    { numRuns: 12 },
  );
}, 120_000);

function flip(at: number): (path: string) => void {
  return (path) => {
    const bytes = readFileSync(path);
    bytes[at]! ^= 1;
    writeFileSync(path, bytes);
  };
}
