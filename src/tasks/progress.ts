/**
 * Finds progress reports in a command's output: lines of the form `attest:progress 12/24 linking`.
 *
 * Other lines, and impossible values (5/0, 30/24, a number of forty digits), are ordinary output.
 */
import type { Bytes } from "../core/bytes.js";

export interface ProgressState {
  readonly done: number;
  readonly total: number;
  readonly text: string;
}

const LINE = /^attest:progress (\d{1,15})\/(\d{1,15})(?:[ \t]+(.*))?$/;
/** Longer lines are not ours. Without a limit a command that never ends its line would fill the memory. */
const MAX_LINE = 4096;
const MAX_TEXT = 200;

/** @example progressIn("attest:progress 12/24 linking")   // { done: 12, total: 24, text: "linking" } */
export function progressIn(line: string): ProgressState | undefined {
  const [, first, second, text = ""] = LINE.exec(line.replace(/\r$/, "")) ?? [];
  const [done, total] = [Number(first), Number(second)];
  if (first === undefined || total === 0 || done > total) return undefined;
  return { done, total, text: Array.from(text.trim()).slice(0, MAX_TEXT).join("") };
}

/** Assembles lines from the chunks of a stream. */
export class ProgressReader {
  #parts: Bytes[] = [];
  #length = 0;

  /** The last progress that this chunk completes. */
  feed(chunk: Bytes): ProgressState | undefined {
    let found: ProgressState | undefined;
    for (let from = 0; ;) {
      const end = chunk.indexOf(0x0a, from);
      this.#keep(chunk.subarray(from, end < 0 ? undefined : end));
      if (end < 0) return found;
      found = this.end() ?? found;
      from = end + 1;
    }
  }

  /** The progress in the unfinished last line. */
  end(): ProgressState | undefined {
    const line = this.#length > MAX_LINE ? "" : Buffer.concat(this.#parts).toString("utf8");
    this.#parts = [];
    this.#length = 0;
    return progressIn(line);
  }

  #keep(part: Bytes): void {
    this.#length += part.length;
    if (this.#length <= MAX_LINE) this.#parts.push(part.slice());
  }
}
