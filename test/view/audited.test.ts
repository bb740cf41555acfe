/** What a page says of the publisher's audits: each state in words of its own, how long it has been so, and never more than was looked at. */
import { describe, expect, test } from "vitest";
import { RULE_IDS, ruleOf } from "../../src/core/statement/audit-rules.js";
import { STATES } from "../../src/core/audit/reference.js";
import { readStatement, type ResultStatement } from "../../src/core/statement/statement.js";
import type { AuditText } from "../../src/formats/page-data.js";
import { attestationPage } from "../../src/view/pages.js";
import { answersView } from "../../src/view/report.js";
import { articleView, type Backing } from "../../src/view/statement.js";
import { textLines } from "../../src/view/text.js";
import type { Element } from "../../src/view/tree.js";
import { look, yours } from "../core/looking.js";
import { sealed, signer, statement, type Changes } from "../core/making.js";

const me = signer();
const piece = {
  name: "output.txt",
  uri: "https://example.org/output.txt",
  digest: { sha256: "cc33".repeat(16) },
  size: 12,
  role: "output of the run",
  sourceDateKind: "unknown",
} as const;
const CHANGES: Changes = {
  subject: [{ name: "add.js", digest: { gitCommit: "ab".repeat(20) } }],
  predicate: { f3: { evidence: [piece], relations: [{ type: "verifies", target: "https://example.org/claim" }] } },
};
const bytes = sealed(statement(CHANGES), me);
const report = look(bytes, [yours(me)]);
const whole: ResultStatement = (() => {
  const read = readStatement(statement(CHANGES));
  if ("fault" in read) throw new Error(read.fault);
  return read.statement;
})();

const E0 = "/predicate/f3/evidence/0";
const NONE: AuditText = { at: "2026-11-26T01:30:00.000Z", audits: 12, streaks: [], findings: [] };
const always = (place: "archive" | "address"): AuditText["streaks"][number] => ({
  pointer: E0,
  place,
  state: "same",
  detail: "",
  at: "2026-11-26T01:30:00.000Z",
  audits: 12,
  since: "2026-03-03T04:05:00.000Z",
});

const printed = (trees: readonly Element[]): string => trees.flatMap((tree) => textLines(tree, 400)).join("\n");
const article = (backing: Backing): string => printed(articleView(whole, report, undefined, backing));
const evidence = (audit: Backing["audit"], files?: Backing["files"]): string =>
  /(?<=^Evidence\n)[\s\S]*?(?=^Four dates$)/m.exec(article({ audit, files }))?.[0] ?? "";

describe("a place", () => {
  test("that was found the same ever since", () => {
    expect(evidence({ ...NONE, streaks: [always("archive")] })).toContain(
      "archived copy: unchanged at 12 audits since 3 March 2026, last on 26 November 2026",
    );
  });

  test("the copy and the address are two places of one piece, each in its state", () => {
    const gone = { ...always("address"), state: "gone", detail: "404", audits: 1, since: NONE.at } as const;
    const said = evidence({ ...NONE, streaks: [always("archive"), gone] });
    expect(said).toContain("archived copy: unchanged at 12 audits");
    expect(said).toContain("at its address: gone at the audit of 26 November 2026: 404");
  });

  test("that the last audit could not look at", () => {
    const before = { ...always("archive"), at: "2026-10-26T01:30:00.000Z", audits: 2 };
    expect(evidence({ ...NONE, streaks: [before] })).toContain(
      "unchanged at 2 audits since 3 March 2026, last on 26 October 2026; could not be checked on 26 November 2026",
    );
  });

  test("that no audit could look at is not said to be unchanged", () => {
    expect(evidence(NONE)).toContain(
      "at its address: could not be checked in any of 12 audits, last on 26 November 2026",
    );
    expect(evidence({ ...NONE, audits: 1 })).toContain("could not be checked in the audit of 26 November 2026");
    expect(evidence(NONE)).not.toContain("unchanged");
  });

  test("that was looked at several times on one day", () => {
    const today = { ...always("archive"), audits: 3, since: "2026-11-26T00:00:00.000Z" };
    expect(evidence({ ...NONE, streaks: [today] })).toContain("at 3 audits on 26 November 2026");
  });

  test.each(STATES)("has words of its own when it is %s, and its detail is shown as text", (state) => {
    const streak = { ...always("archive"), state, detail: "so \u202e and so" };
    const said = evidence({ ...NONE, streaks: [streak] });
    const words = STATES.map((one) => evidence({ ...NONE, streaks: [{ ...streak, state: one }] }));
    expect(new Set(words).size).toBe(STATES.length);
    if (state !== "same") expect(said).toContain("so \\u{202e} and so");
  });
});

test("references outside the evidence are listed apart, by name", () => {
  const gone = { ...always("address"), pointer: "/predicate/f3/relations/0", state: "gone", detail: "404" } as const;
  const commit = { ...always("address"), pointer: "/subject/0", place: "git" } as const;
  const said = evidence({ ...NONE, streaks: [gone, commit] });
  expect(said).toMatch(/Other references\n+add\.js +in git: unchanged[^\n]*/);
  expect(said).toMatch(/https:\/\/example\.org\/claim +at its address: gone/);
});

describe("findings of the last audit", () => {
  test.each(RULE_IDS)("%s: what it means, what to do, and of what", (rule) => {
    const said = evidence({ ...NONE, findings: [{ rule, pointer: E0 }] });
    expect(said).toContain(ruleOf(rule).means);
    expect(said.toLowerCase()).toContain(ruleOf(rule).advice.toLowerCase());
    expect(said).toContain(`of output.txt, ${rule}`);
    expect(said).toContain(ruleOf(rule).level === "error" ? "Error" : "Warning");
  });

  test("of a rule that the page does not know: its id", () => {
    for (const rule of ["from-the-future", "constructor", "__proto__"])
      expect(evidence({ ...NONE, findings: [{ rule, pointer: "/a\u202e" }] })).toMatch(
        new RegExp(`^- ${rule}\n +/a\\\\u\\{202e\\}, a rule that this page does not know$`, "m"),
      );
  });

  test("none", () => {
    expect(evidence(NONE)).toContain("The audit of 26 November 2026 had no findings.");
  });

  test("are in the fourth answer as the publisher's word, and change nothing of it", () => {
    const said = (findings: AuditText["findings"]): string =>
      printed(attestationPage({ report, fileName: "x.json", confirmedKey: undefined, audit: { ...NONE, findings } }));
    const [finding] = [{ rule: "evidence-gone", pointer: E0 }];
    expect(said([])).toContain("The publisher's own last audit had no findings: see the evidence.");
    expect(said([finding, finding])).toContain("The publisher's own last audit had 2 findings: see the evidence.");
    const word = (text: string): string | undefined => /still back it\?\s+([^\n]+)/.exec(text)?.[1];
    expect(word(said([finding]))).toBe(word(printed([answersView(report)])));
  });
});

describe("whose word it is", () => {
  test("is said in one sentence", () => {
    expect(evidence(NONE)).toContain("By the publisher's own record of its audits.");
    expect(evidence(NONE, [])).toContain(
      "By the publisher's own record of its audits; what you drop in below is compared here.",
    );
  });

  test("where there is no record, that is said once; where nobody publishes the document, nothing is", () => {
    const said = "Not audited since publication, according to this site.";
    expect(article({ audit: "none" }).split(said)).toHaveLength(2);
    expect(article({})).not.toContain("udited");
  });
});
