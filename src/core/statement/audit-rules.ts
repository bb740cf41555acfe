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
    means: "the document does not verify, so nothing in it is looked at",
    advice: "run attest verify on it, and ask its publisher for the one that was signed",
  },
  "verdict-not-derived": {
    level: "error",
    means: "the stated verdict, result or lists are not those that the recorded checks give",
    advice: "do not use it: no tool of this kind signs such a document",
  },
  "key-ended": {
    level: "error",
    means: "the key that signed it was revoked, or is not listed for the time of the signature",
    advice: "ask the signer, by another way, whether the signature is theirs",
  },
  // what the evidence still says
  "archive-changed": {
    level: "error",
    means: "the archived copy is no longer the bytes that were signed",
    advice: "bring that file in attestations/evidence/ back, from git or a backup",
  },
  "archive-gone": {
    level: "error",
    means: "the archived copy is not where it was put",
    advice: "bring that file in attestations/evidence/ back, from git or a backup",
  },
  "evidence-changed": {
    level: "error",
    means: "the bytes are no longer those that were signed, and no archived copy shows what they were",
    advice: "look for the old ones by their digest; if the claim rests on them, retract or supersede",
  },
  "evidence-gone": {
    level: "error",
    means: "there is nothing any more where the evidence was, and no archived copy",
    advice: "look for one by its digest; for the next attestation, archive it with attest evidence add",
  },
  "source-changed": {
    level: "warning",
    means: "the source says something else by now; the archived copy still has what was signed",
    advice: "read what has changed, and whether the claim still holds of it",
  },
  "source-gone": {
    level: "warning",
    means: "the source is no longer there; the archived copy still has what was signed",
    advice: "nothing is lost; readers can be pointed to the copy",
  },
  "evidence-moved": {
    level: "warning",
    means: "the same bytes are now in another place than the one that is named",
    advice: "nothing is lost; name the new place when the test is run again",
  },
  "evidence-blocked": {
    level: "warning",
    means: "whoever serves it refuses strangers, or it lies where no stranger can look",
    advice: "archive a copy, or cite something public; a place in your own network is asked with --allow HOST:PORT",
  },
  "evidence-unhashed": {
    level: "warning",
    means: "no digest of its bytes was signed, so nobody can say whether it has changed",
    advice: "capture it with attest evidence add, so that the next attestation names its digest",
  },
  // whether the evidence ever supported it
  "recompute-mismatch": {
    level: "error",
    means: "the archived observations give other outcomes or measurements than the statement",
    advice: "do not rely on the outcomes; ask for a new run",
  },
  "evidence-none": {
    level: "warning",
    means: "a required check was decided, and nothing that the run recorded backs it",
    advice: "record what was seen as evidence, or state the criterion over observations",
  },
  "evidence-one-origin": {
    level: "warning",
    means: "all cited evidence comes from one host: whoever controls it controls the story",
    advice: "cite a second source, or archive what the run itself recorded",
  },
  "cited-conflict": {
    level: "warning",
    means: "a cited document says two different verdicts of one thing",
    advice: "read which of them the claim rests on; the attestation should say so",
  },
  "cited-verdict": {
    level: "error",
    means: "a cited run came out otherwise than the attestation says",
    advice: "read the cited bytes; one of the two is wrong",
  },
  "cited-exit-code": {
    level: "error",
    means: "a cited run ended with another exit code than the attestation says",
    advice: "read the cited bytes; one of the two is wrong",
  },
  "counts-differ": {
    level: "error",
    means: "a count in words or in a cited report is not the number of things counted",
    advice: "count again: the recorded checks decide, not the words",
  },
  "prose-differs": {
    level: "warning",
    means: "a number in the text is not that of the measurement which it names",
    advice: "the measurement counts; have the text put right in an attestation that supersedes this one",
  },
  // dates
  "date-order": {
    level: "error",
    means: "the dates cannot have come in this order",
    advice: "trust no date of this attestation that a witness did not see",
  },
  "evidence-late": {
    level: "error",
    means: "evidence is said to have come to be after the signature that names it",
    advice: "ask how a signature could name bytes that were not there yet",
  },
  "source-after-work": {
    level: "warning",
    means: "evidence came to be after the work that it is evidence of",
    advice: "ask what was written afterwards, and why",
  },
  // the subject
  "subject-newer": {
    level: "warning",
    means: "what was tested is not the current version any more",
    advice: "read the verdict as one about the old version; run the test again on the new one",
  },
  "subject-other": {
    level: "warning",
    means: "the file at hand is not the one that was tested",
    advice: "do not take the verdict for one about this file",
  },
  // other attestations
  "verdict-opposite": {
    level: "error",
    means: "another attestation comes to the opposite verdict about the same subject",
    advice: "read both; whoever stands by one of them should say why the other came out otherwise",
  },
  "verdict-opposite-target": {
    level: "warning",
    means: "another attestation about the same target, with another subject, comes to the opposite verdict",
    advice: "read both: what was tested differs, and the verdict is about what was tested",
  },
  "not-reproduced": {
    level: "warning",
    means: "a test that was meant to reproduce it came out otherwise",
    advice: "read both, and run it once more",
  },
  contradicted: {
    level: "warning",
    means: "somebody signed that they contradict it",
    advice: "read what they say, and who they are",
  },
  retracted: {
    level: "error",
    means: "its signer took it back",
    advice: "do not use it; read the reason",
  },
  superseded: {
    level: "warning",
    means: "its signer put another one in its place",
    advice: "read that one instead",
  },
  "relation-dangling": {
    level: "warning",
    means: "it refers to something by its digest, and nothing at hand has that digest",
    advice: "name the registry that has it with --with, or ask its publisher for what is meant",
  },
  "relation-circular": {
    level: "error",
    means: "attestations refer to each other in a circle, so that each rests on itself",
    advice: "do not count them as support of each other",
  },
  // the plan and the log
  "plan-departed": {
    level: "error",
    means: "the result is not of the test that was announced",
    advice: "ask what was changed after the announcement, and why",
  },
  "result-missing": {
    level: "warning",
    means: "a test was announced, its deadline has passed, and there is no result",
    advice: "ask for the result; its publisher can give the plan up with a reason: attest abandon",
  },
  "history-broken": {
    level: "warning",
    means: "the history of audits that is kept has a gap, or was changed",
    advice:
      "bring the missing record back, from git or a backup; what the pages say of earlier audits is not to be relied on",
  },
  log: {
    level: "error",
    means: "the log, its files, or the document's place in it do not fit together",
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
