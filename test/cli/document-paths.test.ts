/** A document names a local path: whoever reproduces it opens nothing outside of what was checked out, and publishes nothing from there. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { attest, attestProcess, fault, workspace, type Ran, type Surroundings, type Workspace } from "./attest.js";
import { repository, type Git } from "./git.js";

interface Recorded {
  readonly predicate: {
    readonly configuration: { readonly name: string; readonly annotations?: Record<string, unknown> }[];
    readonly f3: { readonly run: { command: string[]; exitCode?: number } };
  };
  subject: unknown[];
}

const SECRET = "PIN of the safe: 4711";
const REPORT = `<testsuite tests="1"><testcase name="${SECRET}"/></testsuite>`;
let here: Workspace;
let git: Git;
let victim: Surroundings;
let notes: string;

beforeEach(async () => {
  here = workspace();
  git = repository(here);
  here.write("package.json", `{ "name": "app" }\n`);
  git("add", "-A");
  git("commit", "-qm", "first");
  await here.attest("init", join(here.root, "lab"), "--origin", "example.org/lab");
  notes = join(here.root, "notes");
  mkdirSync(notes);
  writeFileSync(join(notes, "private.txt"), SECRET);
  writeFileSync(join(notes, "junit.xml"), REPORT);
  writeFileSync(join(notes, "package.json"), `{ "name": "${SECRET}" }`);
  victim = { cwd: here.cwd, env: { ...here.env, F3_ATTEST_HOME: join(here.root, "victim"), NOTES: notes } };
  await attest(["init", join(here.root, "mine"), "--origin", "example.org/mine"], victim);
});

/** A statement by a key that the victim trusts, changed before it was signed; and what comes of reproducing it. */
async function reproduced(
  change: (recorded: Recorded, asked: Record<string, unknown>) => void,
  command = ["true"],
  how = attest,
): Promise<Ran> {
  const file = join(here.root, "s.json");
  await here.attest("run", "--unsigned", "--output", file, "--", ...command);
  const recorded = JSON.parse(readFileSync(file, "utf8")) as Recorded;
  change(recorded, recorded.predicate.configuration.find(({ name }) => name === "attest run")?.annotations ?? {});
  writeFileSync(join(here.root, "t.json"), JSON.stringify(recorded));
  const lab = join(here.root, "lab");
  const signed = await here.attest(
    ...["sign", join(here.root, "t.json"), "--evidence", join(here.root, "s.evidence"), "--registry", lab],
  );
  expect(signed.code, signed.stderr).toBe(0);
  const name = readdirSync(join(lab, "attestations")).find((one) => /^test_.*\.json$/.test(one)) ?? "";
  const own = ["--key", join(lab, "keys/signer.pub"), "--registry", join(here.root, "mine"), "--repository", here.cwd];
  return await how(["reproduce", join(lab, "attestations", name), ...own], victim);
}

function nothingPublished(): void {
  const found = execFileSync("sh", ["-c", `grep -rlF '${SECRET}' "$1" || true`, "sh", join(here.root, "mine")]);
  expect(found.toString(), "something private was published").toBe("");
}

test.each<[string, () => string]>([
  ["absolute", () => join(notes, "junit.xml")],
  ["above", () => "../../../../../../../../../../../../../../../../etc/hostname"],
  ["above, after going down", () => "a/b/../../../x/junit.xml"],
  ["of another system", () => "C:\\notes\\junit.xml"],
  ["above, in the spelling of another system", () => "..\\..\\junit.xml"],
])("a report whose path is %s", async (_, path) => {
  const ran = await reproduced((_recorded, asked) => (asked["reports"] = [path()]));
  expect(ran.code).toBe(4);
  expect(fault(ran).error).toMatch(/\bproject\b/);
  nothingPublished();
});

test("a report behind a link in the commit, and behind one that the command makes", async () => {
  symlinkSync(join(notes, "junit.xml"), here.path("linked.xml"));
  symlinkSync(notes, here.path("out"));
  git("add", "-A");
  git("commit", "-qm", "links");
  const script = `ln -s "$NOTES/junit.xml" made.xml; touch -h made.xml; touch "$NOTES/junit.xml"`;
  const ran = await reproduced(
    (_recorded, asked) => (asked["reports"] = ["linked.xml", "out/junit.xml", "made.xml"]),
    ["sh", "-c", script],
  );
  expect(ran.code, ran.stderr).toBe(1);
  nothingPublished();
});

