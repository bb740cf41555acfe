/** What a log and its witnesses sign, and what of it counts. */
import { describe, expect, test } from "vitest";
import { base64, concat, equal, fromUtf8, hex, utf8, type Bytes } from "../../../src/core/bytes.js";
import {
  cosign,
  cosignatureMessage,
  formatCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  sealCheckpoint,
  withSignatures,
  type Checkpoint,
} from "../../../src/core/log/checkpoint.js";
import type { Engine } from "../../../src/core/engine.js";
import { formatNote, noteKey, parseNote, type NoteKey, type NoteKeyType } from "../../../src/core/keys/note.js";
import { engines } from "../engines.js";
import { signer, type TestSigner } from "../making.js";
import { mangled, outcome } from "../mangling.js";
import { naming, refusal } from "../refusal.js";

const engine = engines[0]!;
const ORIGIN = "log.example/one";

interface Holder extends TestSigner {
  readonly note: NoteKey;
}
function holder(name: string, type: NoteKeyType): Holder {
  const made = signer();
  return { ...made, note: noteKey(name, made.key.bytes, type, engine) };
}

const log = holder(ORIGIN, "ed25519");
const witness = holder("witness.example/w", "cosignature-v1");
const stranger = holder("stranger.example/s", "cosignature-v1");
const checkpoint: Checkpoint = { origin: ORIGIN, size: 20852163, root: new Uint8Array(32).fill(0xab) };
const sealed = sealCheckpoint(checkpoint, log.note, (message) => log.sign(message));

const cosignedBy = (by: Holder, at: number, bytes = sealed): Bytes =>
  withSignatures(bytes, [cosign(parseNote(bytes), by.note, at, (message) => by.sign(message))]);
const open = (bytes: Bytes, witnesses: readonly Holder[] = [witness], one: Engine = engine) =>
  openCheckpoint(
    bytes,
    log.note,
    witnesses.map(({ note }) => note),
    one,
  );

describe("the text", () => {
  const text = formatCheckpoint(checkpoint);

  test("is that of the specification", () => {
    expect(text).toBe(`log.example/one\n20852163\n${base64(checkpoint.root)}\n`);
    expect(parseCheckpoint(text)).toEqual(checkpoint);
  });

  test.each([0, 1, 2 ** 32, 2 ** 53 - 1])("there and back with size %i", (size) => {
    expect(parseCheckpoint(formatCheckpoint({ ...checkpoint, size })).size).toBe(size);
  });

  test("with the lines that another log adds", () => {
    const extended = `${text}more\nand more\n`;
    expect(parseCheckpoint(extended)).toEqual({ ...parseCheckpoint(text), extensions: ["more", "and more"] });
    expect(formatCheckpoint(parseCheckpoint(extended))).toBe(extended);
  });

  test("mangled, it is refused, or another that is spelled just so", () => {
    for (const bytes of mangled(utf8(text))) {
      const said = outcome(() => fromUtf8(bytes));
      if (said === "not-utf8") continue;
      const again = outcome(() => formatCheckpoint(parseCheckpoint(said)));
      if (again !== "checkpoint-format") expect(again).toBe(said);
    }
  });

  test.each([
    ["an empty line among the extensions", `${text}\nmore\n`],
    ["an extension without an end", `${text}more`],
    ["an empty line at the end", `${text}\n`],
    ["no root", text.split("\n").slice(0, 2).join("\n")],
    ["no origin", text.replace(ORIGIN, "")],
    ["a carriage return", text.replace(ORIGIN, `${ORIGIN}\r`)],
    ["a zero in front", text.replace("2085", "02085")],
    ["a sign", text.replace("2085", "+2085")],
    ["a space", text.replace("2085", " 2085")],
    ["a size in hex", text.replace("20852163", "0x10")],
    ["a size with an exponent", text.replace("20852163", "1e3")],
    ["a size of no number", text.replace("20852163", "")],
    ["digits of another script", text.replace("20852163", "\u0661")],
    ["a size beyond 2^53 - 1", text.replace("20852163", "9007199254740992")],
    ["a size of seventeen digits", text.replace("20852163", "10000000000000000")],
    ["a root of 31 bytes", text.replace(base64(checkpoint.root), base64(checkpoint.root.subarray(1)))],
    ["a root of 33 bytes", text.replace(base64(checkpoint.root), base64(new Uint8Array(33)))],
    ["a root in hex", text.replace(base64(checkpoint.root), hex(checkpoint.root))],
  ])("with %s is refused", (_, some) => {
    expect(refusal(() => parseCheckpoint(some)).code).toBe("checkpoint-format");
  });

  test.each([
    { size: -1 },
    { size: 1.5 },
    { size: 2 ** 53 },
    { size: NaN },
    { root: new Uint8Array(31) },
    { origin: "" },
    { origin: "a\nb" },
    { origin: "\udc00" },
  ])("is not written of %j", (change) => {
    expect(refusal(() => formatCheckpoint({ ...checkpoint, ...change })).code).toBe("checkpoint-format");
  });
});

