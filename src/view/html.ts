/** A tree as HTML text, for pages written at build time. */
import type { Tree } from "./tree.js";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");

export function html(tree: Tree): string {
  if (typeof tree === "string") return escapeHtml(tree);
  const attributes = Object.entries(tree.attributes).map(([name, value]) => ` ${name}="${escapeHtml(value)}"`);
  return `<${tree.tag}${attributes.join("")}>${tree.children.map(html).join("")}</${tree.tag}>`;
}
