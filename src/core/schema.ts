/** Small schemas that several documents share. */
import * as z from "zod/mini";

/** The first fault of a refused value, after its place: `predicate.f3.checks.0.claim: some text`. */
export function faultIn({ issues: [issue] }: z.core.$ZodError): string {
  if (issue === undefined) return "the top level: a fault";
  const place = issue.path.length === 0 ? "the top level" : issue.path.map(named).join(".");
  return `${place}: ${wanted(issue)}`;
}

/** A document chooses the names of its members, and their length. */
const named = (member: PropertyKey): string => String(member).slice(0, 80);

/** The small build of zod has no words of its own: all that is not worded by a schema is "Invalid input". */
function wanted(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") return `unknown member ${issue.keys.slice(0, 3).map(named).join(", ")}`;
  if (issue.message !== "Invalid input") return issue.message;
  if (issue.code === "invalid_type") return `not of type ${issue.expected}, or missing`;
  if (issue.code === "invalid_value") return `not ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
  return "an invalid value";
}

/** The name of a key and of its file. */
export const KEY_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

const TIMESTAMP = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z$/;

/** RFC 3339 in UTC with a capital Z: one spelling of the zone, so that texts of equal length sort by time. */
export const timestamp = z.string().check(z.regex(TIMESTAMP), z.refine(isDay, "a day that the calendar has"));

/** Needed because `Date.parse` turns 30 February into 2 March. */
function isDay(text: string): boolean {
  if (Number(text.slice(8, 10)) <= 28) return true;
  const at = Date.parse(text);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text.slice(0, 10));
}

interface Lengthy {
  readonly length: number;
}

/**
 * Replaces `z.minLength` and `z.maxLength`: those read `length` of objects too, and throw if it cannot be compared:
 * `{"length":{"toString":null}}`.
 */
export const atLeast = <T extends Lengthy>(least: number, message = `at least ${least}`) =>
  z.refine<T>(({ length }) => length >= least, message);
export const atMost = <T extends Lengthy>(most: number, message = `at most ${most}`) =>
  z.refine<T>(({ length }) => length <= most, message);

const digest = (digits: number) => z.optional(z.string().check(z.regex(new RegExp(`^[0-9a-f]{${digits}}$`))));

/** in-toto DigestSet: at least one algorithm. Checks the lengths of the algorithms that this tool writes only. */
export const digestSet = z.catchall(z.object({ sha256: digest(64), sha512: digest(128) }), z.string()).check(
  z.refine((set) => {
    const entries = Object.entries(set);
    return entries.length > 0 && entries.every(([name, value]) => name !== "" && value !== "");
  }, "a digest"),
);

const text = z.string();
/** At least one visible character: nobody can see an empty claim. */
export const filled = text.check(z.regex(/[^\s\p{Default_Ignorable_Code_Point}\u2800]/u, "some text"));
export const checkId = text.check(z.regex(/^[a-z0-9][a-z0-9._/-]{0,127}$/));
/** The fingerprint of a key, as `ssh-keygen -lf` prints it. */
export const keyid = text.check(z.regex(/^SHA256:[A-Za-z0-9+/]{43}$/, "a fingerprint, SHA256:…"));
export const sha256 = text.check(z.regex(/^[0-9a-f]{64}$/, "a SHA-256 in lowercase hex"));
/** A place in JSON (RFC 6901). */
export const pointer = text.check(z.regex(/^(?:\/(?:[^~/]|~[01])*)*$/, "a JSON pointer"), atMost(1000));
/** Id of an audit rule; `statement/audit-rules.ts` lists the known ones. */
export const ruleId = text.check(z.regex(/^[a-z0-9-]{1,64}$/, "the id of a rule"));
/** The log that should hold a statement: origin, and key as one line (C2SP vkey). */
export const logName = z.object({ origin: filled, key: filled });

/** in-toto ResourceDescriptor v1. Its strict readers (protojson) refuse unknown members, so these schemas do too. */
export const descriptor = {
  name: z.optional(text),
  uri: z.optional(text),
  digest: z.optional(digestSet),
  content: z.optional(text),
  downloadLocation: z.optional(text),
  mediaType: z.optional(text),
  annotations: z.optional(z.record(text, z.json())),
};
/** What was tested, by digest. */
export const subjects = z.array(z.strictObject({ ...descriptor, digest: digestSet })).check(atLeast(1));
