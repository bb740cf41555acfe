/** A pack as its reader sees it: the one data element of a page of ours, and after any damage never another attestation than the one that was packed. */
import { describe, expect, test } from "vitest";
import { base64, equal, fromUtf8, hex, utf8, type Bytes } from "../../src/core/bytes.js";
import { parseEnvelope } from "../../src/core/statement/envelope.js";
import { parseKeyring } from "../../src/core/keys/keyring.js";
import type { Report } from "../../src/core/verify/report.js";
import { identify } from "../../src/core/statement/statement.js";
import { verify } from "../../src/core/verify/verify.js";
import { parsePack, type Pack } from "../../src/formats/pack.js";
import { DATA_END, DATA_START, isPage } from "../../src/formats/page.js";
import { nodeEngine } from "../../src/node/engine.js";
import { packPage, type PackData } from "../../src/site/pack.js";
import { outcome } from "../core/mangling.js";
import { sealed, signer, statement } from "../core/making.js";

const key = signer();
const text = fromUtf8(sealed(statement(), key));
const { id, digest } = identify(parseEnvelope(utf8(text)).payloadBytes, nodeEngine);
const piece = utf8("what was seen </script><script>alert(1)</script>\n");
const sha256 = hex(nodeEngine.sha256(piece));
const contents: PackData = {
  kind: "pack",
  about: { origin: "example.org/lab", title: "The lab" },
  notices: ["<a notice>"],
  documents: [{ name: `${id}.json`, text }],
  plans: [],
  packed: { [sha256]: base64(piece) },
};
const options = { engine: nodeEngine, keys: [{ key: key.key, by: "you" as const, source: "" }], now: new Date() };
const report = verify(utf8(text), options);
const parts = { style: "p{}", script: "void 0", logScript: "" };
const page = packPage(contents, nodeEngine, parts);
const bytes = utf8(page);

const judged = ({ text: found, name }: Pack): Report =>
  verify(utf8(found), { ...options, fileName: name, named: true, packed: true });

test("what was packed is what is read", () => {
  expect(isPage(bytes)).toBe(true);
  const pack = parsePack(bytes);
  expect(pack.data).toEqual(contents);
  expect([pack.name, pack.text, pack.proof, pack.marks]).toEqual([`${id}.json`, text, undefined, []]);
  expect(pack.piece(sha256)).toEqual(piece);
  expect(pack.piece("__proto__")).toBeUndefined();
  expect([report.outcome, judged(pack).outcome]).toEqual(["accepted", "accepted"]);
});

test("nothing in it ends the element that it stands in", () => {
  expect(page.split("<script").length - 1).toBe(2); // data and verifier
  expect(page).not.toContain("alert(1)");
});

const code = (changed: string): unknown => outcome(() => parsePack(utf8(changed)));

test.each<[string, (page: string) => string]>([
  ["two of them", (all) => all.replace("</body>", `${DATA_START}{}${DATA_END}</body>`)],
  ["none", (all) => all.replace(DATA_START, "<script>")],
  ["one that is not closed", (all) => all.slice(0, all.indexOf(DATA_END, all.indexOf(DATA_START)))],
  ["one with markup in it", (all) => all.replace(`${DATA_START}{`, `${DATA_START}<!--{`)],
  ["no JSON", (all) => all.replace(`${DATA_START}{`, `${DATA_START}{{`)],
  ["another kind of page", (all) => all.replace('"kind":"pack"', '"kind":"verify"')],
  ["no evidence member", (all) => all.replace('"packed":', '"unpacked":')],
  ["evidence under no digest", (all) => all.replace(sha256, "a name")],
  ["two documents", (all) => all.replace('"documents":[', '"documents":[{"name":"a","text":"b"},')],
  ["no document", (all) => all.replace('"documents":[', '"documents":[],"others":[')],
  ["another head", (all) => all.replace("<!doctype", "<!DOCTYPE")],
])("%s: refused", (_, change) => {
  expect(change(page)).not.toBe(page);
  expect(["pack-format", "page-format"]).toContain(code(change(page)));
});

