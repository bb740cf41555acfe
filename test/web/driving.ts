/** Opening a page as a reader would, in every browser that is here, and writing down whatever a page must not do. */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe } from "vitest";
import { browsers } from "../browsers.js";
import { NIGHT } from "../night.js";

export type Look = (page: Page) => Promise<void>;
export interface Visiting extends BrowserContextOptions {
  /** Runs in the page before its own script. */
  readonly before?: () => void;
  /** What it may ask for beside itself, and what the browser then says of an answer that is none. */
  readonly quiet?: RegExp;
}
/** Opens the address, looks, and throws when meanwhile anything was asked of the network or complained. */
export type Visit = (url: string, look: Look, how?: Visiting) => Promise<void>;

const known = await browsers();
/** A second Chromium is of the same make as the first. */
const all = known.filter(
  (one, at) => NIGHT || at === 0 || !one.name.startsWith("chromium") || known[0]?.available === false,
);
/** Chromium has what the others lack: pages without scripts, print, dark mode by option. */
export const chromiums = all.filter(({ name, available }) => available && name.startsWith("chromium"));
/** One Chromium, and the others. */
const ofEachMake = all.filter((one) => !one.name.startsWith("chromium") || one === (chromiums[0] ?? all[0]));
const [makeThatIsHere] = ofEachMake.filter(({ available }) => available);
/** For pages that can be opened in one way only: at night in each make, else in the first that is here. */
export const makes = NIGHT || makeThatIsHere === undefined ? ofEachMake : [makeThatIsHere];

/** The ways to come to a page. Of two browsers each takes one; one alone takes both. */
export const ways = (name: string): ("http" | "file")[] => {
  const [first, ...others] = all.filter(({ available }) => available);
  if (NIGHT || others.length === 0) return ["http", "file"];
  return name === first?.name ? ["http"] : ["file"];
};

/** A browser for each block of tests, launched once; the absent ones are listed as skipped. */
export function inEachBrowser(tests: (visit: Visit, name: string) => void, chosen = all): void {
  for (const { name, available, why = "", ...one } of chosen) {
    describe.skipIf(!available)(available ? name : `${name} (${why})`, () => {
      let browser: Browser;
      // A tab costs more than a page, and pages keep nothing but what they saw of a log: whoever asks for the same kind gets the same one again.
      const tabs = new Map<Visiting | undefined, Tab>();
      beforeAll(async () => {
        browser = await one.launch();
      }, 60_000);
      afterAll(() => browser.close());
      tests(async (url, look, how) => {
        const open = tabs.get(how) ?? (await tab(browser, how ?? {}));
        tabs.set(how, open);
        await open(url, look);
      }, name);
    });
  }
}

type Tab = (url: string, look: Look) => Promise<void>;

async function tab(browser: Browser, { before, quiet = /^$/, ...options }: Visiting): Promise<Tab> {
  // Scrolling smoothly to each button takes longer than the tests.
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  let address = "";
  let trouble: string[] = [];
  page.on("console", (message) => {
    // Chromium says that of every header of this name on an origin that is not secure.
    const idle = message.text().startsWith("The Cross-Origin-Opener-Policy header has been ignored");
    if (["error", "warning"].includes(message.type()) && !idle && !quiet.test(message.text()))
      trouble.push(message.text());
  });
  page.on("pageerror", (error) => void trouble.push(String(error)));
  page.on("dialog", (dialog) => void (trouble.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  page.on("popup", (popup) => void trouble.push(`popup: ${popup.url()}`));
  page.on(
    "request",
    (request) =>
      void (
        [address, "data:,"].includes(request.url()) ||
        quiet.test(request.url()) ||
        trouble.push(`request: ${request.url()}`)
      ),
  );
  await page.addInitScript(() => {
    const violations: string[] = [];
    Object.assign(window, { violations });
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
      violations.push(`violation: ${violatedDirective} ${blockedURI}`),
    );
  });
  if (before !== undefined) await page.addInitScript(before);
  return async (url, look) => {
    address = url;
    trouble = [];
    await page.goto(url);
    await look(page);
    const violations = await page.evaluate(() => (window as unknown as { violations?: string[] }).violations ?? []);
    if (trouble.length + violations.length > 0)
      throw new Error(`the page was not quiet: ${[...trouble, ...violations].join("; ")}`);
  };
}

/** The page has verified, and shows this. */
export async function headline(page: Page, expected: string | RegExp): Promise<void> {
  const heading = page.locator("main .headline h2");
  await heading.filter({ hasText: expected }).waitFor();
  await page.locator("#status[data-outcome]").waitFor({ state: "attached" });
}

/** Every text and attribute value of the page but for the inlined data, script and style: what a reader, of whatever kind, could meet. */
export const everything = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const found: string[] = [document.title];
    const walk = (node: Node): void => {
      if (node instanceof Element) {
        if (["SCRIPT", "STYLE"].includes(node.tagName)) return;
        for (const { name, value } of node.attributes)
          if (!(name === "content" && value.startsWith("default-src"))) found.push(value);
      }
      if (node instanceof Text) found.push(node.data);
      node.childNodes.forEach(walk);
    };
    walk(document.documentElement);
    return found.join("\n");
  });

/** Which class of the four tones the headline has, and the sign beside its word. */
export const tone = async (page: Page): Promise<string> =>
  ((await page.locator("main .headline").getAttribute("class")) ?? "").replace("headline ", "");

export const pasteKey = async (page: Page, text: string): Promise<void> => {
  await page.getByLabel(/^Paste the signer's public key/).fill(text);
  await page.getByRole("button", { name: "Compare", exact: true }).click();
};
