/** A page as one file: data, style and verifier are inside, and its policy allows nothing else. It works from file:// too. */
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
  /** Script of the log page, the only one that may fetch. */
  readonly logScript: string;
}

export interface Page {
  readonly title: string;
  readonly description: string;
  /** Whether the site has a log page. */
  readonly log?: boolean;
  readonly data: PageData;
  readonly main: readonly Element[];
}

/**
 * The hashes in the policy cover the exact text between the tags: an injected script does not run, and no request leaves the page. Only the
 * log page may fetch files beside it. The hashes prove nothing about the publisher, who could change both; the published hash of the
 * verifier is for that.
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
