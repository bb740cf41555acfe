/**
 * What was not tried is no doubt, and no secret either: a skipped test leaves the verdict to the rest, lowers the result, and stands beside the
 * word wherever that is read. A test that passed only when it was tried again did fail.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { workspace, type Workspace } from "../cli/attest.js";
import { repository } from "../cli/git.js";
import { names, ok } from "./lab.js";

const TAP = "TAP version 13\n1..4\nok 1 - a\nok 2 - b\nok 3 - c\nok 4 - d # SKIP no network\n";
const ctrf = (test: object, counted: object = {}): string =>
  JSON.stringify({
    results: {
      tool: { name: "t" },
      summary: { tests: 1, passed: 1, failed: 0, skipped: 0, pending: 0, other: 0, ...counted },
      tests: [{ name: "a", status: "passed", duration: 1, ...test }],
    },
  });

let work: Workspace;
beforeEach(async () => {
  work = workspace();
  const git = repository(work);
  work.write("package.json", `{ "name": "sums" }\n`);
  git("add", "-A");
  git("commit", "-qm", "first");
  ok(await work.attest("init", "lab", "--origin", "example.org/lab"));
});

const GATE = ["--key", "lab/keys/signer.pub", "--require"];
const only = (): string => `lab/attestations/${names(work, /^test_/)[0] ?? ""}`;
const run = (report: string, ...options: string[]): ReturnType<Workspace["attest"]> => {
  work.write("printed", report);
  return work.attest("run", "--registry", "lab", "--report", "-", ...options, "--", "cat", "printed");
};

describe("a skipped test", () => {
  test("is counted in every headline, and neither in the way of the verdict nor of the exit status", async () => {
    const ran = ok(await run(TAP));
    expect(ran.stderr).toContain("VALIDATED 3 passed, 1 skipped  ");
    const key = ["--key", "lab/keys/signer.pub"];
    expect(ok(await work.attest("verify", only(), ...key)).stdout).toMatch(/^VALIDATED 3 passed, 1 skipped: /);
    expect(ok(await work.attest("verify", "lab", ...key)).stdout).toMatch(/^VALIDATED .* 3 passed, 1 skipped$/m);
    expect(ok(await work.attest("show", only(), ...key)).stdout).toMatch(/VALIDATED 3 passed, 1 skipped\./);
    ok(await work.attest("site", "build", "--registry", "lab", "--output", "site"));
    const page = only().slice("lab/".length).replace(".json", ".html");
    for (const name of ["index.html", page])
      expect(readFileSync(work.path("site", name), "utf8"), name).toContain("3 passed, 1 skipped");
    const { payload } = JSON.parse(readFileSync(work.path(only()), "utf8")) as {
      payload: { predicate: { result: string; warnedTests: string[] } };
    };
    expect(payload.predicate).toMatchObject({ result: "WARNED", warnedTests: ["test/d"] });
  });

  test("is no pass for who asks for none: when it is run, when it is verified, in a policy", async () => {
    ok(await run(TAP, "--dry-run", "--no-skips"), 1);
    ok(await run(TAP));
    ok(await work.attest("verify", only(), ...GATE, "validated"));
    ok(await work.attest("verify", only(), ...GATE, "no-skips"), 3);
    ok(await work.attest("verify", only(), ...GATE, "no-retries"));
    work.write("policy.json", JSON.stringify({ version: 1, require: { noSkips: true } }));
    ok(await work.attest("verify", only(), "--key", "lab/keys/signer.pub", "--policy", "policy.json"), 3);
  });

  test("of which nobody knows is neither there nor absent", async () => {
    ok(await work.attest("run", "--registry", "lab", "--", "true"));
    ok(await work.attest("verify", only(), ...GATE, "no-skips"), 4);
    ok(await work.attest("verify", only(), ...GATE, "no-retries"), 4);
  });
});

describe("a test that passed only when it was tried again", () => {
  test.each([
    ["flaky", { flaky: true }],
    ["retries", { retries: 2 }],
    ["attempts", { retryAttempts: [{ attempt: 1, status: "failed" }] }],
  ])("leaves the run open, unless that is allowed: CTRF's %s", async (_, told) => {
    ok(await run(ctrf(told), "--dry-run"), 1);
    const ran = ok(await run(ctrf(told), "--allow-retries"));
    expect(ran.stderr).toContain("VALIDATED 1 passed, 1 only when tried again  ");
    ok(await work.attest("verify", only(), ...GATE, "validated,no-skips"));
    ok(await work.attest("verify", only(), ...GATE, "no-retries"), 3);
    ok(await work.attest("verify", "lab", "--key", join("lab", "keys/signer.pub"), "--recompute"));
  });

  test("and is counted without its name: the same, and whether there was none nobody knows", async () => {
    ok(await run(ctrf({}, { flaky: 1 }), "--dry-run"), 1);
    ok(await run(ctrf({}, { flaky: 1 }), "--allow-retries"));
    ok(await work.attest("verify", only(), ...GATE, "validated,no-skips"));
    ok(await work.attest("verify", only(), ...GATE, "no-retries"), 4);
    ok(await work.attest("verify", "lab", "--key", join("lab", "keys/signer.pub"), "--recompute"));
  });
});
