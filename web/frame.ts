/** Prepares the page before anything in it is believed: reads its data and removes the publisher's markup. */
import type { Engine } from "../src/core/engine.js";
import { AttestError } from "../src/core/errors.js";
import { parsePageData, type PageData } from "../src/formats/page-data.js";
import { frameOf } from "../src/view/frame.js";
import { printable } from "../src/view/printable.js";
import { packView, pendingView, unreadableView } from "../src/view/pages.js";
import { Carried } from "./carried.js";
import { dom } from "./dom.js";

export interface Mounted {
  readonly carried: Carried;
  readonly main: HTMLElement;
  readonly status: HTMLElement;
  /** Why the page's data cannot be read; then none of it is used. */
  readonly fault?: Error;
}

export function mounted(engine: Engine): Mounted {
  try {
    const carried = new Carried(parsePageData(document.getElementById("data")?.textContent ?? ""), engine);
    return { carried, ...frame(carried.data, carried.keyring.logs.length > 0) };
  } catch (error) {
    const fault = error instanceof Error ? error : new Error(String(error));
    const none: PageData = { kind: "verify" };
    return { carried: new Carried(none, engine), ...frame({ kind: "pack" }, false), fault }; // without site links: the site's location is unknown
  }
}

/** Scripts stay for readers who save the page: the data is one of them. */
function frame(data: PageData | { readonly kind: "pack" }, listed: boolean): Pick<Mounted, "main" | "status"> {
  for (const node of [...document.body.childNodes]) if (!(node instanceof HTMLScriptElement)) node.remove();
  const { kind } = data;
  const registry = kind === "verify" || kind === "pack" ? undefined : data.about.title;
  document.title = printable(windowTitle(data));
  const first = kind === "pack" ? packView() : [pendingView()];
  const around = frameOf({ kind, registry, log: listed && kind !== "pack" }, first);
  document.body.prepend(...around.filter(({ tag }) => tag !== "noscript").map(dom));
  const [main, status] = ["main", "status"].map((id) => document.getElementById(id) as HTMLElement);
  return { main, status } as Pick<Mounted, "main" | "status">;
}

/** The window title names an attestation only after verification. */
const windowTitle = (data: PageData | { readonly kind: "pack" }): string => {
  switch (data.kind) {
    case "index":
      return data.about.title;
    case "log":
      return `Log: ${data.about.title}`;
    case "verify":
      return "Check an attestation";
    default:
      return "attest";
  }
};

/**
 * Without a verification, no word of the publisher stays on the page.
 * @param controls what the reader can do instead
 */
export function refuse(
  error: unknown,
  { main, status }: Pick<Mounted, "main" | "status">,
  ...controls: readonly Node[]
): void {
  const detail = error instanceof AttestError ? error.message : String(error);
  document.title = "attest";
  main.replaceChildren(...unreadableView(detail).map(dom), ...controls);
  status.textContent = "This page cannot be read";
  status.setAttribute("data-outcome", "error");
}
