/** The log's own page, which fetches the log and computes it again; and what a browser remembers of a log. In each browser. */
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { DataOf } from "../../src/formats/page-data.js";
import type { Visiting } from "./driving.js";
import { copyOf, Host, loggedLab, type LoggedLab, type Open } from "./logged.js";
import { findings, pageOf, place, removePlaces, serve } from "./making.js";
import { inEveryMake, type View } from "./reading.js";

let made: LoggedLab;
let host: Host;
let at: (path: string) => string;
/** The same site, when a witness had seen the log, or when more was in it; and another that was signed with the same key over another history. */
let witnessed: { readonly folder: string; readonly key: string };
let grown: string;
let rewritten: string;
beforeAll(async () => {
  made = await loggedLab();
  const folder = copyOf(made.folder);
  witnessed = { folder, key: await made.lab.witness(folder, new Date("2026-03-01T12:00:00Z")) };
  rewritten = await made.lab.forge(([first, second, ...rest]) => [second!, first!, ...rest]);
  await made.lab.result(findings({ title: "Addition still adds" }));
  grown = (await made.lab.build(place())).folder;
  host = new Host(made);
  at = await host.address();
}, 60_000);
afterEach(() => host.put());
afterAll(() => {
  host.close();
  removePlaces();
});

/** The log's page may ask for the log; where a file is missing the browser says so too. */
const LOG: Visiting = { quiet: /\/attestations\/log\/|Failed to load resource/ };
const UNCONFIRMED = "Unchanged; signer not confirmed by you";
const list = (view: View): Promise<void> => view.until("#status", "checked");
const state = async (view: View): Promise<string> => {
  await view.until("#status[data-state]");
  return view.text("main .headline h2");
};

