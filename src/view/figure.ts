/**
 * The figures of a statement as bars. Each bar is also stated in words, so bars are optional. Unmeasured values have no bar, and bars
 * without a common scale are not drawn together.
 */
import type { CheckRecord, Figure } from "../core/statement/statement.js";
import { percent, rounded, withUnit } from "./number.js";
import { h, with_, type Element } from "./tree.js";

/** More than people compare by eye; a document may name any number. */
const MAX_FIGURES = 12;
const MAX_BARS = 24;
/** Minimum width of a nonzero value as a share of the scale: 0.01 %, visible by its stroke. */
const HARDLY = 0.0001;

/** One bar in words and, if possible, as a length. */
interface Reading {
  readonly label: string;
  readonly amount: string;
  readonly aside: readonly string[];
  /** The outcome does not depend on these numbers: outlined, not filled. */
  readonly open: boolean;
  readonly length?: Length;
}

interface Length {
  readonly value: number;
  /** Only equal units are comparable; undefined for a share. */
  readonly unit: string | undefined;
  /** The end of the scale: the whole of a share, or the criterion's maximum. */
  readonly end?: number | undefined;
}

const STATE: Readonly<Record<CheckRecord["outcome"], string | undefined>> = {
  passed: undefined,
  failed: undefined,
  errored: "the check could not be made",
  skipped: "the check was skipped",
};

export function figuresView(figures: readonly Figure[], checks: readonly CheckRecord[]): Element[] {
  if (figures.length === 0) return [];
  const section = h(
    "section",
    "figures",
    h("h2", "", "At a glance"),
    h(
      "p",
      "note",
      "Drawn from the measurements of the checks, which list the exact numbers. The publisher chose what to draw and the names of the bars.",
    ),
    figures.slice(0, MAX_FIGURES).map((figure) => figureView(figure, checks)),
    more(figures.length - MAX_FIGURES, "figure"),
  );
  return [section];
}

function figureView({ title, bars }: Figure, checks: readonly CheckRecord[]): Element {
  const shown = bars.slice(0, MAX_BARS);
  const readings = shown.map((bar) => reading(bar, checks));
  const ids = [...new Set(shown.map(({ check }) => check))];
  return h(
    "figure",
    "",
    h("figcaption", "", title, ids.length === 0 ? undefined : [" ", h("span", "id", `from ${ids.join(", ")}`)]),
    bars.length === 0
      ? h("p", "note", "There is nothing to draw.")
      : h(
          "dl",
          "bars",
          readings.map((one) => rowView(one, readings)),
        ),
    more(bars.length - MAX_BARS, "bar"),
  );
}

const more = (left: number, what: string): Element | undefined =>
  left > 0 ? h("p", "note", `and ${left} more ${what}${left === 1 ? "" : "s"}`) : undefined;

function reading(
  { label, check: id, measurement, of }: Figure["bars"][number],
  checks: readonly CheckRecord[],
): Reading {
  const check = checks.find((one) => one.id === id);
  const found = (name: string | undefined) => check?.measurements?.find((one) => one.name === name);
  const state = check === undefined ? undefined : STATE[check.outcome];
  const said = (amount: string, aside: readonly (string | undefined)[], length?: Length): Reading => ({
    label,
    amount,
    aside: [...aside, state].flatMap((words) => words ?? []),
    open: state !== undefined,
    ...(length && { length }),
  });
  const part = found(measurement);
  if (part === undefined) return said("not measured", []);
  const { value, unit = "" } = part;
  if (of === undefined) {
    const amount = withUnit(rounded(value), unit);
    if (value < 0) return said(amount, ["below zero, not drawn"]);
    return said(amount, [], { value, unit, end: limit(check, measurement) });
  }
  const whole = found(of);
  if (whole === undefined) return said("not measured", [`${withUnit(rounded(value), unit)}, but not of how much`]);
  const parts = [withUnit(`${rounded(value)} of ${rounded(whole.value)}`, whole.unit)];
  const share = value / whole.value;
  if (unit !== (whole.unit ?? "") || value < 0 || whole.value <= 0 || !Number.isFinite(share * 100))
    return said("no share", parts);
  return said(percent(value, whole.value), parts, { value: share, unit: undefined, end: 1 });
}

/** The largest value with which the check passes. */
const limit = (check: CheckRecord | undefined, measurement: string): number | undefined =>
  check?.criterion?.holds.find(({ measure, is, value }) => measure === measurement && /[<≤]/.test(is) && value > 0)
    ?.value;

function rowView({ label, amount, aside, open, length }: Reading, all: readonly Reading[]): Element {
  const drawn = length === undefined ? undefined : drawing(length, all, open);
  const words = [...aside, ...(drawn?.aside ?? [])].join("; ");
  return h(
    "div",
    "",
    h("dt", "", label),
    h(
      "dd",
      "",
      drawn?.bar,
      h("span", "amount", h("strong", "", amount), words === "" ? undefined : [" ", h("span", "aside", `(${words})`)]),
    ),
  );
}

/** A single value only has a bar within a limit; without one it would always fill the width. */
function drawing(
  { value, unit, end }: Length,
  all: readonly Reading[],
  open: boolean,
): { readonly bar?: Element; readonly aside: readonly string[] } {
  const peers = all.flatMap(({ length }) => (length !== undefined && length.unit === unit ? [length.value] : []));
  const alone = unit !== undefined && peers.length === 1;
  if (alone && end === undefined) return { aside: [] };
  const bound = unit === undefined || alone ? (end ?? 0) : 0;
  const reach = Math.max(bound, ...peers);
  const part = (of: number): number => (of === 0 ? 0 : Math.max(of / reach, HARDLY));
  return {
    bar: barView(part(value), part(bound), open),
    aside: alone ? [`limit ${withUnit(rounded(bound), unit)}`] : [],
  };
}

/** A hairline at the start, an outline to the end, and the bar; lengths are fractions of the width. */
function barView(length: number, end: number, open: boolean): Element {
  const rect = (className: string, part: number): Element | undefined =>
    part === 0
      ? undefined
      : with_("rect", { class: className, y: "0.5", width: `${(part * 100).toFixed(2)}%`, height: "11" });
  return with_(
    "svg",
    { class: open ? "bar unsettled" : "bar", width: "100%", height: "12", "aria-hidden": "true", focusable: "false" },
    rect("end", end),
    rect("length", length),
    with_("rect", { class: "start", width: "1", height: "12" }),
  );
}
