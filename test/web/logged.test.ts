/** What the log says on the front page and on an attestation's, and what a host can leave out of them: in words of its own, in each browser. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeEngine } from "../../src/node/engine.js";
import { buildSite } from "../../src/site/build.js";
import { Directory } from "../../src/store/directory.js";
import { proofPath } from "../../src/store/paths.js";
import { Registry } from "../../src/store/registry.js";
import type { DataOf } from "../../src/formats/page-data.js";
import { copyOf, Host, loggedLab, type LoggedLab, type Open } from "./logged.js";
import { pageOf, removePlaces } from "./making.js";
import { inEveryMake, type View } from "./reading.js";

let made: LoggedLab;
let host: Host;
let at: (path: string) => string;
beforeAll(async () => {
  made = await loggedLab();
  host = new Host(made);
  at = await host.address();
}, 60_000);
afterAll(() => {
  host.close();
  removePlaces();
});

type Carrying = Open<DataOf<"attestation">>;
const spoilt = (path: string, change: (data: Carrying) => unknown): string => host.spoilt<"attestation">(path, change);
const embedded = (data: Carrying): { checkpoint: string; entries: string[] } =>
  (data.logs as { checkpoint: string; entries: string[] }[])[0]!;
/** As it was when the first result was entered. */
function cutShort(data: Carrying): void {
  const log = embedded(data);
  log.checkpoint = proofOf(made.superseded).split("\n\n").slice(1).join("\n\n");
  log.entries.length = Number(log.checkpoint.split("\n")[1]);
}
const proofOf = ({ id }: { readonly id: string }): string => readFileSync(join(made.folder, proofPath(id)), "utf8");

const UNCONFIRMED = "Unchanged; signer not confirmed by you";
const list = (view: View): Promise<void> => view.until("#status", "checked");
const last = async (all: Promise<string[]>): Promise<string> => (await all).at(-1) ?? "";

