/** The result of a verification: an ordered list of named checks, and four separate answers. */
import { outcomeOf, worst, type Code, type ReportOutcome } from "../codes.js";
import type { Inclusion } from "../log/presence.js";
import type { Notice } from "../statement/notice.js";
import type { PlanStatement } from "../statement/plan.js";
import type { ResultStatement } from "../statement/statement.js";
import type { Verdict } from "../statement/verdict.js";

/** In execution order. A check is only reached if the earlier ones allow it. */
export const CHECK_NAMES = [
  "encoding",
  "envelope",
  "canonical",
  "signature",
  "trust",
  "type",
  "schema",
  "verdict",
  "file-name",
  "time",
  "evidence",
  "recompute",
  "plan",
  "log",
  "retraction",
  "policy",
] as const;
export type CheckName = (typeof CHECK_NAMES)[number];

export interface Check {
  readonly name: CheckName;
  /** A check that was not made is `not-checked`: neither passed nor left out. */
  readonly status: "passed" | "failed" | "not-checked";
  readonly code: Code;
  /** One sentence for people. It may quote the document, so `printable` must clean it like any other text. */
  readonly detail: string;
  /** Recomputed values by name, for readers who compute them again. */
  readonly values: Readonly<Record<string, string>>;
}

export type SignatureWord = "ok" | "bad" | "not-checked";
export type TrustWord = "confirmed-by-you" | "registry-only" | "retired" | "revoked" | "unknown" | "not-checked";
export type AuditWord = "clean" | "findings" | "not-checked";

export interface SignerReport {
  /** The keyid named in the document; for a valid signature, the actual key's. */
  readonly keyid: string;
  readonly signature: SignatureWord;
  readonly trust: TrustWord;
  /** Where the key came from: `--key`, `your keystore`, `the registry's keyring`. */
  readonly source?: string;
  /** The key's name at its source. */
  readonly name?: string;
  readonly note?: string;
  /** Owner of the key (`Owners`), for a valid signature. Signers are counted by owner. */
  readonly owner?: string;
  /** Owner by signed rotations only, for uses where a log entry must not count in someone's favour. */
  readonly provenOwner?: string;
  /** When and why the key was revoked, if any source says so. */
  readonly revoked?: { readonly at: string; readonly reason: string };
  /** The earliest time claimed by someone the verifier trusts. */
  readonly seen?: { readonly at: string; readonly by: string };
  /** The signer's own time, given beside a revocation. */
  readonly claimed?: string;
}

/** `undecided`: a log entry may retract it, but the entry's key is unknown. */
export type StatusWord = "in-force" | "superseded" | "retracted" | "undecided";

/** A notice about the attestation, and its signer. */
export interface Remark {
  /** SHA-256 of the notice's payload. */
  readonly digest: string;
  readonly action: "retract" | "supersede" | "abandon";
  readonly reason: string;
  /** Claimed. */
  readonly at: string;
  readonly by: string;
  /** Payload digest of the replacement. */
  readonly successor?: string;
}

/** The same from a log entry: without reason and replacement address. */
export interface LoggedRemark {
  /** SHA-256 of the notice's payload. */
  readonly digest: string;
  readonly action: "retract" | "supersede" | "revoke";
  readonly by: string;
}

export interface Status {
  readonly word: StatusWord;
  /** By a signer or a successor key; latest first. */
  readonly remarks: readonly Remark[];
  /** By other known keys: without effect. */
  readonly contradictions: readonly Remark[];
  /** Entries by its signers whose notices are missing. */
  readonly withheld: readonly LoggedRemark[];
  /** Entries by unknown keys. */
  readonly undecided: readonly LoggedRemark[];
}

export interface Report {
  readonly schema: "urn:f3-attest:report:v1";
  /** Label and identity, recomputed from the payload's canonical bytes. */
  readonly id?: string;
  readonly digest?: string;
  readonly signature: SignatureWord;
  readonly trust: TrustWord;
  /** Present only with a valid signature, and only if the statement's checks give it. */
  readonly verdict?: Verdict;
  readonly audit: AuditWord;
  readonly signers: readonly SignerReport[];
  readonly checks: readonly Check[];
  readonly engine: string;
  readonly outcome: ReportOutcome;
  /** Present only with a valid signature and correct derivations. Nothing else of a document is a fact. */
  readonly statement?: ResultStatement | undefined;
  /** Instead of a statement: what a notice says about a key, a signature or another statement. */
  readonly notice?: Notice;
  /** Instead of a statement: an announced test. */
  readonly plan?: PlanStatement;
  /** Proven position in the log that it names. */
  readonly logged?: Inclusion & {
    readonly origin: string;
    /** The remembered size, if it could not be compared. */
    readonly uncompared?: number;
  };
  /** Whether its signer still stands by it, as far as known notices show. */
  readonly standing?: Status & {
    /** The log state that was read. The freshness of an absence is stated, never assumed. */
    readonly asOf?: { readonly origin: string; readonly size: number };
  };
}

/** Collects the checks. Checks that were not reached are added as `not-checked`. */
export class CheckList {
  readonly #made = new Map<CheckName, Check>();

  passed(name: CheckName, detail: string, values: Readonly<Record<string, string>> = {}): void {
    this.#made.set(name, { name, status: "passed", code: "ok", detail, values });
  }

  failed(name: CheckName, code: Code, detail: string, values: Readonly<Record<string, string>> = {}): void {
    this.#made.set(name, { name, status: "failed", code, detail, values });
  }

  /** A code whose outcome is not `accepted` (`key-unknown`, `predicate-type`) also makes the whole fail. */
  notChecked(name: CheckName, code: Code, detail: string, values: Readonly<Record<string, string>> = {}): void {
    this.#made.set(name, { name, status: "not-checked", code, detail, values });
  }

  get checks(): readonly Check[] {
    return CHECK_NAMES.map(
      (name) =>
        this.#made.get(name) ?? {
          name,
          status: "not-checked",
          code: "not-reached",
          detail: "not reached: an earlier check did not pass",
          values: {},
        },
    );
  }
}

export const outcomeOfAll = (checks: readonly Check[]): ReportOutcome =>
  worst(checks.map((check) => outcomeOf(check.code)));

export const failures = (report: Report): readonly Check[] =>
  report.checks.filter((check) => outcomeOf(check.code) !== "accepted");

/** What is known of a result that is accepted; or the check that speaks against it, if it is a result at all. */
export function acceptedResult(
  report: Report,
): { readonly id: string; readonly digest: string; readonly statement: ResultStatement } | { readonly fault?: Check } {
  const fault = failures(report).find(({ code }) => outcomeOf(code) === report.outcome);
  const { id, digest, statement } = report;
  if (fault !== undefined) return { fault };
  return id === undefined || digest === undefined || statement === undefined ? {} : { id, digest, statement };
}

/** It is no document of ours, or not the one that was signed: worse news than any about keys or evidence. */
export const isBroken = (outcome: ReportOutcome): boolean => outcome === "error" || outcome === "invalid";
