/** A file is read inside of a folder alone, whatever links lie on the way, and also where these are looked for once a second. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AttestError } from "../../src/core/errors.js";
import { read, readNamed } from "../../src/node/reading.js";

let root = "";
let lab = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "attest-within-"));
  lab = join(root, "lab");
  mkdirSync(join(lab, "reports"), { recursive: true });
  mkdirSync(join(root, "out/deep"), { recursive: true });
  writeFileSync(join(lab, "reports/a.xml"), "a");
  writeFileSync(join(root, "out/deep/b.xml"), "secret");
  writeFileSync(join(root, "out/c.xml"), "secret");
});
afterEach(() => rmSync(root, { recursive: true }));

const text = (path: string, steady: boolean): string => {
  try {
    const bytes = read(path, { within: lab, steady });
    return bytes === undefined ? "none" : Buffer.from(bytes).toString();
  } catch (error) {
    if (error instanceof AttestError) return error.code;
    throw error;
  }
};

test.runIf(process.platform !== "win32").each([true, false])("no link leads out of it; steady: %s", (steady) => {
  expect(text(join(lab, "reports/a.xml"), steady)).toBe("a");
  symlinkSync(join(root, "out/deep"), join(lab, "link"));
  symlinkSync(join(root, "out/c.xml"), join(lab, "reports/c.xml"));
  symlinkSync("a.xml", join(lab, "reports/same.xml"));
  expect(text(join(lab, "link/b.xml"), steady)).toBe("io");
  expect(text(join(lab, "reports/c.xml"), steady)).toBe("io");
  expect(text(`${lab}/link/../c.xml`, steady)).toBe("io");
  expect(text(join(lab, "reports/same.xml"), steady)).toBe("a");
  expect(text(join(lab, "reports/none.xml"), steady)).toBe("none");
});

test.runIf(process.platform !== "win32")("in a tested project, not even one that was made a moment ago", () => {
  expect(text(join(lab, "reports/a.xml"), false)).toBe("a");
  renameSync(join(lab, "reports"), join(lab, "before"));
  symlinkSync(join(root, "out/deep"), join(lab, "reports"));
  expect(text(join(lab, "reports/b.xml"), false)).toBe("io");
});

test.runIf(process.platform !== "win32")("a device without end is not read as a whole", () => {
  symlinkSync("/dev/zero", join(lab, "zero"));
  expect(() => readNamed(join(lab, "zero"))).toThrow(AttestError);
  expect(Buffer.from(readNamed(join(lab, "reports/a.xml"))).toString()).toBe("a");
  expect(readNamed("/dev/null")).toHaveLength(0);
});
