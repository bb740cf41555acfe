/** One document in, one report out: in which order the checks are made, and what the last of them say. */
import { describe, expect, test } from "vitest";
import { EXIT } from "../../../src/cli/exit-status.js";
import { fromUtf8, utf8 } from "../../../src/core/bytes.js";
import type { Code } from "../../../src/core/codes.js";
import { formatEnvelope } from "../../../src/core/statement/envelope.js";
import type { JsonObject } from "../../../src/core/json.js";
import { CHECK_NAMES, failures, type CheckName, type Report } from "../../../src/core/verify/report.js";
import { engines } from "../engines.js";
import { check, faults, idOf, look, marks, sites, yours } from "../looking.js";
import { dsse, NOW, result, sealed, signed, signer, statement, type Changes } from "../making.js";

const me = signer();

describe("a good one", () => {
  const file = sealed(statement(), me);

  test.each(engines)("$name, by a key of yours", (one) => {
    const report = look(file, [yours(me)], {
      engine: one,
      fileName: `${idOf(file)}.json`,
      named: true,
      archived: () => "same",
    });
    expect(report).toMatchObject({
      schema: "urn:f3-attest:report:v1",
      id: idOf(file),
      signature: "ok",
      trust: "confirmed-by-you",
      verdict: "VALIDATED",
      audit: "not-checked",
      signers: [{ keyid: me.key.keyid, signature: "ok", trust: "confirmed-by-you", source: "--key" }],
      engine: one.name,
      outcome: "accepted",
    });
    expect(report.id).toBe(`test_${report.digest?.slice(0, 16) ?? ""}`);
    expect(report.statement).toEqual(statement());
    // bytes format canonical signature trust type schema derivation name time evidence, and not: recompute log policy
    expect(marks(report)).toBe("+++++++++++.....");
    expect(report.checks.map(({ name }) => name)).toEqual(CHECK_NAMES);
  });

  test("in the DSSE format it is the same attestation", () => {
    const made = signed(statement(), [me]);
    const [one, two] = [look(formatEnvelope(made), [yours(me)]), look(dsse(made), [yours(me)])];
    expect(two).toMatchObject({ outcome: "accepted", id: one.id!, digest: one.digest!, verdict: "VALIDATED" });
    expect(two.statement).toEqual(one.statement);
  });

  test("a failed test under a good signature is as good an attestation", () => {
    const failed = [
      {
        id: "it-failed",
        claim: "it works",
        required: true,
        outcome: "failed",
        expected: "works",
        observed: "does not",
      },
    ];
    const payload = statement({
      predicate: {
        result: "FAILED",
        passedTests: [],
        warnedTests: [],
        failedTests: ["it-failed"],
        f3: { verdict: "REFUTED", checks: failed },
      },
    });
    expect(look(sealed(payload, me), [yours(me)])).toMatchObject({
      outcome: "accepted",
      signature: "ok",
      verdict: "REFUTED",
    });
  });

  test("what was not asked is not green", () => {
    const report = look(file, [yours(me)]);
    expect(
      ["file-name", "evidence", "recompute", "log", "policy"].map((name) => check(report, name as CheckName)),
    ).toMatchObject([
      { status: "not-checked", code: "no-name" },
      { status: "not-checked", code: "no-archive" },
      { status: "not-checked", code: "no-recompute" },
      { status: "not-checked", code: "no-log" },
      { status: "not-checked", code: "no-policy" },
    ]);
    expect(report.outcome).toBe("accepted");
  });

  test("members that this version does not know are ignored, and not shown", () => {
    const report = look(
      sealed(statement({ predicate: { approvedBy: "the moon", f3: { grade: "one plus with a star" } } }), me),
      [yours(me)],
    );
    expect(report).toMatchObject({ outcome: "accepted", verdict: "VALIDATED" });
    expect(JSON.stringify(report)).not.toMatch(/the moon|plus with a star|approvedBy|grade/);
  });
});

describe("the bytes come before everything", () => {
  const { payload, ...rest } = JSON.parse(fromUtf8(sealed(statement(), me))) as { payload: JsonObject };

  test.each<[string, string, CheckName, Code, string]>([
    ["no JSON", "hello", "encoding", "json-syntax", "!..............."],
    ["nothing", "", "encoding", "json-syntax", "!..............."],
    ["no attestation", "{}", "envelope", "envelope-unknown", "+!.............."],
    [
      "readable and bundle at once",
      JSON.stringify({ payload, ...rest, dsseEnvelope: {} }),
      "envelope",
      "envelope-mixed",
      "+!..............",
    ],
    [
      "readable and base64 at once",
      JSON.stringify({ payload, ...rest }).replace("{", '{"payload":"e30=",'),
      "encoding",
      "json-duplicate",
      "!...............",
    ],
    [
      "a member beside the envelope's",
      JSON.stringify({ payload, ...rest, verdict: "VALIDATED" }),
      "envelope",
      "envelope-member",
      "+!..............",
    ],
    [
      "a payload in another spelling",
      JSON.stringify({ ...rest, payload: btoa('{"a": 1}') }),
      "canonical",
      "not-canonical",
      "++!.............",
    ],
    [
      "a signature that is no base64",
      JSON.stringify({ payload, ...rest, signatures: [{ keyid: "", sig: "?" }] }),
      "envelope",
      "base64",
      "+!..............",
    ],
  ])("%s", (_, document, name, code, made) => {
    const report = look(utf8(document), [yours(me)]);
    expect(faults(report)).toEqual([[name, code]]);
    expect(marks(report)).toBe(made);
    expect(report).toMatchObject({
      outcome: "error",
      signature: "not-checked",
      trust: "not-checked",
      audit: "not-checked",
      signers: [],
    });
    expect(report).not.toHaveProperty("id");
    expect(report).not.toHaveProperty("verdict");
  });
});

