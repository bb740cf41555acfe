/**
 * The exact form of our pages, so that a tool reads the same in a page as a browser. A page of another form could show one document to
 * people and another to tools: in a comment, a textarea, or an element spelled differently.
 *
 *     <!doctype html> … <script type="application/json" id="data">{ … }</script> … the verifier
 */

/** The first bytes of each page. */
export const PAGE_HEAD = '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n';
/** The element with the page's data. Each "<" in the data is escaped, so the element ends at the next "<". */
export const DATA_START = '<script type="application/json" id="data">';
export const DATA_END = "</script>";
const SCRIPT_START = "\n<script>";
const PAGE_END = "</script>\n</body>\n</html>\n";

/** A browser holds a pack as one string, and engines limit strings to half a gigabyte. */
export const MAX_PACK = 256 * 1024 * 1024;

/** Recognized by its first bytes, not by its name. */
export const isPage = (bytes: Uint8Array): boolean =>
  bytes.length >= PAGE_HEAD.length &&
  Array.from(PAGE_HEAD).every((character, at) => bytes[at] === character.charCodeAt(0));

const HASH = "'sha256-[A-Za-z0-9+/]{43}='";
const POLICY = [
  `default-src 'none'; script-src ${HASH}; style-src ${HASH}; img-src data:; base-uri 'none'; form-action 'none'; `,
  "require-trusted-types-for 'script'; trusted-types 'none'",
].join("");
/** From `PAGE_HEAD` to the body. Style and verifier differ by version and are not checked here. */
const HEAD = new RegExp(
  [
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="[^"<>]*">',
    '<meta name="referrer" content="no-referrer">',
    '<meta name="description" content="[^"<>]*">',
    '<link rel="icon" href="data:,">',
    "<title>[^<]*</title>",
    "<style>[^<]*</style>",
    "</head>",
    "<body>",
    "",
  ].join("\n"),
  "y",
);

/** All tags of our bodies. Each must be closed, and browsers parse none of them as raw text. */
const TAGS: ReadonlySet<string> = new Set(
  [
    "nav main footer noscript article section header div span p h1 h2 h3 ul ol li dl dt dd table caption thead tbody tr",
    "th td pre code strong em a time details summary bdi figure figcaption svg rect",
  ].flatMap((names) => names.split(" ")),
);

/** Why a page is not in this form, in words. */
export interface OffForm {
  readonly expected: string;
  readonly found: string;
}
const off = (expected: string, found: string): OffForm => ({ expected, found });

/** The text of the data element. */
export function dataOf(page: string): string | OffForm {
  if (!page.startsWith(PAGE_HEAD)) return off("a page of ours", "something else");
  HEAD.lastIndex = PAGE_HEAD.length;
  if (!HEAD.test(page)) return off("the head of a page of ours", "another head");
  const start = afterBody(page, HEAD.lastIndex);
  if (typeof start !== "number") return start;
  const from = start + DATA_START.length;
  const end = page.indexOf("<", from);
  if (end < 0 || !page.startsWith(DATA_END, end)) return off("data that ends", "other markup in it, or no end");
  const script = end + DATA_END.length;
  if (!page.startsWith(SCRIPT_START, script) || !page.endsWith(PAGE_END))
    return off("the verifier after the data, and then the end", "something else");
  // After "<!--" a browser may continue past the end of a script (HTML, "script data double escaped state").
  const verifier = page.slice(script + SCRIPT_START.length, -PAGE_END.length);
  if (/<\/script|<!--/i.test(verifier)) return off("one verifier after the data", "more markup");
  return page.slice(from, end);
}

/** The style and script of a page. */
export function stylesOf(page: string): { readonly style: string; readonly script: string } | undefined {
  const style = /\n<style>([^<]*)<\/style>\n<\/head>\n/.exec(page)?.[1];
  const at = page.lastIndexOf(SCRIPT_START);
  return style === undefined || at < 0 || !page.endsWith(PAGE_END)
    ? undefined
    : { style, script: page.slice(at + SCRIPT_START.length, -PAGE_END.length) };
}

/** Start of the data: the first element that is not a body tag, after all of those are closed. */
function afterBody(page: string, from: number): number | OffForm {
  const open: string[] = [];
  for (let at = page.indexOf("<", from); at >= 0; at = page.indexOf("<", at + 1)) {
    if (page.startsWith(DATA_START, at))
      return open.length === 0 ? at : off("data after the body", `it within <${open.at(-1) ?? ""}>`);
    const tag = page.slice(at + 1, page.indexOf(">", at));
    if (tag.startsWith("/")) {
      if (open.pop() !== tag.slice(1)) return off("each element closed where it belongs", "another order");
      continue;
    }
    const name = /^[a-z][a-z0-9]*/.exec(tag)?.[0] ?? "";
    if (!TAGS.has(name)) return off("a body with nothing but text before its data", "other markup");
    if (!plain(tag, name.length)) return off("attributes as we spell them, and no other data", "something else");
    open.push(name);
  }
  return off("a page with data", "none in it");
}

const ATTRIBUTE = / ([a-zA-Z-]+)="([^"<>]*)"/y;
/** Plain letters only: `&#100;ata` would be a second "data". */
const ID = /^(?!data$)[a-z-]+$/;

function plain(tag: string, from: number): boolean {
  ATTRIBUTE.lastIndex = from;
  for (let at = from; at < tag.length; at = ATTRIBUTE.lastIndex) {
    const [, name = "", value = ""] = ATTRIBUTE.exec(tag) ?? [];
    if (name === "" || (name.toLowerCase() === "id" && !ID.test(value))) return false;
  }
  return true;
}
