/** Several machines with one log key, on a store where nothing keeps them apart: every entry once, and never two heads of one size. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { fromUtf8, utf8, type Bytes } from "../../src/core/bytes.js";
import { AttestError } from "../../src/core/errors.js";
import { append } from "../../src/core/log/append.js";
import { formatEntry } from "../../src/core/log/entry.js";
import { openTurn, sealTurn } from "../../src/core/log/turn.js";
import { nodeEngine } from "../../src/node/engine.js";
import { temporary } from "../cli/attest.js";
import { mangled, outcome } from "../core/mangling.js";
import { NIGHT } from "../night.js";
import { bytesAt, hash, leaf, leaves, Machine, oneLog, published, whole } from "./logs.js";
import { SharedFolder, type Before } from "./shared-folder.js";

interface Place {
  readonly root: string;
  readonly registry: string;
  readonly first: Machine;
}

async function begun(): Promise<Place> {
  const root = temporary();
  const registry = join(root, "registry");
  mkdirSync(registry);
  const first = new Machine(join(root, "first"));
  await first.writer(new SharedFolder(registry)).settle();
  return { root, registry, first };
}

const heads = (machines: readonly Machine[]): Bytes[] =>
  machines.flatMap(({ signed }) => signed.filter((text) => !fromUtf8(text).startsWith("urn:f3-attest:turn:v1\n")));
const texts = (entries: readonly Bytes[]): string[] => entries.map(fromUtf8).sort();
const shuffling: Before = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 3));

test.each([
  ["that keep no state", false],
  ["that remember what they signed", true],
])("twenty machines %s enter one each at once", async (_, keeps) => {
  const { root, registry, first } = await begun();
  const machines = Array.from({ length: 20 }, (_, at) => first.twin(join(root, String(at)), keeps));
  const appended = await Promise.all(
    machines.map((machine, at) => machine.writer(new SharedFolder(registry, shuffling)).append(leaf(at))),
  );
  expect(appended.map(({ index }) => index).sort((a, b) => a - b)).toEqual(appended.map((_, at) => at));
  const entries = whole(registry, first.key);
  expect(texts(entries)).toEqual(texts(leaves(20).map(formatEntry)));
  oneLog(heads([first, ...machines]), entries);
});

/** The machine is gone: nothing of it goes on. */
const killed = new Promise<never>(() => undefined);

test("machines that are killed at any call: what was acknowledged is there once, and the rest once or not at all", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat({ max: 40 }), fc.boolean(), fc.integer({ min: 1, max: 3 })), {
        minLength: 2,
        maxLength: 5,
      }),
      async (plans) => {
        const { root, registry, first } = await begun();
        const acknowledged: string[] = [];
        let next = 0;
        const machines = plans.map(([, keeps], at) => first.twin(join(root, String(at)), keeps));
        const lives = plans.map(([calls, , count], at) => {
          let left = calls;
          const before: Before = async () => {
            await shuffling("", "");
            left -= 1;
            if (left < 0) await killed;
          };
          const writer = machines[at]!.writer(new SharedFolder(registry, before));
          const own = leaves(count, next);
          next += count;
          const ended = Promise.all(
            own.map(async (one) => {
              await writer.append(one);
              acknowledged.push(fromUtf8(formatEntry(one)));
            }),
          );
          const dead = (async () => {
            while (left >= 0) await new Promise((resolve) => setTimeout(resolve, 2));
          })();
          return Promise.race([ended, dead]);
        });
        await Promise.all(lives);
        const last = first.twin(join(root, "last"), false);
        await last.writer(new SharedFolder(registry)).append(leaf("last"));
        const entries = whole(registry, first.key);
        const there = entries.map(fromUtf8);
        expect(new Set(there).size).toBe(there.length);
        expect(there).toEqual(expect.arrayContaining(acknowledged));
        oneLog(heads([first, last, ...machines]), entries);
      },
    ),
    { numRuns: NIGHT ? 300 : 15 },
  );
});

