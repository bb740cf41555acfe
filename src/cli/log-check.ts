/** `attest log check`: rebuilds the whole log and checks everything that depends on it. */
import type { Command } from "commander";
import { EXIT, exitOf } from "./exit-status.js";
import { commandLine } from "../node/command-line.js";
import { checkLogs, type LogCheck } from "../pipeline/log/check.js";
import { logPlace, type LogPlace } from "../pipeline/log/source.js";
import { plural, OPEN_MEANS, openLine, overdue } from "../pipeline/log/show.js";
import { idOf } from "../store/registry-log.js";
import { engine, logMemory, logSigners, readInput, registryArgument } from "./context.js";
import { exitWith, io } from "./io.js";
import { withExamples, withJson } from "./options.js";
import { answer, answerJson, LateProgress, talk } from "./ui.js";

interface Options {
  readonly from?: string;
  readonly json?: true;
}

export function check(log: Command): void {
  const command = log
    .command("check [registry]")
    .description(
      "rebuild a registry's log from its entries, and compare tiles, documents, proofs and what you saw before with it; a folder, a bucket or an address",
    )
    .option("--from <file>", "a checkpoint that you kept: the log must go on from it; - reads it from stdin");
  withExamples(
    withJson(command),
    "attest log check demo",
    "cp demo/attestations/log/checkpoint kept && attest log check demo --from kept",
  ).action(async (target: string | undefined, { from, json }: Options) => {
    const kept = from === undefined ? undefined : await readInput(from);
    const place = await logPlace(registryArgument(target), engine, io().env);
    const progress = new LateProgress();
    const checked = await checkLogs({
      place,
      engine,
      from: kept,
      memory: logMemory(),
      progress: (text, share) => progress.say(text, share),
    }).finally(() => progress.end());
    exitWith(EXIT[checked.outcome]);
    const now = new Date();
    if (json) return answerJson(asJson(checked, place, now));
    answer(inWords(checked, place, now));
    talk(...surroundings(checked, place), ...unfinished(checked, place));
  });
}

function inWords({ shards, account, findings, total }: LogCheck, place: LogPlace, now: Date): string[] {
  const { open, results, verdicts, plans } = account;
  const late = open.filter((plan) => overdue(plan, now)).length;
  return [
    ...findings.map(({ code, detail }) => `${detail} [${code}]`),
    ...(findings.length === 0 ? [] : [""]),
    ...open.map((plan) => `open: ${openLine(plan, now, shards.length)}`),
    ...(open.length === 0 ? [] : [...OPEN_MEANS, ""]),
    ...shards.map(
      ({ named, opened }) =>
        `${named.origin}  ${opened === undefined ? "not readable" : plural(opened.checkpoint.size, "entry", "entries")}${seenBy(opened?.cosigned ?? [])}`,
    ),
    `${plural(results.length, "result")}: ${Object.entries(verdicts)
      .map(([verdict, count]) => `${count} ${verdict}`)
      .join(", ")}`,
    `${plural(plans.length, "plan")}, ${open.length} open, ${late} overdue`,
    findings.length === 0
      ? `clean: ${plural(total, "entry", "entries")} give the ${shards.length === 1 ? "root that is" : "roots that are"} signed, and every document of ${place.target} is the one that its entry says`
      : plural(findings.length, "finding"),
  ];
}

const seenBy = (cosigned: readonly { readonly key: { readonly name: string }; readonly at: number }[]): string =>
  cosigned.map(({ key, at }) => `, cosigned by ${key.name} at ${new Date(at * 1000).toISOString()}`).join("");

/** The basis of this check: who vouches for the log's key, and whether it was the first look. */
function surroundings({ before, findings }: LogCheck, { remote, target }: LogPlace): string[] {
  return [
    remote
      ? `the log's key is taken from the keyring that ${target} serves: another key there would be another log`
      : `the log's key is the one in this folder's keyring`,
    before === undefined
      ? "this is your first check of it here: only later checks can notice that it was replaced"
      : `it had ${plural(before, "entry", "entries")} when you last checked it`,
    ...(findings.length > 0 ? ["nothing of this check is remembered"] : []),
  ];
}

/** Unfinished publications, if this machine writes the log. On any other machine a missing entry is a finding. */
function unfinished({ shards, findings }: LogCheck, { remote, target }: LogPlace): string[] {
  const last = shards.at(-1);
  const ours = !remote && last !== undefined && logSigners(last.listed.key) !== undefined;
  return ours && findings.some(({ code }) => code === "log-missing")
    ? [
        `a publication that was cut short is unfinished, not lost; the next one completes it, or: ${commandLine(["attest", "log", "complete", target])}`,
      ]
    : [];
}

const asJson = (
  { shards, account, findings, total, before, outcome }: LogCheck,
  { target, remote, origin }: LogPlace,
  now: Date,
): unknown => ({
  target,
  origin,
  keyFrom: remote ? "site" : "folder",
  logs: shards.map(({ named, opened }) => ({
    ...named,
    size: opened?.checkpoint.size,
    cosigned: opened?.cosigned.map(({ key, at }) => ({ name: key.name, at: new Date(at * 1000).toISOString() })),
  })),
  size: total,
  before,
  plans: account.plans.length,
  results: account.results.length,
  verdicts: account.verdicts,
  unplanned: account.unplanned,
  open: account.open.map((plan) => ({
    index: plan.index,
    log: shards[plan.shard]?.named.origin,
    id: idOf(plan.entry),
    announced: plan.entry.at,
    deadline: plan.entry.deadline,
    overdue: overdue(plan, now),
  })),
  findings: findings.map((finding) => ({ ...finding, exit: exitOf(finding.code) })),
  exit: EXIT[outcome],
});
