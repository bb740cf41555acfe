/** The pages of a registry with a log, for everybody: what `access` asks of the others. */
import { AxeBuilder } from "@axe-core/playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiums, headline, inEachBrowser, type Visiting } from "./driving.js";
import { loggedLab, type LoggedLab } from "./logged.js";
import { pageOf, removePlaces, serve, type Served } from "./making.js";

let made: LoggedLab;
let served: Served;
beforeAll(async () => {
  made = await loggedLab();
  served = await serve(made);
}, 60_000);
afterAll(() => {
  served.close();
  removePlaces();
});

inEachBrowser(
  (visit) => {
    describe.each(["light", "dark"] as const)("axe finds nothing, %s, and nothing scrolls sideways", (colorScheme) => {
      const how: Visiting = { quiet: /\/attestations\/log\//, colorScheme };
      test.each<[what: string, path: () => string]>([
        ["the front page", () => "index.html"],
        ["the log", () => "log.html"],
        ["a plan", () => `attestations/${made.open.target}.html`],
        ["one that was taken back", () => pageOf(made.retracted)],
        ["one that was replaced", () => pageOf(made.superseded)],
      ])("%s", async (_, pathOf) => {
        const path = pathOf();
        await visit(
          served.url("http", path),
          async (page) => {
            if (path === "index.html")
              await page.locator("#status", { hasText: "checked" }).waitFor({ state: "attached" });
            else if (path === "log.html") await page.locator("#status[data-state]").waitFor({ state: "attached" });
            else await headline(page, /./);
            const { violations } = await new AxeBuilder({ page }).analyze();
            expect(
              violations.map(
                ({ id, nodes }) => `${path} ${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`,
              ),
            ).toEqual([]);
            await page.setViewportSize({ width: 360, height: 740 });
            expect(
              await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
              path,
            ).toBe(0);
            await page.setViewportSize({ width: 1280, height: 720 });
          },
          how,
        );
      });
    });
  },
  chromiums.slice(0, 1),
);
