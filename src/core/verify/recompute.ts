/** Recomputes measurements and outcomes from the raw observations and compares them with the statement. */
import { hex, type Bytes } from "../bytes.js";
import {
  judge,
  measured,
  parseObservations,
  permits,
  type Measurement,
  type Observation,
} from "../statement/criterion.js";
import type { Engine } from "../engine.js";
import { AttestError } from "../errors.js";
import { namedAgain } from "../statement/once.js";
import type { CheckList } from "./report.js";
import type { ResultStatement } from "../statement/statement.js";

interface Archive {
  readonly engine: Engine;
  readonly observations?: (sha256: string) => Bytes | undefined;
}

/** Adds the check `recompute` to the list. It is omitted without `observations`. */
export function recompute(
  { predicate: { f3 } }: ResultStatement,
  { observations: read, engine }: Archive,
  ladder: CheckList,
): void {
  if (read === undefined)
    return ladder.notChecked("recompute", "no-recompute", "the outcomes were not recomputed from the observations");
  const impossible = (why: string): void => ladder.notChecked("recompute", "recompute-impossible", why);
  const checks = f3.checks.filter(({ criterion }) => criterion !== undefined);
  const pieces = f3.evidence.filter(({ role }) => role === "observations");
  if (checks.length === 0 || pieces.length === 0)
    return impossible("the statement has no check with a criterion over observations");
  const [again] = namedAgain(f3.evidence, "observations");
  if (again !== undefined) {
    const said = `${again.name}: these observations are named twice, and each counts once`;
    return void ladder.failed("recompute", "recompute-mismatch", said);
  }
  const observations: Observation[] = [];
  for (const { name, digest } of pieces) {
    const bytes = digest.sha256 === undefined ? undefined : read(digest.sha256);
    if (bytes === undefined) return impossible(`${name} is not in the archive`);
    if (hex(engine.sha256(bytes)) !== digest.sha256) return impossible(`${name} is not the bytes that were signed`);
    try {
      observations.push(...parseObservations(bytes));
    } catch (error) {
      if (!(error instanceof AttestError)) throw error;
      return void ladder.failed("recompute", "recompute-mismatch", `${name}: ${error.message}`);
    }
  }
  const values = {
    observations: String(observations.length),
    "computed again": String(checks.length),
    "stated without a criterion": String(f3.checks.length - checks.length),
  };
  for (const { id, outcome, criterion, measurements = [] } of checks) {
    if (criterion === undefined) continue;
    const found = measured(criterion, observations);
    // A skipped check may have been measured partly, and then states no numbers.
    if (measurements.length > 0 && !sameNumbers(measurements, found))
      return ladder.failed("recompute", "recompute-mismatch", `${id}: the observations give other numbers`, values);
    if (!permits(outcome, criterion, found)) {
      const given = judge(criterion, found);
      const said = `${id}: the observations give ${given}, the statement says ${outcome}`;
      return ladder.failed("recompute", "recompute-mismatch", said, values);
    }
  }
  const without = f3.checks.length - checks.length;
  const rest = without === 0 ? "" : `; ${without} without a criterion rest on the run's own word`;
  ladder.passed(
    "recompute",
    `${checks.length} of ${f3.checks.length} checks follow again from ${observations.length} observations${rest}`,
    values,
  );
}

const sameNumbers = (stated: readonly Measurement[], found: readonly Measurement[]): boolean =>
  stated.length === found.length &&
  stated.every(({ name, value, unit }, at) => {
    const again = found[at];
    return again?.name === name && again.value === value && again.unit === unit;
  });
