/** The plain words for every state and its meaning for a reader. Page and terminal share them. */
import type { AuditWord, SignatureWord, TrustWord } from "../core/verify/report.js";
import type { F3 } from "../core/statement/statement.js";
import { tallyOf } from "../core/statement/tally.js";
import { OUTCOMES, type Verdict } from "../core/statement/verdict.js";
import { count, type Wording } from "./wording.js";

export const SIGNATURE: Readonly<Record<SignatureWord, Wording>> = {
  ok: { word: "ok", sentence: "These are byte for byte what the key below signed; nothing was changed since." },
  bad: {
    word: "bad",
    sentence:
      "These are not the bytes that the named key signed. A stray space can do that, and so can forgery; nothing in the document is shown.",
  },
  "not-checked": { word: "not checked", sentence: "No signature was checked." },
};

export const TRUST: Readonly<Record<TrustWord, Wording>> = {
  "confirmed-by-you": {
    word: "confirmed by you",
    sentence: "You gave this key, as one that you have from a source of your own.",
  },
  "registry-only": {
    word: "only known from this site",
    sentence: "Whoever serves the document also served the key. Compare its fingerprint with a second source.",
  },
  retired: {
    word: "retired",
    sentence: "By the claimed date, the signature falls outside the time for which this key is listed.",
  },
  revoked: {
    word: "revoked",
    sentence:
      "The key has been withdrawn. Only what somebody whom you trust saw before that can be relied on, and this is not such.",
  },
  unknown: {
    word: "unknown",
    sentence: "No key at hand made this signature. That a document names a key says nothing.",
  },
  "not-checked": { word: "not checked", sentence: "Without a good signature there is no signer to trust or not." },
};

export const AUDIT: Readonly<Record<AuditWord, Wording>> = {
  clean: { word: "clean", sentence: "Evidence, log and dates still back what was signed." },
  findings: { word: "findings", sentence: "Something does not fit: see the checks below." },
  "not-checked": {
    word: "not checked",
    sentence: "Not all that backs this was looked at here: the steps below say what was.",
  },
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
  sentence: "This is a notice about a key, a signature or another attestation, and no test.",
};

export const ONLY_PLANNED: Wording = {
  word: "none yet",
  sentence: "This announces a test before it is run; what came of it stands in its result.",
};

export const NO_VERDICT: Wording = {
  word: "not shown",
  sentence: "A verdict is shown only under a good signature, and only if the recorded checks give it.",
};

export const OUTCOME: Readonly<Record<F3["checks"][number]["outcome"], string>> = {
  passed: "✓ passed",
  failed: "✗ failed",
  errored: "! could not be made",
  skipped: "– skipped",
};

export const SOURCE_DATE: Readonly<Record<F3["evidence"][number]["sourceDateKind"], string>> = {
  observed: "seen as it happened",
  "file-mtime": "by the file's own date",
  "git-commit": "by its commit",
  declared: "as declared, unchecked",
  unknown: "unknown",
};

export const PROVES = [
  "This key signed these bytes, and not one of them has changed since.",
  "The verdict is the one that the recorded checks give; it was computed again.",
];

export const DOES_NOT_PROVE = [
  "That the test was run as described, or that the signer is honest or careful.",
  "When the work happened: every date is the signer's own claim.",
  "That links in the evidence still say the same, or that nothing was left out.",
  "That what was tested is the version in use today.",
];
