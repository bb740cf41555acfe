/**
 * Finds secrets as a reader would see them. The list of spellings (`spellings.ts`) is searched in a stream and covers many encodings, but
 * not all. So a document is also decoded before publication, with all decodings in any order, and each resulting text is searched.
 */
import type { Bytes } from "../../core/bytes.js";
import { charactersAt, charactersOf } from "./charset.js";
import { DECODINGS } from "./decodings.js";
import { REDACTED, type Redactions, type Redactor, type OnRedaction } from "./redact.js";
import { LAYOUT } from "./secret-encodings.js";
import { joined, plainView, spansOf, type Span, type View } from "./view.js";

/** JSON in XML in JSON, in base64. */
const DEPTH = 4;
/**
 * Total characters of all decoded texts of a document. A document that exceeds this cannot be searched completely, and is not published.
 */
const MOST = 512 * 1024 * 1024;
/** A removal may join two parts of a secret. */
const ROUNDS = 4;

export const UNREAD = "too-encoded";

export interface Revealed {
  readonly rule: string;
  /** One or more byte ranges of the document. */
  readonly ranges: readonly Span[];
  readonly instead: string;
}

/** Without any of these characters nothing can be encoded. */
const MAY_DECODE =
  /[\\&<%=\u001b\u009b\0\b\u000e\u000f\u007f\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]|[A-Za-z0-9+/_-]{16}|[0-9a-f]{2}[ ,:;-]{1,4}(?:0x)?[0-9a-f]{2}|\d\s*,\s*\d/i;

/** Secrets in the decoded texts; in the original only if it is not UTF-8 or a secret spans several lines. */
export function revealed(bytes: Bytes, redactor: Redactor): Revealed[] {
  const characters = charactersOf(bytes);
  if (characters === undefined) return [{ rule: UNREAD, ranges: [[0, bytes.length]], instead: "" }];
  const { text, bytesAt, isUtf8 } = characters;
  const found: Revealed[] = [];
  const seen = new Set<string>([text]);
  const known = new Set<string>();
  let left = MOST;
  const search = (view: View, listed = false): void => {
    const met = listed ? [] : searched(view.text, (told) => redactor.another(told));
    for (const { rule, range, instead } of [...met, ...broken(view.text, redactor)]) {
      const ranges = spansOf(view, range);
      const at = bytesAt(ranges.flat());
      found.push({
        rule,
        instead,
        ranges: ranges.map((_, index): Span => [at[index * 2] ?? 0, at[index * 2 + 1] ?? 0]),
      });
    }
  };
  const root = plainView(text);
  search(root, isUtf8);
  if (isUtf8 && !MAY_DECODE.test(text)) return found;
  let level: View[] = [root];
  for (let depth = 0; depth < DEPTH && level.length > 0; depth += 1) {
    const next: View[] = [];
    for (const view of level)
      for (const decode of DECODINGS) {
        const made = decode(view, known);
        if (made === undefined || made.text === "" || seen.has(made.text)) continue;
        seen.add(made.text);
        if ((left -= made.text.length) < 0)
          return [...found, { rule: UNREAD, ranges: [[0, bytes.length]], instead: "" }];
        search(made);
        next.push(made);
      }
    level = next;
  }
  return found;
}

interface Met {
  readonly rule: string;
  readonly range: Span;
  readonly instead: string;
}

function searched(text: string, make: (found: OnRedaction) => Redactor | undefined): Met[] {
  const met: { rule: string; from: number; to: number; instead: string }[] = [];
  const redactor = make((rule, from, to, instead) => void met.push({ rule, from, to, instead }));
  if (redactor === undefined) return [];
  redactor.write(Buffer.from(text));
  redactor.end();
  met.sort((a, b) => a.from - b.from);
  const starts = charactersAt(
    text,
    met.map(({ from }) => from),
  );
  const ends = met.map(({ to }, at) => [to, at] as const).sort((a, b) => a[0] - b[0]);
  const endAt = new Map(
    charactersAt(
      text,
      ends.map(([to]) => to),
    ).map((end, at) => [ends[at]?.[1] ?? 0, end]),
  );
  return met.map(({ rule, instead }, at) => ({ rule, instead, range: [starts[at] ?? 0, endAt.get(at) ?? 0] }));
}

