/** What one more result costs, and one look at a result: files, bytes and names, not times. What is read does not depend on how many there are. */
import { readFileSync, renameSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { attestProcess, copyOf, workspace, type Workspace } from "./attest.js";
import { lab, publish, writeDraft } from "./drafts.js";

const COUNT = fileURLToPath(new URL("count-calls.mjs", import.meta.url));
const MANY = 60;

interface Costs {
  readonly opened: number;
  readonly made: number;
  readonly synced: number;
  readonly bytes: number;
  readonly listed: number;
}

/** Of a command in a copy of the workspace. */
async function costs(work: Workspace, ...args: readonly string[]): Promise<Costs> {
  const to = work.path("counts.json");
  const env = { ...work.env, COUNT_IN: work.path("lab"), COUNT_TO: to };
  const ran = await attestProcess(args, { cwd: work.cwd, env, node: ["--import", COUNT] });
  expect(ran.code, ran.stderr).toBe(0);
  return JSON.parse(readFileSync(to, "utf8")) as Costs;
}

let few: Workspace;
let many: Workspace;
let file = "";
beforeAll(async () => {
  few = workspace();
  ({ file } = await lab(few));
  await publish(few, "lab", { title: "Two" });
  many = copyOf(few);
  for (let at = 0; at < MANY; at += 1) await publish(many, "lab", { title: `More ${at}` });
});

describe("of two results, and of sixty more:", () => {
  test("one more is published with as many reads, and nothing is listed", async () => {
    const [one, other] = [copyOf(few), copyOf(many)];
    for (const work of [one, other]) writeDraft(work, "next", { title: "Next" });
    const [before, after] = [
      await costs(one, "sign", "next.json", "--registry", "lab"),
      await costs(other, "sign", "next.json", "--registry", "lab"),
    ];
    expect(after.opened).toBe(before.opened);
    expect(after.listed).toBeLessThanOrEqual(before.listed + 2);
    // The last bundle of the log, some times: it is cut at 256 entries.
    expect(after.bytes).toBeLessThan(before.bytes + MANY * 6 * 400);
  });

  test("one is verified with as many reads, once its log was seen", async () => {
    const [one, other] = [copyOf(few), copyOf(many)];
    const path = file.replace(/^.*\/lab\//, "lab/");
    for (const work of [one, other]) expect((await work.attest("verify", path)).code).toBe(0);
    const [before, after] = [await costs(one, "verify", path), await costs(other, "verify", path)];
    expect(after.opened).toBeLessThanOrEqual(before.opened + 2); // the tile of the log's hashes
    // The names in the folder, once: a mark that is missing must hide no notice. Each result has its proof beside it.
    expect(after.listed).toBeLessThanOrEqual(before.listed + 2 * MANY);
    expect(after.bytes).toBeLessThan(before.bytes + MANY * 100);
  });
});

describe("many at once", () => {
  const COMMANDS = ["sign", "add"] as const;

  test.each(COMMANDS)("%s: each more costs its document and its proof, made and synced once", async (command) => {
    const work = copyOf(few);
    const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `more-${at}.json`);
    for (const [at, name] of names(40).entries()) {
      writeDraft(work, name.replace(".json", ""), { title: `Many ${at}`, evidence: {} });
      if (command === "add") {
        expect((await work.attest("sign", name, "--output", `signed-${name}`)).code).toBe(0);
        renameSync(work.path(`signed-${name}`), work.path(name));
      }
    }
    const of = (count: number): Promise<Costs> => costs(copyOf(work), command, ...names(count), "--registry", "lab");
    const [some, more] = [await of(10), await of(40)];
    expect({ made: more.made - some.made, synced: more.synced - some.synced }).toEqual({ made: 60, synced: 60 });
    expect(more.listed - some.listed).toBeLessThanOrEqual(0);
  });

  test("sign: each more piece of evidence costs its file and its folder", async () => {
    const work = copyOf(few);
    const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `more-${at}.json`);
    for (const [at, name] of names(40).entries())
      writeDraft(work, name.replace(".json", ""), { title: "Many", evidence: { output: `output ${at}\n` } });
    const of = (count: number): Promise<Costs> => costs(copyOf(work), "sign", ...names(count), "--registry", "lab");
    const [some, more] = [await of(10), await of(40)];
    expect(more.made - some.made).toBe(90);
    expect(more.synced - some.synced).toBeLessThanOrEqual(120);
  });

  test("sign, with all evidence in one folder: each piece is read for its own statement, and once to know it", async () => {
    const work = copyOf(few);
    const names = Array.from({ length: 40 }, (_, at) => `more-${at + 10}.json`);
    for (const name of names) {
      writeDraft(work, name.replace(".json", ""), { title: "Many", evidence: { output: `output of ${name}\n` } });
      work.write(`lab/pieces/${name}`, `output of ${name}\n`);
    }
    const of = (count: number): Promise<Costs> =>
      costs(copyOf(work), "sign", ...names.slice(0, count), "--registry", "lab", "--evidence", "lab/pieces");
    const [some, more] = [await of(10), await of(40)];
    const each = (more.opened - some.opened) / 30;
    expect(each).toBeLessThan(20); // 40 for the pieces alone, if each were looked at for each
  });
});
