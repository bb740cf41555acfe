/** A tree as DOM nodes. Text only ever becomes text: no markup is parsed, so Trusted Types can be "none". */
import type { Tree } from "../src/view/tree.js";

export function dom(tree: Tree): Node {
  if (typeof tree === "string") return document.createTextNode(tree);
  const element = document.createElement(tree.tag);
  for (const [name, value] of Object.entries(tree.attributes)) element.setAttribute(name, value);
  for (const child of tree.children) element.append(dom(child));
  return element;
}
