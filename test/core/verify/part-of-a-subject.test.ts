/** A subject is never met by part of what it says: a table of what is asked for and what is there, each cell by itself. */
import { describe, expect, test } from "vitest";
import type { Json } from "../../../src/core/json.js";
import { asksForSubject, meets, unasked } from "../../../src/core/statement/subject.js";
import { check, look, yours } from "../looking.js";
import { sealed, signer, statement } from "../making.js";

const [A, B] = ["a1".repeat(20), "b2".repeat(20)]; // commits
const [F, G] = ["f3".repeat(32), "c4".repeat(32)]; // files
const S = "d5".repeat(64); // SHA-512

const subject = (digest: Readonly<Record<string, string>>, name = "app") => ({ name, digest });

test.each<[wanted: string, digest: Readonly<Record<string, string>>, met: boolean]>([
  [A, { gitCommit: A }, true],
  [A.toUpperCase(), { gitCommit: A }, true],
  [`gitCommit:${A}`, { gitCommit: A, gitTree: B }, true],
  [A, { gitTree: A }, false],
  [A, { gitTag: A }, false],
  [A, { sha1: A }, false],
  [A, { commit: A }, false],
  [A, { GitCommit: A }, false],
  [A, { "gitCommit ": A }, false],
  [A, { gitCommit: A.toUpperCase() }, false],
  [A, { gitCommit: A, sha256: F }, false], // two things under one name
  [A.slice(0, 12), { gitCommit: A }, true],
  [A.slice(0, 12), { gitCommit: A.slice(0, 12) }, false], // no whole digest was signed
  [A.slice(0, 12), { gitTree: A }, false],
  [A.slice(0, 11), { gitCommit: A }, false],
  [A, { gitCommit: A + "0".repeat(24) }, false], // 40 digits are a whole one
  [`gitTree:${A}`, { gitCommit: A }, false],
  [`gitTree:${A.slice(0, 12)}`, { gitTree: A }, false],
  [`dirHash:${F}`, { dirHash: F, gitTree: A }, true],
  [`dirHash:${F} gitTree:${B}`, { dirHash: F, gitTree: A }, false],
  [`gitTree:${A}`, { dirHash: F, gitTree: A }, true],
  [F, { dirHash: F }, false],
  [`sha256:${F}`, { dirHash: F }, false],
  [`dirHash:${F}`, { sha256: F }, false],
  [`dirHash:${F}`, { dirHash: F, sha256: F }, false],
  [F, { sha256: F }, true],
  [F, { gitCommit: F }, true],
  [F, { sha3_256: F }, false],
  [F, { dirHash1: F }, false],
  [F.slice(0, 20), { sha256: F }, false],
  [`sha256:${F}`, { gitCommit: F }, false],
  [`sha256:${F} sha512:${S}`, { sha256: F }, true],
  [`sha256:${F} sha512:${S}`, { sha256: F, sha512: S }, true],
  [`sha256:${F} sha512:${S}`, { sha256: F, sha512: "0".repeat(128) }, false],
  [`gitCommit:${A} gitTree:${B}`, { gitCommit: A, gitTree: A }, false],
  [`sha3_256:${F}`, { sha3_256: F }, false],
  [`md5:${"a".repeat(32)}`, { md5: "a".repeat(32) }, false],
  ["", { sha256: "" }, false],
  ["toString", { toString: "toString" }, false],
])("%s of %j: %s", (wanted, digest, met) => {
  expect(meets(subject(digest), wanted)).toBe(met);
  expect(unasked([subject(digest)], [wanted])).toHaveLength(met ? 0 : 1);
});

test.each([
  ...[
    "",
    " ",
    "gitCommit:",
    `gitCommit:${A.slice(0, 11)}`,
    `sha256:${F.slice(1)}`,
    `md5:${A}`,
    `sha256:${F} sha256:${G}`,
  ],
  ...[`gitCommit:${A} sha256:${F}`, `gitcommit:${A}`, `gitCommit:${A},gitTree:${B}`, "app.tar.gz", "abc", `${A} ${B}`],
])("%j asks for nothing", (text) => expect(asksForSubject(text)).toBe(false));

describe("what nobody asked for", () => {
  const commit = subject({ gitCommit: A, gitTree: B });
  const changes = subject({ sha256: F }, "changes to app that are not committed");
  test("changes that are not committed, whatever they are called", () => {
    expect(unasked([commit, changes], [A])).toEqual([changes]);
    expect(unasked([commit, { ...changes, name: "app" }], [A])).toHaveLength(1);
    expect(unasked([commit, changes], [A, `sha256:${F}`])).toEqual([]);
  });
  test("a subject of which nobody knows what it is", () => {
    expect(unasked([commit, subject({ note: A })], [A])).toHaveLength(1);
  });
  test("a commit with another tree than the one that was asked for beside it", () => {
    const trees = subject({ gitTree: A }, "other");
    expect(unasked([commit, trees], [`gitCommit:${A}`, `gitTree:${A}`])).toEqual([commit]);
    expect(unasked([commit], [`gitCommit:${A}`, `gitTree:${B}`])).toEqual([]);
  });
});

describe("the policy", () => {
  const me = signer();
  const other = { name: "more", digest: { sha256: G } };
  const [one] = [{ name: "file:add.js", digest: { sha256: F } }];
  const policy = { subjects: [`sha256:${F}`] };
  const report = (more: object, subjects: Json) =>
    look(sealed(statement({ subject: subjects }), me), [yours(me)], { policy: { ...policy, ...more } });
  test("met by what was asked for alone", () => {
    expect(report({}, [one]).outcome).toBe("accepted");
    expect(report({}, [one, other])).toMatchObject({ outcome: "untrusted", signature: "ok" });
    expect(Object.keys(check(report({}, [one, other]), "policy").values)).toContain("no other subject");
  });
  test("told that others may stand there", () => {
    expect(report({ subjectOnly: true }, [one, other]).outcome).toBe("accepted");
    expect(report({ subjectOnly: true }, [other]).outcome).toBe("untrusted");
  });
});
