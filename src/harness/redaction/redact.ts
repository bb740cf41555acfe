/**
 * Removes secrets from a command's output while it is printed: known values in the forms in which they leak, texts that look like keys and
 * tokens, and this machine's paths. No digest of a secret is kept, because a weak secret could be guessed from it.
 *
 * Bytes are handled as latin-1 characters, and everything else stays unchanged. Chunk boundaries make no difference. Only bytes that may
 * still become a match are held back: a few bytes, the line from where a token seems to start, or at most twice `WINDOW` of an unfinished
 * private key.
 */
import { after, before, CONTEXT, PRIVATE_KEY, PRIVATE_KEY_END, RULES, WINDOW, type SecretRule } from "./rules.js";
import { beginningOf, BEGINNING, AhoCorasick, type Position } from "./aho-corasick.js";
import type { Secret } from "./secrets.js";
import { latin1, MIN_SECRET, spellings, unbroken } from "./secret-encodings.js";

export { RULES, spellings, type SecretRule, type Secret };

/** The replacement. It is plain text in JSON and XML, and no rule matches it. */
export const REDACTED = "[redacted]";

/** One span of the stream. */
export interface Redactions {
  readonly count: number;
  /** Names of rules and places, and `value of NAME`. */
  readonly rules: readonly string[];
}

/** A folder or host whose name is private. */
export interface MaskedPath {
  readonly name: string;
  readonly text: string;
  readonly instead: string;
}

export interface RedactorOptions {
  readonly rules?: readonly SecretRule[];
  readonly places?: readonly MaskedPath[];
  readonly found?: OnRedaction;
}

/** Called for each removal in order, with its byte range and the replacement. */
export type OnRedaction = (rule: string, from: number, to: number, instead: string) => void;

export const valueRule = (name: string): string => `value of ${name}`;

interface Mark {
  readonly name: string;
  /** Undefined for a secret. */
  readonly instead?: string;
}

/** A byte range of the stream to remove. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly marks: readonly Mark[];
  /** Its replacement has been output already. */
  readonly shown?: boolean;
}

/** A possible match of a pattern. */
interface Candidate {
  readonly start: number;
  readonly mark: Mark;
  /** Sticky. */
  readonly pattern: RegExp;
}

/** A private key, and the start of its body. */
interface Key {
  readonly start: number;
  readonly body: number;
}

/** The meaning of a found text: a complete secret, or the start of a possible match. */
type Meaning = Mark | Omit<Candidate, "start">;

/** Keeps memory constant for large writes. */
const SLICE = 256 * 1024;

/** The searched texts and their meanings, prepared for any number of streams. */
interface Known {
  readonly texts: AhoCorasick;
  readonly meanings: readonly (readonly [length: number, Meaning])[];
  /** For values in texts without layout. */
  readonly unbroken?: Known;
}

/** One per stream. */
export class Redactor {
  readonly #known: Known;
  readonly #tell: OnRedaction;
  readonly #names = new Set<string>();
  #count = 0;

  /** Bytes not yet output, preceded by some that are. Positions count from the start of the stream. */
  #held: Buffer = Buffer.alloc(0);
  #position: Position = BEGINNING;
  #base = 0;
  #shown = 0;
  #lineEnd = -1;
  #spans: Span[] = [];
  /** In order of their start; undecided ones only. */
  #candidates: Candidate[] = [];
  /** A private key without an end so far. */
  #key: Key | undefined;

  constructor(secrets: readonly Secret[], options: RedactorOptions = {}, known = knownFrom(secrets, options)) {
    this.#known = known;
    this.#tell = options.found ?? (() => undefined);
  }