describe("the name of the file", () => {
  const file = sealed(statement(), me);
  const id = idOf(file);
  const digest = look(file, []).digest!;

  test.each<[string | undefined, boolean, string, Code, number]>([
    [undefined, false, "not-checked", "no-name", 0],
    [`${id}.json`, false, "passed", "ok", 0],
    [`${id}.json`, true, "passed", "ok", 0],
    ["result.json", false, "not-checked", "no-name", 0],
    ["result.json", true, "failed", "name-mismatch", 1],
    ["test_0123456789abcdef.json", false, "failed", "name-mismatch", 1],
    [`plan_${digest.slice(0, 16)}.json`, false, "failed", "name-mismatch", 1],
    [`test_${digest}.json`, true, "failed", "name-mismatch", 1],
    [`${id}.JSON`, true, "failed", "name-mismatch", 1],
    [id, true, "failed", "name-mismatch", 1],
    ["", true, "failed", "name-mismatch", 1],
  ])("%s, in a registry: %s: %s", (fileName, named, status, code, exit) => {
    const report = look(file, [yours(me)], { fileName, named });
    expect(check(report, "file-name")).toMatchObject({ status, code });
    expect(EXIT[report.outcome]).toBe(exit);
  });
});

describe("the dates, all of them claims", () => {
  test.each<[string, Changes]>([
    ["finished before it started", { run: { finishedAt: "2026-03-01T09:59:59.999Z" } }],
    ["signed before it finished", { signedAt: "2026-03-01T10:00:02.499Z" }],
    ["signed before it started", { signedAt: "2026-02-28T10:00:00Z" }],
  ])("%s", (_, changes) => {
    const report = look(sealed(result(changes), me), [yours(me)]);
    expect(report).toMatchObject({ outcome: "findings", audit: "findings", signature: "ok", verdict: "VALIDATED" });
    expect(faults(report)).toEqual([["time", "time-order"]]);
  });

  test("all at one instant is an order", () => {
    const at = "2026-03-01T10:00:00Z";
    expect(
      look(sealed(result({ run: { startedAt: at, finishedAt: at }, signedAt: at, evidence: [] }), me), [yours(me)])
        .outcome,
    ).toBe("accepted");
  });

  test("the future begins five minutes from now", () => {
    const file = sealed(statement(), me);
    const signedAt = Date.parse("2026-03-01T10:00:03Z");
    expect(look(file, [yours(me)], { now: new Date(signedAt - 300_000) }).outcome).toBe("accepted");
    const report = look(file, [yours(me)], { now: new Date(signedAt - 300_001) });
    expect(report).toMatchObject({ outcome: "findings", audit: "findings" });
    expect(faults(report)).toEqual([["time", "time-future"]]);
  });
});

describe("evidence", () => {
  const sha256 = "cc33".repeat(16);
  const [piece] = (statement()["predicate"] as { f3: { evidence: JsonObject[] } }).f3.evidence;
  const two = sealed(
    result({ evidence: [piece!, { ...piece, name: "log.txt", digest: { sha256: "dd44".repeat(16) } }] }),
    me,
  );

  test("is asked for by its digest", () => {
    const asked: string[] = [];
    look(two, [yours(me)], { archived: (digest) => (asked.push(digest), "same") });
    expect(asked).toEqual([sha256, "dd44".repeat(16)]);
  });

  test.each<[string, Record<string, "same" | "changed" | "missing">, string, Code, number]>([
    ["there and the same", {}, "passed", "ok", 0],
    ["one is not there", { [sha256]: "missing" }, "not-checked", "evidence-missing", 0],
    ["one is not the same", { [sha256]: "changed" }, "failed", "evidence-changed", 5],
    [
      "one is not there, the other not the same",
      { [sha256]: "missing", ["dd44".repeat(16)]: "changed" },
      "failed",
      "evidence-changed",
      5,
    ],
  ])("%s", (_, states, status, code, exit) => {
    const report = look(two, [yours(me)], { archived: (digest) => states[digest] ?? "same" });
    expect(check(report, "evidence")).toMatchObject({ status, code });
    expect(EXIT[report.outcome]).toBe(exit);
    expect(report).toMatchObject({ audit: exit === 5 ? "findings" : "not-checked", verdict: "VALIDATED" });
  });

  test("with another digest than SHA-256 it is not checked", () => {
    const file = sealed(result({ evidence: [{ ...piece, digest: { sha512: "ee".repeat(64) } }] }), me);
    const report = look(file, [yours(me)], { archived: () => "same" });
    expect(check(report, "evidence")).toMatchObject({ status: "not-checked", code: "evidence-missing" });
  });
});

describe("of several faults the first in 2, 1, 3, 4, 5 is the exit status", () => {
  const late = result({ signedAt: "2026-02-28T10:00:00Z" });

  test.each<[string, number, Report]>([
    ["a bad date and a key of the site", 3, look(sealed(late, me), [sites(me)])],
    ["a wrong name and a bad date", 1, look(sealed(late, me), [yours(me)], { fileName: "a.json", named: true })],
    ["another kind and a key of the site", 3, look(sealed(result({ version: 2 }), me), [sites(me)])],
    ["no complete statement and a key of the site", 1, look(sealed(result({ title: "" }), me), [sites(me)])],
  ])("%s: %s", (_, exit, report) => {
    expect(failures(report).length).toBe(2);
    expect(EXIT[report.outcome]).toBe(exit);
  });
});

test("the example of verify()", () => {
  const report = look(sealed(statement(), me), [{ key: me.key, by: "you", source: "--key" }], { now: NOW });
  expect(report.outcome === "accepted" && report.verdict === "VALIDATED").toBe(true);
});