test("a report in a known place behind a link", async () => {
  symlinkSync(notes, here.path("reports"));
  git("add", "-A");
  git("commit", "-qm", "links");
  await reproduced(() => undefined, ["sh", "-c", `touch "$NOTES/junit.xml"`]);
  nothingPublished();
});

test("a report that lay in the commit is none of the run's", async () => {
  here.write("old.xml", REPORT);
  git("add", "-A");
  git("commit", "-qm", "a report");
  await reproduced((_recorded, asked) => (asked["reports"] = ["old.xml"]));
  nothingPublished();
});

test.each<[string, string]>([
  ["above", "../elsewhere"],
  ["absolute", "/tmp"],
  ["a link in the commit", "out"],
  ["not there", "none"],
])("the folder of the command: %s", async (_, folder) => {
  symlinkSync(notes, here.path("out"));
  git("add", "-A");
  git("commit", "-qm", "links");
  const ran = await reproduced((_recorded, asked) => (asked["folder"] = folder), ["sh", "-c", "touch ran; true"]);
  expect(ran.code).toBe(4);
  expect(existsSync(join(notes, "ran"))).toBe(false);
  nothingPublished();
});

test("a manifest that is a link gives no name", async () => {
  execFileSync("rm", [here.path("package.json")]);
  symlinkSync(join(notes, "package.json"), here.path("package.json"));
  git("add", "-A");
  git("commit", "-qm", "links");
  await reproduced(() => undefined);
  nothingPublished();
});

test.each(["absolute", "above", "a link in the commit", "without a commit"])(
  "the file of a scenario: %s",
  async (how) => {
    const evil = join(notes, "evil.mjs");
    writeFileSync(
      evil,
      `import { writeFileSync } from "node:fs";\nwriteFileSync(${JSON.stringify(join(notes, "ran"))}, "");\n`,
    );
    symlinkSync(evil, here.path("linked.mjs"));
    git("add", "-A");
    git("commit", "-qm", "links");
    const word =
      { absolute: evil, above: "../../../notes/evil.mjs", "a link in the commit": "linked.mjs" }[how] ?? evil;
    const ran = await reproduced((recorded) => {
      const { run } = recorded.predicate.f3;
      run.command = ["attest", "run", word];
      delete run.exitCode;
      if (how === "without a commit") recorded.subject = [{ name: "a", digest: { sha256: "0".repeat(64) } }];
    });
    expect(ran.code).toBe(4);
    expect(fault(ran).error).toMatch(/(?:in|out of) the checkout|no commit has the scenario/);
    expect(existsSync(join(notes, "ran"))).toBe(false);
  },
);

test("a variable that a statement names does not make the reproducer's own one public", async () => {
  victim = { ...victim, env: { ...victim.env, DEPLOY_NAME: SECRET } };
  const ran = await reproduced(
    (recorded) => {
      const { run } = recorded.predicate.f3 as unknown as { run: { environment: Record<string, string> } };
      run.environment["$DEPLOY_NAME"] = "x";
    },
    ["sh", "-c", `tr '\\0' '\\n' < /proc/$PPID/environ; true`],
    attestProcess,
  );
  expect(ran.stdout + ran.stderr).toContain(SECRET); // the command is run as the user
  nothingPublished();
});

test.runIf(spawnSync("bwrap", ["--ro-bind", "/", "/", "--unshare-all", "true"], { stdio: "ignore" }).status === 0)(
  "a variable that a statement names is the command's alone: nothing of it is outside of the sandbox",
  async () => {
    const ran = await reproduced(
      (recorded, asked) => {
        const { run } = recorded.predicate.f3 as unknown as { run: { environment: Record<string, string> } };
        run.environment["$LD_DEBUG"] = "files";
        run.environment["$LD_DEBUG_OUTPUT"] = join(here.root, "loaded");
        asked["sandbox"] = true;
      },
      ["sh", "-c", `echo "has <$LD_DEBUG>"`],
    );
    expect(ran.stdout + ran.stderr).toContain("has <files>");
    expect(readdirSync(here.root).filter((name) => name.startsWith("loaded"))).toEqual([]);
  },
);
