/** Plays all cases of the matrix with one way of writing. */
import type { Probe } from "../../harness/scenario/scenario.js";
import { FULL, QUICK, type Case, type Load, type CaseSetting } from "./stage/case.js";
import { holders, midWrite } from "./cases/crashes.js";
import { endings } from "./cases/endings.js";
import { faults } from "./cases/faults.js";
import { deletion, discovery, reuse } from "./cases/identity.js";
import { beside, creation, updates } from "./cases/load.js";
import { atomicity } from "./cases/readers.js";
import { preservation, projection, replay, visibility } from "./cases/replay.js";
import { notification } from "./cases/watching.js";
import { build } from "./cases/work.js";
import type { Driver } from "./drivers/driver.js";
import { Stage } from "./stage/stage.js";

export const CASES: readonly Case[] = [
  replay,
  visibility,
  preservation,
  projection,
  atomicity,
  updates,
  beside,
  creation,
  reuse,
  endings,
  discovery,
  midWrite,
  holders,
  build,
  notification,
  faults,
  deletion,
];

/** For tests of this scenario: fewer cases, or too little load for a criterion. */
export interface MatrixOptions {
  readonly cases?: readonly Case[];
  readonly load?: Partial<Load>;
}

/** What the shorter run omits, in words. */
export const LEFT_OUT: readonly string[] = CASES.filter(({ long }) => long).map(
  ({ name, title }) => `${name}, ${title}: left out of the shorter run.`,
);

/** If a case breaks off, its own checks are errored, and the next case is played. */
export async function playMatrix(
  probe: Probe,
  driver: Driver,
  subject: CaseSetting["subject"],
  { cases = CASES, load: given }: MatrixOptions = {},
): Promise<void> {
  const load = { ...(probe.quick ? QUICK : FULL), ...given };
  const played = cases.filter(({ long }) => !(long && probe.quick));
  const total = played.reduce((sum, { seconds }) => sum + seconds, 0);
  for (const { checks } of cases.filter((one) => !played.includes(one)))
    for (const { id } of checks) probe.skip(id, "left out of the shorter run");
  const stage = new Stage(probe);
  try {
    let before = 0;
    for (const { name, title, checks, seconds, play } of played) {
      if (probe.signal.aborted) return;
      const progress = (text: string, share: number): void =>
        probe.progress(
          `${name} ${title}${text === "" ? "" : `: ${text}`}`,
          (before + seconds * Math.min(share, 1)) / total,
        );
      progress("", 0);
      probe.note("case", { case: name });
      try {
        await play(stage, { driver, subject, load, progress });
      } catch (error) {
        for (const { id } of checks)
          probe.fault(id, `the case broke off: ${error instanceof Error ? error.message : String(error)}`);
      }
      before += seconds;
    }
  } finally {
    stage.close();
  }
}
