/** The references of a statement, and every place where each can be checked. */
import { isObject, type Json } from "../json.js";
import type { Descriptor, ResultStatement } from "../statement/statement.js";

/** Where to look. Never a path on this machine: a name from a statement is compared with file names, but never opened. */
export type ReferencePlace =
  /** The copy beside the attestation. */
  | { readonly kind: "archive" }
  | { readonly kind: "address"; readonly url: string }
  /** An object of a git clone that the auditor has; `url` is where the statement says the project is from. */
  | { readonly kind: "git"; readonly object: "commit" | "tree" | "blob"; readonly id: string; readonly url?: string }
  | { readonly kind: "attestation" }
  /** Only a name: a file that the auditor may have. */
  | { readonly kind: "file" };

export interface Reference {
  /** RFC 6901 pointer into the payload. */
  readonly pointer: string;
  readonly name: string;
  readonly place: ReferencePlace;
  /** Undefined if no digest of the bytes was signed. */
  readonly sha256?: string;
  /** Bytes. */
  readonly size?: number;
  readonly mediaType?: string;
  /** The archived copy may be missing: the piece has its own address and is not marked as captured. */
  readonly optional?: true;
}

/** State of a place, in one word. */
export const STATES = [
  "same",
  "same-normalised",
  "changed",
  "moved",
  "gone",
  "blocked",
  "never-hashed",
  "not-checked",
] as const;
export type LookState = (typeof STATES)[number];

/** One place of one reference, and its state. */
export interface Look {
  readonly pointer: string;
  readonly place: ReferencePlace["kind"];
  readonly state: LookState;
  /** One sentence: what was found, and for a change where. */
  readonly detail: string;
}

const GIT = ["commit", "tree", "blob"] as const;
const ATTESTATION_TYPES = ["reproduces", "contradicts", "supersedes", "answers", "planned-by"];

/** In payload order. */
export function referencesOf({ subject, predicate }: ResultStatement): Reference[] {
  const { configuration, url, f3 } = predicate;
  return [
    ...subject.flatMap((one, at) => described(one, `/subject/${at}`)),
    ...configuration.flatMap((one, at) => described(one, `/predicate/configuration/${at}`)),
    ...(isAddress(url)
      ? [{ pointer: "/predicate/url", name: "url", place: { kind: "address", url } } satisfies Reference]
      : []),
    ...f3.evidence.flatMap((one, at) => cited(one, `/predicate/f3/evidence/${at}`)),
    ...f3.relations.flatMap(({ type, target, digest }, at): Reference[] => {
      const pointer = `/predicate/f3/relations/${at}`;
      if (ATTESTATION_TYPES.includes(type) && digest?.sha256 !== undefined)
        return [{ pointer, name: target, place: { kind: "attestation" }, sha256: digest.sha256 }];
      return isAddress(target)
        ? [{ pointer, name: target, place: { kind: "address", url: target }, ...sha256Of(digest) }]
        : [];
    }),
  ];
}

const isAddress = (text: string | undefined): text is string => text !== undefined && /^https?:\/\//i.test(text);

const sha256Of = (digest: Descriptor["digest"]): { readonly sha256?: string } =>
  digest?.sha256 === undefined ? {} : { sha256: digest.sha256 };

type Common = Pick<Reference, "pointer" | "name" | "sha256" | "size" | "mediaType">;

const common = (one: Descriptor & { readonly size?: number }, pointer: string): Common => ({
  pointer,
  name: one.name ?? one.uri ?? "",
  ...sha256Of(one.digest),
  ...(one.size !== undefined && { size: one.size }),
  ...(one.mediaType !== undefined && { mediaType: one.mediaType }),
});

/** Evidence: the archived copy and the original address. */
function cited(one: Descriptor & { readonly size: number }, pointer: string): Reference[] {
  const found = elsewhere(one, pointer);
  if (one.digest?.sha256 === undefined && found.length > 0) return found;
  const optional = found.length > 0 && !isCapture(one);
  return [{ ...common(one, pointer), place: { kind: "archive" }, ...(optional && { optional }) }, ...found];
}

/** The bytes were fetched and archived for this statement, as `attest evidence add` does. */
export const isCapture = ({ annotations }: Pick<Descriptor, "annotations">): boolean =>
  annotations !== undefined && Object.hasOwn(annotations, "capturedAt");

/** A subject or a tool: in git, at an address, or a file by name. */
function described(one: Descriptor, pointer: string): Reference[] {
  const found = elsewhere(one, pointer);
  if (found.length > 0) return found;
  const { name, uri, digest } = one;
  const called = (uri ?? name ?? "").replace(/^file:/, "");
  const local = uri === undefined || uri.startsWith("file:");
  // A subject may be any file name. A tool needs an extension, since its name may be a description.
  const named = pointer.startsWith("/subject/") ? /^[\w.@+/-]+$/.test(called) : /\.\w+$/.test(called);
  const file = local && digest?.sha256 !== undefined && named;
  return file ? [{ ...common(one, pointer), name: called, place: { kind: "file" } }] : [];
}

function elsewhere(one: Descriptor, pointer: string): Reference[] {
  const { uri, downloadLocation, digest } = one;
  const remote = uri?.startsWith("git+") === true ? { url: uri.slice("git+".length) } : {};
  const objects = GIT.flatMap((object): Reference[] => {
    const id: Json | undefined = digest?.[`git${object.charAt(0).toUpperCase()}${object.slice(1)}`];
    return typeof id === "string" && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(id)
      ? [{ ...common(one, pointer), place: { kind: "git", object, id: id.toLowerCase(), ...remote } }]
      : [];
  });
  const addresses = [...new Set([uri, downloadLocation])].filter(isAddress);
  return [
    ...objects,
    ...addresses.map((url): Reference => ({ ...common(one, pointer), place: { kind: "address", url } })),
  ];
}

/** The value at a JSON pointer, or undefined. */
export function at(value: Json, pointer: string): Json | undefined {
  let found: Json | undefined = value;
  for (const part of pointer.split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(found)) found = (found as readonly Json[])[Number(name)];
    else if (isObject(found)) found = Object.hasOwn(found, name) ? found[name] : undefined;
    else return undefined;
  }
  return found;
}
