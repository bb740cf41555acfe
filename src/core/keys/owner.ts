/**
 * Who owns a key: rotations join keys into one owner, in both directions of time. This is the only answer to "is it the same signer?".
 * Counts of signers and witnesses, waivers, reproductions, contradictions and retractions all ask here.
 *
 * A rotation joins two keys even if it is late, by a revoked key, or one of two by the same key: joining keys only takes trust away.
 * Whether a rotation *gives* trust is another question; see `../verify/key-history.ts`.
 */

/** The keyids of the old and the new key. */
export interface HandOver {
  readonly from: string;
  readonly to: string;
}

export class Owners {
  /** Points from a key to another key of its owner that sorts earlier. A forest whose roots name the owners. */
  readonly #earlier = new Map<string, string>();
  readonly #successors = new Map<string, string[]>();

  /** @param handOvers signed by both keys, or entered in a log */
  constructor(handOvers: Iterable<HandOver> = []) {
    for (const { from, to } of handOvers) {
      const successors = this.#successors.get(from);
      if (successors === undefined) this.#successors.set(from, [to]);
      else successors.push(to);
      const [one, other] = [this.of(from), this.of(to)];
      if (one !== other) this.#earlier.set(one < other ? other : one, one < other ? one : other);
    }
  }

  /**
   * A name for a key's owner, the same for all of the owner's keys: the first of them in sort order.
   * @example
   * new Owners([{ from: "SHA256:old", to: "SHA256:new" }]).of("SHA256:old") // "SHA256:new"
   */
  of(keyid: string): string {
    let name = keyid;
    for (let next = this.#earlier.get(name); next !== undefined; next = this.#earlier.get(name)) {
      const further = this.#earlier.get(next);
      if (further !== undefined) this.#earlier.set(name, further); // path halving
      name = next;
    }
    return name;
  }

  /** Whether one of these keys has the same owner. */
  owns(keyid: string, keyids: readonly string[]): boolean {
    return keyids.some((other) => this.of(other) === this.of(keyid));
  }

  /**
   * These keys and all their successors, along every branch: the keys that may retract what these keys signed. Predecessors are excluded,
   * or a thief of an old key could retract what the new one signs.
   */
  line(keyids: readonly string[]): ReadonlySet<string> {
    const all = new Set(keyids);
    for (const one of all) for (const next of this.#successors.get(one) ?? []) all.add(next);
    return all;
  }
}
