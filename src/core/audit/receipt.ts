/**
 * An audit receipt before signing: what was checked and found, without a time. The same audit gives the same bytes in any order of its
 * parts; signing adds the time.
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

/** The result of an audit. */
export interface ReceiptInput {
  /** The registry's origin, or the auditor's name for what was audited. */
  readonly origin: string;
  readonly documents: readonly {
    /** SHA-256 of the payload. */
    readonly digest: string;
    /** Number of references. */
    readonly references: number;
    /** The looks whose state is not `same`. */
    readonly looks: readonly Look[];
  }[];
  /** Findings about the registry or an unreadable document have an empty `about`. */
  readonly findings: readonly { readonly finding: Finding; readonly waived: boolean }[];
  readonly engine: Engine;
  readonly keys: readonly TrustedKey[];
  readonly logs: AuditRecord["logs"];
  readonly offline: boolean;
  /** A sentence each. */
  readonly notChecked: readonly string[];
}

type Audit = Extract<Notice, { action: "audit" }>;

/** A complete notice except for the time of its signature and its log. */
export type NoticeDraft = Omit<NoticeStatement, "predicate"> & { readonly predicate: Omit<Audit, "signedAt" | "log"> };

/** Limit for the draft. Payloads stay below 60,000 bytes, and signing adds time and log. */
const MAX_DRAFT_BYTES = 56_000;

export function receiptOf(input: ReceiptInput): NoticeDraft {
  const digests = [...new Set(input.documents.map(({ digest }) => digest))].sort();
  const lists = listsOf(input);
  for (let share = 1; ; share /= 2) {
    const made = draftOf(input, digests, lists, share);
    if (share < 0.01 || canonical(made as Json).length <= MAX_DRAFT_BYTES) return made;
  }
}

/** @param share fraction of each list to include; counts and digests cover the whole lists */
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

/** Counts a document once. If it was audited twice with different results, the one that sorts first is used. */
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

/** Sorts every list: most important first, and independent of the order of discovery. */
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

/** By that text, then by the canonical form, which is unique. */
function sorted<T extends Json | ReceiptFinding>(all: readonly T[], first: (one: T) => string = () => ""): T[] {
  const keyed = all.map((one): [string, T] => [`${first(one)} ${JSON.stringify(one)}`, one]);
  return keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, one]) => one);
}

const unique = <T extends Json>(inOrder: readonly T[]): T[] =>
  inOrder.filter((one, at) => at === 0 || JSON.stringify(one) !== JSON.stringify(inOrder[at - 1]));

/** Lone surrogates and noncharacters have no form in I-JSON. */
const wellFormed = (text: string): string => fit(text.replace(/\p{Cs}/gu, "\ufffd"));

const short = (text: string): string => {
  const whole = wellFormed(text);
  return whole.length <= MAX_TEXT ? whole : `${whole.slice(0, MAX_TEXT - 1).replace(/[\ud800-\udbff]$/, "")}…`;
};

/** The nearest parent pointer that fits into a receipt. */
function within(pointer: string): string {
  let place = wellFormed(pointer);
  while (place.length > 1000) place = place.slice(0, place.lastIndexOf("/"));
  return place;
}
