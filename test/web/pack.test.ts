/** A pack in the browser, from a file: its evidence is hashed there, saved and never rendered; and what was changed since is told. */
import { AxeBuilder } from "@axe-core/playwright";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import { base64, fromUtf8, hex, utf8 } from "../../src/core/bytes.js";
import { parseEnvelope } from "../../src/core/statement/envelope.js";
import { isObject, type JsonObject } from "../../src/core/json.js";
import { formatKey } from "../../src/core/keys/key.js";
import { EMPTY_KEYRING, formatKeyring } from "../../src/core/keys/keyring.js";
import { identify } from "../../src/core/statement/statement.js";
import { nodeEngine } from "../../src/node/engine.js";
import { packPage, type PackData } from "../../src/site/pack.js";
import { counted, CRITERION, GOOD, numbersOf } from "../core/counting.js";
import { sealed, signer } from "../core/making.js";
import { chromiums, everything, headline, inEachBrowser, pasteKey, tone, type Visiting } from "./driving.js";
import { place, removePlaces } from "./making.js";
import { WebKit, webkit } from "./webkit.js";

const VERIFIER = fileURLToPath(new URL("../../dist/web/verify.html", import.meta.url));
const disk = place();
afterAll(removePlaces);

const key = signer();
const line = formatKey(key.key);
/** What a page would run, were it rendered. */
const REPORT = "<script>document.title = 'rendered'</script>\n";
const sha = (text: string): string => hex(nodeEngine.sha256(utf8(text)));

/** A result with a criterion over observations, and whatever else it names. */
function attestation(more: Readonly<Record<string, string>>): PackData["documents"][number] {
  const measurements = numbersOf(GOOD);
  const base = counted({ adds: { criterion: CRITERION, measurements } }, { "observations.ndjson": GOOD });
  const predicate = base["predicate"] as JsonObject;
  const f3 = predicate["f3"] as JsonObject;
  const others = Object.entries(more).map(([name, text]) => ({
    name,
    role: "report",
    size: utf8(text).length,
    sourceDateKind: "unknown",
    digest: { sha256: sha(text) },
  }));
  const evidence = [...(f3["evidence"] as readonly JsonObject[]), ...others];
  const payload = { ...base, predicate: { ...predicate, f3: { ...f3, evidence } } };
  if (!isObject(payload)) throw new Error("no payload");
  const bytes = sealed(payload, key);
  return { name: `${identify(parseEnvelope(bytes).payloadBytes, nodeEngine).id}.json`, text: fromUtf8(bytes) };
}

const held = (...texts: readonly string[]): PackData["packed"] =>
  Object.fromEntries(texts.map((text) => [sha(text), base64(utf8(text))]));

const keyring = formatKeyring({
  ...EMPTY_KEYRING,
  signers: [{ name: "lab", key: key.key, validFrom: "2026-01-01T00:00:00Z" }],
});

/** Writes a pack, with these contents or others; its address. */
function packed(name: string, changes: Partial<PackData> = {}): string {
  const data: PackData = {
    kind: "pack",
    about: { origin: "example.org/lab", title: "The lab" },
    keyring: fromUtf8(keyring),
    notices: [],
    documents: [attestation({ "report.html": REPORT })],
    plans: [],
    packed: held(GOOD, REPORT),
    ...changes,
  };
  const path = join(disk, name);
  writeFileSync(path, packPage(data, nodeEngine));
  return pathToFileURL(path).href;
}

const UNCONFIRMED = "Unchanged; signer not confirmed by you";
const step = (page: Page, name: string): Promise<string> =>
  page.locator(".steps li", { hasText: name }).locator(".what").innerText();
const lines = (page: Page): Promise<string[]> => page.locator(".evidence .packed").allInnerTexts();
const said = async (page: Page): Promise<string[]> => (await lines(page)).map((text) => text.split("\n")[0] ?? "");
const SAME = "in this pack: the signed bytes";

/** A file that is saved is asked of the page itself. */
const SAVING: Visiting = { acceptDownloads: true, quiet: /^blob:/ };

