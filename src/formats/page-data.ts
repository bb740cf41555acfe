/**
 * What a page carries beside its text, so that a browser can make it again: texts as they are published, and nothing that was concluded from
 * them. Page and command line read it by this one form. Every member has to be there, or may be missing for a reason that stands here: what is
 * absent was not put in, what is empty was looked for and not found, and what cannot be read makes the whole unreadable.
 */
import * as z from "zod/mini";
import { STATES } from "../core/audit/reference.js";
import { AttestError } from "../core/errors.js";
import { atMost, sha256, timestamp } from "../core/schema.js";

const text = z.string();
const count = z.number().check(z.int(), z.nonnegative());
/** Notices beyond this would keep a verifier busy; the others are what a site has many of. */
const MANY = 20_000;
const list = <T extends z.core.$ZodType>(of: T, most = MANY) => z.array(of).check(atMost(most));

const about = z.strictObject({ origin: text, title: text });
/** A file of a registry: from it the address of a page is made. */
const file = z.string().check(z.regex(/^(?:test|plan|note)_[0-9a-f]{16}\.json$/, "the name of an attestation's file"));

/** An entry that takes a document back, or puts another in its place, whose notice is not published: with its proof. */
const marks = list(z.strictObject({ leaf: text, proof: text }), 1000);
const document = z.strictObject({ name: file, text });

/** What was at hand of the log that a document names; of a document that names none, or whose log was not at hand, absent. */
const logText = z.strictObject({
  /** The file beside the document; absent where there was none. */
  proof: z.optional(text),
  /** Where the page does not carry the entries of that log: what it served when the page was made. */
  served: z.optional(
    z.strictObject({
      checkpoint: text,
      proof: z.optional(text),
      /** Consistency proof, each hash in base64. */
      sinceProof: z.optional(list(text, 64)),
      damage: z.optional(text),
    }),
  ),
  /** Likewise. */
  marks: z.optional(marks),
});

/** Every entry of the registry's logs, in their order; of logs that are longer than this page should be, how long. Absent where there is no log. */
const logs = z.optional(z.union([count, list(z.strictObject({ checkpoint: text, entries: list(text) }), 100)]));

/** As a page carries an audit: of each place how it was found last and since when, so that it stays as short after a thousand audits. */
const audit = z.strictObject({
  /** Of the last audit. */
  at: timestamp,
  /** How many there were of this document. */
  audits: count,
  /** Of each place that an audit could look at. */
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
  /** Of the last audit: the id of a rule, and where in the payload. Waived: by the record, somebody whom its auditor trusts took it on. */
  findings: list(z.strictObject({ rule: text, pointer: text, waived: z.optional(z.literal(true)) })),
});

/** The registry's own keyring and its notices, as served: both can take trust away, never give it. */
const registry = { about, keyring: text, notices: list(text) };

const verifier = z.strictObject({ kind: z.literal("verify") });

/** What the publisher says of documents that are not on the page. */
const word = {
  /** Files of those that are published. */
  elsewhere: list(file),
  /** SHA-256 of the payloads of results among them that are not of the test which their plan announced: it takes an answer away, and gives none. */
  departed: list(sha256),
};

const index = z.strictObject({
  ...{ kind: z.literal("index"), ...registry, logs, ...word },
  documents: list(document),
  pages: z.strictObject({ at: count, of: count }),
  /** Of the plans that results on the page name, to hold these against. */
  plans: list(text, 1000),
});

const log = z.strictObject({ kind: z.literal("log"), ...registry, logs, ...word });

const attestation = z.strictObject({
  ...{ kind: z.literal("attestation"), ...registry, logs },
  documents: z.tuple([z.strictObject({ name: file, text, log: z.optional(logText) })]),
  /** SHA-256 of the evidence that lies beside the page; only what the document names too is ever linked. */
  evidence: list(sha256),
  /** Files of other documents that have a page, and `log.json` for the log's: only these are ever linked. */
  beside: list(z.union([file, z.literal("log.json")])),
  /** Of the plan that a result names. */
  plans: list(text, 16),
  /** A result that names the plan on the page: it counts by what it is, and not by its name. */
  answers: list(document, 16),
  /** Other attestations that say something of the one on the page, or the opposite of it: each counts by its signature. */
  related: list(document, 100),
  /** How many more there are, by the publisher's word. */
  moreRelated: count,
  /** What the publisher's own audits found, by their record: their word, and nothing that a reader could verify. Absent where there is none. */
  audit: z.optional(audit),
});

/** A page alone: nothing lies beside it, no site and no registry. */
const pack = z.strictObject({
  kind: z.literal("pack"),
  /** Of the registry that it came from, if any: it only says which pins are meant. */
  about: z.optional(about),
  keyring: z.optional(text),
  notices: list(text),
  documents: z.tuple([
    z.strictObject({
      ...{ name: file, text },
      log: z.optional(z.strictObject({ proof: z.optional(text), marks: z.optional(marks) })),
    }),
  ]),
  plans: list(text, 16),
  /** The evidence itself by its SHA-256, in base64. */
  packed: z.record(sha256, text),
});

const data = z.discriminatedUnion("kind", [verifier, index, log, attestation, pack]);

/** As it is read, and as it is written. */
type Fixed<T> = T extends object ? { readonly [K in keyof T]: Fixed<T[K]> } : T;

export type PageData = Fixed<z.infer<typeof data>>;
export type PageKind = PageData["kind"];
export type DataOf<K extends PageKind> = Extract<PageData, { kind: K }>;

export type AuditText = Fixed<z.infer<typeof audit>>;
export type LogText = Fixed<z.infer<typeof logText>>;
export type LogsText = Fixed<z.infer<typeof logs>>;
export type Pages = DataOf<"index">["pages"];
export type PublishersWord = Pick<DataOf<"index">, "elsewhere" | "departed">;

/** JSON is data, not script; a "<" in it could end the element, so it is spelled as an escape. */
export const formatPageData = (value: PageData): string => JSON.stringify(value).replaceAll("<", "\\u003c");

/** @throws AttestError `page-format` for what is not spelled as `formatPageData` spells it: no member is read that another reader would not see */
export function parsePageData(spelled: string): PageData {
  const refused = (found: string): AttestError =>
    new AttestError("page-format", `expected the data of a page of ours, found ${found}`);
  // Readers differ over it, and a record's schema passes it over; within a text its quotes would be escaped.
  if (spelled.includes('"__proto__":')) throw refused("a member __proto__");
  let value: unknown;
  try {
    value = JSON.parse(spelled);
  } catch {
    throw refused("no JSON");
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
