/** What the machine does to a run, row by row of docs/faults.md: nothing is lost, and one message says what stands. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { withLock } from "../../src/node/lock.js";
import { attestProcess as attest, copyOf, ended, MAIN, start, workspace, type Ran, type Workspace } from "./attest.js";
import { processesWith } from "./processes.js";

const PRELOAD = fileURLToPath(new URL("../kill/kill-at.mjs", import.meta.url));
const linux = process.platform === "linux";

let made: Workspace;
let work: Workspace;
beforeAll(async () => {
  made = workspace();
  expect((await made.attest("init", ".", "--origin", "example.org/lab")).code).toBe(0);
  made.write("subject.txt", "what is tested");
});
beforeEach(() => {
  work = copyOf(made);
});

const run = (...command: readonly string[]): readonly string[] => ["run", "--subject", "subject.txt", "--", ...command];
const names = (): string[] => readdirSync(work.path("attestations"));
const results = (): string[] => names().filter((name) => /^test_\w+\.json$/.test(name));

/** That the log is clean, and how many plans are open. */
async function open(): Promise<number> {
  const checked = await work.attestProcess("log", "check", "--json");
  expect(checked.code, checked.stdout).toBe(0);
  return (checked.json() as { readonly open: readonly unknown[] }).open.length;
}

/** With one of the two streams leading there. */
function into(
  stream: "stdout" | "stderr",
  path: string,
  args: readonly string[],
): { code: number | null; other: string } {
  const file = openSync(path, "w");
  const ran = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: work.cwd,
    env: work.env,
    encoding: "utf8",
    stdio: ["ignore", stream === "stdout" ? file : "pipe", stream === "stderr" ? file : "pipe"],
  });
  return { code: ran.status, other: stream === "stdout" ? ran.stderr : ran.stdout };
}

/** What a hint says after its `attest`, as a shell reads it. */
function typed(stderr: string, command: RegExp): string[] {
  const line = command.exec(stderr)?.[1] ?? "";
  expect(line, stderr).not.toBe("");
  return execFileSync("sh", ["-c", `printf '%s\\n' ${line}`], { encoding: "utf8" })
    .trim()
    .split("\n");
}
const KEPT = /^hint: .*the result is kept: attest (sign [^;\n]+)/m;

/** The command that keeps what was kept aside. */
async function signKept({ stderr }: Ran, cwd = work.cwd): Promise<void> {
  const signed = await attest(typed(stderr, KEPT), { ...work, cwd });
  expect(signed.code, signed.stderr).toBe(0);
  expect(await open()).toBe(0);
  expect(results()).toHaveLength(1);
}

describe.runIf(linux)("what only talks ends nothing", () => {
  test("a hang-up where there is no terminal, as under nohup", async () => {
    const ran = await work.attestProcess(...run("sh", "-c", "kill -HUP $PPID; sleep 1"));
    expect({ code: ran.code, signal: ran.signal }, ran.stderr).toEqual({ code: 0, signal: null });
    expect(await open()).toBe(0);
  });

  test("a stderr that is full", async () => {
    expect(into("stderr", "/dev/full", run("true")).code).toBe(0);
    expect(results()).toHaveLength(1);
    expect(await open()).toBe(0);
  });

  test("an answer that cannot be written is a fault of its own", async () => {
    expect((await work.attestProcess(...run("true"))).code).toBe(0);
    const { code, other } = into("stdout", "/dev/full", ["verify", "."]);
    expect({ code, other }).toEqual({
      code: 2,
      other: expect.stringMatching(/^error: could not write .*ENOSPC\nhint: .*\n$/m),
    });
  });

  test("a terminal that closes", async (context) => {
    if (spawnSync("python3", ["--version"]).status !== 0)
      context.skip("NOT CHECKED: no python3, which opens terminals");
    const script = `import os, pty, sys
pid, fd = pty.fork()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
said = b""
while b"announced" not in said: said += os.read(fd, 4096)
os.close(fd)
print(os.waitpid(pid, 0)[1] & 127)`;
    const args = ["-c", script, process.execPath, MAIN, ...run("sleep", "1")];
    const signal = execFileSync("python3", args, { cwd: work.cwd, env: work.env, encoding: "utf8" }).trim();
    expect(["0", "1"], "no crash: ended, or SIGHUP").toContain(signal);
    expect(await open()).toBe(0);
  });
});

