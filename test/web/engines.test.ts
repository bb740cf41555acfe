/** Two engines on a page: ours decides, the browser's may object; where they disagree, or one is missing, the page says so. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { everything, headline, inEachBrowser, pasteKey, tone } from "./driving.js";
import { lab, pageOf, removePlaces, serve, type Lab, type Served } from "./making.js";

let made: Lab;
let served: Served;
beforeAll(async () => {
  made = await lab();
  served = await serve(made);
});
afterAll(() => {
  served.close();
  removePlaces();
});

const UNCONFIRMED = "Unchanged; signer not confirmed by you";
const ALONE = "signatures checked with noble.";
const BOTH = "signatures checked with noble, and this browser's WebCrypto as a second opinion.";

inEachBrowser((visit) => {
  const engineLine = ".steps .note";

  test("both are asked where the browser has Ed25519", async () => {
    await visit(served.url("http", pageOf(made.good)), async (page) => {
      await headline(page, UNCONFIRMED);
      expect(await page.evaluate(() => isSecureContext)).toBe(true);
      expect(await page.locator(engineLine).innerText()).toContain(BOTH);
    });
  });

  test("on an insecure origin there is no WebCrypto, and noble alone verifies", async () => {
    await visit(served.url("insecure", pageOf(made.good)), async (page) => {
      await headline(page, UNCONFIRMED);
      expect(await page.evaluate(() => [isSecureContext, typeof crypto.subtle])).toEqual([false, "undefined"]);
      expect(await page.locator(engineLine).innerText()).toContain(ALONE);
      await pasteKey(page, made.mine.line);
      await headline(page, "Signed, unchanged");
    });
    await visit(served.url("insecure", pageOf(made.tampered)), async (page) => {
      await headline(page, "Does not match its signature");
    });
  });

  test("WebCrypto says no where noble says yes: could not check, which is neither good nor bad", async () => {
    await visit(
      served.url("http", pageOf(made.good)),
      async (page) => {
        await headline(page, "Could not check");
        expect(await page.locator(".headline p").innerText()).toBe(
          "Two implementations of Ed25519 disagree about this signature.",
        );
        expect(await tone(page)).toBe("open");
        expect(await page.locator(".good, .answer.ok, .answer.bad, .step.failed").count()).toBe(0);
        expect(await page.locator(".steps li", { hasText: "Ed25519 signature" }).innerText()).toMatch(
          /not checked[\s\S]*engines-disagree/,
        );
        await pasteKey(page, made.mine.line);
        await page.locator("#key-said:not(:empty)").waitFor();
        await headline(page, "Could not check");
        expect(await everything(page)).not.toContain("Two and two make four");
      },
      {
        before: () => {
          if ("SubtleCrypto" in window) SubtleCrypto.prototype.verify = async () => false;
        },
      },
    );
  });

  test("WebCrypto cannot overrule noble: what noble refuses stays refused", async () => {
    await visit(
      served.url("http", pageOf(made.tampered)),
      async (page) => {
        await headline(page, "Does not match its signature");
      },
      {
        before: () => {
          if ("SubtleCrypto" in window) SubtleCrypto.prototype.verify = async () => true;
        },
      },
    );
  });

  test.each<[string, () => void]>([
    [
      "verify throws",
      () => {
        if ("SubtleCrypto" in window) SubtleCrypto.prototype.verify = () => Promise.reject(new Error("broken"));
      },
    ],
    [
      "there is no Ed25519 in it",
      () => {
        if ("SubtleCrypto" in window) SubtleCrypto.prototype.importKey = () => Promise.reject(new Error("unknown"));
      },
    ],
  ])("WebCrypto where %s is no second opinion", async (_, before) => {
    await visit(
      served.url("http", pageOf(made.good)),
      async (page) => {
        await headline(page, UNCONFIRMED);
        expect(await page.locator(engineLine).innerText()).toContain(ALONE);
      },
      { before },
    );
  });
});
