/**
 * Projects that we did not write, as they are published: fetched, attested, and attested again with one of their tests broken.
 *
 * What the runner says is read from what it prints for people, by expressions of this file alone.
 */
import { execFileSync, type ExecFileSyncOptions } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import type { Draft } from "../../src/core/statement/statement.js";
import { attest, ended, start, workspace, type Ran, type Workspace } from "../cli/attest.js";

interface Counts {
  readonly tests: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Project {
  readonly title: string;
  /** Unpacks it, and says where below the folder it lies. */
  readonly fetch: (folder: string) => string;
  /** Beside it, so that it stays as it was published: packages that its tests need. */
  readonly needs?: readonly string[];
  readonly command: readonly string[];
  readonly options?: readonly string[];
  readonly env?: (folder: string) => Readonly<Record<string, string>>;
  readonly said: (printed: string) => Counts;
  /** One change to one test, what the test is called, and the runner's exit code then. */
  readonly broken: {
    readonly file: string;
    readonly from: string;
    readonly to: string;
    readonly test: RegExp;
    readonly exit: number;
  };
  /** Why it cannot be had here. */
  readonly missing?: string | undefined;
}

const quiet: ExecFileSyncOptions = { stdio: ["ignore", "pipe", "pipe"] };

const fromNpm =
  (name: string) =>
  (folder: string): string => {
    const [packed] = JSON.parse(
      String(execFileSync("npm", ["pack", "--silent", "--json", name], { ...quiet, cwd: folder })),
    ) as { filename: string }[];
    mkdirSync(join(folder, "project"));
    const args = ["-xzf", packed?.filename ?? "", "-C", "project", "--strip-components=1"];
    execFileSync("tar", args, { ...quiet, cwd: folder });
    return "project";
  };

const fromDebian =
  (name: string, place: string) =>
  (folder: string): string => {
    execFileSync("apt-get", ["download", name], { ...quiet, cwd: folder });
    const file = readdirSync(folder).find((one) => one.endsWith(".deb")) ?? "";
    execFileSync("dpkg-deb", ["-x", file, "."], { ...quiet, cwd: folder });
    return place;
  };

const number = (text: string, pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);

/** `Tests  1 failed | 4 passed | 2 skipped | 1 todo (8)` */
const vitest = (printed: string): Counts => {
  const line = /^ *Tests +(.*)$/m.exec(printed)?.[1] ?? "";
  return {
    tests: number(line, /\((\d+)\)/),
    passed: number(line, /(\d+) passed/),
    failed: number(line, /(\d+) failed/),
    skipped: number(line, /(\d+) skipped/) + number(line, /(\d+) todo/),
  };
};

/** `Tests:       1 failed, 4 passed, 5 total` */
const jest = (printed: string): Counts => {
  const line = /^Tests: +(.*)$/m.exec(printed)?.[1] ?? "";
  return {
    tests: number(line, /(\d+) total/),
    passed: number(line, /(\d+) passed/),
    failed: number(line, /(\d+) failed/),
    skipped: number(line, /(\d+) (?:skipped|pending)/) + number(line, /(\d+) todo/),
  };
};

/** `# tests 26`, `# pass 26`, …, or with `ℹ` in the reporter for people. */
const summary = (printed: string): Counts => {
  const count = (word: string): number => number(printed, new RegExp(`^[#ℹ] ${word} +(\\d+)$`, "m"));
  return {
    tests: count("tests"),
    passed: count("pass"),
    failed: count("fail") + count("cancelled"),
    skipped: count("skipped") + count("todo"),
  };
};

/** `=== 1 failed, 179 passed, 3 skipped in 2.41s ===` */
const pytest = (printed: string): Counts => {
  const line = /^=* ?(.*\b(?:passed|failed|skipped)\b.* in [\d.]+s.*)$/m.exec(printed)?.[1] ?? "";
  const [passed, failed, skipped] = [/(\d+) passed/, /(\d+) failed/, /(\d+) skipped/].map((word) => number(line, word));
  return {
    tests: (passed ?? 0) + (failed ?? 0) + (skipped ?? 0),
    passed: passed ?? 0,
    failed: failed ?? 0,
    skipped: skipped ?? 0,
  };
};

/** `--- PASS: TestParse (0.00s)`, inside of what go wraps it in. */
const go = (printed: string): Counts => {
  const count = (word: string): number => printed.match(new RegExp(`"Output":"\\s*--- ${word}: `, "g"))?.length ?? 0;
  const [passed, failed, skipped] = [count("PASS"), count("FAIL"), count("SKIP")];
  return { tests: passed + failed + skipped, passed, failed, skipped };
};

function output(program: string, ...args: readonly string[]): string | undefined {
  try {
    return String(execFileSync(program, args, quiet)).trim();
  } catch {
    return undefined;
  }
}

const python = output("python3", "-c", "import pytest, sys; print(sys.executable)");
const noDebian = output("apt-get", "--version") === undefined ? "no Debian" : undefined;

const PROJECTS: readonly Project[] = [
  {
    title: "vitest: zod 4.6.7, its tests of version 3, by two reports at once",
    fetch: fromNpm("zod@4.6.7"),
    needs: ["vitest@4.1.12"],
    command: [
      ...["vitest", "run", "--dir", "src/v3", "--reporter=default", "--reporter=json", "--reporter=junit"],
      ...["--outputFile.json=vitest-results.json", "--outputFile.junit=junit.xml"],
    ],
    said: vitest,
    broken: {
      file: "src/v3/tests/void.test.ts",
      from: "v.parse(undefined);",
      to: "v.parse(1);",
      test: /void\.test\.ts > void$/,
      exit: 1,
    },
  },
  {
    title: "jest 20: jsx-ast-utils 3.3.5",
    fetch: fromNpm("jsx-ast-utils@3.3.5"),
    needs: [
      ...["jest@20.0.4", "babel-jest@20.0.3", "babel-core@6.26.3", "babel-preset-env@1.7.0", "babel-polyfill@6.26.0"],
      ...["babel-plugin-transform-object-rest-spread@6.26.0", "babel-plugin-transform-replace-object-assign@1.0.0"],
      ...["@babel/parser@7.22.7", "@babel/eslint-parser@7.22.9", "@babel/core@7.22.9", "babylon@6.18.0"],
      ...["flow-parser@0.126.1", "eslint@8.45.0", "object.entries@1.1.6", "object.fromentries@2.0.6"],
      ...["array-includes@3.1.6", "array.prototype.flat@1.3.1", "object.assign@4.1.4", "object.values@1.1.6"],
    ],
    command: ["jest", "--testPathIgnorePatterns=helper", "--json", "--outputFile=jest-results.json"],
    said: jest,
    broken: {
      file: "__tests__/src/propName-test.js",
      from: "const expected = 'foo';",
      to: "const expected = 'fop';",
      test: /propName-test\.js > should return correct name for normal prop$/,
      exit: 1,
    },
  },
  {
    title: "jest 30, by the project's own npm script: process-warning 5.1.1",
    fetch: fromNpm("process-warning@5.1.1"),
    needs: ["jest@30.5.2"],
    command: ["npm", "run", "test:jest", "--", "--json", "--outputFile=jest-results.json"],
    said: jest,
    broken: { file: "test/jest.test.js", from: "toBeTruthy()", to: "toBeFalsy()", test: /works with jest$/, exit: 1 },
  },
  {
    title: "node --test, JUnit in a file: process-warning 5.1.1",
    fetch: fromNpm("process-warning@5.1.1"),
    command: [
      ...["node", "--test", "--test-reporter=spec", "--test-reporter-destination=stdout"],
      ...["--test-reporter=junit", "--test-reporter-destination=out.xml"],
    ],
    options: ["--report", "out.xml"],
    said: summary,
    broken: {
      file: "test/emit-set.test.js",
      from: "t.assert.ok(!warn.emitted)",
      to: "t.assert.ok(warn.emitted)",
      test: /emit should set the emitted state$/,
      exit: 1,
    },
  },
  {
    title: "node --test, TAP as it is printed: safe-regex2 5.1.2",
    fetch: fromNpm("safe-regex2@5.1.2"),
    needs: ["ret@0.5"],
    command: ["node", "--test", "--test-reporter=tap"],
    said: summary,
    broken: {
      file: "test/regex.test.js",
      from: "t.assert.strictEqual(safe(re), false)",
      to: "t.assert.strictEqual(safe(re), true)",
      test: /^unsafe regex$/,
      exit: 1,
    },
  },
  {
    title: "mocha 5, TAP as it is printed: hash.js 1.1.7",
    fetch: fromNpm("hash.js@1.1.7"),
    needs: ["mocha@5.2.0", "inherits@2", "minimalistic-assert@1"],
    command: ["mocha", "--reporter", "tap", "test/hash-test.js", "test/hmac-test.js"],
    said: summary,
    broken: { file: "test/hmac-test.js", from: "8bb9a1db", to: "8bb9a1dc", test: /nist 1$/, exit: 1 },
  },
  {
    title: "tape, TAP as it is printed: secure-json-parse 4.1.1",
    fetch: fromNpm("secure-json-parse@4.1.1"),
    needs: ["tape@5.9.0"],
    command: ["tape", "test/index.test.js"],
    said: summary,
    broken: {
      file: "test/index.test.js",
      from: `JSON.parse('{"a": 5, "b": 6}')`,
      to: `JSON.parse('{"a": 5, "b": 7}')`,
      test: /deeply equivalent/,
      exit: 1,
    },
  },
  {
    title: "pytest: toolz, as Debian has it",
    fetch: fromDebian("python3-toolz", "usr/lib/python3/dist-packages"),
    command: [python ?? "", "-m", "pytest", "toolz", "--junitxml=junit.xml", "-p", "no:cacheprovider"],
    env: () => ({ PYTHONDONTWRITEBYTECODE: "1" }),
    said: pytest,
    broken: {
      file: "toolz/tests/test_recipes.py",
      from: "{True: 1, False: 2}",
      to: "{True: 2, False: 1}",
      test: /test_recipes > test_countby$/,
      exit: 1,
    },
    missing: noDebian ?? (python === undefined ? "no pytest" : undefined),
  },
  {
    title: "go test -json: golang.org/x/mod, as Debian has it",
    fetch: fromDebian("golang-golang-x-mod-dev", "usr/share/gocode/src/golang.org/x/mod"),
    command: ["go", "test", "-json", "./modfile", "./module", "./semver", "./sumdb", "./sumdb/note", "./internal/..."],
    env: (folder) => ({ GO111MODULE: "off", GOPATH: join(folder, "usr/share/gocode"), GOFLAGS: "" }),
    said: go,
    broken: {
      file: "semver/semver_test.go",
      from: `if ok != (tt.out != "") {`,
      to: `if ok == (tt.out != "") {`,
      test: /semver > TestIsValid$/,
      exit: 1,
    },
    missing: noDebian ?? (output("go", "version") === undefined ? "no go" : undefined),
  },
];

for (const { title, missing } of PROJECTS)
  if (missing !== undefined) console.warn(`not attested, because this machine has ${missing}: ${title}`);

const here = PROJECTS.filter(({ missing }) => missing === undefined).map(
  (project) => [project.title, project] as const,
);

describe.each(here)("%s", (_, project) => {
  let work: Workspace;
  let folder = "";
  let env: Readonly<Record<string, string>> = {};

  beforeAll(async () => {
    work = workspace();
    folder = join(work.cwd, project.fetch(work.cwd));
    const { needs = [] } = project;
    writeFileSync(work.path("package.json"), "{}");
    if (needs.length > 0)
      execFileSync(
        "npm",
        ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--legacy-peer-deps", ...needs],
        { ...quiet, cwd: work.cwd },
      );
    mkdirSync(work.path("node_modules/.bin"), { recursive: true });
    env = {
      ...work.env,
      PATH: `${work.path("node_modules/.bin")}:${work.env["PATH"] ?? ""}`,
      NO_COLOR: "1",
      ...project.env?.(work.cwd),
    };
    for (const words of [
      ["init", "-q"],
      ["add", "-A"],
      ["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "as published"],
    ])
      execFileSync("git", words, { ...quiet, cwd: folder });
    const made = await attest(["init", "--origin", "example.org/others"], { cwd: folder, env });
    expect(made.code, made.stderr).toBe(0);
  });

  async function attested(): Promise<
    Ran & { readonly statement: Draft; readonly said: Counts; readonly path: string }
  > {
    const { options = [], command } = project;
    const ran = await ended(start(["run", "--json", ...options, "--", ...command], { cwd: folder, env }));
    const { path } = ran.json() as { path: string };
    const { payload } = JSON.parse(readFileSync(path, "utf8")) as { payload: Draft };
    return { ...ran, path, statement: payload, said: project.said(stripVTControlCharacters(ran.stderr)) };
  }

  const told = ({ statement }: { readonly statement: Draft }): string =>
    statement.predicate.f3.checks
      .filter(({ id, outcome }) => !id.startsWith("test/") || outcome !== "passed")
      .map(({ id, outcome, observed }) => `${outcome} ${id}: ${observed}`)
      .join("\n");

  let before: Counts;

  test("as it is", async () => {
    const started = performance.now();
    const ran = await attested();
    const { code, said, statement } = ran;
    console.info(`${project.title}: ${JSON.stringify(said)} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    before = said;
    expect(said.tests).toBeGreaterThan(0);
    expect(said, told(ran)).toMatchObject({ failed: 0 });
    expect(ran.json()["counts"], told(ran)).toEqual({ ...said, errored: 0 });
    expect({ code, verdict: statement.predicate.f3.verdict }, told(ran)).toEqual({ code: 0, verdict: "VALIDATED" });
    expect(statement.subject).toHaveLength(1);
  });

  test("with one test broken", async () => {
    const { file, from, to, test: name, exit } = project.broken;
    const text = readFileSync(join(folder, file), "utf8");
    expect(text).toContain(from);
    writeFileSync(join(folder, file), text.replace(from, to));
    const ran = await attested();
    const { code, said, statement } = ran;
    expect(said).toMatchObject({ failed: 1, passed: before.passed - 1 });
    expect(ran.json()["counts"], told(ran)).toEqual({ ...said, errored: 0 });
    expect({ code, verdict: statement.predicate.f3.verdict }, told(ran)).toEqual({ code: exit, verdict: "REFUTED" });
    expect(statement.predicate.f3.run.exitCode).toBe(exit);
    const { failedTests } = statement.predicate;
    const claims = statement.predicate.f3.checks.filter(({ id }) => failedTests.includes(id) && id.startsWith("test/"));
    expect(claims.map(({ claim }) => claim)).toEqual([expect.stringMatching(name)]);
    expect(statement.subject).toHaveLength(2);
    const verified = await attest(["verify", ran.path, "--recompute", "--json"], { cwd: folder, env });
    expect(verified.stdout).toContain("follow again from");
  });
});
