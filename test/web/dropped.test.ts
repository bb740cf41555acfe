/** Evidence that the reader has: chosen or dropped on the page, hashed there, and held against what was signed. */
import { AxeBuilder } from "@axe-core/playwright";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatRecord, RECORD_SCHEMA, recordName } from "../../src/core/audit/record.js";
import { hex, utf8 } from "../../src/core/bytes.js";
import type { CheckRecord, EvidenceRef } from "../../src/core/statement/statement.js";
import { nodeEngine } from "../../src/node/engine.js";
import type { Attestation } from "../../src/pipeline/publish/sign.js";
import { buildSite } from "../../src/site/build.js";
import { Directory } from "../../src/store/directory.js";
import { hashOf } from "../../web/dropped.js";
import { chromiums, headline, inEachBrowser, ways } from "./driving.js";
import {
  attest,
  findings,
  OUTPUT,
  pageOf,
  place,
  publish,
  removePlaces,
  serve,
  testKey,
  type Served,
} from "./making.js";

const OBSERVED = utf8('{"name":"sum","value":4}\n{"name":"sum","value":4}\n');
const piece = (name: string, bytes: Uint8Array, role: string): EvidenceRef => ({
  name,
  digest: { sha256: hex(nodeEngine.sha256(bytes)) },
  size: bytes.length,
  role,
  sourceDateKind: "unknown",
});
/** Its outcome follows from the observations. */
const counted: CheckRecord = {
  id: "counts",
  claim: "Two sums were made",
  required: true,
  outcome: "passed",
  expected: "",
  observed: "two",
  criterion: {
    measures: [{ name: "sums", of: "count", where: { name: "sum" } }],
    holds: [{ measure: "sums", is: "=", value: 2 }],
    needs: [],
  },
  measurements: [{ name: "sums", value: 2 }],
};

let served: Served;
let made: Attestation;
const mine = testKey("lab-2026");
const disk = place();
beforeAll(async () => {
  const evidence = [piece("run/output.txt", OUTPUT, "output"), piece("observations.jsonl", OBSERVED, "observations")];
  made = await attest(mine, findings({ evidence, checks: [counted] }));
  const files = new Map([[`${made.id}.json`, made.bytes]]);
  const { home, folder, registry } = await publish({ title: "Lab", listed: [mine], files });
  const at = new Date("2026-03-03T00:00:00Z");
  const looks = [
    { pointer: "/predicate/f3/evidence/1", place: "archive", state: "gone", detail: "no copy lies there" },
  ] as const;
  const found = [{ rule: "evidence-gone", pointer: "/predicate/f3/evidence/1" }];
  const record = formatRecord({
    schema: RECORD_SCHEMA,
    at: at.toISOString(),
    origin: "lab.example.org/adding",
    offline: false,
    engine: "node",
    logs: [],
    documents: { [made.digest]: { references: 9, looks: [...looks], findings: found } },
  });
  mkdirSync(join(home, "attestations/audits"));
  writeFileSync(join(home, "attestations/audits", recordName(at)), record);
  await buildSite(registry, new Directory(folder), nodeEngine, at);
  served = await serve({ folder });
});
afterAll(() => {
  served.close();
  removePlaces();
});

interface Given {
  readonly name: string;
  readonly bytes: Uint8Array;
}
const output: Given = { name: "output.txt", bytes: OUTPUT };
const observed: Given = { name: "download (3)", bytes: OBSERVED };

const choose = (page: Page, ...files: Given[]): Promise<void> =>
  page
    .locator("#evidence-file")
    .setInputFiles(files.map(({ name, bytes }) => ({ name, mimeType: "", buffer: Buffer.from(bytes) })));

const drop = (page: Page, ...files: Given[]): Promise<void> =>
  page.locator(".pieces").evaluate(
    (zone, given) => {
      const dataTransfer = new DataTransfer();
      for (const [name, bytes] of given) dataTransfer.items.add(new File([new Uint8Array(bytes)], name));
      for (const type of ["dragenter", "dragover", "drop"])
        zone.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    },
    files.map(({ name, bytes }) => [name, [...bytes]] as const),
  );