describe("the result is kept aside, and one command publishes it", () => {
  test("the keyring lost its log while the command ran", async () => {
    const before = readFileSync(work.path("keys/keyring.json"));
    const script = `const fs=require("fs"),f="keys/keyring.json",k=JSON.parse(fs.readFileSync(f));k.logs=[];fs.writeFileSync(f,JSON.stringify(k))`;
    const ran = await work.attestProcess(...run(process.execPath, "-e", script));
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining("the registry changed while") });
    expect(results()).toEqual([]);
    writeFileSync(work.path("keys/keyring.json"), before);
    await signKept(ran);
  });

  test.each(["attestations/evidence", "attestations/log", "keys"])(
    "a link out of the registry at %s",
    async (place) => {
      const outside = join(work.root, "outside");
      mkdirSync(join(work.path("attestations/evidence"), "sha256"), { recursive: true });
      mkdirSync(outside);
      const files = `find ${outside} -type f -exec sha256sum {} + | sort`;
      const script = `mv ${place} ${outside}/it; ln -s ${outside}/it ${place}; ${files} > before`;
      const ran = await work.attestProcess(...run("sh", "-c", script));
      expect(ran.code, ran.stderr).toBe(2);
      expect(execFileSync("sh", ["-c", files], { encoding: "utf8" })).toBe(readFileSync(work.path("before"), "utf8"));
      rmSync(work.path(place));
      renameSync(join(outside, "it"), work.path(place));
      await signKept(ran);
    },
  );

  test("where the temporary folder takes nothing, in the folder of the user's state", async () => {
    writeFileSync(join(work.root, "file"), "");
    const env = { ...work.env, TMPDIR: join(work.root, "file") };
    const outside = join(work.root, "outside");
    mkdirSync(outside);
    const script = `rm -rf attestations/evidence; ln -s ${outside} attestations/evidence`;
    const ran = await attest(run("sh", "-c", script), { ...work, env });
    expect(ran.stderr).toMatch(/the result is kept: attest sign \S*f3-attest-unpublished-/);
    rmSync(work.path("attestations/evidence"));
    await signKept(ran);
  });

  test.each([
    ["what makes it a registry", "attest.json"],
    ["the plan that was announced", "attestations/plan_*.json"],
  ])("%s is gone when the command has run", async (_, files) => {
    mkdirSync(join(work.root, "away"));
    const ran = await work.attestProcess(...run("sh", "-c", `mv ${files} ${join(work.root, "away")}`));
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining("the registry changed while") });
    expect(results()).toEqual([]);
    const [name = ""] = readdirSync(join(work.root, "away"));
    renameSync(join(work.root, "away", name), work.path(files.replace(/[^/]*$/, ""), name));
    await signKept(ran);
  });

  test("its key was rotated meanwhile: the result is kept and named, and the plan can be given up", async () => {
    const home = `F3_ATTEST_HOME=${work.env["F3_ATTEST_HOME"] ?? ""}`;
    const rotate = `${home} ${process.execPath} ${MAIN} key rotate signer next --registry . --reason time`;
    const ran = await work.attest(...run("sh", "-c", rotate));
    expect(ran.code, ran.stderr).toBe(3);
    expect(results()).toEqual([]);
    const [, file = ""] = /the result is kept in (\S+),/.exec(ran.stderr) ?? [];
    expect(JSON.parse(readFileSync(file, "utf8"))).toHaveProperty("predicate");
    const abandon = typed(ran.stderr, /attest (abandon [^;,\n]+),/).map((word) => (word === "NAME" ? "next" : word));
    const given = await work.attest(...abandon);
    expect(given.code, given.stderr).toBe(0);
    expect(await open()).toBe(0);
  });

  test("the command is whole: from another folder, by one of two keys, with blanks in the path", async () => {
    expect((await work.attestProcess("key", "new", "other")).code).toBe(0);
    const [outside, temporary] = [join(work.root, "out side"), join(work.root, "t m p")];
    for (const folder of [outside, temporary]) mkdirSync(folder);
    writeFileSync(join(outside, "subject.txt"), "");
    const script = `mv ${work.path("keys")} ${work.root}/away`;
    const args = [
      "run",
      "--registry",
      work.cwd,
      "--signer",
      "other",
      "--subject",
      "subject.txt",
      "--",
      "sh",
      "-c",
      script,
    ];
    const ran = await attest(args, { cwd: outside, env: { ...work.env, TMPDIR: temporary } });
    expect(ran.code, ran.stderr).toBe(2);
    expect(ran.stderr).not.toContain("run the same command again");
    renameSync(join(work.root, "away"), work.path("keys"));
    await signKept(ran, outside);
  });

  test("a second result for its plan is refused", async () => {
    const before = readFileSync(work.path("keys/keyring.json"));
    const script = `const fs=require("fs"),f="keys/keyring.json",k=JSON.parse(fs.readFileSync(f));k.logs=[];fs.writeFileSync(f,JSON.stringify(k))`;
    const ran = await work.attestProcess(...run(process.execPath, "-e", script));
    writeFileSync(work.path("keys/keyring.json"), before);
    await signKept(ran);
    const again = await work.attestProcess(...typed(ran.stderr, KEPT), "--json");
    expect(again.json()).toMatchObject({ error: { code: "plan-answered" }, exit: 2 });
    expect(results()).toHaveLength(1);
  });
});

