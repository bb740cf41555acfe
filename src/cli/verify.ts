/** `attest verify`: what a stranger types. */
import { Option, type Command } from "commander";
import { AttestError } from "../core/errors.js";
import type { Requirements } from "../pipeline/verify/require.js";
import { verifyAll, type Verified } from "../pipeline/verify/verify.js";
import { engine } from "./context.js";
import { EXIT } from "./exit-status.js";
import { exitWith, io } from "./io.js";
import { withKeys, withNotices, withWitnesses, type KeyOptions, type WitnessOptions } from "./key-options.js";
import { collect, withExamples, withJson } from "./options.js";
import { answer, answerJson, Answers, LateProgress, talk } from "./ui.js";
import { brief, inFull, lineOf, Tally, type Line } from "./verified-words.js";
import { answers, requestOf, type Answer, type Asked, type Form } from "./verify-request.js";

interface Options extends KeyOptions, WitnessOptions {
  readonly require?: readonly string[];
  readonly policy?: string;
  readonly recompute?: true;
  readonly verbose?: true;
  readonly json?: true;
  readonly ndjson?: true;
  readonly resume?: string;
}

/** Verifies files, folders, addresses and `-` with the keys in the options and the user's own. */
export const verifyTargets = (targets: readonly string[], options: Omit<Asked, "targets">): Promise<Verified[]> =>
  withProgress((progress) => verifyAll({ ...requestOf({ ...options, targets }), progress }));

async function withProgress<T>(act: (say: (text: string, share?: number) => void) => Promise<T>): Promise<T> {
  const progress = new LateProgress();
  try {
    return await act((text, share) => progress.say(text, share));
  } finally {
    progress.end();
  }
}

export function verifyCommand(attest: Command): void {
  const command = attest
    .command("verify <target...>")
    .description("check attestations: files, registry folders, http(s) addresses, or - for stdin")
    .option(
      "--require <list>",
      "a gate: validated, subject=FILE, DIR or gitCommit:HEX (and no other subject, unless with subject-only), fresh=30d, evidence, logged, witnessed or witnessed=N, not-retracted, no-skips, no-retries, min-signers=N; exit 3 where one is not met",
      collect,
    )
    .option(
      "--policy <file>",
      "a policy file, which also says who may sign what; with --require both must hold",
      once("--policy"),
    )
    .option("--recompute", "recompute the outcomes from the archived observations; exit 4 if that is impossible")
    .option("--verbose", "print every step with the recomputed values")
    .addOption(
      new Option("--ndjson", "print one JSON object for each document, as soon as it is verified").conflicts([
        "json",
        "verbose",
      ]),
    )
    .option(
      "--resume <file>",
      "with --ndjson: skip the documents that its lines in this file answer, unless a key, a notice or a log has changed since",
    );
  withExamples(
    withJson(withNotices(withWitnesses(withKeys(command)))),
    "attest verify demo/attestations/test_*.json",
    "attest verify demo",
    "attest verify demo --key demo/keys/signer.pub",
    "attest verify demo/attestations/test_*.json --recompute",
    "attest verify demo --require evidence,fresh=30d",
    "attest verify demo --json",
    "attest verify demo --ndjson > verified.ndjson",
  ).action(async (targets: readonly string[], options: Options) => {
    io().cwd(); // throws for a directory that is gone: in it nothing is found
    const { require, policy, json, ndjson, verbose = false, ...rest } = options;
    if (rest.resume !== undefined && !ndjson)
      throw new AttestError(
        "usage",
        "--resume goes with --ndjson",
        "add --ndjson, which prints the lines to resume from",
      );
    const asked = { ...rest, targets, ...(await requirements(require, policy)) };
    if (json) return await inOneObject(asked);
    const form = ndjson ? "ndjson" : verbose ? "verbose" : "line";
    const tally = new Tally();
    await withProgress((say) => printed(asked, form, tally, say));
    exitWith(EXIT[tally.outcome]);
    talk(...tally.hint);
  });
}

async function inOneObject(asked: Asked): Promise<void> {
  const verified = await withProgress((progress) => verifyAll({ ...requestOf(asked), progress }));
  const tally = new Tally();
  for (const one of verified) tally.add(lineOf(one, ""));
  const exit = EXIT[tally.outcome];
  exitWith(exit);
  refuseOnlyFault(verified);
  answerJson({ documents: verified.map(brief), exit });
}

/** Each document as soon as it is verified. A single one is shown in full. */
async function printed(
  asked: Asked,
  form: Form,
  tally: Tally,
  progress: (text: string, share?: number) => void,
): Promise<void> {
  const out = new Answers();
  const print = async (line: Line): Promise<void> => {
    tally.add(line);
    await out.add(line.text);
  };
  try {
    const { acrossCores } = await import("./verify-many.js");
    const many = await acrossCores(asked, form, progress);
    if (many !== undefined) for await (const line of many) await print(line);
    else {
      let only: Answer | undefined;
      for await (const answer of answers({ ...requestOf(asked), progress }, asked, form))
        if (form !== "ndjson" && only === undefined && tally.total === 0) only = answer;
        else {
          if (only !== undefined) await print(only.line);
          only = undefined;
          await print(answer.line);
        }
      if (only?.one !== undefined) {
        const { one } = only;
        refuseOnlyFault([one]);
        tally.add(only.line);
        if ("report" in one) answer(inFull(one, one.report, form === "verbose"));
        return;
      }
    }
  } finally {
    await out.flush();
  }
  if (form !== "ndjson") answer("", tally.sentence);
}

function refuseOnlyFault([only, ...more]: readonly Verified[]): void {
  if (only !== undefined && more.length === 0 && "fault" in only) throw only.fault;
}

/** What a gate reads, files and folders among it, is loaded for a gate alone. */
const requirements = async (
  require: readonly string[] | undefined,
  policy: string | undefined,
): Promise<Requirements> =>
  require === undefined && policy === undefined
    ? {}
    : await (await import("../pipeline/verify/require.js")).askedFor(require, policy, engine);

/** Refuses a second policy file, because one would be ignored. */
const once =
  (option: string) =>
  (value: string, before: string | undefined): string => {
    if (before === undefined) return value;
    throw new AttestError("usage", `${option} is given twice`, "put all requirements into one file");
  };