const said = (page: Page, words: string | RegExp): Promise<void> =>
  page.locator("#evidence-said", { hasText: words }).waitFor();
const rows = (page: Page): Promise<string[]> =>
  page
    .locator(".evidence tbody tr")
    .evaluateAll((all) => all.map((row) => row.querySelector(".yours")?.textContent ?? ""));
const step = (page: Page, name: string): Promise<string> =>
  page.locator(".steps li", { hasText: name }).locator(".what strong").innerText();
const audit = (page: Page): Promise<string> => page.locator(".answer.audit .word").innerText();

const UNCONFIRMED = "Unchanged; signer not confirmed by you";
const SIGNED = (name: string): string => `✓ your file ${name}: the signed bytes`;

inEachBrowser((visit, name) => {
  describe.each(ways(name))("%s", (way) => {
    const open = (look: (page: Page) => Promise<void>): Promise<void> =>
      visit(served.url(way, pageOf(made)), async (page) => {
        await headline(page, UNCONFIRMED);
        await look(page);
      });

    test.each([
      ["chosen", choose],
      ["dropped", drop],
    ] as const)("all pieces %s: the evidence hashes, and the outcomes follow again", async (_, give) => {
      await open(async (page) => {
        expect(await step(page, "Unchanged evidence")).toBe("not checked");
        await give(page, output);
        await said(page, "1 file hashed here: 1 is what was signed. Of 2 pieces of evidence 1 is available.");
        expect(await rows(page)).toEqual([SIGNED("output.txt"), ""]);
        expect(await step(page, "Unchanged evidence")).toBe("not checked");
        await give(page, observed);
        await said(page, "Of 2 pieces of evidence all are available.");
        expect(await rows(page)).toEqual([SIGNED("output.txt"), SIGNED("download (3)")]);
        expect(await step(page, "Unchanged evidence")).toBe("holds");
        expect(await step(page, "Outcomes follow from the observations")).toBe("holds");
        await headline(page, UNCONFIRMED); // it says nothing of the signer
      });
    });

    test("a piece with other bytes is changed, and right again once the right file comes", async () => {
      await open(async (page) => {
        await choose(page, { name: "output.txt", bytes: utf8("2 + 2 = 5\n") });
        await said(page, "1 has the name of a piece and is not what was signed");
        expect(await rows(page)).toEqual([
          `✗ changed: output.txt is not the signed bytes (size 10 instead of ${OUTPUT.length})`,
          "",
        ]);
        expect(await step(page, "Unchanged evidence")).toBe("does not hold");
        expect(await audit(page)).toBe("findings");
        await choose(page, output);
        await said(page, "1 is what was signed");
        expect(await rows(page)).toEqual([SIGNED("output.txt"), ""]);
        expect(await audit(page)).toBe("not checked");
      });
    });

    test("a foreign file is told and changes nothing; what was given can be forgotten", async () => {
      await open(async (page) => {
        await choose(page, { name: "cat.png", bytes: utf8("x") });
        await said(page, "1 is not part of the evidence (cat.png). Of 2 pieces of evidence 0 are available.");
        expect(await rows(page)).toEqual(["", ""]);
        expect(await audit(page)).toBe("not checked");
        await choose(page, output, observed);
        await said(page, "all are available");
        await page.getByRole("button", { name: "Forget these files" }).press("Enter");
        await said(page, "Forgotten");
        expect(await rows(page)).toEqual(["", ""]);
        expect(await step(page, "Unchanged evidence")).toBe("not checked");
        expect(await page.getByRole("button", { name: "Forget these files" }).count()).toBe(0);
      });
    });

    test("the record of the publisher stands beside it, and stays what it was", async () => {
      await open(async (page) => {
        const looked = (): Promise<string[]> => page.locator(".evidence td .look").allInnerTexts();
        const before = await looked();
        expect(before[1]).toMatch(/gone\s+at the audit of 3 March 2026: no copy lies there/);
        await choose(page, output, observed);
        await said(page, "all are available");
        expect(await looked()).toEqual(before);
      });
    });

    test("by keyboard: the focus stays where the work goes on, and the page where it was", async () => {
      await open(async (page) => {
        const input = page.getByLabel(/^Choose the files, or drop them here/);
        await input.scrollIntoViewIfNeeded();
        const top = (): Promise<number | undefined> =>
          page.evaluate(() => document.querySelector("#evidence-file")?.getBoundingClientRect().top);
        const before = await top();
        await input.focus();
        await choose(page, output);
        await said(page, "1 is what was signed");
        expect(await page.evaluate(() => document.activeElement?.id)).toBe("evidence-file");
        expect(Math.abs((await top())! - before!)).toBeLessThan(2);
        expect(await page.getByRole("status").filter({ hasText: "1 is what was signed" }).count()).toBe(1);
      });
    });

    test("on the verifier: what was given for one document is not held against another", async () => {
      await visit(served.url(way, "verify.html"), async (page) => {
        await page.locator("#file").waitFor();
        expect(await page.locator("#evidence-file").count()).toBe(0);
        const bring = async (given: Given): Promise<void> => {
          await page
            .locator("#file")
            .setInputFiles({ name: given.name, mimeType: "", buffer: Buffer.from(given.bytes) });
          await page.locator("#status[data-outcome]").waitFor({ state: "attached" });
        };
        const key = join(disk, "lab.pub");
        writeFileSync(key, `${mine.line}\n`);
        await page.locator("#file").setInputFiles(key);
        await page.getByRole("button", { name: /^I have this/ }).click();
        await page.locator("#file-said", { hasText: "counts as confirmed" }).waitFor();
        await bring({ name: `${made.id}.json`, bytes: made.bytes });
        await headline(page, "Signed, unchanged");
        await choose(page, output, observed);
        await said(page, "all are available");
        expect(await step(page, "Unchanged evidence")).toBe("holds");
        expect(await page.locator(".record").count()).toBe(0); // nobody publishes it here
        await bring({ name: `${made.id}.json`, bytes: made.bytes });
        await page.locator(".yours").first().waitFor({ state: "detached" });
        expect(await step(page, "Unchanged evidence")).toBe("not checked");
      });
    });
  });
});

