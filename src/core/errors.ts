/** The one error of this library: a stable code for programs, a sentence and a hint for people. */
import type { Code } from "./codes.js";

/** Known across copies of this class: the program is one file, and the tests that it loads come with theirs. */
const BRAND = Symbol.for("@f3/attest AttestError");

/**
 * `message` names the fault, what was expected and what was found: lowercase, no full stop. `hint` says what to do next.
 * `code` is stable; its meaning and exit status stand in `codes.ts`.
 */
export class AttestError extends Error {
  override readonly name = "AttestError";
  readonly code: Code;
  readonly hint: string | undefined;
  readonly [BRAND] = true;

  static override [Symbol.hasInstance](value: unknown): value is AttestError {
    return typeof value === "object" && value !== null && BRAND in value;
  }

  constructor(code: Code, message: string, hint?: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}

/** What was refused with a code is not there for whoever can do without it; a fault of this tool is thrown on. */
export function orUndefined<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof AttestError) return undefined;
    throw error;
  }
}
