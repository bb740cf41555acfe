/** Numbers that look random and come again with their seed. */
export interface Random {
  /** A whole number from 0 to below the bound. */
  readonly below: (bound: number) => number;
  /** True once in so many times. */
  readonly once: (of: number) => boolean;
  readonly pick: <T>(from: readonly T[]) => T;
}

/** Mulberry32: 32 bits of state are enough, since each case has a seed of its own. */
export function random(seed: number): Random {
  let state = seed >>> 0;
  const below = (bound: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
  return { below, once: (of) => below(of) === 0, pick: (from) => from[below(from.length)]! };
}
