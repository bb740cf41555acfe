/** Audit receipts: the same audit gives the same bytes, a receipt that contradicts itself is none, and nothing is left out without a count. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hex, utf8 } from "../../../src/core/bytes.js";
import { receiptOf, type ReceiptInput } from "../../../src/core/audit/receipt.js";
import {
  findingsDigest,
  MAX_FINDINGS,
  MAX_LISTED,
  MAX_SUBJECTS,
  type ReceiptFinding,
} from "../../../src/core/statement/audit-receipt.js";
import { STATES, type Look } from "../../../src/core/audit/reference.js";
import { RULE_IDS, UNWAIVABLE, type Finding } from "../../../src/core/statement/audit-rules.js";
import { nobleEngine } from "../../../src/core/engine.js";
import { parseEnvelope } from "../../../src/core/statement/envelope.js";
import { AttestError } from "../../../src/core/errors.js";
import { canonical, isObject, type Json, type JsonObject } from "../../../src/core/json.js";
import { NoticeSet } from "../../../src/core/verify/notice-set.js";
import { readNotice } from "../../../src/core/statement/notice.js";
import { MAX_PAYLOAD } from "../../../src/core/statement/statement.js";
import { look, sites, yours } from "../looking.js";
import { NOW, sealed, signer } from "../making.js";
import { mangled } from "../mangling.js";

const [me, site] = [signer(), signer()];
const KEYS = [yours(me), sites(site)];
const digestOf = (name: string): string => hex(nobleEngine.sha256(utf8(name)));
const AT = "2026-03-01T10:00:00Z";

const input = (given: Partial<ReceiptInput> = {}): ReceiptInput => ({
  origin: "example.org/lab",
  documents: [
    {
      digest: digestOf("one"),
      references: 2,
      looks: [{ pointer: "/predicate/f3/evidence/0", place: "address", state: "gone", detail: "404" }],
    },
    { digest: digestOf("two"), references: 0, looks: [] },
  ],
  findings: [
    { finding: finding("evidence-gone", "one"), waived: false },
    { finding: finding("superseded", "two"), waived: false },
    { finding: finding("date-order", "two"), waived: true },
  ],
  engine: nobleEngine,
  keys: KEYS,
  logs: [{ origin: "example.org/lab", size: 7, root: digestOf("root") }],
  offline: false,
  notChecked: ["the address of two did not answer in time"],
  ...given,
});
function finding(rule: Finding["rule"], about: string, pointer = ""): Finding {
  return { rule, about: digestOf(about), pointer, detail: `of ${about}` };
}

const bytes = (given: ReceiptInput): string => hex(canonical(receiptOf(given) as Json));
const stamped = (given: ReceiptInput): JsonObject => {
  const made = receiptOf(given) as Json as JsonObject;
  return { ...made, predicate: { ...(made["predicate"] as JsonObject), signedAt: AT } };
};
const fault = (value: Json): string | undefined => {
  const read = readNotice(value, nobleEngine);
  return "fault" in read ? read.fault : undefined;
};

test("a receipt says what was looked at, what was found, and with what", () => {
  expect(receiptOf(input())).toMatchObject({
    subject: [digestOf("one"), digestOf("two")].sort().map((sha256) => ({ name: "payload", digest: { sha256 } })),
    predicateType: "urn:f3-attest:notice:v1",
    predicate: {
      version: 1,
      action: "audit",
      origin: "example.org/lab",
      engine: "noble",
      offline: false,
      documents: {
        count: 2,
        sha256: digestOf(
          [digestOf("one"), digestOf("two")]
            .sort()
            .map((one) => `${one}\n`)
            .join(""),
        ),
      },
      states: { same: 1, gone: 1, changed: 0, "not-checked": 0 },
      findings: {
        count: 3,
        // Errors, warnings, what is waived.
        listed: [
          { rule: "evidence-gone", about: digestOf("one"), pointer: "" },
          { rule: "superseded", about: digestOf("two"), pointer: "" },
          { rule: "date-order", about: digestOf("two"), pointer: "", waived: true },
        ],
      },
      keys: {
        count: 2,
        listed: [
          { keyid: me.key.keyid, source: "--key", by: "you" },
          { keyid: site.key.keyid, source: "the registry's keyring", by: "site" },
        ],
      },
      logs: { count: 1, listed: [{ origin: "example.org/lab", size: 7 }] },
      notChecked: { count: 1, listed: ["the address of two did not answer in time"] },
    },
  });
});

test("signed, it verifies as what it is, and is heeded nowhere else", () => {
  const signedOne = sealed(stamped(input()), me);
  expect(look(signedOne, [yours(me)], { now: NOW })).toMatchObject({
    outcome: "accepted",
    notice: { action: "audit" },
  });
  expect(NoticeSet.read([signedOne], nobleEngine).all[0]?.notice.action).toBe("audit");
});

test("what is found of the registry as a whole, or of what cannot be read, is about its origin", () => {
  const whole = { rule: "log" as const, about: "", pointer: "", detail: "the log was cut" };
  const unreadable = { rule: "unverified" as const, about: "", pointer: "", detail: "no JSON" };
  const given = input({ findings: [whole, unreadable, unreadable].map((finding) => ({ finding, waived: false })) });
  const about = digestOf("example.org/lab");
  expect(receiptOf(given).predicate.findings.listed).toEqual([
    { rule: "log", about, pointer: "" },
    { rule: "unverified", about, pointer: "" },
    { rule: "unverified", about, pointer: "" },
  ]);
  expect(fault(stamped(given))).toBeUndefined();
});

const name = fc.string({ unit: "binary", maxLength: 8 });
const aLook = fc.record<Look>({
  pointer: fc.constantFrom("", "/subject/0", "/predicate/url"),
  place: fc.constantFrom("archive", "address", "git", "attestation", "file"),
  state: fc.constantFrom(...STATES),
  detail: name,
});
const anything: fc.Arbitrary<ReceiptInput> = fc.record({
  origin: name,
  documents: fc.array(
    fc.record({
      digest: fc.integer({ max: 200 }).map(String).map(digestOf),
      references: fc.integer({ min: 4, max: 9 }),
      looks: fc.array(aLook, { maxLength: 4 }),
    }),
    { maxLength: 120 },
  ),
  findings: fc.array(
    fc.record({
      finding: fc.record({
        rule: fc.constantFrom(...RULE_IDS),
        about: fc.nat({ max: 3 }).map(String).map(digestOf),
        pointer: fc.constantFrom("", "/a~1b", "/predicate/f3/evidence/0", `/${"x".repeat(900)}/${"y".repeat(900)}`),
        detail: name,
      }),
      waived: fc.boolean(),
    }),
    { maxLength: 80 },
  ),
  engine: fc.constant(nobleEngine),
  keys: fc.array(fc.constantFrom(...KEYS), { maxLength: 5 }),
  logs: fc.array(fc.record({ origin: name, size: fc.nat(), root: name.map(digestOf) }), { maxLength: 40 }),
  offline: fc.boolean(),
  notChecked: fc.array(
    fc.oneof(
      name,
      name.map((text) => text.repeat(100)),
      fc.constant("\ud800"),
    ),
    { maxLength: 60 },
  ),
});

/** As an audit comes out: what is gone is a finding, and some are never waived. */
const audits = anything.map((one): ReceiptInput => ({
  ...one,
  documents: one.documents.map((document) => ({
    ...document,
    looks: document.looks.filter(({ state }) => state !== "gone" || one.findings.length > 0),
  })),
  findings: one.findings.map(({ finding, waived }) => ({ finding, waived: waived && !UNWAIVABLE.has(finding.rule) })),
}));

