/** Who may ask now: so many at once over all, so many of one host; the others wait in the order in which they came. */
import limited, { type LimitFunction } from "p-limit";

export class Turns {
  readonly #all: LimitFunction;
  readonly #perHost: number;
  readonly #hosts = new Map<string, LimitFunction>();

  constructor(all: number, perHost: number) {
    this.#all = limited(all);
    this.#perHost = perHost;
  }

  /** First the host's turn, then one of all: who waits for a slow host keeps nobody from another. */
  take<T>(host: string, work: () => Promise<T>): Promise<T> {
    const ofHost = this.#hosts.get(host) ?? limited(this.#perHost);
    this.#hosts.set(host, ofHost);
    return ofHost(() => this.#all(work));
  }
}
