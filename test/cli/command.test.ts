/** `attest run -- <command>`: a command of any kind, in a repository of its own, attested as a user would do it. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/core/json.js";
import type { Draft } from "../../src/core/statement/statement.js";
import { attest, copyOf, ended, fault, start, workspace, type Ran, type Workspace } from "./attest.js";
import { repository } from "./git.js";
import { processesWith } from "./processes.js";

/** Writes the files that its arguments name, from files that lie beside, prints, and exits as it is told. */
const RUNNER = `
import { readFileSync, utimesSync, writeFileSync } from "node:fs";
const { write = {}, old = [], print = "", say = "", exit = 0, kill } = JSON.parse(readFileSync("orders.json", "utf8"));
for (const [name, text] of Object.entries(write)) writeFileSync(name, text);
for (const name of old) utimesSync(name, new Date(2001, 1, 1), new Date(2001, 1, 1));
process.stdout.write(print);
process.stderr.write(say);
if (kill) process.kill(process.pid, kill);
else process.exitCode = exit;
`;

interface Orders {
  readonly write?: Readonly<Record<string, string>>;
  readonly old?: readonly string[];
  readonly print?: string;
  readonly say?: string;
  readonly exit?: number;
  readonly kill?: string;
}

let project: Workspace;

beforeAll(async () => {
  project = workspace();
  const git = repository(project);
  project.write("package.json", `{ "name": "sums", "scripts": { "test": "node runner.mjs" } }\n`);
  project.write("runner.mjs", RUNNER);
  project.write(".gitignore", "orders.json\n*.xml\n*.tap\nout/\n");
  git("add", "-A");
  git("commit", "-qm", "first");
  await project.attest("init", "--origin", "example.org/lab");
});

const COMMAND = ["--", process.execPath, "runner.mjs"];

/** A dry run of the runner with these orders: exit status and statement. */
async function dry(orders: Orders, ...options: readonly string[]): Promise<Ran & { readonly draft: Draft }> {
  const here = copyOf(project);
  writeFileSync(here.path("orders.json"), JSON.stringify(orders));
  const ran = await here.attest("run", "--dry-run", "--json", ...options, ...COMMAND);
  const { statement } = ran.json() as unknown as { statement: Draft };
  return { ...ran, draft: statement };
}
const outcomes = ({ predicate }: Draft): Record<string, string> =>
  Object.fromEntries(predicate.f3.checks.filter(({ required }) => required).map(({ id, outcome }) => [id, outcome]));
const errored = ({ predicate }: Draft): string[] =>
  predicate.f3.checks.filter(({ outcome }) => outcome === "errored").map(({ observed }) => observed);

const junit = (...cases: readonly string[]): string =>
  `<testsuite name="s" tests="${cases.length}" failures="${cases.filter((one) => one.includes("<failure")).length}">${cases.join("")}</testsuite>`;
const PASSED = `<testcase classname="s" name="adds"/>`;
const FAILED = `<testcase classname="s" name="subtracts"><failure message="1 is not 2"/></testcase>`;
const SKIPPED = `<testcase classname="s" name="divides"><skipped/></testcase>`;

describe("without a report only the exit code is known", () => {
  test.each<[Orders, number, string]>([
    [{}, 0, "VALIDATED"],
    [{ exit: 3 }, 3, "REFUTED"],
    [{ kill: "SIGSEGV" }, 139, "REFUTED"],
    [{ kill: "SIGKILL" }, 137, "INCONCLUSIVE"],
  ])("%j exits with %i and is %s", async (orders, code, verdict) => {
    const ran = await dry(orders);
    expect({ code: ran.code, verdict: ran.draft.predicate.f3.verdict }).toEqual({ code, verdict });
    expect(ran.draft.predicate.f3.notChecked[0]).toMatch(/^Which tests there are/);
    expect(ran.draft.predicate.f3.run.exitCode).toBe(code);
  });
});

