/**
 * What a log shows by itself: plans, their results, and results that never came. It uses entries only, no documents. Contradictions between
 * entries become findings.
 */
import { handOversIn, signatureName, type LogEntry, type EntryOf } from "./entry.js";
import { Owners, type HandOver } from "../keys/owner.js";
import { VERDICTS, type Verdict } from "../statement/verdict.js";

export interface NumberedEntry {
  /** Index of the log within its registry, from 0. */
  readonly shard: number;
  readonly index: number;
  readonly entry: LogEntry;
}

export interface LoggedEntry<K extends "plan" | "result"> {
  readonly shard: number;
  readonly index: number;
  readonly entry: EntryOf<K>;
  /** Every key that signed it according to the log. */
  readonly keyids: readonly string[];
}

/** The status of a plan. */
export interface PlanStatus extends LoggedEntry<"plan"> {
  /** `departed`: a result names the plan but is of another test, so the plan counts as open. */
  readonly state: "open" | "departed" | "answered" | "abandoned";
  /** The result that answers it or departed from it. */
  readonly result?: LoggedEntry<"result">;
  /** Payload digest of the notice that abandons it. */
  readonly notice?: string;
}

export interface EntryFinding {
  readonly shard: number;
  readonly index: number;
  /** One sentence; it quotes only digests and other values whose form is checked. */
  readonly detail: string;
}

export interface LogSummary {
  /** Entries of all logs together. */
  readonly size: number;
  readonly plans: readonly PlanStatus[];
  readonly results: readonly LoggedEntry<"result">[];
  /** Number of results by verdict. */
  readonly verdicts: Readonly<Record<Verdict, number>>;
  /** Results without a plan. Nothing is known about further unpublished runs. */
  readonly unplanned: number;
  /** Plans without a fitting result that were not abandoned, in log order. */
  readonly open: readonly PlanStatus[];
  /** Payload digests that a signer or a successor key retracted. */
  readonly retracted: ReadonlySet<string>;
  readonly superseded: ReadonlySet<string>;
  readonly findings: readonly EntryFinding[];
}

export interface SummaryOptions {
  /** Further rotations, beside those in the log. */
  readonly handOvers?: readonly HandOver[];
  /** Known signatures (`signatureName`) that are not by the key they name: their entries are ignored. */
  readonly unsigned?: ReadonlySet<string>;
  /**
   * Payload digests that close no plan: results not shown to be of the announced test (`departures`), and abandon notices that are
   * withheld. Closing a plan wrongly harms the reader, so an entry without its document does not close one.
   */
  readonly departed?: ReadonlySet<string>;
}

