/** What a reader of the site meets: each page verifies what it shows, from http and from a folder alike, and asks the network for nothing. */
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hex } from "../../src/core/bytes.js";
import { message, parseEnvelope, PAYLOAD_TYPE } from "../../src/core/statement/envelope.js";
import { nodeEngine } from "../../src/node/engine.js";
import type { Attestation } from "../../src/pipeline/publish/sign.js";
import { everything, headline, inEachBrowser, pasteKey, tone, ways } from "./driving.js";
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

/** The word under each of the four questions. */
const answers = async (page: Page): Promise<Record<string, string>> =>
  Object.fromEntries(
    await Promise.all(
      ["signature", "trust", "verdict", "audit"].map(
        async (name) => [name, await page.locator(`.answer.${name} .word`).innerText()] as const,
      ),
    ),
  );

/** What a step says that it recomputed. */
async function values(page: Page, step: string): Promise<Record<string, string>> {
  const item = page.locator(".steps li", { hasText: step });
  const [names, texts] = await Promise.all([item.locator("dt").allInnerTexts(), item.locator("dd").allInnerTexts()]);
  return Object.fromEntries(names.map((name, at) => [name, texts[at] ?? ""]));
}

const said = (page: Page): Promise<string> => page.locator("#key-said").innerText();

/** Sentences that occur nowhere but in the statement. */
const own = ({
  statement: {
    predicate: { f3 },
  },
}: Attestation): string[] => [
  f3.title,
  f3.hypothesis,
  "Both required checks held",
  "How it was done",
  "Two and two make",
  "the sum was 4",
  "output.txt",
  "Subtraction was left",
  "some runtime",
  f3.verdict,
];

async function expectNothingOf(page: Page, attestation: Attestation): Promise<void> {
  const all = await everything(page);
  for (const text of own(attestation)) expect(all).not.toContain(text);
}

