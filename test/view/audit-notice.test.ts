/** Waivers and audit receipts as a reader sees them: every part is told, what is not listed is counted, and texts of documents stay texts. */
import { describe, expect, test } from "vitest";
import type { Notice } from "../../src/core/statement/notice.js";
import { html } from "../../src/view/html.js";
import { noticeTitle, noticeView } from "../../src/view/notice.js";
import { textLines } from "../../src/view/text.js";

const ABOUT = "ab".repeat(32);
const COMMON = { version: 1, signedAt: "2026-03-02T00:00:00Z" } as const;
type Of<A extends Notice["action"]> = Extract<Notice, { action: A }>;

const waive = (given: Partial<Of<"waive">> = {}): Of<"waive"> => ({
  ...COMMON,
  action: "waive",
  about: ABOUT,
  rule: "evidence-gone",
  reason: "a copy is kept",
  until: "2026-09-01T00:00:00Z",
  ...given,
});
const audit = (given: Partial<Of<"audit">> = {}): Of<"audit"> => ({
  ...COMMON,
  action: "audit",
  origin: "example.org/lab",
  engine: "noble",
  offline: false,
  documents: { count: 1, sha256: ABOUT },
  states: { same: 2, gone: 0 },
  findings: { count: 0, sha256: ABOUT, listed: [] },
  keys: { count: 0, listed: [] },
  logs: { count: 0, listed: [] },
  notChecked: { count: 0, listed: [] },
  ...given,
});
const shown = (notice: Notice): string =>
  [noticeTitle(notice), noticeView(notice)].flatMap((tree) => textLines(tree, 200)).join("\n");

describe("a waiver", () => {
  test.each<[string, Partial<Of<"waive">>, RegExp]>([
    ["names the place", { pointer: "/predicate/url" }, /^where +\/predicate\/url$/m],
    ["or the whole", { pointer: "" }, /^where +the whole document$/m],
    ["or any", {}, /^where +anywhere in it$/m],
    ["says what the rule means", {}, /^rule +evidence-gone: /m],
    ["and that it does not know it", { rule: "of-2031" }, /^rule +of-2031: a rule that this version does not know$/m],
    ["has its end", {}, /^until +2026-09-01 00:00:00 UTC$/m],
  ])("%s", (_, given, line) => {
    expect(shown(waive(given))).toMatch(line);
  });

  test("says to whom it counts", () => {
    expect(shown(waive())).toMatch(/auditors who confirmed the key that signed this; for others it still counts/);
  });
});

describe("an audit receipt", () => {
  test("without a finding says so, of what was looked at", () => {
    const text = shown(audit());
    expect(text).toMatch(/^1 document, 0 findings\. It is its signer's word/m);
    expect(text).toMatch(/^references +2 the same$/m);
    expect(text).toMatch(/^could not be checked +nothing$/m);
    expect(text).toMatch(/^logs +none$/m);
    expect(text).toMatch(/No findings\./);
    expect(shown(audit({ states: {} }))).toMatch(/^references +none$/m);
  });

  test("counts what it does not list", () => {
    const text = shown(
      audit({
        findings: { count: 7, sha256: ABOUT, listed: [{ rule: "of-2031", about: ABOUT, pointer: "", waived: true }] },
        keys: { count: 3, listed: [] },
        notChecked: { count: 2, listed: ["the address"] },
        offline: true,
        states: { "of-2031": 1 },
      }),
    );
    for (const line of [
      /^1 document, 7 findings; 2 things could not be checked\./m,
      /^• of-2031 \(waived\)$/m,
      /what it means: a rule that this version does not know$/m,
      /^and 6 more, counted but not listed in the receipt$/m,
      /^and 3 more,/m,
      /^• the address$/m,
      /^and 1 more,/m,
      /^network +not used$/m,
      /^references +1 of-2031$/m,
    ])
      expect(text).toMatch(line);
  });

  test("of a hostile auditor is text", () => {
    const hostile = "<script>\u202e";
    const page = html(
      noticeView(
        audit({
          origin: hostile,
          engine: hostile,
          notChecked: { count: 1, listed: [hostile] },
          keys: { count: 1, listed: [{ keyid: "SHA256:x", source: hostile, by: "site" }] },
          logs: { count: 1, listed: [{ origin: hostile, size: 1, root: ABOUT }] },
        }),
      ),
    );
    expect(page).not.toMatch(/<script|\u202e/);
    expect(page.match(/&lt;script&gt;/g)).toHaveLength(5);
  });
});