inEachBrowser((visit, name) => {
  test("evidence and outcomes are checked from what is inside, and a key makes it whole", async () => {
    await visit(packed("good.html"), async (page) => {
      await headline(page, UNCONFIRMED);
      expect(await said(page)).toEqual([SAME, SAME]);
      expect(await step(page, "Unchanged evidence")).toContain("holds");
      expect(await step(page, "Outcomes follow")).toContain("holds");
      expect(await step(page, "Not retracted")).toContain("not checked");
      await pasteKey(page, line);
      await headline(page, "Signed, unchanged");
      expect(await tone(page)).toBe("good");
      expect(await said(page)).toEqual([SAME, SAME]);
      expect(await everything(page)).toContain("npx @f3/attest verify good.html --key");
    });
  });

  test("it leads to nothing beside it, which is not there", async () => {
    await visit(packed("alone.html"), async (page) => {
      await headline(page, UNCONFIRMED);
      const links = await page.locator("a").evaluateAll((all) => all.map((link) => link.getAttribute("href") ?? ""));
      expect(links.filter((href) => !/^https?:/.test(href))).toEqual([]);
    });
  });

  test("a piece is saved as bytes, under a name that nothing renders", async (ctx) => {
    ctx.skip(name === "firefox", "its driver stops every download, of any page");
    await visit(
      packed("saved.html"),
      async (page) => {
        await headline(page, UNCONFIRMED);
        for (const [piece, saved, text] of [
          ["observations.ndjson", "observations.ndjson", GOOD],
          ["report.html", "report.html.bin", REPORT],
        ] as const) {
          const coming = page.waitForEvent("download");
          await page.getByRole("button", { name: `Save this piece: ${piece}` }).click();
          const download = await coming;
          expect(download.suggestedFilename()).toBe(saved);
          expect(readFileSync(await download.path(), "utf8")).toBe(text);
        }
        expect(await page.title()).not.toBe("rendered");
      },
      SAVING,
    );
  });

  test("what a piece is saved as is no page", async () => {
    await visit(
      packed("typed.html"),
      async (page) => {
        await headline(page, UNCONFIRMED);
        const made = await page.evaluate(async () => {
          const found: [string, string][] = [];
          const blobs: Blob[] = [];
          const create = URL.createObjectURL.bind(URL);
          URL.createObjectURL = (blob) => (blobs.push(blob as Blob), create(blob));
          HTMLAnchorElement.prototype.click = function () {
            found.push([this.download, blobs.at(-1)?.type ?? ""]);
          };
          for (const button of document.querySelectorAll<HTMLButtonElement>(".packed button")) button.click();
          return [found, await Promise.all(blobs.map((blob) => blob.text()))] as const;
        });
        expect(made).toEqual([
          [
            ["observations.ndjson", "application/octet-stream"],
            ["report.html.bin", "application/octet-stream"],
          ],
          [GOOD, REPORT],
        ]);
      },
      SAVING,
    );
  });

  test("a byte of evidence that was changed: told, and not to be saved", async () => {
    const evidence = { ...held(GOOD), [sha(REPORT)]: base64(utf8(REPORT.replace("rendered", "renderee"))) };
    await visit(packed("evidence.html", { packed: evidence }), async (page) => {
      await headline(page, UNCONFIRMED);
      expect(await said(page)).toEqual([SAME, "in this pack, but not the signed bytes"]);
      expect(await page.locator(".packed button").count()).toBe(1);
      expect(await step(page, "Unchanged evidence")).toContain("does not hold");
      expect(await page.locator(".answer.audit .word").innerText()).toBe("findings");
      await pasteKey(page, line);
      await page.locator("#key-said:not(:empty)").waitFor();
      expect(await step(page, "Unchanged evidence")).toContain("does not hold");
    });
  });

  test.each<[string, (text: string) => string]>([
    ["no base64", (text) => `${text.slice(0, -1)}*`],
    ["nothing", () => ""],
    ["ended too early", (text) => `${text}AAAA`],
  ])("evidence that is %s", async (what, change) => {
    const evidence = { ...held(GOOD), [sha(REPORT)]: change(base64(utf8(REPORT))) };
    await visit(packed(`${what}.html`, { packed: evidence }), async (page) => {
      await headline(page, UNCONFIRMED);
      expect(await said(page)).toEqual([SAME, "in this pack, but not the signed bytes"]);
    });
  });

  test("observations that were changed are not computed with", async () => {
    const evidence = { ...held(REPORT), [sha(GOOD)]: base64(utf8(GOOD.replaceAll("false", "true"))) };
    await visit(packed("observed.html", { packed: evidence }), async (page) => {
      await headline(page, UNCONFIRMED);
      expect(await step(page, "Unchanged evidence")).toContain("does not hold");
      expect(await step(page, "Outcomes follow")).toContain("not checked");
    });
  });

  test("what is missing is said to be", async () => {
    await visit(packed("partial.html", { packed: held(GOOD) }), async (page) => {
      await headline(page, UNCONFIRMED);
      expect(await said(page)).toEqual([SAME, "not in this pack"]);
      expect(await step(page, "Unchanged evidence")).toContain("not checked");
      expect(
        await page.locator(".steps li", { hasText: "Unchanged evidence" }).locator(".detail").innerText(),
      ).toContain("not in this pack: report.html");
    });
  });

  test("on the verifier's own page it is told for what it is", async () => {
    packed("dropped.html");
    await visit(pathToFileURL(VERIFIER).href, async (page) => {
      await page.locator("#file").setInputFiles(join(disk, "dropped.html"));
      await page.locator("#file-said.wrong", { hasText: "this is a page, perhaps a pack" }).waitFor();
    });
  });

  test("a letter of the document that was changed: refused, and nothing is shown", async () => {
    const { text } = attestation({ "report.html": REPORT });
    const path = packed("document.html");
    const file = join(disk, "document.html");
    writeFileSync(file, readFileSync(file, "utf8").replaceAll("Addition adds", "Addition odds"));
    expect(text).toContain("Addition adds");
    await visit(path, async (page) => {
      await headline(page, "Does not match its signature");
      expect(await everything(page)).not.toMatch(/Addition (?:a|o)dds|VALIDATED|report\.html|Save this piece/);
    });
  });

  test("a large one says how far it is, and stays alive", async () => {
    const large = "0123456789abcdef".repeat(2 ** 18);
    const { name: called, text } = attestation({ "large.txt": large });
    await visit(
      packed("large.html", { documents: [{ name: called, text }], packed: held(GOOD, large) }),
      async (page) => {
        await headline(page, UNCONFIRMED);
        expect(await said(page)).toEqual([SAME, SAME]);
        const told = await page.evaluate(() => (window as unknown as { told: string[] }).told);
        expect(told.some((words) => /^Hashing the evidence in this file: [0-4] of 4 MiB$/.test(words))).toBe(true);
      },
      {
        // A slow machine: its clock runs a thousand times as fast.
        before: () => {
          const now = performance.now.bind(performance);
          performance.now = () => now() * 1000;
          const told: string[] = [];
          Object.assign(window, { told });
          new MutationObserver(() => told.push(document.querySelector(".headline p")?.textContent ?? "")).observe(
            document,
            { childList: true, subtree: true },
          );
        },
      },
    );
  });
});