/** The command with one of its calls disturbed: the last one that is made for such a file. */
async function disturbed(args: readonly string[], file: RegExp, when: "fail" | "signal" | "signals"): Promise<Ran> {
  const log = join(work.root, "calls");
  const copy = copyOf(work);
  const node = ["--import", PRELOAD];
  await attest(args, { ...copy, env: { ...copy.env, KILL_LOG: log }, node });
  const calls = readFileSync(log, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { at: number; path?: string; to?: string });
  const { at } = calls.findLast(({ path = "", to = "" }) => file.test(`${path} ${to}`)) ?? { at: 0 };
  expect(at, "a call for that file").toBeGreaterThan(0);
  return await attest(args, {
    ...work,
    env: { ...work.env, KILL_AT: String(at), KILL_WHEN: when, KILL_ERRNO: "ENOSPC" },
    node,
  });
}

describe("what is published is one truth", () => {
  test("a result that is there and not in the log yet is not kept aside; one command enters it", async () => {
    const ran = await disturbed(run("true"), /test_\w+\.tlog-proof/, "fail");
    expect(ran.code, ran.stderr).toBe(2);
    expect(ran.stderr).toMatch(
      /test_\w+\.json is published, and not in the log yet: .*ENOSPC\nhint: nothing is lost; .*attest log complete/,
    );
    expect(ran.stderr).not.toMatch(/attest sign|attest abandon/);
    expect(results()).toHaveLength(1);
    for (const time of ["once", "twice"]) expect((await work.attestProcess("log", "complete")).code, time).toBe(0);
    expect(await open()).toBe(0);
    expect(results()).toHaveLength(1);
  });

  test("and where it is not completed by hand, the next publication does that", async () => {
    await disturbed(run("true"), /test_\w+\.tlog-proof/, "fail");
    expect((await work.attestProcess(...run("true"))).code).toBe(0);
    expect(await open()).toBe(0);
    expect(results()).toHaveLength(2);
  });

  test("where the index cannot be written, nothing is published, and the result is kept", async () => {
    const ran = await disturbed(run("true"), /index\/answers\/plan_\w+\/\.test_\w+/, "fail");
    expect(ran.code, ran.stderr).toBe(2);
    expect(ran.stderr).toMatch(/ENOSPC\nhint: .*attest /);
    expect(results()).toEqual([]);
  });

  test("a plan whose test never began is given up by the tool", async () => {
    const ran = await disturbed(run("true"), /plan_\w+\.tlog-proof/, "fail");
    expect(ran.code, ran.stderr).toBe(2);
    expect(ran.stderr).toMatch(/^announcing (plan_\w+)\nabandoned \1: its test never began/);
    expect(await open()).toBe(0);
    expect(results()).toEqual([]);
  });

  test("and where it cannot, one command does", async () => {
    const inTheWay = work.write("attestations/log/tile/entries/000.p", "");
    const ran = await work.attestProcess(...run("true"));
    expect(ran.code, ran.stderr).toBe(2);
    const words = typed(ran.stderr, /^error: .*\nhint: its test never began; when that is fixed: attest (.*)$/m);
    rmSync(inTheWay);
    expect((await work.attestProcess(...words)).code).toBe(0);
    expect((await work.attestProcess(...words)).code, "a second time").toBe(2);
    expect(await open()).toBe(0);
  });
});

