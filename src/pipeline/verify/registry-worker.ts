/** One of the workers of `registry.ts`. */
import { AttestError } from "../../core/errors.js";
import { Fed, given, serve } from "../../node/pool-worker.js";
import { requestOf, type RegistryOptions, type Told } from "./registry-request.js";
import { effective, verifyEach, type Verified } from "./verify.js";

type Answered = Exclude<Verified, { readonly fault: AttestError }> | { readonly target: string; readonly fault: Told };
export type RegistryAnswer = { readonly answers: readonly Answered[] } | { readonly fault: Told };

const { folder, asked } = given().data as { readonly folder: string; readonly asked: RegistryOptions };
const names = new Fed<string>();
let answers: Answered[] = [];
let ended: Promise<RegistryAnswer> | undefined;

/** Reads the registry once, for all pieces. What is wrong with the registry itself, or with the caller's keys, ends all. */
async function verifying(): Promise<RegistryAnswer> {
  for await (const { verified, read } of verifyEach({ ...requestOf(folder, asked), names })) {
    if ("fault" in verified && verified.target === folder) return { fault: plain(verified.fault) };
    for (const one of read === undefined ? [verified] : effective(read.document, verified))
      answers.push("fault" in one ? { ...one, fault: plain(one.fault) } : one);
  }
  throw new Error("the names of a registry do not end");
}

const plain = ({ code, message, hint }: AttestError): Told => ({ code, message, hint });

function orFault(error: unknown): RegistryAnswer {
  if (error instanceof AttestError) return { fault: plain(error) };
  throw error;
}

serve(async (piece) => {
  const read = names.feed(piece as readonly string[]).then((): RegistryAnswer => {
    const found = answers;
    answers = [];
    return { answers: found };
  });
  ended ??= verifying().catch(orFault);
  return await Promise.race([read, ended]);
});
