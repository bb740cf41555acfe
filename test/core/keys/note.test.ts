/** Signed notes and their keys: one spelling, and what golang.org/x/mod/sumdb/note says of the same. */
import { describe, expect, test } from "vitest";
import { base64, concat, equal, fromBase64, fromUtf8, hex, utf8, type Bytes } from "../../../src/core/bytes.js";
import {
  formatNote,
  formatNoteKey,
  noteKey,
  parseNote,
  parseNoteKey,
  type Note,
  type NoteKey,
  type NoteKeyType,
} from "../../../src/core/keys/note.js";
import { engines } from "../engines.js";
import { signer } from "../making.js";
import { mangled, outcome } from "../mangling.js";
import { refusal } from "../refusal.js";
import { SMALL_ORDER_MISSPELLED, TORSION } from "../torsion.js";

const engine = engines[0]!;
const TYPES: readonly NoteKeyType[] = ["ed25519", "cosignature-v1"];

/** From the tests of golang.org/x/mod/sumdb/note. */
const PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const SAID =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
  "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

test.each(engines)("$name: a note of Go's is read, and its signature fits", (one) => {
  const key = parseNoteKey(PETER, one);
  const note = parseNote(utf8(SAID));
  expect(key).toMatchObject({ name: "PeterNeumann", id: "c74f20a3", type: "ed25519" });
  expect(note.signatures.map(({ name, id }) => [name, id])).toEqual([["PeterNeumann", "c74f20a3"]]);
  expect(one.verify(key.bytes, utf8(note.text), note.signatures[0]!.blob)).toBe(true);
  expect(fromUtf8(formatNote(note))).toBe(SAID);
  expect(formatNoteKey(key)).toBe(PETER);
});

describe.each(TYPES)("a verifier key of type %s", (type) => {
  const key = noteKey("log.example/one", signer().key.bytes, type, engine);
  const vkey = formatNoteKey(key);

  test("there and back, also where its base64 has a plus sign", () => {
    expect(parseNoteKey(vkey, engine)).toEqual(key);
    const withPlus = Array.from({ length: 200 }, () =>
      formatNoteKey(noteKey("a", signer().key.bytes, type, engine)),
    ).find((one) => one.split("+").length > 3);
    expect(formatNoteKey(parseNoteKey(withPlus!, engine))).toBe(withPlus);
  });

  test("no part of it, and none with a byte changed, is a key", () => {
    for (const text of mangled(utf8(vkey)))
      expect(outcome(() => parseNoteKey(fromUtf8(text), engine))).toBe("note-format");
    for (let at = 1; at < vkey.length; at += 1)
      expect(refusal(() => parseNoteKey(vkey.slice(at), engine)).code).toBe("note-format");
  });

  test("its name, type and bytes are all in its id", () => {
    const other = TYPES.find((one) => one !== type)!;
    const ids = [
      key,
      noteKey("log.example/two", key.bytes, type, engine),
      noteKey(key.name, key.bytes, other, engine),
      noteKey(key.name, signer().key.bytes, type, engine),
    ].map(({ id }) => id);
    expect(new Set(ids).size).toBe(4);
  });
});

describe("what is no verifier key", () => {
  const bytes = signer().key.bytes;
  const spelled = (type: number, key: Bytes, name = "a"): string => {
    const typed = concat(Uint8Array.of(type), key);
    return `${name}+${hex(engine.sha256(concat(utf8(`${name}\n`), typed)).subarray(0, 4))}+${base64(typed)}`;
  };

  test("as spelled here, a good one is read", () => {
    expect(parseNoteKey(spelled(1, bytes), engine).bytes).toEqual(bytes);
    expect(parseNoteKey(spelled(4, bytes), engine).type).toBe("cosignature-v1");
  });

  test.each([
    ["another type", spelled(2, bytes)],
    ["no type", "a+00000000+"],
    ["a key of 31 bytes", spelled(1, bytes.subarray(1))],
    ["a key of 33 bytes", spelled(1, concat(bytes, Uint8Array.of(0)))],
    ["no name", spelled(1, bytes, "")],
    ["a space in the name", spelled(1, bytes, "a b")],
    ["a space of another script in the name", spelled(1, bytes, "a\u3000b")],
    ["a line feed in the name", spelled(1, bytes, "a\nb")],
    ["a control character in the name", spelled(1, bytes, "a\u0085b")],
    ["an id in capitals", PETER.replace("c74f20a3", "C74F20A3")],
    ["a line feed after it", `${spelled(1, bytes)}\n`],
    [
      "Go's, with a key of a wrong length",
      "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
    ],
    ["Go's, of an unknown type", "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"],
    ["a point of small order", spelled(1, TORSION[0]!.toBytes())],
    ["a misspelled point", spelled(1, SMALL_ORDER_MISSPELLED[0]!)],
  ])("%s", (_, vkey) => {
    expect(refusal(() => parseNoteKey(vkey, engine)).code).toBe("note-format");
  });

  test.each(["", "a b", "a+b", "a\tb", "a\u0000", "a\u00a0", "\ud800"])("the name %j", (name) => {
    expect(refusal(() => noteKey(name, bytes, "ed25519", engine)).code).toBe("note-format");
  });
});

