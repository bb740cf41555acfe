/** One line of TAP 14, as https://testanything.org/tap-version-14-specification.html defines it. */
import { milliseconds } from "./text.js";

export interface PointLine {
  readonly kind: "point";
  readonly ok: boolean;
  readonly id: number | undefined;
  readonly name: string;
  /** Skipped or todo: its outcome does not count. */
  readonly excused: boolean;
  readonly durationMs: number | undefined;
  /** Its subtests follow in braces. */
  readonly opens: boolean;
}

export type TapLine =
  | PointLine
  | { readonly kind: "plan"; readonly count: number; readonly skipped: string | undefined }
  | { readonly kind: "version"; readonly version: string }
  | { readonly kind: "bail-out"; readonly reason: string }
  | { readonly kind: "pragma"; readonly strict: boolean | undefined }
  | { readonly kind: "subtest"; readonly name: string }
  | { readonly kind: "comment" | "brace-open" | "brace-close" | "other" };

/** Without a space after `ok` it is a word ("ok, so far"). Anything after `not ok` is a failure. */
const POINT = /^(?:ok(?=\s|$)|(not) ok\b)\s*(?:(\d+)(?=\s|$))?\s*(?:-(?=\s|$))?\s*(.*)$/;
const PLAN = /^1\.\.(\d+)\s*(?:#\s*(.*))?$/;
const PRAGMA = /^pragma\s+([-+][\w-]+(?:\s*,\s*[-+][\w-]+)*)\s*$/;
/** Directives of node-tap and vitest, and of bats. */
const TIME = /# (?:time=(\d+(?:\.\d+)?)ms|in (\d+) ms(?=\s*$))/;

/** @param row line without its indentation */
export function readLine(row: string): TapLine {
  const point = POINT.exec(row);
  if (point) return readPoint(point);
  const plan = PLAN.exec(row);
  if (plan) {
    const [, count, reason = ""] = plan;
    return { kind: "plan", count: Number(count), skipped: /^skip\S*\s*(.*)$/i.exec(reason)?.[1] };
  }
  if (row.startsWith("#")) {
    const name = /^# Subtest(?:: (.*)|\s*)$/.exec(row);
    return name ? { kind: "subtest", name: described(name[1] ?? "").name } : { kind: "comment" };
  }
  const version = /^TAP version (.*)$/.exec(row)?.[1];
  if (version !== undefined) return { kind: "version", version: version.trim() };
  const reason = /^Bail out!(.*)$/i.exec(row)?.[1];
  if (reason !== undefined) return { kind: "bail-out", reason: unescaped(reason) };
  const pragmas = PRAGMA.exec(row)?.[1]?.split(/\s*,\s*/);
  if (pragmas) {
    const strict = pragmas.filter((pragma) => pragma.slice(1) === "strict").at(-1);
    return { kind: "pragma", strict: strict?.startsWith("+") };
  }
  return { kind: row === "{" ? "brace-open" : row.trimEnd() === "}" ? "brace-close" : "other" };
}

function readPoint([, not, id, after = ""]: RegExpExecArray): PointLine {
  const opens = /(?:^| )\{$/.test(after);
  const { name, excused, durationMs } = described(opens ? after.slice(0, -1) : after);
  return {
    kind: "point",
    ok: not === undefined,
    id: id === undefined ? undefined : Number(id),
    name: name || (id === undefined ? "" : `#${id}`),
    excused,
    durationMs,
    opens,
  };
}

function described(text: string): Pick<PointLine, "name" | "excused" | "durationMs"> {
  if (!/[#\\]/.test(text)) return { name: text.trim(), excused: false, durationMs: undefined };
  const time = TIME.exec(text);
  const rest = time ? text.slice(0, time.index) + text.slice(time.index + time[0].length) : text;
  const directive = directiveIn(rest);
  return {
    name: unescaped(rest.slice(0, directive)),
    excused: directive !== undefined,
    durationMs: time ? milliseconds(Number(time[1] ?? time[2])) : undefined,
  };
}

/**
 * Position of the directive: the first unescaped `#` after white space (or after an escaped backslash). If white space and an unknown word
 * follow, the directive is unknown, and the rest of the line belongs to it.
 */
function directiveIn(text: string): number | undefined {
  for (const { 0: found, index } of text.matchAll(/\\[\\#]|#/g)) {
    if (found !== "#" || !/^(?:|\s|\\)$/.test(text.charAt(index - 1))) continue;
    const after = text.slice(index + 1);
    if (/^\s*(?:skip|todo)/i.test(after)) return index;
    if (/^(?:\s|$)/.test(after)) return undefined;
  }
  return undefined;
}

const unescaped = (text: string): string => text.replace(/\\([\\#])/g, "$1").trim();
