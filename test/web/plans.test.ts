/** What became of plans: on the log's page, on the front page and in the command line the same, also where the documents are on none of them. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Findings } from "../../src/core/statement/statement.js";
import { attest } from "../cli/attest.js";
import { Host, Laboratory } from "./logged.js";
import { findings, place, removePlaces, serve } from "./making.js";
import { inEveryMake } from "./reading.js";

let host: Host;
let at: (path: string) => string;
/** Each open plan, and the result that departed from it, as `attest log show` has them. */
let open: [plan: string, departed: string | undefined][];

/** Subject, hypothesis and command, of which the log's entries know, are those that were announced. */
const easier = (found: Findings): Findings => ({
  ...found,
  f3: { ...found.f3, checks: found.f3.checks.map((check) => ({ ...check, expected: "anything at all" })) },
});

beforeAll(async () => {
  const lab = await Laboratory.open();
  await lab.result(findings(), await lab.plan(findings()));
  await lab.result(easier(findings()), await lab.plan(findings()));
  const other = findings({ hypothesis: "Less is more." });
  await lab.result(other, await lab.plan(findings()));
  await lab.plan(findings());
  // So many later ones that the others stand on the second page of the list.
  await lab.results(Array.from({ length: 51 }, (_, round) => findings({ title: `Round ${round}`, evidence: [] })));
  host = new Host(await lab.build());
  at = await host.address();
  const home = join(place(), "home");
  mkdirSync(home);
  const shown = await attest(["log", "show", lab.home, "--json"], { cwd: home, env: { HOME: home } });
  open = (shown.json() as unknown as { open: { id: string; departed?: string }[] }).open.map((one) => [
    one.id,
    one.departed,
  ]);
}, 60_000);
afterAll(() => {
  host.close();
  removePlaces();
});

test("the command line finds three open ones, and two results that departed", () => {
  expect(open.map(([, departed]) => departed !== undefined)).toEqual([true, true, false]);
});

inEveryMake((read, { some }) => {
  const LOG = { quiet: /\/attestations\/log\// };
  const served = async (path: string): Promise<string> => {
    const files = await serve(host);
    files.close();
    return files.url("file", path);
  };
  const WAYS: readonly [name: string, url: () => string | Promise<string>, done: string][] = [
    ["the log's page", () => at("log.html"), "#status[data-state]"],
    ["the log's page, from a file", () => served("log.html"), "#status[data-state]"],
    ["the front page", () => at("index.html"), "#status:not(:empty)"],
  ];

  test.each(some(WAYS))("kind R: %s says the same, and what it did not look at", async (_, url, done) => {
    await read(
      await url(),
      async (view) => {
        await view.until(done);
        const rows = await view.texts(".open-plans tbody tr");
        expect(rows.map((row) => row.match(/(?:plan|test)_[0-9a-f]{16}/g))).toEqual(
          open.map((ids) => ids.filter((id) => id !== undefined)),
        );
        expect(await view.text(".open-plans > .note")).toMatch(/^1 plan has its result on other pages/);
      },
      LOG,
    );
  });

  test("kind R: whoever drops the publisher's word gets no more than what the entries say", async () => {
    const name = host.spoilt<"log">("log.html", (data) => (data.departed = []));
    await read(
      at(name),
      async (view) => {
        await view.until("#status[data-state]");
        expect(await view.count(".open-plans tbody tr")).toBe(2);
        expect(await view.text(".open-plans > .note")).toMatch(/^2 plans have their results on other pages/);
        // Not "with a result" beside "not looked at".
        expect(await view.text(".tally")).toContain("0 with a result, 2 with one not checked here, 2 open");
      },
      LOG,
    );
  });
});
