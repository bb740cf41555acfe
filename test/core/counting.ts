/** Results whose checks were computed from observations: what was stated of them, and the archive that holds them. */
import { hex, utf8, type Bytes } from "../../src/core/bytes.js";
import { measured, parseObservations, type Criterion, type Measurement } from "../../src/core/statement/criterion.js";
import type { Json, JsonObject } from "../../src/core/json.js";
import { derive, type Outcome } from "../../src/core/statement/verdict.js";
import { engines } from "./engines.js";
import { statement } from "./making.js";

/** Nothing may have gone wrong, in two trials or more. */
export const CRITERION: Criterion = {
  measures: [
    { name: "wrong", of: "count", where: { wrong: true } },
    { name: "trials", of: "count", where: {} },
    { name: "time", of: "max", field: "ms", where: {}, unit: "ms" },
  ],
  holds: [{ measure: "wrong", is: "=", value: 0 }],
  needs: [{ measure: "trials", is: "≥", value: 2 }],
};

export const GOOD = '{"ms":1,"wrong":false}\n{"ms":2.5,"wrong":false}\n';
export const BAD = '{"ms":1,"wrong":false}\n{"ms":2.5,"wrong":true}\n';
export const FEW = '{"ms":1,"wrong":false}\n';

const digest = (bytes: Bytes): string => hex(engines[0]!.sha256(bytes));

export const numbersOf = (text: string, criterion = CRITERION): Measurement[] =>
  measured(criterion, parseObservations(utf8(text)));

export interface Check {
  readonly outcome?: Outcome;
  readonly criterion?: Criterion | undefined;
  readonly measurements?: readonly Measurement[] | undefined;
}

/** Pieces of evidence by name, with the role that observations have; and a statement of these checks about them. */
export function counted(
  checks: Readonly<Record<string, Check>>,
  observations: Readonly<Record<string, string>>,
  role = "observations",
): JsonObject {
  const made = Object.entries(checks).map(([id, { outcome = "passed", criterion, measurements }]) => ({
    id,
    claim: `${id} holds.`,
    required: true,
    outcome,
    expected: "as claimed",
    observed: "as seen",
    ...(criterion && { criterion }),
    ...(measurements && { measurements }),
  }));
  const { verdict, ...lists } = derive(made);
  const evidence = Object.entries(observations).map(([name, text]) => ({
    name,
    role,
    size: utf8(text).length,
    sourceDateKind: "unknown",
    digest: { sha256: digest(utf8(text)) },
  }));
  return statement({
    predicate: { ...(lists as unknown as JsonObject), f3: { verdict, checks: made as unknown as Json, evidence } },
  });
}

/** What an archive with these texts in it answers. */
export const archive =
  (...texts: readonly string[]) =>
  (sha256: string): Bytes | undefined =>
    texts.map(utf8).find((bytes) => digest(bytes) === sha256);
