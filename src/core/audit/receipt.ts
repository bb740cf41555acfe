/**
 * An audit receipt before it is signed: what an auditor looked at and found, in a form that says nothing of when. The same audit gives the
 * same bytes, in whatever order its parts came; the time is added by signing.
 */
import type { Engine } from "../engine.js";
import { canonical, fit, type Json } from "../json.js";
import { NOTICE_TYPE, NOTICE_VERSION, type Notice, type NoticeStatement } from "../statement/notice.js";
import type { TrustedKey } from "../verify/signatures.js";
import { STATEMENT_TYPE } from "../statement/statement.js";
import {
  auditSubjects,
  documentsDigest,
  findingsDigest,
  MAX_FINDINGS,
  MAX_LISTED,
  MAX_TEXT,
  originDigest,
  type AuditMembers,
  type ReceiptFinding,
} from "../statement/audit-receipt.js";
import type { AuditRecord } from "./record.js";
import { STATES, type Look } from "./reference.js";
import { ruleOf, type Finding } from "../statement/audit-rules.js";

/** What an audit knows when it is done. */
export interface ReceiptInput {
  /** The registry's, or what the auditor calls the thing that was audited. */
  readonly origin: string;
  readonly documents: readonly {
    /** SHA-256 of the payload. */
    readonly digest: string;
    /** How many places were named. */
    readonly references: number;
    /** Of those, every one that was not found the same. */
    readonly looks: readonly Look[];
  }[];
  /** Of the registry as a whole, and of what cannot be read, with an empty `about`. */
  readonly findings: readonly { readonly finding: Finding; readonly waived: boolean }[];
  readonly engine: Engine;
  readonly keys: readonly TrustedKey[];
  readonly logs: AuditRecord["logs"];
  readonly offline: boolean;
  /** A sentence each. */
  readonly notChecked: readonly string[];
}

type Audit = Extract<Notice, { action: "audit" }>;

/** A notice that is complete but for the time of its signature, and the log that is meant to hold it. */
export type NoticeDraft = Omit<NoticeStatement, "predicate"> & { readonly predicate: Omit<Audit, "signedAt" | "log"> };

/** Of the draft; a writer keeps below 60,000, and time and log come to it. */
const MAX_DRAFT_BYTES = 56_000;

export function receiptOf(input: ReceiptInput): NoticeDraft {
  const digests = [...new Set(input.documents.map(({ digest }) => digest))].sort();
  const lists = listsOf(input);
  for (let share = 1; ; share /= 2) {
    const made = draftOf(input, digests, lists, share);
    if (share < 0.01 || canonical(made as Json).length <= MAX_DRAFT_BYTES) return made;
  }
}

/** @param share of the lists that is listed; the counts and digests are of all of them */
function draftOf(
  { origin, documents, engine, offline }: ReceiptInput,
  digests: readonly string[],
  { findings, keys, logs, notChecked }: ReturnType<typeof listsOf>,
  share: number,
): NoticeDraft {
  const first = <T>(all: readonly T[], most: number): { count: number; listed: T[] } => ({
    count: all.length,
    listed: all.slice(0, Math.floor(most * share)),
  });
  const states = Object.fromEntries(STATES.map((state) => [state, 0]));
  for (const { references, looks } of onePerDigest(documents)) {
    for (const { state } of looks) states[state] = (states[state] ?? 0) + 1;
    states["same"] = (states["same"] ?? 0) + references - looks.length;
  }
  const members: AuditMembers = {
    origin: short(origin),
    documents: { count: digests.length, sha256: documentsDigest(digests, engine) },
    states,
    findings: { ...first(findings, MAX_FINDINGS), sha256: findingsDigest(findings, engine) },
    engine: short(engine.name),
    keys: first(keys, MAX_LISTED),
    logs: first(logs, MAX_LISTED),
    offline,
    notChecked: first(notChecked, MAX_LISTED),
  };
  return {
    _type: STATEMENT_TYPE,
    subject: auditSubjects(members, digests),
    predicateType: NOTICE_TYPE,
    predicate: { version: NOTICE_VERSION, action: "audit", ...members },
  };
}

/** A document that was named twice was looked at once; of two accounts of it the one that sorts first counts. */
function onePerDigest(documents: ReceiptInput["documents"]): ReceiptInput["documents"] {
  const spelled = ({ references, looks }: ReceiptInput["documents"][number]): string =>
    [references, ...sorted(looks.map(({ pointer, place, state }) => `${pointer} ${place} ${state}`))].join("\n");
  const found = new Map<string, ReceiptInput["documents"][number]>();
  for (const one of documents) {
    const other = found.get(one.digest);
    if (other === undefined || spelled(one) < spelled(other)) found.set(one.digest, one);
  }
  return [...found.values()];
}

/** What an auditor's reader should see first comes first, and nothing is left to the order in which things were found. */
function listsOf({ origin, engine, findings, keys, logs, notChecked }: ReceiptInput) {
  const whole = originDigest(short(origin), engine);
  return {
    findings: sorted(
      findings.map(({ finding, waived }): ReceiptFinding => {
        const { rule, about, pointer } = finding;
        return { rule, about: about === "" ? whole : about, pointer: within(pointer), ...(waived && { waived: true }) };
      }),
      ({ waived, rule }) => (waived === true ? "2" : ruleOf(rule as Finding["rule"]).level === "error" ? "0" : "1"),
    ),
    keys: unique(
      sorted(
        keys.map(({ key, source, by }) => ({ keyid: key.keyid, source: short(source), by })),
        ({ by }) => (by === "you" ? "0" : "1"),
      ),
    ),
    logs: unique(sorted(logs.map(({ origin, size, root }) => ({ origin: short(origin), size, root })))),
    notChecked: unique(sorted(notChecked.map(short))),
  };
}

/** By that word, then by the canonical form, which two different ones never share. */
function sorted<T extends Json | ReceiptFinding>(all: readonly T[], first: (one: T) => string = () => ""): T[] {
  const keyed = all.map((one): [string, T] => [`${first(one)} ${JSON.stringify(one)}`, one]);
  return keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, one]) => one);
}

const unique = <T extends Json>(inOrder: readonly T[]): T[] =>
  inOrder.filter((one, at) => at === 0 || JSON.stringify(one) !== JSON.stringify(inOrder[at - 1]));

/** Halves of surrogate pairs and noncharacters have no form in I-JSON. */
const wellFormed = (text: string): string => fit(text.replace(/\p{Cs}/gu, "\ufffd"));

const short = (text: string): string => {
  const whole = wellFormed(text);
  return whole.length <= MAX_TEXT ? whole : `${whole.slice(0, MAX_TEXT - 1).replace(/[\ud800-\udbff]$/, "")}…`;
};

/** The nearest place above that a receipt can name. */
function within(pointer: string): string {
  let place = wellFormed(pointer);
  while (place.length > 1000) place = place.slice(0, place.lastIndexOf("/"));
  return place;
}
