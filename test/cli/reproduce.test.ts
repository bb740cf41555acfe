/** `attest reproduce`: a recorded run again, on a clean checkout; what comes out as it did, and what does not. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { ResultStatement } from "../../src/core/statement/statement.js";
import { attest, copyOf, fault, stranger, workspace, type Ran, type Workspace } from "./attest.js";

/** Passes or fails by a file outside the repository: what a test that depends on its surroundings does. */
const TESTS = `
import { existsSync, writeFileSync } from "node:fs";
const fails = existsSync(process.env.OUTSIDE + "/weather");
const point = (name, ok) => (ok ? "ok" : "not ok") + " - " + name;
console.log(["TAP version 13", "1..2", point("adds", true), point("rains", !fails)].join("\\n"));
process.exitCode = fails ? 1 : 0;
`;

let project: Workspace;
const inGit = (here: Workspace, ...args: readonly string[]): string =>
  execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.org", ...args], {
    cwd: here.cwd,
    encoding: "utf8",
  });
const withOutside = (here: Workspace): Record<string, string> => ({ ...here.env, OUTSIDE: here.root });
const run = (here: Workspace, ...words: readonly string[]): Promise<Ran> =>
  attest(words, { cwd: here.cwd, env: withOutside(here) });
const rain = (here: Workspace): void => writeFileSync(join(here.root, "weather"), "");

const published = (here: Workspace): string[] =>
  readdirSync(here.path("attestations"))
    .filter((name) => /^test_.*json$/.test(name))
    .map((name) => here.path("attestations", name));
const statementIn = (path: string): ResultStatement =>
  (JSON.parse(readFileSync(path, "utf8")) as { payload: ResultStatement }).payload;

let original: string;

beforeAll(async () => {
  project = workspace();
  project.write("package.json", `{ "name": "weather" }\n`);
  project.write("tests.mjs", TESTS);
  inGit(project, "init", "-q");
  inGit(project, "add", "-A");
  inGit(project, "commit", "-qm", "first");
  await project.attest("init", "--origin", "example.org/lab");
  await run(project, "run", "--", "node", "tests.mjs");
  original = basename(published(project)[0]!);
});

const first = (here: Workspace): string => here.path("attestations", original);
const other = (here: Workspace): ResultStatement => statementIn(published(here).find((path) => path !== first(here))!);

test("that comes out as it did reproduces it, although the work tree is another by now", async () => {
  const here = copyOf(project);
  writeFileSync(here.path("tests.mjs"), "process.exitCode = 1;");
  inGit(here, "commit", "-qam", "broken since");
  const ran = await run(here, "reproduce", first(here), "--json");
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.json()).toMatchObject({
    relation: "reproduces",
    target: basename(original, ".json"),
    verdict: "VALIDATED",
    differences: [],
  });
  const { predicate, subject } = other(here);
  expect(predicate.f3.relations).toEqual([
    expect.objectContaining({ type: "planned-by" }),
    {
      type: "reproduces",
      target: basename(original, ".json"),
      digest: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    },
  ]);
  expect(subject[0]?.digest).toEqual(statementIn(first(here)).subject[0]?.digest);
  expect(predicate.f3.title).toBe("node tests.mjs in weather, again");
  expect((await run(here, "verify", ".", "--recompute")).code).toBe(0);
  expect(readdirSync(join(here.root, "tmp"))).toEqual([]); // the checkout is gone
});

test("that comes out otherwise contradicts it, check by check", async () => {
  const here = copyOf(project);
  rain(here);
  const ran = await run(here, "reproduce", first(here), "--json");
  expect(ran.code).toBe(1);
  expect(ran.json()).toMatchObject({
    relation: "contradicts",
    verdict: "REFUTED",
    differences: [
      { id: "tests", before: "passed", now: "failed" },
      { id: "test/rains", claim: "rains", before: "passed", now: "failed" },
      { id: "run", before: "0", now: "1" },
    ],
  });
  const { sections, relations } = other(here).predicate.f3;
  expect(relations).toMatchObject([{ type: "planned-by" }, { type: "contradicts" }]);
  expect(sections[0]?.body).toMatch(/^- rains: passed then, failed now$/m);
});

