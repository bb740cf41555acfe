/** Pages for everybody: by keyboard, by screen reader, in the dark, on paper, on a telephone, and without scripts. */
import { AxeBuilder } from "@axe-core/playwright";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiums, everything, headline, inEachBrowser, pasteKey } from "./driving.js";
import { lab, pageOf, place, removePlaces, serve, type Lab, type Served } from "./making.js";

let made: Lab;
let served: Served;
const disk = place();
beforeAll(async () => {
  made = await lab();
  served = await serve(made);
  writeFileSync(join(disk, `${made.good.id}.json`), made.good.bytes);
});
afterAll(() => {
  served.close();
  removePlaces();
});

const UNCONFIRMED = "Unchanged; signer not confirmed by you";
const chooseGood = (page: Page): Promise<void> =>
  page.locator("#file").setInputFiles(join(disk, `${made.good.id}.json`));

/** Each kind of page, and what a reader does to see it. */
const KINDS: readonly (readonly [kind: string, path: () => string, act: (page: Page) => Promise<void>])[] = [
  [
    "the list",
    () => "index.html",
    (page) => page.locator("#status", { hasText: "5 checked" }).waitFor({ state: "attached" }),
  ],
  ["a good attestation", () => pageOf(made.good), (page) => headline(page, UNCONFIRMED)],
  [
    "a confirmed one",
    () => pageOf(made.good),
    async (page) => {
      await headline(page, UNCONFIRMED);
      await pasteKey(page, made.mine.line);
      await headline(page, "Signed, unchanged");
    },
  ],
  ["a refuted claim", () => pageOf(made.refuted), (page) => headline(page, UNCONFIRMED)],
  [
    "an inconclusive one, and a wrong key",
    () => pageOf(made.inconclusive),
    async (page) => {
      await headline(page, UNCONFIRMED);
      await pasteKey(page, "junk");
      await page.locator("#key-said.wrong").waitFor();
    },
  ],
  ["a tampered one", () => pageOf(made.tampered), (page) => headline(page, "Does not match its signature")],
  ["a stranger's", () => pageOf(made.strangers), (page) => headline(page, "Signer unknown")],
  ["the verifier", () => "verify.html", (page) => page.locator(".drop").waitFor()],
  [
    "the verifier, asked to take a key",
    () => "verify.html",
    async (page) => {
      await page
        .locator("#file")
        .setInputFiles({ name: "lab.pub", mimeType: "text/plain", buffer: Buffer.from(made.mine.line) });
      await page.getByRole("button", { name: /^I have this/ }).waitFor();
    },
  ],
  [
    "the verifier, with a file",
    () => "verify.html",
    async (page) => {
      await chooseGood(page);
      await headline(page, "Signer unknown");
    },
  ],
];

