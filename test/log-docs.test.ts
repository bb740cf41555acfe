/** docs/log.md: its commands, in the order in which they stand, and its table of codes. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { CODES, outcomeOf } from "../src/core/codes.js";
import { workspace } from "./cli/attest.js";
import { pageText, saidOf } from "./docs-page.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const page = pageText("log");

test("each command runs as it stands there, and says what the page says", () => {
  const work = workspace();
  const said = saidOf(page, work);
  const [first, check, kept, forgotten, witness, accept, , lost, retracted, ...more] = said;
  expect(more).toEqual([]);
  expect(first).toContain("2 results: 1 VALIDATED, 0 INCONCLUSIVE, 1 REFUTED; 0 named no plan");
  expect(check).toContain("clean: 4 entries");
  expect(kept).toContain("clean: 4 entries");
  expect(forgotten).toContain("the next look at it is a first one");
  expect(witness).toContain("made the witness key eve");
  expect(accept).toContain("4 proofs updated to it");
  expect(existsSync(work.path("logs.tar"))).toBe(true);
  expect(lost).toContain("clean: 7 entries");
  expect(retracted).toMatch(/NOT ACCEPTED[^]*\[retracted\][^]*exit 3/);
}, 60_000);

test("each code that a log can have is in its table, with the exit status that it says", () => {
  const rows = [...page.matchAll(/^\| .* \| `([a-z-]+)` \|$/gm)].map(([, code = ""]) => code);
  const codes = CODES.filter(
    (code) => outcomeOf(code) === "findings" && (code.startsWith("log-") || code === "plan-departed"),
  );
  expect(rows.sort()).toEqual([...codes].sort());
});

test("its links lead somewhere", () => {
  for (const [, target = ""] of page.matchAll(/\]\(([^)#]+)[^)]*\)/g))
    expect(existsSync(join(ROOT, "docs", target)), target).toBe(true);
});
