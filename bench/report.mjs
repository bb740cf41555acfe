/**
 * What a run found, for people and for `attest run -- npm run bench`: TAP 14, in which a row is a test that passes if its target is met. The
 * names of tests have no figures that change; those stand below each.
 */
import { spread } from "./measure.mjs";

/** @typedef {import("./subject.mjs").Row} Row */
/** @typedef {import("./subject.mjs").Found} Found */
/** @typedef {Row & { readonly subject: string, readonly median?: number, readonly quartiles?: readonly [number, number], readonly rounds?: number, readonly met?: boolean, readonly stretched?: boolean, readonly facts?: Readonly<Record<string, number | string>>, readonly ratios?: readonly number[], readonly skipped?: string }} Result */

/** @type {(subject: string, row: Row, found: Found) => Result} */
export function judged(subject, row, found) {
  if ("skipped" in found) return { subject, ...row, skipped: found.skipped };
  const { median, quartiles } = spread(found.ratios);
  /** @type {(bound: number | undefined) => boolean | undefined} */
  const meets = (bound) =>
    bound === undefined ? undefined : row.holds === "at most" ? median <= bound : median >= bound;
  const [met, stretched] = [meets(row.target), meets(row.stretch)];
  return {
    subject,
    ...row,
    median,
    quartiles,
    rounds: found.ratios.length,
    ...(met !== undefined && { met }),
    ...(stretched !== undefined && { stretched }),
    ...(found.facts && { facts: found.facts }),
    ratios: found.ratios,
  };
}

/** @type {(result: Row) => string} */
const comparison = ({ what, against, holds, target }) =>
  [
    what,
    ...(against === undefined ? [] : [`against ${against}`]),
    ...(target === undefined ? [] : [`${holds} ${target}`]),
  ].join(", ");

/** @type {(result: Result, number: number, quick: boolean) => string[]} */
export function tapLines(result, number, quick) {
  const { met, median, quartiles, rounds, facts = {}, skipped } = result;
  const why = skipped ?? (quick ? "a smoke run measures nothing well" : undefined);
  const ok = why !== undefined || met !== false;
  const point = `${ok ? "ok" : "not ok"} ${number} - ${comparison(result)}${why === undefined ? "" : ` # SKIP ${why}`}`;
  if (median === undefined || quartiles === undefined) return [point];
  const figures = { median: rounded(median), quartiles: quartiles.map(rounded).join(" to "), rounds, ...facts };
  return [point, "  ---", ...Object.entries(figures).map(([name, value]) => `  ${name}: ${value}`), "  ..."];
}

/** Three digits. @type {(number: number) => string} */
export const rounded = (number) => (number >= 100 ? number.toFixed(0) : String(Number(number.toPrecision(3))));

/** Of Markdown. @type {(results: readonly Result[]) => string[]} */
export function tableLines(results) {
  const rows = results.map((one) => [
    one.what,
    one.against ?? "",
    one.target === undefined ? "" : `${sign(one)} ${one.target}`,
    one.stretch === undefined ? "" : `${sign(one)} ${one.stretch}`,
    one.median === undefined
      ? `skipped: ${one.skipped ?? ""}`
      : `**${rounded(one.median)}** (${(one.quartiles ?? []).map(rounded).join(" to ")})`,
    one.met === undefined ? "" : one.stretched === true ? "stretch" : one.met ? "yes" : "no",
  ]);
  const head = ["what", "against", "target", "stretch", "measured", "met"];
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}

/** @type {(row: Row) => string} */
const sign = ({ holds }) => (holds === "at most" ? "≤" : "≥");
