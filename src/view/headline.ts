/**
 * The outcome of a verification in one line. Page, list, window title and terminal all take its words and colour from here. It is good only
 * if nothing speaks against it; every finding is part of the line.
 */
import { outcomeOf, type Code } from "../core/codes.js";
import { isBroken, type Check, type Report } from "../core/verify/report.js";
import { bestSigner } from "../core/verify/signatures.js";
import { logWording } from "./log-words.js";
import { count, type Wording } from "./wording.js";
import { SIGNATURE, TRUST } from "./words.js";

export type Tone = "good" | "open" | "bad";

export interface Headline extends Wording {
  readonly tone: Tone;
}

/**
 * The verdict does not make news good or bad: a valid signature on a refuted claim is still valid. News is never good about a retracted
 * attestation, one with a finding, or one with a requested check that was not made.
 */
export function headlineOf(report: Report): Headline {
  const found = findingsOf(report);
  return { ...worded(report, found), tone: toneOf(report, found) };
}

function toneOf({ signature, trust, outcome, standing }: Report, found: readonly Wording[]): Tone {
  if (signature === "bad" || isBroken(outcome) || trust === "revoked" || standing?.word === "retracted") return "bad";
  const good = signature === "ok" && trust === "confirmed-by-you" && outcome === "accepted" && found.length === 0;
  return good ? "good" : "open";
}

/** Steps about the support of a statement, not its content. Their faults do not affect the signature. */
const BACKING: ReadonlySet<string> = new Set(["time", "evidence", "recompute", "plan", "log", "retraction"]);

const NOT_KNOWN: Wording = {
  word: "whether it was retracted is not known",
  sentence: "To know that, all entries of its log must be read; they were not read here.",
};
/** Not read: no finding, but never green. */
const UNREAD: ReadonlySet<Code> = new Set(["standing-unread", "entries-missing"]);

/** Each continues the sentence after "but". */
const FOUND: Partial<Readonly<Record<Code, Wording>>> = {
  "time-order": { word: "its dates contradict each other", sentence: "The dates in it are in an impossible order." },
  "time-future": { word: "it is dated in the future", sentence: "By this device's clock, its date is in the future." },
  "evidence-changed": { word: "its evidence was changed", sentence: "Some of the evidence is not what was signed." },
  "evidence-converted": {
    word: "the line ends of its evidence were converted",
    sentence: "Git does that unless it is told to leave files alone. The text is what was signed.",
  },
  "recompute-mismatch": {
    word: "its observations say otherwise",
    sentence: "Recomputed from the observations, the outcomes or measurements differ.",
  },
  "recompute-impossible": {
    word: "its outcomes could not be recomputed",
    sentence: "That was requested, but the observations are missing.",
  },
  "plan-departed": { word: "not what was announced", sentence: "The result differs from its plan: see below." },
  "standing-unread": NOT_KNOWN,
  "entries-missing": NOT_KNOWN,
  "retraction-undecided": {
    word: "it may have been retracted",
    sentence: "Its log has an entry that may retract it: see above.",
  },
  retracted: { word: "retracted", sentence: "Its signer no longer stands by it." },
  "policy-open": {
    word: "not every requirement could be checked",
    sentence: "Some requirements are undecided: see below.",
  },
};

const wordingOf = ({ name, code, detail }: Check): Wording =>
  FOUND[code] ??
  (name === "log"
    ? logWording(code)
    : outcomeOf(code) === "unchecked"
      ? { word: "not all could be checked", sentence: `${detail}.` }
      : { word: "something is wrong", sentence: `${detail}.` });

const WORST: readonly Check["name"][] = ["retraction", "log", "plan", "recompute", "evidence", "time", "policy"];

/** Faults and gaps in the support, worst first; and whether it was superseded. */
function findingsOf({ checks, standing, trust }: Report): Wording[] {
  const found = checks
    .filter(
      ({ name, code }) =>
        (BACKING.has(name) && (outcomeOf(code) !== "accepted" || UNREAD.has(code))) || code === "policy-open",
    )
    .filter(({ code }, _, all) => !UNREAD.has(code) || all.every((one) => one.name !== "log" || UNREAD.has(one.code))) // other findings say it more precisely
    .sort((a, b) => WORST.indexOf(a.name) - WORST.indexOf(b.name))
    .map(wordingOf);
  return standing?.word === "superseded" && trust !== "revoked"
    ? [
        ...found,
        { word: "replaced by a later one", sentence: "Its signer replaced it with another one: read that one first." },
      ]
    : found;
}

function worded(report: Report, found: readonly Wording[]): Wording {
  const { signature, trust, signers, checks, standing } = report;
  const failed = checks.find(
    ({ name, status }) => status === "failed" && name !== "trust" && (signature !== "ok" || !BACKING.has(name)),
  );
  if (signature === "bad") {
    return checks.some((check) => check.code === "signature-missing")
      ? { word: "Not signed", sentence: "There is no signature in this file, so there is nothing to verify." }
      : failed?.code === "signature-duplicate"
        ? { word: "Not a valid set of signatures", sentence: `${failed.detail}.` }
        : { word: "Does not match its signature", sentence: SIGNATURE.bad.sentence };
  }
  if (checks.some((check) => check.code === "engines-disagree"))
    return { word: "Could not check", sentence: "Two implementations of Ed25519 disagree about this signature." };
  if (signature === "not-checked") {
    return failed !== undefined
      ? { word: "Not readable as an attestation", sentence: `${failed.detail}.` }
      : {
          word: "Signer unknown",
          sentence:
            "No known key made this signature. Paste or drop the signer's public key, from a source that you trust.",
        };
  }
  if (checks.some((check) => check.code === "version-newer" || check.code === "predicate-type"))
    return {
      word: "This verifier is too old for this file",
      sentence: "The signature is valid, but this verifier does not know this kind of statement.",
    };
  if (standing?.word === "retracted" && trust !== "revoked")
    return {
      word: "Retracted by its signer",
      sentence: "The signature is valid, but its signer no longer stands by this: see above.",
    };
  if (failed?.name === "policy")
    return { word: "Signed, but it does not meet the requirements", sentence: `${failed.detail}.` };
  if (failed !== undefined) return { word: "Signed, but it contradicts itself", sentence: `${failed.detail}.` };
  if (trust === "revoked" || trust === "retired")
    return but(
      { word: `Unchanged, but the key is ${TRUST[trust].word}`, sentence: TRUST[trust].sentence },
      found,
      "; and",
    );
  if (trust !== "confirmed-by-you")
    return but({ word: "Unchanged; signer not confirmed by you", sentence: TRUST["registry-only"].sentence }, found);
  return but({ word: signed(report, bestSigner(signers)?.name), sentence: CONFIRMED }, found);
}

const CONFIRMED = "These exact bytes were signed with a key that you confirmed.";

function signed({ notice, plan }: Report, name: string | undefined): string {
  const what = notice !== undefined ? "A signed notice" : plan !== undefined ? "A signed plan" : "Signed";
  return `${what}${name === undefined ? "" : ` by “${name}”`}, unchanged`;
}

/** The worst finding in words, and the number of others. */
function but({ word, sentence }: Wording, [first, ...more]: readonly Wording[], joined = " — but"): Wording {
  if (first === undefined) return { word, sentence };
  const others = more.length === 0 ? "" : `, and ${count(more.length, "more finding")}`;
  return {
    word: `${word}${joined} ${first.word}${others}`,
    sentence: [sentence, first.sentence, ...more.map((one) => one.sentence)].join(" ").trim(),
  };
}
