/**
 * A scenario of one's own, from its file to the statement: in processes of its own, whatever its code does. From `dist`, as on a user's
 * machine; and at last through the command line.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { nodeEngine } from "../../dist/node/engine.js";
import { runScenario, type Run, type ScenarioRunOptions } from "../../dist/harness/scenario/run.js";
import { isScenarioFile, loadScenario } from "../../dist/pipeline/run/scenario-file.js";
import { attest, ended, fault, start, stranger, temporary, workspace, type Workspace } from "../cli/attest.js";
import { sha256 } from "../cli/drafts.js";
import { processesWith } from "../cli/processes.js";
import { bytesOf, checks, evidence, observations, options, outcomes, timeline } from "./running.js";
import { naming } from "../core/refusal.js";

const place = temporary();
const typescript = Boolean((process.features as { readonly typescript?: unknown }).typescript);

const HEAD = `title: "Made up", hypothesis: "It holds.", notChecked: ["the sea"], checks: [
  { id: "a", claim: "A holds.", expected: "that it does" },
  { id: "b", claim: "B holds.", expected: "that it does", required: false },
  { id: "c", claim: "None is wrong.", required: false, criterion: {
    measures: [{ name: "wrong", of: "count", where: { wrong: true } }], holds: [{ measure: "wrong", is: "=", value: 0 }], needs: [] } },
]`;

let files = 0;
/** A file of its own: what it declares, and what it does. */
const file = (text: string, extension = "mjs"): string => {
  files += 1;
  const path = join(place, `made-${files}.${extension}`);
  writeFileSync(path, text);
  return path;
};
const acting = (act: string, before = ""): string =>
  file(`${before}\nexport default { ${HEAD}, async run(probe) {\n${act}\n} };`);

const SUBJECT = [{ name: "a thing", digest: { sha256: "ab".repeat(32) } }];
const play = async (path: string, changes: Partial<ScenarioRunOptions> = {}): Promise<Run> =>
  await runScenario(await loadScenario(path), { ...options(), engine: nodeEngine, subject: SUBJECT, ...changes });
const run = (act: string, changes: Partial<ScenarioRunOptions> = {}): Promise<Run> => play(acting(act), changes);
const said = (made: Run): string | undefined => checks(made).find(({ id }) => id === "run-completed")?.observed;

test.each([
  ["./x.js", true],
  ["x.js", true],
  ["../x.mjs", true],
  ["/abs/x.ts", true],
  ["x.cts", true],
  ["task-aware-background", false],
  ["x.json", false],
  ["js", false],
])("%s is a file: %s", (word, is) => {
  expect(isScenarioFile(word)).toBe(is);
});

