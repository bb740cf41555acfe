/** The leaves of a JSON value: where they are, what they hold, and the value with one of them replaced. */
import { isObject, type Json } from "../../../src/core/json.js";

export interface Leaf {
  readonly path: readonly (string | number)[];
  readonly value: Json;
}

/** What holds nothing is a leaf too: [] and {}. */
export function leaves(value: Json, path: readonly (string | number)[] = []): Leaf[] {
  const inner: (readonly [string | number, Json])[] = Array.isArray(value)
    ? (value as readonly Json[]).map((item, at) => [at, item] as const)
    : isObject(value)
      ? Object.entries(value)
      : [];
  return inner.length === 0 ? [{ path, value }] : inner.flatMap(([step, item]) => leaves(item, [...path, step]));
}

/** A copy with another value at a path, or nothing there at all. */
export function replaced(value: Json, [step, ...rest]: readonly (string | number)[], by: Json | undefined): Json {
  if (step === undefined) return by ?? null;
  if (Array.isArray(value)) {
    return (value as readonly Json[]).flatMap((item, at) =>
      at !== step ? [item] : rest.length === 0 && by === undefined ? [] : [replaced(item, rest, by)],
    );
  }
  if (!isObject(value)) throw new Error(`there is no ${step} in ${JSON.stringify(value)}`);
  const { [String(step)]: old, ...others } = value;
  return rest.length === 0 && by === undefined
    ? others
    : { ...others, [String(step)]: replaced(old ?? null, rest, by) };
}
