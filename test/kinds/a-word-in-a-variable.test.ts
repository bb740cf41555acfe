/**
 * Taking values out cannot break a report: what is read for outcomes is what the runner wrote, and what is published has no value of a secret. A
 * variable may hold a word that the form of a report is made of.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import type { Draft } from "../../src/core/statement/statement.js";
import { attest, workspace, type Workspace } from "../cli/attest.js";
import { repository } from "../cli/git.js";
import { ok } from "./lab.js";

const JUNIT = `<testsuite name="s" tests="2" failures="1" errors="0"><testcase name="adds" classname="s"/>
<testcase name="says hunter2hunter2" classname="s"><failure message="hunter2hunter2">no</failure></testcase></testsuite>
`;

let work: Workspace;
beforeEach(() => {
  work = workspace();
  const git = repository(work);
  work.write("report", JUNIT);
  git("add", "-A");
  git("commit", "-qm", "first");
});

interface Told {
  readonly code: number | null;
  readonly draft: Draft;
  readonly text: string;
}

async function dry(env: Readonly<Record<string, string>>, printed: boolean): Promise<Told> {
  const script = printed ? "cat report; exit 1" : "cat report > junit.xml; exit 1";
  const ran = await attest(["run", "--dry-run", ...(printed ? ["--report", "-"] : []), "--", "sh", "-c", script], {
    ...work,
    env: { ...work.env, ...env },
  });
  return { code: ran.code, draft: JSON.parse(ran.stdout) as Draft, text: ran.stdout };
}

describe.each([
  ["in a file", false],
  ["printed", true],
])("%s", (_, printed) => {
  test.each(["testcase", "failures", "testsuite", "classname"])(
    "a secret that is the word %s leaves the outcomes as they are",
    async (word) => {
      const { draft, text } = await dry({ A_TOKEN: word, B_TOKEN: "hunter2hunter2" }, printed);
      expect(draft.predicate.f3.verdict).toBe("REFUTED");
      expect(draft.predicate.failedTests).toContain("tests");
      const tests = draft.predicate.f3.checks.find(({ id }) => id === "tests");
      expect(tests?.measurements).toContainEqual({ name: "failed", value: 1 });
      expect(text).not.toContain("hunter2hunter2");
    },
  );

  test("the statement says whose values were looked for", async () => {
    const { draft } = await dry({ B_TOKEN: "hunter2hunter2", STAGE: "production" }, printed);
    const [how] = draft.predicate.f3.sections;
    expect(how?.body).toMatch(/the values of .*B_TOKEN/);
    expect(how?.body).not.toContain("STAGE");
  });
});

test("what is published of such a report has no value in it, and the statement verifies", async () => {
  ok(await work.attest("init", "lab", "--origin", "example.org/lab"));
  const env = { ...work.env, A_TOKEN: "testcase", B_TOKEN: "hunter2hunter2" };
  const ran = await attest(["run", "--registry", "lab", "--", "sh", "-c", "cat report > junit.xml; exit 1"], {
    ...work,
    env,
  });
  expect(ran.code).toBe(1);
  const folder = work.path("lab/attestations");
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!/evidence.*[0-9a-f]{64}$|json$/.test(name)) continue;
    expect(readFileSync(join(folder, name), "utf8"), name).not.toContain("hunter2hunter2");
  }
  ok(await work.attest("verify", "lab", "--recompute"));
});
