/** Processes of a tested command carry a variable that names their run, so that the next run can find processes of a killed one. */
import { randomBytes } from "node:crypto";
import { isAlive, processes, thisProcess, variableOf } from "../../node/processes.js";

const NAME = "ATTEST_RUN";

export interface RunMark {
  readonly name: string;
  readonly value: string;
}

/** The variable for one command of this process: its pid and where the pid is valid. */
export function newRunMark(): RunMark {
  const { pid, start = "", machine = "" } = thisProcess();
  return { name: NAME, value: [randomBytes(12).toString("hex"), pid, start, machine].join(" ") };
}

/**
 * Ends processes of runs whose own process is gone, and returns their names. Runs in other containers cannot be judged. A run inside such a
 * test ends nothing of the outer run.
 */
export function endOrphans(): string[] {
  return processes().flatMap(({ pid, name }) => {
    const mark = variableOf(pid, NAME) ?? "";
    if (mark === process.env[NAME]) return [];
    const [, owner = "", start = "", ...machine] = mark.split(" ");
    if (!/^\d+$/.test(owner) || start === "" || machine.length !== 2) return [];
    if (isAlive({ pid: Number(owner), start, machine: machine.join(" ") }) !== false) return [];
    try {
      process.kill(pid, "SIGKILL");
      return [name];
    } catch {
      return []; // another user's, or already gone
    }
  });
}
