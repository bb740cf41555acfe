/**
 * Compares numbers in prose ("13 of 17 required checks failed", "0 lost updates") with the checks and measurements they name. Ambiguous
 * numbers are skipped: nobody reads a rule with false alarms.
 */
import type { CheckRecord, ResultStatement } from "../statement/statement.js";
import type { Finding } from "../statement/audit-rules.js";

interface Passage {
  readonly pointer: string;
  readonly text: string;
  /** The checks whose measurements the text may name: for a check's own words that check, otherwise all with unambiguous names. */
  readonly checks: readonly CheckRecord[];
}

/** Longer texts are read up to here. Our own writer signs no longer ones; `unreadWords` reports the rest. */
const MAX_READ = 60_000;

/** Texts that were not read to the end, a sentence each. */
export function unreadWords(statement: ResultStatement): string[] {
  const long = passagesOf(statement).flatMap(({ pointer, text }) =>
    text.length > MAX_READ ? [`${pointer}: its numbers were read up to character ${MAX_READ}`] : [],
  );
  const names = namesIn(statement.predicate.f3.checks).size;
  return names > MAX_NAMES
    ? [...long, `of ${names} measurements the first ${MAX_NAMES} were looked for in the texts`]
    : long;
}

export function numberFindings(about: string, statement: ResultStatement): Finding[] {
  const { checks } = statement.predicate.f3;
  return passagesOf(statement).flatMap(({ pointer, text, checks: named }) => {
    const read = text.slice(0, MAX_READ);
    return [
      ...countsIn(read, checks).map((detail): Finding => ({ rule: "counts-differ", about, pointer, detail })),
      ...measurementsIn(read, named).map((detail): Finding => ({ rule: "prose-differs", about, pointer, detail })),
    ];
  });
}

function passagesOf({ predicate: { f3 } }: ResultStatement): Passage[] {
  const { title, hypothesis, summary, sections, checks } = f3;
  const whole = (name: string, text: string): Passage => ({ pointer: `/predicate/f3/${name}`, text, checks });
  return [
    whole("title", title),
    whole("hypothesis", hypothesis),
    whole("summary", summary),
    ...sections.map(({ body }, at) => whole(`sections/${at}/body`, body)),
    ...checks.map((check, at): Passage => ({
      pointer: `/predicate/f3/checks/${at}/observed`,
      text: check.observed,
      checks: [check],
    })),
  ];
}

/** "N of M checks", "N of M required checks failed". */
function countsIn(text: string, checks: readonly CheckRecord[]): string[] {
  const pattern =
    /\b(\d{1,6}) of (?:the |all )?(\d{1,6}) (required )?checks?\b(?: (?:have |were )?(passed|failed|errored|skipped)\b)?/gi;
  return [...text.matchAll(pattern)].flatMap(([words, some = "", all = "", required, outcome]) => {
    const meant = required === undefined ? checks : checks.filter((check) => check.required);
    const what = required === undefined ? "checks" : "required checks";
    if (Number(all) !== meant.length) return [`“${words}”, and there are ${meant.length} ${what}`];
    if (outcome === undefined) return [];
    const wanted = outcome.toLowerCase();
    const found = meant.filter((check) => check.outcome === wanted).length;
    return found === Number(some) ? [] : [`“${words}”, and ${found} of the ${what} ${wanted}`];
  });
}

const NUMBER = String.raw`-?\d{1,3}(?:[, \u202f]\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?`;
const MAX_NAMES = 2000;

/** "lost updates: 3", "lost updates was 3 ms". The name must be complete and belong to one measurement only. */
function measurementsIn(text: string, checks: readonly CheckRecord[]): string[] {
  const values = namesIn(checks);
  const lower = text.toLowerCase();
  return [...values].slice(0, MAX_NAMES).flatMap(([name, all]) => {
    const [value, ...others] = all;
    if (value === undefined || others.length > 0 || !lower.includes(name)) return [];
    return statedNear(text, lower, name).flatMap(({ words, number, digits }) =>
      agree(value, number, digits) ? [] : [`“${words}”, and the measurement ${name} is ${value}`],
    );
  });
}

/** Names that a text may use, with the values they can have. */
function namesIn(checks: readonly CheckRecord[]): ReadonlyMap<string, ReadonlySet<number>> {
  const values = new Map<string, Set<number>>();
  for (const { measurements = [] } of checks)
    for (const { name, value } of measurements) {
      const key = name.trim().toLowerCase();
      // A single common word ("failed", "p99") is too ambiguous.
      if (checks.length > 1 && !/[\s_-]/.test(key)) continue;
      if (key.length >= 3) values.set(key, (values.get(key) ?? new Set()).add(value));
    }
  return values;
}

interface Stated {
  readonly words: string;
  readonly number: number;
  /** Decimal places: prose may round. */
  readonly digits: number;
}

/** "NAME: 3", "NAME were 3", "NAME: expected = 0, found 3"; and "3 NAME". */
function statedNear(text: string, lower: string, name: string): Stated[] {
  const found: Stated[] = [];
  for (let at = lower.indexOf(name); at >= 0; at = lower.indexOf(name, at + name.length)) {
    const end = at + name.length;
    const after = AFTER.exec(text.slice(end, end + NEAR));
    const before = BEFORE.exec(text.slice(Math.max(0, at - NEAR), at));
    // Match whole names only: "torn reads: 0" does not state a measurement "reads".
    if (after !== null && beginsAt(text, at)) found.push(stated(text.slice(at, end) + after[0], after[1]));
    else if (before !== null && endsAt(text, end))
      found.push(stated(`${before[1] ?? ""} ${text.slice(at, end)}`, before[1]));
  }
  return found;
}

/** Characters searched around a name. The limit prevents slow regular expressions on crafted texts. */
const NEAR = 64;
const AFTER = new RegExp(
  String.raw`^(?: ?[:=] ?(?:expected [^,;]{1,30}, found )?| (?:is|was|are|were) )(${NUMBER})(?![\p{L}\p{N}]|[.,/]\d| ?%)`,
  "u",
);
const BEFORE = new RegExp(String.raw`(?:^|[.,;:(\n] ?|and |were |was )(${NUMBER}) $`, "u");

const beginsAt = (text: string, at: number): boolean =>
  /(?:^|[.,;:(\n] {0,4}|\bthe )$/i.test(text.slice(Math.max(0, at - 8), at));
const endsAt = (text: string, end: number): boolean => /^(?:$|[.,;:)\n])/.test(text.slice(end, end + 1));

function stated(words: string, given = ""): Stated {
  const plain = given.replace(/[, \u202f]/g, "");
  return { words, number: Number(plain), digits: plain.split(".")[1]?.length ?? 0 };
}

/** Compares at the precision of the prose: 12.3 matches values that round to it. Half a digit more allows for truncation. */
const agree = (value: number, stated: number, digits: number): boolean =>
  Math.abs(value - stated) <= (Number.isInteger(value) && digits === 0 ? 0 : 10 ** -digits);
