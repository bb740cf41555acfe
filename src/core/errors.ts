/** The one error of this library: a stable code for programs, a sentence and a hint for people. */
import type { Code } from "./codes.js";

/**
 * `message` names the fault, what was expected and what was found: lowercase, no full stop. `hint` says what to do next.
 * `code` is stable; its meaning and exit status stand in `codes.ts`.
 */
export class AttestError extends Error {
  override readonly name = "AttestError";
  readonly code: Code;
  readonly hint: string | undefined;

  constructor(code: Code, message: string, hint?: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}
