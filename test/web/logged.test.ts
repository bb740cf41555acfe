/** The log in the reader's browser: what it says, what is kept back, and each way in which it can be spoilt, in words of its own. */
import { AxeBuilder } from "@axe-core/playwright";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeEngine } from "../../src/node/engine.js";
import { buildSite } from "../../src/site/build.js";
import { Directory } from "../../src/store/directory.js";
import { proofPath } from "../../src/store/paths.js";
import { Registry } from "../../src/store/registry.js";
import type { DataOf } from "../../src/formats/page-data.js";
import { chromiums, headline, inEachBrowser, pasteKey, tone, type Visiting } from "./driving.js";
import { copyOf, loggedLab, type LoggedLab } from "./logged.js";
import { findings, pageOf, place, removePlaces, serve, type Served } from "./making.js";

let made: LoggedLab;
/** Of one address, whose files a test may exchange, as the operator of a host can. */
let folder: string;
let served: Served;
/** The same site, and another that was signed with the same key over another history. */
let rewritten: string;
beforeAll(async () => {
  made = await loggedLab();
  rewritten = await made.lab.forge(([first, second, ...rest]) => [second!, first!, ...rest]);
  folder = copyOf(made.folder);
  served = await serve({ folder });
}, 60_000);
afterAll(() => {
  served.close();
  removePlaces();
});

const put = (from: string): void => cpSync(from, folder, { recursive: true });
/** The log's page may ask for the log; where a file is missing the browser says so too. */
const LOG: Visiting = { quiet: /\/attestations\/log\/|Failed to load resource/ };
const visitor = (): Visiting => ({ ...LOG }); // each has a memory of its own

/** A page whose embedded data were changed, which its policy cannot see. */
function spoilt(path: string, change: (data: Carrying) => unknown): string {
  const page = readFileSync(join(made.folder, path), "utf8");
  const [, held] = /id="data">(.*?)<\/script>/.exec(page)!;
  const data = JSON.parse(held!) as Carrying;
  change(data);
  const name = path.replace(/[^/]+$/, "spoilt.html");
  const text = JSON.stringify(data).replaceAll("<", "\\u003c");
  writeFileSync(
    join(folder, name),
    page.replace(/(id="data">).*?(<\/script>)/, (_, before: string, after: string) => before + text + after),
  );
  return name;
}

const logState = async (page: Page): Promise<string> => {
  await page.locator("#status[data-state]").waitFor({ state: "attached" });
  return page.locator("main .headline h2").innerText();
};
const index = (page: Page): Promise<void> =>
  page.locator("#status", { hasText: "checked" }).waitFor({ state: "attached" });
const line = (page: Page, name: string): Promise<string> =>
  page.locator(`.standing dt:text-is("${name}") + dd`).innerText();

/** A page is read only, for everybody but a test. */
type Open<T> = { -readonly [K in keyof T]: T[K] extends object | undefined ? Open<T[K]> : T[K] };
type Carrying = Open<DataOf<"attestation">>;
const embedded = (data: Carrying): { checkpoint: string; entries: string[] } =>
  (data.logs as { checkpoint: string; entries: string[] }[])[0]!;
/** As it was when the first result was entered. */
function cutShort(data: Carrying): void {
  const log = embedded(data);
  log.checkpoint = proofOf(made.superseded).split("\n\n").slice(1).join("\n\n");
  log.entries.length = Number(log.checkpoint.split("\n")[1]);
}

const proofOf = ({ id }: { readonly id: string }): string => readFileSync(join(made.folder, proofPath(id)), "utf8");

