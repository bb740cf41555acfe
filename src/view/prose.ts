/**
 * The prose of a statement: a small safe part of CommonMark. Paragraphs, `- ` lists, fenced code, `code spans` and bare http(s) links; raw
 * HTML, images and everything else stay literal text.
 */
import { h, link, type Child, type Element } from "./tree.js";

const INLINE = /(`[^`\n]+`|https?:\/\/[^\s<>"'`)\]]*[^\s<>"'`)\].,;:!?])/;

const inline = (text: string): Child[] =>
  text.split(INLINE).map((part) => {
    if (part.startsWith("`") && part.endsWith("`") && part.length > 2) return h("code", "", part.slice(1, -1));
    return /^https?:\/\//.test(part) ? link(part, part) : part;
  });

const joined = (lines: readonly string[]): Child[] => inline(lines.map((line) => line.trim()).join(" "));

function block(lines: readonly string[]): Element {
  if (!lines.every((line, at) => /^- /.test(line) || (at > 0 && /^ {2}\S/.test(line))))
    return h("p", "", joined(lines));
  const items: string[][] = [];
  for (const line of lines) {
    if (line.startsWith("- ")) items.push([line.slice(2)]);
    else items.at(-1)?.push(line);
  }
  return h(
    "ul",
    "",
    items.map((item) => h("li", "", joined(item))),
  );
}

export function prose(text: string): Element[] {
  const blocks: Element[] = [];
  let lines: string[] = [];
  let fence: string[] | undefined;
  const close = (): void => {
    if (lines.length > 0) blocks.push(block(lines));
    lines = [];
  };
  for (const line of text.split(/\r?\n/)) {
    if (fence !== undefined) {
      if (line === "```") {
        blocks.push(h("pre", "", fence.join("\n")));
        fence = undefined;
      } else fence.push(line);
    } else if (line.startsWith("```")) {
      close();
      fence = [];
    } else if (line.trim() === "") close();
    else lines.push(line);
  }
  if (fence !== undefined) blocks.push(h("pre", "", fence.join("\n")));
  close();
  return blocks;
}
