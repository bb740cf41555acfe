/** A text as a reader would see it, derived from another text, with the source position of each part. */

/** `[at, at + length)` of the view came from `[from, to)`, either copied verbatim or replaced as a whole. */
interface Piece {
  readonly at: number;
  readonly length: number;
  readonly from: number;
  readonly to: number;
  readonly copied: boolean;
}

export type Span = readonly [from: number, to: number];

export interface View {
  readonly text: string;
  /** Undefined for the original text. */
  readonly of?: View;
  readonly pieces: readonly Piece[];
}

export const plainView = (text: string): View => ({ text, pieces: [] });

/** Source positions in the original text, ordered, without overlaps and without what was dropped in between. */
export function spansOf(view: View, range: Span): Span[] {
  if (view.of === undefined) return [range];
  const parent = view.of;
  return joined(piecesAt(view, range).flatMap((own) => spansOf(parent, own)));
}

function piecesAt({ pieces }: View, [start, end]: Span): Span[] {
  let [low, high] = [0, pieces.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const piece = pieces[middle] as Piece;
    if (piece.at + piece.length <= start) low = middle + 1;
    else high = middle;
  }
  const found: Span[] = [];
  for (let at = low; at < pieces.length; at += 1) {
    const piece = pieces[at] as Piece;
    if (piece.at >= end) break;
    const [skipped, left] = [Math.max(0, start - piece.at), Math.max(0, piece.at + piece.length - end)];
    if (piece.to > piece.from)
      found.push(piece.copied ? [piece.from + skipped, piece.to - left] : [piece.from, piece.to]);
  }
  return found;
}

export function joined(ranges: readonly Span[]): Span[] {
  const all: [number, number][] = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const latest = all.at(-1);
    if (latest !== undefined && from <= latest[1]) latest[1] = Math.max(latest[1], to);
    else all.push([from, to]);
  }
  return all;
}

/** Context kept around a replacement; more of a text without encodings is in another view. */
const KEPT = 64 * 1024;
/** Interrupts every search. */
const GAP = "\n\n\n\n\n\n";

/** Built from left to right. Unreplaced text is copied; of long stretches only the ends. */
export class ViewOf {
  readonly #of: View;
  readonly #pieces: Piece[] = [];
  readonly #texts: string[] = [];
  #length = 0;
  #read = 0;
  #changed = false;

  constructor(of: View) {
    this.#of = of;
  }

  /** Replaces a range by `text`, or drops it. */
  replace(from: number, to: number, text = ""): void {
    this.#copy(from, this.#changed);
    this.#changed = true;
    if (text !== "") this.#add(text, from, to, false);
    this.#read = to;
  }

  /** Adds a separate text without its surroundings. */
  alone(from: number, to: number, text: string): void {
    this.#changed = true;
    this.#add(text, from, to, false);
    this.#add(GAP, to, to, false);
    this.#read = to;
  }

  /** Undefined if nothing was replaced. */
  end({ rest = true } = {}): View | undefined {
    if (!this.#changed) return undefined;
    if (rest) this.#copy(this.#of.text.length, true, false);
    return { text: this.#texts.join(""), of: this.#of, pieces: this.#pieces };
  }

  #copy(to: number, head: boolean, tail = true): void {
    const from = this.#read;
    const long = to - from > KEPT * 2;
    if (!long) return this.#add(this.#of.text.slice(from, to), from, to, true);
    if (head) this.#add(this.#of.text.slice(from, from + KEPT), from, from + KEPT, true);
    this.#add(GAP, to, to, false);
    if (tail) this.#add(this.#of.text.slice(to - KEPT, to), to - KEPT, to, true);
  }

  #add(text: string, from: number, to: number, copied: boolean): void {
    if (text === "") return;
    this.#texts.push(text);
    this.#pieces.push({ at: this.#length, length: text.length, from, to, copied });
    this.#length += text.length;
  }
}