inEveryMake((read, { some }) => {
  describe("a reader who knows nothing else", () => {
    test("sees on the front page that a refuted result was kept back, and what is still open", async () => {
      await read(at("index.html"), async (view) => {
        await list(view);
        const rows = await view.texts(".list tbody tr");
        expect(rows).toHaveLength(4);
        expect(rows.filter((row) => row.includes("Not published here"))).toEqual([expect.stringContaining("REFUTED")]);
        expect(await view.texts(".counts dd")).toEqual(["3", "0", "1"]);
        expect(await view.texts(".open-plans tbody tr")).toEqual([
          expect.stringContaining(made.withheld.id), // it names a plan, and nobody here can hold it against that one
          expect.stringMatching(/Addition adds at night[\s\S]*open, \d+ days old/),
        ]);
        expect(await view.text(".count")).toContain("This browser recomputed the log");
      });
    });

    test("sees of a good one where it is, that it was announced, and that another's word changes nothing", async () => {
      await read(at(pageOf(made.good)), async (view) => {
        await view.headline(UNCONFIRMED);
        expect(await view.fact("in the log")).toMatch(/^entry 3 of .*, as of log state 12; the order/);
        expect(await view.fact("its plan")).toMatch(/^announced .* before it ran, and the same test/);
        expect(await view.fact("since then")).toBe("not retracted by its signer, as of log state 12");
        expect(await view.fact("by someone else")).toContain("I do not like it.");
        await view.send("key", made.mine.line);
        await view.headline("Signed, unchanged");
        expect(await view.tone()).toBe("good");
      });
    });

    test("sees first of all that one was taken back, and never in green", async () => {
      await read(at(pageOf(made.retracted)), async (view) => {
        await view.headline("Retracted by its signer");
        expect(await view.text("main > :first-child")).toContain("The clock of that machine");
        await view.send("key", made.mine.line);
        await view.headline("Retracted by its signer");
        expect(await view.tone()).toBe("bad");
      });
    });

    test("sees what became of plans", async () => {
      await read(at(`attestations/${made.abandoned.target}.html`), async (view) => {
        await view.headline(UNCONFIRMED);
        expect(await view.text("main")).toContain("abandoned by its announcer: The machine must not get wet.");
      });
      await read(at(`attestations/${made.open.target}.html`), async (view) => {
        await view.headline(UNCONFIRMED);
        expect(await view.text("main")).toContain("this page has none");
      });
    });
  });

  test("a notice that is kept back takes its attestation back all the same, by its entry in the log", async () => {
    const copy = copyOf(made.home);
    const [notice] = (await made.registry.names()).filter((one) =>
      readFileSync(join(copy, "attestations", one), "utf8").includes("day off"),
    );
    rmSync(join(copy, "attestations", notice!));
    const [registry, site] = [new Directory(copy), new Directory(join(copy, "site"))];
    await buildSite(await Registry.open(registry, nodeEngine), site, nodeEngine, new Date());
    const name = "attestations/kept-back.html";
    writeFileSync(join(host.folder, name), readFileSync(join(copy, "site", pageOf(made.retracted))));
    await read(at(name), async (view) => {
      await view.headline("Retracted by its signer");
      expect(await view.text(".withdrawn")).toContain("is not published here");
    });
  });

  describe("spoilt in the page", () => {
    const DAMAGE: readonly [what: string, change: (data: Carrying) => unknown, detail: RegExp][] = [
      ["an entry removed", (data) => embedded(data).entries.pop(), /\b12\b/],
      [
        "an entry changed",
        (data) => (embedded(data).entries[5] = embedded(data).entries[5]!.replace("REFUTED", "VALIDATED")),
        /\broot\b/,
      ],
      [
        "two entries exchanged",
        (data) => embedded(data).entries.splice(0, 2, embedded(data).entries[1]!, embedded(data).entries[0]!),
        /\broot\b/,
      ],
      [
        "the checkpoint changed",
        (data) => (embedded(data).checkpoint = embedded(data).checkpoint.replace("\n12\n", "\n11\n")),
        /\bsignature\b.*\bcheckpoint\b/,
      ],
    ];
    test.each(some(DAMAGE))("%s: the log is damaged, and nothing is counted from it", async (_, change, detail) => {
      await read(at(spoilt("index.html", change)), async (view) => {
        await list(view);
        expect(await last(view.texts(".count"))).toMatch(/^The log is damaged/m);
        expect(await last(view.texts(".count"))).toMatch(detail);
        expect(await view.count(".tally, .open-plans")).toBe(0);
        expect(await view.texts(".counts dd")).toEqual(["3", "0", "0"]); // of the documents alone
      });
    });

    const UNPROVEN: readonly [what: string, change: (data: Carrying) => unknown, words: string, sentence: RegExp][] = [
      [
        "a proof of another index",
        ({ documents: [one] }) => (one.log!.proof = one.log!.proof!.replace("index 3", "index 2")),
        "not shown to be in the log",
        /proof beside it is wrong/,
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
        /contradict each other/,
      ],
      ["a log that is shorter than the proof's", cutShort, "the log went backwards", /fewer entries than before/],
    ];
    test.each(some(UNPROVEN))("%s", async (_, change, words, sentence) => {
      const address = await host.address(); // of which nobody remembers anything
      await read(address(spoilt(pageOf(made.good), change)), async (view) => {
        await view.headline(`${UNCONFIRMED} — but ${words}`);
        expect(await view.text(".answer.signature .word")).toBe("ok");
        expect(await view.fact("in the log")).toMatch(sentence);
        await view.send("key", made.mine.line);
        await view.headline(`Signed, unchanged — but ${words}`);
        expect(await view.tone()).toBe("open");
      });
    });

    /** All that a host could leave out of a page, once more each. */
    const LEFT_OUT: readonly [what: string, change: (data: Carrying) => unknown][] = [
      [
        "the logs, and that the keyring lists any",
        (data) => {
          delete data.logs;
          data.keyring = JSON.stringify({ ...(JSON.parse(data.keyring) as object), logs: [] });
        },
      ],
      [
        "the logs and what was at hand of the document's own",
        (data) => (delete data.logs, delete data.documents[0].log),
      ],
      ["the entries, for there being too many", (data) => (data.logs = 12)],
      ["the logs", (data) => delete data.logs],
    ];
    test.each(some(LEFT_OUT))("kind O: without %s nothing says that it was not taken back", async (_, change) => {
      const withoutNotices = (data: Carrying): void => {
        change(data);
        data.notices = [];
      };
      for (const one of [made.good, made.retracted]) {
        const address = await host.address();
        await read(address(spoilt(pageOf(one), withoutNotices)), async (view) => {
          await view.headline("whether it was retracted is not known");
          await view.send("key", made.mine.line);
          await view.headline("Signed, unchanged — but whether it was retracted is not known");
          expect(await view.tone()).toBe("open");
          expect(await view.fact("since then")).toMatch(/^not checked: /);
        });
      }
    });

    test.each(some(LEFT_OUT.filter(([what]) => !/too many/.test(what))))(
      "kind O: without %s, a reader who saw the log is told that it is kept back",
      async (_, change) => {
        const address = await host.address();
        await read(address("index.html"), list);
        await read(address(spoilt(pageOf(made.good), change)), (view) =>
          view.headline(`${UNCONFIRMED} — but the log went backwards`),
        );
        await read(address(spoilt("index.html", (data) => delete data.logs)), async (view) => {
          await list(view);
          const said = await last(view.texts(".count"));
          expect(said).toContain("The log is withheld");
          expect(said).toContain("This browser saw a log here before, but now the page shows nothing of it.");
        });
      },
    );

    test("kind O: a notice that is kept back from the page is heard by the entries that it carries", async () => {
      await read(at(spoilt(pageOf(made.retracted), (data) => (data.notices = []))), async (view) => {
        await view.headline("Retracted by its signer");
        expect(await view.tone()).toBe("bad");
      });
    });

    test("kind R: a result that is said to be on another page, where there is none, is missing all the same", async () => {
      const { id } = made.withheld;
      const name = host.spoilt<"index">("index.html", ({ elsewhere }) => elsewhere.push(`${id}.json`));
      await read(at(name), async (view) => {
        await list(view);
        const rows = await view.texts(".list tbody tr");
        expect(rows.filter((row) => row.includes("Not published here"))).toEqual([expect.stringContaining(id)]);
      });
    });

    test("kind R: a plan is answered by a result that is one, and by no name", async () => {
      const { open, good } = made;
      const text = readFileSync(join(made.folder, pageOf(good).replace(/html$/, "json")), "utf8");
      const name = spoilt(`attestations/${open.target}.html`, (data) => {
        data.answers = [{ name: `${good.id}.json`, text }];
      });
      await read(at(name), async (view) => {
        await view.headline(UNCONFIRMED);
        expect(await view.fact("result", ".dates")).toContain("this page has none");
      });
    });
  });
});
