/** The bench as a smoke run: it ends, fills every row, and what it writes can be read, by attest too. How fast anything is, is no test's business. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { utf8 } from "../src/core/bytes.js";
import { readResults } from "../src/formats/results.js";
import { parseXml } from "../src/formats/xml.js";

const RUN = fileURLToPath(new URL("../bench/run.mjs", import.meta.url));
const results = mkdtempSync(join(tmpdir(), "attest-test-"));
afterAll(() => rmSync(results, { recursive: true, force: true }));

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function bench(...args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [RUN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { status, stdout, stderr };
}

interface Written {
  readonly mode: string;
  readonly machine: object;
  readonly versions: object;
  readonly rows: readonly {
    readonly id: string;
    readonly subject: string;
    readonly median?: number;
    readonly quartiles?: readonly number[];
    readonly ratios?: readonly number[];
    readonly skipped?: string;
  }[];
}

let ran: Ran;
let written: Written;

beforeAll(async () => {
  ran = await bench("--quick", "--results", results);
  const [file = "none"] = readdirSync(results).filter((name) => name.endsWith(".json"));
  written = JSON.parse(readFileSync(join(results, file), "utf8")) as Written;
});

test("it ends, and says what it skips", () => {
  expect(ran.status, ran.stderr).toBe(0);
  expect(ran.stderr).toBe("");
});

test("every subject fills its rows, each once", async () => {
  const subjects = (await bench("--list")).stdout.trim().split("\n");
  expect([...new Set(written.rows.map(({ subject }) => subject))]).toEqual(subjects);
  const ids = written.rows.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test("a row has a ratio for each round and their middle, or the reason why not", () => {
  for (const { id, median, quartiles, ratios, skipped } of written.rows)
    if (skipped === undefined) {
      expect(ratios, id).toEqual(expect.arrayContaining([expect.any(Number)]));
      expect(
        [...(quartiles ?? []), median].every((one) => Number.isFinite(one) && Number(one) > 0),
        id,
      ).toBe(true);
    } else expect(skipped, id).not.toBe("");
  expect(written).toMatchObject({
    mode: "quick",
    machine: expect.any(Object) as object,
    versions: { node: process.version },
  });
});

test("attest reads what it prints: one test for each row", () => {
  const read = readResults(utf8(ran.stdout));
  expect(read.format).toBe("tap");
  expect(read.cases.map(({ outcome }) => outcome)).toEqual(written.rows.map(() => "skipped"));
});

test("the picture is XML", () => {
  const [picture = "none"] = readdirSync(results).filter((name) => name.endsWith(".svg"));
  expect(parseXml(readFileSync(join(results, picture), "utf8")).name).toBe("svg");
});

test("an unknown subject is refused", async () => {
  expect(await bench("no-such-subject")).toMatchObject({ status: 2, stdout: "" });
});
