// One fixture for each rule: it fires on it, and is silent on its honest twin.
import { NoticeSet } from "../../../src/core/verify/notice-set.js";
import { expect, test } from "vitest";
import { betweenFindings } from "../../../src/core/audit/contradictions.js";
import type { Cited } from "../../../src/core/audit/cited.js";
import { examine, type Examined } from "../../../src/core/audit/document-rules.js";
import type { Look } from "../../../src/core/audit/reference.js";
import { nodeOf, graphFindings, graphOf } from "../../../src/core/audit/relations.js";
import { RULE_IDS, ruleOf, type Finding, type RuleId } from "../../../src/core/statement/audit-rules.js";
import { hex } from "../../../src/core/bytes.js";
import { nobleEngine } from "../../../src/core/engine.js";
import { canonical, type Json, type JsonObject } from "../../../src/core/json.js";
import { noticeStatement, type Notice } from "../../../src/core/statement/notice.js";
import type { Report } from "../../../src/core/verify/report.js";
import type { TrustedKey } from "../../../src/core/verify/signatures.js";
import { verify, type VerifyOptions } from "../../../src/core/verify/verify.js";
import { NOW, result, sealed, signer, statement, type Changes, type TestSigner } from "../making.js";

const [mine, theirs] = [signer(), signer()];
const keys: TrustedKey[] = [mine, theirs].map(({ key }) => ({ key, by: "you", source: "a test" }));
const engine = nobleEngine;

const digestOf = (payload: JsonObject): string => hex(engine.sha256(canonical(payload)));
const reported = (payload: JsonObject, by: TestSigner = mine, options: Partial<VerifyOptions> = {}): Report =>
  verify(sealed(payload, by), { engine, keys, now: NOW, ...options });

type Beside = Partial<Omit<Examined, "report">> & { readonly report?: (report: Report) => Report };

/** What is found of a result with these changes in `predicate.f3`, and this beside it. */
const of = (changes: Changes, { report = (one) => one, ...beside }: Beside = {}): Finding[] =>
  examine({ report: report(reported(result(changes))), looks: [], cited: [], current: [], ...beside });

const piece = { name: "log.txt", digest: { sha256: "dd44".repeat(16) }, size: 9, role: "report" } as const;
const dated = (sourceDate: string): JsonObject => ({ ...piece, sourceDate, sourceDateKind: "observed" });
const undated = (more: Changes): Json => ({ ...piece, sourceDateKind: "unknown", ...more });
/** Of the one piece: how its archived copy was found, and how its source. */
const looked = (archive: Look["state"], source: Look["state"] = "same"): Beside => ({
  looks: Object.entries({ archive, address: source }).flatMap(([place, state]) =>
    state === "same" ? [] : [{ pointer: "/predicate/f3/evidence/0", place: place as Look["place"], state, detail: "" }],
  ),
});
const sourced: Changes = { evidence: [undated({ uri: "https://one.example/log.txt" })] };
const cites = (one: Omit<Cited, "pointer">): Beside => ({ cited: [{ pointer: "/predicate/f3/evidence/0", ...one }] });
const verdict = (value: "VALIDATED" | "REFUTED", where = "line 1") => ({ what: "verdict" as const, where, value });
const exitCode = (value: number) => ({ what: "exit code" as const, where: "line 2", value });
const check = (changes: JsonObject): JsonObject => ({
  id: "one",
  claim: "It holds",
  required: true,
  outcome: "passed",
  expected: "so",
  observed: "so",
  ...changes,
});
/** With the lists and the verdict that follow from checks which all passed. */
const with_ = (...checks: JsonObject[]): JsonObject =>
  statement({ predicate: { passedTests: checks.map(({ id }) => id) as Json, warnedTests: [], f3: { checks } } });
const checks = (...all: JsonObject[]): Finding[] =>
  examine({ report: reported(with_(...all)), looks: [], cited: [], current: [] });

const counted = (failed: number): JsonObject =>
  check({
    measurements: [
      ...[3, failed, 0, 0].map((value, at) => ({
        name: ["passed", "failed", "errored", "skipped"][at] as Json,
        value,
      })),
    ],
  });