describe("with a report", () => {
  test("that says the same as the exit code, cases become checks", async () => {
    const good = await dry({ write: { "junit.xml": junit(PASSED) } });
    expect(good.code).toBe(0);
    expect(outcomes(good.draft)).toEqual({
      "exit-code": "passed",
      "report/junit.xml": "passed",
      retries: "passed",
      tests: "passed",
      "test/s-adds": "passed",
    });
    const bad = await dry({ write: { "junit.xml": junit(PASSED, FAILED) }, exit: 1 }, "--report", "junit.xml");
    expect(bad.code).toBe(1);
    expect(bad.draft.predicate).toMatchObject({ result: "FAILED", failedTests: ["tests", "test/s-subtracts"] });
    expect(bad.json()).toMatchObject({
      verdict: "REFUTED",
      counts: { tests: 2, passed: 1, failed: 1, errored: 0, skipped: 0 },
    });
  });

  /** One fixture for each rule: no pass, and the reason stands in a required check that is errored. */
  test.each<[rule: string, orders: Orders, options: readonly string[], code: number, said: RegExp]>([
    [
      "the exit code is bad, the report is not",
      { write: { "junit.xml": junit(PASSED) }, exit: 4 },
      [],
      4,
      /exit code 4, but no test failed/,
    ],
    [
      "the counters are not those of the cases",
      { write: { "junit.xml": junit(PASSED).replace(`tests="1"`, `tests="2"`) } },
      [],
      1,
      /counts 2 tests, and lists 1/,
    ],
    ["there is no test", { write: { "junit.xml": junit() } }, [], 1, /lists no test/],
    ["the report was not written", {}, ["--report", "junit.xml"], 1, /the run did not write it/],
    [
      "the report is older than the run",
      { write: { "junit.xml": junit(PASSED) }, old: ["junit.xml"] },
      ["--report", "junit.xml"],
      1,
      /older than the run/,
    ],
    [
      "the report says that it began before the run",
      { write: { "junit.xml": junit(PASSED).replace("<testsuite ", `<testsuite timestamp="2020-01-01T00:00:00Z" `) } },
      [],
      1,
      /began before the run/,
    ],
    [
      "two reports disagree",
      { write: { "a.tap": "1..1\nok 1 - adds\n", "b.xml": junit(PASSED.replace("/>", "><skipped/></testcase>")) } },
      ["--report", "a.tap", "--report", "b.xml"],
      1,
      /adds": passed in a\.tap, skipped in b\.xml/,
    ],
    ["the report is cut off", { write: { "junit.xml": junit(PASSED).slice(0, -5) } }, [], 1, /./],
    [
      "the report has a document type",
      { write: { "junit.xml": `<!DOCTYPE a [<!ENTITY b "c">]>${junit(PASSED)}` } },
      [],
      1,
      /document type/i,
    ],
    ["what is printed breaks off", { print: "TAP version 13\n1..2\nok 1 - adds\n" }, [], 1, /./],
    ["what is printed is meant, and is no report", { print: "fine\n" }, ["--report", "-"], 1, /\breport\b/],
  ])("never a pass: %s", async (_, orders, options, code, said) => {
    const ran = await dry(orders, ...options);
    expect(ran.draft.predicate.f3.verdict).toBe("INCONCLUSIVE");
    expect(ran.code).toBe(code);
    expect(errored(ran.draft).join("\n")).toMatch(said);
  });

  test("that is a link out of the project, nothing of what it leads to is published", async () => {
    const here = copyOf(project);
    writeFileSync(join(here.root, "private"), "nobody's business");
    const ran = await here.attest("run", "--json", "--", "ln", "-s", "../private", "junit.xml");
    expect(ran.json()).toMatchObject({ verdict: "INCONCLUSIVE" });
    for (const name of readdirSync(here.path("attestations"), { recursive: true, encoding: "utf8" }).filter((one) =>
      /test_|\w{64}$/.test(one),
    ))
      expect(readFileSync(here.path("attestations", name), "utf8")).not.toContain("nobody's");
  });

  test.each([
    ["without a version", "1..2\nok 1 - a\nnot ok 2 - b\n"],
    ["after bytes that are no text", "\xff\nTAP version 13\n1..1\nnot ok 1 - b\n"],
    ["in colours", "\u001b[0mTAP version 13\n1..1\nnot ok 1 - b\n"],
  ])("that is printed %s, a failure is seen although the exit code is 0", async (_, print) => {
    const ran = await dry({ print });
    expect(ran.draft.predicate.f3.verdict).toBe("REFUTED");
    expect(ran.draft.predicate.failedTests).toContain("test/b");
  });

  test("that lists a failure, exit code 0 is no pass either", async () => {
    const ran = await dry({ write: { "junit.xml": junit(PASSED, FAILED) } });
    expect(ran.draft.predicate.f3.verdict).toBe("REFUTED");
    expect(errored(ran.draft)).toEqual(["exit code 0, but 1 test did not pass"]);
    expect(ran.code).toBe(1);
  });

  test("an old one that nobody named is not taken for the run's", async () => {
    const here = copyOf(project);
    here.write("junit.xml", junit(PASSED));
    writeFileSync(here.path("orders.json"), "{}");
    const { statement } = (await here.attest("run", "--dry-run", "--json", ...COMMAND)).json() as unknown as {
      statement: Draft;
    };
    expect(statement.predicate.f3.notChecked[0]).toMatch(/^Which tests there are/);
    const named = await here.attest("run", "--dry-run", "--json", "--report", "junit.xml", ...COMMAND);
    expect(errored((named.json() as unknown as { statement: Draft }).statement)).toEqual([
      expect.stringMatching(/older than the run/),
    ]);
  });

  test("a skipped test is a warning, or leaves it open for who wants none", async () => {
    const orders = { write: { "junit.xml": junit(PASSED, SKIPPED) } };
    const warned = await dry(orders);
    expect({ code: warned.code, ...warned.draft.predicate, f3: warned.draft.predicate.f3.verdict }).toMatchObject({
      code: 0,
      f3: "VALIDATED",
      result: "WARNED",
      warnedTests: ["test/s-divides"],
    });
    expect(warned.draft.predicate.f3.notChecked.join()).toMatch(/1 test that the runner skipped/);
    const strict = await dry(orders, "--no-skips");
    expect([strict.code, strict.draft.predicate.f3.verdict]).toEqual([1, "INCONCLUSIVE"]);
    const nothing = await dry({ write: { "junit.xml": junit(SKIPPED) } });
    expect([nothing.code, nothing.draft.predicate.f3.verdict]).toEqual([1, "INCONCLUSIVE"]);
  });

  test("a test that passed only when it was tried again leaves it open, unless that is allowed", async () => {
    const again = `<testcase name="x" classname="s"><flakyFailure message="first"/></testcase>`;
    const orders = { write: { "junit.xml": junit(PASSED, again) } };
    const open = await dry(orders);
    expect([open.code, open.draft.predicate.f3.verdict]).toEqual([1, "INCONCLUSIVE"]);
    const allowed = await dry(orders, "--allow-retries");
    const { result, f3, warnedTests } = allowed.draft.predicate;
    expect([allowed.code, f3.verdict, result, warnedTests]).toEqual([0, "VALIDATED", "WARNED", ["retries"]]);
  });

  test("thousands of tests fit: suites, every failure by name, the whole list in the evidence", async () => {
    const here = copyOf(project);
    const cases = Array.from(
      { length: 3000 },
      (_, at) =>
        `<testcase classname="suite${at % 5}" name="test number ${at}">${at % 1000 === 7 ? "<failure/>" : ""}</testcase>`,
    );
    writeFileSync(here.path("orders.json"), JSON.stringify({ write: { "junit.xml": junit(...cases) }, exit: 1 }));
    const ran = await here.attest("run", "--json", ...COMMAND);
    const { path, counts } = ran.json() as unknown as { path: string; counts: JsonObject };
    expect(counts).toEqual({ tests: 3000, passed: 2997, failed: 3, errored: 0, skipped: 0 });
    const checks = (JSON.parse(readFileSync(path, "utf8")) as { payload: Draft }).payload.predicate.f3.checks;
    expect(checks.filter(({ id }) => id.startsWith("suite/"))).toHaveLength(5);
    expect(checks.filter(({ id }) => id.startsWith("test/")).map(({ claim }) => claim)).toEqual(
      [7, 1007, 2007].map((at): unknown => expect.stringContaining(`test number ${at}`)),
    );
    const verified = await here.attest("verify", path, "--recompute", "--json");
    expect(verified.code, verified.stderr).toBe(0);
    expect(verified.stdout).toMatch(/7 of \d+ checks follow again from 3000 observations/);
  });
});

