/** Who may ask now: so many at once over all, so many of one host; the others wait in the order in which they came. */

class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(places: number) {
    this.#free = places;
  }

  async enter(): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((enter) => this.#waiting.push(enter));
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

export class Turns {
  readonly #all: Gate;
  readonly #perHost: number;
  /** With the number of those who ask or wait; a host that nobody asks is forgotten. */
  readonly #hosts = new Map<string, { readonly gate: Gate; users: number }>();

  constructor(all: number, perHost: number) {
    this.#all = new Gate(all);
    this.#perHost = perHost;
  }

  /** First the host's turn, then one of all: who waits for a slow host keeps nobody from another. */
  async take<T>(host: string, work: () => Promise<T>): Promise<T> {
    const entry = this.#hosts.get(host) ?? { gate: new Gate(this.#perHost), users: 0 };
    this.#hosts.set(host, entry);
    entry.users += 1;
    await entry.gate.enter();
    try {
      await this.#all.enter();
      try {
        return await work();
      } finally {
        this.#all.leave();
      }
    } finally {
      entry.gate.leave();
      entry.users -= 1;
      if (entry.users === 0) this.#hosts.delete(host);
    }
  }
}