/** @param entries entries of all logs of a registry, in order */
export function summarize(
  entries: readonly NumberedEntry[],
  { handOvers = [], unsigned = new Set(), departed = new Set() }: SummaryOptions = {},
): LogSummary {
  const counting = entries.flatMap(({ entry }) =>
    entry.kind === "shard" || unsigned.has(signatureName(entry)) ? [] : entry,
  );
  const owners = new Owners([...handOvers, ...handOversIn(counting)]);
  const findings: EntryFinding[] = [];
  const plans = new Map<string, LoggedEntry<"plan">>();
  const results = new Map<string, LoggedEntry<"result">>();
  const answers = new Map<string, LoggedEntry<"result">>();
  const misfits = new Map<string, LoggedEntry<"result">>();
  /** Results entered before their plan. */
  const unannounced = new Set<LoggedEntry<"result">>();
  const abandoned = new Map<string, string>();
  const retracted = new Set<string>();
  const superseded = new Set<string>();
  const seen = new Set<string>();
  /** Who signed what, except notices. */
  const signers = new Map<string, string[]>();

  for (const { shard, index, entry } of entries) {
    const find = (detail: string): void => void findings.push({ shard, index, detail });
    if (entry.kind === "shard") {
      if (index !== 0 || shard === 0) find("a log goes on from another one in the middle of itself");
      continue;
    }
    const signature = `${entry.payload} ${entry.signature}`;
    if (seen.has(signature)) find(`the signature ${entry.signature} is entered twice`);
    seen.add(signature);
    const keyids = signers.get(entry.payload) ?? [];
    const known = plans.get(entry.payload) ?? results.get(entry.payload);
    if (entry.kind !== "notice") {
      if (known !== undefined && !sameSaying(known.entry, entry)) {
        find(`${entry.payload} is entered with other words than before`);
        continue; // of two contradictory entries the first counts
      }
      keyids.push(entry.keyid);
      signers.set(entry.payload, keyids);
    }
    if (entry.kind === "plan") {
      if (known === undefined) plans.set(entry.payload, { shard, index, entry, keyids });
    } else if (entry.kind === "result") {
      const result = results.get(entry.payload) ?? { shard, index, entry, keyids };
      results.set(entry.payload, result);
      if (entry.plan === undefined) continue;
      const plan = plans.get(entry.plan);
      const first = answers.get(entry.plan);
      if (plan === undefined) {
        if (known === undefined)
          find(`the result ${entry.payload} names the plan ${entry.plan}, which was not entered before it`);
        unannounced.add(result);
      } else if (!plan.keyids.includes(entry.keyid) || unannounced.has(result) || first === result) continue;
      else if (entry.test !== plan.entry.test || departed.has(entry.payload)) {
        if (known === undefined && entry.test !== plan.entry.test)
          find(`the result ${entry.payload} names the plan ${entry.plan}, and is a result of another test`);
        misfits.set(entry.plan, result);
      } else if (first !== undefined)
        find(`the result ${entry.payload} is a second one for the plan ${entry.plan}, beside ${first.entry.payload}`);
      else answers.set(entry.plan, result);
    }
  }
  // Independent of order: a retraction may be entered before what it retracts.
  for (const leaf of counting) {
    if (leaf.kind !== "notice" || leaf.about === undefined) continue;
    const { about, action, keyid } = leaf;
    if (!owners.line(signers.get(about) ?? []).has(keyid)) continue;
    if (action === "abandon" && !departed.has(leaf.payload)) abandoned.set(about, leaf.payload);
    if (action === "retract") retracted.add(about);
    if (action === "supersede") superseded.add(about);
  }

  for (const result of results.values()) if (!unannounced.has(result)) findings.push(...byAnother(plans, result));
  const all = [...plans.values()].map((plan): PlanStatus => {
    const result = answers.get(plan.entry.payload);
    if (result !== undefined) return { ...plan, state: "answered", result };
    const notice = abandoned.get(plan.entry.payload);
    if (notice !== undefined) return { ...plan, state: "abandoned", notice };
    const misfit = misfits.get(plan.entry.payload);
    return misfit === undefined ? { ...plan, state: "open" } : { ...plan, state: "departed", result: misfit };
  });
  const made = [...results.values()];
  const counted = VERDICTS.map((verdict) => [verdict, made.filter(({ entry }) => entry.verdict === verdict).length]);
  return {
    size: entries.length,
    plans: all,
    results: made,
    verdicts: Object.fromEntries(counted) as Record<Verdict, number>,
    unplanned: made.filter(({ entry }) => entry.plan === undefined).length,
    open: all.filter(({ state }) => state === "open" || state === "departed"),
    retracted,
    superseded,
    findings: findings.sort((a, b) => a.shard - b.shard || a.index - b.index),
  };
}

/** Any of several signers may have announced the plan. Another key is a finding only once all signers are known. */
const byAnother = (
  plans: ReadonlyMap<string, LoggedEntry<"plan">>,
  { shard, index, entry, keyids }: LoggedEntry<"result">,
): EntryFinding[] => {
  const plan = entry.plan === undefined ? undefined : plans.get(entry.plan);
  if (plan === undefined || keyids.some((keyid) => plan.keyids.includes(keyid))) return [];
  return [
    { shard, index, detail: `the result ${entry.payload} is by another key than its plan ${plan.entry.payload}` },
  ];
};

/** Another signature of the same statement repeats its entry. */
function sameSaying(one: EntryOf<"plan" | "result">, other: EntryOf<"plan" | "result">): boolean {
  const words = (leaf: EntryOf<"plan" | "result">): string =>
    JSON.stringify([
      leaf.kind,
      leaf.at,
      ...(leaf.kind === "plan" ? [leaf.deadline] : [leaf.verdict, leaf.plan ?? null]),
    ]);
  return words(one) === words(other);
}