inEachBrowser(
  (visit) => {
    test.each(["light", "dark"] as const)(
      "axe finds nothing in it, and nothing scrolls sideways, %s",
      async (colorScheme) => {
        await visit(
          served.url("http", pageOf(made)),
          async (page) => {
            await headline(page, UNCONFIRMED);
            await choose(page, { name: "output.txt", bytes: utf8("2 + 2 = 5\n") }, observed);
            await said(page, "2 files hashed here");
            const axe = new AxeBuilder({ page }).include("section.evidence");
            if (colorScheme === "dark") axe.withRules(["color-contrast", "link-in-text-block"]);
            const { violations } = await axe.analyze();
            expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`)).toEqual(
              [],
            );
            expect(
              await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
            ).toBe(0);
          },
          { colorScheme, viewport: { width: 360, height: 740 } },
        );
      },
    );
  },
  chromiums.slice(0, 1),
);

test.each([0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (3 << 20) + 17])(
  "a file of %i bytes is hashed slice by slice, to what it hashes to in one",
  async (size) => {
    const bytes = new Uint8Array(size).map((_, at) => (at * 31) % 251);
    const done: number[] = [];
    expect(await hashOf(new Blob([bytes]), (so) => void done.push(so))).toBe(hex(nodeEngine.sha256(bytes)));
    expect(done).toHaveLength(Math.ceil(size / (1 << 20)));
    expect(done.at(-1) ?? 0).toBe(size);
  },
);
