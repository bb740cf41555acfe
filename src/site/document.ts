/** A page as one file: its data, style and verifier are inside it, and its policy allows nothing else. It works from file:// as well. */
import { base64, utf8 } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { DATA_END, DATA_START, PAGE_HEAD } from "../formats/page.js";
import { escapeHtml, html } from "../view/html.js";
import type { PageData } from "../view/page-data.js";
import { noScript } from "../view/pages.js";
import { printable } from "../view/printable.js";
import type { Element } from "../view/tree.js";

export interface Assets {
  readonly style: string;
  readonly script: string;
  /** Of the log's own page, the one that may fetch something. */
  readonly logScript: string;
}

export interface Page {
  readonly title: string;
  readonly description: string;
  /** From the page to the site's root: "" or "../". */
  readonly root: string;
  readonly data: PageData;
  readonly main: readonly Element[];
}

/**
 * The hashes in the policy are over the exact text between the tags: a script that was injected into the page does not run, and no
 * request leaves it; the log's own page alone may fetch what lies beside it. They prove nothing about the publisher, who could change both; for that the verifier's own hash is published.
 */
export function renderPage(
  { title, description, root, data, main }: Page,
  { style, script: verifier, logScript }: Assets,
  engine: Engine,
): string {
  const script = data.kind === "log" ? logScript : verifier;
  const hash = (text: string): string => `'sha256-${base64(engine.sha256(utf8(text)))}'`;
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "img-src data:",
    ...(data.kind === "log" ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
  const registry = data.about === undefined ? "attest" : data.about.title;
  const alone = data.packed !== undefined;
  const home = alone || (data.kind === "verify" && data.about === undefined) ? "" : `${root}index.html`;
  const text = (value: string): string => escapeHtml(printable(value));
  return [
    `${PAGE_HEAD}<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="referrer" content="no-referrer">',
    `<meta name="description" content="${text(description)}">`,
    '<link rel="icon" href="data:,">',
    `<title>${text(title)}</title>`,
    `<style>${style}</style>`,
    "</head>",
    "<body>",
    `<nav class="site" aria-label="site">${home === "" ? `<span class="name">${text(registry)}</span>` : `<a class="name" href="${home}">${text(registry)}</a>`}${data.hasLog === true ? `<a href="${root}log.html">The log</a>` : ""}${alone ? "" : `<a href="${root}verify.html">Check a file</a>`}</nav>`,
    '<p id="status" class="unseen" role="status" aria-live="polite"></p>',
    `<noscript>${html(noScript())}</noscript>`,
    `<main id="main">${main.map(html).join("\n")}</main>`,
    `<footer><p>Made with attest. With scripts on, this page verifies what it shows, on your device; it is not allowed to make network requests${data.kind === "log" ? ", but for the files of the log beside it" : ""}. It ${alone ? "came with the file" : "was served by the publisher"} all the same: for proof, verify with a copy of the tool that you got elsewhere.</p></footer>`,
    // JSON is data, not script; a "<" in it could end the element, so it is spelled as an escape.
    `${DATA_START}${JSON.stringify(data).replaceAll("<", "\\u003c")}${DATA_END}`,
    `<script>${script}</script>`,
    "</body>",
    "</html>",
    "",
  ].join("\n");
}
