/** The whole matrix from the command line, at its full length: the verdicts that are published, and that they can be computed again. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { canonical, type JsonObject } from "../../src/core/json.js";
import { MAX_PAYLOAD, type CheckRecord } from "../../src/core/statement/statement.js";
import { attest, stranger, workspace, type Ran, type Workspace } from "../cli/attest.js";
import { processesWith } from "../cli/processes.js";

describe.each([
  ["as-published", "REFUTED", 1],
  ["hardened", "VALIDATED", 0],
] as const)("%s", (profile, verdict, exit) => {
  let work: Workspace;
  let ran: Ran;
  let file = "";
  let payload: JsonObject;
  let checks: readonly CheckRecord[] = [];

  beforeAll(async () => {
    work = workspace();
    await work.attest("init", "lab", "--origin", "example.org/lab");
    ran = await work.attest("run", "task-aware-background", "--profile", profile, "--registry", "lab", "--json");
    expect([0, 1], ran.stderr).toContain(ran.code);
    file = work.path((ran.json() as { path: string }).path);
    ({ payload } = JSON.parse(readFileSync(file, "utf8")) as { payload: JsonObject });
    ({ checks } = (payload as unknown as { predicate: { f3: { checks: CheckRecord[] } } }).predicate.f3);
  });

  test(`is ${verdict}`, () => {
    const told = checks.map(({ id, outcome, observed }) => `${outcome} ${id}: ${observed}`).join("\n");
    expect(ran.json(), told).toMatchObject({ verdict, exit });
    expect(ran.code).toBe(exit);
  });

  test("left no check untried that this machine can try", () => {
    const open = checks.filter(({ outcome }) => outcome === "errored" || outcome === "skipped");
    for (const { id, observed } of open)
      expect([id, observed]).toEqual(["t15-real-build", expect.stringContaining("no C compiler")]);
    expect(checks).toHaveLength(18);
  });

  test("follows again from the archived observations, for a stranger as well", async () => {
    const key = work.path("lab/keys/signer.pub");
    const verified = await attest(["verify", file, "--recompute", "--key", key, "--json"], stranger(work));
    expect(verified.code, verified.stdout).toBe(0);
  });

  test("is small enough to be signed anywhere", () => {
    expect(canonical(payload).length).toBeLessThan(MAX_PAYLOAD);
  });

  test("left nothing behind", () => {
    expect(readdirSync(join(work.root, "tmp"))).toEqual([]);
    expect(existsSync(join(work.root, "user/.claude"))).toBe(false);
    expect(processesWith(`HOME=${join(work.root, "tmp")}/`)).toEqual([]);
  });
});
