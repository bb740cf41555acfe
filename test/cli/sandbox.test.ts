/** `attest run --sandbox`: what a command cannot do there, what it still can, and that there is no fallback. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Draft } from "../../src/core/statement/statement.js";
import { bubblewrapWorks } from "../bubblewrap.js";
import { attest, copyOf, fault, workspace, type Ran, type Workspace } from "./attest.js";
import { repository } from "./git.js";
import { processesWith } from "./processes.js";

const works = bubblewrapWorks();

let project: Workspace;

beforeAll(async () => {
  project = workspace();
  const git = repository(project);
  project.write("package.json", `{ "name": "shut" }\n`);
  git("add", "-A");
  git("commit", "-qm", "first");
  await project.attest("init", "--origin", "example.org/lab");
});

const sandboxed = (here: Workspace, script: string, env: Readonly<Record<string, string>> = {}): Promise<Ran> =>
  attest(["run", "--sandbox", "--dry-run", "--json", "--", "sh", "-c", script], {
    cwd: here.cwd,
    env: { ...here.env, ...env },
  });
const draftOf = (ran: Ran): Draft => (ran.json() as unknown as { statement: Draft }).statement;

describe.runIf(works)("a command that is shut in", () => {
  test("is stated to be, and keeps its exit code", async () => {
    const ran = await sandboxed(copyOf(project), "exit 5");
    expect(ran.code).toBe(5);
    expect(draftOf(ran).predicate.f3.run.environment["sandbox"]).toMatch(
      /^bubblewrap \d.*: no network, the system read-only/,
    );
    expect(draftOf(ran).predicate.configuration[0]?.annotations).toMatchObject({ sandbox: true });
  });

  test("has the program named that it finds there: what lies over a place hides a program too", async () => {
    const here = copyOf(project);
    for (const [at, place] of ["../bin", "bin"].entries()) {
      here.write(`${place}/tool`, `#!/bin/sh\necho ${at}\n`);
      chmodSync(here.path(place, "tool"), 0o755);
    }
    const env = { ...here.env, PATH: `${here.path("../bin")}:${here.path("bin")}:${here.env["PATH"] ?? ""}` };
    const ran = await attest(["run", "--sandbox", "--dry-run", "--json", "--", "tool"], { cwd: here.cwd, env });
    expect(ran.stderr).toMatch(/^1$/m);
    const sha256 = createHash("sha256")
      .update(readFileSync(here.path("bin/tool")))
      .digest("hex");
    expect(draftOf(ran).predicate.configuration).toContainEqual({ name: "program tool", digest: { sha256 } });
  });

  test("reaches no network, not even this machine", async () => {
    const server = createServer((socket) => socket.end("reached")).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    const ask = `node -e "require('net').connect(${port}, '127.0.0.1').on('data', (d) => console.log(String(d))).on('error', (e) => { console.log(e.code); process.exit(9); })"`;
    const open = await attest(["run", "--dry-run", "--json", "--", "sh", "-c", ask], {
      cwd: project.cwd,
      env: project.env,
    });
    expect({ code: open.code, said: open.stderr }).toEqual({ code: 0, said: "reached\n" });
    expect(await sandboxed(copyOf(project), ask)).toMatchObject({ code: 9 });
    server.close();
  });

  test("writes to the project and to its own /tmp, and nowhere else", async () => {
    const here = copyOf(project);
    const ran = await sandboxed(
      here,
      `touch inside; touch /tmp/attest-test-own && ls /tmp; touch ${here.root}/outside /etc/outside || exit 4`,
    );
    expect(ran.code).toBe(4);
    expect(ran.stderr).toMatch(/^attest-test-own$/m);
    expect(existsSync(here.path("inside"))).toBe(true);
    expect(existsSync(join(here.root, "outside"))).toBe(false);
    expect(existsSync("/tmp/attest-test-own")).toBe(false);
  });

  test("does not see our keys", async () => {
    const here = copyOf(project);
    const key = join(here.home, "keys", "signer.pem");
    expect(readFileSync(key, "utf8")).toMatch(/PRIVATE KEY/);
    expect((await sandboxed(here, `test ! -e ${key}`)).code).toBe(0);
    expect((await attest(["run", "--dry-run", "--json", "--", "test", "!", "-e", key], here)).code).toBe(1); // as it is without
  });

  test("does not get at them through what git is told to do afterwards, either", async () => {
    const here = copyOf(project);
    const steal = `printf '#!/bin/sh\\ncat ${here.home}/keys/*.pem > ${here.root}/stolen\\n' > monitor; chmod +x monitor; `;
    const ran = await sandboxed(here, `${steal} git config core.fsmonitor "$PWD/monitor" || exit 6`);
    expect(ran.code).toBe(6); // git's own folder is read-only there
    expect(existsSync(join(here.root, "stolen"))).toBe(false);
  });

  test("does not see credentials, although the project is the user's home", async () => {
    const here = copyOf(project);
    const env = { HOME: here.cwd };
    here.write(".ssh/id", "secret");
    here.write(".npmrc", "secret");
    const ran = await sandboxed(here, "cat .npmrc; ! test -e .ssh/id", env);
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stderr).toBe("");
  });

  test("leaves nothing behind, whatever it starts", async () => {
    const here = copyOf(project);
    const script = `setsid sh -c 'trap "" TERM HUP INT; echo up > up; while :; do sleep 1; done' & while [ ! -s up ]; do sleep 0.01; done`;
    const ran = await sandboxed(here, script, { MARK: here.root });
    expect(ran.code, ran.stderr).toBe(0);
    expect(draftOf(ran).predicate.passedTests).toContain("processes-ended");
    expect(processesWith(`MARK=${here.root}`)).toEqual([]);
  });

  test("writes reports where they are found", async () => {
    const here = copyOf(project);
    const ran = await sandboxed(here, `printf '<testsuite tests="1"><testcase name="a"/></testsuite>' > junit.xml`);
    expect(draftOf(ran).predicate.passedTests).toContain("test/a");
  });
});

test("asked for and not to be had, nothing runs", async () => {
  const here = copyOf(project);
  const nowhere = { cwd: here.cwd, env: { ...here.env, PATH: join(here.root, "bin") } };
  here.write("../bin/git", `#!/bin/sh\nPATH=${process.env["PATH"] ?? ""} exec git "$@"\n`);
  execFileSync("chmod", ["+x", join(here.root, "bin/git")]);
  const ran = await attest(["run", "--sandbox", "--dry-run", "--", "/usr/bin/touch", "ran"], nowhere);
  expect(fault(ran)).toMatchObject({
    error: expect.stringMatching(/\bbubblewrap\b.*\bbwrap\b/),
    hint: expect.stringMatching(/--sandbox\b/),
  });
  expect(ran.code).toBe(2);
  expect(existsSync(here.path("ran"))).toBe(false);
});
