/** From what was fetched to one of the states: whether a place still has the bytes that were signed, and else what is there now. */
import { hex, type Bytes } from "../bytes.js";
import type { Engine } from "../engine.js";
import { differenceOf, spellingsOf } from "./difference.js";
import type { Arrived, Fetched } from "./fetched.js";
import type { Finding, RuleId } from "./rules.js";
import type { Look, Reference, State } from "./reference.js";

/** Bytes that were hashed piece by piece, of any length. */
export interface Held {
  readonly sha256: string;
  readonly size: number;
  /** The bytes themselves; undefined where they are too many to be held. */
  readonly bytes: () => Bytes | undefined;
}

/** A place that is not at an address: an archive, a folder. */
export function lookAtHeld(reference: Reference, held: Held | undefined): Look {
  const { sha256, size } = reference;
  if (sha256 === undefined) return seen(reference, "never-hashed", "no SHA-256 of it was signed");
  if (held === undefined) return seen(reference, "gone", `there is nothing with SHA-256 ${sha256}`);
  if (held.sha256 === sha256 && (size === undefined || held.size === size)) return seen(reference, "same", "");
  if (held.sha256 === sha256) return seen(reference, "changed", `${held.size} bytes, where ${size} were signed`);
  return seen(reference, "changed", `SHA-256 ${held.sha256}, ${held.size} bytes`);
}

/** @param copy the archived bytes, if they are those that were signed: to say where something changed */
export function lookAtFetched(reference: Reference, fetched: Fetched, copy: Bytes | undefined, engine: Engine): Look {
  if (fetched.kind === "gone") return seen(reference, "gone", fetched.why);
  if (fetched.kind === "blocked") return seen(reference, "blocked", fetched.why);
  if (fetched.kind === "failed") return seen(reference, "not-checked", fetched.why);
  const { sha256 } = reference;
  if (sha256 === undefined) return seen(reference, "never-hashed", `${fetched.bytes.length} bytes now, and no digest`);
  const found = hex(engine.sha256(fetched.bytes));
  if (found === sha256) {
    const moved = movedTo(fetched);
    return moved === undefined ? seen(reference, "same", "") : seen(reference, "moved", `now at ${moved}`);
  }
  const [state, detail] = changed(sha256, fetched, found, copy, engine);
  const led = fetched.hops.length === 0 ? "" : `; the address leads to ${fetched.url}`;
  return seen(reference, state, `${detail}${led}`);
}

function changed(
  sha256: string,
  { bytes }: Arrived,
  found: string,
  copy: Bytes | undefined,
  engine: Engine,
): readonly [State, string] {
  if (copy !== undefined) {
    const difference = differenceOf(copy, bytes);
    return difference.kind === "spelling"
      ? ["same-normalised", `the same but for ${difference.how}`]
      : ["changed", difference.where];
  }
  if (spellingsOf(bytes).some((spelled) => hex(engine.sha256(spelled)) === sha256))
    return ["same-normalised", "the same but for line ends"];
  return ["changed", `SHA-256 ${found}, ${bytes.length} bytes; no copy is at hand that would show where`];
}

/** Only what is meant to stay: a temporary redirect is a matter of the moment. */
function movedTo({ url, hops }: Arrived): string | undefined {
  return hops.length > 0 && hops.every(({ status }) => status === 301 || status === 308) ? url : undefined;
}

export const seen = ({ pointer, place }: Reference, state: State, detail: string): Look => ({
  ...{ pointer, place: place.kind, state, detail },
});

const RULE: Readonly<Partial<Record<State, RuleId>>> = {
  changed: "evidence-changed",
  moved: "evidence-moved",
  gone: "evidence-gone",
  blocked: "evidence-blocked",
  "never-hashed": "evidence-unhashed",
};

const PLACE: Readonly<Record<Look["place"], string>> = {
  archive: "the archived copy",
  address: "the source",
  git: "the object in git",
  attestation: "the attestation",
  file: "the file",
};

/** @param names by pointer, as the statement calls them */
export const driftFindings = (about: string, looks: readonly Look[], names: ReadonlyMap<string, string>): Finding[] =>
  looks.flatMap(({ pointer, place, state, detail }) => {
    // Which attestations are missing is told of the whole graph.
    const newer = state === "changed" && place === "file" && pointer.startsWith("/subject/");
    const rule = place === "attestation" ? undefined : newer ? "subject-newer" : RULE[state];
    if (rule === undefined) return [];
    const what = `${names.get(pointer) ?? pointer}: ${PLACE[place]} is ${WORD[state]}`;
    return [{ rule, about, pointer, detail: detail === "" ? what : `${what}: ${detail}` }];
  });

export const WORD: Readonly<Record<State, string>> = {
  same: "the same",
  "same-normalised": "the same text in other bytes",
  changed: "changed",
  moved: "moved",
  gone: "gone",
  blocked: "closed to strangers",
  "never-hashed": "without a digest",
  "not-checked": "not checked",
};