describe.each(engines)("$name", (one) => {
  test("opens what the log sealed", () => {
    expect(open(sealed, [], one)).toEqual({ checkpoint, note: parseNote(sealed), cosigned: [] });
  });

  test("tells who cosigned it, and when", () => {
    const times = [0, 1, 1679315147, 2 ** 32, 8_640_000_000_000];
    for (const at of times)
      expect(open(cosignedBy(witness, at), [witness], one).cosigned).toEqual([{ key: witness.note, at }]);
    // No calendar goes further, and a reader who made a date of it would fail.
    for (const at of [8_640_000_000_001, 2 ** 53 - 1])
      expect(refusal(() => open(cosignedBy(witness, at), [witness], one)).code).toBe("log-damaged");
  });

  test("refuses a signature over another text, by the log or by a witness", () => {
    const note = parseNote(cosignedBy(witness, 5));
    const grown = { ...note, text: formatCheckpoint({ ...checkpoint, size: checkpoint.size + 1 }) };
    expect(refusal(() => open(formatNote(grown), [], one)).code).toBe("log-damaged");
    const again = sealCheckpoint({ ...checkpoint, size: checkpoint.size + 1 }, log.note, (message) =>
      log.sign(message),
    );
    const moved = withSignatures(again, note.signatures.slice(1));
    expect(open(moved, [], one).checkpoint.size).toBe(checkpoint.size + 1);
    expect(refusal(() => open(moved, [witness], one)).code).toBe("log-damaged");
  });
});

describe("whose signature counts", () => {
  test("that of nobody known has no effect, good or bad", () => {
    const bytes = withSignatures(cosignedBy(stranger, 7), [{ name: "junk", id: "00000000", blob: Uint8Array.of(1) }]);
    expect(open(bytes).cosigned).toEqual([]);
    expect(open(bytes, [witness, stranger]).cosigned).toEqual([{ key: stranger.note, at: 7 }]);
  });

  test("a name or an id alone makes nobody known", () => {
    const blob = Uint8Array.of(1);
    const bytes = withSignatures(sealed, [
      { name: witness.note.name, id: "00000000", blob },
      { name: "other.example", id: witness.note.id, blob },
      { name: ORIGIN, id: "00000000", blob },
    ]);
    expect(open(bytes).cosigned).toEqual([]);
  });

  test("the log must have signed, and no other log will do", () => {
    const unsigned = formatNote({
      ...parseNote(sealed),
      signatures: parseNote(cosignedBy(witness, 7)).signatures.slice(1),
    });
    expect(refusal(() => open(unsigned)).code).toBe("log-damaged");
    const other = holder(ORIGIN, "ed25519");
    const forged = sealCheckpoint(checkpoint, other.note, (message) => other.sign(message));
    expect(refusal(() => open(forged)).code).toBe("log-damaged");
    const elsewhere = holder("log.example/two", "ed25519");
    const theirs = sealCheckpoint({ ...checkpoint, origin: "log.example/two" }, elsewhere.note, (message) =>
      elsewhere.sign(message),
    );
    expect(refusal(() => open(theirs))).toMatchObject({
      code: "log-damaged",
      message: expect.stringMatching(naming("log.example/one", "log.example/two")),
    });
  });

  test("one bad signature by a known key refuses the whole note, also beside a good one", () => {
    const note = parseNote(cosignedBy(witness, 7));
    for (const signature of note.signatures) {
      const blob = signature.blob.slice();
      blob[20]! ^= 1;
      for (const signatures of [
        note.signatures.map((one) => (one === signature ? { ...one, blob } : one)),
        [...note.signatures, { ...signature, blob }],
        [{ ...signature, blob }, ...note.signatures],
        [...note.signatures, { ...signature, blob: signature.blob.slice(1) }],
        [...note.signatures, { ...signature, blob: concat(signature.blob, Uint8Array.of(0)) }],
      ])
        expect(refusal(() => open(formatNote({ ...note, signatures }))).code).toBe("log-damaged");
    }
  });

  test("a witness that signed twice is one witness, since the first of its times", () => {
    const twice = [9, 7, 8].flatMap((at) => parseNote(cosignedBy(witness, at)).signatures.slice(1));
    const note = parseNote(sealed);
    const bytes = formatNote({ ...note, signatures: [...note.signatures, ...twice] });
    expect(open(bytes).cosigned).toEqual([{ key: witness.note, at: 7 }]);
  });

  test("a time beyond 2^53 - 1 is none", () => {
    const note = parseNote(sealed);
    const message = utf8(`cosignature/v1\ntime 9007199254740992\n${note.text}`);
    const blob = concat(Uint8Array.of(0, 0x20, 0, 0, 0, 0, 0, 0), witness.sign(message));
    const bytes = withSignatures(sealed, [{ name: witness.note.name, id: witness.note.id, blob }]);
    expect(refusal(() => open(bytes)).code).toBe("log-damaged");
  });

  test("the text itself is no cosignature, nor the other way round", () => {
    const bare = { name: witness.note.name, id: witness.note.id, blob: witness.sign(utf8(parseNote(sealed).text)) };
    expect(refusal(() => open(withSignatures(sealed, [bare]))).code).toBe("log-damaged");
    expect(refusal(() => openCheckpoint(sealed, witness.note, [], engine)).code).toBe("note-format");
    expect(refusal(() => openCheckpoint(sealed, log.note, [log.note], engine)).code).toBe("note-format");
    expect(refusal(() => sealCheckpoint(checkpoint, witness.note, (message) => log.sign(message))).code).toBe(
      "note-format",
    );
    expect(refusal(() => cosign(parseNote(sealed), log.note, 1, (message) => log.sign(message))).code).toBe(
      "note-format",
    );
  });
});

