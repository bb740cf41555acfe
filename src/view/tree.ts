/**
 * Everything shown to people, as a pure tree: the site prints it as HTML, a page as DOM nodes, the terminal as text. Every text goes
 * through `printable` here, so that no printer can forget it.
 */
import { printable, printableLines } from "./printable.js";

export type Tag =
  | "article"
  | "section"
  | "header"
  | "div"
  | "span"
  | "p"
  | "h1"
  | "h2"
  | "h3"
  | "ul"
  | "ol"
  | "li"
  | "dl"
  | "dt"
  | "dd"
  | "table"
  | "caption"
  | "thead"
  | "tbody"
  | "tr"
  | "th"
  | "td"
  | "pre"
  | "code"
  | "strong"
  | "em"
  | "a"
  | "time"
  | "details"
  | "summary"
  | "bdi"
  | "figure"
  | "figcaption"
  | "nav"
  | "main"
  | "footer"
  | "noscript"
  | "svg"
  | "rect";

/** In HTML text the position tells; nodes made by a script need the namespace. */
export const DRAWN: ReadonlySet<Tag> = new Set(["svg", "rect"]);

export interface Element {
  readonly tag: Tag;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Tree[];
}
export type Tree = Element | string;

export type Child = Tree | readonly Child[] | undefined;

const flat = (children: readonly Child[]): Tree[] =>
  children.flatMap((child) =>
    child === undefined ? [] : typeof child === "string" || "tag" in child ? [child] : flat(child),
  );

/** `h("p", "lede", …)`: a tag, its class (may be empty), and its children. Makes texts printable. */
export function h(tag: Tag, className: string, ...children: readonly Child[]): Element {
  return with_(tag, className === "" ? {} : { class: className }, ...children);
}

/** The same with attributes. Only `link` in this module writes `href`. */
export function with_(tag: Tag, attributes: Readonly<Record<string, string>>, ...children: readonly Child[]): Element {
  const safe = tag === "pre" ? printableLines : printable;
  return {
    tag,
    attributes,
    children: flat(children).map((child) => (typeof child === "string" ? safe(child) : child)),
  };
}

/** A link to another place. From a document only http and https become clickable; `javascript:` and others are shown as text. */
export function link(href: string, text: string): Element {
  return /^https?:\/\/[^\s"'<>\\\p{Cs}]+$/iu.test(href)
    ? with_("a", { href: href.replace(UNPLAIN, encodeURIComponent), rel: "noopener noreferrer nofollow" }, text)
    : h("span", "", text);
}

/** Anything but visible ASCII. A percent sign stays, so that the address is the signed one. */
const UNPLAIN = /[^\x21-\x7e]+/gu;

/** A link within our own site; the path is ours. */
export const local = (path: string, text: string): Element => with_("a", { href: path }, text);

/** A date for people, with the exact text for machines. */
export const date = (at: string): Element =>
  with_("time", { datetime: printable(at) }, at.replace("T", " ").replace(/(?:\.\d+)?Z$/, " UTC"));

const MONTHS = "January February March April May June July August September October November December".split(" ");

/** The day only, in UTC and English everywhere; the attribute has the exact time. */
export function day(at: string): Element {
  const time = new Date(at);
  const text = Number.isNaN(time.getTime())
    ? at
    : `${time.getUTCDate()} ${MONTHS[time.getUTCMonth()] ?? ""} ${time.getUTCFullYear()}`;
  return with_("time", { datetime: printable(at) }, text);
}

export const facts = (className: string, rows: readonly (readonly [string, Child])[]): Element =>
  h(
    "dl",
    className,
    rows.map(([name, value]) => [h("dt", "", name), h("dd", "", value)]),
  );

export function table(className: string, head: readonly string[], rows: readonly (readonly Child[])[]): Element {
  return h(
    "table",
    className,
    h(
      "thead",
      "",
      h(
        "tr",
        "",
        head.map((name) => with_("th", { scope: "col" }, name)),
      ),
    ),
    h(
      "tbody",
      "",
      rows.map((row) =>
        h(
          "tr",
          "",
          row.map((cell, at) => with_("td", { "data-label": head[at] ?? "" }, cell)),
        ),
      ),
    ),
  );
}
