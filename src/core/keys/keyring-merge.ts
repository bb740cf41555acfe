/**
 * One keyring out of two copies of a registry. Both list the same keys, and one of them may know less: of a key's ends and revocations the
 * earliest counts, and of its beginnings too, since a signature that was published in one copy must not read as retired in the other.
 */
import { AttestError } from "../errors.js";
import { formatNoteKey } from "./note.js";
import type { KeyEntry, Keyring, NoteEntry } from "./keyring.js";

/**
 * What both list, in the order of the first.
 * @throws AttestError `key-exists` if one name belongs to two keys; `log-fork` if their logs are not the beginning of one another
 */
export function mergedKeyring(one: Keyring, other: Keyring): Keyring {
  const quorum = Math.max(one.quorum ?? 0, other.quorum ?? 0);
  return {
    signers: merged(one.signers, other.signers, ({ key }) => key.keyid, mergedSigner),
    logs: mergedLogs(one.logs, other.logs),
    witnesses: merged(one.witnesses, other.witnesses, ({ key }) => formatNoteKey(key), mergedNote),
    ...(quorum > 0 && { quorum }),
  };
}

function merged<T extends { readonly name: string }>(
  ours: readonly T[],
  theirs: readonly T[],
  idOf: (entry: T) => string,
  merge: (one: T, other: T) => T,
): T[] {
  const all = new Map(ours.map((entry) => [idOf(entry), entry]));
  for (const entry of theirs) {
    const known = all.get(idOf(entry));
    all.set(idOf(entry), known === undefined ? entry : merge(known, entry));
  }
  const names = [...all.values()].map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice === undefined) return [...all.values()];
  throw new AttestError(
    "key-exists",
    `the name ${twice} belongs to one key here and to another one there`,
    "nothing was changed: rename one of them in its keyring",
  );
}

const mergedSigner = (one: KeyEntry, other: KeyEntry): KeyEntry => ({
  ...other,
  ...one,
  ...span(one, other),
  ...revocation(one, other),
});

const mergedNote = (one: NoteEntry, other: NoteEntry): NoteEntry => ({ ...other, ...one, ...span(one, other) });

type Span = Pick<KeyEntry, "validFrom" | "validUntil">;

function span(one: Span, other: Span): Span {
  const [validFrom = one.validFrom] = [one.validFrom, other.validFrom].sort(byTime);
  const [validUntil] = [one.validUntil, other.validUntil].flatMap((at) => at ?? []).sort(byTime);
  return { validFrom, ...(validUntil !== undefined && { validUntil }) };
}

function revocation(one: KeyEntry, other: KeyEntry): Pick<KeyEntry, "revoked"> {
  const [revoked] = [one.revoked, other.revoked].flatMap((it) => it ?? []).sort((a, b) => byTime(a.at, b.at));
  return revoked === undefined ? {} : { revoked };
}

function mergedLogs(ours: readonly NoteEntry[], theirs: readonly NoteEntry[]): NoteEntry[] {
  const [longer, shorter] = ours.length >= theirs.length ? [ours, theirs] : [theirs, ours];
  return longer.map((log, at) => {
    const other = shorter[at];
    if (other === undefined) return log;
    if (formatNoteKey(other.key) === formatNoteKey(log.key)) return mergedNote(log, other);
    throw new AttestError(
      "log-fork",
      `the two copies have different logs: ${log.key.name} and ${other.key.name} under another key`,
      "nothing was copied: one of them was begun anew",
    );
  });
}

const byTime = (a: string, b: string): number => Date.parse(a) - Date.parse(b);
