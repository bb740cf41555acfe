/** Fetches an address once per audit, even if many attestations cite it. Small answers are kept for later citations. */
import type { Fetched } from "../../core/audit/fetched.js";
import type { Fetches } from "./resolve-references.js";

const MAX_KEPT = 64;
const MAX_KEPT_BYTES = 64 * 1024;

export class CachingFetcher implements Fetches {
  readonly #fetcher: Fetches;
  readonly #kept = new Map<string, Promise<Fetched>>();

  constructor(fetcher: Fetches) {
    this.#fetcher = fetcher;
  }

  get(url: string, options: { readonly limit?: number } = {}): Promise<Fetched> {
    const key = `${options.limit ?? ""} ${url}`;
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const asked = this.#fetcher.get(url, options);
    this.#kept.set(key, asked);
    if (this.#kept.size > MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value ?? "");
    const forget = (): void => void this.#kept.delete(key);
    asked.then(
      (answer) => (answer.kind === "arrived" && answer.bytes.length > MAX_KEPT_BYTES ? forget() : undefined),
      forget,
    );
    return asked;
  }
}
