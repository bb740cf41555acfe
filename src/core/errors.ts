/** The one error class of this library: a stable code for programs, a sentence and a hint for people. */
import type { Code } from "./codes.js";

/**
 * Recognizes errors of another copy of this class: the program is bundled into one file, and the scenarios that it loads bring their own.
 */
const BRAND = Symbol.for("@f3/attest AttestError");

/**
 * `message` names the fault: lowercase, no full stop. `hint` says what to type next. `code` is stable; `codes.ts` has its meaning and exit
 * status.
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

/** Undefined if the act fails with a coded error. Any other error is a bug and is thrown. */
export function orUndefined<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof AttestError) return undefined;
    throw error;
  }
}

/** The result, or the fault: where one of many may fail, and the others go on. */
export async function orFault<T>(act: () => Promise<T>): Promise<T | AttestError> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof AttestError) return error;
    throw error;
  }
}
