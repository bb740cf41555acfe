/** The names under which evidence is saved: whatever a document calls it, nothing that a reader's system would run, render or put elsewhere. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { safeName } from "../../src/view/file-name.js";

test.each([
  ["output.txt", "output.txt"],
  ["observations.ndjson", "observations.ndjson"],
  ["a picture.PNG", "a-picture.PNG"],
  ["report.xml", "report.xml.bin"],
  ["page.html", "page.html.bin"],
  ["figure.svg", "figure.svg.bin"],
  ["setup.exe", "setup.exe.bin"],
  ["invoice.txt.lnk", "invoice.txt.lnk.bin"],
  ["gpj\u202e.exe", "gpj.exe.bin"],
  ["../../.ssh/authorized_keys", "authorized_keys.bin"],
  ["..\\..\\run.bat", "run.bat.bin"],
  [".bashrc", "bashrc.bin"],
  ["..", "evidence.bin"],
  ["", "evidence.bin"],
  ["\u0000\n", "evidence.bin"],
  ["caf\u00e9.md", "caf.md"],
])("%j", (name, safe) => {
  expect(safeName(name)).toBe(safe);
});

test("whatever it is called, it is one plain word of a bounded length, with an ending that nothing runs", () => {
  const names = fc.oneof(
    fc.string({ unit: "binary" }),
    fc
      .array(fc.constantFrom(".", "/", "\\", " ", "-", "_", "a", "\u202e"), { maxLength: 300 })
      .map((all) => all.join("")),
  );
  fc.assert(
    fc.property(names, (name) => {
      expect(safeName(name)).toMatch(
        /^[A-Za-z0-9_][A-Za-z0-9._-]{0,100}\.(?:bin|txt|log|json|ndjson|jsonl|csv|tsv|md|tap|png|jpe?g|gif|webp)$/i,
      );
    }),
  );
});
