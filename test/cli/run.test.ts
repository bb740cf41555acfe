/** A real run from the command line: what is published, what is said, and what the tested processes are not told. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { attest, copyOf, ended, start, stranger, workspace, type Ran, type Workspace } from "./attest.js";
import { sha256 } from "./drafts.js";
import { processesWith } from "./processes.js";

let made: Workspace;
let ran: Ran;
let seen: string[] = [];

const SECRETS = { F3_ATTEST_PASSPHRASE: "correct horse", SSH_AUTH_SOCK: "/nowhere/agent" };

beforeAll(async () => {
  made = workspace();
  await made.attest("init", "lab", "--origin", "example.org/lab");
  const child = start(["run", "task-aware-background", "--registry", "lab", "--json"], {
    cwd: made.cwd,
    env: { ...made.env, ...SECRETS },
  });
  const end = ended(child);
  // While it runs, whatever has its temporary home for a home is something that it started.
  while (child.exitCode === null) {
    seen = [...seen, ...processesWith(`HOME=${made.env["TMPDIR"] ?? ""}/`).map(({ environment }) => environment)];
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  ran = await end;
});

interface Published {
  payload: {
    predicate: {
      f3: {
        verdict: string;
        evidence: { name: string; role: string; digest: { sha256: string }; size: number }[];
        run: { command: string[]; environment: Record<string, string> };
      };
    };
  };
}
const published = (): Published =>
  JSON.parse(readFileSync(made.path((ran.json() as { path: string }).path), "utf8")) as Published;

test("INCONCLUSIVE, which is exit 1, and published all the same", async () => {
  expect(ran.json()).toMatchObject({ verdict: "INCONCLUSIVE", title: "Task-aware background processing", exit: 1 });
  expect(ran.code).toBe(1);
  const verified = await made.attest("verify", "lab", "--json");
  expect(verified.code).toBe(0);
  expect(readdirSync(made.path("lab/attestations")).filter((name) => /^test_.*json$/.test(name))).toEqual([
    basename((ran.json() as { path: string }).path),
  ]);
});

test("every piece of evidence is archived under its digest", () => {
  const { evidence } = published().payload.predicate.f3;
  expect(evidence.map(({ name }) => name).sort()).toEqual([
    "environment.json",
    "observations.ndjson",
    "pattern.sh",
    "published-test.json",
    "task-after.json",
    "task-before.json",
    "timeline.ndjson",
  ]);
  for (const { digest, size } of evidence) {
    const bytes = readFileSync(made.path("lab/attestations/evidence/sha256", digest.sha256.slice(0, 2), digest.sha256));
    expect([sha256(bytes), bytes.length]).toEqual([digest.sha256, size]);
  }
});

test("what was typed is recorded; who typed it, and where, is not", () => {
  const text = JSON.stringify(published());
  expect(published().payload.predicate.f3.run.command).toEqual(["attest", "run", "task-aware-background"]);
  for (const private_ of [made.root, made.cwd, SECRETS.F3_ATTEST_PASSPHRASE, SECRETS.SSH_AUTH_SOCK])
    expect(text).not.toContain(private_);
});

test("the tested processes inherit no secret and no agent", (context) => {
  if (process.platform !== "linux") context.skip("NOT CHECKED: the environment of a process can be read in /proc only");
  expect(seen).not.toEqual([]);
  for (const env of seen) {
    expect(env).toContain("SESSION=");
    expect(env).not.toMatch(/F3_ATTEST|SSH_AUTH_SOCK/);
  }
});

test("nothing is left in the folder for temporary files", () => {
  expect(readdirSync(join(made.root, "tmp"))).toEqual([]);
});

test("progress is told on stderr, a line for each step, without colours or cursors", () => {
  expect(ran.stderr).toMatch(
    /^announcing (plan_[0-9a-f]{16})\nannounced \1: [^\n]+\ncreating the task\n(?:[^\u001b\r]*\n)*$/,
  );
});

describe("elsewhere", () => {
  test("a stranger verifies a copy of the registry with the line of the key, and of the file alone", async () => {
    const work = copyOf(made);
    const line = readFileSync(work.path("lab/keys/signer.pub"), "utf8");
    const copy = work.write("attestation.json", readFileSync(work.path((ran.json() as { path: string }).path)));
    expect((await attest(["verify", "lab", "--key", line], stranger(work))).code).toBe(0);
    expect((await attest(["verify", copy, "--key", line], stranger(work))).code).toBe(0);
  });
});
