/**
 * One file below bench/subjects measures one subject: the rows that it fills, and how.
 *
 * @typedef {object} Row
 * @property {string} id a word, the same in every run
 * @property {string} what
 * @property {string} [against] the peer, measured in the same run; without one the figure stands alone
 * @property {"at least" | "at most"} [holds]
 * @property {number} [target] without one the row is only reported
 * @property {number} [stretch]
 *
 * @typedef {object} Measured
 * @property {readonly number[]} ratios one for each round
 * @property {Readonly<Record<string, number | string>> | undefined} [facts] further figures, named with their unit
 *
 * @typedef {object} Skipped
 * @property {string} skipped why
 *
 * @typedef {Measured | Skipped} Found
 *
 * @typedef {object} Sizes
 * @property {boolean} quick a smoke run: everything is done, nothing is measured well
 * @property {boolean} full
 * @property {(usual: number, quick: number, full?: number) => number} pick
 *
 * @typedef {object} Bench
 * @property {string} place a folder for this run, on the disk of the project
 * @property {(line: string) => void} say a remark
 *
 * @typedef {object} Subject
 * @property {string} name
 * @property {(sizes: Sizes) => readonly Row[]} rows
 * @property {(bench: Bench & Sizes) => AsyncGenerator<readonly [id: string, found: Found]>} run
 */

/** @type {(mode: "usual" | "quick" | "full") => Sizes} */
export const sizesOf = (mode) => ({
  quick: mode === "quick",
  full: mode === "full",
  pick: (usual, quick, full = usual) => (mode === "quick" ? quick : mode === "full" ? full : usual),
});

/** @type {(count: number) => string} */
export const counted = (count) => count.toLocaleString("en");