const reports = (failed: number): Finding[] =>
  examine({
    report: reported(
      statement({
        predicate: { passedTests: ["one"], warnedTests: [], f3: { checks: [counted(0)], evidence: [undated({})] } },
      }),
    ),
    looks: [],
    current: [],
    ...cites({ sayings: [], counts: [{ format: "tap", counts: { passed: 3, failed, errored: 0, skipped: 0 } }] }),
  } as Examined);

const refuted: Changes = {
  predicate: {
    result: "FAILED",
    passedTests: ["adds-in-any-order"],
    failedTests: ["adds-two-numbers"],
    f3: {
      verdict: "REFUTED",
      checks: (statement()["predicate"] as { f3: { checks: JsonObject[] } }).f3.checks.map((one, at) =>
        at === 0 ? { ...one, outcome: "failed" } : one,
      ),
    },
  },
};
/** What several attestations say of each other; the first is the one that is audited. */
function among(
  ...all: { readonly payload: JsonObject; readonly by?: TestSigner; readonly told?: Notice[] }[]
): Finding[] {
  const cards = all.flatMap(({ payload, by = mine, told = [] }) => {
    const notices = told.map((notice) => sealed(noticeStatement(notice, engine) as Json as JsonObject, by));
    const card = nodeOf(reported(payload, by, { notices: NoticeSet.read(notices, nobleEngine) }), "example.org/lab");
    return card === undefined ? [] : [card];
  });
  const graph = graphOf(cards);
  const own = new Set(cards.slice(0, 1).map(({ digest }) => digest));
  return [...betweenFindings(graph, own), ...graphFindings(graph, new Set())];
}
const related = (type: string, digest: string, changes: Changes = {}): JsonObject =>
  statement({
    ...changes,
    predicate: {
      ...(changes["predicate"] as Changes),
      f3: {
        ...((changes["predicate"] as { f3?: Changes } | undefined)?.f3 ?? {}),
        relations: [{ type, target: "the other", digest: { sha256: digest } }],
      },
    },
  });
const other = statement({ subject: [{ name: "another", digest: { sha256: "ee55".repeat(16) } }] });
const otherRefuted = statement({ ...refuted, subject: [{ name: "x", digest: { sha256: "ee55".repeat(16) } }] });

const standing = (word: "retracted" | "superseded", contradicted: boolean): Beside => ({
  report: (one) => ({
    ...one,
    standing: {
      word: contradicted ? "in-force" : word,
      remarks: contradicted ? [] : [remark(word === "retracted" ? "retract" : "supersede")],
      contradictions: contradicted ? [remark("retract")] : [],
      withheld: [],
      undecided: [],
    },
  }),
});
const remark = (action: "retract" | "supersede") => ({
  digest: "00",
  action,
  reason: "the control was miswired",
  at: "2026-03-02T00:00:00Z",
  by: "SHA256:x",
});
const failing = (code: "key-revoked" | "plan-departed" | "log-missing" | "recompute-mismatch"): Beside => ({
  report: (one) => ({
    ...one,
    checks: one.checks.map((made) => (made.name === "policy" ? { ...made, status: "failed", code } : made)),
  }),
});

const circle = (): Finding[] => {
  const [one, two] = [statement(), other];
  const by = (about: JsonObject, successor: JsonObject): Notice => ({
    version: 1,
    action: "supersede",
    about: digestOf(about),
    by: digestOf(successor),
    reason: "again",
    signedAt: "2026-03-02T00:00:00Z",
  });
  return among({ payload: one, told: [by(one, two)] }, { payload: two, told: [by(two, one)] });
};

