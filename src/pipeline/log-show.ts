/** What a log says by itself, in words: an entry a line, and the plans whose results never came. */
import type { Account, Entry, Planned } from "../core/account.js";
import type { Engine } from "../core/engine.js";
import { logName } from "../core/keyring.js";
import { LogReader } from "../store/log-reader.js";
import { logFolder } from "../store/paths.js";
import { idOf } from "../store/registry-log.js";
import { accountAt } from "./log-account.js";
import { mustHaveLog, type LogPlace } from "./log-place.js";

export interface LogShown {
  readonly logs: readonly { readonly origin: string; readonly key: string; readonly size: number }[];
  readonly entries: readonly Entry[];
  readonly account: Account;
}

/** The log's own signatures are not verified here: that is the check's. @throws AttestError `no-attestations`, `log-format`, `leaf-format`, `network` */
export async function readLogs(place: LogPlace, engine: Engine): Promise<LogShown> {
  mustHaveLog(place);
  const entries: Entry[] = [];
  const logs: { origin: string; key: string; size: number }[] = [];
  for (const [shard, { key }] of place.keyring.logs.entries()) {
    const reader = await LogReader.open((path) => place.read(`${logFolder(shard)}/${path}`), engine);
    for (const [index, leaf] of ((await reader?.leaves()) ?? []).entries()) entries.push({ shard, index, leaf });
    logs.push({ origin: key.name, key: key.id, size: reader?.checkpoint.size ?? 0 });
  }
  return { logs, entries, account: (await accountAt(place, entries, engine)).account };
}

/** Columns, apart by tabs. */
export function entryLine({ shard, index, leaf }: Entry, shards: number): string {
  const at = shards > 1 ? `${logName(shard)} ${index}` : String(index);
  if (leaf.kind === "shard")
    return [
      at,
      "shard",
      `goes on from ${leaf.origin}, which ended with ${counted(leaf.size, "entry", "entries")}`,
    ].join("  ");
  const said =
    leaf.kind === "result"
      ? `${leaf.verdict}${leaf.plan === undefined ? "  no plan" : `  names plan_${leaf.plan.slice(0, 16)}`}`
      : leaf.kind === "plan"
        ? `promised by ${leaf.deadline}`
        : leaf.action;
  return [at, leaf.kind.padEnd(6), leaf.at, idOf(leaf) ?? "", said, shortKey(leaf.keyid)].join("  ");
}

/** `announced 3 days ago (claimed), promised by …, 1 day overdue`. */
export function openLine({ leaf, index, shard, result }: Planned, now: Date, shards: number): string {
  const due = Date.parse(leaf.deadline) - now.getTime();
  const late = due < 0 ? `${span(-due)} overdue` : `due in ${span(due)}`;
  const at = shards > 1 ? `${logName(shard)} ${index}` : String(index);
  const other =
    result === undefined
      ? ""
      : `; ${idOf(result.leaf) ?? ""} names it, and is not shown to be the test that was announced`;
  return `${at}  ${idOf(leaf) ?? ""}  announced ${ago(leaf.at, now)} (claimed), promised by ${leaf.deadline}, ${late}, by ${shortKey(leaf.keyid)}${other}`;
}

export const overdue = ({ leaf }: Planned, now: Date): boolean => Date.parse(leaf.deadline) < now.getTime();

/** What open plans mean and what they do not; the words that no list of them may stand without. */
export const OPEN_MEANS = [
  "An open plan is a test that was announced and whose result is not in the log: it may still run, it may have failed and been kept back.",
  "A result of another test does not answer it.",
  "Nothing is known of runs that were never announced. That a plan came before its result is the operator's own order: only a checkpoint",
  "that holds the plan without its result, and that a witness whom you trust cosigned, proves it to an outsider.",
];

export const shortKey = (keyid: string): string => keyid.slice(0, "SHA256:".length + 8);
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

const ago = (at: string, now: Date): string => {
  const since = now.getTime() - Date.parse(at);
  return since < 0 ? `for ${at}, which is still to come` : `${span(since)} ago`;
};

/** In whole units, the largest that fits. */
function span(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return "less than a minute";
  if (minutes < 120) return counted(minutes, "minute");
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? counted(hours, "hour") : counted(Math.floor(hours / 24), "day");
}
