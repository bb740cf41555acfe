/** Shows a log in words: one line per entry, and the plans without a result. */
import type { LogSummary, NumberedEntry, PlanStatus } from "../../core/log/summary.js";
import type { Engine } from "../../core/engine.js";
import { logFolderName } from "../../core/keys/keyring.js";
import { LogReader } from "../../store/log-reader.js";
import { logFolder } from "../../store/paths.js";
import { idOf } from "../../store/registry-log.js";
import { summaryAt } from "./summary.js";
import { mustHaveLog, type LogPlace } from "./source.js";

export interface LogShown {
  readonly logs: readonly { readonly origin: string; readonly key: string; readonly size: number }[];
  readonly entries: readonly NumberedEntry[];
  readonly account: LogSummary;
}

/** Does not verify the log's signatures; `log check` does. @throws AttestError `no-attestations`, `log-format`, `leaf-format`, `network` */
export async function showLogs(place: LogPlace, engine: Engine): Promise<LogShown> {
  mustHaveLog(place);
  const entries: NumberedEntry[] = [];
  const logs: { origin: string; key: string; size: number }[] = [];
  for (const [shard, { key }] of place.keyring.logs.entries()) {
    const reader = await LogReader.open((path) => place.read(`${logFolder(shard)}/${path}`), engine);
    for (const [index, leaf] of ((await reader?.leaves()) ?? []).entries()) entries.push({ shard, index, entry: leaf });
    logs.push({ origin: key.name, key: key.id, size: reader?.checkpoint.size ?? 0 });
  }
  return { logs, entries, account: (await summaryAt(place, entries, engine)).account };
}

/** Columns separated by tabs. */
export function entryLine({ shard, index, entry }: NumberedEntry, shards: number): string {
  const at = shards > 1 ? `${logFolderName(shard)} ${index}` : String(index);
  if (entry.kind === "shard")
    return [
      at,
      "shard",
      `goes on from ${entry.origin}, which ended with ${plural(entry.size, "entry", "entries")}`,
    ].join("  ");
  const said =
    entry.kind === "result"
      ? `${entry.verdict}${entry.plan === undefined ? "  no plan" : `  names plan_${entry.plan.slice(0, 16)}`}`
      : entry.kind === "plan"
        ? `promised by ${entry.deadline}`
        : entry.action;
  return [at, entry.kind.padEnd(6), entry.at, idOf(entry) ?? "", said, shortKey(entry.keyid)].join("  ");
}

/** `announced 3 days ago (claimed), promised by …, 1 day overdue`. */
export function openLine({ entry, index, shard, result }: PlanStatus, now: Date, shards: number): string {
  const due = Date.parse(entry.deadline) - now.getTime();
  const late = due < 0 ? `${span(-due)} overdue` : `due in ${span(due)}`;
  const at = shards > 1 ? `${logFolderName(shard)} ${index}` : String(index);
  const other =
    result === undefined
      ? ""
      : `; ${idOf(result.entry) ?? ""} names it, and is not shown to be the test that was announced`;
  return `${at}  ${idOf(entry) ?? ""}  announced ${ago(entry.at, now)} (claimed), promised by ${entry.deadline}, ${late}, by ${shortKey(entry.keyid)}${other}`;
}

export const overdue = ({ entry }: PlanStatus, now: Date): boolean => Date.parse(entry.deadline) < now.getTime();

/** What open plans mean and what they do not mean. Every list of them must include these words. */
export const OPEN_MEANS = [
  "An open plan is a test that was announced and whose result is not in the log: it may still run, or it may have failed and been withheld.",
  "A result of another test does not answer it.",
  "Nothing is known of runs that were never announced. That a plan came before its result is the operator's own order: only a checkpoint",
  "that holds the plan without its result, and that a witness whom you trust cosigned, proves it to an outsider.",
];

export const shortKey = (keyid: string): string => keyid.slice(0, "SHA256:".length + 8);
export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

const ago = (at: string, now: Date): string => {
  const since = now.getTime() - Date.parse(at);
  return since < 0 ? `for ${at}, which is still to come` : `${span(since)} ago`;
};

/** In the largest unit that fits, as a whole number. */
function span(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return "less than a minute";
  if (minutes < 120) return plural(minutes, "minute");
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? plural(hours, "hour") : plural(Math.floor(hours / 24), "day");
}
