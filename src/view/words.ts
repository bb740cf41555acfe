/** The plain words for every state and its meaning for a reader. Page and terminal share them. */
import type { AuditWord, SignatureWord, TrustWord } from "../core/verify/report.js";
import type { F3 } from "../core/statement/statement.js";
import { tallyOf } from "../core/statement/tally.js";
import { OUTCOMES, type Verdict } from "../core/statement/verdict.js";
import { count, type Wording } from "./wording.js";

export const SIGNATURE: Readonly<Record<SignatureWord, Wording>> = {
  ok: { word: "ok", sentence: "These are exactly the bytes that the key below signed." },
  bad: {
    word: "bad",
    sentence:
      "These are not the bytes that the named key signed. A stray space can cause that, and so can forgery. Nothing of the document is shown.",
  },
  "not-checked": { word: "not checked", sentence: "No signature was checked." },
};

export const TRUST: Readonly<Record<TrustWord, Wording>> = {
  "confirmed-by-you": { word: "confirmed by you", sentence: "You gave this key, from a source of your own." },
  "registry-only": {
    word: "only known from this site",
    sentence:
      "The document and the key came from the same server. Compare the fingerprint with a second source, such as the signer's own profile or a colleague who knows them.",
  },
  retired: { word: "retired", sentence: "By its claimed date, the signature is outside this key's listed validity." },
  revoked: {
    word: "revoked",
    sentence:
      "This key is revoked. Signatures made before the revocation count only if someone you trust saw them; nobody did here.",
  },
  unknown: {
    word: "unknown",
    sentence: "No known key made this signature. A key that a document names proves nothing.",
  },
  "not-checked": { word: "not checked", sentence: "Without a valid signature there is no signer to trust." },
};

export const AUDIT: Readonly<Record<AuditWord, Wording>> = {
  clean: { word: "clean", sentence: "Evidence, log and dates still support what was signed." },
  findings: { word: "findings", sentence: "Something is wrong: see the steps below." },
  "not-checked": { word: "not checked", sentence: "Not everything was checked here: see the steps below." },
};

/** `VALIDATED 3 passed, 1 skipped`: counts follow the word if tests were counted or something was skipped. */
export const verdictLine = (verdict: Verdict, checks: F3["checks"]): string =>
  [verdict, countsWording(checks)].filter(Boolean).join(" ");

/** `3 passed, 1 skipped`. Empty if no check was skipped, because the sentence says it then. */
export function countsWording(checks: F3["checks"]): string {
  const tally = tallyOf(checks);
  if (tally.of === "checks" && tally.skipped === 0) return "";
  const counts = OUTCOMES.flatMap((outcome) => (tally[outcome] === 0 ? [] : [`${tally[outcome]} ${outcome}`]));
  const { retried = 0 } = tally;
  return [...counts, ...(retried > 0 ? [`${retried} only when tried again`] : [])].join(", ");
}

/** With the counts before the reason, for use without a preceding count. */
export function countedWording(verdict: Verdict, checks: F3["checks"]): Wording {
  const { word, sentence } = verdictWording(verdict, checks);
  return { word, sentence: [countsWording(checks), sentence].filter(Boolean).join(". ") };
}

/** The reason for the verdict in one sentence, derived from the checks. */
export function verdictWording(verdict: Verdict, checks: F3["checks"]): Wording {
  const required = checks.filter((check) => check.required);
  const of = (outcome: string): number => required.filter((check) => check.outcome === outcome).length;
  const tried = `${of("passed")} of ${count(required.length, "required check")} passed`;
  const open = [
    of("skipped") > 0 ? `${of("skipped")} skipped` : "",
    of("errored") > 0 ? `${of("errored")} could not be made` : "",
  ].filter(Boolean);
  const sentence =
    verdict === "REFUTED"
      ? `${of("failed")} of ${count(required.length, "required check")} failed: the test speaks against the hypothesis.`
      : verdict === "VALIDATED"
        ? required.length === 1
          ? "The one required check passed."
          : `All ${required.length} required checks passed.`
        : required.length === 0
          ? "No check was required, so nothing was shown either way."
          : `${tried}, ${open.join(", ")}: neither shown nor refuted.`;
  return { word: verdict, sentence };
}

/** For lists: the part before the colon or full stop. */
export const inShort = ({ sentence }: Wording): string => sentence.replace(/(?::.*|\.)$/, "");

export const NO_TEST: Wording = {
  word: "none",
  sentence: "This is a notice about a key, a signature or another attestation, not a test.",
};

export const ONLY_PLANNED: Wording = {
  word: "none yet",
  sentence: "This announces a test before it runs. Its result is a separate document.",
};

export const NO_VERDICT: Wording = {
  word: "not shown",
  sentence: "A verdict is shown only with a valid signature, and only if it follows from the recorded checks.",
};

export const OUTCOME: Readonly<Record<F3["checks"][number]["outcome"], string>> = {
  passed: "✓ passed",
  failed: "✗ failed",
  errored: "! could not be made",
  skipped: "– skipped",
};

export const SOURCE_DATE: Readonly<Record<F3["evidence"][number]["sourceDateKind"], string>> = {
  observed: "recorded during the run",
  "file-mtime": "by the file's own date",
  "git-commit": "by its commit",
  declared: "as declared, unchecked",
  unknown: "unknown",
};

export const PROVES = [
  "This key signed these bytes, and none has changed since.",
  "The verdict follows from the recorded checks; it was recomputed here.",
];

export const DOES_NOT_PROVE = [
  "That the test was run as described, or that the signer is honest or careful.",
  "When the work happened: every date is the signer's own claim.",
  "That linked pages are unchanged, or that nothing was left out.",
  "That the tested version is the one in use today.",
];
