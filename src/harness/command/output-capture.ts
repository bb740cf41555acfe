/** A command's output as evidence: redacted, hashed completely, and stored whole or, above a limit, as head and tail. */
import { createHash, type Hash } from "node:crypto";
import { utf8, type Bytes } from "../../core/bytes.js";
import type { Piece } from "../attachments.js";
import type { Stream } from "./command.js";
import type { Redactions, Redactor } from "../redaction/redact.js";
import { decodedToo, together } from "../redaction/reveal.js";

/** Bytes kept at the start and at the end of each stream. */
export const KEPT = 4 * 1024 * 1024;

export interface Captured {
  /** All of it, or head, a line with the number of missing bytes, and tail. */
  readonly bytes: Bytes;
  /** Size and digest of the whole redacted stream; `bytes` is a part of it. */
  readonly whole: { readonly size: number; readonly sha256: string };
  readonly truncated: boolean;
  readonly redactions: Redactions;
  /** The original output, for finding tests in it; never published. */
  readonly unredacted: { readonly bytes: Bytes; readonly truncated: boolean };
}

/** Uses less than six times the limit in memory, for any amount and any size of chunks. */
export class Capture {
  readonly #redactor: Redactor;
  readonly #hash: Hash = createHash("sha256");
  readonly #shown: Ends;
  readonly #raw: Ends;

  constructor(redactor: Redactor, kept = KEPT) {
    this.#redactor = redactor;
    [this.#shown, this.#raw] = [new Ends(kept), new Ends(kept)];
  }

  write(chunk: Uint8Array): void {
    this.#raw.add(chunk);
    this.#show(this.#redactor.write(chunk));
  }

  end(): Captured {
    this.#show(this.#redactor.end());
    const { bytes, redactions } = decodedToo(this.#shown.bytes(), this.#redactor);
    return {
      bytes,
      whole: { size: this.#shown.size, sha256: this.#hash.digest("hex") },
      truncated: this.#shown.gap > 0,
      redactions: together(this.#redactor.redactions, redactions),
      unredacted: { bytes: this.#raw.bytes(), truncated: this.#raw.gap > 0 },
    };
  }

  #show(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#shown.add(bytes);
  }
}

/** Head and tail of a stream, and the number of bytes between them. */
class Ends {
  readonly #kept: number;
  readonly #head = new Blocks();
  readonly #tail = new Blocks();
  size = 0;

  constructor(kept: number) {
    this.#kept = kept;
  }

  add(bytes: Uint8Array): void {
    this.size += bytes.length;
    const toHead = Math.min(bytes.length, this.#kept - this.#head.size);
    this.#head.add(bytes.subarray(0, toHead));
    this.#tail.add(bytes.subarray(toHead));
    this.#tail.leave(this.#kept);
  }

  get gap(): number {
    return Math.max(0, this.size - this.#head.size - this.#kept);
  }

  bytes(): Bytes {
    const tail = this.#tail.bytes().subarray(-this.#kept);
    const middle = this.gap === 0 ? "" : `\n[${this.gap} bytes are not kept here]\n`;
    return new Uint8Array(Buffer.concat([this.#head.bytes(), utf8(middle), tail]));
  }
}

/** The evidence piece. */
export function printedPiece(name: string, stream: Stream, captured: Captured, date: Date): Piece {
  const { bytes, whole, truncated, redactions } = captured;
  const annotations = {
    ...(truncated && { truncated: { size: whole.size, sha256: whole.sha256 } }),
    ...(redactions.count > 0 && { redactions: { count: redactions.count, rules: [...redactions.rules] } }),
  };
  return {
    name,
    role: stream,
    mediaType: "text/plain",
    bytes,
    source: { date, kind: "observed" },
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
}

const BLOCK = 64 * 1024;

/** Concatenated bytes: a program may print single bytes, and one array for each would be expensive. */
class Blocks {
  readonly #blocks: Buffer[] = [];
  #spare: Buffer | undefined;
  /** Free bytes in the last block. */
  #room = 0;

  get size(): number {
    return this.#blocks.length * BLOCK - this.#room;
  }

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#room === 0) {
        this.#blocks.push(this.#spare ?? Buffer.allocUnsafeSlow(BLOCK));
        this.#spare = undefined;
        this.#room = BLOCK;
      }
      const fitting = bytes.subarray(at, at + this.#room);
      this.#blocks.at(-1)?.set(fitting, BLOCK - this.#room);
      this.#room -= fitting.length;
      at += fitting.length;
    }
  }

  /** Drops blocks at the start while at least `count` bytes remain. */
  leave(count: number): void {
    while (this.size - BLOCK >= count) this.#spare = this.#blocks.shift();
  }

  bytes(): Buffer {
    return Buffer.concat(this.#blocks).subarray(0, this.size);
  }
}

/** Minimum step between timeline lines of one stream; ten times that once there are many lines. */
const STEP_MS = 100;
const MANY = 10_000;

/** How much was printed when: a line per interval and stream, with byte counts of the original output. */
export class Timeline {
  readonly #started = performance.now();
  readonly #lines: string[] = [];
  #last: { readonly stream: Stream; readonly ms: number; bytes: number } | undefined;

  output(stream: Stream, bytes: number): void {
    const ms = this.#now();
    const step = this.#lines.length > MANY ? STEP_MS * 10 : STEP_MS;
    if (this.#last?.stream === stream && ms - this.#last.ms < step) {
      this.#last.bytes += bytes;
      return;
    }
    // Streams that alternate faster would fill the evidence.
    if (this.#last !== undefined && this.#lines.length > MANY * 10) return;
    this.#flush();
    this.#last = { stream, ms, bytes };
  }

  event(event: string, facts: Readonly<Record<string, string | number | boolean>> = {}): void {
    this.#flush();
    this.#lines.push(JSON.stringify({ ms: this.#now(), event, ...facts }));
  }

  end(): Bytes {
    this.#flush();
    return utf8(this.#lines.map((line) => `${line}\n`).join(""));
  }

  #flush(): void {
    if (this.#last !== undefined) this.#lines.push(JSON.stringify(this.#last));
    this.#last = undefined;
  }

  #now(): number {
    return Math.round(performance.now() - this.#started);
  }
}
