/**
 * Finds many texts in a stream of bytes in one pass (Aho and Corasick, 1975), in time independent of their number and the stream's content.
 * Line ends are ignored: base64 and hex are printed wrapped, and terminals wrap the rest.
 */

/** States up to this depth have a full transition row; most of a stream is read in them. */
const SHALLOW = 2;
/** A longer sequence of line ends ends a text. */
const LINE_ENDS = 4;

const LF = 10;
const CR = 13;

/** State for continuing a stream. */
export interface Position {
  readonly state: number;
  readonly lineEnds: number;
}
export const BEGINNING: Position = { state: 0, lineEnds: 0 };

/** The searched texts, prepared for any number of streams. */
export class AhoCorasick {
  readonly #depth: Int32Array;
  readonly #fail: Int32Array;
  /** Children of each state as a linked list: first child, next sibling, and the byte that leads there. */
  readonly #first: Int32Array;
  readonly #sibling: Int32Array;
  readonly #byte: Uint8Array;
  readonly #ends: (readonly number[] | undefined)[] = [];
  readonly #isEnd: Uint8Array;
  readonly #rows: Int32Array;
  readonly #rowCount: number;

  /** Texts of latin-1 characters, none empty; their line ends are ignored. */
  constructor(texts: readonly string[]) {
    const patterns = texts.map((text) => Buffer.from(text.replace(/[\r\n]/g, ""), "latin1"));
    const most = 1 + patterns.reduce((sum, { length }) => sum + length, 0);
    [this.#depth, this.#fail, this.#first, this.#sibling] = [0, 1, 2, 3].map(() => new Int32Array(most)) as [
      Int32Array,
      Int32Array,
      Int32Array,
      Int32Array,
    ];
    [this.#byte, this.#isEnd] = [new Uint8Array(most), new Uint8Array(most)];
    const parent = new Int32Array(most);

    // Level by level, so that deeper states have higher numbers.
    const at = new Int32Array(patterns.length);
    const own = new Map<number, number[]>();
    let count = 1;
    let going = patterns.map((_, index) => index).filter((index) => patterns[index]?.length !== 0);
    for (let depth = 0; going.length > 0; depth += 1) {
      const next: number[] = [];
      for (const index of going) {
        const pattern = patterns[index] as Uint8Array;
        const from = at[index] as number;
        const byte = pattern[depth] as number;
        let state = this.#child(from, byte);
        if (state === 0) {
          state = count++;
          parent[state] = from;
          this.#depth[state] = depth + 1;
          this.#byte[state] = byte;
          this.#sibling[state] = this.#first[from] as number;
          this.#first[from] = state;
        }
        at[index] = state;
        if (pattern.length > depth + 1) next.push(index);
        else own.set(state, [...(own.get(state) ?? []), index]);
      }
      going = next;
    }

    const deep = this.#depth.subarray(0, count).findIndex((depth) => depth > SHALLOW);
    this.#rowCount = deep < 0 ? count : deep;
    this.#rows = new Int32Array(this.#rowCount * 256);
    for (let state = 0; state < count; state += 1) {
      const from = parent[state] as number;
      const fail = from === 0 ? 0 : this.#step(this.#fail[from] as number, this.#byte[state] as number);
      this.#fail[state] = fail;
      if (state < this.#rowCount) {
        this.#rows.copyWithin(state * 256, fail * 256, fail * 256 + 256);
        for (let child = this.#first[state] as number; child !== 0; child = this.#sibling[child] as number)
          this.#rows[state * 256 + (this.#byte[child] as number)] = child;
      }
      const ends = [...(own.get(state) ?? []), ...(this.#ends[fail] ?? [])];
      if (ends.length > 0) [this.#ends[state], this.#isEnd[state]] = [ends, 1];
    }
  }

  /** Continues a stream at an index. Calls back with each found text's number and end index. */
  read(position: Position, bytes: Uint8Array, from: number, found: (text: number, end: number) => void): Position {
    const rows = this.#rows;
    const rowCount = this.#rowCount;
    const isEnd = this.#isEnd;
    let { state, lineEnds } = position;
    for (let at = from; at < bytes.length; at += 1) {
      const byte = bytes[at] as number;
      if (byte === LF || byte === CR) {
        if (++lineEnds > LINE_ENDS) state = 0;
        continue;
      }
      lineEnds = 0;
      state = state < rowCount ? (rows[(state << 8) | byte] as number) : this.#step(state, byte);
      if (isEnd[state] !== 0) for (const text of this.#ends[state] ?? []) found(text, at + 1);
    }
    return { state, lineEnds };
  }

  /** The number of preceding bytes, without line ends, that may be the start of a text. */
  pending({ state }: Position): number {
    return this.#depth[state] as number;
  }

  #step(from: number, byte: number): number {
    let state = from;
    while (state >= this.#rowCount) {
      const child = this.#child(state, byte);
      if (child !== 0) return child;
      state = this.#fail[state] as number;
    }
    return this.#rows[(state << 8) | byte] as number;
  }

  #child(state: number, byte: number): number {
    let child = this.#first[state] as number;
    while (child !== 0 && this.#byte[child] !== byte) child = this.#sibling[child] as number;
    return child;
  }
}

/** Start index of the text of this length that ends at `end`; line ends inside are included. */
export function beginningOf(bytes: Uint8Array, end: number, length: number): number {
  let at = end;
  for (let left = length; left > 0 && at > 0;) {
    at -= 1;
    if (bytes[at] !== LF && bytes[at] !== CR) left -= 1;
  }
  return at;
}
