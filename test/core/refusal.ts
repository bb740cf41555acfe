/** The error that a call refuses with: what most tests of a parser ask for. */
import { AttestError } from "../../src/core/errors.js";

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