inEachBrowser(
  (visit) => {
    describe.each(["light", "dark"] as const)("axe finds nothing, %s", (colorScheme) => {
      const how = { colorScheme };
      test.each(KINDS)("%s", async (_, path, act) => {
        await visit(
          served.url("http", path()),
          async (page) => {
            await act(page);
            const axe = new AxeBuilder({ page });
            // In the dark nothing is another but the colours: the two rules that look at them.
            if (colorScheme === "dark") axe.withRules(["color-contrast", "link-in-text-block"]);
            const { violations } = await axe.analyze();
            expect(
              violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`),
            ).toEqual([]);
          },
          how,
        );
      });
    });
  },
  chromiums.slice(0, 1),
);

inEachBrowser((visit) => {
  const NARROW = { viewport: { width: 360, height: 740 } };

  test.each(KINDS)("nothing scrolls sideways at 360 pixels: %s", async (_, path, act) => {
    await visit(
      served.url("http", path()),
      async (page) => {
        await act(page);
        expect(
          await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
        ).toBe(0);
      },
      NARROW,
    );
  });

  /** Where the tab key leads, in order. */
  async function stops(page: Page, presses: number): Promise<string[]> {
    const found: string[] = [];
    for (let at = 0; at < presses; at += 1) {
      await page.keyboard.press("Tab");
      found.push(await page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent || ""));
    }
    return found;
  }

  test("by keyboard alone: the file, the key, and the outcome takes the focus", async () => {
    await visit(served.url("http", "verify.html"), async (page) => {
      await page.locator(".drop").waitFor();
      expect(await stops(page, 4)).toEqual(["Check a file", "file", "key", "Compare"]);
      await chooseGood(page);
      await headline(page, "Signer unknown");
      await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe("Signer unknown");
      expect(await stops(page, 2)).toEqual(["file", "key"]);
      await page.keyboard.insertText(made.mine.line);
      await page.keyboard.press("Enter");
      await headline(page, "Signed, unchanged");
      await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe("Signed, unchanged");
      expect(await page.locator("#status").textContent()).toBe("Signed, unchanged");
    });
  });

  test("reading a page does not move the focus; the outcome of an action does", async () => {
    await visit(served.url("http", pageOf(made.good)), async (page) => {
      await headline(page, UNCONFIRMED);
      expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("BODY");
      const status = page.getByRole("status").first(); // found by its role: it is there for whoever cannot see it
      expect(await status.textContent()).toBe(UNCONFIRMED);
      await page.getByRole("button", { name: "Change one letter and check again" }).press("Enter");
      await headline(page, "Does not match its signature");
      await expect
        .poll(() => page.evaluate(() => document.activeElement?.textContent))
        .toBe("Does not match its signature");
      expect(await status.textContent()).toBe("Does not match its signature");
    });
  });

  test("what is said of a wrong key is said to screen readers too, and the focus stays in the field", async () => {
    await visit(served.url("http", pageOf(made.good)), async (page) => {
      await headline(page, UNCONFIRMED);
      await page.locator("#key").fill("junk");
      await page.locator("#key").press("Enter");
      await page
        .getByRole("status")
        .filter({ hasText: /\bssh-ed25519\b/ })
        .waitFor();
      expect(await page.evaluate(() => document.activeElement?.id)).toBe("key");
      await headline(page, UNCONFIRMED);
    });
  });
});

inEachBrowser(
  (visit) => {
    const STILL = { javaScriptEnabled: false };

    test.each(["good", "refuted", "inconclusive"] as const)(
      "without scripts: the text of the publisher (%s), and no claim that anything was checked",
      async (which) => {
        await visit(
          served.url("http", pageOf(made[which])),
          async (page) => {
            const text = await page.locator("body").innerText();
            expect(text).toContain("Scripts are off, so nothing was checked here.");
            expect(await page.locator("main .headline h2").innerText()).toBe("Not checked in this browser");
            expect(text).toContain(made[which].statement.predicate.f3.title);
            expect(text).not.toMatch(
              /unchanged|confirmed|What this proves|This key signed|Every step|holds|byte for byte|network requests\. This page verifies|attest\. This page|✓ Signed/i,
            );
            expect(await page.locator(".good, .answers, .steps, .tools").count()).toBe(0);
          },
          STILL,
        );
      },
    );

    test("without scripts: nothing of what did not verify when the site was made", async () => {
      for (const which of ["tampered", "strangers"] as const) {
        await visit(
          served.url("http", pageOf(made[which])),
          async (page) => {
            expect(await everything(page)).not.toMatch(/Nobody looks twice|Strangers can add|Two and two|VALIDATED/);
            expect(await page.locator("noscript").count()).toBe(1);
          },
          STILL,
        );
      }
    });

    test("without scripts: the list and the verifier", async () => {
      await visit(
        served.url("http", "index.html"),
        async (page) => {
          expect(await page.locator(".state").allInnerTexts()).toEqual(
            Array.from({ length: 5 }, () => "not checked in this browser"),
          );
        },
        STILL,
      );
      await visit(
        served.url("http", "verify.html"),
        async (page) => {
          expect(await page.locator("body").innerText()).toContain("npx @f3/attest verify FILE --key KEY");
        },
        STILL,
      );
    });

    test("on paper: every address can be read, and what cannot be clicked there is left away", async () => {
      await visit(served.url("http", pageOf(made.good)), async (page) => {
        await headline(page, UNCONFIRMED);
        await page.emulateMedia({ media: "print" });
        expect(
          await page
            .locator(".tools, .site")
            .evaluateAll((all) => all.filter((element) => getComputedStyle(element).display !== "none").length),
        ).toBe(0);
        const links = await page
          .locator("main a[href^=http]")
          .evaluateAll((all) => all.map((link) => [link.getAttribute("href"), link.textContent]));
        expect(links).toHaveLength(3);
        for (const [href, text] of links) expect(text).toBe(href);
        await page.emulateMedia({ media: null });
      });
    });
  },
  chromiums.slice(0, 1),
);