describe("of whatever audit", () => {
  test("the parts may come in any order, and twice: the bytes are the same", () => {
    const shuffled = audits.chain((one) => {
      const any = <T>(all: readonly T[]): fc.Arbitrary<T[]> =>
        fc.shuffledSubarray([...all], { minLength: all.length, maxLength: all.length });
      return fc.record({
        one: fc.constant(one),
        other: fc.record({
          origin: fc.constant(one.origin),
          engine: fc.constant(one.engine),
          offline: fc.constant(one.offline),
          documents: any([...one.documents, ...one.documents.slice(0, 2)]),
          findings: any(one.findings),
          keys: any([...one.keys, ...one.keys.slice(0, 1)]),
          logs: any([...one.logs, ...one.logs.slice(0, 1)]),
          notChecked: any([...one.notChecked, ...one.notChecked.slice(0, 1)]),
        }),
      });
    });
    fc.assert(
      fc.property(shuffled, ({ one, other }) => {
        expect(bytes(other)).toBe(bytes(one));
      }),
      { numRuns: 60 },
    );
  });

  test("the receipt is whole, small enough, and counts what it does not list", () => {
    fc.assert(
      fc.property(audits, (one) => {
        const made = stamped(one);
        expect(fault(made)).toBeUndefined();
        expect(canonical(made).length).toBeLessThan(MAX_PAYLOAD - 500);
        const { findings, documents } = receiptOf(one).predicate;
        expect(findings.count).toBe(one.findings.length);
        expect(documents.count).toBe(new Set(one.documents.map(({ digest }) => digest)).size);
      }),
      { numRuns: 60 },
    );
  });
});

describe("a long list", () => {
  const many = (count: number): ReceiptInput["documents"] =>
    Array.from({ length: count }, (_, at) => ({ digest: digestOf(String(at)), references: 0, looks: [] }));

  test("of documents becomes the one subject", () => {
    expect(receiptOf(input({ documents: many(MAX_SUBJECTS) })).subject).toHaveLength(MAX_SUBJECTS);
    const { subject, predicate } = receiptOf(input({ documents: many(MAX_SUBJECTS + 1) }));
    expect(subject).toEqual([{ name: "list of payloads", digest: { sha256: predicate.documents.sha256 } }]);
    expect(receiptOf(input({ documents: [] })).subject).toHaveLength(1); // in-toto has no statement without one
  });

  test("is listed as far as there is room", () => {
    const long = input({
      findings: Array.from({ length: 400 }, (_, at) => ({
        finding: finding("prose-differs", String(at), `/${String(at).padStart(990, "x")}`),
        waived: false,
      })),
      notChecked: Array.from({ length: 200 }, (_, at) => `${at}${"\u0001".repeat(400)}`),
    });
    const { findings, notChecked } = receiptOf(long).predicate;
    expect([findings.count, notChecked.count]).toEqual([400, 200]);
    expect(findings.listed.length).toBeLessThan(MAX_FINDINGS);
    expect(findings.listed.length).toBeGreaterThan(0);
    expect(notChecked.listed.length).toBeLessThanOrEqual(MAX_LISTED);
    expect(canonical(stamped(long)).length).toBeLessThan(MAX_PAYLOAD);
    expect(fault(stamped(long))).toBeUndefined();
  });
});

