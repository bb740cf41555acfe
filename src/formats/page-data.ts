/**
 * The data that a page carries, so that a browser can check everything again: published texts, and no conclusions. Pages and the command
 * line share this schema. An absent member was not included, an empty one was looked for and not found; each optional member states the
 * reason. Anything unreadable makes the whole unreadable.
 */
import * as z from "zod/mini";
import { STATES } from "../core/audit/reference.js";
import { AttestError } from "../core/errors.js";
import { atMost, sha256, timestamp } from "../core/schema.js";

const text = z.string();
const count = z.number().check(z.int(), z.nonnegative());
/** Limit for notices, to bound the verifier's work, and for other lists of a site. */
const MANY = 20_000;
const list = <T extends z.core.$ZodType>(of: T, most = MANY) => z.array(of).check(atMost(most));

const about = z.strictObject({ origin: text, title: text });
/** A file name of a registry; page addresses are made from it. */
const file = z.string().check(z.regex(/^(?:test|plan|note)_[0-9a-f]{16}\.json$/, "the name of an attestation's file"));

/** Entries that retract or supersede a document and whose notices are missing, with proofs. */
const marks = list(z.strictObject({ leaf: text, proof: text }), 1000);
const document = z.strictObject({ name: file, text });

/** What was available of the document's log. Absent if it names no log or nothing was available. */
const logText = z.strictObject({
  /** The proof file beside the document, if there was one. */
  proof: z.optional(text),
  /** The log as served when the page was made. Absent if the page carries its entries. */
  served: z.optional(
    z.strictObject({
      checkpoint: text,
      proof: z.optional(text),
      /** Consistency proof; each hash in base64. */
      sinceProof: z.optional(list(text, 64)),
      damage: z.optional(text),
    }),
  ),
  /** As above. */
  marks: z.optional(marks),
});

/** Every entry of the registry's logs in order. If they are too long for the page, their number. Absent without a log. */
const logs = z.optional(z.union([count, list(z.strictObject({ checkpoint: text, entries: list(text) }), 100)]));

/** Audit state of each place: latest state and since when. Its size does not grow with the number of audits. */
const audit = z.strictObject({
  /** Time of the last audit. */
  at: timestamp,
  /** Number of audits of this document. */
  audits: count,
  /** Places that an audit could check. */
  streaks: list(
    z.strictObject({
      pointer: text,
      place: z.enum(["archive", "address", "git", "attestation", "file"]),
      state: z.enum(STATES),
      detail: text,
      at: timestamp,
      audits: count,
      since: timestamp,
    }),
  ),
  /** Findings of the last audit: rule id and position. Waived: by the record, someone its auditor trusts accepted it. */
  findings: list(z.strictObject({ rule: text, pointer: text, waived: z.optional(z.literal(true)) })),
});

/** The registry's own keyring and notices as served. Both can take trust away, never give it. */
const registry = { about, keyring: text, notices: list(text) };

const verifier = z.strictObject({ kind: z.literal("verify") });

/** What the publisher says about documents that are not on the page. */
const word = {
  /** Names of other published documents. */
  elsewhere: list(file),
  /** Payload digests of results elsewhere that are not of the announced test. They can take an answer away, never give one. */
  departed: list(sha256),
};

const index = z.strictObject({
  kind: z.literal("index"),
  ...registry,
  logs,
  ...word,
  documents: list(document),
  pages: z.strictObject({ at: count, of: count }),
  /** The plans of the results on the page, to compare them. */
  plans: list(text, 1000),
});

const log = z.strictObject({ kind: z.literal("log"), ...registry, logs, ...word });

const attestation = z.strictObject({
  kind: z.literal("attestation"),
  ...registry,
  logs,
  documents: z.tuple([z.strictObject({ name: file, text, log: z.optional(logText) })]),
  /** SHA-256 of the evidence files beside the page. Only those that the document names are linked. */
  evidence: list(sha256),
  /** Files of other documents with pages, and `log.json` for the log page. Only these are linked. */
  beside: list(z.union([file, z.literal("log.json")])),
  /** The plan that the result names. */
  plans: list(text, 16),
  /** Results that name this plan. Whether they answer it is checked. */
  answers: list(document, 16),
  /** Other attestations about this one, or with an opposite verdict. Each counts by its signature. */
  related: list(document, 100),
  /** Number of further ones, as the publisher states it. */
  moreRelated: count,
  /** The publisher's own audits, as recorded: a claim that readers cannot verify. Absent without audits. */
  audit: z.optional(audit),
});

/** A single page: without site, registry, or files beside it. */
const pack = z.strictObject({
  kind: z.literal("pack"),
  /** Origin of its registry, if any; only selects the pins to use. */
  about: z.optional(about),
  keyring: z.optional(text),
  notices: list(text),
  documents: z.tuple([
    z.strictObject({
      name: file,
      text,
      log: z.optional(z.strictObject({ proof: z.optional(text), marks: z.optional(marks) })),
    }),
  ]),
  plans: list(text, 16),
  /** The evidence in base64, by SHA-256. */
  packed: z.record(sha256, text),
});

const data = z.discriminatedUnion("kind", [verifier, index, log, attestation, pack]);

/** The type for both reading and writing. */
type Fixed<T> = T extends object ? { readonly [K in keyof T]: Fixed<T[K]> } : T;

export type PageData = Fixed<z.infer<typeof data>>;
export type PageKind = PageData["kind"];
export type DataOf<K extends PageKind> = Extract<PageData, { kind: K }>;

export type AuditText = Fixed<z.infer<typeof audit>>;
export type LogText = Fixed<z.infer<typeof logText>>;
export type LogsText = Fixed<z.infer<typeof logs>>;
export type Pages = DataOf<"index">["pages"];
export type PublishersWord = Pick<DataOf<"index">, "elsewhere" | "departed">;

/** JSON is data, not script. "<" is escaped, because it could end the element. */
export const formatPageData = (value: PageData): string => JSON.stringify(value).replaceAll("<", "\\u003c");

/** @throws AttestError `page-format` unless it is exactly the output of `formatPageData`, so that all readers see the same members */
export function parsePageData(spelled: string): PageData {
  const refused = (found: string): AttestError =>
    new AttestError("page-format", `expected the data of a page of ours, found ${found}`);
  // Readers differ on this member, and zod's record drops it. Inside a text the quotes would be escaped.
  if (spelled.includes('"__proto__":')) throw refused("a member __proto__");
  let value: unknown;
  try {
    value = JSON.parse(spelled);
  } catch {
    throw refused("text that is not JSON");
  }
  const parsed = data.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const what = issue?.code === "unrecognized_keys" ? `the member ${issue.keys.join(", ")}` : (issue?.message ?? "");
    throw refused(`at /${issue?.path.join("/") ?? ""}: ${what}`);
  }
  if (formatPageData(value as PageData) !== spelled) throw refused("another spelling of it");
  return parsed.data;
}
