/**
 * Two works in turns, so that whatever else the machine does meets both. Compared is within a round; what is told is the middle of all rounds,
 * and how far the middle half of them spreads.
 */

/** Of our own. @type {(text: string) => unknown} */
export const parsed = (text) => JSON.parse(text);

/** @typedef {{ readonly rounds: number, readonly ms: number }} Turns so many rounds, each work for so long in each */

/** Of a work without waiting: thousands of calls in each round. @type {(sizes: import("./subject.mjs").Sizes) => Turns} */
export const manyCalls = ({ pick }) => ({ rounds: pick(21, 2), ms: pick(60, 1) });

/**
 * How many times as fast as `peer` is `ours`.
 * @type {(ours: () => unknown, peer: () => unknown, turns: Turns) => number[]}
 */
export function timesAsFast(ours, peer, turns) {
  const [one, other] = [timed(ours, turns.ms), timed(peer, turns.ms)];
  return rounds(turns.rounds, one, other).map(([our, their]) => their / our);
}

/** Milliseconds of one call, over as many as fill the time. @type {(work: () => unknown, ms: number) => () => number} */
function timed(work, ms) {
  /** @type {(calls: number) => number} */
  const batch = (calls) => {
    const began = performance.now();
    for (let at = 0; at < calls; at += 1) work();
    return performance.now() - began;
  };
  for (const until = performance.now() + 5 * ms; performance.now() < until;) work(); // until it is compiled
  let calls = 1;
  for (let took = batch(1); took < ms; took = batch(calls)) calls = Math.ceil(calls * Math.min(10, (1.2 * ms) / took));
  return () => batch(calls) / calls;
}

/** The first and the second change places in every other round. @type {<T>(count: number, one: () => T, other: () => T) => [T, T][]} */
export function rounds(count, one, other) {
  return Array.from({ length: count }, (_, at) => {
    if (at % 2 === 0) return [one(), other()];
    const second = other();
    return [one(), second];
  });
}

/** The same for works that wait. @type {<T>(count: number, one: () => Promise<T>, other: () => Promise<T>) => Promise<[T, T][]>} */
export async function waitingRounds(count, one, other) {
  /** @type {Awaited<ReturnType<typeof one>>[][]} */
  const all = [];
  for (let at = 0; at < count; at += 1) {
    const [first, second] = at % 2 === 0 ? [one, other] : [other, one];
    const both = [await first(), await second()];
    all.push(at % 2 === 0 ? both : both.reverse());
  }
  return /** @type {never} */ (all);
}

/** Milliseconds. @type {(work: () => unknown) => Promise<number>} */
export async function milliseconds(work) {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Between the two nearest. @type {(numbers: readonly number[], share: number) => number} */
export function quantile(numbers, share) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [below = NaN, above = NaN] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return below + (above - below) * (at - Math.floor(at));
}

/** @type {(numbers: readonly number[]) => number} */
export const median = (numbers) => quantile(numbers, 0.5);

/** @typedef {{ readonly median: number, readonly quartiles: readonly [number, number] }} Spread */

/** @type {(numbers: readonly number[]) => Spread} */
export const spread = (numbers) => ({
  median: median(numbers),
  quartiles: [quantile(numbers, 0.25), quantile(numbers, 0.75)],
});
