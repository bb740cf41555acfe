/** Cleans texts of a report for a statement: no controls, no lone surrogates, no noncharacters, limited length. */

const MAX_LINE = 1000;
const MAX_LINES = 4000;

/** Colours, which most runners leave in their messages. */
const COLOUR = /\u001b\[[\d;]*m/g;
/** RFC 7493 section 2.1 forbids surrogates and noncharacters. It allows controls, but no name or message needs them. */
const UNFIT = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu;
const UNFIT_BUT_LAYOUT = /(?![\n\t])[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu;

const PLAIN = /^[ -~]*$/;

/** @example line("a\tb\u0000")   // "a b\ufffd" */
export const line = (text: string): string => (PLAIN.test(text) && text.length <= MAX_LINE ? text.trim() : clean(text));

const clean = (text: string): string =>
  cut(text, MAX_LINE)
    .replace(COLOUR, "")
    .replace(/[\t\n\r]+/g, " ")
    .trim()
    .replace(UNFIT, "\ufffd");

/** Several lines; keeps line feeds and tabs. */
export const lines = (text: string): string =>
  cut(text.trim(), MAX_LINES).replace(COLOUR, "").replace(/\r\n?/g, "\n").trim().replace(UNFIT_BUT_LAYOUT, "\ufffd");

const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, "")}…`;

/** A name quoted in one of our sentences. */
export const quoted = (text: string): string => JSON.stringify(cut(line(text), 200));

/** Without stack frames, which show the machine's paths. */
export const withoutStack = (message: string): string => cut(message, MAX_LINES).replace(/\n[ \t]+at [^]*$/, "");

/** The lines of a text, one at a time: splitting 64 MiB of line feeds at once would take gigabytes. */
export function* rowsOf(text: string): Generator<string> {
  for (let at = 0; at < text.length;) {
    const end = text.indexOf("\n", at);
    const row = text.slice(at, end < 0 ? text.length : end);
    yield row.endsWith("\r") ? row.slice(0, -1) : row;
    at = end < 0 ? text.length : end + 1;
  }
}

/** A duration rounded to microseconds; undefined unless it is a number from zero up. */
export const milliseconds = (value: unknown): number | undefined =>
  typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER
    ? Math.round(value * 1000) / 1000
    : undefined;

/** Surefire puts commas between thousands. */
export function seconds(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const plain = /^[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?$/.test(value) ? value.replaceAll(",", "") : value;
  return /^\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(plain) ? milliseconds(Number(plain) * 1000) : undefined;
}

const DAY = /^\d{4}-\d\d-\d\d/.source;
const ZONED = new RegExp(`${DAY}[T ]\\d\\d:\\d\\d:\\d\\d(?:[.,]\\d+)?(?:Z| ?[-+]\\d\\d:?\\d\\d)$`);
const LOCAL = new RegExp(`${DAY}(?:[T ]\\d\\d:\\d\\d(?::\\d\\d(?:[.,]\\d+)?)?)?$`);
/** RFC 9110, section 5.6.7; mocha uses it. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/** A point in time, from milliseconds or from a text with a zone. */
export function instant(value: unknown): string | undefined {
  if (typeof value !== "string") return dated(value);
  if (HTTP_DATE.test(value)) return dated(Date.parse(value));
  return ZONED.test(value) ? dated(Date.parse(spelled(value))) : undefined;
}

/** Local time without a zone, as several tools write it. Read as UTC. */
export const localTime = (value: unknown): string | undefined =>
  typeof value === "string" && LOCAL.test(value)
    ? dated(Date.parse(value.length === 10 ? value : `${spelled(value)}Z`))
    : undefined;

/** In the spelling of ECMAScript. */
const spelled = (time: string): string => time.replace(" ", "T").replace(" ", "").replace(",", ".");

/** A smaller number is in seconds, or unset. */
const FIRST_MS = 1e11;

const dated = (time: unknown): string | undefined =>
  typeof time === "number" && time > FIRST_MS && time < Date.UTC(10_000, 0) ? new Date(time).toISOString() : undefined;

export const earliest = (instants: readonly (string | undefined)[]): string | undefined =>
  instants.reduce(
    (first, next) => (first === undefined || (next !== undefined && next < first) ? next : first),
    undefined,
  );

/** node:test names a file that it could not run by its path. */
export const pathIn = (name: string): string | undefined =>
  /^(?:\/|[A-Za-z]:[\\/]).*\.[cm]?[jt]sx?$/.test(name) ? name : undefined;

const ABSOLUTE = /^(?:file:\/\/|\/|[A-Za-z]:[\\/])/;

/** Returns a function that removes the common prefix of these absolute paths, and a leading `./` from others. */
export function shortener(files: Iterable<string>): (file: string) => string {
  let common: string[] | undefined;
  for (const file of files) {
    if (!ABSOLUTE.test(file)) continue;
    const folders = file.split(/[\\/]/).slice(0, -1);
    common ??= folders;
    const differs = common.findIndex((folder, at) => folder !== folders[at]);
    if (differs >= 0) common = common.slice(0, differs);
  }
  const left = common?.length ?? 0;
  return (file) =>
    ABSOLUTE.test(file) ? file.split(/[\\/]/).slice(left).join("/") : file.replace(/^(?:\.[\\/]+)+(?=[^\\/])/, "");
}
