/** What a power cut could take away is told by the order of the calls: bytes before their name, and a name before the next one. */
import { basename, dirname, join, relative } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { workspace } from "../cli/attest.js";
import { writeDraft } from "../cli/drafts.js";
import { calls, type Call } from "./points.js";

let made: Call[] = [];

beforeAll(async () => {
  const work = workspace();
  await work.attest("init", "lab", "--origin", "example.org/lab"); // in which no folder for evidence is there yet
  writeDraft(work, "statement", { title: "Another", evidence: { "a.txt": "first\n", "b.txt": "second\n" } });
  made = await calls(work, ["sign", "statement.json", "--registry", "lab"]);
});

/** Where the name of a finished file comes to be. */
const namings = (): [number, Call & { to: string }][] =>
  made.flatMap((call, at): [number, Call & { to: string }][] =>
    call.to === undefined ? [] : [[at, { ...call, to: call.to }]],
  );
/** Files that keep no order among them: nothing speaks of them before the next file is there. */
const together = (path: string): string => /\/(?:log\/tile|evidence)\//.exec(path)?.[0] ?? path;
/** The first name after those that keep no order. */
const next = (at: number): number => {
  const { to } = made[at] ?? {};
  const follows = (other: string): boolean => to === undefined || together(to) !== together(other);
  return namings().find(([later, { to: other }]) => later > at && follows(other))?.[0] ?? made.length;
};
const synced = (folder: string, from: number, to: number): boolean =>
  made.slice(from, to).some(({ name, path }) => name === "fsyncSync" && path === folder);

test("evidence, the attestation, tiles, the checkpoint that is remembered, the proof, the checkpoint", () => {
  const names = namings().map(([, { to }]) => relative("lab", to));
  const kinds = names.map((name) =>
    name.includes("/evidence/")
      ? "evidence"
      : name.endsWith(".tlog-proof")
        ? "proof"
        : basename(name).startsWith("test_")
          ? name.replace(/test_\w+$/, "").replace(/^attestations\/test_.*$/, "attestation")
          : name.replace(/^.*secrets\/logs\/[0-9a-f]+\//, "beside its key: "),
  );
  expect(kinds).toEqual([
    ...["keys/signer.pub", "evidence", "evidence", "attestations/index/unlogged/", "attestation"],
    ...["attestations/log/tile/entries/000.p/1", "attestations/log/tile/0/000.p/1"],
    ...["beside its key: checkpoint", "proof", "attestations/log/checkpoint"],
  ]);
});

describe("each file", () => {
  test("has all its bytes on the disk before it has its name", () => {
    for (const [at, { path, to }] of namings()) {
      const before = made
        .slice(0, at)
        .filter((call) => call.path === path)
        .map(({ name }) => name);
      expect(before[0], to).toBe("openSync");
      expect(before.at(-1), to).toMatch(/^fsync(?:Sync)?$/);
      expect(
        before.slice(1, -1).every((name) => name === "writeSync"),
        to,
      ).toBe(true);
    }
  });

  test("has its name on the disk before the next one has its own", () => {
    for (const [at, { to }] of namings()) expect(synced(dirname(to), at, next(at)), to).toBe(true);
  });

  test("lies in folders whose names are on the disk before it has its own", () => {
    const folders = made.flatMap(({ name, path, made: first }, at) => {
      if (name !== "mkdirSync" || first === undefined) return [];
      const below = relative(first, path).split("/").filter(Boolean);
      return [[], ...below.map((_, index) => below.slice(0, index + 1))].map((parts) => ({
        at,
        folder: join(first, ...parts),
      }));
    });
    expect(folders.length).toBeGreaterThan(0);
    for (const { at, folder } of folders) expect(synced(dirname(folder), at, next(at)), folder).toBe(true);
  });
});