describe("what is reported", () => {
  test("becomes checks, measurements, evidence and what was not checked", async () => {
    const output: string[] = [];
    const path = acting(`
      console.log("printed");
      probe.measure("a", "before", 1, "ms");
      probe.check("a", true, "it did");
      probe.measure("a", "after", 2.5);
      probe.check("b", "failed", "it did not");
      probe.observe({ wrong: false, n: 1, word: "x" });
      probe.note("looked", { at: probe.home + "/x", n: null });
      probe.progress("half", 0.5);
      probe.progress("no share");
      probe.attach("a.txt", "text");
      probe.attach("b.bin", new Uint8Array([1, 2]), { role: "dump", mediaType: "application/x-b" });
      probe.attach("c.json", { file: ${JSON.stringify(join(place, "c.json"))} }, { mediaType: "application/json" });
    `);
    writeFileSync(join(place, "c.json"), "{}");
    const steps: [string, number][] = [];
    const made = await play(path, {
      progress: (text, share) => void steps.push([text, share]),
      output: (stream, chunk) => void output.push(`${stream}: ${new TextDecoder().decode(chunk)}`),
    });
    expect(checks(made)).toMatchObject([
      {
        id: "a",
        required: true,
        expected: "that it does",
        outcome: "passed",
        observed: "it did",
        measurements: [
          { name: "before", value: 1, unit: "ms" },
          { name: "after", value: 2.5 },
        ],
      },
      { id: "b", required: false, outcome: "failed", observed: "it did not" },
      { id: "c", expected: "wrong = 0", outcome: "passed", observed: "wrong: 0" },
    ]);
    expect(made.draft.predicate.f3).toMatchObject({
      title: "Made up",
      hypothesis: "It holds.",
      verdict: "VALIDATED",
      notChecked: ["the sea"],
      sections: [],
    });
    expect(observations(made)).toEqual([{ wrong: false, n: 1, word: "x" }]);
    expect(timeline(made)).toContainEqual({ event: "looked", at: "~/x", n: null, ms: expect.any(Number) });
    expect(
      evidence(made).map(({ name, role, mediaType, sourceDateKind }) => [name, role, mediaType, sourceDateKind]),
    ).toEqual([
      ["a.txt", "artifact", "text/plain", "observed"],
      ["b.bin", "dump", "application/x-b", "observed"],
      ["c.json", "artifact", "application/json", "file-mtime"],
      ["environment.json", "environment", "application/json", "observed"],
      ["observations.ndjson", "observations", "application/x-ndjson", "observed"],
      ["timeline.ndjson", "timeline", "application/x-ndjson", "observed"],
    ]);
    expect(bytesOf(made, "c.json")).toBe("{}");
    expect(steps).toEqual([
      ["half", 0.5],
      ["no share", 0],
    ]);
    // Shown, and only once though the file is read twice; not kept.
    expect(output.join("")).toBe("stdout: printed\n");
  });

  test("names the file by its digest, and what is tested as the run says, or as the file itself does", async () => {
    const path = acting(`probe.check("a", true, "it did");`);
    const made = await play(path);
    expect(made.draft.subject).toEqual(SUBJECT);
    expect(made.draft.predicate.configuration[0]).toEqual({
      name: expect.stringMatching(/^scenario made-\d+\.mjs$/),
      digest: { sha256: sha256(readFileSync(path)) },
    });
    const itself = file(
      `export default { ${HEAD}, subject: [${JSON.stringify(path)}, ${JSON.stringify(SUBJECT[0])}], run() {} };`,
    );
    const scenario = await loadScenario(itself);
    expect(scenario.subject).toEqual([
      { name: expect.stringMatching(/^made-\d+\.mjs$/), digest: { sha256: sha256(readFileSync(path)) } },
      ...SUBJECT,
    ]);
  });

  test("must say what is tested", async () => {
    await expect(run("", { subject: undefined })).rejects.toMatchObject({ code: "subject-missing" });
    const path = file(`export default { ${HEAD}, subject: ["nowhere"], run() {} };`);
    await expect(loadScenario(path)).rejects.toMatchObject({ code: "subject-missing" });
  });

  test("a check that is skipped, and one that is never reported", async () => {
    const made = await run(`probe.skip("a", "no time"); probe.skip("c", "no time either");`);
    expect(outcomes(made)).toEqual({ a: "skipped", b: "errored", c: "skipped" });
    expect(checks(made)[0]).toMatchObject({ observed: "no time" });
    expect(checks(made)[1]).toMatchObject({ observed: "the run ended without reporting it" });
    expect(made.draft.predicate.f3.verdict).toBe("INCONCLUSIVE");
  });
});

