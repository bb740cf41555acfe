/** One address that many attestations cite is asked once in an audit; what is small is kept for the next one that cites it. */
import type { Fetched } from "../core/audit/fetched.js";
import type { Fetches } from "./looking.js";

const MAX_KEPT = 256;
const MAX_KEPT_BYTES = 1024 * 1024;

export class FetchOnce implements Fetches {
  readonly #fetcher: Fetches;
  readonly #kept = new Map<string, Promise<Fetched>>();

  constructor(fetcher: Fetches) {
    this.#fetcher = fetcher;
  }

  get(url: string): Promise<Fetched> {
    const known = this.#kept.get(url);
    if (known !== undefined) return known;
    const asked = this.#fetcher.get(url);
    this.#kept.set(url, asked);
    if (this.#kept.size > MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value ?? "");
    const forget = (): void => void this.#kept.delete(url);
    asked.then(
      (answer) => (answer.kind === "arrived" && answer.bytes.length > MAX_KEPT_BYTES ? forget() : undefined),
      forget,
    );
    return asked;
  }
}