const FIXTURES: Readonly<Partial<Record<RuleId, readonly [fires: () => Finding[], silent: () => Finding[]]>>> = {
  unverified: [
    () =>
      examine({
        report: reported(statement({ predicate: { f3: { title: undefined } } })),
        looks: [],
        cited: [],
        current: [],
      }),
    () => of({}),
  ],
  "verdict-not-derived": [() => of({ verdict: "REFUTED" }), () => of({ verdict: "VALIDATED" })],
  "key-ended": [() => of({}, failing("key-revoked")), () => of({})],
  "archive-changed": [() => of({}, looked("changed")), () => of(sourced, looked("same", "changed"))],
  "archive-gone": [() => of({}, looked("gone")), () => of(sourced, looked("same", "gone"))],
  "evidence-changed": [
    () => of(sourced, looked("not-checked", "changed")),
    () => of(sourced, looked("same", "changed")),
  ],
  "evidence-gone": [() => of(sourced, looked("not-checked", "gone")), () => of(sourced, looked("same", "gone"))],
  "source-changed": [
    () => of(sourced, looked("same", "changed")),
    () => of(sourced, looked("same", "same-normalised")),
  ],
  "source-gone": [() => of(sourced, looked("same", "gone")), () => of(sourced, looked("same", "not-checked"))],
  "evidence-moved": [() => of(sourced, looked("same", "moved")), () => of(sourced, looked("same"))],
  "evidence-blocked": [() => of(sourced, looked("same", "blocked")), () => of(sourced, looked("same"))],
  "evidence-unhashed": [() => of({}, looked("never-hashed")), () => of({}, looked("same"))],
  "recompute-mismatch": [() => of({}, failing("recompute-mismatch")), () => of({})],
  "evidence-none": [() => of({ evidence: [] }), () => of({})],
  "evidence-one-origin": [
    () => of({ evidence: ["a", "b"].map((name) => undated({ uri: `https://one.example/${name}` })) }),
    () => of({ evidence: ["one", "two"].map((host) => undated({ uri: `https://${host}.example/a` })) }),
  ],
  "cited-conflict": [
    () => of({}, cites({ sayings: [verdict("VALIDATED"), verdict("REFUTED", "line 9")] })),
    () => of({}, cites({ sayings: [verdict("VALIDATED"), verdict("REFUTED", "line 9")], listing: true })),
  ],
  "cited-verdict": [
    () => of({ evidence: [undated({ role: "run" })] }, cites({ sayings: [verdict("REFUTED")] })),
    () => of({ evidence: [undated({ role: "record" })] }, cites({ sayings: [verdict("REFUTED")] })),
  ],
  "cited-exit-code": [
    () => of({ evidence: [undated({ role: "run" })] }, cites({ sayings: [exitCode(1)] })),
    () => of({ evidence: [undated({ role: "run" })] }, cites({ sayings: [exitCode(0)] })),
  ],
  "counts-differ": [() => reports(1), () => reports(0)],
  "prose-differs": [
    () => checks(check({ observed: "lost updates: 3", measurements: [{ name: "lost updates", value: 4 }] })),
    () => checks(check({ observed: "lost updates: 4", measurements: [{ name: "lost updates", value: 4 }] })),
  ],
  "date-order": [() => of({ signedAt: "2026-03-01T09:00:00Z" }), () => of({})],
  "evidence-late": [
    () => of({ evidence: [dated("2026-03-01T10:00:04Z")] }),
    () => of({ evidence: [dated("2026-03-01T10:00:02Z")] }),
  ],
  "source-after-work": [
    () => of({ evidence: [dated("2026-03-01T10:00:02.9Z")] }),
    () =>
      of({
        evidence: [{ ...dated("2026-03-01T10:00:02.9Z"), annotations: { capturedAt: "2026-03-01T10:00:02.95Z" } }],
      }),
  ],
  "subject-newer": [
    () => of({}, { current: [{ pointer: "/subject/0", tested: "1.2.3", current: "2.0.0", source: "a registry" }] }),
    () => of({}),
  ],
  "subject-other": [
    () => of({}, { looks: [{ pointer: "/subject/0", place: "file", state: "changed", detail: "" }] }),
    () => of({}, { looks: [{ pointer: "/subject/0", place: "file", state: "same-normalised", detail: "" }] }),
  ],
  "verdict-opposite": [
    () => among({ payload: statement() }, { payload: statement(refuted), by: theirs }),
    () => among({ payload: statement() }, { payload: statement({ predicate: { url: "urn:other" } }), by: theirs }),
  ],
  "verdict-opposite-target": [
    () => among({ payload: statement() }, { payload: otherRefuted, by: theirs }),
    () => among({ payload: statement() }, { payload: other, by: theirs }),
  ],
  "not-reproduced": [
    () =>
      among({ payload: statement() }, { payload: related("reproduces", digestOf(statement()), refuted), by: theirs }),
    () => among({ payload: statement() }, { payload: related("reproduces", digestOf(statement())), by: theirs }),
  ],
  contradicted: [() => of({}, standing("retracted", true)), () => of({})],
  retracted: [() => of({}, standing("retracted", false)), () => of({}, standing("superseded", false))],
  superseded: [() => of({}, standing("superseded", false)), () => of({}, standing("retracted", false))],
  "relation-dangling": [
    () => among({ payload: related("answers", "ff".repeat(32)) }),
    () => among({ payload: related("answers", digestOf(other)) }, { payload: other }),
  ],
  "relation-circular": [circle, () => among({ payload: related("answers", digestOf(other)) }, { payload: other })],
  "plan-departed": [() => of({}, failing("plan-departed")), () => of({})],
  log: [() => of({}, failing("log-missing")), () => of({})],
};

