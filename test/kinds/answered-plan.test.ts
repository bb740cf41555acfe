/** Naming a plan is not answering it: a plan is answered by a result of the very test that was announced, and stays open until then, wherever it is told. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { summarize } from "../../src/core/log/summary.js";
import type { LogEntry } from "../../src/core/log/entry.js";
import { departedAmong, publishedFrom } from "../../src/view/ledger.js";
import type { Draft } from "../../src/core/statement/statement.js";
import { copyOf, workspace, type Workspace } from "../cli/attest.js";
import { answerTo, names, ok, publishAs, unfinished, withhold, type Changes, type Unfinished } from "./lab.js";

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
async function openIn(work: Workspace, built = 0): Promise<Record<string, boolean>> {
  ok(await work.attest("site", "build", "--registry", "lab", "--output", "site"), built);
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

describe("a result that cannot be held against its plan leaves it open, whoever keeps what back", () => {
  const departing = () => answer({ f3: { checks: answer().predicate.f3.checks.map(anythingAtAll) } });
  const anythingAtAll = (check: Draft["predicate"]["f3"]["checks"][number]) => ({
    ...check,
    expected: "anything at all",
  });
  const planFile = () => `lab/attestations/${id}.json`;

  test.each<[string, (file: string) => string, () => Draft]>([
    ["the plan, of one that departs from it", planFile, departing],
    ["the result, of one that departs from it", (file) => file, departing],
    ["the result, of one that would fit", (file) => file, answer],
  ])("%s", async (_, which, made_) => {
    const work = copyOf(made);
    const path = which(await publishAs(work, "signer", made_()));
    const bytes = readFileSync(work.path(path));
    rmSync(work.path(path));
    expect(await openIn(work)).toEqual(everywhere(true));
    expect((await work.attest("log", "check", "lab")).code).toBe(5); // a file that is missing is told as before
    work.write(path, bytes);
    expect((await openIn(work))["log show"]).toBe(made_ === departing);
  });
  test("a result that nobody can read", async () => {
    const work = copyOf(made);
    work.write(await publishAs(work, "signer", answer()), "{}");
    expect(await openIn(work, 1)).toEqual(everywhere(true));
  });
  test("and it can be given up", async () => {
    const work = copyOf(made);
    await publishAs(work, "signer", departing());
    expect((await work.attest("abandon", planFile(), "--registry", "lab", "--reason", "It was another.")).code).toBe(0);
    const other = copyOf(made);
    await publishAs(other, "signer", answer());
    expect((await other.attest("abandon", planFile(), "--registry", "lab", "--reason", "None.")).code).toBe(2);
  });

  test("a notice that, since an entry can be made for anybody", async () => {
    const work = copyOf(made);
    ok(await work.attest("abandon", planFile(), "--registry", "lab", "--reason", "It is too slow."));
    expect(await openIn(work)).toEqual(everywhere(false));
    withhold(work, "abandon");
    expect(await openIn(work)).toEqual(everywhere(true));
  });

  test.each<[string, (work: Workspace) => Promise<string>]>([
    [
      "a notice",
      async (work) => {
        ok(await work.attest("abandon", planFile(), "--registry", "lab", "--reason", "It is too slow."));
        return names(work, /^note_/)[0] ?? "";
      },
    ],
    ["a result", async (work) => basename(await publishAs(work, "signer", answer()))],
  ])("%s that its signer did not sign, or whose key the registry does not list", async (_, close) => {
    const work = copyOf(made);
    const path = work.path("lab/attestations", await close(work));
    expect(await openIn(work)).toEqual(everywhere(false));
    const bytes = readFileSync(path, "utf8");
    writeFileSync(path, bytes.replace(/"sig": ?"[^"]*"/, `"sig":"${"A".repeat(86)}=="`));
    expect(readFileSync(path, "utf8")).not.toBe(bytes);
    expect(await openIn(work, 1)).toEqual(everywhere(true));
    writeFileSync(path, bytes);
    const keyring = work.path("lab/keys/keyring.json");
    writeFileSync(keyring, JSON.stringify({ ...JSON.parse(readFileSync(keyring, "utf8")), signers: [] }));
    expect(await openIn(work, 1)).toEqual(everywhere(true));
  });

  test("what is on other pages of a list is there, by the publisher's word, if the list says so of both", () => {
    const [plan, payload, test_] = ["aa".repeat(32), "bb".repeat(32), "cc".repeat(32)];
    const common = { keyid: `SHA256:${"A".repeat(43)}`, signature: "dd".repeat(32), test: test_ };
    const at = "2026-03-01T10:00:00Z";
    const leaves = [
      { ...common, kind: "plan", payload: plan, at, deadline: at },
      { ...common, kind: "result", payload, at, verdict: "VALIDATED", plan, signature: "ee".repeat(32) },
    ] as unknown as LogEntry[];
    const ledger = { logs: [], summary: summarize(leaves.map((entry, index) => ({ shard: 0, index, entry }))) };
    const [ofPlan, ofResult] = [`plan_${plan.slice(0, 16)}.json`, `test_${payload.slice(0, 16)}.json`];
    const departed = (...elsewhere: readonly string[]) => [
      ...departedAmong(ledger, [], publishedFrom([], { elsewhere, departed: [] })),
    ];
    expect(departed(ofPlan, ofResult)).toEqual([]);
    const word = { elsewhere: [ofPlan, ofResult], departed: [payload] };
    expect([...departedAmong(ledger, [], publishedFrom([], word))]).toEqual([payload]); // which takes an answer away
    for (const said of [[ofPlan], [ofResult], []]) expect(departed(...said)).toEqual([payload]);
  });
});
