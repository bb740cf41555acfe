/** A page as a reader sees it, in a browser of each make: Chromium and Firefox as `driving` has them, WebKit by its own driver. */
import { afterAll, beforeAll, describe } from "vitest";
import { inEachBrowser, makes, type Visiting } from "./driving.js";
import { WebKit, webkit } from "./webkit.js";

/** Runs in the page: it sees its one argument, and nothing else of the test. */
type Run = <A, T>(act: (arg: A) => T | Promise<T>, arg: A) => Promise<T>;

const LIMIT_MS = 15_000;

/** All that is asked of a page, made of one means that every driver has. */
export class View {
  readonly run: Run;

  constructor(run: Run) {
    this.run = run;
  }

  /** Of each element, as it is shown. */
  texts(css: string): Promise<string[]> {
    return this.run((all) => Array.from(document.querySelectorAll<HTMLElement>(all), (one) => one.innerText), css);
  }

  /** Of the first; empty where there is none. */
  async text(css: string): Promise<string> {
    return (await this.texts(css))[0] ?? "";
  }

  async count(css: string): Promise<number> {
    return (await this.texts(css)).length;
  }

  /** Of a list of facts, the one with that name. */
  fact(name: string, list = ".standing"): Promise<string> {
    return this.run(
      ([facts, called]) => {
        const names = Array.from(document.querySelectorAll(`${facts} dt`));
        const found = names.find(({ textContent }) => textContent === called)?.nextElementSibling;
        return found instanceof HTMLElement ? found.innerText : "";
      },
      [list, name] as const,
    );
  }

  attribute(css: string, name: string): Promise<string | null> {
    return this.run(([one, called]) => document.querySelector(one)?.getAttribute(called) ?? null, [css, name] as const);
  }

  /** Once such an element shows these words. @throws with what it shows instead */
  async until(css: string, words: string | RegExp = ""): Promise<void> {
    const text = typeof words === "string" ? words.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&") : words.source;
    const instead = await this.run(
      async ([all, pattern, ms]) => {
        const shown = (): string[] =>
          Array.from(document.querySelectorAll<HTMLElement>(all), ({ textContent }) => textContent);
        const until = performance.now() + ms;
        while (!shown().some((one) => new RegExp(pattern).test(one)))
          if (performance.now() > until) return shown().join("; ");
          else await new Promise((later) => setTimeout(later, 10));
        return null;
      },
      [css, text, LIMIT_MS] as const,
    );
    if (instead !== null) throw new Error(`expected ${css} to say ${text}, found: ${instead}`);
  }

  /** An attestation's page has verified, and its headline is this. */
  async headline(expected: string | RegExp): Promise<void> {
    await this.until("main .headline h2", expected);
    await this.until("#status[data-outcome]");
  }

  /** Which of the four tones the headline has. */
  async tone(): Promise<string> {
    return ((await this.attribute("main .headline", "class")) ?? "").replace("headline ", "");
  }

  /** Writes that into the field, and sends its form; waits for the answer. */
  async send(field: "key" | "witness", text: string): Promise<void> {
    await this.run(
      ([name, value]) => {
        const input = document.querySelector<HTMLInputElement>(`#${name}`);
        document.querySelector(`#${name}-said`)?.replaceChildren();
        if (input === null) throw new Error(`there is no field ${name}`);
        input.value = value;
        input.form?.requestSubmit();
      },
      [field, text] as const,
    );
    await this.until(`#${field}-said:not(:empty)`);
  }

  press(words: string): Promise<void> {
    return this.run((called) => {
      const button = Array.from(document.querySelectorAll("button")).find(({ textContent }) => textContent === called);
      if (button === undefined) throw new Error(`there is no button ${called}`);
      button.click();
    }, words);
  }
}

/** Opens the address and looks. */
export type Read = (url: string, look: (view: View) => Promise<void>, how?: Visiting) => Promise<void>;

export interface Make {
  /** Its driver can run a script before the page's own. */
  readonly scripted: boolean;
  /** Of cases that differ in the data alone: all in the first make, and in the others one of them. */
  readonly some: <T>(all: readonly T[]) => readonly T[];
}
const make = (name: string): Make => {
  const first = name === makes.find(({ available }) => available)?.name;
  return { scripted: name !== "WebKit", some: (all) => (first ? all : all.slice(0, 1)) };
};

/** A block of tests for each make that was asked for; the absent ones are listed as skipped. */
export function inEveryMake(tests: (read: Read, make: Make) => void): void {
  inEachBrowser((visit, name) => {
    const read: Read = (url, look, how) =>
      visit(url, (page) => look(new View((act, arg) => page.evaluate(act as never, arg))), how);
    tests(read, make(name));
  }, makes);
  if (makes.length === 1) return;
  describe.skipIf(!webkit.available)(webkit.available ? "WebKit" : `WebKit (${webkit.why})`, () => {
    let browser: WebKit;
    beforeAll(async () => {
      browser = await WebKit.open();
    }, 60_000);
    afterAll(() => browser.close());
    const view = new View(async (act, arg) => {
      const script = `const [arg, done] = arguments;
        (async () => (${String(act)})(arg))().then((value) => done({ value }), (error) => done({ error: String(error) }));`;
      const { value, error } = (await browser.evaluate(script, arg)) as { value?: never; error?: string };
      if (error !== undefined) throw new Error(error);
      return value as never;
    });
    const read: Read = async (url, look) => {
      await browser.goto(url);
      await look(view);
    };
    tests(read, make("WebKit"));
  });
}
