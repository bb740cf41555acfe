/** Tasks of one process take turns. */
export class Turns {
  /** By name, the end of the last turn. */
  readonly #ends = new Map<string, Promise<void>>();

  /** In the order of the calls. */
  async take<T>(name: string, act: () => Promise<T>): Promise<T> {
    const before = this.#ends.get(name);
    const turn = before === undefined ? act() : before.then(act);
    const end = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#ends.set(name, end);
    try {
      return await turn;
    } finally {
      if (this.#ends.get(name) === end) this.#ends.delete(name);
    }
  }
}
