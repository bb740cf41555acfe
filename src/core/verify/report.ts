/** What a verification answers: an ordered list of named checks, and four words that are never mixed. */
import { exitOf, worst, type Code, type ExitStatus } from "../codes.js";
import type { Inclusion } from "../log/presence.js";
import type { Notice } from "../statement/notice.js";
import type { PlanStatement } from "../statement/plan.js";
import type { ResultStatement } from "../statement/statement.js";
import type { Verdict } from "../statement/verdict.js";

/** In the order in which they are made; a later one is reached only when the earlier ones allow it. */
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
  /** A check that was not made is `not-checked`: never passed, never left out. */
  readonly status: "passed" | "failed" | "not-checked";
  readonly code: Code;
  /** One sentence for people; may quote the document, so it goes through `printable` like every other text. */
  readonly detail: string;
  /** Recomputed values by name: what a reader can compute again. */
  readonly values: Readonly<Record<string, string>>;
}

export type SignatureWord = "ok" | "bad" | "not-checked";
export type TrustWord = "confirmed-by-you" | "registry-only" | "retired" | "revoked" | "unknown" | "not-checked";
export type AuditWord = "clean" | "findings" | "not-checked";

export interface SignerReport {
  /** As named in the document; of a good signature, the key's own. */
  readonly keyid: string;
  readonly signature: SignatureWord;
  readonly trust: TrustWord;
  /** Where the key came from: `--key`, `your keystore`, `the registry's keyring`. */
  readonly source?: string;
  /** The name that the source gives the key. */
  readonly name?: string;
  readonly note?: string;
  /** Of a good signature: who owns the key (`Owners`). Signers are counted by owner. */
  readonly owner?: string;
  /** The same by signed hand-overs alone, where a log's entry must not speak for somebody. */
  readonly provenOwner?: string;
  /** From when on nothing that the key signed is relied on; there when some source says so. */
  readonly revoked?: { readonly at: string; readonly reason: string };
  /** The earliest time by the word of somebody whom the verifier trusts. */
  readonly seen?: { readonly at: string; readonly by: string };
  /** The signer's own time, beside a revocation. */
  readonly claimed?: string;
}

/** `undecided`: an entry of the log may take it back, and whose it is cannot be told. */
export type StatusWord = "in-force" | "superseded" | "retracted" | "undecided";

/** A notice about the attestation, and who signed it. */
export interface Remark {
  /** SHA-256 of the notice's payload. */
  readonly digest: string;
  readonly action: "retract" | "supersede" | "abandon";
  readonly reason: string;
  /** Claimed. */
  readonly at: string;
  readonly by: string;
  /** The payload that takes its place. */
  readonly successor?: string;
}

/** The same as an entry of the log has it: without a reason, or an address of what takes its place. */
export interface LoggedRemark {
  /** SHA-256 of the notice's payload. */
  readonly digest: string;
  readonly action: "retract" | "supersede" | "revoke";
  readonly by: string;
}

export interface Status {
  readonly word: StatusWord;
  /** By a signer, or a key that came after; the latest first. */
  readonly remarks: readonly Remark[];
  /** By others whose keys are at hand: without effect. */
  readonly contradictions: readonly Remark[];
  /** Entries by those whose notices are not at hand. */
  readonly withheld: readonly LoggedRemark[];
  /** Entries of which it cannot be told whose they are. */
  readonly undecided: readonly LoggedRemark[];
}

export interface Report {
  readonly schema: "urn:f3-attest:report:v1";
  /** The label and the identity, recomputed from the payload's canonical bytes. */
  readonly id?: string;
  readonly digest?: string;
  readonly signature: SignatureWord;
  readonly trust: TrustWord;
  /** Present only under a good signature, and only when the statement's checks give it. */
  readonly verdict?: Verdict;
  readonly audit: AuditWord;
  readonly signers: readonly SignerReport[];
  readonly checks: readonly Check[];
  readonly engine: string;
  readonly exit: ExitStatus;
  /** Present only under a good signature and after the derivations held: nothing else of a document is fact. */
  readonly statement?: ResultStatement | undefined;
  /** Instead of a statement, of a document that says something about a key, a signature or another statement. */
  readonly notice?: Notice;
  /** Instead of a statement, of a document that announces a test. */
  readonly plan?: PlanStatement;
  /** Where it is in the log that it names; there when that was shown. */
  readonly logged?: Inclusion & {
    readonly origin: string;
    /** The size that this verifier remembers, where it was not compared. */
    readonly uncompared?: number;
  };
  /** Whether its signer still stands by it, as far as the notices at hand say. */
  readonly standing?: Status & {
    /** The state of the log that was looked at: freshness of an absence is said, never assumed. */
    readonly asOf?: { readonly origin: string; readonly size: number };
  };
}

/** The checks as they are made. Whatever was not reached is completed as `not-checked`. */
export class CheckList {
  readonly #made = new Map<CheckName, Check>();

  passed(name: CheckName, detail: string, values: Readonly<Record<string, string>> = {}): void {
    this.#made.set(name, { name, status: "passed", code: "ok", detail, values });
  }

  failed(name: CheckName, code: Code, detail: string, values: Readonly<Record<string, string>> = {}): void {
    this.#made.set(name, { name, status: "failed", code, detail, values });
  }

  /** With a code whose exit status is not 0 (`key-unknown`, `predicate-type`) the whole does not pass either. */
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

export const exitStatus = (checks: readonly Check[]): ExitStatus => worst(checks.map((check) => exitOf(check.code)));

export const failures = (report: Report): readonly Check[] => report.checks.filter((check) => exitOf(check.code) !== 0);
