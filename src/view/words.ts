/** The plain words for every state: what is so, and what that means for a reader. One place, so that page and terminal agree. */
import type { AuditWord, Check, Report, SignatureWord, TrustWord } from "../core/report.js";
import { bestSigner } from "../core/signatures.js";
import type { F3 } from "../core/statement.js";
import type { Verdict } from "../core/verdict.js";
import { logWording } from "./log-words.js";
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
  "confirmed-by-you": { word: "confirmed by you", sentence: "You have this key from a source of your own." },
  "site-only": {
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

/** Why the verdict is what it is, in one sentence made from the checks. */
export function verdictWording(verdict: Verdict, checks: F3["checks"]): Wording {
  const required = checks.filter((check) => check.required);
  const of = (outcome: string): number => required.filter((check) => check.outcome === outcome).length;
  const tried = `${of("passed")} of ${count(required.length, "required check")} passed`;
  const open = [
    of("skipped") > 0 ? `${of("skipped")} not tried` : "",
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

/** For a list, what stands before the colon or the full stop. */
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
  skipped: "– not tried",
};

export const SOURCE_DATE: Readonly<Record<F3["evidence"][number]["sourceDateKind"], string>> = {
  observed: "seen as it happened",
  "file-mtime": "by the file's own date",
  "git-commit": "by its commit",
  declared: "as declared, unchecked",
  unknown: "unknown",
};

/** What was found about the log or the plan and does not fit; the worse first. */
const amiss = (checks: readonly Check[]): Wording | undefined => {
  const log = checks.find(({ name, status }) => name === "log" && status === "failed");
  if (log !== undefined) return logWording(log.code);
  return checks.some(({ name, status }) => name === "plan" && status === "failed")
    ? { word: "not what was announced", sentence: "The result departs from the plan that it names: see below." }
    : undefined;
};

/** Whether the log or the plan speaks against it: then no page is green. */
export const isAmiss = ({ checks, standing }: Report): boolean =>
  amiss(checks) !== undefined || standing?.word === "superseded";

/** A finding here is about what backs the statement, not about what it says. */
const AUDITED: ReadonlySet<string> = new Set(["time", "evidence", "recompute", "plan", "log", "retraction"]);

/** One line that says all four at once, for the top of a page. */
export function headline({ signature, trust, signers, checks, notice, plan, standing }: Report): Wording {
  const failed = checks.find(
    ({ name, status }) => status === "failed" && name !== "trust" && (signature !== "ok" || !AUDITED.has(name)),
  );
  if (signature === "bad") {
    return checks.some((check) => check.code === "signature-missing")
      ? { word: "Not signed", sentence: "There is no signature in this file, so there is nothing to verify." }
      : failed?.code === "signature-duplicate"
        ? { word: "Not a valid set of signatures", sentence: `${failed.detail}.` }
        : { word: "Does not match its signature", sentence: SIGNATURE.bad.sentence };
  }
  if (checks.some((check) => check.code === "engines-disagree"))
    return {
      word: "Could not check",
      sentence: "Two implementations of Ed25519 give two answers about this signature.",
    };
  if (signature === "not-checked") {
    return failed !== undefined
      ? { word: "Not readable as an attestation", sentence: `${failed.detail}.` }
      : {
          word: "Signer unknown",
          sentence:
            "No key at hand made this signature: paste or drop the signer's public key, from a source that you trust.",
        };
  }
  if ((notice !== undefined || plan !== undefined) && trust === "confirmed-by-you" && amiss(checks) === undefined)
    return {
      word: `A signed ${notice === undefined ? "plan" : "notice"}, unchanged`,
      sentence: "These exact bytes were signed with a key that you confirmed.",
    };
  if (checks.some((check) => check.code === "version-newer" || check.code === "predicate-type")) {
    return {
      word: "This verifier is too old for this file",
      sentence: "The signature fits, but the statement is of a kind that this verifier does not know.",
    };
  }
  if (standing?.word === "retracted" && trust !== "revoked")
    return {
      word: "Taken back by its signer",
      sentence: "The signature is good, and its signer does not stand by this any more: see above.",
    };
  if (failed?.name === "policy") return { word: "Signed, but not what was asked for", sentence: `${failed.detail}.` };
  if (failed !== undefined) return { word: "Signed, but it contradicts itself", sentence: `${failed.detail}.` };
  const name = bestSigner(signers)?.name;
  const by = name === undefined ? "" : ` by “${name}”`;
  if (trust === "revoked" || trust === "retired")
    return { word: `Unchanged, but the key is ${TRUST[trust].word}`, sentence: TRUST[trust].sentence };
  const replaced: Wording | undefined =
    standing?.word === "superseded"
      ? { word: "replaced by a later one", sentence: "Its signer put another one in its place: read that one first." }
      : undefined;
  const more = amiss(checks) ?? replaced;
  const signed: Wording =
    trust === "confirmed-by-you"
      ? { word: `Signed${by}, unchanged`, sentence: "These exact bytes were signed with a key that you confirmed." }
      : { word: "Unchanged; signer not confirmed by you", sentence: TRUST["site-only"].sentence };
  if (more === undefined) return signed;
  return { word: `${signed.word}; ${more.word}`, sentence: `${signed.sentence} ${more.sentence}`.trim() };
}

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
