/** A policy as a file: what it asks, who may sign what, and that nothing it could say means nothing. */
import { describe, expect, test } from "vitest";
import { utf8 } from "../../../src/core/bytes.js";
import { formatKey } from "../../../src/core/keys/key.js";
import { parsePolicy } from "../../../src/core/verify/policy-file.js";
import { both, type Policy } from "../../../src/core/verify/policy.js";
import { check, engine, faults, look, yours } from "../looking.js";
import { result, sealed, signer, statement, type Changes, type TestSigner } from "../making.js";
import { naming, refusal } from "../refusal.js";

const [lab, second, third] = [signer(), signer(), signer()];
const KEYS = { lab: formatKey(lab.key), second: formatKey(second.key, "a comment") };
const RULE = { subject: { name: "file:add.js" }, signers: ["lab"] };

const parse = (value: unknown): ReturnType<typeof parsePolicy> =>
  parsePolicy(utf8(typeof value === "string" ? value : JSON.stringify(value)), engine);
const policy = (rules: unknown): Policy => parse({ version: 1, keys: KEYS, rules }).policy;

test("what it says is what --require says", () => {
  const require = { validated: true, evidence: true, freshDays: 30, minSigners: 2, subjects: ["aa".repeat(32)] };
  expect(parse({ version: 1, require }).policy).toEqual({
    validated: true,
    evidence: true,
    maxAgeMs: 30 * 86_400_000,
    minSigners: 2,
    subjects: ["aa".repeat(32)],
  });
  expect(parse({ version: 1, keys: KEYS, rules: [RULE] })).toEqual({
    keys: [
      { name: "lab", key: lab.key },
      { name: "second", key: second.key },
    ],
    policy: { rules: [{ ...RULE, signers: [{ name: "lab", keyid: lab.key.keyid }], minSigners: 1 }] },
  });
});

describe("refused, since it would let pass what nobody meant", () => {
  const rule = (changes: object): unknown => ({ version: 1, keys: KEYS, rules: [{ ...RULE, ...changes }] });
  const asking = (require: object, more: object = {}): unknown => ({ version: 1, require, ...more });
  test.each<[string, unknown]>([
    ["nothing asked", { version: 1 }],
    ["only keys", { version: 1, keys: KEYS }],
    ["an empty require", asking({})],
    ["empty rules", { version: 1, keys: KEYS, rules: [] }],
    ["empty keys", { version: 1, keys: {}, require: { validated: true } }],
    ["no version", { require: { validated: true } }],
    ["a newer version", { version: 2, require: { validated: true } }],
    ["an unknown member", { version: 1, require: { validated: true }, more: 1 }],
    ["an unknown requirement", asking({ validated: true, fresh: 30 })],
    ["an unknown member of a rule", rule({ scenario: "x" })],
    ["a question that is none", asking({ validated: false })],
    ["a threshold of 0", asking({ minSigners: 0 })],
    ["a threshold below 0", asking({ minSigners: -1 })],
    ["half a signer", asking({ minSigners: 1.5 })],
    ["a threshold that no document can meet", asking({ minSigners: 17 })],
    ["a threshold above the number of keys", asking({ minSigners: 3 }, { keys: KEYS })],
    ["no days", asking({ freshDays: 0 })],
    ["no subjects", asking({ subjects: [] })],
    ["a subject that is no digest", asking({ subjects: ["app.tar.gz"] })],
    ["a rule without signers", rule({ signers: [] })],
    ["a rule with a threshold of 0", rule({ minSigners: 0 })],
    ["a rule with a threshold above its signers", rule({ minSigners: 2 })],
    ["a signer twice in a rule", rule({ signers: ["lab", "lab"], minSigners: 2 })],
    ["a signer without a key", rule({ signers: ["third"] })],
    ["a signer named as objects name their own", rule({ signers: ["constructor"] })],
    ["a rule about everything", rule({ subject: {} })],
    ["a rule without a subject", rule({ subject: undefined })],
    ["a rule about an empty name", rule({ subject: { name: "" } })],
    ["a rule about a name and an address", rule({ subject: { name: "a", uri: "b" } })],
    ["one key under two names", { version: 1, keys: { ...KEYS, again: KEYS.lab }, rules: [RULE] }],
    ["a name for a key that is none", { version: 1, keys: { Lab: KEYS.lab }, require: { validated: true } }],
    ["a list", []],
  ])("%s", (_, value) => {
    const { code, hint } = refusal(() => parse(value));
    expect({ code, hint }).toEqual({ code: "policy-format", hint: "docs/trust.md shows a whole policy" });
  });

  test.each<[string, string, string]>([
    [
      "a member twice",
      '{"version": 1, "require": {"validated": true}, "require": {"evidence": true}}',
      "json-duplicate",
    ],
    ["no JSON", "validated", "json-syntax"],
    [
      "a key that is none",
      '{"version": 1, "keys": {"lab": "ssh-rsa AAAA"}, "require": {"validated": true}}',
      "key-format",
    ],
  ])("%s", (_, text, code) => {
    expect(refusal(() => parse(text)).code).toBe(code);
  });
});