describe("for everybody", () => {
  inEachBrowser(
    (visit) => {
      test.each([1280, 360])("nothing is amiss at a width of %i, in the light and in the dark", async (width) => {
        for (const colorScheme of ["light", "dark"] as const)
          await visit(
            packed("access.html"),
            async (page) => {
              await headline(page, UNCONFIRMED);
              expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
              expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
            },
            { colorScheme, viewport: { width, height: 800 } },
          );
      });

      test("without scripts it shows nothing of what is inside, which nobody has verified yet", async () => {
        await visit(
          packed("quiet.html", { packed: held(GOOD) }),
          async (page) => {
            await page.getByText("Not checked in this browser").waitFor();
            expect(await everything(page)).not.toMatch(/Addition adds|report\.html|VALIDATED/);
          },
          { javaScriptEnabled: false },
        );
      });
    },
    chromiums.slice(0, 1),
  );
});

describe.skipIf(!webkit.available)(webkit.available ? "WebKit" : `WebKit (${webkit.why})`, () => {
  test("from a file", async () => {
    const browser = await WebKit.open();
    try {
      await browser.goto(packed("webkit.html"));
      const text = await browser.evaluate(
        `const [done] = arguments;
        const until = Date.now() + 15000;
        (function look() {
          if (document.querySelector("#status[data-outcome]") !== null || Date.now() > until) done(document.body.innerText);
          else setTimeout(look, 50);
        })();`,
      );
      expect(text).toContain(UNCONFIRMED);
      expect(String(text).split(SAME)).toHaveLength(3);
      expect(text).toContain("2 archived pieces hash to the signed digests.");
    } finally {
      await browser.close();
    }
  }, 60_000);
});
