/** What a log says by itself: plans, results, what never came, and a finding for each way in which entries can contradict each other. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { summarize, type LogSummary, type NumberedEntry } from "../../../src/core/log/summary.js";
import type { LogEntry, EntryOf } from "../../../src/core/log/entry.js";
import { VERDICTS, type Verdict } from "../../../src/core/statement/verdict.js";

const digest = (name: string): string => Array.from(name.padEnd(32, "."), (c) => c.charCodeAt(0).toString(16)).join("");
const keyid = (name: string): string => `SHA256:${name.padEnd(43, "A")}`;
const AT = "2026-03-01T10:00:00Z";
const TEST = digest("the test");
const DEADLINE = "2026-03-02T10:00:00Z";

const signed = (name: string, by = "me") => ({
  payload: digest(name),
  signature: digest(`${name} by ${by}`),
  keyid: keyid(by),
  at: AT,
});
const plan = (name: string, by?: string): EntryOf<"plan"> => ({
  kind: "plan",
  ...signed(name, by),
  deadline: DEADLINE,
  test: TEST,
});
const result = (name: string, of?: string, verdict: Verdict = "VALIDATED", by?: string): EntryOf<"result"> => ({
  kind: "result",
  ...signed(name, by),
  verdict,
  ...(of !== undefined && { plan: digest(of), test: TEST }),
});
const notice = (name: string, action: string, about: string, by?: string): EntryOf<"notice"> => ({
  kind: "notice",
  ...signed(name, by),
  action,
  about: digest(about),
});
const shard: LogEntry = { kind: "shard", origin: "example.org/log", size: 1, root: digest("root"), key: "key" };

const inOrder = (leaves: readonly LogEntry[], number = 0): NumberedEntry[] =>
  leaves.map((entry, index) => ({ shard: number, index, entry }));
const account = (...leaves: LogEntry[]): LogSummary => summarize(inOrder(leaves));
const states = ({ plans }: LogSummary): string[] => plans.map(({ state }) => state);
const findings = (all: LogSummary): string[] => all.findings.map(({ index, detail }) => `${index} ${detail}`);

describe("plans", () => {
  test("are open, answered by a result of the same key, or given up", () => {
    const all = account(plan("a"), plan("b"), plan("c"), result("r", "a"), notice("n", "abandon", "b"));
    expect(states(all)).toEqual(["answered", "abandoned", "open"]);
    expect(all.open.map(({ index }) => index)).toEqual([2]);
    expect(all.plans[0]?.result?.index).toBe(3);
    expect(all.findings).toEqual([]);
  });

  test("that were given up and answered are answered", () => {
    expect(states(account(plan("a"), notice("n", "abandon", "a"), result("r", "a")))).toEqual(["answered"]);
  });

  test("stay open when somebody else gives them up, or when they are only taken back", () => {
    expect(states(account(plan("a"), notice("n", "abandon", "a", "you")))).toEqual(["open"]);
    expect(states(account(plan("a"), notice("n", "retract", "a")))).toEqual(["open"]);
  });

  test("are given up by a successor of their key", () => {
    const entries = inOrder([plan("a"), notice("n", "abandon", "a", "you")]);
    const handOvers = [{ from: keyid("me"), to: keyid("you") }];
    expect(states(summarize(entries, { handOvers }))).toEqual(["abandoned"]);
    expect(states(summarize(entries, { handOvers: [{ from: keyid("you"), to: keyid("me") }] }))).toEqual(["open"]);
  });
});

describe("results", () => {
  test("are counted by verdict, and those without a plan", () => {
    const all = account(plan("p"), result("a", "p", "REFUTED"), result("b"), result("c", undefined, "INCONCLUSIVE"));
    expect(all.verdicts).toEqual({ VALIDATED: 1, INCONCLUSIVE: 1, REFUTED: 1 });
    expect([all.unplanned, all.results.length, all.size]).toEqual([2, 3, 4]);
  });

  test("with a second signature are one result, with two keys", () => {
    const all = account(result("a"), result("a", undefined, "VALIDATED", "you"));
    expect(all.results.map(({ keyids }) => keyids)).toEqual([[keyid("me"), keyid("you")]]);
    expect(all.findings).toEqual([]);
  });

  test("may be of a plan that the same key signed second", () => {
    const all = account(plan("p"), plan("p", "you"), result("a", "p", "VALIDATED", "you"));
    expect(states(all)).toEqual(["answered"]);
    expect(all.findings).toEqual([]);
  });

  test("may be in a later log than their plan", () => {
    const all = summarize([...inOrder([plan("p")]), ...inOrder([shard, result("r", "p")], 1)]);
    expect(states(all)).toEqual(["answered"]);
    expect(all.findings).toEqual([]);
  });
});

describe("what was taken back or replaced", () => {
  test("counts by whoever signed it, and nobody else", () => {
    const all = account(
      ...[result("a"), result("b"), notice("n", "retract", "a"), notice("m", "supersede", "b")],
      ...[result("c"), notice("o", "retract", "c", "you"), notice("p", "retract", "d")],
    );
    expect([...all.retracted]).toEqual([digest("a")]);
    expect([...all.superseded]).toEqual([digest("b")]);
  });
});

describe("each contradiction is a finding", () => {
  test.each<[string, readonly LogEntry[], RegExp]>([
    ["a signature twice", [result("a"), result("a")], /^1 the signature \w{64} is entered twice$/],
    [
      "other words for one payload",
      [result("a"), result("a", undefined, "REFUTED", "you")],
      /^1 \w{64} is entered with other words than before$/,
    ],
    [
      "a plan that is a result too",
      [plan("a"), result("a", undefined, "REFUTED", "you")],
      /^1 \w{64} is entered with other words/,
    ],
    ["another deadline", [plan("a"), { ...plan("a", "you"), deadline: AT }], /^1 \w{64} is entered with other words/],
    [
      "another plan",
      [plan("p"), result("a", "p"), result("a", undefined, "VALIDATED", "you")],
      /^2 \w{64} is entered with other words/,
    ],
    [
      "no plan of that name",
      [result("a", "p")],
      /^0 the result \w{64} names the plan \w{64}, which was not entered before it$/,
    ],
    [
      "a plan after its result",
      [result("a", "p"), plan("p")],
      /^0 the result \w{64} names the plan \w{64}, which was not entered before it$/,
    ],
    [
      "somebody else's plan",
      [plan("p", "you"), result("a", "p")],
      /^1 the result \w{64} is by another key than its plan \w{64}$/,
    ],
    [
      "a second result",
      [plan("p"), result("a", "p"), result("b", "p")],
      /^2 the result \w{64} is a second one for the plan \w{64}, beside \w{64}$/,
    ],
    ["a shard in the middle", [result("a"), shard], /^1 a log goes on from another one in the middle of itself$/],
    ["a first log that goes on from another", [shard], /^0 a log goes on from another one in the middle of itself$/],
  ])("%s", (_, leaves, finding) => {
    const found = findings(account(...leaves));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(finding);
  });

  test("a plan that a wrong result names stays open", () => {
    expect(states(account(plan("p", "you"), result("a", "p")))).toEqual(["open"]);
    expect(states(account(result("a", "p"), plan("p")))).toEqual(["open"]);
  });

  test("the second verdict for one payload does not replace the first", () => {
    const all = account(result("a", undefined, "REFUTED"), result("a", undefined, "VALIDATED", "you"));
    expect(all.verdicts).toEqual({ VALIDATED: 0, INCONCLUSIVE: 0, REFUTED: 1 });
  });

  test("a later log begins with the one that it goes on from", () => {
    expect(summarize([...inOrder([result("a")]), ...inOrder([shard, result("b")], 1)]).findings).toEqual([]);
    expect(summarize(inOrder([result("b"), shard], 1)).findings).toHaveLength(1);
  });
});

const NAMES = ["a", "b", "c", "d"];
const someName = fc.constantFrom(...NAMES);
const someKey = fc.constantFrom("me", "you");
const someLeaf: fc.Arbitrary<LogEntry> = fc.oneof(
  fc.tuple(someName, someKey).map(([name, by]) => plan(name, by)),
  fc
    .tuple(someName, fc.option(someName, { nil: undefined }), fc.constantFrom(...VERDICTS), someKey)
    .map(([name, of, verdict, by]) => result(`r${name}`, of, verdict, by)),
  fc
    .tuple(someName, fc.constantFrom("abandon", "retract", "supersede", "rotate"), someName, someKey)
    .map(([name, action, about, by]) => notice(`n${name}`, action, about, by)),
  fc.constant(shard),
);

test("an entry that contradicts an earlier one of the same document answers no plan", () => {
  const all = account(plan("p"), result("r"), result("r", "p", "VALIDATED", "you"), result("r", "p"));
  expect(all.open).toHaveLength(1);
  expect(all.findings.length).toBeGreaterThan(0);
});

describe("of any entries at all", () => {
  test("the numbers add up, and no plan is in two states", () => {
    fc.assert(
      fc.property(fc.array(someLeaf, { maxLength: 30 }), (leaves) => {
        const all = account(...leaves);
        expect(all.size).toBe(leaves.length);
        expect(Object.values(all.verdicts).reduce((sum, count) => sum + count, 0)).toBe(all.results.length);
        expect(all.open).toEqual(all.plans.filter(({ state }) => state === "open"));
        for (const { state, result: answer, entry } of all.plans) {
          expect(state === "answered").toBe(answer !== undefined);
          if (answer !== undefined) expect(answer.entry.plan).toBe(entry.payload);
        }
        expect(new Set(all.plans.map(({ entry }) => entry.payload)).size).toBe(all.plans.length);
      }),
    );
  });

  test("what was entered is never less for what comes after: a finding stays, an answer stays", () => {
    fc.assert(
      fc.property(fc.array(someLeaf, { maxLength: 20 }), fc.array(someLeaf, { maxLength: 5 }), (before, more) => {
        const [was, is] = [account(...before), account(...before, ...more)];
        // But for the key: one that announced it may sign a result later, beside others.
        const lasting = (all: readonly string[]): string[] => all.filter((one) => !one.includes("by another key"));
        expect(lasting(findings(is))).toEqual(expect.arrayContaining(lasting(findings(was))));
        for (const { entry, state } of was.plans) {
          const now = is.plans.find((one) => one.entry.payload === entry.payload)?.state;
          if (state === "answered") expect(now).toBe("answered");
          else expect(now).toBeDefined();
        }
        for (const taken of was.retracted) expect(is.retracted.has(taken)).toBe(true);
      }),
    );
  });
});
