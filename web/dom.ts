/** Converts a tree to DOM nodes. Text stays text and no markup is parsed, so Trusted Types can be "none". */
import { DRAWN, type Tree } from "../src/view/tree.js";

export function dom(tree: Tree): Node {
  if (typeof tree === "string") return document.createTextNode(tree);
  const element = DRAWN.has(tree.tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", tree.tag)
    : document.createElement(tree.tag);
  for (const [name, value] of Object.entries(tree.attributes)) element.setAttribute(name, value);
  for (const child of tree.children) element.append(dom(child));
  return element;
}
