/** One of the workers of `verify-many.ts`: it verifies as `attest verify` does, and is told the names piece by piece. */
import { Writable } from "node:stream";
import { AttestError } from "../core/errors.js";
import { Fed, given, serve } from "../node/pool-worker.js";
import { calling } from "./io.js";
import { answers, requestOf, type Asked, type Form } from "./verify-request.js";
import type { Line } from "./verified-words.js";

export interface Task {
  readonly asked: Asked;
  readonly form: Form;
}

export type Answered =
  | { readonly lines: readonly Line[] }
  | { readonly fault: Pick<AttestError, "code" | "message"> & { readonly hint: string | undefined } };

const { data, number } = given();
const { asked, form } = data as Task;
/** All workers would say the same. */
const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
const stderr = number === 0 ? process.stderr : silent;
const names = new Fed<string>();
let found: Line[] = [];
let failed: Promise<Answered> | undefined;

/** Reads the registry once, for all pieces. What is wrong with the registry itself ends all. */
async function verifying(): Promise<Answered> {
  const request = { ...requestOf(asked), names };
  for await (const { one, line } of answers(request, asked, form)) {
    if (one !== undefined && "fault" in one && asked.targets.includes(one.target)) return faultOf(one.fault);
    found.push(line);
  }
  throw new Error("the names of a registry do not end");
}

const faultOf = (error: unknown): Answered => {
  if (!(error instanceof AttestError)) throw error;
  return { fault: { code: error.code, message: error.message, hint: error.hint } };
};

void calling([], { stdin: process.stdin, stdout: silent, stderr, env: process.env, cwd: () => process.cwd() }, () => {
  serve(async (piece): Promise<Answered> => {
    const read = names.feed(piece as readonly string[]).then((): Answered => {
      const lines = found;
      found = [];
      return { lines };
    });
    failed ??= verifying().catch(faultOf);
    return await Promise.race([read, failed]);
  });
  return new Promise<void>(() => undefined);
});