/** Wrapped or indented values: found in the text without layout, and mapped back to positions in the text. */
function broken(text: string, redactor: Redactor): Met[] {
  if (redactor.ofUnbroken(() => undefined) === undefined) return [];
  const met = searched(text.replace(LAYOUT, ""), (told) => redactor.ofUnbroken(told));
  if (met.length === 0) return [];
  /** Where layout was removed, and how much before that. */
  const gaps = [{ at: 0, before: 0 }];
  let before = 0;
  for (const { 0: run, index } of text.matchAll(LAYOUT)) {
    const at = index - before;
    gaps.push({ at, before: (before += run.length) });
  }
  const placeOf = (position: number): number => {
    let [low, high] = [0, gaps.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((gaps[middle]?.at ?? 0) <= position) low = middle;
      else high = middle;
    }
    return position + (gaps[low]?.before ?? 0);
  };
  return met.map((one) => ({ ...one, range: [placeOf(one.range[0]), placeOf(one.range[1] - 1) + 1] }));
}

export interface Redacted {
  readonly bytes: Bytes;
  readonly redactions: Redactions;
}

/** Redacts a document by the list of spellings, then by decoding. */
export function redact(bytes: Uint8Array, redactor: Redactor): Redacted {
  const listing = redactor.another();
  const listed = new Uint8Array(Buffer.concat([listing.write(bytes), listing.end()]));
  const { bytes: shown, redactions } = decodedToo(listed, redactor);
  return { bytes: shown, redactions: together(listing.redactions, redactions) };
}

/** For a document already searched by the list: redacts what decoding reveals, or everything if that does not converge. */
export function decodedToo(bytes: Bytes, redactor: Redactor): Redacted {
  let [shown, count] = [bytes, 0];
  const rules = new Set<string>();
  for (let round = 0; round < ROUNDS && redactor.looks; round += 1) {
    const found = revealed(shown, redactor);
    if (found.length === 0) return { bytes: shown, redactions: { count, rules: [...rules].sort() } };
    found.forEach(({ rule }) => rules.add(rule));
    count += new Set(found.map(({ ranges }) => ranges[0]?.[0])).size;
    if (rules.has(UNREAD)) break;
    shown = without(shown, found);
  }
  const redactions = { count, rules: [...rules].sort() };
  return { bytes: redactor.looks ? new Uint8Array(Buffer.from(REDACTED)) : bytes, redactions };
}

export const together = (one: Redactions, other: Redactions): Redactions => ({
  count: one.count + other.count,
  rules: [...new Set([...one.rules, ...other.rules])].sort(),
});

/** Replaces the first part of each secret and deletes the others; the markup between them stays. */
function without(bytes: Bytes, found: readonly Revealed[]): Bytes {
  const spelled = charactersOf(bytes)?.spelled ?? ((text: string) => Buffer.from(text));
  const instead = new Map<number, string>();
  for (const { ranges, instead: text } of found) {
    const at = ranges[0]?.[0];
    if (at !== undefined && text.length > (instead.get(at)?.length ?? -1)) instead.set(at, text);
  }
  const pieces: Uint8Array[] = [];
  let read = 0;
  for (const [from, to] of joined(found.flatMap(({ ranges }) => ranges))) {
    const text = [...instead].find(([at]) => at >= from && at < to)?.[1] ?? "";
    pieces.push(bytes.subarray(read, from), spelled(text));
    read = to;
  }
  return new Uint8Array(Buffer.concat([...pieces, bytes.subarray(read)]));
}
