/** The result of fetching an address. The fetcher makes it, the rules judge it. */
import type { Bytes } from "../bytes.js";

export interface Hop {
  /** Target of the redirect. */
  readonly url: string;
  /** 301, 302, 303, 307, 308. */
  readonly status: number;
}

export interface Arrived {
  readonly kind: "arrived";
  /** Final address, and the redirects that led there. */
  readonly url: string;
  readonly hops: readonly Hop[];
  /** Decoded and complete. */
  readonly bytes: Bytes;
  /** Lowercase names; only headers about the kind and date of the bytes. */
  readonly headers: Readonly<Record<string, string>>;
}

export type Fetched =
  | Arrived
  /** Nothing there: 404, 410. */
  | { readonly kind: "gone"; readonly why: string; readonly hops: readonly Hop[] }
  /** Refused: 401, 403, 451, or an address that the fetcher must not contact. */
  | { readonly kind: "blocked"; readonly why: string; readonly hops: readonly Hop[] }
  /** No usable answer: time-out, broken connection, 5xx, too large. */
  | { readonly kind: "failed"; readonly why: string; readonly hops: readonly Hop[] };
