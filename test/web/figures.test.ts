/** Figures on a page: the same drawing with scripts and without, in every light and width, and nothing in it that is only seen. */
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Attestation } from "../../src/pipeline/publish/sign.js";
import { chromiums, headline, inEachBrowser, ways } from "./driving.js";
import { drawnFindings } from "./drawn.js";
import { attest, pageOf, publish, removePlaces, serve, testKey, type Served } from "./making.js";

let made: Attestation;
let served: Served;
beforeAll(async () => {
  const mine = testKey("lab");
  made = await attest(mine, drawnFindings());
  const files = new Map([[`${made.id}.json`, made.bytes]]);
  served = await serve(await publish({ title: "Drawn", listed: [mine], files }));
});
afterAll(() => {
  served.close();
  removePlaces();
});

const UNCONFIRMED = "Unchanged; signer not confirmed by you";
const STILL = { javaScriptEnabled: false };
const NARROW = { viewport: { width: 360, height: 740 } };

/** What stands beside each bar. */
const SAID = [
  ["as tested", "0 % (0 of 71,385)"],
  ["without a carry", "64.3 % (257 of 400)"],
  ["by hand", "not measured"],
  ["at most", "401 ms"],
  ["at best", "0.053 ms"],
  ["tries", "100 % (3 of 3; the check could not be made)"],
  ["at most", "401 ms (limit 14,000 ms)"],
];

const said = (page: Page): Promise<unknown> =>
  page
    .locator(".bars > div")
    .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));

/** How much of the room for it each bar takes up on the screen, in percent; a hairline alone is 0, and -1 where nothing is drawn. */
const measuredLengths = (page: Page): Promise<number[]> =>
  page.locator(".bars > div").evaluateAll((rows) =>
    rows.map((row) => {
      const [room, bar] = ["svg", ".length"].map((part) => row.querySelector(part)?.getBoundingClientRect().width);
      return room === undefined ? -1 : Math.round(((bar ?? 0) / room) * 100);
    }),
  );
const LENGTHS = [0, 64, -1, 100, 0, 100, 3];

async function expectLengths(page: Page): Promise<void> {
  const found = await measuredLengths(page);
  const off = found.map((length, at) => Math.abs(length - (LENGTHS[at] ?? Infinity)));
  expect(
    off.every((by) => by <= 2),
    found.join(),
  ).toBe(true); // Firefox counts the stroke in
  expect(found).toHaveLength(LENGTHS.length);
}

/** The page's own element of each kind, by name space: an `svg` that HTML has made draws nothing. */
const kinds = (page: Page): Promise<string[]> =>
  page.evaluate(() => [
    ...new Set(
      [...document.querySelectorAll(".figures, .figures *")].map(
        (one) => `${one.constructor.name} ${one.namespaceURI ?? ""}`,
      ),
    ),
  ]);

inEachBrowser((visit, name) => {
  test.each(ways(name))("over %s: numbers in words, and bars as long as they say", async (origin) => {
    await visit(served.url(origin, pageOf(made)), async (page) => {
      await headline(page, UNCONFIRMED);
      expect(await said(page)).toEqual(SAID);
      await expectLengths(page);
      expect(await kinds(page)).toEqual(
        expect.arrayContaining([
          "SVGSVGElement http://www.w3.org/2000/svg",
          "SVGRectElement http://www.w3.org/2000/svg",
          "HTMLElement http://www.w3.org/1999/xhtml",
        ]),
      );
      expect(await page.locator(".figures svg").count()).toBe(6);
    });
  });

  test("on a narrow screen nothing scrolls sideways, and bars of one figure keep one scale", async () => {
    await visit(
      served.url("http", pageOf(made)),
      async (page) => {
        await headline(page, UNCONFIRMED);
        const room = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect(room).toBe(0);
        await expectLengths(page);
        const widths = await page
          .locator("figure:first-of-type svg")
          .evaluateAll((all) => all.map((svg) => svg.getBoundingClientRect().width));
        expect(new Set(widths.map(Math.round)).size).toBe(1);
        expect(Math.min(...widths)).toBeGreaterThan(100);
      },
      NARROW,
    );
  });

  test("the checks say what decides, in words from the data, and list every digit", async () => {
    await visit(served.url("http", pageOf(made)), async (page) => {
      await headline(page, UNCONFIRMED);
      const rows = page.locator(".checks tbody tr");
      expect(await rows.locator("td:nth-child(3)").evaluateAll((all) => all.map((cell) => cell.textContent))).toEqual([
        "sums lost = 0, given sums ≥ 1000",
        "time ≤ 14000in the publisher's words: soon enough for us",
        "below a second",
      ]);
      expect(await rows.locator("dd").allTextContents()).toEqual([
        "0",
        "71,385",
        "257",
        "400",
        "401.137 ms",
        "0.053 ms",
        "3",
      ]);
      expect(await page.locator(".commands pre").allTextContents()).toEqual([
        `npx @f3/attest verify ${made.id}.json --key 'KEY'`,
        `npx @f3/attest verify ${made.id}.json --key 'KEY' --recompute`,
      ]);
    });
  });
});

inEachBrowser(
  (visit) => {
    describe.each(["light", "dark"] as const)("%s", (colorScheme) => {
      const how = { colorScheme };
      test("axe finds nothing, and a bar stands out from what is behind it", async () => {
        await visit(
          served.url("http", pageOf(made)),
          async (page) => {
            await headline(page, UNCONFIRMED);
            const { violations } = await new AxeBuilder({ page }).analyze();
            expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`)).toEqual(
              [],
            );
            const lightness = (colour: string): number => {
              const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map(Number);
              return (red + green + blue) / 765;
            };
            const [bar, paper] = await page.evaluate(() => [
              getComputedStyle(document.querySelector(".bar .length")!).fill,
              getComputedStyle(document.documentElement).backgroundColor,
            ]);
            expect(Math.abs(lightness(bar) - lightness(paper))).toBeGreaterThan(0.7);
          },
          how,
        );
      });
    });

    test("without scripts the same is drawn, element for element", async () => {
      // But for the field in which a reader gives evidence, which is nothing without a script.
      const article = (page: Page): Promise<string> =>
        page.locator("article").evaluate((found) => {
          const copy = found.cloneNode(true) as HTMLElement;
          for (const tool of copy.querySelectorAll(".tools")) tool.remove();
          return copy.outerHTML;
        });
      let still = "";
      await visit(
        served.url("file", pageOf(made)),
        async (page) => {
          still = await article(page);
          expect(await said(page)).toEqual(SAID);
          await expectLengths(page);
        },
        STILL,
      );
      await visit(served.url("file", pageOf(made)), async (page) => {
        await headline(page, UNCONFIRMED);
        expect(await article(page)).toBe(still);
      });
    });

    test("on paper the bars are there, and no figure is torn apart", async () => {
      await visit(served.url("http", pageOf(made)), async (page) => {
        await headline(page, UNCONFIRMED);
        await page.emulateMedia({ media: "print" });
        await expectLengths(page);
        const breaks = await page
          .locator("figure")
          .evaluateAll((all) => all.map((one) => getComputedStyle(one).breakInside));
        expect(new Set(breaks)).toEqual(new Set(["avoid"]));
        await page.emulateMedia({ media: null });
      });
    });
  },
  chromiums.slice(0, 1),
);