describe("what is tested", () => {
  test("the commit, and what is not committed with its digest; results that were published before are no change", async () => {
    const here = copyOf(project);
    writeFileSync(here.path("orders.json"), "{}");
    const subject = async (): Promise<Draft["subject"]> =>
      ((await here.attest("run", "--dry-run", "--json", ...COMMAND)).json() as unknown as { statement: Draft })
        .statement.subject;
    await here.attest("run", ...COMMAND);
    expect(await subject()).toEqual([
      { name: "sums", digest: { gitCommit: expect.stringMatching(/^[0-9a-f]{40}$/), gitTree: expect.any(String) } },
    ]);
    here.write("new.txt", "new");
    expect(await subject()).toEqual([
      expect.anything(),
      {
        name: "sums with changes that are not committed",
        digest: { dirHash: expect.any(String), gitTree: expect.any(String) },
        annotations: { files: expect.any(Number), changed: 1 },
      },
    ]);
  });

  test("files, when they are named", async () => {
    const ran = await dry({}, "--subject", "runner.mjs", "--subject", "package.json");
    expect(ran.draft.subject.map(({ name }) => name)).toEqual(["runner.mjs", "package.json"]);
  });

  test("a repository without a commit is an error before anything runs", async () => {
    const elsewhere = workspace();
    execFileSync("git", ["init", "-q"], { cwd: elsewhere.cwd });
    const ran = await elsewhere.attest("run", "--dry-run", "--", "touch", "ran");
    expect(fault(ran)).toMatchObject({
      error: expect.stringMatching(/\bgit\b/),
      hint: expect.stringMatching(/--subject/),
    });
    expect(ran.code).toBe(2);
    expect(existsSync(elsewhere.path("ran"))).toBe(false);
  });

  test.each([
    [
      "the command goes over to another commit",
      [],
      "git -c user.name=a -c user.email=a@example.org commit -q --allow-empty -m other",
      /another commit/,
    ],
    ["the command removes the repository", [], "rm -rf .git", /could not be looked at/],
    [
      "the command changes the file that it tests",
      ["--subject", "package.json"],
      "echo {} > package.json",
      /other bytes/,
    ],
  ] as const)("never a pass: %s; and its exit code is passed on", async (_, options, script, said) => {
    const here = copyOf(project);
    const ran = await here.attest("run", "--json", ...options, "--", "sh", "-c", `${script}; exit 3`);
    expect(ran.code, ran.stderr).toBe(3);
    const good = await copyOf(project).attest("run", "--dry-run", "--json", ...options, "--", "sh", "-c", script);
    const { statement } = good.json() as unknown as { statement: Draft };
    expect(statement.predicate.f3.verdict).toBe("INCONCLUSIVE");
    expect(errored(statement).join()).toMatch(said);
  });

  test("files that git knows and that the run changes are a warning", async () => {
    const ran = await dry({ write: { "package.json": "{}" } });
    expect(ran.draft.predicate).toMatchObject({ result: "WARNED", warnedTests: ["subject-kept"] });
  });

  test("the files that say how it is built, the program, and how it was asked to run", async () => {
    const ran = await dry({}, "--timeout", "60");
    expect(ran.draft.predicate.configuration).toEqual([
      { name: "attest run", annotations: { folder: ".", timeout: 60 } },
      { name: "package.json", digest: { sha256: expect.any(String) } },
      { name: "program node", digest: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } },
      { name: "script runner.mjs", digest: { sha256: expect.any(String) }, annotations: { through: "node" } },
    ]);
  });
});