test.runIf(linux)("a signal while the result is published waits for it", async () => {
  const ran = await disturbed(run("true"), /test_\w+\.json$/, "signal");
  expect({ code: ran.code, signal: ran.signal }, ran.stderr).toEqual({ code: 0, signal: null });
  expect(results()).toHaveLength(1);
  expect(await open()).toBe(0);
});

test.runIf(linux)("a signal while anything else is published waits too, and then does what it does", async () => {
  expect((await work.attestProcess(...run("true"))).code).toBe(0);
  const [name = ""] = results();
  const ran = await disturbed(["retract", name, "--reason", "x"], /note_\w+\.tlog-proof$/, "signal");
  expect(ran.signal, ran.stderr).toBe("SIGTERM");
  expect(await open()).toBe(0);
});

describe.runIf(linux)("a second signal ends all at once, and the last line names the plan that may be open", () => {
  const LAST = /\nended by a second (\w+): .*; if (plan_\w+) is open there, attest (abandon \2 .*)\n$/;

  test.each([
    ["SIGINT", "INT", 130],
    ["SIGTERM", "TERM", 143],
  ] as const)("%s, of which the command took no notice", async (signal, name, code) => {
    const child = start(run("sh", "-c", `trap 'echo first' ${name}; echo begun; while :; do sleep 1; done`), work);
    const end = ended(child);
    for (let told = 0; told < 2; told += 1) {
      await new Promise((resolve) => child.stdout?.once("data", resolve));
      child.kill(signal);
    }
    const ran = await end;
    expect({ code: ran.code, signal: ran.signal, stdout: ran.stdout }).toEqual({
      code,
      signal: null,
      stdout: "begun\nfirst\n",
    });
    expect(LAST.exec(ran.stderr)?.[1], ran.stderr).toBe(signal);
    await expect.poll(() => processesWith(`PWD=${work.cwd}`), { timeout: 30_000 }).toEqual([]); // they are being ended
    expect(results()).toEqual([]);
    expect((await work.attest(...typed(ran.stderr, /; if plan_\w+ is open there, attest (.*)\n$/))).code).toBe(0);
    expect(await open()).toBe(0);
  });

  test("while the result is published", async () => {
    const ran = await disturbed(run("true"), /test_\w+\.json$/, "signals");
    expect({ code: ran.code, signal: ran.signal }, ran.stderr).toEqual({ code: 143, signal: null });
    expect(LAST.exec(ran.stderr)?.[2], ran.stderr).toBe(/^announcing (plan_\w+)$/m.exec(ran.stderr)?.[1]);
    expect((await work.attest("log", "complete")).code).toBe(0);
    expect(await open()).toBe(0);
    expect(results()).toHaveLength(1);
  });
});

test("a lock that a dead writer left is taken, although its time lies a day ahead", async () => {
  const file = join(work.root, "file");
  mkdirSync(`${file}.lock`);
  const ahead = new Date(Date.now() + 86_400_000);
  utimesSync(`${file}.lock`, ahead, ahead);
  expect(await withLock(file, () => "taken")).toBe("taken");
});

