/** The words that CONTRIBUTING.md rules out appear in no message, page or comment. Scenarios keep their words: attestations name them. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, "utf8");

const RULED_OUT: Readonly<Record<string, RegExp>> = {
  "take back": /\b(?:take|takes|taken|taking|took) (?:it |that |them )?back\b/i,
  "hand over": /\bhand(?:s|ed|ing)?[ -](?:it )?overs?\b/i,
  skin: /\bskins?\b/i,
  "passed over": /\bpass(?:ed|es)? over\b/i,
  heeded: /\bheed(?:s|ed|ing)?\b/i,
  "at hand": /\bat hand\b/i,
  whoever: /\bwho(?:m|se)?ever\b/i,
  "for ever": /\bfor ever\b/i,
};

/** Texts with blanks in them, and comments, with their lines. */
function* prose(path: string): Generator<{ readonly at: string; readonly text: string }> {
  const text = read(path);
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  const at = (position: number): string => `${path}:${source.getLineAndCharacterOfPosition(position).line + 1}`;
  const found: { readonly at: string; readonly text: string }[] = [];
  const visit = (node: ts.Node): void => {
    if ((ts.isStringLiteral(node) || ts.isTemplateLiteralToken(node)) && /\s/.test(node.text))
      found.push({ at: at(node.getStart()), text: node.text });
    ts.forEachChild(node, visit);
  };
  visit(source);
  yield* found;
  for (const comment of text.matchAll(/\/\*\*[\s\S]*?\*\/|(?<=^|\s)\/\/ .*$/gm))
    yield { at: at(comment.index), text: comment[0].replace(/\n\s*\*/g, "") };
}

const all = execFileSync("git", ["ls-files", "src", "web"], { cwd: root, encoding: "utf8" })
  .split("\n")
  .filter((path) => path.endsWith(".ts") && !path.startsWith("src/scenarios/"))
  .flatMap((path) => [...prose(path)]);

test.each(Object.entries(RULED_OUT))("%s", (words, pattern) => {
  const table = read("CONTRIBUTING.md")
    .split("\n")
    .filter((line) => line.startsWith("| "));
  expect(table.join("\n")).toContain(words);
  expect(all.filter(({ text }) => pattern.test(text)).map(({ at }) => at)).toEqual([]);
});
