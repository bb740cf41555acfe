/**
 * What `attest run` costs a command: one that does nothing, a test run of about ten seconds, and one that prints as fast as it can. The same
 * command by itself and under `attest run --dry-run`, in turns, with the same pipes and nobody slow behind them. Under attest thirty variables
 * of its environment are secrets to be looked for in everything that is printed.
 */
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { childrenCpuMs } from "../../dist/node/processes.js";
import { median, waitingRounds } from "../measure.mjs";
import { MAIN } from "../processes.mjs";

const HERE = fileURLToPath(import.meta.url);
/** Of the work between two lines: about five milliseconds on a processor of 2023. */
const ROUNDS = 4_000_000;
const BLOCK = 1024 * 1024;

/** @type {(sizes: import("../subject.mjs").Sizes) => readonly { id: string, what: string, words: readonly string[], turns: number }[]} */
function commands({ pick }) {
  const [lines, megabytes, turns] = [pick(2000, 20), pick(200, 1), pick(5, 1)];
  return [
    { id: "overhead-nothing", what: "attest run, of a command that does nothing", words: ["work", "0", "0"], turns },
    {
      id: "overhead-long",
      what: `attest run, of ${lines} lines in some seconds`,
      words: ["work", String(lines), String(ROUNDS)],
      turns: Math.min(turns, 3),
    },
    {
      id: "overhead-loud",
      what: `attest run, of ${megabytes} MB printed`,
      words: ["print", String(megabytes)],
      turns: Math.min(turns, 3),
    },
  ];
}

/** @type {import("../subject.mjs").Subject} */
const subject = {
  name: "overhead",
  rows: (sizes) => commands(sizes).map(({ id, what }) => ({ id, what, against: "the command alone" })),
  async *run(bench) {
    const folder = mkdtempSync(join(tmpdir(), "attest-bench-"));
    try {
      writeFileSync(join(folder, "package.json"), "{}");
      for (const words of ["init -q", "add -A", "-c user.name=a -c user.email=a@example.org commit -qm first"])
        execFileSync("git", words.split(" "), { cwd: folder });
      const env = { PATH: process.env["PATH"], HOME: folder, F3_ATTEST_HOME: join(folder, "home"), ...secrets() };
      for (const { id, words, turns } of commands(bench)) {
        const command = [process.execPath, HERE, ...words];
        const attested = () => timed([process.execPath, MAIN, "run", "--dry-run", "--", ...command], folder, env);
        const alone = () => timed(command, folder, env);
        if (!bench.quick) await waitingRounds(1, attested, alone); // the files are in memory from here on
        const pairs = await waitingRounds(turns, attested, alone);
        /** @type {(of: "wall" | "cpu") => number} */
        const more = (of) => Math.round(median(pairs.map(([one, other]) => one[of] - other[of])));
        yield [
          id,
          {
            ratios: pairs.map(([one, other]) => one.wall / other.wall),
            facts: { "ms more": more("wall"), "ms more of the processors": more("cpu") },
          },
        ];
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
export default subject;

/** @typedef {{ readonly wall: number, readonly cpu: number }} Times in milliseconds; of the processors all that the command and attest took */

/** @type {(command: readonly string[], cwd: string, env: NodeJS.ProcessEnv) => Promise<Times>} */
function timed([program = "", ...args], cwd, env) {
  return new Promise((done, failed) => {
    const [before, cpuBefore] = [performance.now(), childrenCpuMs() ?? NaN];
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.resume();
    child.stderr.resume();
    child.once("error", failed);
    child.once("close", (code) => {
      const [wall, cpu] = [performance.now() - before, (childrenCpuMs() ?? NaN) - cpuBefore];
      if (code === 0) done({ wall, cpu });
      else failed(new Error(`${args.join(" ")} ended with ${String(code)}`));
    });
  });
}

const secrets = () =>
  Object.fromEntries(
    Array.from({ length: 30 }, (_, at) => [`SERVICE_${at}_TOKEN`, randomBytes(24).toString("base64url")]),
  );

/** A test run: on one processor, a line now and then, the same each time. @type {(lines: number, rounds: number) => void} */
function work(lines, rounds) {
  if (lines > 0) process.stdout.write(`TAP version 13\n1..${lines}\n`);
  let state = 1;
  for (let line = 1; line <= lines; line += 1) {
    for (let round = 0; round < rounds; round += 1) state = (Math.imul(state, 1664525) + 1013904223) | 0;
    process.stdout.write(
      `ok ${line} - src/module-${line % 40}.test.js > does what it is for, case ${line} (${state})\n`,
    );
  }
}

/** @type {(megabytes: number) => Promise<void>} */
async function print(megabytes) {
  const lines = Array.from(
    { length: BLOCK / 64 },
    (_, at) => `[${String(at).padStart(8)}] GET /path/to/some/resource?page=${at % 97} 200`,
  );
  const block = Buffer.from(lines.map((line) => `${line.slice(0, 63).padEnd(63)}\n`).join(""));
  for (let at = 0; at < megabytes; at += 1)
    await new Promise((done) => process.stdout.write(block, () => done(undefined)));
}

if (process.argv[1] === HERE) {
  const [role, ...rest] = process.argv.slice(2);
  if (role === "work") work(Number(rest[0]), Number(rest[1]));
  else await print(Number(rest[0]));
}
