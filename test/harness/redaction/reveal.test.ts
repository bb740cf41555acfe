/** Secrets as a reader would see them: whatever a writer makes of a value, no reader of what is published reads it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseXml } from "../../../src/formats/xml.js";
import { Redactor } from "../../../src/harness/redaction/redact.js";
import { redact, revealed, UNREAD } from "../../../src/harness/redaction/reveal.js";
import { scan } from "../../../src/harness/redaction/scan.js";

const VALUE = `Tr0ub4"dor&3-x\tü<9>`;
const secrets = [{ name: "DB_PASSPHRASE", value: VALUE }];
const redactor = new Redactor(secrets);

const each = (text: string, spell: (code: number, character: string) => string): string =>
  Array.from(text)
    .map((character) => spell(character.codePointAt(0) ?? 0, character))
    .join("");
const strange = (text: string, spell: (code: number, character: string) => string): string =>
  each(text, (code, character) => (/[A-Za-z0-9]/.test(character) ? character : spell(code, character)));
const xml = (text: string): string => strange(text, (code) => `&#${code};`);
const json = (text: string): string => JSON.stringify(text).slice(1, -1);
const unicode = (code: number): string => `\\u${code.toString(16).padStart(4, "0")}`;
const oddCase = (text: string): string =>
  text.replace(/\\u..../g, (code) => code.replace(/[a-f]/, (one) => one.toUpperCase()));
const bytes = (text: string, encoding: BufferEncoding = "utf8"): Uint8Array =>
  new Uint8Array(Buffer.from(text, encoding));
const swapped = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "utf16le").swap16());

const SPELT: readonly (readonly [string, string | Uint8Array])[] = [
  ["decimal references, with zeros before", `<a>${strange(VALUE, (code) => `&#000${code};`)}</a>`],
  [
    "hexadecimal references in both cases",
    `<a b="${strange(VALUE, (code) => `&#x00${code.toString(16).toUpperCase()};`)}"/>`,
  ],
  ["references without a semicolon, as HTML reads them", `<p>${each(VALUE, (code) => `&#${code}`)}</p>`],
  ["names of HTML", `<p>Tr0ub4&quot;dor&AMP;3-x&Tab;&uuml;&lt9&GT;</p>`],
  ["an attribute", `<a b='${xml(VALUE)}' c=""/>`],
  ["a comment", `<a><!-- ${xml(VALUE)} --></a>`],
  ["a processing instruction", `<a><?x ${xml(VALUE)}?></a>`],
  ["CDATA that was cut in two", `<a><![CDATA[${VALUE.slice(0, 6)}]]><![CDATA[${VALUE.slice(6)}]]></a>`],
  [
    "CDATA and text by turns",
    `<a>${xml(VALUE.slice(0, 6))}<![CDATA[${VALUE.slice(6, 10)}]]>${xml(VALUE.slice(10))}</a>`,
  ],
  ["text with a comment in it", `<a>${xml(VALUE.slice(0, 6))}<!-- c -->${xml(VALUE.slice(6))}</a>`],
  ["text with markup in it", `<p>${xml(VALUE.slice(0, 6))}<b class="x">${xml(VALUE.slice(6))}</b></p>`],
  [
    "text with '>' in the value of an attribute",
    `<p>${xml(VALUE.slice(0, 6))}<b title="x>y"/>${xml(VALUE.slice(6))}</p>`,
  ],
  [
    "text with '<' in one, as HTML allows",
    `<p>${xml(VALUE.slice(0, 6))}<b title='<!--'>${xml(VALUE.slice(6))}</b></p>`,
  ],
  ["text with '<' in a tag of HTML", `<p>${xml(VALUE.slice(0, 6))}<b <>${xml(VALUE.slice(6))}</b></p>`],
  ["text with other letters in a tag", `<p>${xml(VALUE.slice(0, 6))}<\u00e9l/>${xml(VALUE.slice(6))}<:a/></p>`],
  ["what HTML takes for a comment", `<p>${xml(VALUE.slice(0, 6))}<!1><?x></ y>${xml(VALUE.slice(6))}</p>`],
  ["comments that HTML ends early", `<p>${xml(VALUE.slice(0, 6))}<!--><!-- a --!>${xml(VALUE.slice(6))}</p>`],
  [
    "entities of the document's own",
    `<!DOCTYPE a [<!ENTITY x "&y;"><!ENTITY y '${xml(VALUE.slice(0, 6))}'><!ENTITY z "${xml(VALUE.slice(6))}">]><a>&x;&z;</a>`,
  ],
  ["a change of the character set between", `${VALUE.slice(0, 6)}\u001b(B\u001b[m${VALUE.slice(6)}`],
  ["escapes of JSON in odd case", `{"a":"${oddCase(each(VALUE, unicode))}"}`],
  ["a member's name", `{"${each(VALUE, unicode)}":1}`],
  ["a line of NDJSON among others", `{"a":1}\n{"b":["${each(VALUE, unicode)}"]}\n`],
  [
    "escapes of other languages",
    each(VALUE, (code) => (code < 128 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`)),
  ],
  [
    "octal escapes of a shell",
    each(Buffer.from(VALUE, "latin1").toString("latin1"), (code) => `\\${code.toString(8).padStart(3, "0")}`),
  ],
  ["JSON in a text of XML", `<system-out>${xml(`{"a":"${json(VALUE)}"}`)}</system-out>`],
  ["JSON in CDATA", `<system-out><![CDATA[{"a":"${each(VALUE, unicode)}"}]]></system-out>`],
  ["XML in JSON", JSON.stringify({ report: `<a b="${xml(VALUE)}"/>` })],
  ["JSON in XML in JSON", JSON.stringify({ out: `<a>${xml(JSON.stringify({ a: each(VALUE, unicode) }))}</a>` })],
  ["JSON in JSON in JSON", JSON.stringify(JSON.stringify(JSON.stringify(`"${VALUE}"`)))],
  ["base64 of JSON", Buffer.from(`{"key":"${each(VALUE, unicode)}"}`).toString("base64")],
  [
    "base64 of JSON, in indented lines",
    (
      Buffer.from(`{"key":"${each(VALUE, unicode)}"}`)
        .toString("base64")
        .match(/.{1,24}/g) ?? []
    ).join("\n    "),
  ],
  ["base64 twice", Buffer.from(Buffer.from(`the key is ${VALUE}`).toString("base64")).toString("base64")],
  ["base64 of UTF-16", Buffer.from(`the key is ${VALUE}`, "utf16le").toString("base64")],
  [
    "percent signs for everything",
    each(VALUE, (_, character) => Buffer.from(character).toString("hex").replace(/../g, "%$&")),
  ],
  ["percent signs twice", encodeURIComponent(encodeURIComponent(VALUE))],
  [
    "percent signs in JSON in XML",
    `<a>${xml(JSON.stringify({ url: `https://x/?p=${encodeURIComponent(VALUE)}&q` }))}</a>`,
  ],
  [
    "quoted-printable",
    [...Buffer.from(VALUE)].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  ],
  ["hexadecimal pairs", (Buffer.from(VALUE).toString("hex").match(/../g) ?? []).join(":")],
  [
    "an array of numbers in source",
    (Buffer.from(VALUE).toString("hex").match(/../g) ?? []).map((pair) => `0x${pair}`).join(", "),
  ],
  ["a buffer as JSON has it", JSON.stringify(Buffer.from(VALUE), undefined, 2)],
  ["colours within", `${VALUE.slice(0, 4)}\u001b[31m${VALUE.slice(4)}\u001b[0m`],
  ["characters without a width within", `${VALUE.slice(0, 4)}\u200b${VALUE.slice(4)}`],
  ["UTF-16 with a mark", bytes(`\ufeff<a>${VALUE}</a>`, "utf16le")],
  ["UTF-16, big end first", swapped(`\ufeff{"a":"${VALUE}"}`)],
  ["UTF-16 without a mark", bytes(`the key is ${VALUE}, and so on`, "utf16le")],
  ["UTF-16 with references", bytes(`\ufeff<?xml version="1.0" encoding="utf-16"?><a b="${xml(VALUE)}"/>`, "utf16le")],
  [
    "ISO-8859-1",
    bytes(
      `<?xml version="1.0" encoding="ISO-8859-1"?><a>${VALUE.replace("<", "&lt;").replace("&3", "&#38;3")}</a>`,
      "latin1",
    ),
  ],
  ["a program's output that is no text", new Uint8Array([0xff, 0xc0, 10, ...bytes(`{"a":"${each(VALUE, unicode)}"}`)])],
];

test.each(SPELT)("%s", (_, spelt) => {
  const document = typeof spelt === "string" ? bytes(spelt) : spelt;
  const found = scan(null, [{ name: "a", bytes: document }], secrets, []);
  expect(found).toEqual(
    [{ place: "evidence a, line 1", rule: "value of DB_PASSPHRASE" }].map(({ rule }) => ({
      place: expect.any(String),
      rule,
    })),
  );
  const { bytes: shown, redactions } = redact(document, redactor);
  expect(redactions.rules).toEqual(["value of DB_PASSPHRASE"]);
  expect(scan(null, [{ name: "a", bytes: shown }], secrets, [])).toEqual([]);
  expect(Buffer.from(shown).toString("latin1").replaceAll("\0", "")).toContain("[redacted]");
  if (typeof spelt === "string") expect(scan({ a: spelt }, [], secrets, [])).toHaveLength(1); // in a statement as well
});

const WORDS = "correct horse battery staple";
const LONG = "hF9/kq2Lr8Zw+Xb71mTz";
test.each<[string, string, string]>([
  ["wrapped at a blank", WORDS, "the key is correct horse\nbattery staple, and so on\n"],
  ["wrapped at each blank, with the line ends of Windows", WORDS, WORDS.replaceAll(" ", "\r\n")],
  ["wrapped and indented", WORDS, "  key: >\n    correct horse\n    battery staple\n"],
  ["in a comment of several lines", WORDS, "ok 1 - a\n# the key is correct\n# horse battery\n# staple\n1..1\n"],
  ["in a table", WORDS, "│ correct horse │\n│ battery       │\n│ staple        │\n"],
  ["with other blanks between", WORDS, "correct  horse\tbattery\u00a0staple"],
  ["wrapped in HTML", WORDS, "<p>correct <b>horse</b>\n  battery&nbsp;staple</p>"],
  ["wrapped in a text of JSON", WORDS, JSON.stringify({ a: "correct horse\n  battery staple" })],
  ["of several lines, on one", "correct horse\nbattery staple\n", WORDS],
  ["without the blank at its end", "correct-horse-battery ", "correct-horse-battery"],
  ["without a blank, wrapped and indented", LONG, `a: ${LONG.slice(0, 9)}\n   ${LONG.slice(9)}\n`],
  ["without a blank, in quoted lines", LONG, `> ${LONG.slice(0, 9)}\n> ${LONG.slice(9)}\n`],
])("a value %s", (_, value, spelt) => {
  const values = [{ name: "DB_PASSPHRASE", value }];
  const { bytes: shown, redactions } = redact(bytes(spelt), new Redactor(values));
  expect(redactions.rules).toEqual(["value of DB_PASSPHRASE"]);
  expect(Buffer.from(shown).toString()).toContain("[redacted]");
  expect(Buffer.from(shown).toString()).not.toMatch(/battery|hF9|mTz/);
  expect(scan({ a: spelt }, [], values, [])).toHaveLength(1);
  expect(scan(null, [{ name: "a", bytes: shown }], values, [])).toEqual([]);
});

test("what is taken out of several lines leaves the lines around it", () => {
  const text = "ok 1 - a\n# the key is correct horse\n# battery staple, it said\nok 2 - b\n";
  const { bytes: shown } = redact(bytes(text), new Redactor([{ name: "A", value: WORDS }]));
  expect(Buffer.from(shown).toString()).toBe("ok 1 - a\n# the key is [redacted], it said\nok 2 - b\n");
});

test("a short value without a blank is not looked for over several lines: numbers in columns are none", () => {
  const values = [{ name: "A", value: "12345678" }];
  const text = "1 2 3 4\n5 6 7 8\n";
  expect(Buffer.from(redact(bytes(text), new Redactor(values)).bytes).toString()).toBe(text);
});

test.each<[string, string | Uint8Array]>([
  ["a character set that is not known here", `<?xml version="1.0" encoding="utf-7"?><a>Tr0ub4+ACI-dor+ACY-3-x</a>`],
  ["EBCDIC", Uint8Array.of(0x4c, 0x6f, 0xa7, 0x94, 0x93, 0x40, 0xe3, 0x99, 0xf0)],
])("XML in %s is taken out as a whole: nobody can look into it", (_, spelt) => {
  const { bytes: shown, redactions } = redact(typeof spelt === "string" ? bytes(spelt) : spelt, redactor);
  expect(redactions.rules).toEqual([UNREAD]);
  expect(Buffer.from(shown).toString()).toBe("[redacted]");
});

test("tags without an end cost no more than their length", () => {
  const spoilt = ["<a ", `<a b="`, `<a b='<a b="">`, "<!--", "<![CDATA[", "<? "]
    .map((one) => one.repeat(100_000))
    .join("");
  expect(revealed(bytes(spoilt), redactor)).toEqual([]);
});

test("what stands around is left as it was, and a report stays a report", () => {
  const report = `<?xml version="1.0"?><s n="é"><c name="a &amp; b"><o>x ${xml(VALUE)} y<![CDATA[${VALUE.slice(0, 6)}]]><![CDATA[${VALUE.slice(6)} z]]></o></c></s>`;
  const { bytes: shown } = redact(bytes(report), redactor);
  const text = Buffer.from(shown).toString();
  expect(text).toBe(
    `<?xml version="1.0"?><s n="é"><c name="a &amp; b"><o>x [redacted] y<![CDATA[[redacted]]]><![CDATA[ z]]></o></c></s>`,
  );
  expect(parseXml(text).children[0]?.children[0]?.text).toBe("x [redacted] y[redacted] z");
  const object = JSON.stringify({ a: [each(VALUE, unicode)], "b\n": 1 }).replaceAll("\\\\u", "\\u");
  expect(JSON.parse(Buffer.from(redact(bytes(object), redactor).bytes).toString())).toEqual({
    a: ["[redacted]"],
    "b\n": 1,
  });
});

test("places of this machine, too", () => {
  const placed = new Redactor([], { places: [{ name: "home folder", text: "/home/someone", instead: "~" }] });
  const { bytes: shown } = redact(bytes(`{"a":"\\u002fhome\\u002Fsomeone\\/x"}`), placed);
  expect(Buffer.from(shown).toString()).toBe(`{"a":"~\\/x"}`);
});

test("a token that is spelt in another way", () => {
  const token = `ghp_${"a1B2".repeat(9)}`;
  const { bytes: shown, redactions } = redact(bytes(`<a>${token.replace("_", "&#95;")}</a>`), new Redactor([]));
  expect(Buffer.from(shown).toString()).toBe("<a>[redacted]</a>");
  expect(redactions.count).toBe(1);
});

describe("any writer", () => {
  const writers: Record<string, (text: string) => string> = {
    json,
    unicode: (text) => each(text, unicode),
    xml,
    decimal: (text) => each(text, (code) => `&#${code};`),
    percent: encodeURIComponent,
    base64: (text) => Buffer.from(`key: ${text}`).toString("base64"),
    cdata: (text) => `<a><![CDATA[${text.replaceAll("]]>", "]]]]><![CDATA[>")}]]></a>`,
  };
  const alphabet = Array.from("abcXYZ0189-_.~!\"'<>&\\/%=+ @#$;:{}[]é");
  const values = fc
    .string({ unit: fc.constantFrom(...alphabet), minLength: 10, maxLength: 30 })
    .filter((text) => /[a-z]{2}/i.test(text));

  test("after another, up to three: what is left says nothing", () => {
    fc.assert(
      fc.property(
        values,
        fc.array(fc.constantFrom(...Object.keys(writers)), { minLength: 1, maxLength: 3 }),
        (value, chosen) => {
          const one = new Redactor([{ name: "N", value }], { rules: [] });
          const written = chosen.reduce((text, name) => writers[name]?.(text) ?? text, value);
          const { bytes: shown, redactions } = redact(bytes(`before ${written} after`), one);
          expect(redactions.count, written).toBeGreaterThan(0);
          expect(revealed(shown, one)).toEqual([]);
        },
      ),
      { numRuns: 400 },
    );
  });
});

test.each<[string, string]>([
  ["open CDATA", "<![CDATA[".repeat(1e5)],
  ["open comments", "<!--".repeat(2e5)],
  ["open tags", "<a ".repeat(2e5)],
  ["ampersands", "&#".repeat(3e5)],
  ["long names", `&${"a".repeat(40)}`.repeat(2e4)],
  ["backslashes", "\\".repeat(5e5)],
  ["base64 in base64", "QUFB".repeat(2e5)],
  ["pairs", "41 ".repeat(2e5)],
  ["colours", "\u001b[".repeat(2e5)],
])("is done with %s", (_, text) => {
  expect(redact(bytes(text), redactor).redactions.count).toBe(0);
});
