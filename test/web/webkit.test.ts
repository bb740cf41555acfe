/** The pages in WebKitGTK, which playwright cannot drive: the words that Chromium has too, for what is good and for what was changed. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lab, pageOf, removePlaces, serve, type Lab, type Served } from "./making.js";
import { WebKit, webkit } from "./webkit.js";

let made: Lab;
let served: Served;
let browser: WebKit;

const WHERE = webkit.available ? "WebKit" : `WebKit (${webkit.why})`;

describe.skipIf(!webkit.available)(WHERE, () => {
  beforeAll(async () => {
    made = await lab();
    served = await serve(made);
    browser = await WebKit.open();
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    served.close();
    removePlaces();
  });

  /** The headline, once the page has verified and it says this; else whatever it says after a while. */
  const headline = async (expected: string): Promise<unknown> =>
    browser.evaluate(
      `const [expected, done] = arguments;
      const until = Date.now() + 15000;
      (function look() {
        const said = document.querySelector("main .headline h2")?.textContent ?? "";
        const ended = document.querySelector("#status[data-outcome]") !== null && said.includes(expected);
        if (ended || Date.now() > until) done(said);
        else setTimeout(look, 50);
      })();`,
      expected,
    );
  const text = (): Promise<unknown> => browser.evaluate("arguments[0](document.body.innerText);");

  describe.each(["http", "file"] as const)("over %s", (origin) => {
    test("a good one, and then with its key", async () => {
      await browser.goto(served.url(origin, pageOf(made.good)));
      const unconfirmed = "Unchanged; signer not confirmed by you";
      expect(await headline(unconfirmed)).toContain(unconfirmed);
      expect(await text()).toContain(
        "signatures checked with noble, and this browser's WebCrypto as a second opinion.",
      );
      await browser.type("#key", made.mine.line);
      await browser.click("form.field button");
      expect(await headline("Signed, unchanged")).toContain("Signed, unchanged");
      expect(await text()).toContain("Two and two make four");
    });

    test("a changed one, of which nothing is shown", async () => {
      await browser.goto(served.url(origin, pageOf(made.tampered)));
      expect(await headline("Does not match its signature")).toContain("Does not match its signature");
      expect(await text()).not.toMatch(/make f(?:our|ive)/);
    });
  });
});
