/** The action and the workflow as a runner runs them: their own files are read, their steps run by real bash, in real git. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { outputs, summary } from "../../action/tell.js";
import { words } from "../../action/words.js";
import type { JsonObject } from "../../src/core/json.js";
import { attest, MAIN, stranger, workspace, type Workspace } from "../cli/attest.js";
import { logKeyOf, secretOf } from "../cli/drafts.js";
import { repository, type Git } from "../cli/git.js";
import {
  machine,
  parseOutputs,
  readYaml,
  ROOT,
  runAction,
  runSteps,
  textOf,
  type Machine,
  type Step,
  type Told,
} from "./runner.js";
import { naming } from "../core/refusal.js";

const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };

/** `attest` as a program, and as a project's own installation. */
function install(folder: string, name = "attest"): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  chmodSync(join(folder, name), 0o755);
}

const TEST = 'import { test } from "node:test";\ntest("adds", () => {});\ntest("later", { skip: true }, () => {});\n';
const BROKEN =
  'import { test } from "node:test";\ntest("adds", () => {});\ntest("<b>|`fails`", () => { throw new Error("no"); });\n';

/** A project of somebody's with a registry in it, which lists the key `ci`; the workspace's home has that key. */
async function project(source = TEST): Promise<{ readonly work: Workspace; readonly git: Git }> {
  const work = workspace();
  const git = repository(work);
  git("remote", "add", "origin", "https://example.org/owner/calculator.git");
  work.write(
    "package.json",
    JSON.stringify({ name: "calculator", version: "1.0.0", scripts: { test: "node --test --test-reporter=tap" } }),
  );
  work.write(
    "package-lock.json",
    JSON.stringify({ name: "calculator", version: "1.0.0", lockfileVersion: 3, packages: {} }),
  );
  work.write("add.test.mjs", source);
  work.write(".gitignore", "node_modules/\n");
  await work.attest("key", "new", "ci");
  await work.attest("init");
  git("add", "--all");
  expect(git("commit", "--quiet", "--message", "a calculator")).toEqual({ code: 0, out: "" });
  return { work, git };
}

const COMMAND = "node --test --test-reporter=junit --test-reporter-destination=junit.xml";
const json = (path: string): JsonObject => JSON.parse(readFileSync(path, "utf8")) as JsonObject;

