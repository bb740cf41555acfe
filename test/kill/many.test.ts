/** Killed in the middle of many, a command leaves what one by one would leave: each claim with its evidence, and one command enters the rest. */
import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/core/json.js";
import { copyOf, workspace, type Workspace } from "../cli/attest.js";
import { lab, writeDraft } from "../cli/drafts.js";
import { aged } from "../store/appending.js";
import { everywhere, failing } from "./points.js";

const NAMES = ["one", "two", "three", "four"];
const SIGN = ["sign", ...NAMES.map((name) => `${name}.json`), "--registry", "lab"];
const ADD = ["add", ...NAMES.map((name) => `sent-${name}.json`), "--registry", "lab"];
/** Of those that `npm test` tries. */
const SOME = 10;
let made: Workspace;

beforeAll(async () => {
  made = workspace();
  await lab(made);
  for (const name of NAMES) {
    const evidence = { "a.txt": `a of ${name}\n`, "b.txt": "of all\n" };
    writeDraft(made, name, { title: name, evidence });
    for (const [file, text] of Object.entries(evidence)) made.write(`sent-${name}.evidence/${file}`, text);
  }
  const elsewhere = copyOf(made); // they name the log of the registry
  const sent = await elsewhere.attest(...SIGN);
  expect(sent.code, sent.stderr).toBe(0);
  for (const [at, path] of sent.stdout.trim().split("\n").entries())
    made.write(`sent-${NAMES[at] ?? ""}.json`, readFileSync(elsewhere.path(path)));
});

const names = (work: Workspace, folder: string): string[] => readdirSync(work.path("lab/attestations", folder));
const documents = (work: Workspace): string[] => names(work, ".").filter((name) => /^test_\w+\.json$/.test(name));

/** Right after the kill a document may lack its entry, or the checkpoint of its proof, which is told. No claim lacks its evidence. */
async function isHonest(work: Workspace): Promise<void> {
  const ran = await work.attest("verify", "lab", "--json");
  for (const { report } of ran.json()["documents"] as { readonly report: JsonObject }[]) {
    const checks = report["checks"] as JsonObject[];
    expect(checks.find(({ name }) => name === "evidence")).toMatchObject({ status: "passed" });
    const failed = checks.filter(({ status }) => status === "failed").map(({ code }) => code);
    expect([[], ["log-missing"], ["log-backwards"]]).toContainEqual(failed);
  }
}

async function isWhole(work: Workspace): Promise<void> {
  const verified = await work.attest("verify", "lab", "--require", "evidence,logged");
  expect(verified.code, verified.stdout + verified.stderr).toBe(0);
  const checked = await work.attest("log", "check", "lab", "--json");
  expect(checked.code, checked.stdout).toBe(0);
  const { entries } = (await work.attest("log", "show", "lab", "--json")).json();
  const ids = (entries as { readonly payload: string }[]).map(({ payload }) => `test_${payload.slice(0, 16)}.json`);
  expect(ids.sort()).toEqual(documents(work).sort()); // and none twice
  expect(names(work, "index/unlogged").filter((name) => !name.startsWith("."))).toEqual([]);
}

describe.each([
  ["sign", SIGN],
  ["add", ADD],
])("%s", (command, args) => {
  test("killed everywhere", async () => {
    const seen = new Set<number>();
    const count = await everywhere(
      made,
      args,
      async (left) => {
        await isHonest(left);
        seen.add(documents(left).length);
        aged(left.home);
        const done = await left.attest("log", "complete", "lab");
        expect(done.code, done.stderr).toBe(0);
        await isWhole(left);
        const again = await left.attest(...args);
        expect(again.code, again.stderr).toBe(0);
        await isWhole(left);
        if (command === "add") expect(documents(left)).toHaveLength(5);
      },
      SOME,
    );
    expect(count).toBeGreaterThan(40);
    expect(Math.min(...seen)).toBe(1);
    expect(Math.max(...seen)).toBe(5);
  }, 600_000);

  test("each call that fails: what is said of each document is so", async () => {
    await failing(
      made,
      args,
      async (left, ran) => {
        expect(ran.stderr).not.toMatch(/internal error|^\s+at .*:\d+:\d+/m);
        expect([0, 2]).toContain(ran.code);
        const there = documents(left).length - 1;
        const unfinished = ran.stderr.match(/ is published, and not in the log yet: /g)?.length ?? 0;
        const published = ran.stdout.split("\n").filter(Boolean).length;
        expect(published + unfinished, ran.stderr).toBe(there);
        if (ran.code === 0) expect(published).toBe(NAMES.length);
        const done = await left.attest("log", "complete", "lab");
        expect(done.code, done.stderr).toBe(0);
        await isWhole(left);
      },
      SOME,
    );
  }, 600_000);
});
