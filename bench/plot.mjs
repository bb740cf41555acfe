/** The rows as one picture: each ratio beside its target, on a logarithmic scale, with the middle half of the rounds. */
import { rounded } from "./report.mjs";

const [LEFT, WIDTH, ROW, TOP] = [500, 420, 22, 34];
const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #1a1a1a }
  .quiet { fill: #666 }
  .grid { stroke: #ddd }
  .met { fill: #2b6cb0; stroke: #2b6cb0 }
  .missed { fill: #b7410e; stroke: #b7410e }
  .target { stroke: #1a1a1a; stroke-width: 2 }
  .stretch { stroke: #999; stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6e6e6 }
    .quiet { fill: #999 }
    .grid { stroke: #444 }
    .met { fill: #7fb2e5; stroke: #7fb2e5 }
    .missed { fill: #e58a5f; stroke: #e58a5f }
    .target { stroke: #e6e6e6 }
  }`;

/** @type {(results: readonly import("./report.mjs").Result[]) => string} */
export function plotOf(results) {
  const shown = results.flatMap(({ what, against, median, quartiles, target, stretch, met }) =>
    median === undefined || quartiles === undefined || against === undefined
      ? []
      : [{ label: `${what} : ${against}`, median, quartiles, target, stretch, met }],
  );
  const all = shown.flatMap(({ median, quartiles, target = 1, stretch = 1 }) => [
    median,
    ...quartiles,
    target,
    stretch,
  ]);
  const low = Math.floor(Math.log2(Math.min(0.5, ...all)));
  const high = Math.ceil(Math.log2(Math.max(2, ...all)));
  /** @type {(value: number) => string} */
  const x = (value) => (LEFT + ((Math.log2(value) - low) / (high - low)) * WIDTH).toFixed(1);
  const height = TOP + shown.length * ROW + 30;
  const ticks = Array.from({ length: high - low + 1 }, (_, at) => 2 ** (low + at));
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + WIDTH + 70} ${height}" role="img">`,
    "<title>Ratios measured, with their targets</title>",
    `<style>${STYLE}\n</style>`,
    ...ticks.flatMap((tick) => [
      `<line class="grid" x1="${x(tick)}" x2="${x(tick)}" y1="${TOP - 8}" y2="${height - 28}"/>`,
      `<text class="quiet" x="${x(tick)}" y="${TOP - 14}" text-anchor="middle">${tick < 1 ? `1/${1 / tick}` : tick}</text>`,
    ]),
    ...shown.flatMap(({ label, median, quartiles: [first, third], target, stretch, met }, at) => {
      const y = TOP + at * ROW + ROW / 2;
      const tone = met === false ? "missed" : "met";
      /** @type {(value: number | undefined, kind: string) => string[]} */
      const bound = (value, kind) =>
        value === undefined
          ? []
          : [`<line class="${kind}" x1="${x(value)}" x2="${x(value)}" y1="${y - 8}" y2="${y + 8}"/>`];
      return [
        `<text x="${LEFT - 10}" y="${y + 4}" text-anchor="end">${escaped(label)}</text>`,
        ...bound(target, "target"),
        ...bound(stretch, "stretch"),
        `<line class="${tone}" x1="${x(first)}" x2="${x(third)}" y1="${y}" y2="${y}" stroke-width="3"/>`,
        `<circle class="${tone}" cx="${x(median)}" cy="${y}" r="4.5"/>`,
        `<text x="${LEFT + WIDTH + 12}" y="${y + 4}">${rounded(median)}</text>`,
      ];
    }),
    `<text class="quiet" x="${LEFT}" y="${height - 8}">dot: median; bar: middle half of the rounds; black: target; grey: stretch</text>`,
    "</svg>",
    "",
  ];
  return lines.join("\n");
}

/** @type {(text: string) => string} */
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