test("where no folder takes the result, its plan is named", async () => {
  const file = join(work.root, "file");
  writeFileSync(file, "");
  const env = { ...work.env, TMPDIR: file, XDG_STATE_HOME: file, HOME: file };
  const script = `rm -rf attestations/evidence; ln -s ${work.root} attestations/evidence`;
  const ran = await attest(run("sh", "-c", script), { ...work, env });
  expect(ran.code, ran.stderr).toBe(2);
  expect(ran.stderr).toMatch(
    /^error: .*a link that leads out.*\nhint: .*the result is lost: .*attest abandon plan_\w+ /m,
  );
});

test("who verifies needs no place to write", async () => {
  expect((await work.attestProcess(...run("true"))).code).toBe(0);
  const state = work.env["XDG_STATE_HOME"] ?? "";
  rmSync(state, { recursive: true, force: true });
  writeFileSync(state, "");
  const [name = ""] = results();
  const ran = await work.attestProcess("verify", `attestations/${name}`);
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.stderr).toMatch(/^this log state is not remembered/);
  expect((await work.attestProcess("audit", ".", "--offline")).code).toBe(0);
  expect(statSync(state).isFile()).toBe(true);
});

test("nor need it be able to look at what it remembers, or at its own keys", async () => {
  expect((await work.attestProcess(...run("true"))).code).toBe(0);
  const state = work.env["XDG_STATE_HOME"] ?? "";
  rmSync(state, { recursive: true, force: true });
  symlinkSync(state, state);
  const file = join(work.root, "file");
  writeFileSync(file, "");
  for (const args of [
    ["verify", ".", "--key", "keys/signer.pub"],
    ["audit", ".", "--offline", "--key", "keys/signer.pub"],
  ]) {
    const ran = await attest(args, { ...work, env: { ...work.env, F3_ATTEST_HOME: file } });
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stderr).toMatch(/^your pins are not known, .*ELOOP$/m);
    expect(ran.stderr).toMatch(/^your own keys are not known: .*ENOTDIR$/m);
  }
});

test("nor a home, where the user is nobody that the machine knows", async (context) => {
  if (process.getuid?.() !== 0) context.skip("NOT CHECKED: only root can become a user without an entry");
  const uid = 54_321;
  const seen = spawnSync(process.execPath, [MAIN, "--version"], { stdio: "ignore", cwd: "/", uid, gid: uid });
  if (seen.status !== 0) context.skip("NOT CHECKED: another user cannot start this program here");
  expect((await work.attestProcess(...run("true"))).code).toBe(0);
  chmodSync(work.root, 0o755);
  const env = { PATH: work.env["PATH"] ?? "" };
  const ran = await attest(["verify", ".", "--key", "keys/signer.pub"], { cwd: work.cwd, env, uid });
  expect(ran.code, ran.stderr).toBe(0);
});

test.runIf(linux)("a working directory that is gone is told as what it is", () => {
  mkdirSync(work.path("gone"));
  const args = ["-c", 'rmdir "$PWD"; exec "$@"', "sh", process.execPath, MAIN, "verify", "..", "--json"];
  const ran = spawnSync("sh", args, { cwd: work.path("gone"), env: work.env, encoding: "utf8" });
  expect(JSON.parse(ran.stdout)).toMatchObject({ error: { code: "io" }, exit: 2 });
});

// Again, since the next run may be another test's.
test.runIf(linux)("what a run that was killed left behind, the next one ends and names", { retry: 3 }, async () => {
  const child = start(run("sh", "-c", "echo begun; sleep 600"), work);
  const end = ended(child);
  await new Promise((resolve) => child.stdout?.once("data", resolve));
  const left = (): number => processesWith(`PWD=${work.cwd}`).filter(({ pid }) => pid !== child.pid).length;
  child.kill("SIGKILL");
  await end;
  const next = await work.attestProcess(...run("true"));
  expect(next.stderr).toMatch(/^ended what a run that was killed had left behind: .*sleep/m);
  expect(left()).toBe(0);
});
