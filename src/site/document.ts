/** A page as one file: its data, style and verifier are inside it, and its policy allows nothing else. It works from file:// as well. */
import { base64, utf8 } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { DATA_END, DATA_START, PAGE_HEAD } from "../formats/page.js";
import { formatPageData, type PageData } from "../formats/page-data.js";
import { frameText } from "../view/frame.js";
import { escapeHtml } from "../view/html.js";
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
  /** Whether the site has a page of its log. */
  readonly log?: boolean;
  readonly data: PageData;
  readonly main: readonly Element[];
}

/**
 * The hashes in the policy are over the exact text between the tags: a script that was injected into the page does not run, and no
 * request leaves it; the log's own page alone may fetch what lies beside it. They prove nothing about the publisher, who could change both; for that the verifier's own hash is published.
 */
export function renderPage(
  { title, description, log = false, data, main }: Page,
  { style, script: verifier, logScript }: Assets,
  engine: Engine,
): string {
  const { kind } = data;
  const script = kind === "log" ? logScript : verifier;
  const hash = (text: string): string => `'sha256-${base64(engine.sha256(utf8(text)))}'`;
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "img-src data:",
    ...(kind === "log" ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
  const text = (value: string): string => escapeHtml(printable(value));
  const registry = kind === "verify" || kind === "pack" ? undefined : data.about.title;
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
    frameText({ kind, registry, log }, main),
    `${DATA_START}${formatPageData(data)}${DATA_END}`,
    `<script>${script}</script>`,
    "</body>",
    "</html>",
    "",
  ].join("\n");
}
