/** The command line as a call in this process, with the folder, the environment and the streams of a process that is not there. */
import { createRequire } from "node:module";
import { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { JsonObject } from "../../src/core/json.js";
import type * as Program from "../../src/cli/program.js";
import type { Ran, Surroundings } from "./attest.js";

const PROGRAM = fileURLToPath(new URL("../../dist/cli/program.js", import.meta.url));
/** What was built, as Node loads it: the bytes that a process runs, in a tenth of the time that it takes to transform the sources. */
const load = createRequire(import.meta.url);

type Given = Pick<Surroundings, "cwd" | "env" | "input">;

/** A process has one working directory and one environment. */
let last: Promise<unknown> = Promise.resolve();

/** One after the other, in the order in which they were asked for. */
export function called(args: readonly string[], given: Given): Promise<Ran> {
  const ran = last.then(() => call(args, given));
  last = ran.catch(() => undefined);
  return ran;
}

async function call(args: readonly string[], { cwd, env, input = "" }: Given): Promise<Ran> {
  const { main } = load(PROGRAM) as typeof Program;
  const [stdout, stderr] = [new Kept(), new Kept()];
  const putBack = inPlaceOf(cwd, env);
  try {
    const stdin = Readable.from([Buffer.from(input)], { objectMode: false });
    const code = await main(args, { stdin, stdout, stderr, env: process.env, cwd: () => process.cwd() });
    const said = stdout.text();
    return { code, signal: null, stdout: said, stderr: stderr.text(), json: () => JSON.parse(said) as JsonObject };
  } finally {
    putBack();
  }
}

class Kept extends Writable {
  readonly #chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(Buffer.from(chunk)); // a copy: what was read may be wiped afterwards
    done();
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}

/** Returns what puts everything back. */
function inPlaceOf(cwd: string, env: Readonly<Record<string, string>>): () => void {
  const before = { cwd: process.cwd(), env: { ...process.env }, execArgv: process.execArgv };
  process.chdir(cwd);
  setEnvironment(env);
  process.execArgv = []; // children get them too
  return () => {
    process.chdir(before.cwd);
    setEnvironment(before.env);
    process.execArgv = before.execArgv;
  };
}

/** In place: what libuv and children see is the real one. */
function setEnvironment(env: Readonly<NodeJS.ProcessEnv>): void {
  for (const name of Object.keys(process.env)) if (env[name] === undefined) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, env);
}
