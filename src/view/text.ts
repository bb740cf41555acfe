/** A tree as lines for a terminal: the same facts in plain characters. */
import type { Element, Tree } from "./tree.js";

const INLINE = new Set(["span", "strong", "em", "code", "a", "time", "bdi", "th", "td", "dt", "dd", "summary"]);

/** Maximum width of a bar in cells. */
const BAR = 24;

const words = (tree: Tree): string => {
  if (typeof tree === "string") return tree;
  if (tree.tag === "dl") return ""; // within a cell: printed on its own lines
  const inner = tree.children.map(words).join("");
  return tree.tag === "p" || tree.tag === "div" || tree.tag === "li" ? ` ${inner} ` : inner;
};
const flatten = (tree: Tree): string => words(tree).replace(/ +/g, " ").trim();

function wrap(text: string, indent: string, width: number): string[] {
  const textLines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length > indent.length && line.length + 1 + word.length > width) {
      textLines.push(line);
      line = indent;
    }
    line += (line.length > indent.length ? " " : "") + word;
  }
  return [...textLines, line];
}

const all = (tree: Element, tag: string): Element[] =>
  tree.children.flatMap((child) => (typeof child === "string" ? [] : child.tag === tag ? [child] : all(child, tag)));

const isBlock = (tree: Tree): boolean => typeof tree !== "string" && !INLINE.has(tree.tag);

/** Wraps at `width` characters between words. */
export function textLines(tree: Tree, width = 100, indent = ""): string[] {
  if (typeof tree === "string") return wrap(tree, indent, width);
  const inside = (deeper = indent, of = tree): string[] =>
    of.children.flatMap((child) => textLines(child, width, deeper));
  switch (tree.tag) {
    case "h1":
    case "h2": {
      const text = flatten(tree);
      return ["", indent + text, indent + (tree.tag === "h1" ? "═" : "─").repeat(Math.min(text.length, width))];
    }
    case "h3":
    case "figcaption":
      return ["", indent + flatten(tree)];
    case "p":
      return wrap(flatten(tree), indent, width);
    case "pre":
      return flattenLines(tree).map((line) => `${indent}    ${line}`);
    case "ul":
    case "ol":
      return all(tree, "li").flatMap((item) => {
        const [first = "", ...rest] = item.children.some(isBlock)
          ? inside(`${indent}  `, item)
          : wrap(flatten(item), `${indent}  `, width);
        return [`${indent}- ${first.trimStart()}`, ...rest];
      });
    case "dl": {
      if (all(tree, "svg").length > 0) return bars(tree, width, indent);
      const names = all(tree, "dt").map(flatten);
      const values = all(tree, "dd").map(flatten);
      const column = names.reduce((widest, name) => Math.max(widest, name.length), 0) + 2;
      return names.flatMap((name, at) => {
        const [first = "", ...rest] = wrap(values[at] ?? "", indent + " ".repeat(column), width);
        return [indent + name.padEnd(column) + first.trimStart(), ...rest];
      });
    }
    case "table": {
      const head = all(tree, "th").map(flatten);
      return all(tree, "tr").flatMap((row) => {
        const cells = all(row, "td").map(flatten);
        if (cells.length === 0) return [];
        return [
          ...wrap(cells[0] ?? "", `${indent}• `, width).map((line, at) => (at === 0 ? line : `  ${line.slice(2)}`)),
          ...cells
            .slice(1)
            .flatMap((cell, at) => (cell === "" ? [] : wrap(`${head[at + 1] ?? ""}: ${cell}`, `${indent}    `, width))),
          ...all(row, "dl").flatMap((facts) => textLines(facts, width, `${indent}      `)),
        ];
      });
    }
    default:
      return INLINE.has(tree.tag) ? wrap(flatten(tree), indent, width) : inside();
  }
}

/** Label, bar and amount in one line if they fit; otherwise the label gets its own line. */
function bars(list: Element, width: number, indent: string): string[] {
  const labels = all(list, "dt").map(flatten);
  const amounts = all(list, "dd").map(flatten);
  const column = Math.max(...labels.map(({ length }) => length)) + 2;
  const fits = indent.length + column + BAR + 2 + Math.max(...amounts.map(({ length }) => length)) <= width;
  return all(list, "dd").flatMap((value, at) => {
    const [label = "", amount = ""] = [labels[at], amounts[at]];
    const bar = `${all(value, "svg").map(drawn).join("").padEnd(BAR)}  ${amount}`;
    return fits
      ? [indent + label.padEnd(column) + bar]
      : [...wrap(label, indent, width), ...wrap(bar, `${indent}  `, width)];
  });
}

function drawn(svg: Element): string {
  const cells = (className: string): number => {
    const part = all(svg, "rect").find(({ attributes }) => attributes["class"] === className)?.attributes["width"];
    return Math.ceil((parseFloat(part ?? "0") / 100) * BAR);
  };
  const length = (svg.attributes["class"] === "bar" ? "█" : "▒").repeat(cells("length"));
  return length.padEnd(cells("end"), "░") || "▏";
}

const flattenLines = (tree: Tree): string[] =>
  typeof tree === "string" ? tree.split("\n") : tree.children.map(words).join("").split("\n");
