/** OpenSSH's encoding for agents and files (RFC 4251 section 5): four-byte numbers, and strings after their length. */
import { concat, type Bytes } from "../core/bytes.js";

/** Reads views, never copies, so that the owner of the bytes can wipe them. */
export class Reader {
  readonly #bytes: Bytes;
  readonly #brokenOff: () => Error;
  #at = 0;

  /** `brokenOff` makes the error for truncated input. */
  constructor(bytes: Bytes, brokenOff: () => Error) {
    this.#bytes = bytes;
    this.#brokenOff = brokenOff;
  }

  number(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.take(4);
    return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  }

  string(): Bytes {
    return this.take(this.number());
  }

  take(length: number): Bytes {
    const from = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) throw this.#brokenOff();
    return this.#bytes.subarray(from, this.#at);
  }

  rest(): Bytes {
    return this.take(this.#bytes.length - this.#at);
  }
}

export function lengthed(bytes: Bytes): Bytes {
  const { length } = bytes;
  return concat(Uint8Array.of(length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255), bytes);
}