test("a failure that fails again is reproduced", async () => {
  const here = copyOf(project);
  rain(here);
  await run(here, "run", "--", "node", "tests.mjs");
  const failed = published(here).find((path) => path !== first(here))!;
  const ran = await run(here, "reproduce", failed, "--dry-run", "--json");
  expect(ran.json()).toMatchObject({ relation: "reproduces", verdict: "REFUTED", exit: 0 });
  expect(ran.code).toBe(0);
});

const WRITES = `
import { mkdirSync, writeFileSync } from "node:fs";
mkdirSync("out/deep", { recursive: true });
const suite = (name) => '<testsuite name="s" tests="1"><testcase name="' + name + '"/></testsuite>';
writeFileSync("out/one.xml", suite("one"));
writeFileSync("out/deep/two.xml", suite("two"));
writeFileSync("out/notes.json", "{}");
`;

test.each([
  ["a folder", ["out"], 2],
  ["a pattern", ["out/*.xml"], 1],
  ["a pattern of folders", ["out/**/*.xml"], 2],
  ["a pattern and what is printed", ["out/o*.xml", "-"], 2],
])("%s of reports is looked into again, in the checkout", async (_, reports, count) => {
  const here = copyOf(project);
  rmSync(first(here));
  writeFileSync(here.path("tests.mjs"), `${WRITES}console.log("1..1\\nok 1 - printed");`);
  inGit(here, "commit", "-qam", "writes reports");
  const named = reports.flatMap((report) => ["--report", report]);
  const ran = await run(here, "run", "--json", ...named, "--", "node", "tests.mjs");
  expect(ran.json(), ran.stderr).toMatchObject({ verdict: "VALIDATED", counts: { tests: count } });
  const [path = ""] = published(here);
  // What lies about here is not what the checkout writes.
  writeFileSync(here.path("out/one.xml"), "<testsuite><testcase name='old'><failure/></testcase></testsuite>");
  const again = await run(here, "reproduce", path, "--json");
  expect(again.code, again.stderr).toBe(0);
  expect(again.json()).toMatchObject({ relation: "reproduces", verdict: "VALIDATED", differences: [] });
  const { checks } = statementIn(published(here).find((one) => one !== path)!).predicate.f3;
  expect(checks.find(({ id }) => id === "tests")?.measurements).toContainEqual({ name: "tests", value: count });
});

test("what the command needs is made before it, in the checkout", async () => {
  const here = copyOf(project);
  const made = await run(
    here,
    "reproduce",
    first(here),
    "--dry-run",
    "--json",
    "--setup",
    "echo set up; touch made",
    "--setup",
    "ls",
  );
  expect(made.code, made.stderr).toBe(0);
  expect(made.stderr).toMatch(/^set up\n[^]*^made\n/m);
  expect(existsSync(here.path("made"))).toBe(false);
  expect(fault(await run(here, "reproduce", first(here), "--dry-run", "--setup", "exit 3")).error).toMatch(
    /failed with 3: exit 3/,
  );
});

test("a failure for another reason, with another exit code, is not the same", async () => {
  const here = copyOf(project);
  here.write(".gitignore", "dep.sh\n");
  here.write("dep.sh", "exit 1");
  inGit(here, "add", "-A");
  inGit(here, "commit", "-qm", "depends on what git does not have");
  await run(here, "run", "--output", "../dep.json", "--", "sh", "dep.sh");
  const ran = await run(here, "reproduce", "../dep.json", "--dry-run", "--json", "--repository", ".");
  expect(ran.json()).toMatchObject({ relation: "contradicts", differences: [{ id: "run", before: "1" }] });
});

