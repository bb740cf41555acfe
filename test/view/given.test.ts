/** Files that a reader gave, against what was signed: the digest decides, and a name only says which piece was meant. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EvidenceRef } from "../../src/core/statement/statement.js";
import { compareGiven, givenLine, givenSummary, stateAmong, type GivenFile } from "../../src/view/given.js";
import { textLines } from "../../src/view/text.js";
import { h } from "../../src/view/tree.js";

const A = "aa".repeat(32);
const B = "bb".repeat(32);
const C = "cc".repeat(32);
const piece = (name: string, sha256: string, size = 14): EvidenceRef => ({
  name,
  digest: { sha256 },
  size,
  role: "output",
  sourceDateKind: "unknown",
});
const file = (name: string, sha256: string, size = 14): GivenFile => ({ name, sha256, size });
const words = (evidence: EvidenceRef[], files: GivenFile[]): (string | undefined)[] =>
  compareGiven(evidence, files).pieces.map((one) => one?.word);
const line = (evidence: EvidenceRef[], files: GivenFile[]): string =>
  textLines(h("div", "", givenLine(compareGiven(evidence, files).pieces[0], evidence[0]!)), 400).join("\n");

describe("a file", () => {
  test.each<[what: string, files: GivenFile[], words: (string | undefined)[], foreign: number]>([
    ["of the signed bytes, under its name", [file("one.txt", A)], ["same", undefined], 0],
    ["of the signed bytes, under any name", [file("copy (2).bin", A)], ["same", undefined], 0],
    ["of the signed bytes, under the name of another piece", [file("two.txt", A)], ["same", undefined], 0],
    ["of the name of a piece, with other bytes", [file("one.txt", C)], ["changed", undefined], 0],
    ["that an archive named by its digest, with other bytes", [file(A, C)], ["changed", undefined], 0],
    ["of no piece", [file("three.txt", C)], [undefined, undefined], 1],
    [
      "with the signed digest and another size than the signed one",
      [file("one.txt", A, 13)],
      ["changed", undefined],
      0,
    ],
    ["that is right beside one that is not", [file("one.txt", C), file("x", A)], ["same", undefined], 0],
    ["and all of them", [file("one.txt", A), file("two.txt", B)], ["same", "same"], 0],
  ])("%s", (_, files, expected, foreign) => {
    const evidence = [piece("out/one.txt", A), piece("two.txt", B)];
    expect(words(evidence, files)).toEqual(expected);
    expect(compareGiven(evidence, files).foreign).toHaveLength(foreign);
  });

  test("a piece without a digest is never said to be available, nor to have changed", () => {
    const without = { ...piece("one.txt", A), digest: { gitBlob: "ab".repeat(20) } };
    expect(words([without], [file("one.txt", A)])).toEqual([undefined]);
  });
});

describe("what is said", () => {
  test("in the row", () => {
    expect(line([piece("one.txt", A)], [file("copy.bin", A)])).toBe("✓ your file copy.bin: the signed bytes");
    expect(line([piece("one.txt", A)], [file("one.txt", C, 12)])).toBe(
      "✗ changed: one.txt is not the signed bytes (size 12 instead of 14)",
    );
    expect(line([piece("one.txt", A)], [file("one.txt", C)])).toContain("(of the same size, with other bytes)");
    expect(line([piece("one.txt", A)], [file("\u202etxt.exe", A)])).toContain("\\u{202e}txt.exe");
    expect(line([piece("one.txt", A)], [])).toBe("");
  });

  test("in the status line", () => {
    const evidence = [piece("one.txt", A), piece("two.txt", B)];
    const [good, changed, foreign] = [file("one.txt", A), file("two.txt", C), file("x.txt", C)];
    expect(givenSummary(evidence, [good], [good])).toBe(
      "1 file hashed here: 1 is what was signed. Of 2 pieces of evidence 1 is available.",
    );
    expect(givenSummary(evidence, [good, changed, foreign], [changed, foreign])).toBe(
      "2 files hashed here: 1 has the name of a piece and is not what was signed; 1 is not part of the evidence (x.txt). Of 2 pieces of evidence 1 is available.",
    );
    const other = file("b", B);
    expect(givenSummary(evidence, [good, other], [other])).toContain("Of 2 pieces of evidence all are available.");
    const many = Array.from({ length: 7 }, (_, at) => file(`f${at}`, C));
    expect(givenSummary(evidence, many, many)).toContain(
      "7 are not part of the evidence (f0, f1, f2, f3, f4, and 2 more)",
    );
  });
});

test("the verifier is told the same as the rows say, whatever is given", () => {
  const digest = fc.constantFrom(A, B, C);
  const name = fc.constantFrom("one", "two", "three");
  const size = fc.constantFrom(1, 2);
  const pieces = fc.uniqueArray(fc.tuple(name, digest, size), { maxLength: 4, selector: ([, sha256]) => sha256 });
  fc.assert(
    fc.property(pieces, fc.array(fc.tuple(name, digest, size), { maxLength: 5 }), (named, given) => {
      const evidence = named.map((one) => piece(...one));
      const files = given.map((one) => file(...one));
      const state = stateAmong(evidence, files);
      const rows = words(evidence, files);
      for (const [at, one] of evidence.entries()) {
        expect(state(one.digest.sha256!, one.size)).toBe(rows[at] ?? "missing");
        const there = files.some(({ sha256, size }) => sha256 === one.digest.sha256 && size === one.size);
        expect(rows[at] === "same").toBe(there);
      }
      expect(state("dd".repeat(32), 1)).toBe("missing");
    }),
  );
});