  /** The same for another stream, without the setup cost of many secrets. */
  another(found?: OnRedaction): Redactor {
    return new Redactor([], found ? { found } : {}, this.#known);
  }

  /** A redactor for text without layout (`unbroken`); undefined if no value is long enough. */
  ofUnbroken(found: OnRedaction): Redactor | undefined {
    return this.#known.unbroken && new Redactor([], { found }, this.#known.unbroken);
  }

  /** False if it removes nothing. */
  get looks(): boolean {
    return this.#known.meanings.length > 0;
  }

  /** Returns the output that is decided so far. */
  write(chunk: Uint8Array): Uint8Array {
    const shown: Uint8Array[] = [];
    for (let at = 0; at < chunk.length; at += SLICE) shown.push(...this.#take(chunk.subarray(at, at + SLICE), false));
    return Buffer.concat(shown);
  }

  /** Returns the rest; a later write starts a new stream. */
  end(): Uint8Array {
    const rest = Buffer.concat(this.#take(new Uint8Array(), true));
    [this.#held, this.#position, this.#base, this.#shown, this.#lineEnd] = [Buffer.alloc(0), BEGINNING, 0, 0, -1];
    return rest;
  }

  /** Totals of all streams so far. */
  get redactions(): Redactions {
    return { count: this.#count, rules: [...this.#names].sort() };
  }

  get #size(): number {
    return this.#base + this.#held.length;
  }

  #take(slice: Uint8Array, last: boolean): Uint8Array[] {
    const from = this.#held.length;
    this.#held = Buffer.concat([this.#held, slice]);
    const lineEnd = this.#held.lastIndexOf("\n");
    if (lineEnd >= from) this.#lineEnd = this.#base + lineEnd;
    this.#position = this.#known.texts.read(this.#position, this.#held, from, (text, end) => this.#met(text, end));
    this.#decide(last);
    return this.#show(last);
  }

  #met(text: number, end: number): void {
    const [length, meaning] = this.#known.meanings[text] as [number, Meaning];
    const at = beginningOf(this.#held, end, length);
    const start = this.#base + at;
    if (!("pattern" in meaning)) return this.#add({ start, end: this.#base + end, marks: [meaning] });
    // No pattern crosses a line end.
    if (end - at > length) return;
    const { mark, pattern } = meaning;
    const previous = this.#candidates.findLastIndex((other) => other.start <= start);
    if (previous === this.#candidates.length - 1) this.#candidates.push({ start, mark, pattern });
    else this.#candidates.splice(previous + 1, 0, { start, mark, pattern });
  }

  #add(span: Span): void {
    const latest = this.#spans.at(-1);
    if (latest !== undefined && span.start >= latest.start && span.start < latest.end)
      this.#spans[this.#spans.length - 1] = joined(latest, span);
    else this.#spans.push(span);
  }

  /** Decides candidates whose line has ended or is long. */
  #decide(last: boolean): void {
    const ready = ({ start }: Candidate): boolean => last || start < this.#lineEnd || start + WINDOW <= this.#size;
    const undecided = this.#candidates.findIndex((candidate) => !ready(candidate));
    const count = undecided < 0 ? this.#candidates.length : undecided;
    if (count > 0) {
      const text = this.#held.toString("latin1");
      for (const candidate of this.#candidates.splice(0, count)) this.#try(candidate, text);
    }
    this.#keyUntil(Math.min(this.#begun, this.#candidates[0]?.start ?? this.#size));
    while (last && this.#key !== undefined) this.#keyWithoutEnd(this.#key, this.#size);
  }

  #try({ start, mark, pattern }: Candidate, text: string): void {
    pattern.lastIndex = start - this.#base;
    const match = pattern.exec(text);
    if (match === null) return;
    const end = start + match[0].length;
    if (mark === PRIVATE_KEY_END) return this.#keyEnds(start, end);
    this.#add({ start: end - (match[1] ?? match[0]).length, end, marks: [mark] });
    if (mark !== PRIVATE_KEY) return;
    this.#keyUntil(start);
    if (this.#key !== undefined) this.#keyWithoutEnd(this.#key, start);
    this.#key = { start, body: end };
  }

  /** Removes a whole key unless it contains document structure; then line by line. */
  #keyEnds(start: number, end: number): void {
    this.#keyUntil(start);
    if (this.#key === undefined) return;
    const { start: begin, body } = this.#key;
    this.#key = undefined;
    const text = this.#text(body, start);
    if (!/["<>{}]/.test(text)) return this.#add({ start: begin, end, marks: [PRIVATE_KEY] });
    for (const { 0: line, index } of text.matchAll(/\\u[0-9a-fA-F]{4}|\\.|[A-Za-z0-9+/]{24,}={0,2}/g))
      if (!line.startsWith("\\"))
        this.#add({ start: body + index, end: body + index + line.length, marks: [PRIVATE_KEY] });
  }

  /** No end was found up to here. */
  #keyUntil(position: number): void {
    while (this.#key !== undefined && this.#key.start + WINDOW <= position)
      this.#keyWithoutEnd(this.#key, this.#key.start + WINDOW);
  }

  /** Removes the base64-like lines of a truncated key. */
  #keyWithoutEnd({ start, body }: Key, limit: number): void {
    this.#key = undefined;
    const text = this.#text(body, limit);
    const lines = KEY_LINES.exec(text)?.[0].length ?? 0;
    if (lines === 0) return;
    this.#add({ start, end: body + lines, marks: [PRIVATE_KEY] });
    // A key longer than the window continues from its last line.
    if (limit < start + WINDOW || /\w/.test(text.slice(lines))) return;
    const next = body + (text.slice(0, lines).search(/[\w+/=]+$/) || lines);
    this.#key = { start: next, body: next };
  }

  #text(start: number, end: number): string {
    return this.#held.toString("latin1", start - this.#base, end - this.#base);
  }

  #show(last: boolean): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let until = last ? this.#size : this.#decided;
    const rest: Span[] = [];
    for (const span of merged(this.#spans)) {
      const { start, end, marks, shown } = span;
      const instead = marks.every((mark) => mark.instead !== undefined) ? marks[0]?.instead : REDACTED;
      // The span may still grow. A secret is replaced immediately, so that nothing is kept however long it gets.
      if (start < until && end > until && instead !== REDACTED) until = start;
      if (start >= until) {
        rest.push(span);
        continue;
      }
      pieces.push(this.#held.subarray(this.#shown - this.#base, start - this.#base));
      if (shown !== true) {
        pieces.push(Buffer.from(instead ?? ""));
        this.#count += 1;
      }
      for (const { name } of marks.filter((mark) => mark.instead === undefined || instead !== REDACTED)) {
        this.#names.add(name);
        this.#tell(name, start, Math.min(end, until), instead ?? "");
      }
      this.#shown = Math.min(end, until);
      if (end > until) rest.push({ start: until, end, marks, shown: true });
    }
    this.#spans = rest;
    pieces.push(this.#held.subarray(this.#shown - this.#base, until - this.#base));
    this.#shown = until;
    const base = Math.max(this.#base, until - CONTEXT);
    this.#held = this.#held.subarray(base - this.#base);
    this.#base = base;
    return pieces;
  }

  /** A searched text may have started from here on. */
  get #begun(): number {
    return this.#base + beginningOf(this.#held, this.#held.length, this.#known.texts.pending(this.#position));
  }

  /** Nothing before this can still become a match. */
  get #decided(): number {
    return Math.min(this.#begun, this.#candidates[0]?.start ?? this.#size, this.#key?.start ?? this.#size);
  }
}

function knownFrom(secrets: readonly Secret[], { rules = RULES, places = [] }: RedactorOptions): Known {
  const values = new Map<string, Mark>();
  const [texts, solid]: [[string, Meaning][], [string, Meaning][]] = [[], []];
  for (const { name, value } of secrets) {
    if (value.length < MIN_SECRET) continue;
    const mark = values.get(name) ?? { name: valueRule(name) };
    values.set(name, mark);
    texts.push(...spellings(value).map((text): [string, Meaning] => [text, mark]));
    const text = unbroken(value);
    if (text !== undefined) solid.push([text, mark]);
  }
  for (const rule of rules.includes(PRIVATE_KEY) ? [...rules, PRIVATE_KEY_END] : rules) {
    const meaning = { mark: rule, pattern: new RegExp(rule.pattern.source, "y") };
    texts.push(...rule.starts.map((text): [string, Meaning] => [text, meaning]));
  }
  for (const place of places) texts.push(...placeTexts(place));
  return { ...knownAs(texts), ...(solid.length > 0 && { unbroken: knownAs(solid) }) };
}

const knownAs = (texts: readonly (readonly [string, Meaning])[]): Known => ({
  texts: new AhoCorasick(texts.map(([text]) => text)),
  meanings: texts.map(([text, meaning]) => [text.length, meaning]),
});

/**
 * Lines of base64 (the last may be short) and their separators: line ends, also escaped in JSON or XML, blanks, or those of a JavaScript
 * dump.
 */
const KEY_LINES = ((): RegExp => {
  const between = String.raw`(?:\r?\n|\\[rn]|&#(?:10|13|x[AaDd]);|' \+|[ \t'])`;
  const line = String.raw`[A-Za-z0-9+/]{16,}={0,2}`;
  const last = String.raw`(?:${between}{1,200}[A-Za-z0-9+/]{1,15}={0,2}(?![^\r\n\\"'<&]))?`;
  return new RegExp(`^${between}{0,200}${line}(?:${between}{1,200}${line})*${last}`);
})();

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

/** Skips the root and names that are too common. */
function placeTexts({ name, text, instead }: MaskedPath): [string, Meaning][] {
  if (text.length < 3 || text === "localhost") return [];
  const texts = [text, JSON.stringify(text).slice(1, -1), encodeURI(text), encodeURIComponent(text)].map(latin1);
  const all = [...new Set(texts)].sort((a, b) => b.length - a.length);
  // Compilers put a letter directly before a path: -I/home/…
  const pattern = new RegExp(`(?:${before}|(?<=(?:^|[^\\w-])-[A-Za-z]))(?:${all.map(escaped).join("|")})${after}`, "y");
  return all.map((one) => [one, { mark: { name, instead }, pattern }]);
}

function merged(spans: readonly Span[]): Span[] {
  const all: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const latest = all.at(-1);
    if (latest !== undefined && span.start < latest.end) all[all.length - 1] = joined(latest, span);
    else all.push(span);
  }
  return all;
}

/** Merges two overlapping spans, the first starting first. For two places, the outer one wins. */
function joined(a: Span, b: Span): Span {
  const outer = a.start === b.start && b.end > a.end ? b : a;
  const isPlace = [...a.marks, ...b.marks].every(({ instead }) => instead !== undefined);
  return {
    start: a.start,
    end: Math.max(a.end, b.end),
    marks: isPlace ? outer.marks : [...new Set([...a.marks, ...b.marks])],
    ...((a.shown ?? b.shown) && { shown: true }),
  };
}