// Side by side, since most of it is waiting for processes that do not let go.
describe.concurrent("a run that does what it must not breaks off, and is no success", () => {
  const DONE = `probe.check("a", true, "it did"); probe.check("b", true, "it did");`;
  const WAIT = "await new Promise((resolve) => setTimeout(resolve, 20_000));";

  test.each<[string, string, string | RegExp]>([
    ["throws", `throw new Error("out of luck")`, /^it broke off: out of luck \(made-\d+\.mjs:\d+\)$/],
    ["throws a word", `throw "out of luck"`, "it broke off: out of luck"],
    ["names the folder of the project", `throw new Error(process.cwd() + "/x")`, /^it broke off: \.\/x \(/],
    [
      "leaves a rejection",
      `Promise.reject(new Error("forgotten")); ${WAIT}`,
      /^it broke off: forgotten \(made-\d+\.mjs:\d+\)$/,
    ],
    ["throws later", `setTimeout(() => { throw new Error("late"); }, 1); ${WAIT}`, /^it broke off: late \(/],
    ["exits with 0", "process.exit(0)", "it broke off: its process exited with 0 before it had come to its end"],
    ["exits with 3", "process.exit(3)", "it broke off: its process exited with 3 before it had come to its end"],
    ["kills itself", `process.kill(process.pid, "SIGKILL"); ${WAIT}`, "its process was ended by SIGKILL before"],
    ["waits for nothing", "await new Promise(() => undefined)", "it broke off: it had nothing left to wait for"],
    ["reports what was not declared", `probe.check("typo", true, "x")`, /\ba, b, c\b.*'typo'.*\(made-/],
    ["measures what was not declared", `probe.measure("typo", "x", 1)`, naming("a, b, c", "'typo'")],
    ["skips what was not declared", `probe.skip("typo", "x")`, naming("a, b, c", "'typo'")],
    ["reports twice", `probe.check("a", true, "again"); ${WAIT}`, naming("the check a", "reported")],
    ["skips what was reported", `probe.skip("a", "again"); ${WAIT}`, naming("the check a", "reported")],
    ["reports what is computed", `probe.check("c", true, "it did"); ${WAIT}`, naming("outcome", "c", "computed")],
    ["measures what is computed", `probe.measure("c", "x", 1); ${WAIT}`, naming("numbers", "c", "computed")],
    [
      "measures twice",
      `probe.measure("a", "x", 1); probe.measure("a", "x", 1); ${WAIT}`,
      naming("a", "x", "measurement"),
    ],
    ["measures no number", `probe.measure("a", "x", NaN)`, naming("x", "a", "NaN")],
    ["has another word", `probe.check("a", "pass", "x")`, naming("a", "'pass'")],
    ["says nothing of what it saw", `probe.check("a", true)`, naming("observed", "a")],
    ["observes a list", `probe.observe({ x: [] })`, naming("x", "[]")],
    ["attaches observations", `probe.attach("x", "x", { role: "observations" })`, naming("probe.observe")],
    ["attaches a number", `probe.attach("x", 1)`, naming("{ file }", 1)],
    ["attaches what is not there", `probe.attach("x", { file: "nowhere" })`, "ENOENT"],
    ["starts a line of a shell", `await probe.spawn("ls -l")`, naming("'ls -l'")],
    ["starts what is not there", `await probe.spawn(["no-such-program"])`, naming("no-such-program", "ENOENT")],
    ["does not wait to see that", `probe.spawn(["no-such-program"]); ${WAIT}`, naming("no-such-program", "ENOENT")],
  ])("%s", async (_, act, what) => {
    const made = await run(`${DONE}\n${act}`);
    expect(said(made)).toEqual(typeof what === "string" ? expect.stringContaining(what) : expect.stringMatching(what));
    expect(outcomes(made)).toMatchObject({ "run-completed": "errored" });
    expect(made.draft.predicate.f3.verdict).toBe("INCONCLUSIVE");
  });

  test("what was reported before it broke off stands, a failure too", async () => {
    const made = await run(`probe.check("a", false, "it did not"); process.exit(0);`);
    expect(outcomes(made)).toEqual({ a: "failed", b: "errored", c: "errored", "run-completed": "errored" });
    expect(made.draft.predicate.f3.verdict).toBe("REFUTED");
  });

  test("out of time: told so, and what it says then still counts", async () => {
    const act = `probe.check("b", true, "it did");
      await new Promise((resolve) => probe.signal.addEventListener("abort", resolve));
      probe.check("a", true, "it did");`;
    const controller = new AbortController();
    const waiting = `setInterval(() => undefined, 1000); console.log("here"); await new`;
    const made = await run(act.replace("await new", waiting), {
      signal: controller.signal,
      output: () => controller.abort(new DOMException("out of time", "TimeoutError")), // as AbortSignal.timeout does
    });
    expect(outcomes(made)).toMatchObject({ a: "passed", b: "passed", "run-completed": "errored" });
    expect(said(made)).toBe("it broke off: it was not done in the time that it was given");
  });

  test("interrupted: nothing comes of it", async () => {
    const controller = new AbortController();
    const made = run(`console.log("here"); setInterval(() => undefined, 1000); await new Promise(() => undefined);`, {
      signal: controller.signal,
      output: () => controller.abort(),
    });
    await expect(made).rejects.toMatchObject({ code: "interrupted" });
  }, 20_000);
});

describe("a program that it spawns", () => {
  test("is seen as it ended; what it printed is returned, and kept without secrets and folders", async () => {
    const secret = ["very", "secret", "value"].join("-");
    vi.stubEnv("MADE_UP_TOKEN", secret);
    vi.stubEnv("F3_ATTEST_PASSPHRASE", "correct horse");
    vi.stubEnv("SSH_AUTH_SOCK", "/nowhere/agent");
    const script = `echo $MADE_UP_TOKEN $PWD $X; echo "$F3_ATTEST_PASSPHRASE$SSH_AUTH_SOCK" >&2; exit 3`;
    const made = await run(`
      const done = await probe.spawn(["sh", "-c", ${JSON.stringify(script)}], { env: { X: "y" } });
      probe.check("a", done.exitCode === 3 && done.signal === null && !done.timedOut && done.wallMs >= 0 &&
        done.stdout === process.env.MADE_UP_TOKEN + " " + process.cwd() + " y\\n" && done.stderr === "\\n", "as it printed");
      await probe.spawn(["sh", "-c", "echo again"]);
      await probe.spawn(["sh", "-c", "pwd"], { cwd: probe.home, name: "where" });
      const quiet = await probe.spawn(["echo", "quiet"], { evidence: false });
      probe.check("b", quiet.stdout === "quiet\\n", "quiet");
    `);
    vi.unstubAllEnvs();
    expect(outcomes(made)).toEqual({ a: "passed", b: "passed", c: "passed" });
    const kept = evidence(made).filter(({ role }) => role === "stdout" || role === "stderr");
    expect(kept.map(({ name }) => name)).toEqual([
      "sh.stdout.txt",
      "sh.stderr.txt",
      "sh-2.stdout.txt",
      "where.stdout.txt",
    ]);
    expect(bytesOf(made, "sh.stdout.txt")).toBe("[redacted] . y\n");
    expect(kept[0]?.annotations).toMatchObject({
      redactions: { count: 2, rules: ["project folder", "value of MADE_UP_TOKEN"] },
    });
    expect(bytesOf(made, "sh-2.stdout.txt")).toBe("again\n");
    expect(timeline(made)).toContainEqual(
      expect.objectContaining({ event: "process", name: "sh", exitCode: 3, timedOut: false }),
    );
    const all =
      JSON.stringify(made.draft) + [...made.evidence.values()].map((bytes) => new TextDecoder().decode(bytes)).join("");
    expect(all).not.toContain(secret);
  });

  test("is ended after its time, by its signal, and with the run, with all that it started", async (context) => {
    const mark = `MADE_UP_MARK=${process.pid}-${Date.now()}`;
    const env = `env: { MADE_UP_MARK: ${JSON.stringify(mark.split("=")[1])} }`;
    const made = await run(`
      const late = await probe.spawn(["sleep", "100"], { timeoutMs: 100, ${env} });
      probe.check("a", late.timedOut && late.signal === "SIGTERM", "in time");
      const stop = new AbortController();
      const server = probe.spawn(["sh", "-c", "echo up; sleep 100 & sleep 100"], { signal: stop.signal, name: "server", ${env} });
      await new Promise((resolve) => setTimeout(resolve, 300));
      stop.abort();
      const { stdout, timedOut } = await server;
      probe.check("b", stdout === "up\\n" && !timedOut, "stopped");
      probe.spawn(["sh", "-c", "trap '' TERM HUP; echo left; setsid sleep 100 & sleep 0.2; exit"], { name: "left", ${env} });
      await new Promise((resolve) => setTimeout(resolve, 500));
    `);
    expect(outcomes(made)).toEqual({ a: "passed", b: "passed", c: "passed" });
    expect(bytesOf(made, "left.stdout.txt")).toBe("left\n");
    if (process.platform !== "linux") context.skip("NOT CHECKED: processes can be found in /proc only");
    expect(processesWith(mark)).toEqual([]);
  });

  test("so are those that it starts by itself, behind our back", async (context) => {
    if (process.platform !== "linux") context.skip("NOT CHECKED: processes can be found in /proc only");
    const mark = `MADE_UP_MARK=${process.pid}-${Date.now()}-own`;
    const made = await play(
      acting(
        `spawn("sleep", ["100"], { detached: true, stdio: "ignore", env: { ...process.env, MADE_UP_MARK: ${JSON.stringify(mark.split("=")[1])} } });
         createServer().listen(0);
         probe.check("a", true, "it did");
         probe.check("b", true, "it did");`,
        `import { spawn } from "node:child_process"; import { createServer } from "node:net";`,
      ),
    );
    expect(made.draft.predicate.f3.verdict).toBe("VALIDATED");
    expect(processesWith(mark)).toEqual([]);
  });

  test("that prints much is kept by its head and its tail, with the digest of the whole", async () => {
    const made = await run(`
      const { stdout } = await probe.spawn(["sh", "-c", "yes | head -c 20000000"], { name: "yes" });
      probe.check("a", stdout.length < 9_000_000 && stdout.startsWith("y\\ny") && stdout.endsWith("y\\n"), "cut");
    `);
    expect(outcomes(made)).toMatchObject({ a: "passed" });
    const [kept] = evidence(made).filter(({ name }) => name === "yes.stdout.txt");
    expect(kept?.size).toBeLessThan(9_000_000);
    expect(kept?.annotations).toEqual({ truncated: { size: 20_000_000, sha256: sha256("y\n".repeat(10_000_000)) } });
  });
});

describe("a file that is no scenario", () => {
  const WHOLE = expect.stringContaining("export default defineScenario({ title,") as string;

  test.each<[string, string, string, string, string]>([
    [
      "a syntax error",
      "mjs",
      "export default {",
      "found a syntax error: Unexpected end of input",
      "node F shows the place",
    ],
    [
      "no default export",
      "mjs",
      "export const x = 1;",
      "F: expected a scenario as its default export, found none",
      WHOLE,
    ],
    [
      "a function",
      "mjs",
      "export default () => 1;",
      "F: expected a scenario: title, hypothesis, checks, run, found a function",
      WHOLE,
    ],
    [
      "no checks",
      "mjs",
      "export default { title: 'T', hypothesis: 'H.', run() {} };",
      "F: expected a list of checks as checks, found nothing",
      WHOLE,
    ],
    [
      "a refused definition",
      "mjs",
      "import { defineScenario } from '@f3/attest'; export default defineScenario({});",
      "F: expected a text as title, found nothing",
      WHOLE,
    ],
    [
      "a throw",
      "mjs",
      "\nthrow new Error('out of luck');",
      "expected a scenario in line 2 of F, found that it cannot be loaded: out of luck",
      WHOLE,
    ],
    [
      "an import that is not there",
      "mjs",
      "import 'no-such-package';",
      "found that it cannot be loaded: Cannot find package 'no-such-package'",
      WHOLE,
    ],
    [
      "one that ends at once",
      "mjs",
      "process.exit(0);",
      "found that it cannot be loaded: its process exited with 0",
      WHOLE,
    ],
    [
      "one that never loads",
      "mjs",
      "await new Promise(() => undefined);",
      "found that it cannot be loaded: it had nothing left to wait for",
      WHOLE,
    ],
    [
      "CommonJS with imports",
      "cjs",
      "import 'node:fs';",
      "found a syntax error: Cannot use import statement outside a module",
      "node F shows the place",
    ],
  ])("%s", async (_, extension, text, message, hint) => {
    const path = file(text, extension);
    const name = path.slice(place.length + 1);
    await expect(loadScenario(path)).rejects.toMatchObject({
      code: "scenario-format",
      message: expect.stringContaining(message.replaceAll("F:", `${name}:`).replace(" F,", ` ${name},`)),
      hint: typeof hint === "string" ? hint.replace("F", name) : hint,
    });
  });

  test("none at all", async () => {
    const refused = { code: "scenario-format", message: `no such file: ${place}/none.js` };
    await expect(loadScenario(join(place, "none.js"))).rejects.toMatchObject(refused);
  });

  test("a folder", async () => {
    await expect(loadScenario(place)).rejects.toMatchObject({ code: "io" });
  });

  test.runIf(typescript)("TypeScript that must be compiled, and TypeScript that is none", async () => {
    await expect(loadScenario(file("enum A { B }\nexport default {};", "ts"))).rejects.toMatchObject({
      code: "scenario-format",
      message: expect.stringContaining("found TypeScript that is more than types: TypeScript enum is not supported"),
    });
    await expect(loadScenario(file("const a: = 1;\nexport default {};", "ts"))).rejects.toMatchObject({
      code: "scenario-format",
      message: expect.stringContaining("found a syntax error: "),
    });
  });

  test.runIf(!typescript)("TypeScript, where Node does not read it", async () => {
    await expect(loadScenario(file("const a: number = 1; export default {};", "ts"))).rejects.toMatchObject({
      code: "scenario-format",
      message: expect.stringContaining(`found TypeScript, which Node ${process.versions.node} does not read`),
      hint: "use Node 22.18 or later, or write it as .js: editors know the types there too",
    });
  });
});

describe("a file of another kind", () => {
  const OURS = `import { defineScenario } from "@f3/attest";\nexport default defineScenario({ ${HEAD}, run(probe) { probe.check("a", true, "it did"); } });`;

  test.each([
    ["without the package being installed", OURS, "mjs"],
    ["as .js without a package.json", OURS, "js"],
    [
      "as CommonJS, a plain object",
      `module.exports = { ${HEAD}, run(probe) { probe.check("a", true, "it did"); } };`,
      "cjs",
    ],
    ...(typescript ? [["as TypeScript", OURS.replace("run(probe)", "run(probe): void"), "ts"]] : []),
  ])("%s", async (_, text, extension) => {
    const output: string[] = [];
    const made = await play(file(text, extension), {
      output: (_stream, chunk) => void output.push(new TextDecoder().decode(chunk)),
    });
    expect(outcomes(made)).toMatchObject({ a: "passed" });
    if (extension !== "ts") expect(output).toEqual([]);
  });
});

describe("from the command line", () => {
  let work: Workspace;
  const git = (...args: string[]): void =>
    void execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.org", ...args], { cwd: work.cwd });

  beforeAll(async () => {
    work = workspace();
    work.write(
      "own.js",
      `export default { ${HEAD}, run(probe) { console.log("printed"); probe.observe({ wrong: false }); probe.check("a", true, "it did"); probe.check("b", true, "so"); } };`,
    );
    work.write(
      "exits.js",
      `export default { ${HEAD}, run(probe) { probe.check("a", true, "it did"); process.exit(0); } };`,
    );
    work.write("busy.js", `export default { ${HEAD}, run(probe) { console.log("busy"); for (;;); } };`);
    git("init", "-q");
    git("add", ".");
    git("commit", "-q", "-m", "begin");
    expect((await work.attest("init", "lab", "--origin", "example.org/lab")).code).toBe(0);
  });

  const published = (
    path: string,
  ): { subject: { name: string; digest: Record<string, string> }[]; predicate: { f3: { verdict: string } } } =>
    (JSON.parse(readFileSync(work.path(path), "utf8")) as { payload: ReturnType<typeof published> }).payload;

  test("it is signed and published, and a stranger verifies it", async () => {
    const ran = await work.attest("run", "./own.js", "--registry", "lab", "--json");
    const { path, verdict } = ran.json() as { path: string; verdict: string };
    expect([ran.code, verdict]).toEqual([0, "VALIDATED"]);
    const { subject } = published(path);
    expect(subject[0]?.digest).toEqual({ gitCommit: expect.any(String), gitTree: expect.any(String) });
    const key = readFileSync(work.path("lab/keys/signer.pub"), "utf8");
    const verified = await attest(["verify", path, "--recompute", "--key", key], stranger(work));
    expect(verified.code, verified.stderr).toBe(0);
  });

  test("process.exit(0) is no success", async () => {
    const ran = await work.attest("run", "./exits.js", "--registry", "lab", "--json");
    expect([ran.code, ran.json()]).toEqual([1, expect.objectContaining({ verdict: "INCONCLUSIVE" })]);
  });

  test("what is no scenario is told in one line, and nothing is published", async () => {
    const before = readdirSync(work.path("lab/attestations"));
    work.write("none.js", "export const x = 1;");
    const ran = await work.attest("run", "./none.js", "--registry", "lab");
    expect(fault(ran).error).toBe("none.js: expected a scenario as its default export, found none");
    expect(ran.code).toBe(2);
    expect(readdirSync(work.path("lab/attestations"))).toEqual(before);
  });

  test("Ctrl-C ends one that never lets go", async (context) => {
    const before = readdirSync(work.path("lab/attestations"));
    const child = start(["run", "./busy.js", "--registry", "lab"], work);
    const end = ended(child);
    await new Promise<void>((resolve) => {
      for (const stream of [child.stdout, child.stderr])
        stream?.on("data", (text: string) => {
          if (text.includes("busy")) resolve();
        });
    });
    child.kill("SIGINT");
    const ran = await end;
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining("error: the run was interrupted\n") });
    const results = (all: readonly string[]): string[] => all.filter((name) => name.startsWith("test_"));
    expect(results(readdirSync(work.path("lab/attestations")))).toEqual(results(before)); // its plan stays open
    expect(readdirSync(join(work.root, "tmp"))).toEqual([]);
    if (process.platform !== "linux") context.skip("NOT CHECKED: processes can be found in /proc only");
    expect(processesWith(`HOME=${join(work.root, "user")}`)).toEqual([]);
  }, 30_000);

  test("--timeout ends it too, and says so in the attestation", async () => {
    const ran = await work.attest("run", "./busy.js", "--registry", "lab", "--json", "--timeout", "1");
    expect([ran.code, ran.json()]).toEqual([1, expect.objectContaining({ verdict: "INCONCLUSIVE" })]);
    const { path } = ran.json() as { path: string };
    expect(JSON.stringify(published(path))).toContain("it was not done in the time that it was given");
  }, 30_000);
});

describe("docs/scenarios.md", () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const page = readFileSync(join(root, "docs/scenarios.md"), "utf8");
  const blocks = (language: string): string[] =>
    [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(([, block = ""]) => block);

  test("has an example that runs with the commands beside it", async () => {
    const work = workspace();
    const [example = "", ...others] = blocks("js");
    expect(others).toEqual([]);
    work.write("sorting.js", example);
    execFileSync("git", ["init", "-q"], { cwd: work.cwd });
    execFileSync("git", ["add", "."], { cwd: work.cwd });
    const commit = ["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "begin"];
    execFileSync("git", commit, { cwd: work.cwd });
    expect((await work.attest("init", "--origin", "example.org/lab")).code).toBe(0);
    const lines = blocks("sh").join("").split("\n").filter(Boolean);
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      const words = line.replace(/#.*/, "").trim().split(/\s+/).slice(1);
      const ran = await work.attest(...words);
      expect(ran.code, ran.stderr).toBe(0);
      expect(ran.stderr).toContain("VALIDATED  Our sort keeps equal elements in order");
    }
  });

  test("has a longer one, which runs too", async (context) => {
    const path = /\]\((examples\/[^)]+)\)/.exec(page)?.[1] ?? "";
    const made = await play(join(root, "docs", path));
    if (spawnSync("gzip", ["--version"]).error) {
      expect(outcomes(made)).toMatchObject({ same: "skipped", smaller: "skipped" });
      context.skip("NOT CHECKED: gzip is not installed");
    }
    expect(outcomes(made)).toEqual({ same: "passed", smaller: "passed", version: "passed" });
    expect(observations(made)).toHaveLength(9);
  });

  test("names all that a probe has, and all that is declared", () => {
    const types = readFileSync(join(root, "src/harness/scenario/define.ts"), "utf8");
    const members = (name: string): string[] => {
      const [, body = ""] = new RegExp(`interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)\\n\\}`).exec(types) ?? [];
      return [...body.matchAll(/^ {2}(?:readonly )?(\w+)[?(:]/gm)].map(([, member = ""]) => member);
    };
    const all = ["ScenarioDefinition", "ScenarioProbe", "SpawnOptions", "Spawned", "AttachOptions"].flatMap(members);
    expect(all.length).toBeGreaterThan(25);
    for (const member of all) expect(page, member).toMatch(new RegExp(`\\b${member}\\b`));
  });
});