describe("mangled", () => {
  const bytes = cosignedBy(witness, 1679315147);
  const { text, signatures } = parseNote(bytes);
  /** Ed25519 as one wishes it to be, and quick: yes to what was signed, no to all else. */
  const ideal: Engine = {
    name: "ideal",
    sha256: (data) => engine.sha256(data),
    verify: (key, message, signature) =>
      equal(key, log.note.bytes)
        ? equal(message, utf8(text)) && equal(signature, signatures[0]!.blob)
        : equal(message, cosignatureMessage(text, 1679315147)) && equal(signature, signatures[1]!.blob.subarray(8)),
  };

  test("it is refused, or says the same of log and witness", () => {
    expect(open(bytes, [witness], ideal).cosigned).toHaveLength(1);
    let accepted = 0;
    for (const one of mangled(bytes)) {
      const said = outcome(() => open(one, [witness], ideal));
      if (typeof said === "string") {
        expect(["note-format", "checkpoint-format", "log-damaged"]).toContain(said);
        continue;
      }
      accepted += 1;
      // What is left to an attacker: the witness's line made unknown, or cut off.
      expect(said.checkpoint).toEqual(checkpoint);
      expect(said.cosigned).toEqual([]);
      expect(equal(formatNote(said.note), one)).toBe(true);
    }
    expect(accepted).toBeGreaterThan(0);
  });
});

describe("making", () => {
  test("a log's key signs for its own origin alone", () => {
    const elsewhere = { ...checkpoint, origin: "log.example/two" };
    expect(refusal(() => sealCheckpoint(elsewhere, log.note, (message) => log.sign(message))).code).toBe(
      "checkpoint-format",
    );
  });

  test("a witness signs checkpoints alone, at whole seconds", () => {
    const note = { ...parseNote(sealed), text: "pay me\n" };
    expect(refusal(() => cosign(note, witness.note, 1, (message) => witness.sign(message))).code).toBe(
      "checkpoint-format",
    );
    for (const at of [-1, 0.5, NaN, 2 ** 53])
      expect(refusal(() => cosign(parseNote(sealed), witness.note, at, (message) => witness.sign(message))).code).toBe(
        "checkpoint-format",
      );
  });

  test("what a witness signs is that of the specification's example", () => {
    const text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    expect(fromUtf8(cosignatureMessage(text, 1679315147))).toBe(`cosignature/v1\ntime 1679315147\n${text}`);
  });

  test("a line is added once for each key, and the others stay as they are", () => {
    const line = parseNote(cosignedBy(witness, 7)).signatures[1]!;
    const once = withSignatures(sealed, [line, line]);
    expect(once).toEqual(cosignedBy(witness, 7));
    expect(withSignatures(once, [line])).toEqual(once);
    expect(cosignedBy(witness, 9, once)).toEqual(once);
    expect(withSignatures(once, [])).toEqual(once);
    expect(parseNote(cosignedBy(stranger, 9, once)).signatures).toHaveLength(3);
  });
});
