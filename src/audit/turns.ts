/** Limits concurrent requests, in total and per host. The others wait in order. */
import limited, { type LimitFunction } from "p-limit";

export class Turns {
  readonly #all: LimitFunction;
  readonly #perHost: number;
  readonly #hosts = new Map<string, LimitFunction>();

  constructor(all: number, perHost: number) {
    this.#all = limited(all);
    this.#perHost = perHost;
  }

  /** The host's turn comes first, then one of all: waiting for a slow host blocks no other host. */
  take<T>(host: string, work: () => Promise<T>): Promise<T> {
    const ofHost = this.#hosts.get(host) ?? limited(this.#perHost);
    this.#hosts.set(host, ofHost);
    return ofHost(() => this.#all(work));
  }
}