describe("a note", () => {
  const me = signer();
  const key: NoteKey = noteKey("log.example/one", me.key.bytes, "ed25519", engine);
  const text = "first line\n\nafter an empty one: caf\u00e9\n";
  const signature = { name: key.name, id: key.id, blob: me.sign(utf8(text)) };
  const other = { name: "someone.else", id: "00000001", blob: Uint8Array.of(9) };
  const note: Note = { text, signatures: [signature, other] };
  const bytes = formatNote(note);

  test("there and back; the text may have empty lines", () => {
    expect(parseNote(bytes)).toEqual(note);
    for (const one of ["\n", "\n\n", "a\n\n", "\n\na\n", "\u2014 a AAAAAAA=\n"])
      expect(parseNote(formatNote({ text: one, signatures: [other] }))).toEqual({ text: one, signatures: [other] });
  });

  test("mangled, it is refused, or another that is spelled just so", () => {
    for (const one of mangled(bytes)) {
      const said = outcome(() => formatNote(parseNote(one)));
      if (typeof said === "string") expect(said).toBe("note-format");
      else expect(equal(said, one)).toBe(true);
    }
  });

  const line = `\u2014 a ${base64(Uint8Array.of(0, 0, 0, 1, 2))}\n`;
  test.each([
    ["nothing", ""],
    ["no signature", "text\n\n"],
    ["no text", `\n${line}`],
    ["no empty line", `text\n${line}`],
    ["no line feed at the end", `text\n\n${line}`.slice(0, -1)],
    ["an empty line at the end", `text\n\n${line}\n`],
    ["a hyphen for the dash", `text\n\n${line.replace("\u2014", "-")}`],
    ["two spaces", `text\n\n${line.replace(" a", "  a")}`],
    ["a word after the signature", `text\n\n${line.replace("\n", " b\n")}`],
    ["a carriage return", `text\n\n${line.replace("\n", "\r\n")}`],
    ["a carriage return in the text", `text\r\n\n${line}`],
    ["a null character in the text", `te\u0000xt\n\n${line}`],
    ["a plus sign in a name", `text\n\n${line.replace(" a ", " a+b ")}`],
    ["no name", `text\n\n${line.replace(" a ", "  ")}`],
    ["a signature of a key id alone", "text\n\n\u2014 a AAAAAQ==\n"],
    ["a signature of less than a key id", "text\n\n\u2014 a AAAA\n"],
    ["no signature after the name", "text\n\n\u2014 a \n"],
    ["base64 without padding", "text\n\n\u2014 a AAAAAQI\n"],
    ["base64 of another spelling", "text\n\n\u2014 a AAAAAQJ=\n"],
    ["101 signatures", `text\n\n${line.repeat(101)}`],
  ])("of %s is none", (_, some) => {
    expect(refusal(() => parseNote(utf8(some))).code).toBe("note-format");
  });

  test("bytes that are not UTF-8, or have a mark before them", () => {
    expect(refusal(() => parseNote(concat(Uint8Array.of(0xff), bytes))).code).toBe("note-format");
    expect(parseNote(concat(Uint8Array.of(0xef, 0xbb, 0xbf), bytes)).text).toBe(`\ufeff${text}`);
  });

  test("100 signatures are read", () => {
    expect(parseNote(utf8(`text\n\n${line.repeat(100)}`)).signatures).toHaveLength(100);
  });

  test.each<[string, Note]>([
    ["a text without its end", { text: "text", signatures: [other] }],
    ["half a surrogate pair", { text: "\ud800\n", signatures: [other] }],
    ["a control character", { text: "\u001b[0m\n", signatures: [other] }],
    ["no signature", { text, signatures: [] }],
    ["an id of another form", { text, signatures: [{ ...other, id: "0000001" }] }],
    ["an id in capitals", { text, signatures: [{ ...other, id: "0000000A" }] }],
    ["an empty signature", { text, signatures: [{ ...other, blob: new Uint8Array() }] }],
    ["a name of two words", { text, signatures: [{ ...other, name: "a b" }] }],
  ])("%s is not written", (_, bad) => {
    expect(refusal(() => formatNote(bad)).code).toBe("note-format");
  });
});

test("a key id has four bytes in front of the signature", () => {
  const blob = fromBase64(
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=",
  );
  expect(hex(blob.subarray(0, 4))).toBe(parseNoteKey(PETER, engine).id);
});
