/** How a call refuses, by what does not change with the English: its stable code, and the names and numbers of its sentence. */
import { expect } from "vitest";
import type { Code } from "../../src/core/codes.js";
import { AttestError } from "../../src/core/errors.js";

/** The error that a call refuses with. */
export function refusal(call: () => unknown): AttestError {
  let given: unknown;
  try {
    given = call();
  } catch (error) {
    if (error instanceof AttestError) return error;
    throw error;
  }
  throw new Error(`expected a refusal, got ${JSON.stringify(given).slice(0, 200)}`);
}

export interface Told {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** What a program reads that called a command with `--json`, and it failed. */
export function failure({ code, stdout }: { readonly code: number | null; readonly stdout: string }): Told {
  const { error, exit } = JSON.parse(stdout) as { readonly error: Told; readonly exit: number };
  expect({ code, told: error.message !== "" }).toEqual({ code: exit, told: true });
  return error;
}

/** A sentence with each of these facts in it, whole and in any order; the words around them are nobody's concern. */
export function naming(...facts: readonly (string | number)[]): RegExp {
  const each = facts.map((fact) => {
    const spelled = String(fact).replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    return `(?=[^]*(?<!\\w)${spelled}(?!\\w))`;
  });
  return new RegExp(`^${each.join("")}`);
}

/** A refusal with that code, whose sentence has these facts in it. */
export const withCode = (code: Code, ...facts: readonly (string | number)[]): unknown =>
  expect.objectContaining({ code, message: expect.stringMatching(naming(...facts)) });
