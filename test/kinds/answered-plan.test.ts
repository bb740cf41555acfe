/** Naming a plan is not answering it: a plan is answered by a result of the very test that was announced, and stays open until then, wherever it is told. */
import { readFileSync, rmSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { Draft } from "../../src/core/statement.js";
import { copyOf, workspace, type Workspace } from "../cli/attest.js";
import { answerTo, ok, publishAs, unfinished, type Changes, type Unfinished } from "./lab.js";

let made: Workspace;
let open: Unfinished;
let id = "";
beforeAll(async () => {
  made = workspace();
  open = await unfinished(made);
  ({ id } = open);
});

const answer = (changes: Changes = {}): Draft => answerTo(open, changes);

/** In how many of the places that tell of open plans this one is told as open. */
async function openIn(work: Workspace): Promise<Record<string, boolean>> {
  ok(await work.attest("site", "build", "--registry", "lab", "--output", "site"));
  const index = readFileSync(work.path("site/index.html"), "utf8").replace(/<script[^]*/, "");
  const told = /<section class="open-plans">[^]*?<\/section>/.exec(index)?.[0] ?? "";
  const shown = (await work.attest("log", "show", "lab", "--json")).json();
  return {
    "log show": (await work.attest("log", "show", "lab", "--open")).stdout.includes(id),
    account: JSON.stringify(shown["open"]).includes(id),
    "log check": (await work.attest("log", "check", "lab")).stdout.includes(`open: `),
    "front page": told.includes(id),
  };
}
const everywhere = (open: boolean) => ({ "log show": open, account: open, "log check": open, "front page": open });

test("before it is answered it is open, and a result of the announced test answers it", async () => {
  const work = copyOf(made);
  expect(await openIn(work)).toEqual(everywhere(true));
  await publishAs(work, "signer", answer());
  expect(await openIn(work)).toEqual(everywhere(false));
  expect((await work.attest("log", "check", "lab")).code).toBe(0);
});

describe("a result of another test leaves it open", () => {
  const other = [{ name: "file:b.txt", digest: { sha256: "ab".repeat(32) } }];
  test.each<[string, () => Draft]>([
    ["of another subject", () => answer({ subject: other })],
    ["of another hypothesis", () => answer({ f3: { hypothesis: "Something succeeds." } })],
    ["of another command", () => answer({ f3: { run: { ...answer().predicate.f3.run, command: ["true"] } } })],
    [
      "without a check that was announced",
      () =>
        answer({
          f3: {
            checks: [
              { id: "other", claim: "Something", required: true, outcome: "passed", expected: "x", observed: "x" },
            ],
          },
        }),
    ],
  ])("%s", async (_, made_) => {
    const work = copyOf(made);
    const file = await publishAs(work, "signer", made_());
    expect(await openIn(work)).toEqual(everywhere(true));
    expect((await work.attest("verify", file)).stdout).toContain("[plan-departed]");
    expect((await work.attest("log", "check", "lab")).code).toBe(5);
  });

  test("though its document is kept back", async () => {
    const work = copyOf(made);
    rmSync(work.path(await publishAs(work, "signer", answer({ subject: other }))));
    expect(await openIn(work)).toEqual(everywhere(true));
  });

  test("and one that fits answers it afterwards", async () => {
    const work = copyOf(made);
    await publishAs(work, "signer", answer({ subject: other }));
    await publishAs(work, "signer", answer());
    expect((await openIn(work))["log show"]).toBe(false);
  });
});
