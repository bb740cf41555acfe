/** The graph of relations in Graphviz's DOT language: `dot -Tsvg`. Names are quoted, so that no title can add an edge. */
import type { Graph } from "../core/audit/relations.js";
import { utf8, type Bytes } from "../core/bytes.js";
import { line, lines } from "./text.js";

/** Characters per line. */
const WIDTH = 48;

export function formatDot({ cards, edges }: Graph): Bytes {
  const nodes = [...cards.values()]
    .sort((a, b) => (a.digest < b.digest ? -1 : 1))
    .map(({ digest, id, title, verdict, where, inForce }) => {
      const label = [`${verdict}${inForce ? "" : " (not in force)"}`, short(title), id, short(where)];
      return `  ${quoted(digest)} [label=${quoted(label.join("\n"))}${inForce ? "" : ", style=dashed"}];`;
    });
  const things = new Set<string>();
  const arrows = edges.map(({ from, to, type, target }) => {
    const end = to ?? `thing ${target}`;
    if (to === undefined) things.add(`  ${quoted(end)} [label=${quoted(short(target))}, shape=plaintext];`);
    return `  ${quoted(from)} -> ${quoted(end)} [label=${quoted(type)}];`;
  });
  const head = ["digraph relations {", "  rankdir=LR;", "  node [shape=box];"];
  return utf8([...head, ...nodes, ...[...things].sort(), ...arrows.sort(), "}", ""].join("\n"));
}

const short = (text: string): string => {
  const one = line(text);
  return one.length > WIDTH ? `${one.slice(0, WIDTH - 1)}…` : one;
};

/** A quoted ID of DOT. Only the quotation mark ends it; a backslash would start an escape. */
const quoted = (text: string): string =>
  `"${lines(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
