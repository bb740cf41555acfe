/** Every rule of the audit: stable id, severity, meaning, and remedy. Programs and waivers use the id, never a sentence. */

/** `error`: the attestation cannot be relied on as it stands. `warning`: its readers must know about this. */
export type Level = "error" | "warning";

interface Rule {
  readonly level: Level;
  /** What it means that the rule fired. */
  readonly means: string;
  readonly advice: string;
}

const TABLE = {
  // the document itself
  unverified: {
    level: "error",
    means: "the document does not verify, so nothing in it was checked",
    advice: "run attest verify on it, and ask its publisher for the signed document",
  },
  "verdict-not-derived": {
    level: "error",
    means: "the stated verdict, result or lists do not follow from the recorded checks",
    advice: "do not use it: no honest tool signs such a document",
  },
  "key-ended": {
    level: "error",
    means: "the key that signed it was revoked, or was not listed at the time of the signature",
    advice: "ask the signer, over another channel, whether the signature is theirs",
  },
  // what the evidence still says
  "archive-changed": {
    level: "error",
    means: "the archived copy is no longer the bytes that were signed",
    advice: "restore that file in attestations/evidence/ from git or a backup",
  },
  "archive-gone": {
    level: "error",
    means: "the archived copy is missing",
    advice: "restore that file in attestations/evidence/ from git or a backup",
  },
  "evidence-changed": {
    level: "error",
    means: "the bytes have changed since they were signed, and there is no archived copy",
    advice: "look for the old bytes by their digest; if the claim depends on them, retract or supersede it",
  },
  "evidence-gone": {
    level: "error",
    means: "the evidence is gone, and there is no archived copy",
    advice: "look for a copy by its digest; for the next attestation, archive it with attest evidence add",
  },
  "source-changed": {
    level: "warning",
    means: "the source has changed; the archived copy still has the signed bytes",
    advice: "read what has changed, and whether the claim still holds",
  },
  "source-gone": {
    level: "warning",
    means: "the source is gone; the archived copy still has the signed bytes",
    advice: "nothing is lost; point readers to the copy",
  },
  "evidence-moved": {
    level: "warning",
    means: "the same bytes are now in another place",
    advice: "nothing is lost; name the new place in the next run",
  },
  "evidence-blocked": {
    level: "warning",
    means: "its server refuses strangers, or it is in a private network",
    advice: "archive a copy, or cite something public; --allow HOST:PORT permits a place in your own network",
  },
  "evidence-unhashed": {
    level: "warning",
    means: "no digest of its bytes was signed, so nobody can tell whether it has changed",
    advice: "capture it with attest evidence add, so that the next attestation names its digest",
  },
  // whether the evidence ever supported it
  "recompute-mismatch": {
    level: "error",
    means: "the archived observations give other outcomes or measurements than the statement",
    advice: "do not rely on the outcomes; ask for another run",
  },
  "evidence-none": {
    level: "warning",
    means: "a required check has an outcome, but no recorded evidence",
    advice: "record the observations as evidence, or state a criterion over them",
  },
  "evidence-one-origin": {
    level: "warning",
    means: "all cited evidence comes from one host, which could have made all of it up",
    advice: "cite a second source, or archive what the run itself recorded",
  },
  "cited-conflict": {
    level: "warning",
    means: "a cited document states two different verdicts about one thing",
    advice: "find out which of them the claim depends on; the attestation should say so",
  },
  "cited-verdict": {
    level: "error",
    means: "a cited run has another verdict than the attestation says",
    advice: "read the cited bytes; one of the two is wrong",
  },
  "cited-exit-code": {
    level: "error",
    means: "a cited run has another exit code than the attestation says",
    advice: "read the cited bytes; one of the two is wrong",
  },
  "counts-differ": {
    level: "error",
    means: "a count in the text or in a cited report is wrong",
    advice: "count again: the recorded checks decide, not the text",
  },
  "prose-differs": {
    level: "warning",
    means: "a number in the text differs from the measurement that it names",
    advice: "the measurement counts; ask for a corrected attestation that supersedes this one",
  },
  // dates
  "date-order": {
    level: "error",
    means: "the dates are in an impossible order",
    advice: "trust no date of this attestation without a witness",
  },
  "evidence-late": {
    level: "error",
    means: "evidence is dated after the signature that names it",
    advice: "ask how a signature could name bytes that did not exist yet",
  },
  "source-after-work": {
    level: "warning",
    means: "evidence is dated after the work that it is evidence of",
    advice: "ask what was written afterwards, and why",
  },
  // the subject
  "subject-newer": {
    level: "warning",
    means: "the tested version is no longer the current one",
    advice: "the verdict is about the old version; run the test again on the new one",
  },
  "subject-other": {
    level: "warning",
    means: "the given file is not the one that was tested",
    advice: "the verdict is not about this file",
  },
  // other attestations
  "verdict-opposite": {
    level: "error",
    means: "another attestation has the opposite verdict about the same subject",
    advice: "read both; their signers should explain the difference",
  },
  "verdict-opposite-target": {
    level: "warning",
    means: "another attestation about the same target, with another subject, has the opposite verdict",
    advice: "read both: each verdict is about its own subject",
  },
  "not-reproduced": {
    level: "warning",
    means: "a test that should reproduce it has another verdict",
    advice: "read both, and run the test again",
  },
  contradicted: {
    level: "warning",
    means: "a signed attestation contradicts it",
    advice: "read it, and find out who signed it",
  },
  retracted: { level: "error", means: "its signer retracted it", advice: "do not use it; read the reason" },
  superseded: { level: "warning", means: "its signer replaced it with another one", advice: "read that one instead" },
  "relation-dangling": {
    level: "warning",
    means: "it refers to a digest that no known document has",
    advice: "name the registry that has it with --with, or ask the publisher",
  },
  "relation-circular": {
    level: "error",
    means: "attestations refer to each other in a circle, so each supports itself",
    advice: "do not count them as support for each other",
  },
  // the plan and the log
  "plan-departed": {
    level: "error",
    means: "the result is not of the test that was announced",
    advice: "ask what was changed after the announcement, and why",
  },
  "result-missing": {
    level: "warning",
    means: "the deadline of an announced test has passed without a result",
    advice: "ask for the result; its publisher can abandon the plan with a reason: attest abandon",
  },
  "history-broken": {
    level: "warning",
    means: "the kept history of audits has a gap, or was changed",
    advice:
      "restore the missing record from git or a backup; until then do not rely on what the pages say about earlier audits",
  },
  log: {
    level: "error",
    means: "the log, its files and the document's entry contradict each other",
    advice: "run attest log check, and keep a copy of what you see",
  },
} as const satisfies Record<string, Rule>;

export type RuleId = keyof typeof TABLE;
export const RULE_IDS = Object.keys(TABLE) as RuleId[];
export const ruleOf = (id: RuleId): Rule => TABLE[id];
/** Rules that cannot be waived, because nothing remains to rely on: the bytes, the verdict, the log. */
export const UNWAIVABLE: ReadonlySet<string> = new Set<RuleId>(["unverified", "verdict-not-derived", "log"]);
export const isRule = (text: string): text is RuleId => Object.hasOwn(TABLE, text);

export interface Finding {
  readonly rule: RuleId;
  /** SHA-256 of the payload. */
  readonly about: string;
  /** Position in that payload: an RFC 6901 pointer such as `/predicate/f3/evidence/0`; empty for the whole. */
  readonly pointer: string;
  /** One sentence. It may quote the document, so `printable` must clean it like any other text. */
  readonly detail: string;
}