/** Of a page: what is before the data, the data, what is after it. */
const [before, held, after] = ((): [string, string, string] => {
  const at = page.indexOf(DATA_START);
  const end = page.indexOf(DATA_END, at) + DATA_END.length;
  return [page.slice(0, at), page.slice(at, end), page.slice(end)];
})();
/** The data as a browser takes it too, and a tool would not find it. */
const other = held.replace(DATA_START, '<script id="data" type="application/json">');
const inBody = (text: string): string => before.replace('<main id="main">', `<main id="main">${text}`) + held + after;
const wrapped = (tag: string): string => `${before}<${tag}>${held}</${tag}>${after}`;

describe("a page that a browser could read otherwise is refused:", () => {
  test.each<[string, string]>([
    ["another's data in a comment, where only a tool finds it", `${before}${other}<!--${held}-->${after}`],
    ["that behind the end", page.replace("</body>", `<!--${held}--></body>`).replace(held, other)],
    ["that behind the verifier alone", page.replace("</body>", "<p>more</p></body>")],
    ...["textarea", "template", "xmp", "iframe", "noembed", "noframes", "title", "style", "svg", "select"].map(
      (tag): [string, string] => [`the data in <${tag}>`, wrapped(tag)],
    ),
    ...["plaintext", "svg", "table", "object", "embed"].map((tag): [string, string] => [
      `the data after <${tag}>`,
      `${before}<${tag}>${held}${after}`,
    ]),
    ["data before it, spelled otherwise", before + other + held + after],
    ["data before it, in capitals", before + held.replace("script", "SCRIPT") + held + after],
    ["other data after it", before + held + other + after],
    ["an element that has the id of the data", inBody('<p id="data">x</p>')],
    ["one with the id in capitals", inBody('<p ID="data">x</p>')],
    ["one with the id in character references", inBody('<p id="&#100;ata">x</p>')],
    ["one with the id without quotes", inBody("<p id=data>x</p>")],
    ["one with the id after a slash", inBody('<p/id="data">x</p>')],
    ["a comment", inBody("<!-- x -->")],
    ["a script before it", before.replace("</head>", "<script>alert(1)</script></head>") + held + after],
    ["one in the body", inBody("<script>alert(1)</script>")],
    ["a second verifier", `${before}${held}\n<script>alert(1)</script>${after}`],
    ["a verifier that does not end where it seems to", page.replace("void 0", "void 0//<!--<script>")],
    ["no verifier", before + held + after.replace("<script>void 0</script>", "")],
    ["no policy", page.replace(/<meta http-equiv=.*\n/, "")],
    ["a policy with more in it", page.replace("script-src ", "script-src 'unsafe-inline' ")],
    ["an element that is closed by another's end", inBody("<p><em>x</p></em>")],
  ])("%s", (_, changed) => {
    expect(changed).not.toBe(page);
    expect(code(changed)).toBe("pack-format");
  });
});

test("evidence that is no base64 is other bytes, and no fault", () => {
  const pack = parsePack(utf8(page.replace(base64(piece), `${base64(piece).slice(0, -1)}*`)));
  const found = pack.piece(sha256);
  expect(found).toBeDefined();
  expect(hex(nodeEngine.sha256(found!))).not.toBe(sha256);
});

test("cut off or with a byte changed, it is refused in a sentence or holds the very attestation and evidence that were packed", () => {
  let read = 0;
  const look = (spoilt: Bytes): void => {
    const pack = outcome(() => parsePack(spoilt));
    if (typeof pack === "string") return expect(["pack-format", "page-format", "not-utf8"]).toContain(pack);
    read += 1;
    const found = pack.piece(sha256);
    if (found !== undefined && !equal(found, piece)) expect(hex(nodeEngine.sha256(found))).not.toBe(sha256);
    const { keyring } = pack.data;
    if (keyring !== undefined) outcome(() => parseKeyring(utf8(keyring), nodeEngine));
    if (pack.text === text && pack.name === `${id}.json`) return;
    const judgement = judged(pack);
    if (judgement.outcome === "accepted") expect(judgement.digest).toBe(digest);
  };
  for (const length of bytes.keys()) look(bytes.slice(0, length));
  expect(read).toBe(0);
  for (const [at, byte] of bytes.entries())
    for (const other of [byte ^ 0x01, 0x3c]) if (other !== byte) look(bytes.with(at, other));
  expect(read).toBeGreaterThan(1000);
}, 120_000);
