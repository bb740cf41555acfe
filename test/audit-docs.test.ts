/** docs/audit.md: its commands, in the order in which they stand, its table of rules, and the workflow that it shows. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { RULE_IDS, ruleOf } from "../src/core/statement/audit-rules.js";
import { MAIN, workspace } from "./cli/attest.js";
import { pageText, saidOf } from "./docs-page.js";
import { readYaml } from "./ci/runner.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const page = pageText("audit");

test("each command runs as it stands there, and says what the page says", () => {
  const work = workspace();
  const said = saidOf(page, work);
  const [first, waived, kept, told, captured, packed, ...more] = said;
  expect(more).toEqual([]);
  expect(first).toContain("1 of 1 attestation clean: 0 errors, 0 warnings");
  expect(waived).toMatch(/exit 5[^]*waived by signer [^]*0 errors, 0 warnings, \d+ waived/);
  expect(kept).toContain("audited before: once");
  expect(told).toMatch(/note_[0-9a-f]{16}\.json/);
  expect(captured).toMatch(/test_[0-9a-f]{16}\.json/);
  expect(packed).toContain("VALIDATED");
  for (const file of ["audit.sarif", "audit.xml", "relations.dot", "pack.html"])
    expect(existsSync(work.path(file)), file).toBe(true);
  expect(readdirSync(work.path("lab/attestations/audits"))).toHaveLength(2);
}, 120_000);

test("its table has every rule, with what it means and what to do", () => {
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \| (\w+) \| (.+) \| (.+) \|$/gm)].map(([, ...cells]) => cells);
  expect(rows).toEqual(RULE_IDS.map((id) => [id, ruleOf(id).level, ruleOf(id).means, ruleOf(id).advice]));
});

test("the workflow has no key, and what it calls is there", () => {
  const workflow = readYaml("docs/examples/audit.yml");
  expect(JSON.stringify(workflow)).not.toMatch(/secrets\.|F3_ATTEST_/);
  const help = spawnSync(process.execPath, [MAIN, "audit", "--help"], { encoding: "utf8" }).stdout;
  const [, called = ""] =
    /attest audit ([^|]*)/.exec(readFileSync(join(ROOT, "docs/examples/audit.yml"), "utf8")) ?? [];
  const options = [...called.matchAll(/--[a-z]+/g)].map(([option]) => option);
  expect(options.length).toBeGreaterThan(2);
  for (const option of options) expect(help).toContain(option);
});

test("its links lead somewhere", () => {
  for (const [, target = ""] of page.matchAll(/\]\(([^)#]+)[^)]*\)/g))
    expect(existsSync(join(ROOT, "docs", target)), target).toBe(true);
});
