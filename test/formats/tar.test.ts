/** Archives: ours come back as they were; what another program could make of them is refused. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOf, latin1, readTar, writeTar, type TarEntry } from "../../src/formats/tar.js";

const file = (path: string, text = "x", mode: TarEntry["mode"] = "100644"): TarEntry => ({
  path,
  mode,
  bytes: bytesOf(text),
});
const link = (path: string, target: string): TarEntry => file(path, target, "120000");
const refused = (act: () => unknown, entry: unknown): void => {
  let code: unknown = "accepted";
  try {
    act();
  } catch (error) {
    code = (error as { code?: string }).code;
  }
  expect(code, JSON.stringify(entry)).toBe("archive-format");
};

test("what is written is read again, sorted by path", () => {
  const part = fc.stringMatching(/^[A-Za-z0-9._ ü-]{1,60}$/).filter((name) => !/^\.{1,2}$|^\.git[ .]*$/i.test(name));
  const path = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"));
  const content = fc.string({ maxLength: 1500, unit: "binary" }).map((text) => latin1(new TextEncoder().encode(text)));
  const entry = fc.record({ path, content, mode: fc.constantFrom("100644" as const, "100755" as const) });
  fc.assert(
    fc.property(fc.uniqueArray(entry, { selector: (one) => one.path, maxLength: 8 }), (all) => {
      const paths = all.map((one) => one.path);
      fc.pre(!paths.some((one) => paths.some((other) => other.startsWith(`${one}/`))));
      const entries = all.map(({ path: name, content: text, mode }) => file(name, text, mode));
      const written = writeTar(entries);
      expect(readTar(written)).toEqual(entries.toSorted((one, other) => (one.path < other.path ? -1 : 1)));
      expect(writeTar(entries.toReversed())).toEqual(written);
    }),
  );
});

const long = "f".repeat(150);

test("long names and targets come through", () => {
  const entries = [file(`a/${long}`), link(`b/${long}`, `../a/${long}`)];
  expect(readTar(writeTar(entries))).toEqual(entries);
});

describe("refused, by the writer and by the reader", () => {
  test.each([
    ["a path that leads out", [file("../x")]],
    ["one in its midst", [file("a/../../x")]],
    ["an absolute path", [file("/etc/passwd")]],
    ["an empty part", [file("a//b")]],
    ["no path", [file("")]],
    ["another system's separator", [file("a\\..\\b")]],
    ["a line feed", [file("a\nb")]],
    ["a repository", [file(".git/config")]],
    ["one within", [file("a/.GIT/hooks/pre-commit")]],
    ["its short name", [file("GIT~1/config")]],
    ["a path twice", [file("a"), file("a")]],
    ["a file and a folder", [file("a"), file("a/b")]],
    ["a file below a link", [link("a", "b"), file("a/b")]],
    ["a link that leads out", [link("a", "../b")]],
    ["one from below", [link("a/b", "../../c")]],
    ["an absolute link", [link("a", "/etc")]],
    ["a link that goes up after it went down", [link("d/a", ".."), link("b", "d/a/../..")]],
    ["a link to a repository", [link("a", ".git")]],
    ["an empty link", [link("a", "")]],
  ])("%s", (_, entries) => {
    refused(() => writeTar(entries), entries);
    // The same from a writer without rules: harmless names of the same length, changed afterwards.
    const harmless = entries.map((one, at) => ({
      ...one,
      path: one.path.replace(/[^]/g, String.fromCharCode(97 + at)),
      bytes: one.mode === "120000" ? bytesOf("t".repeat(one.bytes.length)) : one.bytes,
    }));
    if (entries.some(({ path, bytes }) => path === "" || bytes.length === 0)) return;
    const bytes = writeTar(harmless);
    for (const [at, { path, mode, bytes: target }] of entries.entries()) {
      const where = harmless.slice(0, at).reduce((sum, one) => sum + (one.mode === "120000" ? 512 : 1024), 0);
      bytes.set(bytesOf(path), where);
      if (mode === "120000") bytes.set(target, where + 157);
      summed(bytes, where);
    }
    refused(() => readTar(bytes), entries);
  });

  const at = (offset: number, text: string) => (bytes: Uint8Array) => {
    bytes.set(bytesOf(text), offset);
    return summed(bytes, 0);
  };
  test.each([
    ["a hard link", at(156, "1")],
    ["a device", at(156, "3")],
    ["a pipe", at(156, "6")],
    ["a folder", at(156, "5")],
    ["GNU's long name", at(156, "L")],
    ["a sparse file", at(156, "S")],
    ["a global header", at(156, "g")],
    ["a set-user-id program", at(100, "0004755\0")],
    ["a size in base 256", at(124, "\x80\0\0\0\0\0\0\0\0\0\0\x01")],
    ["a size beyond the end", at(124, "77777777777\0")],
    ["a name in two parts", at(345, "../..")],
    ["another format", at(257, "ustar  \0")],
    ["a wrong checksum", (bytes: Uint8Array) => void (bytes[0] = 98)],
    ["no end", (bytes: Uint8Array) => bytes.subarray(0, 1024)],
    ["half a block", (bytes: Uint8Array) => bytes.subarray(0, 1700)],
    ["something after its end", (bytes: Uint8Array) => void (bytes[bytes.length - 1] = 1)],
    ["a link with content", at(156, "2")],
  ])("%s", (what, spoil) => {
    const bytes = writeTar([file("a")]);
    const spoilt = spoil(bytes);
    refused(() => readTar(spoilt instanceof Uint8Array ? spoilt : bytes), what);
  });

  test.each(["12 path=../b\n", "9 path=b\n9 path=c\n", "11 size=100\n", "99 path=b\n", "9 path=bb", "0 path=b\n", ""])(
    "the pax header %j",
    (records) => {
      const bytes = writeTar([file(long)]);
      bytes.fill(0, 512, 1024);
      bytes.set(bytesOf(records), 512);
      bytes.set(bytesOf(`${records.length.toString(8).padStart(11, "0")}\0`), 124);
      summed(bytes, 0);
      if (records !== "") refused(() => readTar(bytes), records);
    },
  );
});

test("any damage is refused, or gives entries that keep the rules", () => {
  const whole = writeTar([file("a/b", "text"), link("a/c", "b"), file(long, "more", "100755")]);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (where, value) => {
      const bytes = whole.slice();
      bytes[where] = value;
      try {
        expect(writeTar(readTar(bytes)).length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toMatchObject({ code: "archive-format" });
      }
    }),
    { numRuns: 2000 },
  );
});

/** With the checksum of the header there. */
function summed(bytes: Uint8Array, from: number): Uint8Array {
  bytes.fill(32, from + 148, from + 156);
  const sum = bytes.subarray(from, from + 512).reduce((all, byte) => all + byte, 0);
  bytes.set(bytesOf(`${sum.toString(8).padStart(6, "0")}\0 `), from + 148);
  return bytes;
}