test("a slow machine does not take back what a quick one published", async () => {
  const { root, registry, first } = await begun();
  const [slow, quick] = [first.twin(join(root, "slow")), first.twin(join(root, "quick"))];
  let go: () => void = () => undefined;
  const waits = new Promise<void>((resolve) => (go = resolve));
  const late = slow
    .writer(
      new SharedFolder(registry, (call, path) =>
        call === "update" && path === "log/checkpoint" ? waits : Promise.resolve(),
      ),
    )
    .append(leaf("slow"));
  while (slow.signed.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  const writer = quick.writer(new SharedFolder(registry));
  expect((await writer.append(leaf("quick"))).index).toBe(1);
  go();
  expect((await late).index).toBe(0);
  expect(published(registry, first.key).size).toBe(2);
});

test("a turn that the log's key did not sign for this size is refused, and nothing is signed", async () => {
  const { root, registry, first } = await begun();
  const stranger = new Machine(join(root, "stranger"));
  const entries = leaves(2).map(formatEntry);
  const origin = first.key.name;
  const sealed = (from: number, by: Machine): Bytes => sealTurn({ origin, from, entries }, by.signer().sign);
  mkdirSync(join(registry, "log/turns"), { recursive: true });
  for (const bytes of [sealed(0, stranger), sealed(1, first), utf8("{}"), utf8("")]) {
    writeFileSync(join(registry, "log/turns/000000000000.json"), bytes);
    const machine = first.twin(join(root, "next"));
    const refused = await machine
      .writer(new SharedFolder(registry))
      .append(leaf("next"))
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(AttestError);
    expect(refused).toMatchObject({ code: "log-damaged" });
    expect(machine.signed).toEqual([]);
  }
  const whom = first.signer();
  expect(() => openTurn(sealTurn({ origin, from: 0, entries: [] }, whom.sign), first.key, 0, nodeEngine)).toThrow(
    AttestError,
  );
  expect(() =>
    openTurn(sealTurn({ origin: "example.org/other", from: 0, entries }, whom.sign), first.key, 0, nodeEngine),
  ).toThrow(AttestError);
});

const at = (registry: string, path: string): string => join(registry, "log", path);

test.each([["that keeps no state"], ["that remembers less"]])(
  "a machine %s does not finish a turn on tiles that someone changed",
  async (kind) => {
    const { root, registry, first } = await begun();
    const next = first.twin(join(root, "next"), kind === "that remembers less");
    if (kind === "that remembers less") await next.writer(new SharedFolder(registry)).append(leaf("old"));
    for (const one of leaves(5)) await first.writer(new SharedFolder(registry)).append(one);
    const { size } = published(registry, first.key);
    // The next machine was killed when it had taken its turn.
    const turn = { origin: first.key.name, from: size, entries: [formatEntry(leaf("turn"))] };
    writeFileSync(at(registry, `turns/${String(size).padStart(12, "0")}.json`), sealTurn(turn, first.signer().sign));
    const before = heads([first, next]);
    const entries = [...whole(registry, first.key)];
    entries[size - 2] = formatEntry(leaf("forged"));
    const { files } = append(0, entries, () => undefined, hash);
    for (const { path, bytes } of files) writeFileSync(at(registry, path), bytes);
    await expect(next.writer(new SharedFolder(registry)).append(leaf("next"))).rejects.toMatchObject({
      code: "log-fork",
    });
    expect(heads([first, next])).toEqual(before);
  },
);

test("a machine that remembers more than the store shows goes on from there, and not from what is left", async () => {
  const { root, registry, first } = await begun();
  for (const one of leaves(5)) await first.writer(new SharedFolder(registry)).append(one);
  const kept = bytesAt(at(registry, "checkpoint"));
  for (const one of leaves(2, 5)) await first.writer(new SharedFolder(registry)).append(one);
  // Its owner took the bucket back, but for the tiles.
  writeFileSync(at(registry, "checkpoint"), kept);
  for (const from of [5, 6]) rmSync(at(registry, `turns/${String(from).padStart(12, "0")}.json`));
  const writer = first.writer(new SharedFolder(registry));
  await Promise.all(["a", "b", "b2"].map((name) => writer.append(leaf(name))));
  const other = first.twin(join(root, "other"), false);
  await other.writer(new SharedFolder(registry)).append(leaf("c"));
  const entries = whole(registry, first.key);
  expect(texts(entries)).toEqual(texts([...leaves(7), ...["a", "b", "b2", "c"].map(leaf)].map(formatEntry)));
  oneLog(heads([first, other]), entries);
});

test("whatever befalls its file, a turn is what was signed, or refused", () => {
  const machine = new Machine(temporary());
  const turn = { origin: machine.key.name, from: 7, entries: [formatEntry(leaf(1))] };
  const bytes = sealTurn(turn, machine.signer().sign);
  expect(openTurn(bytes, machine.key, 7, nodeEngine)).toEqual(turn.entries);
  const found = new Set([...mangled(bytes)].map((one) => outcome(() => openTurn(one, machine.key, 7, nodeEngine))));
  expect(found).toEqual(new Set(["log-damaged"]));
});
