/** What a page carries beside its text, so that a browser can make it again: texts as they are published, and nothing that was concluded from them. */
import type { AuditText } from "./audited.js";

export interface PageData {
  readonly kind: "attestation" | "index" | "log" | "verify";
  readonly about?: { readonly origin: string; readonly title: string };
  /** The registry's own keyring, as served: it can take trust away, never give it. */
  readonly keyring?: string;
  /** Text of the notices that the registry publishes: each counts by its signatures alone. */
  readonly notices?: readonly string[];
  /** File name and exact text of each attestation on the page. */
  readonly documents: readonly DocumentText[];
  /** SHA-256 of the evidence that lies beside the page; only what the document names too is ever linked. */
  readonly evidence?: readonly string[];
  /** File names of other documents that have a page: only these are ever linked. */
  readonly beside?: readonly string[];
  /** Text of the plans that results on the page name. */
  readonly plans?: readonly string[];
  /** Name of a result that names the plan on the page. */
  readonly answer?: string;
  /** What the publisher's own audits found of the document on the page, by their record: their word, and nothing that a reader could verify. */
  readonly audit?: AuditText;
  /** Other attestations that say something of the one on the page, or the opposite of it: each counts by its signature. */
  readonly related?: readonly DocumentText[];
  /** How many more of them there are than a page carries. */
  readonly moreRelated?: number;
  /** Whether the site has a page of its log. */
  readonly hasLog?: boolean;
  /** File names of what is published and not on this page, to hold the entries of the log against. */
  readonly elsewhere?: readonly string[];
  /** Of a list that is longer than a page. */
  readonly pages?: Pages;
  /** Of a pack, the evidence itself by its SHA-256, in base64. A page with this member has nothing beside it: no site, no registry. */
  readonly packed?: Readonly<Record<string, string>>;
  /** Every entry of the registry's logs, in their order; of logs that are longer than a page should be, how long. */
  readonly logs?: readonly WholeLogText[] | number;
}

export interface DocumentText {
  readonly name: string;
  readonly text: string;
  readonly log?: LogText;
}

/** What was at hand of the log that a document names when the page was built. */
export interface LogText {
  readonly proof?: string;
  readonly served?: {
    readonly checkpoint: string;
    readonly proof?: string;
    /** Consistency proof, each hash in base64. */
    readonly sinceProof?: readonly string[];
    readonly damage?: string;
  };
  /** Entries that take it back, or put another in its place, whose notices are not published: each with its proof. */
  readonly marks?: readonly { readonly leaf: string; readonly proof: string }[];
}

export interface WholeLogText {
  readonly checkpoint: string;
  readonly entries: readonly string[];
}

export interface Pages {
  readonly at: number;
  readonly of: number;
}