describe("the action", () => {
  let work: Workspace;
  let on: Machine;
  const act = (given: Record<string, string>, env: Record<string, string> = {}): Told => {
    const told = runAction(
      { command: COMMAND, reports: "junit.xml\n", ...given },
      { ...on, workspace: work.cwd, env: { ...on.env, ...env } },
    );
    return told;
  };

  beforeEach(async () => {
    ({ work } = await project());
    install(work.path("node_modules/.bin"));
    on = machine({}, {});
  });

  test("unsigned, without any key: a statement with its evidence, uploaded", () => {
    const told = act({ unsigned: "true", artifact: "result" });
    expect(told.code, told.log).toBe(0);
    expect(told.outputs).toMatchObject({ verdict: "VALIDATED", id: "", passed: "1", failed: "0", skipped: "1" });
    expect(told.summary).toMatch(
      /^### VALIDATED 1 passed&#44; 1 skipped: [\s\S]*\| 1 \| 0 \| 0 \| 1 \|[\s\S]*\*\*not signed\*\*/,
    );
    expect(readdirSync(join(on.artifacts, "result"))).toEqual(["statement.evidence", "statement.json"]);
    expect(json(told.outputs["path"] ?? "")).toHaveProperty("predicate.result", "WARNED");
    // Neither in the checkout nor in a home was anything written by us.
    expect(spawnSync("git", ["status", "--porcelain"], { cwd: work.cwd, encoding: "utf8" }).stdout).toBe(
      "?? junit.xml\n",
    );
  });

  test("passing, signed into the registry: whoever has the key line from elsewhere can check what the summary says", async () => {
    work.write("add.test.mjs", 'import { test } from "node:test";\ntest("adds", () => {});\n');
    const key = secretOf(work, "ci");
    const told = act(
      { registry: ".", title: "The calculator" },
      { F3_ATTEST_KEY: key, F3_ATTEST_LOG_KEY: logKeyOf(work) },
    );
    expect(told.code, told.log).toBe(0);
    expect(told.outputs).toMatchObject({
      verdict: "VALIDATED",
      id: expect.stringMatching(/^test_[0-9a-f]{16}$/),
      passed: "1",
    });
    expect(told.outputs["path"]).toBe(`attestations/${told.outputs["id"] ?? ""}.json`);
    expect(told.log).toContain("signing with the key from F3_ATTEST_KEY, SHA256:");
    expect(told.summary).toContain("### VALIDATED 1 passed: The calculator\n");
    for (const line of key.split("\n").filter((text) => text.length > 40))
      expect(JSON.stringify(told)).not.toContain(line);
    expect(readdirSync(on.artifacts)).toEqual([]);
    const [command = ""] = /<pre>(.*)<\/pre>/.exec(told.summary)?.slice(1) ?? [];
    const typed = command.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
    expect(typed).toMatch(/^attest verify attestations\/test_\w+\.json --key 'ssh-ed25519 \S+ ci'$/);
    install(work.path("bin"));
    const checked = spawnSync("sh", ["-c", typed], {
      cwd: work.cwd,
      env: { ...stranger(work).env, PATH: `${work.path("bin")}:${work.env["PATH"] ?? ""}` },
    });
    expect(checked.status).toBe(0);
  });

  test("failing: the command's own exit code, and an attestation all the same", () => {
    work.write("add.test.mjs", BROKEN);
    const told = act(
      { command: `${COMMAND}; exit 7`, shell: "true", output: "out" },
      { F3_ATTEST_KEY: secretOf(work, "ci") },
    );
    expect(told.code, told.log).toBe(1); // sh -e: the tests' code, and not the 7 that comes after
    const other = act(
      { command: `echo live; ${COMMAND} || exit 7`, shell: "true" },
      { F3_ATTEST_KEY: secretOf(work, "ci") },
    );
    expect(other.code, other.log).toBe(7);
    expect(other.outputs).toMatchObject({ verdict: "REFUTED", passed: "1", failed: "1" });
    expect(other.log).toContain("live\n"); // what the command prints
    expect(readdirSync(join(on.artifacts, "attestation"))).toEqual(["attestation.evidence", "attestation.json"]);
    expect(existsSync(work.path("out/attestation.json"))).toBe(true);
  });

  test("an empty secret: refused before anything runs, and told in the summary", () => {
    work.write("add.test.mjs", 'import fs from "node:fs";\nfs.writeFileSync("ran", "");\n');
    const told = act({}, { F3_ATTEST_KEY: "" });
    expect(told.code, told.log).toBe(2);
    expect(told.outputs).toEqual({ verdict: "", id: "", path: "", passed: "", failed: "", skipped: "" });
    expect(told.summary).toMatch(/^### attest: .*\n\n.*F3&#95;ATTEST&#95;KEY/m);
    expect([existsSync(work.path("ran")), readdirSync(on.artifacts)]).toEqual([false, []]);
  });

  test("the command is not given the file of outputs", () => {
    const told = act({ command: 'echo "[${GITHUB_OUTPUT-none}]" >&2', shell: "true", unsigned: "true" });
    expect(told.log).toContain("[none]");
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ["no command", { command: " " }, naming("command")],
    ["what only a shell understands", { command: "npm ci && npm test" }, naming('"&"', "shell: true")],
    ["a switch that is neither", { unsigned: "yes" }, naming("true", "false", "unsigned", '"yes"')],
    ["a registry, unsigned", { registry: ".", unsigned: "true" }, naming("registry", "output")],
    ["a program that is not there", { attest: "no-such-program" }, naming("ENOENT")],
    ["a program that is none of ours", { attest: "true" }, naming("JSON", "attest")],
  ])("%s: refused", (_, given, message) => {
    const told = act(given);
    expect(told.code).not.toBe(0);
    const said = told.summary.replace(/&#(\d+);/g, (__, code) => String.fromCodePoint(Number(code)));
    expect(said).toMatch(message);
    expect(told.outputs["verdict"]).toBe("");
  });

  test("where the project has no attest: npx, with the version of the action", () => {
    const bin = work.path("node_modules/.bin");
    const fake = work.path("fake");
    install(fake, "attest");
    writeFileSync(join(fake, "npx"), `#!/bin/sh\necho "npx $1 $2" >&2\nshift 2\nexec "${fake}/attest" "$@"\n`);
    chmodSync(join(fake, "npx"), 0o755);
    chmodSync(join(bin, "attest"), 0o755);
    spawnSync("rm", ["-r", work.path("node_modules")]);
    const told = act({ unsigned: "true" }, { PATH: `${fake}:${on.env["PATH"] ?? ""}` });
    expect(told.log).toContain(`npx --yes @f3/attest@${version}\n`);
    expect(told.outputs["verdict"]).toBe("VALIDATED");
  });
});

describe("the example workflow", () => {
  type Job = Readonly<Record<string, unknown>> & { readonly steps: readonly Step[] };
  const { jobs, permissions } = readYaml("docs/examples/attest.yml") as unknown as {
    jobs: Record<"test" | "publish", Job>;
    permissions: unknown;
  };

  /** Both jobs for the commit that the branch points to; each has a machine of its own. */
  function push(
    origin: string,
    secret: string,
    logKey: string,
  ): { readonly test: Told; readonly publish: Told; readonly published: Machine } {
    const sha = spawnSync("git", ["rev-parse", "main"], { cwd: origin, encoding: "utf8" }).stdout.trim();
    const context = { repository: origin, "github.ref_name": "main" };
    const instead = ({ run }: Step): boolean => textOf(run).startsWith("npm install --global");
    const env = { GITHUB_SHA: sha, GIT_CONFIG_NOSYSTEM: "1" };
    const first = machine(context, env);
    install(join(first.temp, "bin")); // what npx would fetch
    writeFileSync(join(first.temp, "bin/npx"), '#!/bin/sh\nshift 2\nexec attest "$@"\n', { mode: 0o755 });
    const tested = runSteps(jobs.test.steps, {
      ...first,
      env: { ...first.env, PATH: `${first.temp}/bin:${first.env["PATH"] ?? ""}` },
    });

    const second = machine(
      { ...context, "secrets.F3_ATTEST_KEY": secret, "secrets.F3_ATTEST_LOG_KEY": logKey },
      env,
      first.artifacts,
    );
    install(join(second.temp, "bin"));
    const published = {
      ...second,
      instead,
      env: { ...second.env, PATH: `${second.temp}/bin:${second.env["PATH"] ?? ""}` },
    };
    return { test: tested, publish: runSteps(jobs.publish.steps, published), published };
  }

  /** What the workflow pushes to. */
  async function origin(
    source?: string,
  ): Promise<{ readonly bare: string; readonly work: Workspace; readonly git: Git }> {
    const { work, git } = await project(source);
    const bare = join(work.root, "origin.git");
    git("clone", "--quiet", "--bare", ".", bare);
    return { bare, work, git };
  }

  const jq = spawnSync("jq", ["--version"]).error === undefined;

  test.skipIf(!jq).each([
    ["passed, but for one that was skipped", TEST, "VALIDATED", 0],
    ["failed", BROKEN, "REFUTED", 1],
  ])(
    "tests that %s: published, signed by the key that the first job never had, and a stranger can check it",
    async (_, source, verdict, code) => {
      const { bare, work } = await origin(source);
      const { test: tested, publish } = push(bare, secretOf(work, "ci"), logKeyOf(work));
      expect(tested.code, tested.log).toBe(code);
      expect(publish.code, publish.log).toBe(0);
      expect(publish.log).toMatch(/signing with the key from F3_ATTEST_KEY, SHA256:/);

      const clone = join(work.root, "stranger");
      spawnSync("git", ["clone", "--quiet", bare, clone]);
      expect(spawnSync("git", ["log", "--format=%s"], { cwd: clone, encoding: "utf8" }).stdout).toBe(
        "Publish a test result\na calculator\n",
      );
      expect(
        spawnSync("git", ["show", "--name-status", "--format="], { cwd: clone, encoding: "utf8" }).stdout,
      ).not.toMatch(/^[MD]\tattestations\/(?!index|log\/checkpoint)/m);
      const line = (await work.attest("key", "show", "ci")).stdout.trim();
      const checked = await attest(["verify", clone, "--key", line, "--json"], stranger(work));
      expect(checked.code, checked.stdout).toBe(0);
      expect(JSON.stringify(checked.json())).toContain(`"verdict":"${verdict}"`);
      expect((await attest(["verify", clone], stranger(work))).code).toBe(3);
    },
  );

  test.skipIf(!jq)("a statement about another commit: not signed", async () => {
    const { bare, work } = await origin();
    const { published } = push(bare, secretOf(work, "ci"), logKeyOf(work));
    const file = join(published.artifacts, "attestation/statement.json");
    writeFileSync(file, readFileSync(file, "utf8").replace(/"gitCommit": "\w+"/, `"gitCommit": "${"0".repeat(40)}"`));
    const again = machine({ ...published.context }, {}, published.artifacts);
    const told = runSteps(jobs.publish.steps, {
      ...published,
      workspace: again.workspace,
      temp: again.temp,
      env: { ...published.env, RUNNER_TEMP: again.temp },
      context: { ...published.context, "runner.temp": again.temp },
    });
    expect(told.code).not.toBe(0);
    expect(told.log).not.toContain("signing with");
  });

  test("no secret, as for a fork: nothing is signed", async () => {
    const { bare } = await origin();
    const { publish } = push(bare, "", "");
    expect(publish.code).toBe(2);
    expect(publish.log).toMatch(/^error: .*\bF3_ATTEST_KEY\b.*\bempty\b/m);
  });

  test("the first job has no secret and may write nothing; the second runs nothing of the project with the key", () => {
    expect(permissions).toEqual({});
    expect(jobs.test["permissions"]).toEqual({ contents: "read" });
    expect(JSON.stringify(jobs.test)).not.toContain("secrets.");
    const withKey = jobs.publish.steps.filter((step) => JSON.stringify(step).includes("secrets."));
    expect(withKey).toHaveLength(1);
    expect(withKey[0]?.["run"]).toMatch(/^attest sign \S+ --registry \.$/);
    for (const { run } of jobs.publish.steps) expect(textOf(run)).not.toMatch(/npm (?:ci|test|run)|npx|node_modules/);
    expect(JSON.stringify(jobs)).toContain(`@f3/attest@${version}`);
    expect(JSON.stringify(jobs)).toContain(`OWNER/attest@v${version}`);
  });
});

describe("a command without a shell", () => {
  test.each<[string, string[]]>([
    ["npm test", ["npm", "test"]],
    ["  npm   test\n", ["npm", "test"]],
    [`go test -run 'a b|c' "./..."`, ["go", "test", "-run", "a b|c", "./..."]],
    [`a --b='c d'e"f g"`, ["a", "--b=c de" + "f g"]],
    [`a "" ''`, ["a", "", ""]],
    ["pytest tests/*.py -k a\\b", ["pytest", "tests/*.py", "-k", "a\\b"]],
    [`a '$HOME; \`b\`'`, ["a", "$HOME; `b`"]],
  ])("%j", (command, expected) => expect(words(command)).toEqual(expected));

  test.each([
    "a && b",
    "a | b",
    "a; b",
    "a > b",
    "a < b",
    "a $B",
    'a "$B"',
    "a `b`",
    'a "`b`"',
    "a (b)",
    "a &",
    "a\nb",
    "a 'b",
    'a "b',
    "it's",
  ])("%j is refused", (command) => expect(() => words(command)).toThrow(naming("shell: true")));
});

describe("what the runner is told", () => {
  test("no value is taken for another output", () => {
    const path = "a\nid=forged\nverdict<<x\nVALIDATED\nx\nend-of-path";
    expect(parseOutputs(outputs({ verdict: "REFUTED", path, failed: 1 }))).toEqual({
      verdict: "REFUTED",
      id: "",
      path,
      passed: "",
      failed: "1",
      skipped: "",
      folder: "",
    });
  });

  test("no text is taken for markup", () => {
    const title = "</pre><script>x</script> **b** [l](javascript:x) `c` | d\n# e \u202e @team #1 www.example.org";
    const said = summary(
      {
        verdict: "VALIDATED",
        title,
        counts: { passed: "|" as unknown as number },
        id: "`",
        keyid: "*",
        path: "</pre>`a b",
      },
      undefined,
    );
    const [first = "", ...rest] = said.split("\n\n");
    expect(first).toMatch(/^### VALIDATED: (?:[\p{L}\p{N} ]|&#\d+;)+$/u);
    expect(rest.join("\n")).not.toMatch(/<(?!pre>|\/pre>)|[`[*@]/);
    expect(said.match(/<\/pre>/g)).toHaveLength(1);
    expect(said).not.toContain("\u202e");
  });
});
