/** The plain words for every state: what is so, and what that means for a reader. One place, so that page and terminal agree. */
import type { Code } from "../core/codes.js";
import type { AuditWord, Check, Report, SignatureWord, TrustWord } from "../core/report.js";
import { bestSigner } from "../core/signatures.js";
import type { F3 } from "../core/statement.js";
import type { Verdict } from "../core/verdict.js";

export interface Wording {
  readonly word: string;
  readonly sentence: string;
}

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

export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number} ${number === 1 ? one : many}`;

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

/** Of the log, by the code of what was found. Each is a sentence of its own, and none reads like another, or like a bad signature. */
const LOG: Partial<Readonly<Record<Code, Wording>>> = {
  "no-log": {
    word: "names no log",
    sentence: "The statement names no log: were it taken away, nobody would have to notice.",
  },
  "no-proof": {
    word: "not looked up",
    sentence: "It names a log, and nothing of that log is at hand here. That is neither good nor bad news.",
  },
  "log-missing": {
    word: "not in the log",
    sentence:
      "The log that it names has no entry for it. The signature is good all the same: it was signed, and never entered.",
  },
  "log-unproven": {
    word: "not shown to be in the log",
    sentence: "The proof that lies beside it does not fit. The signature is good all the same.",
  },
  "log-backwards": {
    word: "the log went backwards",
    sentence:
      "The log has fewer entries than it had. An old copy of this page looks like that, and so does a log that lost what it had promised to keep.",
  },
  "log-rewritten": {
    word: "the log was rewritten",
    sentence:
      "An earlier entry is another one now, or stands elsewhere. A log that is only ever added to cannot come to that.",
  },
  "log-damaged": {
    word: "the log is damaged",
    sentence: "Its files do not fit each other, or not the key of the log, so nothing that they say counts here.",
  },
  "leaf-format": {
    word: "the log cannot be read",
    sentence:
      "An entry is of a form that this version does not know, so the log was not counted. Take a newer version.",
  },
};

/** What the log says of one document, or of itself. */
export const logWording = (code: Code): Wording => LOG[code] ?? { word: "not shown to be in the log", sentence: "" };

export const NO_PLAN = "nothing was announced beforehand, so nothing is known of other runs";

const ACTIONS: Readonly<Record<string, string>> = {
  retract: "takes an attestation back",
  supersede: "puts another attestation in the place of one",
  abandon: "gives a plan up",
  rotate: "hands a key over to another",
  revoke: "revokes a key",
  receipt: "says that a signature was seen",
};

/** What a notice does, by its entry in the log; a newer version may know more. */
export const actionWords = (action: string): string =>
  Object.hasOwn(ACTIONS, action) ? (ACTIONS[action] ?? action) : `does what this version does not know: ${action}`;

/** What a log cannot say, beside everything that is counted in it. */
export const LOG_LIMITS =
  "Nothing is known of runs that were never announced. And the order of the entries is the operator's own claim: only a checkpoint that a witness signed, with a plan in it and not yet its result, shows to others that the plan came first.";

/** What a browser remembers of a log, against what it is shown now. */
export type MemoryWord =
  "first" | "same" | "grown" | "uncompared" | "backwards" | "rewritten" | "unreadable" | "blocked";

export const MEMORY: Readonly<Record<MemoryWord, Wording>> = {
  first: { word: "first visit", sentence: "This browser has not seen this log before; it remembers it from now on." },
  same: { word: "as before", sentence: "The log is the same as when this browser last saw it." },
  grown: { word: "grown", sentence: "The log holds everything that this browser last saw in it, and more." },
  uncompared: {
    word: "grown, not compared here",
    sentence:
      "The log has more entries than when this browser last saw it. Whether the old ones are still there is told on the log's own page.",
  },
  backwards: { word: "went backwards", sentence: "The log has fewer entries than when this browser last saw it." },
  rewritten: { word: "rewritten", sentence: "The log's earlier entries are not the ones that this browser last saw." },
  unreadable: {
    word: "memory unreadable",
    sentence:
      "What this browser remembered of the log cannot be read any more, so nothing was compared. That says nothing of the log.",
  },
  blocked: {
    word: "no memory",
    sentence:
      "This browser keeps nothing for this page, so whether the log changed since you were last here was not compared.",
  },
};

/** How the log's own page came to what it shows. */
export type LogPageWord =
  | "pending"
  | "checking"
  | "verified"
  | "file"
  | "offline"
  | "log-backwards"
  | "log-rewritten"
  | "log-damaged"
  | "leaf-format";

const EMBEDDED =
  "What follows is what was embedded when the page was built; it was checked for itself, and may be old.";

/** @param size of the log, where it is known */
export function logPageWording(word: LogPageWord, size: number | undefined): Wording {
  switch (word) {
    case "pending":
      return {
        word: "Not checked in this browser",
        sentence:
          "What follows is as the publisher sent it. With scripts on, this page fetches the log and checks it, on your device.",
      };
    case "checking":
      return { word: "Checking", sentence: "Fetching the files of the log from beside this page." };
    case "verified":
      return {
        word: `Holds together, as of state ${size ?? 0}`,
        sentence:
          "Every entry was fetched just now; together they give the root that the log's key signed, and all that this page was built with is still among them. That key is only known from this site.",
      };
    case "file":
      return {
        word: "Not checked: opened from a file",
        sentence: `A page that is opened from a file may fetch nothing, so the log could not be fetched. ${EMBEDDED}`,
      };
    case "offline":
      return { word: "Not checked: the log could not be fetched", sentence: EMBEDDED };
    default: {
      const { word: found, sentence } = logWording(word);
      return { word: found.charAt(0).toUpperCase() + found.slice(1), sentence };
    }
  }
}

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
