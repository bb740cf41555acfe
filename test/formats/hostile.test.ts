/** Reports that mean harm: refused with a sentence, or read without it, in time and memory that their size explains. */
import { describe, expect, test } from "vitest";
import { concat, utf8 } from "../../src/core/bytes.js";
import { MAX_REPORT_BYTES, readResults } from "../../src/formats/results.js";
import { refusal } from "../core/refusal.js";
import { outcomes, read, sound } from "./reading.js";

const suite = (inner: string): string => `<testsuite>${inner}</testsuite>`;
const BOMB = `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>`;

test.each([
  ["nothing", "", "nothing"],
  ["a text", "hello", "hello"],
  ["JSON of something else", `{"a":1}`, `{\\"a\\":1}`],
  ["a list", "[]", "[]"],
  ["JSON with a fault", `{"results":{"tests":[}}`, "a fault"],
  ["a member that stands twice", `{"results":{"tests":[{"status":"failed","status":"passed"}]}}`, `"status" again`],
  [
    "a member that stands twice in two spellings",
    `{"results":{"tests":[{"status":"failed","\\u0073tatus":"passed"}]}}`,
    "again",
  ],
  ["an event with a fault", `{"Action":"pass","Package":"p"}\n{"Action":`, "line 2"],
  ["deep JSON", `{"results":${"[".repeat(100_000)}`, "at most 64"],
  ["a page", "<html></html>", "<html>"],
  ["a document type", `<!DOCTYPE testsuite>${suite("")}`, "no document type"],
  ["an entity bomb", `<?xml version="1.0"?>${BOMB}<testsuite name="&b;"/>`, "no document type"],
  [
    "an external entity",
    `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuite name="&a;"/>`,
    "no document type",
  ],
  ["a document type in the middle", suite("<!DOCTYPE x>"), "no document type"],
  ["a declaration in the middle", suite(`<!ENTITY a "b">`), "no document type"],
  ["an entity that XML does not have", suite("&nbsp;"), "&nbsp;"],
  ["an ampersand", `<testsuite name="a & b"/>`, "& b"],
  ["deep XML", "<testsuite>".repeat(100_000), "at most 64"],
  ["XML that was cut off", `<testsuite><testcase name="a"/>`, "</testsuite>"],
  ["tags that cross", suite("<testcase><failure></testcase></failure>"), "</failure>"],
  ["an attribute that stands twice", `<testsuite tests="1" tests="2"/>`, "tests once"],
  ["two roots", `${suite("")}${suite("<testcase/>")}`, "one root"],
  ["a text after the root", `${suite("")}x`, "nothing outside"],
  ["two hyphens in a comment", suite("<!-- a -- b -->"), "no '--'"],
  ["the end of CDATA outside of it", suite("<![CDATA[ a ]]> b ]]>"), "outside of CDATA"],
  ["another encoding", `<?xml version="1.0" encoding="UTF-7"?>${suite("")}`, "UTF-8"],
  ["deep TAP", `1..1\n${" ".repeat(4 * 65)}ok\n`, "at most 64"],
])("%s is refused", (_, report, told) => {
  const error = refusal(() => read(report));
  expect(error.code).toBe("report-format");
  expect(error.message).toContain(told);
});

test("the refusal names the file, on one line", () => {
  expect(refusal(() => readResults(utf8("x"), "a\nb.xml")).message).toMatch(/^a b\.xml: .+"x"$/);
});

test("bytes that are not UTF-8", () => {
  const bytes = concat(utf8("1..1\nok 1 "), Uint8Array.of(0xff, 0xfe), utf8("\n"));
  expect(refusal(() => readResults(bytes)).code).toBe("report-format");
});

test("100 MB", () => {
  expect(refusal(() => readResults(new Uint8Array(MAX_REPORT_BYTES + 1))).code).toBe("too-large");
});

test("more tests than the memory should hold", () => {
  expect(refusal(() => read("ok\n".repeat(500_001))).code).toBe("too-large");
});

test.each([
  ["JSON", `{"results":{"tests":[{"name":"a","status":"failed"}]}}`],
  ["XML", suite(`<testcase name="a"><failure/></testcase>`)],
  ["TAP", "1..1\nnot ok 1 a\n"],
])("a byte order mark before %s is passed over", (_, report) => {
  expect(outcomes(read(`\ufeff${report}`))).toEqual(["failed a"]);
});

test.each([
  `{"__proto__":{"results":{"tests":[]}},"results":{"tests":[{"__proto__":{"status":"passed"},"name":"a"}]}}`,
  `{"results":{"tests":[{"constructor":"x","toString":1,"name":"a","status":"__proto__"}]}}`,
  suite(`<testcase name="a" __proto__="x" constructor="y" status="__proto__"/>`),
  suite(`<testcase name="a"><__proto__/><constructor/></testcase>`),
])("members of Object's prototype: %s", (report) => {
  const results = read(report);
  expect(outcomes(results)).toEqual(["errored a"]);
  sound(results);
  expect(({} as { status?: string }).status).toBeUndefined();
});

describe("characters", () => {
  test.each([
    `<testsuite name="&#0;&#xD800;\u0000\u001b[1m"><testcase name="&#65;&#x42;&lt;&amp;lt;\ufffe"><failure>&#27;<![CDATA[<!DOCTYPE html>&amp;]]>\u0001</failure></testcase></testsuite>`,
    `{"results":{"tests":[{"name":"\\ud800\\u0000","status":"failed","message":"\\udfff\\u001b","suite":"\\u0085"}]}}`,
    "1..1\nnot ok 1 - a\u0000b\u0085\u001b[0m\n",
    `{"Action":"fail","Package":"\\u0000","Test":"\\ud800"}\n`,
  ])("%j", (report) => {
    const results = read(report);
    expect(results.cases.some(({ outcome }) => outcome === "failed")).toBe(true);
    expect(JSON.stringify(results)).toContain("\ufffd");
    sound(results);
  });

  test("CDATA, entities and references are what they stand for", () => {
    const [one] = read(
      suite(`<testcase name="&#65;&#x42;&lt;&amp;lt;"><failure>a<![CDATA[<b>&amp;]]>&gt;</failure></testcase>`),
    ).cases;
    expect([one?.name, one?.message]).toEqual(["AB<&lt;", "a<b>&amp;>"]);
  });
});

test.each([
  [
    "JUnit",
    200_000,
    (count: number) => suite(`<testcase name="a&amp;b" time="0.1"><failure/></testcase>\n`.repeat(count)),
  ],
  ["TAP", 200_000, (count: number) => `1..${count}\n${"not ok - a\n".repeat(count)}`],
  ["CTRF", 200_000, (count: number) => `{"results":{"tests":[${Array(count).fill(`{"name":"a"}`).join(",")}]}}`],
  ["go test", 50_000, (count: number) => `{"Action":"run","Package":"p","Test":"A"}\n`.repeat(count)],
] as const)("%s: %i tests of one name", { timeout: 60_000 }, (_, count, report) => {
  const { cases } = read(report(count));
  expect(cases[count - 1]?.name.endsWith(` (${count})`)).toBe(true);
  expect(cases.some(({ outcome }) => outcome === "passed")).toBe(false);
});
