/** One case of the matrix: its checks, and how it is played. */
import type { Condition, Measure } from "../../../core/statement/criterion.js";
import { computed, type PlannedCheckOf } from "../../../harness/scenario/scenario.js";
import type { Driver } from "../drivers/driver.js";
import type { Stage } from "./stage.js";
import type { StrategyName } from "./strategies.js";

/** The amount of trials. Criteria need fewer, so that some trials may fail for reasons of the machine, but not half of them. */
export interface Load {
  /** Numbers of simultaneous writers, one per round. */
  readonly writers: readonly number[];
  readonly updates: number;
  /** Processes of the naive control. A single one loses nothing, and would show nothing. */
  readonly rivals: number;
  readonly trials: number;
  readonly kills: number;
  readonly readMs: number;
}

export const FULL: Load = { writers: [2, 4, 8, 16], updates: 200, rivals: 8, trials: 20, kills: 40, readMs: 1500 };
export const QUICK: Load = { writers: [8], updates: 150, rivals: 8, trials: 20, kills: 20, readMs: 800 };

export interface CaseSetting {
  readonly driver: Driver;
  /** The way in which the background process under test writes. */
  readonly subject: Extract<StrategyName, "in-place" | "hardened">;
  readonly load: Load;
  /** Progress of this case, 0 to 1. */
  readonly progress: (text: string, share: number) => void;
}

export interface Case {
  /** As in the observations: `T06`. */
  readonly name: string;
  readonly title: string;
  readonly checks: readonly PlannedCheckOf[];
  /** Duration on two cores, for the waiting user. */
  readonly seconds: number;
  /** Omitted in the shorter run. */
  readonly long?: true;
  readonly play: (stage: Stage, setting: CaseSetting) => Promise<void>;
}

/** A required check of a case: its measures, its claims, and the preconditions of a pass. */
export function requiredSetting(
  id: string,
  claim: string,
  measures: readonly Measure[],
  holds: readonly Condition[],
  needs: readonly Condition[] = [],
): PlannedCheckOf {
  return computed({
    id,
    claim,
    required: true,
    criterion: { measures: [...measures], holds: [...holds], needs: [...needs] },
  });
}

type Where = Measure["where"];
export const countedAs = (name: string, where: Where): Measure => ({ name, of: "count", where });
export const bound = (name: string, field: string, where: Where): Measure => ({ name, of: "bound", field, where });
export const over = (
  name: string,
  of: "sum" | "max" | "min" | "p50" | "p99" | "distinct",
  field: string,
  where: Where,
  unit?: string,
): Measure => ({ name, of, field, where, ...(unit !== undefined && { unit }) });

export const exactly = (measure: string, value: number): Condition => ({ measure, is: "=", value });
export const none = (measure: string): Condition => exactly(measure, 0);
export const some = (measure: string): Condition => ({ measure, is: ">", value: 0 });
export const countAtLeast = (measure: string, value: number): Condition => ({ measure, is: "≥", value });
export const countAtMost = (measure: string, value: number): Condition => ({ measure, is: "≤", value });
