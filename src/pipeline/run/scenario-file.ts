/** Loads a scenario from a file: `attest run ./my-scenario.js`. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { hex } from "../../core/bytes.js";
import { AttestError } from "../../core/errors.js";
import type { Subject } from "../../core/statement/statement.js";
import { derive } from "../../core/statement/verdict.js";
import { describeFile, nameOf, play } from "../../harness/scenario/host-client.js";
import { configurationIn } from "../../harness/command/project.js";
import type { Scenario } from "../../harness/scenario/scenario.js";
import { distinct } from "../../core/statement/once.js";
import { pathsTested } from "../../harness/subject/subject.js";
import { nodeEngine } from "../../node/engine.js";
import { read } from "../../node/reading.js";
import { verdictWording } from "../../view/words.js";

/** A path (by its module extension), not the name of a built-in test. */
export const isScenarioFile = (word: string): boolean => /\.[cm]?[jt]s$/.test(word);

/**
 * Runs its code in a separate process, once for the description and later with `run`. If it names no subject the list is empty, and
 * `ScenarioRunOptions.subject` must be given.
 * @throws AttestError `scenario-format`, `subject-missing` for a missing file that it names, `io`, `interrupted`
 */
export async function loadScenario(
  path: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<Scenario> {
  const bytes = read(path);
  if (bytes === undefined) throw new AttestError("scenario-format", `no such file: ${path}`, "check the path");
  const url = pathToFileURL(resolve(path)).href;
  const { title, hypothesis, checks, notChecked, subject } = await describeFile(url, signal);
  const profile = { describe: "the whole of it", checks, notChecked };
  return {
    name: nameOf(url),
    title,
    hypothesis,
    subject: await subjectsOf(subject),
    configuration: await configurationIn("."),
    relations: [],
    profiles: { default: profile },
    defaultProfile: "default",
    drivers: [],
    source: { sha256: hex(nodeEngine.sha256(bytes)) },
    run: async (probe) => await play(url, probe),
    tell: (reported) => ({ summary: verdictWording(derive(reported).verdict, [...reported]).sentence, sections: [] }),
  };
}

async function subjectsOf(named: readonly (string | Subject)[]): Promise<Subject[]> {
  const all = await Promise.all(
    named.map(async (one) => (typeof one === "string" ? (await pathsTested([one], ".")).subjects("") : one)),
  );
  return distinct(all.flat());
}