test("from a hook or an alias of git's, which name the user's own repository, that is not touched", async () => {
  const here = copyOf(project);
  inGit(here, "remote", "add", "origin", "https://example.org/a");
  const state = (): string => inGit(here, "status", "--porcelain", "--branch") + inGit(here, "remote");
  const before = state();
  const env = {
    ...withOutside(here),
    GIT_DIR: here.path(".git"),
    GIT_INDEX_FILE: here.path(".git/index"),
    GIT_WORK_TREE: here.cwd,
  };
  const ran = await attest(["reproduce", first(here), "--dry-run", "--json"], { cwd: here.cwd, env });
  expect(ran.json(), ran.stderr).toMatchObject({ relation: "reproduces" });
  expect(state()).toBe(before);
});

describe("is refused", () => {
  test("for whoever does not trust the key, and allowed with it: it names a command to be run", async () => {
    const here = copyOf(project);
    const nobody = { ...stranger(here), env: { ...stranger(here).env, OUTSIDE: here.root } };
    const refused = await attest(["reproduce", first(here), "--dry-run"], nobody);
    expect(refused.code).toBe(3);
    expect(fault(refused)).toMatchObject({ hint: expect.stringMatching(/--key/) });
    const trusting = await attest(
      ["reproduce", first(here), "--dry-run", "--json", "--key", "keys/signer.pub"],
      nobody,
    );
    expect(trusting.code, trusting.stderr).toBe(0);
  });

  test("where a change was not committed", async () => {
    const here = copyOf(project);
    here.write("more.txt", "more");
    await run(here, "run", "--", "node", "tests.mjs");
    const dirty = published(here).find((path) => path !== first(here))!;
    const refused = await run(here, "reproduce", dirty, "--dry-run");
    expect(refused.code).toBe(4);
    expect(fault(refused).error).toMatch(/\bcommit\b.*\bweather\b/);
  });

  test("where the commit is not, unless the repository is named that has it", async () => {
    const here = copyOf(project);
    here.write("../elsewhere/x", "");
    execFileSync("mv", [here.path(".git"), here.path("../elsewhere/.git")]);
    expect(fault(await run(here, "reproduce", first(here), "--dry-run")).error).toMatch(/\bgit repository\b/);
    const named = await run(here, "reproduce", first(here), "--dry-run", "--json", "--repository", "../elsewhere");
    expect(named.code, named.stderr).toBe(0);
    rmSync(here.path("../elsewhere/.git"), { recursive: true });
    execFileSync("git", ["init", "-q", here.path("../elsewhere")]);
    expect(fault(await run(here, "reproduce", first(here), "--dry-run", "--repository", "../elsewhere")).error).toMatch(
      /\bcommit\b/,
    );
  });

  test("where files were tested, or a part of the command was left out", async () => {
    const here = copyOf(project);
    await run(here, "run", "--subject", "tests.mjs", "--output", "file.json", "--", "node", "tests.mjs");
    expect(fault(await run(here, "reproduce", "file.json", "--dry-run")).error).toMatch(/\btests\.mjs\b/);
    inGit(here, "add", "-A");
    inGit(here, "commit", "-qm", "second");
    const token = `ghp_${"a1B2".repeat(9)}`;
    await run(here, "run", "--output", "secret.json", "--", "node", "tests.mjs", token);
    expect(readFileSync(here.path("secret.json"), "utf8")).not.toContain(token);
    expect(fault(await run(here, "reproduce", "secret.json", "--dry-run")).error).toMatch(/\bcommand\b/);
  });
});

test("a built-in scenario is run as it was", async () => {
  const here = workspace();
  await here.attest("init", "--origin", "example.org/lab");
  await here.attest("run", "task-aware-background");
  const [path] = published(here);
  const ran = await here.attest("reproduce", path!, "--json");
  expect(ran.json()).toMatchObject({ relation: "reproduces", verdict: "INCONCLUSIVE", exit: 0 });
});
