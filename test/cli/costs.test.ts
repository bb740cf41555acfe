/** What one more result costs, and one look at a result: files, bytes and names, not times. What is read does not depend on how many there are. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { attestProcess, copyOf, workspace, type Workspace } from "./attest.js";
import { lab, publish, writeDraft } from "./drafts.js";

const COUNT = fileURLToPath(new URL("count-calls.mjs", import.meta.url));
const MANY = 60;

interface Costs {
  readonly opened: number;
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
