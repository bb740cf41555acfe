/** What a command prints, as evidence: redacted, hashed to its end, kept whole or, beyond a limit, by its head and its tail. */
import { createHash, type Hash } from "node:crypto";
import { utf8, type Bytes } from "../../core/bytes.js";
import type { Piece } from "../attachments.js";
import type { Stream } from "./command.js";
import type { Redactions, Redactor } from "../redaction/redact.js";
import { decodedToo, together } from "../redaction/reveal.js";

/** Of each stream, at its beginning and at its end. */
export const KEPT = 4 * 1024 * 1024;

export interface Captured {
  /** All of it; or head, a line that says how much is missing, and tail. */
  readonly bytes: Bytes;
  /** Of the whole stream after redaction: what the kept bytes are a part of. */
  readonly whole: { readonly size: number; readonly sha256: string };
  readonly truncated: boolean;
  readonly redactions: Redactions;
  /** As it was printed, to be read for the tests in it, and never published. */
  readonly unredacted: { readonly bytes: Bytes; readonly truncated: boolean };
}

/** Memory stays below six times the limit, however much is written, and in however small pieces. */
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

/** Beginning and end of a stream, and how much lies between them. */
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

/** As evidence. */
export function printedPiece(name: string, stream: Stream, captured: Captured, date: Date): Piece {
  const { bytes, whole, truncated, redactions } = captured;
  const annotations = {
    ...(truncated && { truncated: { size: whole.size, sha256: whole.sha256 } }),
    ...(redactions.count > 0 && { redactions: { count: redactions.count, rules: [...redactions.rules] } }),
  };
  return {
    ...{ name, role: stream, mediaType: "text/plain", bytes, source: { date, kind: "observed" } },
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
}

const BLOCK = 64 * 1024;

/** Bytes that come one after the other. A program may print them one by one, and each array has its price. */
class Blocks {
  readonly #blocks: Buffer[] = [];
  #spare: Buffer | undefined;
  /** In the last block. */
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

  /** Gives up blocks at the beginning, as long as so many bytes are left. */
  leave(count: number): void {
    while (this.size - BLOCK >= count) this.#spare = this.#blocks.shift();
  }

  bytes(): Buffer {
    return Buffer.concat(this.#blocks).subarray(0, this.size);
  }
}

/** From one line of the timeline to the next of the same stream; and when there are many lines, ten times that. */
const STEP_MS = 100;
const MANY = 10_000;

/** When how much was printed: a line for each stretch of one stream, with the bytes as the command wrote them. */
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
    // Streams that take turns faster than that would fill the evidence with their turns.
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