describe("what the command is given, and what becomes of it", () => {
  const shell = (
    here: Workspace,
    script: string,
    env: Readonly<Record<string, string>> = {},
    ...options: readonly string[]
  ): Promise<Ran> =>
    attest(["run", ...options, "--", "sh", "-c", script], { cwd: here.cwd, env: { ...here.env, ...env } });

  test("its output is passed through as it comes, on the same streams, and its code passed on", async () => {
    const ran = await shell(copyOf(project), "echo out; echo err >&2; exit 3");
    expect(ran.stdout).toBe("out\n");
    expect(ran.stderr).toMatch(/^announcing (plan_[0-9a-f]{16})\nannounced \1: [^\n]+\nerr\nREFUTED /);
    expect(ran.code).toBe(3);
  });

  test("with --json stdout is one object, and what the command prints goes to stderr", async () => {
    const ran = await shell(copyOf(project), "echo out", {}, "--json");
    expect(ran.json()).toMatchObject({ verdict: "VALIDATED", exit: 0 });
    expect(ran.stderr).toMatch(/^announcing (plan_[0-9a-f]{16})\nannounced \1: [^\n]+\nout\n$/);
  });

  test("nothing that opens our keys is in its environment; the rest is", async () => {
    const ran = await shell(copyOf(project), "env", {
      F3_ATTEST_PASSPHRASE: "correct horse",
      SSH_AUTH_SOCK: "/nowhere",
      OTHER: "yes",
    });
    expect(ran.stdout).toMatch(/^OTHER=yes$/m);
    expect(ran.stdout).not.toMatch(/F3_ATTEST|SSH_AUTH_SOCK/);
  });

  test("no place on the machine is published, nor its name", async () => {
    const here = copyOf(project);
    const ran = await shell(here, `echo "at $PWD/x and $HOME/y"; uname -n`);
    expect(ran.stdout).toContain(`at ${here.cwd}/x`);
    const published = readdirSync(here.path("attestations"), { recursive: true, encoding: "utf8" })
      .filter((name) => /test_.*json$|sha256.*\w{64}$/.test(name))
      .map((name) => readFileSync(here.path("attestations", name), "utf8"))
      .join("\n");
    expect(published).toContain("at ./x and ");
    expect(published).not.toContain(here.root);
  });

  test("no place either that a report spells with entities", async () => {
    const here = copyOf(project);
    const spelled = here.cwd.replaceAll("/", "&#x2F;");
    here.write(
      "src.xml",
      `<testsuite tests="1" failures="1"><testcase name="in ${spelled}/x"><failure message="at ${spelled}/y"/></testcase></testsuite>`,
    );
    const ran = await shell(here, "cp src.xml junit.xml; exit 1", {}, "--dry-run", "--json");
    expect(ran.stdout).toContain("in ./x");
    expect(ran.stdout).not.toContain(here.cwd);
  });

  test("a report by its absolute path is named as it lies in the project", async () => {
    const here = copyOf(project);
    const script = `printf '<testsuite tests="1"><testcase name="a"/></testsuite>' > "$PWD/out.xml"`;
    const ran = await shell(here, script, {}, "--dry-run", "--json", "--report", here.path("out.xml"));
    expect(ran.json()).toMatchObject({ verdict: "VALIDATED" });
    expect(ran.stdout).toContain('"report/out.xml"');
    expect(ran.stdout).not.toContain(here.root);
  });

  test("variables that are named are recorded; those that sound like secrets are not to be had", async () => {
    const here = copyOf(project);
    const ran = await shell(here, ":", { FLAVOUR: "vanilla" }, "--dry-run", "--json", "--env", "FLAVOUR");
    const { statement } = ran.json() as unknown as { statement: Draft };
    expect(statement.predicate.f3.run.environment).toMatchObject({ $FLAVOUR: "vanilla" });
    expect(fault(await shell(here, ":", {}, "--env", "API_TOKEN")).error).toMatch(/\bAPI_TOKEN$/);
  });

  test.runIf(process.platform === "linux")(
    "at the time limit all of it ends; it is attested, and no pass",
    async () => {
      const here = copyOf(project);
      const ran = await shell(here, "sleep 100 & sleep 100", { MARK: here.root }, "--json", "--timeout", "0.5");
      expect(ran.json()).toMatchObject({ verdict: "INCONCLUSIVE", exit: 143 });
      expect(processesWith(`MARK=${here.root}`)).toEqual([]);
      expect(readdirSync(here.path("attestations")).filter((name) => /^test_.*json$/.test(name))).toHaveLength(1);
    },
  );

  test.runIf(process.platform === "linux")("interrupted, all of it ends; it is attested, and no pass", async () => {
    const here = copyOf(project);
    const child = start(["run", "--json", "--", "sh", "-c", "echo ready; sleep 100 & sleep 100"], {
      cwd: here.cwd,
      env: { ...here.env, MARK: here.root },
    });
    child.stderr?.once("data", () => child.kill("SIGINT"));
    const ran = await ended(child);
    expect(ran.json()).toMatchObject({ verdict: "INCONCLUSIVE" });
    expect(ran.code).not.toBe(0);
    expect(processesWith(`MARK=${here.root}`)).toEqual([]);
  });

  test("a reader that goes away ends nothing", async () => {
    const here = copyOf(project);
    const child = start(["run", "--", "sh", "-c", "yes | head -n 200000; echo done > finished"], {
      cwd: here.cwd,
      env: here.env,
    });
    child.stdout?.once("data", () => child.stdout?.destroy());
    const ran = await ended(child);
    expect(ran.code, ran.stderr).toBe(0);
    expect(existsSync(here.path("finished"))).toBe(true);
  });

  test("secrets that it prints are not published, in whatever spelling", async () => {
    const here = copyOf(project);
    const secret = `hunter2/${Math.random().toString(36).slice(2)}?&=`;
    const script = `for f in raw base64 hex url; do node spell.mjs $f; done; exit 0`;
    here.write(
      "spell.mjs",
      `
const value = process.env.LAUNCH_CODE;
const spelled = { raw: value, base64: Buffer.from("x" + value + "y").toString("base64"), hex: Buffer.from(value).toString("hex"), url: encodeURIComponent(value) }[process.argv[2]];
for (const character of spelled + "\\n") { process.stdout.write(character); await new Promise((resolve) => setTimeout(resolve, 1)); }
`,
    );
    const ran = await shell(here, script, { LAUNCH_CODE: secret });
    expect(ran.code, ran.stderr).toBe(0);
    const spelled = [
      secret,
      Buffer.from(secret).toString("hex"),
      encodeURIComponent(secret),
      ...[0, 1, 2].map((at) =>
        Buffer.from(" ".repeat(at) + secret)
          .toString("base64")
          .slice(4, -4),
      ),
    ];
    for (const name of readdirSync(here.path("attestations"), { recursive: true, encoding: "utf8" }).filter((one) =>
      /test_|\w{64}$/.test(one),
    )) {
      const bytes = readFileSync(join(here.path("attestations"), name), "utf8");
      for (const text of spelled) expect(bytes.includes(text), `${name} ${text}`).toBe(false);
    }
  });

  test("what looks like a secret on another way is refused with its place, unless it is allowed", async () => {
    const here = copyOf(project);
    const token = `ghp_${"a1B2".repeat(9)}`;
    // What would be announced is looked at before anything runs.
    const early = fault(await shell(here, "echo ran >ran", {}, "--title", `uses ${token}`));
    expect(early.error).toMatch(/predicate\.title/);
    expect(early.error + String(early.hint)).not.toContain(token);
    expect(existsSync(here.path("ran"))).toBe(false);
    const refused = await shell(here, ":", {}, "--title", `uses ${token}`, "--output", "out.json");
    const { error, hint } = fault(refused);
    expect(error).toMatch(/predicate\.f3\.title/);
    expect(error + String(hint)).not.toContain(token);
    expect(refused.code).toBe(2);
    const rule = /--allow-secret ([\w-]+)/.exec(String(hint))?.[1] ?? "";
    // Nothing of the run is lost: what it gave is signed when that is allowed.
    const kept = /the result is kept: attest sign (\S+) --output out\.json/.exec(String(hint))?.[1] ?? "";
    expect((await here.attest("sign", kept)).code).toBe(2);
    const signed = await here.attest("sign", kept, "--registry", ".", "--allow-secret", rule, "--json");
    expect(signed.json(), signed.stderr).toMatchObject({ verdict: "VALIDATED" });
    expect((await shell(here, ":", {}, "--title", `uses ${token}`, "--allow-secret", rule)).code).toBe(0);
  });
});