inEachBrowser(
  (visit) => {
    describe("a reader who knows nothing else", () => {
      test("sees on the front page that a refuted result was kept back, and what is still open", async () => {
        await visit(served.url("http", "index.html"), async (page) => {
          await index(page);
          const row = page.locator(".list tbody tr", { hasText: "Not published here" });
          expect(await row.innerText()).toContain("REFUTED");
          expect(await page.locator(".counts dd").allInnerTexts()).toEqual(["3", "0", "1"]);
          expect(await page.locator(".open-plans tbody tr").allInnerTexts()).toEqual([
            expect.stringContaining(made.withheld.id), // it names a plan, and nobody here can hold it against that one
            expect.stringMatching(/Addition adds at night[\s\S]*open, \d+ days old/),
          ]);
          expect(await page.locator(".list tbody tr").count()).toBe(4);
          expect(await page.locator(".count").innerText()).toContain("This browser computed the log's root");
        });
      });

      test("sees of a good one where it is, that it was announced, and that another's word changes nothing", async () => {
        await visit(served.url("http", pageOf(made.good)), async (page) => {
          await headline(page, "Unchanged; signer not confirmed by you");
          expect(await line(page, "in the log")).toMatch(/^entry 3 of .*, as of log state 12; the order/);
          expect(await line(page, "its plan")).toMatch(/^announced .* before it ran, and the same test/);
          expect(await line(page, "since then")).toBe("its signer did not take it back, as of log state 12");
          expect(await line(page, "by somebody else")).toContain("I do not like it.");
          await pasteKey(page, made.mine.line);
          await headline(page, "Signed, unchanged");
          expect(await tone(page)).toBe("good");
        });
      });

      test("sees first of all that one was taken back, and never in green", async () => {
        await visit(served.url("http", pageOf(made.retracted)), async (page) => {
          await headline(page, "Taken back by its signer");
          expect(await page.locator("main > :first-child").innerText()).toContain("The clock of that machine");
          await pasteKey(page, made.mine.line);
          await page.locator("#key-said:not(:empty)").waitFor();
          await headline(page, "Taken back by its signer");
          expect(await tone(page)).toBe("bad");
        });
      });

      test("sees what became of plans", async () => {
        await visit(served.url("http", `attestations/${made.abandoned.target}.html`), async (page) => {
          await headline(page, "Unchanged; signer not confirmed by you");
          expect(await page.locator("main").innerText()).toContain(
            "given up by whoever announced it: The machine must not get wet.",
          );
        });
        await visit(served.url("http", `attestations/${made.open.target}.html`), async (page) => {
          await headline(page, "Unchanged; signer not confirmed by you");
          expect(await page.locator("main").innerText()).toContain("this page carries none");
        });
      });
    });

    test("a notice that is kept back takes its attestation back all the same, by its entry in the log", async () => {
      const name = spoilt(pageOf(made.retracted), () => undefined);
      const copy = copyOf(made.home);
      const [notice] = (await made.registry.names()).filter((one) =>
        readFileSync(join(copy, "attestations", one), "utf8").includes("day off"),
      );
      rmSync(join(copy, "attestations", notice!));
      await buildSite(
        await Registry.open(new Directory(copy), nodeEngine),
        new Directory(join(copy, "site")),
        nodeEngine,
        new Date(),
      );
      writeFileSync(join(folder, name), readFileSync(join(copy, "site", pageOf(made.retracted))));
      await visit(served.url("http", name), async (page) => {
        await headline(page, "Taken back by its signer");
        expect(await page.locator(".withdrawn").innerText()).toContain("is not published here");
      });
    });

    describe("spoilt in the page", () => {
      test.each<[what: string, change: (data: Carrying) => unknown, detail: RegExp]>([
        ["an entry removed", (data) => embedded(data).entries.pop(), /expected 12 entries/],
        [
          "an entry changed",
          (data) => (embedded(data).entries[5] = embedded(data).entries[5]!.replace("REFUTED", "VALIDATED")),
          /whose root is/,
        ],
        [
          "two entries exchanged",
          (data) => embedded(data).entries.splice(0, 2, embedded(data).entries[1]!, embedded(data).entries[0]!),
          /whose root is/,
        ],
        [
          "the checkpoint changed",
          (data) => (embedded(data).checkpoint = embedded(data).checkpoint.replace("\n12\n", "\n11\n")),
          /signature over this checkpoint/,
        ],
      ])("%s: the log is damaged, and nothing is counted from it", async (_, change, detail) => {
        await visit(served.url("http", spoilt("index.html", change)), async (page) => {
          await index(page);
          expect(await page.locator(".count").last().innerText()).toMatch(/^The log is damaged/m);
          expect(await page.locator(".count").last().innerText()).toMatch(detail);
          expect(await page.locator(".tally, .open-plans").count()).toBe(0);
          expect(await page.locator(".counts dd").allInnerTexts()).toEqual(["3", "0", "0"]); // of the documents alone
        });
      });

      test.each<[what: string, change: (data: Carrying) => unknown, words: string, sentence: RegExp]>([
        [
          "a proof of another index",
          ({ documents: [one] }) => (one.log!.proof = one.log!.proof!.replace("index 3", "index 2")),
          "not shown to be in the log",
          /proof that lies beside it does not fit/,
        ],
        [
          "no proof, and a log from before it was entered",
          (data) => (cutShort(data), delete data.documents[0].log),
          "not in the log",
          /has no entry for it/,
        ],
        [
          "the log's checkpoint changed",
          (data) => (embedded(data).checkpoint = embedded(data).checkpoint.replace("\n12\n", "\n13\n")),
          "the log is damaged",
          /do not fit each other/,
        ],
        ["a log that is shorter than the proof's", cutShort, "the log went backwards", /fewer entries than it had/],
      ])("%s", async (_, change, words, sentence) => {
        const look = async (page: Page): Promise<void> => {
          await headline(page, /^Unchanged; signer not confirmed by you/);
          expect(await page.locator(".answer.signature .word").innerText()).toBe("ok");
          await headline(page, `Unchanged; signer not confirmed by you — but ${words}`);
          expect(await line(page, "in the log")).toMatch(sentence);
          await pasteKey(page, made.mine.line);
          await headline(page, `Signed, unchanged — but ${words}`);
          expect(await tone(page)).toBe("open");
        };
        await visit(served.url("http", spoilt(pageOf(made.good), change)), look, visitor()); // who remembers nothing
      });

      /** All that a host could leave out of a page, once more each. */
      const LEFT_OUT: readonly [what: string, change: (data: Carrying) => unknown][] = [
        ["the logs", (data) => delete data.logs],
        [
          "the logs and what was at hand of the document's own",
          (data) => (delete data.logs, delete data.documents[0].log),
        ],
        ["the entries, for there being too many", (data) => (data.logs = 12)],
        [
          "the logs, and that the keyring lists any",
          (data) => {
            delete data.logs;
            data.keyring = JSON.stringify({ ...(JSON.parse(data.keyring) as object), logs: [] });
          },
        ],
      ];
      test.each(LEFT_OUT)("kind O: without %s nothing says that it was not taken back", async (_, change) => {
        const withoutNotices = (data: Carrying): void => {
          change(data);
          data.notices = [];
        };
        for (const one of [made.good, made.retracted])
          await visit(
            served.url("http", spoilt(pageOf(one), withoutNotices)),
            async (page) => {
              await headline(page, /whether it was taken back is not known/);
              await pasteKey(page, made.mine.line);
              await headline(page, "Signed, unchanged — but whether it was taken back is not known");
              expect(await tone(page)).toBe("open");
              expect(await line(page, "since then")).toMatch(/^not checked: /);
            },
            visitor(),
          );
      });

      test.each(LEFT_OUT.filter(([what]) => !/too many/.test(what)))(
        "kind O: without %s, a reader who saw the log is told that it is kept back",
        async (_, change) => {
          const reader = visitor();
          await visit(served.url("http", "index.html"), index, reader);
          await visit(
            served.url("http", spoilt(pageOf(made.good), change)),
            (page) => headline(page, "Unchanged; signer not confirmed by you — but the log went backwards"),
            reader,
          );
          await visit(
            served.url(
              "http",
              spoilt("index.html", (data) => delete data.logs),
            ),
            async (page) => {
              await index(page);
              const said = await page.locator(".count").last().innerText();
              expect(said).toContain("The log is kept back");
              expect(said).toContain("This browser saw a log here before, and now the page shows nothing of it.");
            },
            reader,
          );
        },
      );

      test("kind O: a notice that is kept back from the page is heard by the entries that it carries", async () => {
        const name = spoilt(pageOf(made.retracted), (data) => (data.notices = []));
        await visit(served.url("http", name), async (page) => {
          await headline(page, "Taken back by its signer");
          expect(await tone(page)).toBe("bad");
        });
      });

      test("kind O: a log's page without a log holds nothing together", async () => {
        for (const change of [
          (data: Carrying) => (data.keyring = JSON.stringify({ signers: [], logs: [], witnesses: [] })),
          (data: Carrying) => {
            data.keyring = JSON.stringify({ signers: [], logs: [], witnesses: [] });
            delete data.logs;
          },
        ])
          await visit(
            served.url("http", spoilt("log.html", change)),
            async (page) => {
              expect(await logState(page)).toMatch(/^(?:Nothing was read of the log|The log is damaged)$/);
              expect(await tone(page)).toBe("bad");
            },
            visitor(),
          );
      });

      test("kind R: a result that is said to be on another page, where there is none, is missing all the same", async () => {
        const { id } = made.withheld;
        const name = spoilt("index.html", (data) => {
          (data as unknown as { elsewhere: string[] }).elsewhere.push(`${id}.json`);
        });
        await visit(served.url("http", name), async (page) => {
          await index(page);
          expect(await page.locator(".list tbody tr", { hasText: "Not published here" }).innerText()).toContain(id);
        });
      });

      test("kind R: a plan is answered by a result that is one, and by no name", async () => {
        const said = (page: Page): Promise<string> => page.locator('.dates dt:text-is("result") + dd').innerText();
        const { open, good } = made;
        const text = readFileSync(join(made.folder, pageOf(good).replace(/html$/, "json")), "utf8");
        const path = `attestations/${open.target}.html`;
        const name = spoilt(path, (data) => (data.answers = [{ name: `${good.id}.json`, text }]));
        await visit(served.url("http", name), async (page) => {
          await headline(page, "Unchanged; signer not confirmed by you");
          expect(await said(page)).toContain("this page carries none");
        });
      });
    });

    describe("the log's own page", () => {
      test("fetches and computes everything again", async () => {
        await visit(
          served.url("http", "log.html"),
          async (page) => {
            expect(await logState(page)).toBe("Holds together, as of state 12");
            expect(await page.locator(".entries tbody tr").count()).toBe(12);
            expect(await page.locator(".entries tr", { hasText: "Not published here" }).innerText()).toContain(
              "REFUTED",
            );
          },
          LOG,
        );
      });

      test("opened from a file it says that it could not look, and shows what it was built with", async () => {
        await visit(served.url("file", "log.html"), async (page) => {
          expect(await logState(page)).toBe("Not checked: opened from a file");
          expect(await page.locator(".entries tbody tr").count()).toBe(12);
          expect(await page.locator(".headline").innerText()).toContain("when the page was built");
        });
      });

      test("says so where the log cannot be fetched", async () => {
        const alone = await serve({ folder });
        await visit(
          alone.url("http", "log.html"),
          async (page) => {
            await logState(page);
            await page.route(/attestations\/log\//, (route) => route.abort());
            await page.reload();
            expect(await logState(page)).toBe("Not checked: the log could not be fetched");
            await page.unroute(/attestations\/log\//);
          },
          visitor(),
        );
        alone.close();
      });

      test("counts a witness whose key the reader brings, and no other", async () => {
        const key = await made.lab.witness(folder, new Date("2026-03-01T12:00:00Z"));
        await visit(
          served.url("http", "log.html"),
          async (page) => {
            expect(await logState(page)).toBe("Holds together, as of state 12");
            expect(await page.locator(".signed").innerText()).toContain(
              "witness.example.net, whose key is not at hand",
            );
            await page.locator("#witness").fill("junk");
            await page.getByRole("button", { name: "Count" }).click();
            await page.locator("#witness-said.wrong").waitFor();
            await page.locator("#witness").fill(key);
            await page.getByRole("button", { name: "Count" }).click();
            await page.locator(".signed", { hasText: "2026-03-01 12:00:00 UTC, by the key that you gave" }).waitFor();
          },
          LOG,
        );
        put(made.folder);
      });

      test.each<[what: string, change: () => unknown, detail: RegExp]>([
        [
          "a changed entry",
          () => edit("tile/entries/000.p/12", (bytes) => bytes.replace("REFUTED", "VALIDAT")),
          /expected/,
        ],
        [
          "a changed hash",
          () => edit("tile/0/000.p/12", (bytes) => `${bytes.startsWith("x") ? "y" : "x"}${bytes.slice(1)}`),
          /the hashes of the entries/,
        ],
        ["a missing bundle", () => rmSync(join(folder, "attestations/log/tile/entries/000.p/12")), /found none/],
        [
          "a changed checkpoint",
          () => edit("checkpoint", (bytes) => bytes.replace("\n12\n", "\n11\n")),
          /does not fit/,
        ],
      ])("%s is told as damage, with nothing counted", async (_, change, detail) => {
        change();
        await visit(
          served.url("http", "log.html"),
          async (page) => {
            expect(await logState(page)).toBe("The log is damaged");
            expect(await tone(page)).toBe("bad");
            expect(await page.locator(".headline").innerText()).toMatch(detail);
            expect(await page.locator(".tally, .entries").count()).toBe(0);
          },
          LOG,
        );
        put(made.folder);
      });

      const edit = (path: string, change: (bytes: string) => string): void => {
        const file = join(folder, "attestations/log", path);
        writeFileSync(file, change(readFileSync(file, "latin1")), "latin1");
      };
    });

    describe("what a browser remembers", () => {
      let grown: string;
      beforeAll(async () => {
        await made.lab.result(findings({ title: "Addition still adds" }));
        grown = (await made.lab.build(place())).folder;
      }, 60_000);

      const log = (visited: Visiting, expected: string, memory: string): Promise<void> =>
        visit(
          served.url("http", "log.html"),
          async (page) => {
            expect(await logState(page)).toBe(expected);
            expect(await page.locator("section.memory").innerText()).toContain(memory);
          },
          visited,
        );

      test("a log that grew is the same log, on each page", async () => {
        const reader = visitor();
        put(made.folder);
        await log(reader, "Holds together, as of state 12", "has not seen this log before");
        await log(reader, "Holds together, as of state 12", "is the same as");
        put(grown);
        await visit(
          served.url("http", pageOf(made.good)),
          async (page) => {
            await headline(page, "Unchanged; signer not confirmed by you");
            expect(await line(page, "this browser")).toContain("and more");
          },
          reader,
        );
        await log(reader, "Holds together, as of state 13", "is the same as");
        // And back again: an attestation's page, the front page and the log's own.
        put(made.folder);
        await visit(
          served.url("http", pageOf(made.good)),
          async (page) => {
            await headline(page, "Unchanged; signer not confirmed by you — but the log went backwards");
            expect(await line(page, "in the log")).toContain("fewer entries than it had");
          },
          reader,
        );
        await visit(
          served.url("http", "index.html"),
          async (page) => {
            await index(page);
            expect(await page.locator("p.memory").innerText()).toBe(
              "The log has fewer entries than when this browser last saw it.",
            );
          },
          reader,
        );
        await log(reader, "The log went backwards", "fewer entries");
        await log(reader, "The log went backwards", "fewer entries"); // it is not forgotten by being seen
      });

      test("a log that was rewritten is told as that on each page", async () => {
        const reader = visitor();
        put(made.folder);
        await log(reader, "Holds together, as of state 12", "has not seen this log before");
        cpSync(join(rewritten, "attestations/log"), join(folder, "attestations/log"), { recursive: true });
        await log(reader, "The log was rewritten", "Not compared."); // than what the page itself was built with
        put(rewritten);
        await log(reader, "The log was rewritten", "earlier entries are not the ones");
        await visit(
          served.url("http", pageOf(made.good)),
          async (page) => {
            await headline(page, "Unchanged; signer not confirmed by you — but the log was rewritten");
            expect(await page.locator(".answer.signature .word").innerText()).toBe("ok");
          },
          reader,
        );
        put(made.folder);
      });

      test("a memory that is damaged, or shut, is said and stops nothing", async () => {
        const spoiling: Visiting = {
          ...LOG,
          before: () => {
            for (let at = 0; at < localStorage.length; at += 1) localStorage.setItem(localStorage.key(at)!, "x");
          },
        };
        put(made.folder);
        await log(spoiling, "Holds together, as of state 12", "has not seen this log before");
        await log(spoiling, "Holds together, as of state 12", "cannot be read any more");
        const shut: Visiting = {
          ...LOG,
          before: () =>
            Object.defineProperty(window, "localStorage", {
              get: () => {
                throw new Error("denied");
              },
            }),
        };
        await log(shut, "Holds together, as of state 12", "keeps nothing for this page");
        await visit(
          served.url("http", pageOf(made.good)),
          async (page) => {
            await headline(page, "Unchanged; signer not confirmed by you");
            expect(await line(page, "this browser")).toContain("keeps nothing for this page");
          },
          shut,
        );
      });
    });

    describe.each(["light", "dark"] as const)("axe finds nothing, %s, and nothing scrolls sideways", (colorScheme) => {
      const how: Visiting = { ...LOG, colorScheme };
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
            await (path === "index.html" ? index(page) : path === "log.html" ? logState(page) : headline(page, /./));
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
