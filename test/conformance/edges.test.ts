/** One rule, one verdict: every vector on which implementations differ is judged alike by each engine, in Node and in the browsers. */
import { webcrypto } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromHex } from "../../src/core/bytes.js";
import { signatureFault } from "../../src/core/ed25519.js";
import { browsers } from "../browsers.js";
import { engines } from "../core/engines.js";
import { WebKit, webkit } from "../web/webkit.js";
import { EDGES, type Edge } from "./edges.js";
import type { Judged } from "./page.js";
import { servePage, type Page } from "./served.js";

const known = await browsers();
const all = EDGES.flatMap(({ edges }) => edges);
const sum = EDGES.reduce((total, { accepted }) => total + accepted, 0);
const ask = ({ key, message, signature }: Edge) => [fromHex(key), fromHex(message), fromHex(signature)] as const;
const count = (said: string): number => said.replaceAll(/[^1]/g, "").length;
/** What our own engine says in Node: what everyone else has to say. */
const verdicts = all.map((edge) => (engines[0]!.verify(...ask(edge)) ? "1" : "0")).join("");

test.each(EDGES)("$name: $accepted of $edges.length are accepted, by every engine", ({ edges, accepted }) => {
  for (const engine of engines)
    expect(edges.filter((edge) => engine.verify(...ask(edge))).length, engine.name).toBe(accepted);
});

describe(`of ${all.length} vectors ${sum} are accepted, the same ones`, () => {
  test.each(engines)("by $name", (engine) => {
    expect(all.map((edge) => (engine.verify(...ask(edge)) ? "1" : "0")).join("")).toBe(verdicts);
    expect(count(verdicts)).toBe(sum);
  });

  test(`by WebCrypto in Node ${process.versions.node} behind the same comparison of bytes`, async () => {
    const said = await Promise.all(
      all.map(async (edge) => {
        const [key, message, signature] = ask(edge);
        if (signatureFault(key, signature) !== undefined) return "0";
        try {
          const imported = await webcrypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
          return (await webcrypto.subtle.verify({ name: "Ed25519" }, imported, signature, message)) ? "1" : "0";
        } catch {
          return "0"; // no point of the curve
        }
      }),
    );
    expect(said.join("")).toBe(verdicts);
  });

  let page: Page;
  beforeAll(async () => {
    page = await servePage();
  });
  afterAll(() => page.close());

  /** A browser's own Ed25519 as the pages ask it: about what noble accepts, and never about the rest. */
  const asked = verdicts.replaceAll("0", "-");

  for (const { name, available, why = "", ...one } of known) {
    test.skipIf(!available)(`in ${available ? name : `${name} (${why})`}, WebCrypto agreeing`, async () => {
      const browser = await one.launch();
      try {
        const tab = await browser.newPage();
        await tab.goto(page.url);
        const judged = await tab.evaluate(
          (edges) => (globalThis as unknown as { judge(edges: readonly Edge[]): Promise<Judged> }).judge(edges),
          all,
        );
        expect(judged).toEqual({ noble: verdicts, second: asked });
      } finally {
        await browser.close();
      }
    });
  }

  test.skipIf(!webkit.available)(
    `in ${webkit.available ? "WebKit" : `WebKit (${webkit.why})`}, WebCrypto refusing those of mixed order`,
    async () => {
      const browser = await WebKit.open();
      try {
        await browser.goto(page.url);
        const judged = (await browser.evaluate(
          "const [edges, done] = arguments; judge(edges).then(done, (error) => done(String(error)));",
          all,
        )) as Judged;
        expect(judged.noble).toBe(verdicts);
        // Where libgcrypt refuses what noble accepts, a page says that engines disagree; it may never be the other way.
        expect(judged.second.replaceAll(/[01]/g, "x")).toBe(asked.replaceAll("1", "x"));
        console.log(`WebKit's WebCrypto agrees on ${count(judged.second)} of ${sum}`);
      } finally {
        await browser.close();
      }
    },
  );
});