inEachBrowser((visit, name) => {
  describe.each(ways(name))("over %s", (origin) => {
    const at = (attestation: Attestation): string => served.url(origin, pageOf(attestation));

    test("a good attestation: unchanged, and it stays the reader's business whose key that is", async () => {
      await visit(at(made.good), async (page) => {
        await headline(page, UNCONFIRMED);
        expect(await tone(page)).toBe("open");
        expect(await answers(page)).toEqual({
          signature: "ok",
          trust: "only known from this site",
          verdict: "VALIDATED",
          audit: "not checked",
        });
        const { payloadBytes, signatures } = parseEnvelope(made.good.bytes);
        const signed = message(PAYLOAD_TYPE, payloadBytes);
        const digest = hex(nodeEngine.sha256(payloadBytes));
        expect(await values(page, "Canonical bytes")).toEqual({
          "canonical bytes": String(payloadBytes.length),
          "SHA-256": digest,
          id: made.good.id,
        });
        expect(await values(page, "Ed25519 signature")).toEqual({
          "signed bytes": String(signed.length),
          "SHA-256 of them": hex(nodeEngine.sha256(signed)),
          signature: Buffer.from(signatures[0]!.sig).toString("base64"),
          "signing key": made.mine.key.keyid,
        });
        expect(await values(page, "Verdict follows from the checks")).toEqual({
          "derived verdict": "VALIDATED",
          "derived result": "WARNED",
        });
        expect(await page.title()).toBe("Addition adds: Unchanged; signer not confirmed by you");
        const all = await everything(page);
        for (const text of own(made.good)) expect(all).toContain(text);
      });
    });

    test("evidence is linked where it lies, and only that", async () => {
      await visit(at(made.good), async (page) => {
        await headline(page, UNCONFIRMED);
        const [piece] = made.good.statement.predicate.f3.evidence;
        const links = await page
          .locator(".evidence td a")
          .evaluateAll((all) => all.map((link) => link.getAttribute("href")));
        expect(links).toEqual([
          `evidence/sha256/${piece!.digest.sha256!.slice(0, 2)}/${piece!.digest.sha256!}`,
          "https://example.org/plus",
        ]);
      });
    });

    test.each(["the key line", "its fingerprint"])("%s confirms the signer", async (what) => {
      await visit(at(made.good), async (page) => {
        await headline(page, UNCONFIRMED);
        await pasteKey(page, what === "the key line" ? `  ${made.mine.line}\t` : made.mine.key.keyid);
        await headline(page, "Signed, unchanged");
        expect(await tone(page)).toBe("good");
        expect(await answers(page)).toMatchObject({ signature: "ok", trust: "confirmed by you" });
        expect(await said(page)).toBe(`${made.mine.key.keyid} counts as confirmed by you, on this page`);
      });
    });

    test("another key confirms nothing, and the page says so", async () => {
      await visit(at(made.good), async (page) => {
        await headline(page, UNCONFIRMED);
        for (const given of [made.stranger.line, made.another.line, made.another.key.keyid]) {
          await pasteKey(page, given);
          await page.locator("#key-said.wrong").waitFor();
          expect(await said(page)).toMatch(/^SHA256:\S+ is not the key that signed this file$/);
          await headline(page, UNCONFIRMED);
        }
        expect(await answers(page)).toMatchObject({ trust: "only known from this site" });
      });
    });

    test("what is no key of anybody's is refused in words", async () => {
      const secret = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
      await visit(at(made.good), async (page) => {
        await headline(page, UNCONFIRMED);
        for (const [given, words] of [
          ["junk", /\bssh-ed25519\b/],
          ["", /\bssh-ed25519\b/],
          ["ssh-ed25519 AAAA", /\bEd25519\b/],
          [`SHA256:${"A".repeat(43)}`, /\bsite\b/],
          [secret, /\bprivate\b/],
        ] as const) {
          await pasteKey(page, given);
          await page.locator("#key-said.wrong", { hasText: words }).waitFor();
        }
        expect(await everything(page)).not.toContain(secret.split("\n")[1]);
        await headline(page, UNCONFIRMED);
      });
    });

    test("one letter changed, and nothing of the statement is left; put back, it is there again", async () => {
      await visit(at(made.good), async (page) => {
        await headline(page, UNCONFIRMED);
        await pasteKey(page, made.mine.line);
        await headline(page, "Signed, unchanged");
        await page.getByRole("button", { name: "Change one letter and check again" }).click();
        await headline(page, "Does not match its signature");
        expect(await tone(page)).toBe("bad");
        expect(await answers(page)).toEqual({
          signature: "bad",
          trust: "not checked",
          verdict: "not shown",
          audit: "not checked",
        });
        expect(await page.title()).toBe(`${made.good.id}.json`);
        await expectNothingOf(page, made.good);
        await page.getByRole("button", { name: "Put the letter back" }).click();
        await headline(page, "Signed, unchanged");
        const all = await everything(page);
        for (const text of own(made.good)) expect(all).toContain(text);
      });
    });

    test("tampered with after publication: the page has nothing to say of it", async () => {
      await visit(at(made.tampered), async (page) => {
        await headline(page, "Does not match its signature");
        expect(await answers(page)).toEqual({
          signature: "bad",
          trust: "not checked",
          verdict: "not shown",
          audit: "not checked",
        });
        await expectNothingOf(page, made.tampered);
        await pasteKey(page, made.mine.line); // the right key does not help
        await page.locator("#key-said:not(:empty)").waitFor();
        await headline(page, "Does not match its signature");
        await expectNothingOf(page, made.tampered);
      });
    });

    test("by a key that nobody listed: unknown, until the reader brings the key", async () => {
      await visit(at(made.strangers), async (page) => {
        await headline(page, "Signer unknown");
        expect(await tone(page)).toBe("open");
        expect(await answers(page)).toEqual({
          signature: "not checked",
          trust: "unknown",
          verdict: "not shown",
          audit: "not checked",
        });
        await expectNothingOf(page, made.strangers);
        await pasteKey(page, made.stranger.line);
        await headline(page, "Signed, unchanged");
        expect(await everything(page)).toContain("Strangers can add as well.");
      });
    });

    test("a refuted claim under a good signature does not look like good news", async () => {
      await visit(at(made.refuted), async (page) => {
        await headline(page, UNCONFIRMED);
        await pasteKey(page, made.mine.line);
        await headline(page, "Signed, unchanged");
        expect(await tone(page)).toBe("good"); // that is the signature's
        expect(await answers(page)).toMatchObject({ signature: "ok", verdict: "REFUTED" });
        const [green, refuted, stamp] = await Promise.all(
          [".headline h2", ".answer.verdict .word", ".stamp"].map((place) =>
            page
              .locator(place)
              .first()
              .evaluate((element) => getComputedStyle(element).color),
          ),
        );
        expect(refuted).not.toBe(green);
        expect(stamp).not.toBe(green);
        expect(
          await page
            .locator(".answer.verdict, .verdict-line, .stamp")
            .evaluateAll((all) => all.filter((element) => element.closest(".good") !== null).length),
        ).toBe(0);
      });
    });

    test("the list: each line is verified anew, and one that does not fit shows its file's name", async () => {
      await visit(served.url(origin, "index.html"), async (page) => {
        await page.locator("#status", { hasText: "5 checked" }).waitFor({ state: "attached" });
        const rows = await page
          .locator(".list tbody tr")
          .evaluateAll((all) => all.map((row) => [...row.querySelectorAll("td")].map((cell) => cell.textContent)));
        const refused = [
          [`${made.tampered.id}.json`, "", "", "Does not match its signature"],
          [`${made.strangers.id}.json`, "", "", "Signer unknown"],
        ];
        expect(rows).toEqual([
          [
            `Addition adds at night${made.inconclusive.id}`,
            "INCONCLUSIVE 1 passed, 1 skipped1 of 2 required checks passed, 1 skipped",
            "2026-03-01 12:00:00 UTC",
            UNCONFIRMED,
          ],
          [
            `Subtraction adds${made.refuted.id}`,
            "REFUTED1 of 2 required checks failed",
            "2026-03-01 11:00:00 UTC",
            UNCONFIRMED,
          ],
          [
            `Addition adds${made.good.id}`,
            "VALIDATED 2 passed, 1 skippedAll 2 required checks passed",
            "2026-03-01 10:00:03 UTC",
            UNCONFIRMED,
          ],
          ...refused.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1)),
        ]);
        expect(await page.locator(".counts dd").allInnerTexts()).toEqual(["1", "1", "1"]);
        expect(await everything(page)).not.toMatch(/Nobody looks twice|was tampered with|A stranger adds/);
        expect(await page.locator(".signers dd").allInnerTexts()).toEqual([
          made.mine.key.keyid,
          made.another.key.keyid,
        ]);
      });
    });
  });

  test("what the publisher wrote around the document is gone once the document was verified", async () => {
    const page = readFileSync(join(made.folder, pageOf(made.good)), "utf8");
    const [data] = /<script type="application\/json".*/.exec(page)!;
    const forged = page
      .replaceAll("Two and two make four", "The moon is made of cheese")
      .replace(/<title>.*?<\/title>/, "<title>Cheese</title>");
    writeFileSync(
      join(made.folder, "forged.html"),
      forged.replace(/<script type="application\/json".*/, () => data),
    );
    await visit(served.url("file", "forged.html"), async (visited) => {
      await headline(visited, UNCONFIRMED);
      expect(await everything(visited)).not.toMatch(/cheese/i);
    });
  });

  test.each<[what: string, act: () => unknown, named: RegExp]>([
    ["a request", () => fetch("/elsewhere").catch(() => "blocked"), /connect-src/],
    [
      "an image",
      () =>
        new Promise((done) =>
          Object.assign(document.body.appendChild(new Image()), { onerror: done, src: "/elsewhere.png" }),
        ),
      /img-src/,
    ],
    [
      "a script",
      () =>
        document.body
          .appendChild(Object.assign(document.createElement("script"), { textContent: "" }))
          .append("window.__pwned = 1"),
      /script/i,
    ],
    [
      "markup",
      () => {
        document.body.innerHTML = "<b>bold</b>";
      },
      /trusted|innerHTML/i,
    ],
    [
      "code made of text",
      // Later, since what a driver evaluates itself is exempt.
      async () => {
        await new Promise((later) => setTimeout(later));
        return Reflect.construct(Function, [""]);
      },
      /eval|trusted/i,
    ],
  ])("were there %s in it after all, the page's own policy would stop it", async (_, act, named) => {
    await expect(
      visit(served.url("http", pageOf(made.good)), async (page) => {
        await headline(page, UNCONFIRMED);
        await page.evaluate(act).catch(() => undefined);
        expect(await page.evaluate(() => "__pwned" in window)).toBe(false);
      }),
    ).rejects.toThrow(named);
  });
});

test("the digest in the file's name is that of the canonical bytes", () => {
  expect(made.good.id).toBe(`test_${hex(nodeEngine.sha256(parseEnvelope(made.good.bytes).payloadBytes)).slice(0, 16)}`);
});
