/** Whose waivers an audit heeds, and what its outputs say of documents that cannot be read or are by nobody whom the auditor knows. */
import { readFileSync, rmSync } from "node:fs";
import { basename } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Finding } from "../../src/core/statement/audit-rules.js";
import { utf8 } from "../../src/core/bytes.js";
import { parseEnvelope } from "../../src/core/statement/envelope.js";
import { Owners } from "../../src/core/keys/owner.js";
import type { Json, JsonObject } from "../../src/core/json.js";
import { noticeStatement } from "../../src/core/statement/notice.js";
import { identify } from "../../src/core/statement/statement.js";
import { NoticeSet } from "../../src/core/verify/notice-set.js";
import { nodeEngine } from "../../src/node/engine.js";
import { applyTo } from "../../src/pipeline/audit/report.js";
import { sites, yours } from "../core/looking.js";
import { sealed, signer } from "../core/making.js";
import { attest, copyOf, stranger, workspace, type Ran, type Workspace } from "./attest.js";
import { lab } from "./drafts.js";

let made: Workspace;
let name: string;
let key: string;
beforeAll(async () => {
  made = workspace();
  name = basename((await lab(made)).file);
  key = (await made.attest("key", "show")).stdout.trim();
});

let work: Workspace;
let file: string;
beforeEach(() => {
  work = copyOf(made);
  file = work.path(`lab/attestations/${name}`);
});

const ok = (ran: Ran, code = 0): Ran => {
  expect(ran.code, ran.stdout + ran.stderr).toBe(code);
  return ran;
};
const day = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

describe("a waiver", () => {
  const waive = ["--rule", "archive-gone", "--reason", "it is elsewhere", "--until", day(30)];
  const interested = "who signed it: its own signer's word does not count for you: it is elsewhere";

  test("of the publisher's own counts in the publisher's audit, and not for a stranger who has the key to verify with", async () => {
    rmSync(work.path("lab/attestations/evidence"), { recursive: true });
    ok(await work.attest("audit", "lab", "--offline"), 5);
    ok(await work.attest("waive", file, ...waive, "--registry", "lab"));
    expect(ok(await work.attest("audit", "lab", "--offline")).stdout).toContain("waived by");
    const ran = ok(await attest(["audit", "lab", "--offline", "--key", key], stranger(work)), 5);
    expect(ran.stdout).toContain(interested);
  });

  test("of somebody else whom the stranger confirmed counts for the stranger", async () => {
    rmSync(work.path("lab/attestations/evidence"), { recursive: true });
    const other = workspace();
    const line = ok(await other.attest("key", "new", "other")).stdout.trim();
    ok(await other.attest("waive", file, ...waive, "--output", work.path("waiver.json")));
    const args = ["audit", "lab", "--offline", "--key", key, "--key", line, "--notice", "waiver.json"];
    ok(await attest(args, stranger(work)));
  });

  test("of a plan, by whose word it counts: not its signer's, and nobody's where the signer is not known", () => {
    const [publisher, other] = [signer(), signer()];
    const about = "ab".repeat(32);
    const finding: Finding = { rule: "result-missing", about, pointer: "/predicate/deadline", detail: "" };
    const until = new Date(Date.now() + 86_400_000).toISOString();
    const signedAt = new Date(Date.now() - 1000).toISOString();
    const notice = noticeStatement(
      { version: 1, action: "waive", about, rule: "result-missing", reason: "late", until, signedAt },
      nodeEngine,
    );
    const judged = (by: typeof publisher, source: string, signed?: typeof publisher): string =>
      applyTo(
        {
          owners: new Owners(),
          proven: new Owners(),
          signers: new Map(signed && [[about, [signed.key.keyid]]]),
          documents: [],
          findings: [finding],
          graph: { cards: new Map(), edges: [] },
          logs: [],
          open: [],
          states: {} as never,
          notices: NoticeSet.read([sealed(notice as Json as JsonObject, by)], nodeEngine),
          keys: [{ ...yours(publisher), source }, yours(other), sites(publisher)],
        },
        new Date(),
      ).outcome;
    expect([judged(publisher, "--key"), judged(publisher, "your keystore, signer"), judged(other, "--key")]).toEqual([
      "findings",
      "accepted",
      "findings",
    ]);
    expect([judged(publisher, "--key", publisher), judged(other, "--key", publisher)]).toEqual([
      "findings",
      "accepted",
    ]);
  });
});

describe("of a document that cannot be read", () => {
  test("a receipt says so, about the registry, and can be signed", async () => {
    work.write(`lab/attestations/test_${"0".repeat(16)}.json`, "no JSON");
    ok(await work.attest("audit", "lab", "--offline", "--receipt", "receipt.json"), 2);
    const { predicate } = JSON.parse(readFileSync(work.path("receipt.json"), "utf8")) as { predicate: JsonObject };
    const about = identify(utf8("example.org/lab"), nodeEngine).digest;
    expect(predicate).toMatchObject({
      documents: { count: 1 },
      findings: { count: 1, listed: [{ rule: "unverified", about, pointer: "" }] },
    });
    const { listed } = predicate["notChecked"] as { listed: string[] };
    expect(listed).toContainEqual(expect.stringMatching(/test_0{16}.*: it cannot be read$/));
    const signed = ok(await work.attest("sign", "receipt.json", "--output", "signed.json"));
    expect(signed.stderr).not.toContain("error");
    expect(parseEnvelope(new Uint8Array(readFileSync(work.path("signed.json")))).signatures).toHaveLength(1);
  });
});

test("in JUnit a document by an unknown key is not checked, and passes nothing", async () => {
  work.write("alone.json", readFileSync(file));
  const ran = ok(await attest(["audit", "alone.json", "--offline", "--junit", "-"], stranger(work)), 4);
  const cases = [...ran.stdout.matchAll(/<testcase name="([^"]*)"[^>]*?(\/)?>(?:<(\w+))?/g)];
  expect(cases.map(([, called, passed, outcome]) => [called, passed ?? outcome])).toEqual([
    ["the document itself", "skipped"],
  ]);
});
