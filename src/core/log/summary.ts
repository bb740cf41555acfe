/**
 * What a log says by itself: what was planned, how it came out, and what never came. Made from its entries alone, so that nobody need be
 * asked for the documents; and where the entries contradict each other, a finding each.
 */
import { handOversIn, signatureName, type LogEntry, type EntryOf } from "./entry.js";
import { Owners, type HandOver } from "../keys/owner.js";
import { VERDICTS, type Verdict } from "../statement/verdict.js";

export interface NumberedEntry {
  /** Which of a registry's logs, from 0. */
  readonly shard: number;
  readonly index: number;
  readonly entry: LogEntry;
}

export interface LoggedEntry<K extends "plan" | "result"> {
  readonly shard: number;
  readonly index: number;
  readonly entry: EntryOf<K>;
  /** Every key that signed it, by the log. */
  readonly keyids: readonly string[];
}

/** What became of a plan. */
export interface PlanStatus extends LoggedEntry<"plan"> {
  /** `departed`: what names it as its plan is not the test that was announced, so that it is as good as open. */
  readonly state: "open" | "departed" | "answered" | "abandoned";
  /** The result that answers it, or that departed from it. */
  readonly result?: LoggedEntry<"result">;
  /** SHA-256 of the payload of a notice that gives it up. */
  readonly notice?: string;
}

export interface EntryFinding {
  readonly shard: number;
  readonly index: number;
  /** One sentence; quotes nothing but digests, and what the entry's own form allows. */
  readonly detail: string;
}

export interface LogSummary {
  /** Entries of all logs together. */
  readonly size: number;
  readonly plans: readonly PlanStatus[];
  readonly results: readonly LoggedEntry<"result">[];
  /** Results by verdict. */
  readonly verdicts: Readonly<Record<Verdict, number>>;
  /** Results that name no plan: nothing is known of how many others there were. */
  readonly unplanned: number;
  /** In the order of the log: plans without a result that fits them, which nobody has given up. */
  readonly open: readonly PlanStatus[];
  /** SHA-256 of payloads that a signer, or a key that came after, took back or replaced. */
  readonly retracted: ReadonlySet<string>;
  readonly superseded: ReadonlySet<string>;
  readonly findings: readonly EntryFinding[];
}

export interface SummaryOptions {
  /** Hand-overs beside those that the log has. */
  readonly handOvers?: readonly HandOver[];
  /** Signatures (`signatureName`) at hand that are not by the key which they name: their entries say nothing. */
  readonly unsigned?: ReadonlySet<string>;
  /**
   * SHA-256 of payloads that close no plan: of results that are not shown to be of the test which their plan announced (`departures`), and of
   * notices that give a plan up and are kept back. To close a plan is no one's loss but the reader's, so an entry alone does not.
   */
  readonly departed?: ReadonlySet<string>;
}

/** @param entries of all of a registry's logs, in order */
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
  /** Results that were there before their plan was. */
  const unannounced = new Set<LoggedEntry<"result">>();
  const abandoned = new Map<string, string>();
  const retracted = new Set<string>();
  const superseded = new Set<string>();
  const seen = new Set<string>();
  /** Who signed what, notices aside. */
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
        continue; // of two that contradict each other the first counts
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
          find(`the result ${entry.payload} names the plan ${entry.plan}, and is of another test`);
        misfits.set(entry.plan, result);
      } else if (first !== undefined)
        find(`the result ${entry.payload} is a second one for the plan ${entry.plan}, beside ${first.entry.payload}`);
      else answers.set(entry.plan, result);
    }
  }
  // Whatever the order: what is taken back before it is entered is taken back.
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

/** Any of several signers can be the one who announced it: another key alone is a finding once all of them are known. */
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

/** Another signature of the same statement is entered with the same words. */
function sameSaying(one: EntryOf<"plan" | "result">, other: EntryOf<"plan" | "result">): boolean {
  const words = (leaf: EntryOf<"plan" | "result">): string =>
    JSON.stringify([
      leaf.kind,
      leaf.at,
      ...(leaf.kind === "plan" ? [leaf.deadline] : [leaf.verdict, leaf.plan ?? null]),
    ]);
  return words(one) === words(other);
}
