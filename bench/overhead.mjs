// npm run bench: what `attest run` costs a command: a test run of about ten seconds, and one that prints as fast as it can.
//
// The same command by itself and under `attest run --dry-run`, in turns, with the same pipes and nobody slow behind them; medians. Under
// attest thirty variables of its environment are secrets to be looked for in everything that is printed.
//
//     node bench/overhead.mjs [pairs] [megabytes]
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { childrenCpuMs } from "../dist/node/processes.js";

const HERE = fileURLToPath(import.meta.url);
const MAIN = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const LINES = 2000;
/** Of the work between two lines: about five milliseconds on a processor of 2023. */
const ROUNDS = 4_000_000;
const BLOCK = 1024 * 1024;

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

/** @type {(pairs: number, megabytes: number) => Promise<void>} */
async function main(pairs, megabytes) {
  const folder = mkdtempSync(join(tmpdir(), "attest-bench-"));
  try {
    writeFileSync(join(folder, "package.json"), "{}");
    for (const words of ["init -q", "add -A", "-c user.name=a -c user.email=a@example.org commit -qm first"])
      execFileSync("git", words.split(" "), { cwd: folder });
    say(`attest run beside the same command by itself; node ${process.version}, ${cpus().length} processors`);
    say("");
    say("command                            alone   attested    costs  of the processors");
    const nothing = await inTurns(folder, pairs, ["work", "0", "0"]);
    row("that does nothing", nothing, (ms) => `${ms.toFixed(0)} ms`, less);
    const long = await inTurns(folder, pairs, ["work", String(LINES), String(ROUNDS)]);
    row(`of ${LINES} lines in ten seconds`, long, (ms) => `${(ms / 1000).toFixed(2)} s`, share);
    const loud = await inTurns(folder, Math.min(pairs, 3), ["print", String(megabytes)]);
    row(`that prints ${megabytes} MB`, loud, (ms) => `${((megabytes * 1000) / ms).toFixed(0)} MB/s`, times);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @typedef {{ wall: number, cpu: number }} Times in milliseconds; of the processors all that the command and attest took */
/** @typedef {{ alone: Times, attested: Times }} Pair medians */

/** @type {(folder: string, pairs: number, words: string[]) => Promise<Pair>} */
async function inTurns(folder, pairs, words) {
  const command = [process.execPath, HERE, ...words];
  const attest = [process.execPath, MAIN, "run", "--dry-run", "--", ...command];
  const env = { PATH: process.env["PATH"], HOME: folder, F3_ATTEST_HOME: join(folder, "home"), ...secrets() };
  /** @type {Times[]} */
  const alone = [];
  /** @type {Times[]} */
  const attested = [];
  for (let pair = 0; pair <= pairs; pair += 1) {
    const [first, second] = [await timed(command, folder, env), await timed(attest, folder, env)];
    if (pair === 0) continue; // the caches are warm from here on
    alone.push(first);
    attested.push(second);
  }
  return { alone: median(alone), attested: median(attested) };
}

/** @type {(command: string[], cwd: string, env: NodeJS.ProcessEnv) => Promise<Times>} */
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

/** @type {(all: Times[]) => Times} */
const median = (all) => ({ wall: middle(all.map(({ wall }) => wall)), cpu: middle(all.map(({ cpu }) => cpu)) });

/** @type {(numbers: number[]) => number} */
const middle = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;

/** @type {(alone: number, attested: number) => string} */
const less = (alone, attested) => `${(attested - alone).toFixed(0)} ms`;
/** @type {(alone: number, attested: number) => string} */
const share = (alone, attested) => `${((attested / alone - 1) * 100).toFixed(1)} %`;

/** @type {(alone: number, attested: number) => string} */
const times = (alone, attested) => `${(attested / alone).toFixed(1)} ×`;

/** @type {(what: string, pair: Pair, shown: (ms: number) => string, cost: typeof share) => void} */
function row(what, { alone, attested }, shown, cost) {
  const columns = [
    what.padEnd(30),
    shown(alone.wall).padStart(9),
    shown(attested.wall).padStart(10),
    cost(alone.wall, attested.wall).padStart(8),
    less(alone.cpu, attested.cpu).padStart(18),
  ];
  say(columns.join(" "));
}

/** @type {(line: string) => unknown} */
function say(line) {
  return process.stdout.write(`${line}\n`);
}

const [role = "5", ...rest] = process.argv.slice(2);
if (role === "work") work(Number(rest[0]), Number(rest[1]));
else if (role === "print") await print(Number(rest[0]));
else await main(Number(role), Number(rest[0] ?? 200));
