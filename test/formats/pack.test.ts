/** A pack as its reader sees it: the one data element of a page of ours, and after any damage never another attestation than the one that was packed. */
import { expect, test } from "vitest";
import { base64, equal, fromUtf8, hex, utf8, type Bytes } from "../../src/core/bytes.js";
import { parseEnvelope } from "../../src/core/envelope.js";
import { parseKeyring } from "../../src/core/keyring.js";
import type { Report } from "../../src/core/report.js";
import { identify } from "../../src/core/statement.js";
import { verify } from "../../src/core/verify.js";
import { DATA_END, DATA_START, isPage, parsePack, type Pack } from "../../src/formats/pack.js";
import { nodeEngine } from "../../src/node/engine.js";
import { packPage, type Contents } from "../../src/site/pack.js";
import { outcome } from "../core/mangling.js";
import { sealed, signer, statement } from "../core/making.js";

const key = signer();
const text = fromUtf8(sealed(statement(), key));
const { id, digest } = identify(parseEnvelope(utf8(text)).payloadBytes, nodeEngine);
const piece = utf8("what was seen </script><script>alert(1)</script>\n");
const sha256 = hex(nodeEngine.sha256(piece));
const contents: Contents = {
  ...{ name: `${id}.json`, text, proof: undefined, marks: [], about: { origin: "example.org/lab", title: "The lab" } },
  ...{ keyring: undefined, notices: ["<a notice>"], plans: [], evidence: { [sha256]: base64(piece) } },
};
const options = { engine: nodeEngine, keys: [{ key: key.key, by: "you" as const, source: "" }], now: new Date() };
const report = verify(utf8(text), options);
const parts = { style: "p{}", script: "void 0", logScript: "" };
const page = packPage(contents, report, nodeEngine, parts);
const bytes = utf8(page);

const judged = ({ text: found, name }: Pack): Report =>
  verify(utf8(found), { ...options, fileName: name, named: true, packed: true });

test("what was packed is what is read", () => {
  expect(isPage(bytes)).toBe(true);
  const pack = parsePack(bytes);
  expect({ ...pack, piece: undefined }).toEqual({ ...contents, evidence: undefined, piece: undefined });
  expect(pack.piece(sha256)).toEqual(piece);
  expect(pack.piece("__proto__")).toBeUndefined();
  expect([report.exit, judged(pack).exit]).toEqual([0, 0]);
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
  ["another kind of page", (all) => all.replace('"kind":"attestation"', '"kind":"verify"')],
  ["no evidence member", (all) => all.replace('"packed":', '"unpacked":')],
  ["evidence under no digest", (all) => all.replace(sha256, "a name")],
  ["two documents", (all) => all.replace('"documents":[', '"documents":[{"name":"a","text":"b"},')],
  ["no document", (all) => all.replace('"documents":[', '"documents":[],"others":[')],
  ["another head", (all) => all.replace("<!doctype", "<!DOCTYPE")],
])("%s: refused", (_, change) => {
  expect(change(page)).not.toBe(page);
  expect(code(change(page))).toBe("pack-format");
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
    if (typeof pack === "string") return expect(["pack-format", "not-utf8"]).toContain(pack);
    read += 1;
    const found = pack.piece(sha256);
    if (found !== undefined && !equal(found, piece)) expect(hex(nodeEngine.sha256(found))).not.toBe(sha256);
    if (pack.keyring !== undefined) outcome(() => parseKeyring(utf8(pack.keyring ?? ""), nodeEngine));
    if (pack.text === text && pack.name === contents.name) return;
    const judgement = judged(pack);
    if (judgement.exit === 0) expect(judgement.digest).toBe(digest);
  };
  for (const length of bytes.keys()) look(bytes.slice(0, length));
  expect(read).toBeLessThan(60); // the end of the page after the data
  for (const [at, byte] of bytes.entries())
    for (const other of [byte ^ 0x01, 0x3c]) if (other !== byte) look(bytes.with(at, other));
  expect(read).toBeGreaterThan(1000);
}, 120_000);
