/**
 * Whether a subject is what someone asks for; the only place where the two are compared. The request is a text,
 *
 *     sha256:HEX · sha512:HEX · dirHash:HEX · gitCommit:HEX · gitTree:HEX · gitBlob:HEX · gitTag:HEX · HEX alone (a file or a commit) ·
 *     several of them for one thing, at spaces
 *
 * A digest counts under its own algorithm only, and unknown algorithms never match: the author of a statement chooses their names.
 */
import type { Subject } from "./statement.js";

/** Digests of bytes. The others identify objects with names inside. */
const BYTES = ["sha256", "sha512"] as const;
type Algorithm = (typeof BYTES)[number] | "dirHash" | "gitCommit" | "gitTree" | "gitBlob" | "gitTag";
type Digests = Readonly<Partial<Record<Algorithm, string>>>;

/** In hex digits; git has two object formats. */
const LENGTHS: Readonly<Record<Algorithm, readonly number[]>> = {
  sha256: [64],
  sha512: [128],
  dirHash: [64],
  gitCommit: [40, 64],
  gitTree: [40, 64],
  gitBlob: [40, 64],
  gitTag: [40, 64],
};
/** Shortest accepted prefix of a commit id. Nothing else may be abbreviated. */
const SHORTEST = 12;

const isAlgorithm = (text: string): text is Algorithm => Object.hasOwn(LENGTHS, text);
const isOfBytes = (algorithm: string): boolean => (BYTES as readonly string[]).includes(algorithm);
const isBeginning = (algorithm: Algorithm, value: string): boolean =>
  algorithm === "gitCommit" && value.length >= SHORTEST && value.length < 64 && value.length !== 40;

/** The digests of a statement's subject with a known algorithm and a well-formed value. */
function known({ digest }: Pick<Subject, "digest">): Digests {
  const all = Object.entries(digest).flatMap(([name, value]): [Algorithm, string][] =>
    isAlgorithm(name) && /^[0-9a-f]+$/.test(value ?? "") && LENGTHS[name].includes(value?.length ?? 0)
      ? [[name, value ?? ""]]
      : [],
  );
  // A subject that claims to be both a commit and a file is ambiguous, so it matches nothing.
  return new Set(all.map(([name]) => isOfBytes(name))).size > 1 ? {} : Object.fromEntries(all);
}

/** The possible meanings of a request: bare hex can mean a file or a commit. Undefined for a malformed request. */
function asked(text: string): readonly Digests[] | undefined {
  const bare = /^[0-9a-f]+$/i.test(text) ? text.toLowerCase() : undefined;
  if (bare !== undefined)
    return [
      ...(LENGTHS.gitCommit.includes(bare.length) || isBeginning("gitCommit", bare) ? [{ gitCommit: bare }] : []),
      ...(LENGTHS.sha256.includes(bare.length) ? [{ sha256: bare }] : []),
    ];
  const digests: [Algorithm, string][] = [];
  for (const word of text.split(" ")) {
    const [, name = "", hex = ""] = /^(\w+):([0-9a-f]+)$/i.exec(word) ?? [];
    const value = hex.toLowerCase();
    if (!isAlgorithm(name) || digests.some(([other]) => other === name)) return undefined;
    if (!LENGTHS[name].includes(value.length) && !isBeginning(name, value)) return undefined;
    digests.push([name, value]);
  }
  return new Set(digests.map(([name]) => isOfBytes(name))).size > 1 ? undefined : [Object.fromEntries(digests)];
}

/** Whether a text is a well-formed request. */
export const asksForSubject = (text: string): boolean => (asked(text) ?? []).length > 0;

const entries = (digests: Digests): [Algorithm, string][] => Object.entries(digests) as [Algorithm, string][];
const same = (algorithm: Algorithm, wanted: string, found: string): boolean =>
  isBeginning(algorithm, wanted) ? found.startsWith(wanted) : found === wanted;

/** They share a digest of at least one algorithm, and all shared ones are equal. */
export function meets(subject: Pick<Subject, "digest">, wanted: string): boolean {
  const digests = known(subject);
  return (asked(wanted) ?? []).some((one) => {
    const both = entries(one).flatMap(([name, value]) => {
      const found = digests[name];
      return found === undefined ? [] : [same(name, value, found)];
    });
    return both.length > 0 && both.every(Boolean);
  });
}

/**
 * Subjects that nobody asked for, such as uncommitted changes. No digest may differ from what was asked for: someone who asks for a commit
 * and its tree does not mean this commit with that tree.
 */
export function unasked(subjects: readonly Subject[], wanted: readonly string[]): readonly Subject[] {
  const all = wanted.flatMap((text) => asked(text) ?? []);
  return subjects.filter((subject) => {
    if (!wanted.some((text) => meets(subject, text))) return true;
    return entries(known(subject)).some(([name, found]) => {
      const of = all.flatMap((one) => one[name] ?? []);
      return of.length > 0 && !of.some((value) => same(name, value, found));
    });
  });
}

/** Compared exactly, without patterns: another spelling is another subject. */
export type SubjectName = { readonly name: string } | { readonly uri: string };
export const isNamed = (named: SubjectName, { name, uri }: Pick<Subject, "name" | "uri">): boolean =>
  "name" in named ? name === named.name : uri === named.uri;

/** For people: the name, and every digest with its algorithm. */
export const subjectWording = ({ name, uri, digest }: Subject): string =>
  `${name ?? uri ?? "a subject without a name"} ${Object.entries(digest)
    .map(([algorithm, value]) => `${algorithm}:${value ?? ""}`)
    .join(" ")}`;
