/** Requirements beyond a valid signature by a trusted key: the last step, and the only one that looks at the verdict. */
import type { Check, CheckName, CheckList, Report, SignerReport } from "./report.js";
import type { ResultStatement } from "../statement/statement.js";
import { tallyOf } from "../statement/tally.js";
import { isNamed, meets, subjectWording, unasked, type SubjectName } from "../statement/subject.js";

export interface Policy {
  /** The verdict is VALIDATED. A signed REFUTED is a valid signature, but no pass. */
  readonly validated?: boolean;
  /** All of these were tested, and nothing else: `sha256:HEX`, `gitCommit:HEX`; see `subject.ts` for the syntax. */
  readonly subjects?: readonly string[];
  /** Allow other subjects beside them. */
  readonly subjectOnly?: boolean;
  /** Maximum age by the signer's own claim. */
  readonly maxAgeMs?: number;
  /** All named evidence is available and unchanged. */
  readonly evidence?: boolean;
  /** It is in its log. */
  readonly logged?: boolean;
  /** This many trusted witnesses have seen it in the log. */
  readonly witnessed?: number;
  /** Neither retracted nor superseded, as far as the registry shows. */
  readonly notRetracted?: boolean;
  /** No test and no check was skipped. */
  readonly noSkips?: boolean;
  /** No test needed a retry to pass. */
  readonly noRetries?: boolean;
  /** This many distinct trusted keys have signed. */
  readonly minSigners?: number;
  /** Who may sign what. Every subject must be covered by a rule, and every applicable rule must hold. */
  readonly rules?: readonly PolicyRule[];
}

/** This many of these keys must have signed statements about this subject. No patterns: another spelling is another subject. */
export interface PolicyRule {
  readonly subject: SubjectName;
  /** If given, the rule covers statements with this title only. */
  readonly title?: string | undefined;
  readonly signers: readonly { readonly name: string; readonly keyid: string }[];
  /** From 1 to the number of signers. */
  readonly minSigners: number;
}

/** Combines two policies; the stricter number wins. Only one of them may have rules. */
export function both(one: Policy, other: Policy): Policy {
  const all = [one, other];
  const numbers = (name: "maxAgeMs" | "minSigners" | "witnessed"): number[] =>
    all.flatMap((policy) => policy[name] ?? []);
  const [ages, counts, witnesses] = [numbers("maxAgeMs"), numbers("minSigners"), numbers("witnessed")];
  const rules = all.flatMap((policy) => policy.rules ?? []);
  return {
    validated: all.some(({ validated }) => validated === true),
    evidence: all.some(({ evidence }) => evidence === true),
    ...(all.some(({ logged }) => logged === true) && { logged: true }),
    ...(all.some(({ notRetracted }) => notRetracted === true) && { notRetracted: true }),
    ...(all.some(({ noSkips }) => noSkips === true) && { noSkips: true }),
    ...(all.some(({ noRetries }) => noRetries === true) && { noRetries: true }),
    ...(all.every(({ subjects = [], subjectOnly }) => subjects.length === 0 || subjectOnly === true) &&
      all.some(({ subjectOnly }) => subjectOnly === true) && { subjectOnly: true }),
    subjects: [...new Set(all.flatMap(({ subjects = [] }) => subjects))],
    ...(ages.length > 0 && { maxAgeMs: Math.min(...ages) }),
    ...(counts.length > 0 && { minSigners: Math.max(...counts) }),
    ...(witnesses.length > 0 && { witnessed: Math.max(...witnesses) }),
    ...(rules.length > 0 && { rules }),
  };
}

interface Found {
  readonly statement: ResultStatement;
  readonly signers: readonly SignerReport[];
  /** Results of the earlier steps. */
  readonly checks: readonly Check[];
  readonly logged: Report["logged"];
  readonly standing: Report["standing"];
  readonly now: Date;
}

/** Adds the check `policy` to the list. It is omitted for an empty policy. */
export function checkPolicy(policy: Policy | undefined, found: Found, ladder: CheckList): void {
  const asked = policy === undefined ? [] : requirements(policy, found);
  if (asked.length === 0)
    return ladder.notChecked(
      "policy",
      "no-policy",
      "no requirement was given: a valid signature on a failed test is still valid",
    );
  const values = Object.fromEntries(asked.map(({ name, state, detail }) => [name, state === "met" ? "met" : detail]));
  const having = (state: Requirement["state"]): string =>
    asked
      .filter((one) => one.state === state)
      .map(({ detail }) => detail)
      .join("; ");
  const [unmet, open] = [having("unmet"), having("open")];
  if (unmet !== "") ladder.failed("policy", "policy-unmet", unmet, values);
  else if (open !== "") ladder.notChecked("policy", "policy-open", open, values);
  else ladder.passed("policy", `what was asked is met: ${asked.map(({ name }) => name).join(", ")}`, values);
}

/** Notices and plans are not results, so no requirement about results is met. */
export function refusePolicy(policy: Policy | undefined, what: "notice" | "plan", ladder: CheckList): void {
  if (policy === undefined || Object.keys(policy).length === 0)
    return ladder.notChecked("policy", "no-policy", "no requirement was given");
  ladder.failed("policy", "policy-unmet", `expected a test result, found a ${what}`);
}

interface Requirement {
  readonly name: string;
  readonly state: "met" | "unmet" | "open";
  /** `expected …, found …`. */
  readonly detail: string;
}

