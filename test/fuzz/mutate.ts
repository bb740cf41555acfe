/**
 * Documents spoilt on purpose, the same ones for the same seed: as JSON, as an envelope, as bytes, up to three changes on one document.
 *
 * Each case has a seed of its own, one more than the case before. The seed of the case that failed is in the title of the failure:
 *
 *     ATTEST_FUZZ_SEED=123456 npx vitest run --project node test/fuzz       begins with that case
 *     ATTEST_FUZZ_CASES=50000 …                                             looks at more of them
 */
import { utf8, type Bytes } from "../../src/core/bytes.js";
import { parseJson } from "../../src/core/json.js";
import { BYTE_CHANGES } from "./bytes.js";
import { changedEnvelope } from "./envelope.js";
import { random, type Random } from "./random.js";
import { CHANGES, clone, tree, written, type Tree } from "./tree.js";

export interface Mutation {
  readonly seed: number;
  /** What was done, in order. */
  readonly how: readonly string[];
  readonly bytes: Bytes;
}

const chosen = (name: string, otherwise: number): number => {
  const given = process.env[name];
  if (given === undefined || given === "") return otherwise;
  if (!/^\d{1,10}$/.test(given)) throw new Error(`expected ${name} to be a number, found ${given}`);
  return Number(given);
};
export const SEED = chosen("ATTEST_FUZZ_SEED", Math.floor(Math.random() * 2 ** 31));
/** How many cases, where the test has its own number. */
export const cases = (otherwise: number): number => chosen("ATTEST_FUZZ_CASES", otherwise);

const MARKS = [() => "", () => " ", () => "\n", () => "\t\r\n "];

const known = new WeakMap<Bytes, Tree | undefined>();

/** The JSON of a file, or undefined where it is no JSON: read once, and a copy each time. */
function parsed(file: Bytes): Tree | undefined {
  if (!known.has(file)) known.set(file, read(file));
  const value = known.get(file);
  return value && clone(value);
}

function read(file: Bytes): Tree | undefined {
  try {
    return tree(parseJson(file));
  } catch {
    return undefined;
  }
}

function once(file: Bytes, others: readonly Bytes[], draw: Random): { how: string; bytes: Bytes } {
  const level = draw.below(10);
  const other = draw.pick(others);
  const value = level < 8 ? parsed(file) : undefined;
  if (value !== undefined && level >= 5) {
    const changed = changedEnvelope(file, draw, other);
    if (changed !== undefined) return changed;
  }
  if (value !== undefined) {
    const root = { value };
    const [how, change] = draw.pick(Object.entries(CHANGES));
    change(root, draw, parsed(other));
    return { how, bytes: utf8(written(root.value, draw.pick(MARKS))) };
  }
  const [how, change] = draw.pick(Object.entries(BYTE_CHANGES));
  return { how, bytes: change(file, draw, other) };
}

/** The one case of a seed. */
export function mutation(seed: number, documents: readonly Bytes[]): Mutation {
  const draw = random(seed);
  let bytes = draw.pick(documents);
  const how: string[] = [];
  for (let left = draw.pick([1, 1, 1, 2, 3]); left > 0; left -= 1) {
    const changed = once(bytes, documents, draw);
    how.push(changed.how);
    bytes = changed.bytes;
  }
  return { seed, how, bytes };
}

/** So many cases, from a seed on. */
export function* mutations(seed: number, documents: readonly Bytes[], count: number): Generator<Mutation> {
  for (let at = 0; at < count; at += 1) yield mutation(seed + at, documents);
}

/** Runs a check over a case, and says of a failure how to see it again. */
export function looking({ seed, how, bytes }: Mutation, check: (bytes: Bytes) => void): void {
  try {
    check(bytes);
  } catch (error) {
    const text = Buffer.from(bytes).toString().slice(0, 2000);
    throw new Error(`ATTEST_FUZZ_SEED=${seed} (${how.join(", then ")}): ${String(error)}\n${text}`, { cause: error });
  }
}