describe("a receipt that contradicts itself is none", () => {
  const changed = (change: (predicate: Record<string, JsonObject>) => Record<string, Json>): JsonObject => {
    const made = stamped(input());
    return { ...made, predicate: change(made["predicate"] as Record<string, JsonObject>) };
  };
  const listed = (rule: string, more: Partial<ReceiptFinding> = {}): ReceiptFinding => ({
    rule,
    about: digestOf("one"),
    pointer: "",
    ...more,
  });
  const found = (all: readonly ReceiptFinding[]): JsonObject =>
    changed((one) => ({
      ...one,
      findings: { count: all.length, sha256: findingsDigest(all, nobleEngine), listed: all as Json },
    }));
  test.each<[string, () => JsonObject, string]>([
    ["with another subject", () => ({ ...stamped(input()), subject: [] }), "predicate.documents"],
    [
      "with a subject too many",
      () => ({ ...stamped(input()), subject: [digestOf("one"), digestOf("two"), digestOf("x")].sort().map(subject) }),
      "predicate.documents",
    ],
    [
      "with one in another order",
      () => ({ ...stamped(input()), subject: [digestOf("one"), digestOf("two")].sort().reverse().map(subject) }),
      "predicate.documents",
    ],
    [
      "without a finding that it counts, and with its digest",
      () =>
        changed((one) => ({
          ...one,
          findings: { ...one["findings"], count: 2, listed: (one["findings"]!["listed"] as Json[]).slice(0, 2) },
        })),
      "predicate.findings",
    ],
    [
      "with a finding called waived that was not",
      () =>
        changed((one) => ({
          ...one,
          findings: {
            ...one["findings"],
            listed: (one["findings"]!["listed"] as JsonObject[]).map((listed) => ({ ...listed, waived: true })),
          },
        })),
      "predicate.findings",
    ],
    [
      "with more keys than it counts",
      () => changed((one) => ({ ...one, keys: { ...one["keys"], count: 1 } })),
      "predicate.keys",
    ],
    [
      "with a member too many in a list",
      () => changed((one) => ({ ...one, logs: { ...one["logs"], more: 1 } })),
      "predicate.logs",
    ],
    ["with a finding waived that cannot be", () => found([listed("log", { waived: true })]), "cannot be waived"],
    ["with something gone and no finding", () => found([]), "predicate.states: something gone"],
    [
      "with what is waived first",
      () => found([listed("date-order", { waived: true }), listed("superseded")]),
      "findings: not sorted",
    ],
    [
      "with findings of a rule in another order",
      () => found([listed("superseded", { pointer: "/b" }), listed("superseded", { pointer: "/a" })]),
      "findings: not sorted",
    ],
    [
      "with a subject twice",
      () => {
        const twice = [digestOf("one"), digestOf("one")];
        return {
          ...changed((one) => ({
            ...one,
            documents: { count: 2, sha256: digestOf(twice.map((digest) => `${digest}\n`).join("")) },
          })),
          subject: twice.map(subject),
        };
      },
      "predicate.documents: subjects that are not sorted",
    ],
    [
      "with an object that has a length where a text belongs",
      () => changed((one) => ({ ...one, origin: { length: { toString: null } } })),
      "predicate.origin",
    ],
  ])("%s", (_, made, where) => {
    expect(fault(made())).toContain(where);
  });

  test("and bytes that are changed are refused, or say the same", () => {
    const bytes = sealed(
      stamped(input({ documents: [], findings: [], notChecked: [], logs: [], keys: [yours(me)] })),
      me,
    );
    const said = JSON.stringify(parseEnvelope(bytes).payload);
    let read = 0;
    let at = 0;
    for (const one of mangled(bytes)) {
      if ((at += 1) % 5 !== 0) continue; // enough, and of every kind
      try {
        const { payload } = parseEnvelope(one);
        if (JSON.stringify(payload) === said) continue;
        if (!isObject(payload)) throw new Error("no object");
        read += 1;
        expect(readNotice(payload, nobleEngine)).toBeTypeOf("object"); // and nothing is thrown
      } catch (error) {
        if (!(error instanceof AttestError)) throw error;
      }
    }
    expect(read).toBeGreaterThan(50);
  });
});
const subject = (sha256: string): Json => ({ name: "payload", digest: { sha256 } });
