/** Plain words for what a log says about a document and about itself, and for what a browser remembers of it. */
import type { Code } from "../core/codes.js";
import { count, type Wording } from "./wording.js";

/** By code. The sentences are all different, and none sounds like a bad signature. */
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

/** What the log says about one document, or about itself. */
export const logWording = (code: Code): Wording => LOG[code] ?? { word: "not shown to be in the log", sentence: "" };

export const NO_PLAN = "nothing was announced beforehand, so nothing is known of other runs";

const ACTIONS: Readonly<Record<string, string>> = {
  retract: "takes an attestation back",
  supersede: "puts another attestation in the place of one",
  abandon: "gives a plan up",
  rotate: "hands a key over to another",
  revoke: "revokes a key",
  receipt: "says that a signature was seen",
  waive: "waives a finding of an audit until a day",
  audit: "is an audit receipt: it says what somebody's audit found",
};

/** The effect of a logged notice; newer versions may have more actions. */
export const actionWords = (action: string): string =>
  Object.hasOwn(ACTIONS, action) ? (ACTIONS[action] ?? action) : `does what this version does not know: ${action}`;

/** What a log cannot show, printed beside all of its counts. */
export const LOG_LIMITS =
  "Nothing is known of runs that were never announced. And the order of the entries is the operator's own claim: only a checkpoint that a witness signed, with a plan in it and not yet its result, shows to others that the plan came first.";

/** A browser's memory of a log compared with what it sees now. */
export type MemoryWord =
  "first" | "same" | "grown" | "uncompared" | "backwards" | "rewritten" | "withheld" | "unreadable" | "blocked";

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
  withheld: {
    word: "kept back",
    sentence: "This browser saw a log here before, and now the page shows nothing of it.",
  },
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

/** How the log page got its content. */
export type LogPageWord =
  | "pending"
  | "checking"
  | "verified"
  | "nothing"
  | "file"
  | "offline"
  | "log-backwards"
  | "log-rewritten"
  | "log-damaged"
  | "leaf-format";

const EMBEDDED =
  "What follows is what was embedded when the page was built; it was checked for itself, and may be old.";

export interface Looked {
  /** Size of the log, if known. */
  readonly size?: number | undefined;
  /** Number of contradictory entries. */
  readonly findings?: number;
  /** Whether the page's built-in copy was compared with the served log. */
  readonly compared?: boolean;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export function logPageWording(word: LogPageWord, { size = 0, findings = 0, compared = false }: Looked): Wording {
  switch (word) {
    case "nothing":
      return {
        word: "Nothing was read of the log",
        sentence:
          "This page carries no entry of a log, and none was fetched: nothing is known of what is in it, or of what was taken out.",
      };
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
        word: `Holds together, as of state ${size}${findings === 0 ? "" : ` — but ${count(findings, "entry does", "entries do")} not fit`}`,
        sentence: `Every entry was fetched just now; together they give the root that the log's key signed${compared ? ", and all that this page was built with is still among them" : ""}. That key is only known from this site.${findings === 0 ? "" : " What does not fit is listed below."}`,
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
      return { word: capital(found), sentence };
    }
  }
}
