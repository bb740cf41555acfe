/** Plain words for what a log says about a document and about itself, and for what a browser remembers of it. */
import type { Code } from "../core/codes.js";
import { count, type Wording } from "./wording.js";

/** By code. The sentences are all different, and none sounds like a bad signature. */
const LOG: Partial<Readonly<Record<Code, Wording>>> = {
  "no-log": { word: "names no log", sentence: "The statement names no log, so its removal could go unnoticed." },
  "no-proof": {
    word: "not looked up",
    sentence: "It names a log, but nothing of that log is available here. That is neither good nor bad.",
  },
  "log-missing": {
    word: "not in the log",
    sentence: "The log that it names has no entry for it. The signature is valid, but it was never entered.",
  },
  "log-unproven": {
    word: "not shown to be in the log",
    sentence: "The proof beside it is wrong. The signature is valid all the same.",
  },
  "log-backwards": {
    word: "the log went backwards",
    sentence:
      "The log has fewer entries than before. This may be an old copy of the page, or the log lost entries that it must keep.",
  },
  "log-rewritten": {
    word: "the log was rewritten",
    sentence: "An earlier entry has changed or moved. That cannot happen in a log that is only added to.",
  },
  "log-damaged": {
    word: "the log is damaged",
    sentence: "Its files contradict each other or the log's key, so nothing in them counts here.",
  },
  "leaf-format": {
    word: "the log cannot be read",
    sentence: "This version does not know the form of an entry, so the log was not counted. Use a newer version.",
  },
};

/** What the log says about one document, or about itself. */
export const logWording = (code: Code): Wording => LOG[code] ?? { word: "not shown to be in the log", sentence: "" };

export const NO_PLAN = "nothing was announced beforehand, so nothing is known about other runs";

const ACTIONS: Readonly<Record<string, string>> = {
  retract: "retracts an attestation",
  supersede: "replaces an attestation with another",
  abandon: "abandons a plan",
  rotate: "replaces a key with another",
  revoke: "revokes a key",
  receipt: "says that a signature was seen",
  waive: "accepts an audit finding until a date",
  audit: "is an audit receipt: it says what an audit found",
};

/** The effect of a logged notice; newer versions may have more actions. */
export const actionWords = (action: string): string =>
  Object.hasOwn(ACTIONS, action)
    ? (ACTIONS[action] ?? action)
    : `has an action that this version does not know: ${action}`;

/** What a log cannot show, printed beside all of its counts. */
export const LOG_LIMITS =
  "Nothing is known about runs that were never announced. The order of the entries is the operator's claim: only a state of the log that an independent witness signed, with the plan but without its result, proves that the plan came first.";

/** A browser's memory of a log compared with what it sees now. */
export type MemoryWord =
  "first" | "same" | "grown" | "uncompared" | "backwards" | "rewritten" | "withheld" | "unreadable" | "blocked";

export const MEMORY: Readonly<Record<MemoryWord, Wording>> = {
  first: { word: "first visit", sentence: "This browser has not seen this log before; it remembers it from now on." },
  same: { word: "as before", sentence: "The log is the same as when this browser last saw it." },
  grown: { word: "grown", sentence: "The log contains everything that this browser last saw in it, and more." },
  uncompared: {
    word: "grown, not compared here",
    sentence:
      "The log has more entries than when this browser last saw it. The log's own page shows whether the old ones are still there.",
  },
  backwards: { word: "went backwards", sentence: "The log has fewer entries than when this browser last saw it." },
  rewritten: { word: "rewritten", sentence: "The log's earlier entries are not the ones that this browser last saw." },
  withheld: { word: "withheld", sentence: "This browser saw a log here before, but now the page shows nothing of it." },
  unreadable: {
    word: "memory unreadable",
    sentence:
      "This browser's memory of the log cannot be read, so nothing was compared. That says nothing about the log.",
  },
  blocked: {
    word: "no memory",
    sentence: "This browser stores nothing for this page, so the log was not compared with your last visit.",
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
  "The entries below were embedded when the page was built. They were checked by themselves, and may be old.";

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
        sentence: "This page contains no log entries, and none were fetched, so its content is unknown.",
      };
    case "pending":
      return {
        word: "Not checked in this browser",
        sentence:
          "The content below is as the publisher sent it. With scripts enabled, this page fetches the log and checks it on your device.",
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
        sentence: `A page opened from a file cannot fetch anything, so the log could not be fetched. ${EMBEDDED}`,
      };
    case "offline":
      return { word: "Not checked: the log could not be fetched", sentence: EMBEDDED };
    default: {
      const { word: found, sentence } = logWording(word);
      return { word: capital(found), sentence };
    }
  }
}
