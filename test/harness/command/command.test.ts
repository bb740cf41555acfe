/** Running a command: how it ended, that its whole tree ends with it, and that a slow reader makes it wait. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { AttestError } from "../../../src/core/errors.js";
import {
  runCommand,
  shellCode,
  type CommandProcessOptions,
  type CommandResult,
} from "../../../src/harness/command/command.js";
import { isAlive, processes } from "../../../src/node/processes.js";
import { temporary } from "../../cli/attest.js";

interface Ran extends CommandResult {
  readonly text: string;
}

async function run(command: readonly string[], options: Partial<CommandProcessOptions> = {}): Promise<Ran> {
  const chunks: Uint8Array[] = [];
  const result = await runCommand(command, {
    cwd: temporary(),
    env: { PATH: process.env["PATH"] ?? "" },
    signal: new AbortController().signal,
    output: (_, chunk) => void chunks.push(chunk),
    ...options,
  });
  return { ...result, text: Buffer.concat(chunks).toString() };
}
const sh = (script: string, options?: Partial<CommandProcessOptions>): Promise<Ran> =>
  run(["sh", "-c", script], options);
const linux = process.platform === "linux";

test("exit codes and output are as the command gave them", async () => {
  const ran = await sh("echo out; echo err >&2; exit 3");
  expect(ran).toMatchObject({ exitCode: 3, signal: null });
  expect(ran.text.split("\n").sort()).toEqual(["", "err", "out"]);
  expect(shellCode(ran)).toBe(3);
  expect(ran.ended).toBeUndefined();
});

test("no shell reads the words", async () => {
  expect((await run(["printf", "%s|", "a b", "$HOME", "*", ""])).text).toBe("a b|$HOME|*||");
});

test.runIf(linux)("words that no program can be given are a fault that is told, and no fault of ours", async () => {
  await expect(run(["true", "x".repeat(2 ** 18)])).rejects.toMatchObject({ code: "command-failed" });
});

test("what a signal ended has no exit code, and a shell's number for it", async () => {
  const ran = await sh("kill -SEGV $$");
  expect(ran).toMatchObject({ exitCode: null, signal: "SIGSEGV" });
  expect(shellCode(ran)).toBe(139);
});

test("stdin is empty", async () => {
  expect((await sh("cat; echo end")).text).toBe("end\n");
});

test.each([
  ["a name that no program has", ["no-such-program-anywhere"], /"no-such-program-anywhere": ENOENT/],
  ["a file that may not be executed", ["/etc/passwd"], /EACCES/],
])("%s cannot be started", async (_, command, message) => {
  const fault = await run(command).catch((error: unknown) => error);
  expect(fault).toBeInstanceOf(AttestError);
  expect(fault).toMatchObject({ code: "command-failed", message: expect.stringMatching(message) });
});

describe("everything ends with the run", () => {
  const pidIn = (folder: string, name: string): number => Number(readFileSync(join(folder, name), "utf8"));
  /** A zombie that nobody has waited for yet has no environment any more. */
  const ended = (pid: number): boolean => isAlive({ pid }) === false || !processes().some((one) => one.pid === pid);

  test("at a timeout, also a shell that waits and ignores the polite signal", async () => {
    const cwd = temporary();
    const ran = await sh("trap '' TERM; echo $$ > pid; sleep 60 & echo $! > child; wait; sleep 60", {
      cwd,
      timeoutMs: 500,
    });
    expect(ran).toMatchObject({ ended: "timeout", signal: "SIGKILL" });
    for (const name of ["pid", "child"]) expect(ended(pidIn(cwd, name)), name).toBe(true);
  });

  test("at an interrupt, with the signal that it was", async () => {
    const over = new AbortController();
    const running = sh("trap 'echo interrupted; exit 7' INT; echo ready; while :; do sleep 0.05; done", {
      signal: over.signal,
      output: (_, chunk) => {
        if (Buffer.from(chunk).includes("ready")) over.abort("SIGINT");
      },
    });
    expect(await running).toMatchObject({ ended: "interrupt", exitCode: 7 });
  });

  test("an interrupt that came before it", async () => {
    expect(await run(["sleep", "60"], { signal: AbortSignal.abort("SIGTERM") })).toMatchObject({ ended: "interrupt" });
  });

  test.runIf(linux)(
    "what left the group, has another session and ignores signals is found, named and ended",
    async () => {
      const cwd = temporary();
      const ran = await sh(
        `setsid sh -c 'trap "" TERM HUP INT; echo $$ > pid; while :; do sleep 1; done' & while [ ! -s pid ]; do sleep 0.01; done`,
        { cwd },
      );
      expect(ran.exitCode).toBe(0);
      expect(ran.survivors).toEqual(expect.arrayContaining(["sh"]));
      expect(ended(pidIn(cwd, "pid"))).toBe(true);
    },
  );

  test.runIf(linux)("nothing is said of a command that leaves nothing behind", async () => {
    expect((await sh("sleep 0.01 & wait")).survivors).toEqual([]);
  });

  test("the work ends with the last that wrote", async () => {
    const cwd = temporary();
    const ran = await sh("{ sleep 0.2; echo late > late; } & echo done", { cwd });
    expect(ran.finishedAt.getTime()).toBeGreaterThanOrEqual(Math.floor(statSync(join(cwd, "late")).mtimeMs));
  });

  test("one that goes on holding the pipe does not keep the run", async () => {
    const ran = await sh("setsid sleep 30 & echo done");
    expect(ran.text).toBe("done\n");
    expect(ran.wallMs).toBeLessThan(30_000);
  });
});

test("a reader that is slow makes the command wait", async () => {
  let [read, most] = [0, 0];
  const ran = await run([process.execPath, "-e", "process.stdout.write(Buffer.alloc(8_000_000))"], {
    output: async (_, chunk) => {
      most = Math.max(most, chunk.length);
      read += chunk.length;
      await new Promise((resolve) => setTimeout(resolve, 1));
    },
  });
  expect({ read, code: ran.exitCode }).toEqual({ read: 8_000_000, code: 0 });
  expect(most).toBeLessThanOrEqual(1 << 17);
});

test.runIf(linux)("processor time and memory are those of the command and its children", async () => {
  const busy =
    "const held = Buffer.alloc(2e8, 1); const until = Date.now() + 2000; while (Date.now() < until) held[0]++;"; // held for some samples, however long the filling takes
  const ran = await sh(`"${process.execPath}" -e "${busy}"; :`);
  expect(ran.cpuMs).toBeGreaterThan(100);
  expect(ran.peakBytes).toBeGreaterThan(1.5e8);
});