describe("a mistake", () => {
  test.each<[string, readonly string[], RegExp, RegExp]>([
    ["a command without dashes", ["npm", "test"], /\bnpm test$/, /attest run -- npm test/],
    ["nothing", [], /\bneither$/, /attest run -- npm test/],
    ["no command after the dashes", ["--"], /\bneither$/, /attest run -- npm test/],
    ["an unknown test", ["jest"], /"jest"$/, /attest run -- jest/],
    [
      "options of a command for a test",
      ["task-aware-background", "--report", "x"],
      /--report without a command/,
      /--report … --/,
    ],
    ["options of a test for a command", ["--quick", "--", "true"], /--quick, which is a scenario's/, /leave it out/],
    ["a word before the dashes", ["jest", "--", "true"], /\bjest before it$/, /attest run -- true/],
    ["no time", ["--timeout", "soon", "--", "true"], /\bsoon\b/, /./],
    ["a program that there is not", ["--", "no-such-program"], /no-such-program/, /sh -c/],
    ["a file that there is not", ["--subject", "none.bin", "--", "true"], /none\.bin/, /./],
  ])("%s", async (_, words, error, hint) => {
    const ran = await copyOf(project).attest("run", ...words);
    const said = fault(ran);
    expect(said.error).toMatch(error);
    expect(said.hint ?? "").toMatch(words.includes("none.bin") ? /^$/ : hint);
    expect(ran.code).toBe(2);
  });
});

test("a place that cannot take the result is known before the command runs", async () => {
  const here = copyOf(project);
  mkdirSync(here.path("out"));
  writeFileSync(here.path("out/x.json"), "{}");
  expect(fault(await here.attest("run", "--output", "out/x.json", "--", "touch", "ran")).error).toMatch(/out\/x\.json/);
  expect(existsSync(here.path("ran"))).toBe(false);
});

test("unsigned, it is signed elsewhere", async () => {
  const here = copyOf(project);
  writeFileSync(here.path("orders.json"), JSON.stringify({ write: { "junit.xml": junit(PASSED) } }));
  expect((await here.attest("run", "--unsigned", "--output", "out/s.json", ...COMMAND)).code).toBe(0);
  const signed = await here.attest("sign", "out/s.json", "--json");
  expect(signed.json()).toMatchObject({ verdict: "VALIDATED" });
  expect((await here.attest("verify", ".", "--recompute")).code).toBe(0);
});
