/**
 * JSON of other tools. It need not be canonical, so `JSON.parse` reads it, but duplicate members are refused: in
 * `"status":"failed","status":"passed"` one reader sees the first and another the last.
 */
import { AttestError } from "../core/errors.js";
import { isObject, MAX_DEPTH, type Json, type JsonObject } from "../core/json.js";
import { mustBeAtMost } from "./draft.js";

const MAX_VALUES = 8_000_000;

export function parseForeignJson(text: string): Json {
  guard(text);
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new AttestError("report-format", `expected JSON, found a fault: ${(error as Error).message.slice(0, 200)}`);
  }
}

/** Checks depth and duplicate members before anything is built. `JSON.parse` reports syntax errors later. */
function guard(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  let values = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === "{" || character === "[") {
      mustBeAtMost((values += 1), "values in JSON", MAX_VALUES);
      if (open.length === MAX_DEPTH) {
        throw new AttestError("report-format", `expected nesting of at most ${MAX_DEPTH}, found more`);
      }
      open.push(character === "{" ? new Set() : undefined);
    } else if (character === "}" || character === "]") {
      open.pop();
    } else if (character === '"') {
      const start = at;
      at = closing(text, start);
      let next = at + 1;
      while (" \t\n\r".includes(text[next] ?? "x")) next += 1;
      if (text[next] !== ":") continue;
      mustBeAtMost((values += 1), "values in JSON", MAX_VALUES);
      take(open.at(-1), text.slice(start, at + 1));
    }
  }
}

function take(members: Set<string> | undefined, spelled: string): void {
  const name = spelled.includes("\\") ? unescaped(spelled) : spelled;
  if (members?.has(name) === true) {
    throw new AttestError("report-format", `expected each member once, found ${spelled.slice(0, 80)} again`);
  }
  members?.add(name);
}

/** A name spelled with escapes is the same name. */
function unescaped(spelled: string): string {
  try {
    return `"${JSON.parse(spelled) as string}"`;
  } catch {
    return spelled;
  }
}

/** End of the string that begins here. */
function closing(text: string, start: number): number {
  for (let end = start; ;) {
    end = text.indexOf('"', end + 1);
    if (end < 0) return text.length;
    let slashes = 0;
    while (text[end - 1 - slashes] === "\\") slashes += 1;
    if (slashes % 2 === 0) return end;
  }
}

export const asText = (value: Json | undefined): string | undefined => (typeof value === "string" ? value : undefined);
export const asList = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? (value as Json[]) : []);
export const asObject = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
export const asCount = (value: Json | undefined): number | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

/** A value quoted in one of our sentences. */
export const says = (value: Json | undefined): string =>
  value === undefined ? "nothing" : JSON.stringify(value).slice(0, 80);
