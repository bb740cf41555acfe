/**
 * Who owns a key: one owner has every key that hand-overs join, in both directions of time. The only answer to "is it the same signer?":
 * counts of signers and of witnesses, waivers, reproductions and contradictions ask here, and so does whoever asks who may take something back.
 *
 * A hand-over joins two keys whatever else is wrong with it: too late, by a key that is revoked, or one of two by the same key. To join keys
 * only takes trust away. Whether a hand-over *gives* trust is another question, which `lifecycle.ts` answers.
 */

/** The keyids of the key that hands over, and of the one that comes after it. */
export interface HandOver {
  readonly from: string;
  readonly to: string;
}

export class Owners {
  /** Of a key, another one of its owner that is earlier in the order of letters; a forest whose roots name the owners. */
  readonly #earlier = new Map<string, string>();
  readonly #successors = new Map<string, string[]>();

  /** @param handOvers signed by both keys, or entries of a log that say so */
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
   * A name for the owner of a key, the same for all of the owner's keys: the first of them in the order of their letters.
   * @example
   * new Owners([{ from: "SHA256:old", to: "SHA256:new" }]).of("SHA256:old") // "SHA256:new"
   */
  of(keyid: string): string {
    let name = keyid;
    for (let next = this.#earlier.get(name); next !== undefined; next = this.#earlier.get(name)) {
      const further = this.#earlier.get(next);
      if (further !== undefined) this.#earlier.set(name, further); // the path is halved as it is walked
      name = next;
    }
    return name;
  }

  /** Whether one of these keys has the same owner. */
  owns(keyid: string, keyids: readonly string[]): boolean {
    return keyids.some((other) => this.of(other) === this.of(keyid));
  }

  /**
   * These keys and all that came after them, along every branch: whoever may take back what the keys signed. Not a key before them: handing
   * over would be of no use where a thief of the old key could take back what the new one signs.
   */
  line(keyids: readonly string[]): ReadonlySet<string> {
    const all = new Set(keyids);
    for (const one of all) for (const next of this.#successors.get(one) ?? []) all.add(next);
    return all;
  }
}