/** Of the whole registry, and not of what is handed to these functions: test/cli/audit.test.ts. */
const ELSEWHERE: readonly RuleId[] = ["result-missing", "history-broken"];

test("every rule has a fixture", () => {
  expect(Object.keys(FIXTURES).sort()).toEqual(RULE_IDS.filter((rule) => !ELSEWHERE.includes(rule)).sort());
});

test.each(Object.entries(FIXTURES) as [RuleId, [() => Finding[], () => Finding[]]][])(
  "%s fires on its fixture and is silent on the honest twin",
  (rule, [fires, silent]) => {
    const found = fires().filter((finding) => finding.rule === rule);
    expect(found.map(({ detail }) => detail)).not.toEqual([]);
    expect(silent().filter((finding) => finding.rule === rule)).toEqual([]);
    expect(ruleOf(rule).means).toMatch(/\w/);
  },
);

test.each<[what: string, found: () => Finding[], rule: RuleId]>([
  [
    "another spelling of the same question",
    () =>
      among(
        { payload: statement() },
        {
          payload: statement({
            ...refuted,
            predicate: {
              ...(refuted["predicate"] as Changes),
              f3: {
                ...(refuted["predicate"] as { f3: Changes }).f3,
                title: "Addition  adds.",
                hypothesis: "The sum of two numbers, is their sum",
              },
            },
          }),
          by: theirs,
        },
      ),
    "verdict-opposite",
  ],
  [
    "words of the signer beside a run that says otherwise",
    () =>
      of(
        { evidence: [undated({ role: "run", annotations: { verdict: "REFUTED" } })] },
        cites({ sayings: [verdict("REFUTED")] }),
      ),
    "cited-verdict",
  ],
  [
    "two more verdicts that make a list of it",
    () =>
      of(
        { evidence: [undated({ role: "run" })] },
        cites({ sayings: [{ ...verdict("REFUTED"), root: true }, verdict("VALIDATED")], listing: true }),
      ),
    "cited-verdict",
  ],
  [
    "a second report that cannot be read",
    () =>
      of(
        { evidence: [undated({}), undated({})] },
        cites({ sayings: [], counts: [{ format: "tap", counts: { passed: 1, failed: 1, errored: 0, skipped: 0 } }] }),
      ),
    "cited-verdict",
  ],
  [
    "a capture that says nothing of when",
    () => of({ evidence: [{ ...dated("2026-03-01T10:00:02.9Z"), annotations: { capturedAt: 1 } }] }),
    "source-after-work",
  ],
  [
    "a number before its name",
    () => checks(check({ observed: "there were 3 lost updates", measurements: [{ name: "lost updates", value: 4 }] })),
    "prose-differs",
  ],
])("%s hides nothing", (_, found, rule) => {
  expect(found().map((finding) => finding.rule)).toContain(rule);
});

test("nothing is found of a result that has nothing wrong", () => {
  expect(of({})).toEqual([]);
});
