/** What came of asking for an address: the form in which whoever fetches tells it to whoever judges. */
import type { Bytes } from "../bytes.js";

export interface Hop {
  /** Where the answer pointed to. */
  readonly url: string;
  /** 301, 302, 303, 307, 308. */
  readonly status: number;
}

export interface Arrived {
  readonly kind: "arrived";
  /** Where the bytes came from in the end, and how one gets there. */
  readonly url: string;
  readonly hops: readonly Hop[];
  /** Decoded, whole. */
  readonly bytes: Bytes;
  /** Lowercase names; only those that say what the bytes are and when they came to be. */
  readonly headers: Readonly<Record<string, string>>;
}

export type Fetched =
  | Arrived
  /** There is nothing there: 404, 410. */
  | { readonly kind: "gone"; readonly why: string; readonly hops: readonly Hop[] }
  /** A refusal: 401, 403, 451, or an address where no stranger can look. */
  | { readonly kind: "blocked"; readonly why: string; readonly hops: readonly Hop[] }
  /** No answer, or none that says anything of the bytes: a time-out, a broken connection, 5xx, too large. */
  | { readonly kind: "failed"; readonly why: string; readonly hops: readonly Hop[] };
