/**
 * The parts around every page's text. A page in a browser rebuilds them too, so that nothing of the publisher's stays beside verified
 * content.
 */
import type { PageKind } from "../formats/page-data.js";
import { html } from "./html.js";
import { h, local, with_, type Child, type Element } from "./tree.js";

export interface Frame {
  readonly kind: PageKind;
  /** The registry's own title; undefined without a registry. */
  readonly registry?: string | undefined;
  /** Whether the site has a log page. */
  readonly log: boolean;
}

/** Relative path from a page to its site's root. */
const rootOf = (kind: PageKind): string => (kind === "attestation" ? "../" : "");

const NO_SCRIPT =
  "Scripts are off, so nothing was checked here. The same from a terminal: npx @f3/attest verify FILE --key KEY";

export function frameOf({ kind, registry, log }: Frame, main: readonly Child[]): Element[] {
  const root = rootOf(kind);
  const alone = kind === "pack";
  const name = registry ?? "attest";
  const home =
    registry === undefined || alone
      ? h("span", "name", name)
      : with_("a", { class: "name", href: `${root}index.html` }, name);
  const asked = kind === "log" ? ", but for the files of the log beside it" : "";
  return [
    with_(
      "nav",
      { class: "site", "aria-label": "site" },
      home,
      log ? local(`${root}log.html`, "The log") : undefined,
      alone ? undefined : local(`${root}verify.html`, "Check a file"),
    ),
    with_("p", { id: "status", class: "unseen", role: "status", "aria-live": "polite" }),
    h("noscript", "", with_("p", { class: "headline open" }, NO_SCRIPT)),
    with_("main", { id: "main" }, main),
    h(
      "footer",
      "",
      h(
        "p",
        "",
        `Made with attest. With scripts on, this page verifies what it shows, on your device; it is not allowed to make network requests${asked}. It ${alone ? "came with the file" : "was served by the publisher"} all the same: for proof, verify with a copy of the tool that you got elsewhere.`,
      ),
    ),
  ];
}

export const frameText = (frame: Frame, main: readonly Child[]): string => frameOf(frame, main).map(html).join("\n");
