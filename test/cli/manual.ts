/** The help as it is printed, read back: which verbs there are, with which options, and what their examples are. */
import { attest, type Surroundings } from "./attest.js";

export interface Page {
  /** As it is typed: "", "verify", "key new". */
  readonly verb: string;
  readonly text: string;
  /** Long names: "--key". */
  readonly options: readonly string[];
  readonly verbs: readonly string[];
  readonly examples: readonly string[];
}

/** The lines below a heading, up to the next empty line. */
const below = (text: string, heading: string): string[] => {
  const lines = text.split("\n");
  const at = lines.indexOf(heading);
  if (at < 0) return [];
  const end = lines.indexOf("", at);
  return lines.slice(at + 1, end < 0 ? undefined : end);
};

const matches = (lines: readonly string[], pattern: RegExp): string[] =>
  lines.flatMap((line) => pattern.exec(line)?.[1] ?? []);

/** Names stand two spaces in; what a line too long for the terminal went on with stands further in. */
export function page(verb: string, text: string): Page {
  return {
    verb,
    text,
    options: matches(below(text, "Options:"), /^ {2}(?:-\w, )?(--[a-z][a-z-]*)/),
    verbs: matches(below(text, "Commands:"), /^ {2}([a-z]+)/).filter((name) => name !== "help"),
    examples: [
      ...matches(below(text, "Start here:"), /^ {2}(attest .*?) {2,}/),
      ...matches(below(text, "Examples:"), /^ {2}(\S.*)$/),
    ],
  };
}

/** Every page, found from the first one. */
export async function manual(surroundings: Surroundings, verb = ""): Promise<Page[]> {
  const ran = await attest([...verb.split(" ").filter(Boolean), "--help"], surroundings);
  if (ran.code !== 0 || ran.stderr !== "")
    throw new Error(`attest ${verb} --help: exit ${String(ran.code)}, ${ran.stderr}`);
  const first = page(verb, ran.stdout);
  const rest = await Promise.all(first.verbs.map((name) => manual(surroundings, `${verb} ${name}`.trim())));
  return [first, ...rest.flat()];
}