function requirements(
  {
    validated,
    subjects = [],
    subjectOnly = false,
    maxAgeMs,
    evidence,
    logged,
    witnessed,
    notRetracted,
    noSkips,
    noRetries,
    minSigners,
    rules,
  }: Policy,
  { statement, signers, checks, now, ...found }: Found,
): Requirement[] {
  const { subject, predicate } = statement;
  const { verdict, signedAt } = predicate.f3;
  const asked: Requirement[] = [];
  const ask = (name: string, met: boolean, detail: string): unknown =>
    asked.push({ name, state: met ? "met" : "unmet", detail });

  if (validated === true) ask("validated", verdict === "VALIDATED", `expected VALIDATED, found ${verdict}`);
  const tally = tallyOf(predicate.f3.checks);
  // Only commands have an exit code. Without a report from its runner, skips and retries are unknown.
  const isCommand = predicate.f3.run.exitCode !== undefined;
  /** Requires zero; undecided if the statement does not say. */
  const none = (name: string, found: number | undefined, what: string): unknown =>
    asked.push({
      name,
      state: found === undefined ? "open" : found === 0 ? "met" : "unmet",
      detail: `expected no test ${what}, found ${found ?? "that the statement does not say"}`,
    });
  if (noSkips === true) {
    const { length } = predicate.f3.checks.filter(({ outcome }) => outcome === "skipped");
    const skipped = Math.max(tally.skipped, length); // a check that is not a test may be skipped too
    none("no-skips", isCommand && tally.of === "checks" && skipped === 0 ? undefined : skipped, "that was skipped");
  }
  if (noRetries === true) {
    const { retried = isCommand ? undefined : 0 } = tally;
    none("no-retries", retried, "that passed only when it was tried again");
  }
  for (const wanted of subjects) {
    const tested = subject.some((one) => meets(one, wanted));
    ask(`subject ${wanted}`, tested, `expected a test of ${wanted}, found ${subject.map(subjectWording).join(", ")}`);
  }
  if (subjects.length > 0 && !subjectOnly) {
    const others = unasked(subject, subjects);
    const detail = `expected a test of what was asked for and of nothing else, found also ${others.map(subjectWording).join(", ")}`;
    ask("no other subject", others.length === 0, detail);
  }
  if (maxAgeMs !== undefined) {
    const age = now.getTime() - Date.parse(signedAt);
    ask("fresh", age <= maxAgeMs, `expected a signature of the last ${days(maxAgeMs)}, found ${signedAt} (claimed)`);
  }
  // Each key signs once: `signature-duplicate` refuses a repetition.
  const trusted = signers.filter(({ signature, trust }) => signature === "ok" && trust === "confirmed-by-you");
  if (minSigners !== undefined) {
    const owners = ownersAmong(trusted).size;
    const detail = `expected ${minSigners} signers whom you trust, found ${owners}`;
    ask("min-signers", owners >= minSigners, detail);
  }
  /** Uses the result of an earlier step. A step that was not made leaves the requirement undecided. */
  const step = (name: string, check: CheckName, expected: string): void => {
    const made = checks.find((one) => one.name === check);
    const state = made?.status === "passed" ? "met" : made?.status === "failed" ? "unmet" : "open";
    asked.push({ name, state, detail: `expected ${expected}, found: ${made?.detail ?? "nothing"}` });
  };
  if (evidence === true) step("evidence", "evidence", "all evidence available");
  if (logged === true) step("logged", "log", "it in the log that it names");
  if (witnessed !== undefined) {
    const seen = found.logged?.witnessed?.by.length ?? 0;
    if (found.logged === undefined) step("witnessed", "log", "it in a log that witnesses saw");
    else ask("witnessed", seen >= witnessed, `expected ${witnessed} witnesses whom you trust, found ${seen}`);
  }
  if (notRetracted === true) {
    const word = found.standing?.word;
    if (word === "superseded")
      ask("not-retracted", false, "expected it neither retracted nor replaced, found it replaced");
    else step("not-retracted", "retraction", "it neither retracted nor replaced");
  }
  if (rules !== undefined) {
    const { title } = predicate.f3;
    const applying = subject.map((one) => rules.filter((rule) => applies(rule, one, title)));
    for (const one of subject.filter((_, at) => applying[at]?.length === 0))
      ask(
        `a rule for ${subjectWording(one)}`,
        false,
        `expected a rule for ${subjectWording(one)} in the policy, found none`,
      );
    for (const rule of new Set(applying.flat())) {
      const { signers: allowed, minSigners: needed } = rule;
      const signed = ownersAmong(trusted.filter(({ keyid }) => allowed.some((one) => one.keyid === keyid)));
      const names = allowed.map(({ name }) => name).join(", ");
      const detail = `expected ${needed} of ${names} to have signed what is about ${about(rule)}, found ${signed.size}`;
      ask(`rule for ${about(rule)}, signed by ${names}`, signed.size >= needed, detail);
    }
  }
  return asked;
}

/** Counts an owner once for any number of keys. */
const ownersAmong = (signers: readonly SignerReport[]): ReadonlySet<string> =>
  new Set(signers.map(({ keyid, owner }) => owner ?? keyid));

const applies = (rule: PolicyRule, subject: ResultStatement["subject"][number], title: string): boolean =>
  isNamed(rule.subject, subject) && (rule.title === undefined || rule.title === title);

const about = ({ subject, title }: PolicyRule): string =>
  `${"name" in subject ? subject.name : subject.uri}${title === undefined ? "" : ` under the title ${JSON.stringify(title)}`}`;

const days = (ms: number): string => {
  const hours = ms / 3_600_000;
  return hours >= 48 ? `${Math.round(hours / 24)} days` : `${Math.round(hours * 10) / 10} hours`;
};
