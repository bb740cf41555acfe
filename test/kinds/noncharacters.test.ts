/** What a tested program prints, reports or is called by need be no text: the run is signed all the same, with what is no character replaced. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { copyOf, workspace, type Workspace } from "../cli/attest.js";

let made: Workspace;
beforeAll(async () => {
  made = workspace();
  await made.attest("init", "lab", "--origin", "example.org/lab");
});

const NONE = "\ufffe\u{1ffff}\ufdd0";

test("a command: its words, its title, its file, its output and its report", async () => {
  const work = copyOf(made);
  const file = work.write(`a${NONE}.txt`, "1");
  work.write("report.xml", `<testsuite tests="1"><testcase name="t${NONE}" classname="c${NONE}"/></testsuite>`);
  work.write("run.sh", `printf 'out ${NONE}'; touch report.xml`);
  const words = ["--subject", basename(file), "--title", `T${NONE}`, "--report", "report.xml"];
  const ran = await work.attest("run", "--registry", "lab", ...words, "--json", "--", "sh", "run.sh", NONE);
  expect(ran.code, ran.stderr).toBe(0);
  const { path } = ran.json() as { path: string };
  expect(readFileSync(work.path(path), "utf8")).not.toMatch(/\p{Noncharacter_Code_Point}/u);
  const checked = await work.attest("verify", path, "--recompute", "--require", "validated,evidence,logged");
  expect(checked.code, checked.stdout).toBe(0);
  expect(checked.stdout).toContain("T\ufffd\ufffd\ufffd");
});

test("a scenario: what it observed, noted and reported, and what it threw", async () => {
  const work = copyOf(made);
  work.write("a.txt", "1");
  work.write(
    "own.mjs",
    `export default { title: "T", hypothesis: "H", subject: ["a.txt"],
       checks: [{ id: "said", claim: "It says so.", expected: "so" },
         { id: "seen", claim: "One is seen.", criterion: { measures: [{ name: "n", of: "count", where: {} }],
           holds: [{ measure: "n", is: "=", value: 1 }], needs: [] } }],
       run(probe) {
         probe.note("e\\ufffe", { a: "\\ufdd0" });
         probe.observe({ text: "o\\uffff" });
         probe.check("said", true, "c\\ufffe");
       } }`,
  );
  const ran = await work.attest("run", "./own.mjs", "--registry", "lab", "--json");
  expect(ran.code, ran.stderr).toBe(0);
  const { path } = ran.json() as { path: string };
  const checked = await work.attest("verify", path, "--recompute", "--require", "validated,evidence");
  expect(checked.code, checked.stdout).toBe(0);
});

test("a statement that somebody else wrote is neither signed nor read", async () => {
  const work = copyOf(made);
  work.write("statement.json", '{"_type":"\\ufffe"}');
  for (const verb of [
    ["sign", "statement.json", "--output", "out.json"],
    ["verify", "statement.json"],
  ]) {
    const ran = await work.attest(...verb, "--json");
    expect(ran.code).toBe(2);
    expect(ran.stdout).toContain("json-noncharacter");
  }
});
