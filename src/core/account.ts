/**
 * What a log says by itself: what was planned, how it came out, and what never came. Made from its entries alone, so that nobody need be
 * asked for the documents; and where the entries contradict each other, a finding each.
 */
import { handOversIn, signatureName, type Leaf, type LeafOf } from "./leaf.js";
import { Owners, type HandOver } from "./owner.js";
import { VERDICTS, type Verdict } from "./verdict.js";

export interface Entry {
  /** Which of a registry's logs, from 0. */
  readonly shard: number;
  readonly index: number;
  readonly leaf: Leaf;
}

export interface Logged<K extends "plan" | "result"> {
  readonly shard: number;
  readonly index: number;
  readonly leaf: LeafOf<K>;
  /** Every key that signed it, by the log. */
  readonly keyids: readonly string[];
}

/** What became of a plan. */
export interface Planned extends Logged<"plan"> {
  /** `departed`: what names it as its plan is not the test that was announced, so that it is as good as open. */
  readonly state: "open" | "departed" | "answered" | "abandoned";
  /** The result that answers it, or that departed from it. */
  readonly result?: Logged<"result">;
  /** SHA-256 of the payload of a notice that gives it up. */
  readonly notice?: string;
}

export interface Finding {
  readonly shard: number;
  readonly index: number;
  /** One sentence; quotes nothing but digests, and what the entry's own form allows. */
  readonly detail: string;
}

export interface Account {
  /** Entries of all logs together. */
  readonly size: number;
  readonly plans: readonly Planned[];
  readonly results: readonly Logged<"result">[];
  /** Results by verdict. */
  readonly verdicts: Readonly<Record<Verdict, number>>;
  /** Results that name no plan: nothing is known of how many others there were. */
  readonly unplanned: number;
  /** In the order of the log: plans without a result that fits them, which nobody has given up. */
  readonly open: readonly Planned[];
  /** SHA-256 of payloads that a signer, or a key that came after, took back or replaced. */
  readonly retracted: ReadonlySet<string>;
  readonly superseded: ReadonlySet<string>;
  readonly findings: readonly Finding[];
}

export interface Beside {
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
export function accountOf(
  entries: readonly Entry[],
  { handOvers = [], unsigned = new Set(), departed = new Set() }: Beside = {},
): Account {
  const counting = entries.flatMap(({ leaf }) =>
    leaf.kind === "shard" || unsigned.has(signatureName(leaf)) ? [] : leaf,
  );
  const owners = new Owners([...handOvers, ...handOversIn(counting)]);
  const findings: Finding[] = [];
  const plans = new Map<string, Logged<"plan">>();
  const results = new Map<string, Logged<"result">>();
  const answers = new Map<string, Logged<"result">>();
  const misfits = new Map<string, Logged<"result">>();
  /** Results that were there before their plan was. */
  const unannounced = new Set<Logged<"result">>();
  const abandoned = new Map<string, string>();
  const retracted = new Set<string>();
  const superseded = new Set<string>();
  const seen = new Set<string>();
  /** Who signed what, notices aside. */
  const signers = new Map<string, string[]>();

  for (const { shard, index, leaf } of entries) {
    const find = (detail: string): void => void findings.push({ shard, index, detail });
    if (leaf.kind === "shard") {
      if (index !== 0 || shard === 0) find("a log goes on from another one in the middle of itself");
      continue;
    }
    const signature = `${leaf.payload} ${leaf.signature}`;
    if (seen.has(signature)) find(`the signature ${leaf.signature} is entered twice`);
    seen.add(signature);
    const keyids = signers.get(leaf.payload) ?? [];
    const known = plans.get(leaf.payload) ?? results.get(leaf.payload);
    if (leaf.kind !== "notice") {
      if (known !== undefined && !sameSaying(known.leaf, leaf)) {
        find(`${leaf.payload} is entered with other words than before`);
        continue; // of two that contradict each other the first counts
      }
      keyids.push(leaf.keyid);
      signers.set(leaf.payload, keyids);
    }
    if (leaf.kind === "plan") {
      if (known === undefined) plans.set(leaf.payload, { shard, index, leaf, keyids });
    } else if (leaf.kind === "result") {
      const result = results.get(leaf.payload) ?? { shard, index, leaf, keyids };
      results.set(leaf.payload, result);
      if (leaf.plan === undefined) continue;
      const plan = plans.get(leaf.plan);
      const first = answers.get(leaf.plan);
      if (plan === undefined) {
        if (known === undefined)
          find(`the result ${leaf.payload} names the plan ${leaf.plan}, which was not entered before it`);
        unannounced.add(result);
      } else if (!plan.keyids.includes(leaf.keyid) || unannounced.has(result) || first === result) continue;
      else if (leaf.test !== plan.leaf.test || departed.has(leaf.payload)) {
        if (known === undefined && leaf.test !== plan.leaf.test)
          find(`the result ${leaf.payload} names the plan ${leaf.plan}, and is of another test`);
        misfits.set(leaf.plan, result);
      } else if (first !== undefined)
        find(`the result ${leaf.payload} is a second one for the plan ${leaf.plan}, beside ${first.leaf.payload}`);
      else answers.set(leaf.plan, result);
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
  const all = [...plans.values()].map((plan): Planned => {
    const result = answers.get(plan.leaf.payload);
    if (result !== undefined) return { ...plan, state: "answered", result };
    const notice = abandoned.get(plan.leaf.payload);
    if (notice !== undefined) return { ...plan, state: "abandoned", notice };
    const misfit = misfits.get(plan.leaf.payload);
    return misfit === undefined ? { ...plan, state: "open" } : { ...plan, state: "departed", result: misfit };
  });
  const made = [...results.values()];
  const counted = VERDICTS.map((verdict) => [verdict, made.filter(({ leaf }) => leaf.verdict === verdict).length]);
  return {
    size: entries.length,
    plans: all,
    results: made,
    verdicts: Object.fromEntries(counted) as Record<Verdict, number>,
    unplanned: made.filter(({ leaf }) => leaf.plan === undefined).length,
    open: all.filter(({ state }) => state === "open" || state === "departed"),
    retracted,
    superseded,
    findings: findings.sort((a, b) => a.shard - b.shard || a.index - b.index),
  };
}

/** Any of several signers can be the one who announced it: another key alone is a finding once all of them are known. */
const byAnother = (
  plans: ReadonlyMap<string, Logged<"plan">>,
  { shard, index, leaf, keyids }: Logged<"result">,
): Finding[] => {
  const plan = leaf.plan === undefined ? undefined : plans.get(leaf.plan);
  if (plan === undefined || keyids.some((keyid) => plan.keyids.includes(keyid))) return [];
  return [{ shard, index, detail: `the result ${leaf.payload} is by another key than its plan ${plan.leaf.payload}` }];
};

/** Another signature of the same statement is entered with the same words. */
function sameSaying(one: LeafOf<"plan" | "result">, other: LeafOf<"plan" | "result">): boolean {
  const words = (leaf: LeafOf<"plan" | "result">): string =>
    JSON.stringify([
      leaf.kind,
      leaf.at,
      ...(leaf.kind === "plan" ? [leaf.deadline] : [leaf.verdict, leaf.plan ?? null]),
    ]);
  return words(one) === words(other);
}