describe("who may sign what", () => {
  const trusted = [lab, second, third].map(yours);
  const found = (rules: unknown, by: readonly TestSigner[], changes: Changes = {}): string => {
    const report = look(sealed(statement(changes), ...by), trusted, { policy: policy(rules) });
    expect(faults(report).map(([name]) => name)).toEqual(report.outcome === "accepted" ? [] : ["policy"]);
    expect(["accepted", "untrusted"]).toContain(report.outcome);
    return report.outcome === "accepted" ? "met" : check(report, "policy").detail;
  };

  test("the key of the rule, and no other that you trust", () => {
    expect(found([RULE], [lab])).toBe("met");
    expect(found([RULE], [third])).toMatch(naming(1, "lab", "file:add.js", 0));
    expect(found([RULE], [third, lab])).toBe("met");
  });

  test("as many as the rule says", () => {
    const two = [{ ...RULE, signers: ["lab", "second"], minSigners: 2 }];
    expect(found(two, [lab, second])).toBe("met");
    expect(found(two, [lab, third])).toMatch(naming(2, "lab", "second", 1));
  });

  test("by name or by address, exactly as it is signed", () => {
    const uri = "https://example.org/app";
    const subject = [{ name: "app", uri, digest: { sha256: "aa".repeat(32) } }];
    expect(found([{ ...RULE, subject: { uri } }], [lab], { subject })).toBe("met");
    for (const other of ["https://example.org/app/", "https://example.org/x/../app", "https://EXAMPLE.org/app"])
      expect(found([{ ...RULE, subject: { uri: other } }], [lab], { subject })).toMatch(naming("app", "sha256"));
  });

  test("what no rule names is refused, be it one subject among others", () => {
    const other = { name: "other", digest: { sha256: "bb".repeat(32) } };
    const subject = [{ name: "file:add.js", digest: { sha256: "aa".repeat(32) } }, other];
    expect(found([RULE], [lab], { subject: [other] })).toMatch(naming(`other sha256:${"bb".repeat(32)}`));
    expect(found([RULE], [lab], { subject })).toMatch(naming(`other sha256:${"bb".repeat(32)}`));
    expect(found([RULE, { ...RULE, subject: { name: "other" } }], [lab], { subject })).toBe("met");
  });

  test("every rule that applies must hold", () => {
    const titled = { ...RULE, title: "Addition adds", signers: ["second"] };
    expect(found([RULE, titled], [lab, second])).toBe("met");
    expect(found([RULE, titled], [lab])).toMatch(naming(1, "second", "Addition adds", 0));
    expect(found([titled], [second], { predicate: { f3: { title: "Another" } } })).toMatch(
      naming("file:add.js", "sha256"),
    );
  });

  test("a key that is revoked is none of the signers", () => {
    const entry = { name: "lab", key: lab.key, validFrom: "2026-01-01T00:00:00Z" };
    const revoked = { ...entry, revoked: { at: "2026-01-02T00:00:00Z", reason: "lost" } };
    const keys = [yours(second), { ...yours(lab), entry: revoked }];
    const report = look(sealed(result({}), lab, second), keys, { policy: policy([RULE]) });
    expect(report.outcome).toBe("untrusted");
  });
});

test("two policies: both hold, and of two numbers the stricter", () => {
  const one = { validated: true, minSigners: 1, maxAgeMs: 5, subjects: ["a"] };
  const other = { evidence: true, minSigners: 2, maxAgeMs: 9, subjects: ["a", "b"] };
  const wanted = { validated: true, evidence: true, minSigners: 2, maxAgeMs: 5, subjects: ["a", "b"] };
  expect([both(one, other), both(other, one)]).toEqual([wanted, wanted]);
  expect(both({ logged: true, witnessed: 1 }, { notRetracted: true, witnessed: 2 })).toMatchObject({
    logged: true,
    notRetracted: true,
    witnessed: 2,
  });
  expect(both({}, { rules: [] })).toEqual({ validated: false, evidence: false, subjects: [] });
});
