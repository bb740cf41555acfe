/** What a tested command started carries a mark that names its run; so what outlives a run that was killed is found by the next one. */
import { randomBytes } from "node:crypto";
import { isAlive, processes, thisProcess, variableOf } from "../../node/processes.js";

const NAME = "ATTEST_RUN";

export interface RunMark {
  readonly name: string;
  readonly value: string;
}

/** Of one command of this process: which process that is, and where its number counts. */
export function newRunMark(): RunMark {
  const { pid, start = "", machine = "" } = thisProcess();
  return { name: NAME, value: [randomBytes(12).toString("hex"), pid, start, machine].join(" ") };
}

/**
 * Ends what runs left behind whose own process is gone; the names of what was ended. Of runs of other containers nothing is known, and a
 * run that is itself a part of such a test ends nothing of it.
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
      return []; // another user's, or gone by itself
    }
  });
}