inEveryMake((visit, { scripted, some }) => {
  const read: typeof visit = (url, look, how = LOG) => visit(url, look, how);

  describe("the log's own page", () => {
    test("fetches and computes everything again", async () => {
      await read(at("log.html"), async (view) => {
        expect(await state(view)).toBe("Holds together, as of state 12");
        const entries = await view.texts(".entries tbody tr");
        expect(entries).toHaveLength(12);
        expect(entries.filter((row) => row.includes("Not published here"))).toEqual([
          expect.stringContaining("REFUTED"),
        ]);
      });
    });

    test("opened from a file it says that it could not look, and shows what it was built with", async () => {
      const served = await serve(host);
      served.close();
      await read(served.url("file", "log.html"), async (view) => {
        expect(await state(view)).toBe("Not checked: opened from a file");
        expect(await view.count(".entries tbody tr")).toBe(12);
        expect(await view.text(".headline")).toContain("when the page was built");
      });
    });

    test("says so where the log cannot be fetched", async () => {
      const address = await host.address(/attestations\/log\//);
      await read(address("log.html"), async (view) => {
        expect(await state(view)).toBe("Not checked: the log could not be fetched");
      });
    });

    test("counts a witness whose key the reader brings, and no other", async () => {
      host.put(witnessed.folder);
      await read((await host.address())("log.html"), async (view) => {
        expect(await state(view)).toBe("Holds together, as of state 12");
        expect(await view.text(".signed")).toContain("witness.example.net, whose key is unknown");
        await view.send("witness", "junk");
        await view.until("#witness-said.wrong");
        await view.send("witness", witnessed.key);
        await view.until(".signed", "2026-03-01 12:00:00 UTC, by the key that you gave");
      });
    });

    const DAMAGE: readonly [what: string, change: () => unknown, detail: RegExp][] = [
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
      ["a missing bundle", () => rmSync(join(host.folder, "attestations/log/tile/entries/000.p/12")), /found none/],
      ["a changed checkpoint", () => edit("checkpoint", (bytes) => bytes.replace("\n12\n", "\n11\n")), /does not fit/],
    ];
    test.each(some(DAMAGE))("%s is told as damage, with nothing counted", async (_, change, detail) => {
      change();
      await read(at("log.html"), async (view) => {
        expect(await state(view)).toBe("The log is damaged");
        expect(await view.tone()).toBe("bad");
        expect(await view.text(".headline")).toMatch(detail);
        expect(await view.count(".tally, .entries")).toBe(0);
      });
    });

    const edit = (path: string, change: (bytes: string) => string): void => {
      const file = join(host.folder, "attestations/log", path);
      writeFileSync(file, change(readFileSync(file, "latin1")), "latin1");
    };

    test("kind O: without a log it holds nothing together", async () => {
      type Data = Open<DataOf<"log">>;
      const unlisted = (data: Data): unknown =>
        (data.keyring = JSON.stringify({ signers: [], logs: [], witnesses: [] }));
      for (const change of [unlisted, (data: Data) => (unlisted(data), delete data.logs)])
        await read((await host.address())(host.spoilt<"log">("log.html", change)), async (view) => {
          expect(await state(view)).toMatch(/^(?:Nothing was read of the log|The log is damaged)$/);
          expect(await view.tone()).toBe("bad");
        });
    });
  });

  describe("what a browser remembers", () => {
    type Address = (path: string) => string;
    const log = (address: Address, expected: string, memory: string, how = LOG): Promise<void> =>
      read(
        address("log.html"),
        async (view) => {
          expect(await state(view)).toBe(expected);
          expect(await view.text("section.memory")).toContain(memory);
        },
        how,
      );

    test("a log that grew is the same log, on each page", async () => {
      const address = await host.address();
      await log(address, "Holds together, as of state 12", "has not seen this log before");
      await log(address, "Holds together, as of state 12", "is the same as");
      host.put(grown);
      await read(address(pageOf(made.good)), async (view) => {
        await view.headline(UNCONFIRMED);
        expect(await view.fact("this browser")).toContain("and more");
      });
      await log(address, "Holds together, as of state 13", "is the same as");
    });

    test("a log that has fewer entries than before is told as that on each page, and not forgotten", async () => {
      const address = await host.address();
      host.put(grown);
      await log(address, "Holds together, as of state 13", "has not seen this log before");
      host.put();
      await read(address(pageOf(made.good)), async (view) => {
        await view.headline(`${UNCONFIRMED} — but the log went backwards`);
        expect(await view.fact("in the log")).toContain("fewer entries than before");
      });
      await read(address("index.html"), async (view) => {
        await list(view);
        expect(await view.text("p.memory")).toBe("The log has fewer entries than when this browser last saw it.");
      });
      await log(address, "The log went backwards", "fewer entries");
      await log(address, "The log went backwards", "fewer entries");
    });

    test("a log that was rewritten is told as that on each page", async () => {
      const address = await host.address();
      await log(address, "Holds together, as of state 12", "has not seen this log before");
      cpSync(join(rewritten, "attestations/log"), join(host.folder, "attestations/log"), { recursive: true });
      await log(address, "The log was rewritten", "Not compared."); // than what the page itself was built with
      host.put(rewritten);
      await log(address, "The log was rewritten", "earlier entries are not the ones");
      await read(address(pageOf(made.good)), async (view) => {
        await view.headline(`${UNCONFIRMED} — but the log was rewritten`);
        expect(await view.text(".answer.signature .word")).toBe("ok");
      });
    });

    test("a memory that is damaged is said and stops nothing", async () => {
      const address = await host.address();
      await log(address, "Holds together, as of state 12", "has not seen this log before");
      await read(address("index.html"), async (view) => {
        await list(view);
        await view.run((spoilt) => {
          for (const key of Object.keys(localStorage)) localStorage.setItem(key, spoilt);
        }, "x");
      });
      await log(address, "Holds together, as of state 12", "cannot be read");
    });

    test("a memory that is shut is said and stops nothing", async (context) => {
      context.skip(!scripted, "NOT CHECKED: this browser's driver runs no script before the page's own");
      const shut: Visiting = {
        ...LOG,
        before: () =>
          Object.defineProperty(window, "localStorage", {
            get: () => {
              throw new Error("denied");
            },
          }),
      };
      await log(at, "Holds together, as of state 12", "stores nothing for this page", shut);
      await read(
        at(pageOf(made.good)),
        async (view) => {
          await view.headline(UNCONFIRMED);
          expect(await view.fact("this browser")).toContain("stores nothing for this page");
        },
        shut,
      );
    });
  });
});
