/** Turns a fetched answer into a state: are these still the signed bytes, and if not, what is there now? */
import { hex, type Bytes } from "../bytes.js";
import type { Engine } from "../engine.js";
import { differenceOf, spellingsOf } from "./diff.js";
import type { Arrived, Fetched } from "./fetched.js";
import type { Finding, RuleId } from "../statement/audit-rules.js";
import type { Look, Reference, LookState } from "./reference.js";

/** Bytes of any length, hashed in pieces. */
export interface LocalCopy {
  readonly sha256: string;
  readonly size: number;
}

/** For a place without an address: an archive, a folder. */
export function lookAtCopy(reference: Reference, held: LocalCopy | undefined): Look {
  const { sha256, size } = reference;
  if (sha256 === undefined) return seen(reference, "never-hashed", "no SHA-256 of it was signed");
  if (held === undefined && reference.optional) return seen(reference, "not-checked", "no copy was archived");
  if (held === undefined) return seen(reference, "gone", `no file ${fileOf(sha256)}`);
  if (held.sha256 === sha256 && (size === undefined || held.size === size)) return seen(reference, "same", "");
  if (held.sha256 === sha256)
    return seen(reference, "changed", `${fileOf(sha256)} has ${held.size} bytes, where ${size} were signed`);
  const found = `SHA-256 ${held.sha256}, ${held.size} bytes`;
  return seen(reference, "changed", `${fileOf(sha256)} has ${found}, where SHA-256 ${sha256} was signed`);
}

/** Path relative to the registry's folder. */
const fileOf = (sha256: string): string => `attestations/evidence/sha256/${sha256.slice(0, 2)}/${sha256}`;

/** @param copy the archived bytes if they match the signed digest; used to say where a change is */
export function lookAtFetched(reference: Reference, fetched: Fetched, copy: Bytes | undefined, engine: Engine): Look {
  if (fetched.kind === "gone") return seen(reference, "gone", fetched.why);
  if (fetched.kind === "blocked") return seen(reference, "blocked", fetched.why);
  if (fetched.kind === "failed") return seen(reference, "not-checked", fetched.why);
  const { sha256 } = reference;
  if (sha256 === undefined) return seen(reference, "never-hashed", `${fetched.bytes.length} bytes now, and no digest`);
  const found = hex(engine.sha256(fetched.bytes));
  if (found === sha256) {
    const moved = movedTo(fetched);
    return moved === undefined ? seen(reference, "same", "") : seen(reference, "moved", `now at ${plain(moved)}`);
  }
  const [state, detail] = changed(sha256, fetched, found, copy, engine);
  const led = fetched.hops.length === 0 ? "" : `; the address leads to ${plain(fetched.url)}`;
  return seen(reference, state, `${detail}${led}`);
}

/** Drops query and fragment: a server may have put a secret for the requester there. */
const plain = (url: string): string => url.replace(/[?#].*$/, "");

function changed(
  sha256: string,
  { bytes }: Arrived,
  found: string,
  copy: Bytes | undefined,
  engine: Engine,
): readonly [LookState, string] {
  if (copy !== undefined) {
    const difference = differenceOf(copy, bytes);
    return difference.kind === "spelling"
      ? ["same-normalised", `the same but for ${difference.how}`]
      : ["changed", difference.where];
  }
  if (spellingsOf(bytes).some((spelled) => hex(engine.sha256(spelled)) === sha256))
    return ["same-normalised", "the same but for line ends"];
  return ["changed", `SHA-256 ${found}, ${bytes.length} bytes; without a copy, the place is unknown`];
}

/** Follows permanent redirects only. */
function movedTo({ url, hops }: Arrived): string | undefined {
  return hops.length > 0 && hops.every(({ status }) => status === 301 || status === 308) ? url : undefined;
}

export const seen = ({ pointer, place }: Reference, state: LookState, detail: string): Look => ({
  pointer,
  place: place.kind,
  state,
  detail,
});

const RULE: Readonly<Partial<Record<LookState, RuleId>>> = {
  changed: "evidence-changed",
  moved: "evidence-moved",
  gone: "evidence-gone",
  blocked: "evidence-blocked",
  "never-hashed": "evidence-unhashed",
};
/** Rules for the archived copy, and for the place elsewhere when the archived copy is intact. */
const OF_ARCHIVE: typeof RULE = { ...RULE, changed: "archive-changed", gone: "archive-gone" };
const BESIDE_COPY: typeof RULE = { ...RULE, changed: "source-changed", gone: "source-gone" };

const PLACE: Readonly<Record<Look["place"], string>> = {
  archive: "the archived copy",
  address: "the source",
  git: "the object in git",
  attestation: "the attestation",
  file: "the file",
};

/** @param looks the looks whose state is not `same` */
export function driftFindings(about: string, looks: readonly Look[], references: readonly Reference[]): Finding[] {
  const lost = new Set(looks.flatMap(({ place, pointer }) => (place === "archive" ? pointer : [])));
  const kept = new Set(
    references.flatMap(({ place, pointer }) => (place.kind === "archive" && !lost.has(pointer) ? pointer : [])),
  );
  return looks.flatMap((look) => {
    const { pointer, place, state } = look;
    // A missing attestation is a finding of the graph.
    if (place === "attestation") return [];
    const rules = place === "archive" ? OF_ARCHIVE : kept.has(pointer) ? BESIDE_COPY : RULE;
    const other = state === "changed" && place === "file" && pointer.startsWith("/subject/");
    const rule = other ? "subject-other" : rules[state];
    return rule === undefined ? [] : [{ rule, about, pointer, detail: lookWords(look, references) }];
  });
}

/** `report.xml, https://…: the source is gone: status 404`. */
export function lookWords({ pointer, place, state, detail }: Look, references: readonly Reference[]): string {
  const named = references.find((one) => one.pointer === pointer && one.place.kind === place);
  const where = named?.place.kind === "address" ? `, ${named.place.url}` : "";
  const what = `${named?.name ?? pointer}${where}: ${PLACE[place]} is ${WORD[state]}`;
  return detail === "" ? what : `${what}: ${detail}`;
}

export const WORD: Readonly<Record<LookState, string>> = {
  same: "the same",
  "same-normalised": "the same text in other bytes",
  changed: "changed",
  moved: "moved",
  gone: "gone",
  blocked: "closed to strangers",
  "never-hashed": "without a digest",
  "not-checked": "not checked",
};
