/** Waivers and audit receipts as people type them: made, published or written alone, read, and refused where they would mislead. */
import { NoticeSet } from "../../src/core/verify/notice-set.js";
import { readdirSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { receiptOf, type ReceiptInput } from "../../src/core/audit/receipt.js";
import { UNWAIVABLE, type Finding } from "../../src/core/statement/audit-rules.js";
import { applyWaivers } from "../../src/core/audit/waiver.js";
import { fromUtf8 } from "../../src/core/bytes.js";
import { parseEnvelope } from "../../src/core/statement/envelope.js";
import { readable, type Json, type JsonObject } from "../../src/core/json.js";
import { parseKey } from "../../src/core/keys/key.js";
import { identify } from "../../src/core/statement/statement.js";
import { Owners } from "../../src/core/keys/owner.js";
import { nodeEngine } from "../../src/node/engine.js";
import { attest, copyOf, fault, stranger, workspace, type Ran, type Workspace } from "./attest.js";
import { lab, secretOf, sealed } from "./drafts.js";
import { naming } from "../core/refusal.js";

let made: Workspace;
let name: string;
let digest: string;
beforeAll(async () => {
  made = workspace();
  const { file } = await lab(made);
  name = basename(file);
  ({ digest } = identify(parseEnvelope(new Uint8Array(readFileSync(file))).payloadBytes, nodeEngine));
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
const notes = (): string[] => readdirSync(work.path("lab/attestations")).filter((name) => /^note_.*\.json$/.test(name));
const GONE = ["--rule", "evidence-gone", "--reason", "a copy is kept"];
const waive = (...more: string[]): Promise<Ran> => work.attest("waive", file, ...GONE, ...more);
const bytesOf = (path: string): Uint8Array => new Uint8Array(readFileSync(resolve(work.cwd, path)));

describe("attest waive", () => {
  test("publishes and logs a notice that verifies, and that an auditor who has the key heeds", async () => {
    const { path, id, about } = ok(await waive("--until", day(30), "--registry", "lab", "--json")).json();
    expect([about, notes()]).toEqual([digest, [`${id as string}.json`]]);
    ok(await work.attest("verify", path as string));
    expect(ok(await work.attest("log", "show", "lab")).stdout).toMatch(/^1 {2}notice .* waive /m);
    expect(ok(await work.attest("log", "check", "lab")).stdout).toMatch(/^clean: 2 entries/m);
    ok(await work.attest("verify", "lab", "--require", "not-retracted,logged"));

    const key = parseKey(ok(await work.attest("key", "show")).stdout, nodeEngine);
    const finding: Finding = { rule: "evidence-gone", about: digest, pointer: "", detail: "" };
    const nobody = { signersOf: () => [], owners: new Owners(), proven: new Owners(), own: new Set<string>() };
    const judged = (by: "you" | "site") =>
      applyWaivers(
        [finding],
        NoticeSet.read([bytesOf(path as string)], nodeEngine),
        [{ key, by, source: "" }],
        nobody,
        new Date(),
      ).findings[0];
    expect(judged("you")).toMatchObject({ waived: true, waivers: [{ standing: "honoured" }] });
    expect(judged("site")).toMatchObject({ waived: false, waivers: [{ standing: "not-yours" }] });
  });

  test("reads well", async () => {
    const path = ok(await waive("--until", day(30), "--pointer", "/predicate/f3/evidence/0")).stdout.trim();
    const shown = ok(await work.attest("show", path)).stdout;
    for (const line of [
      /^A finding of an audit is waived$/m,
      /^rule +evidence-gone: /m,
      /^where +\/predicate\/f3\/evidence\/0$/m,
      /^because \(claimed\) +a copy is kept$/m,
      new RegExp(`^until +${day(30)} 23:59:59 UTC$`, "m"),
    ])
      expect(shown).toMatch(line);
    expect(ok(await work.attest("verify", path)).stdout).toMatch(/^ {2}notice +A finding of an audit is waived$/m);
  });

  test("writes the notice alone for somebody who does not keep the registry, of whatever file they have", async () => {
    const auditor = stranger(work);
    ok(await attest(["key", "new", "auditor"], auditor));
    const there = work.path("waiver.json");
    const ran = ok(
      await attest(["waive", file, ...GONE, "--until", day(1), "--output", there, "--json"], auditor),
    ).json();
    expect(ran).toMatchObject({ about: digest, path: there, until: `${day(1)}T23:59:59Z` });
    ok(await work.attest("export", file, "--format", "dsse", "--output", "other.json"));
    const piped = await attest(["waive", "-", ...GONE, "--until", day(1), "--output", "-"], {
      ...auditor,
      input: readFileSync(work.path("other.json")),
    });
    expect((JSON.parse(ok(piped).stdout) as { payload: JsonObject }).payload["predicate"]).toHaveProperty(
      "about",
      digest,
    );
    expect(notes()).toEqual([]);
  });

  test("takes an exact time, and the rule of a plan", async () => {
    const until = new Date(Date.now() + 3_600_000).toISOString();
    expect(ok(await waive("--until", until, "--json")).json()).toHaveProperty("until", until);
    ok(await work.attest("run", "--subject", "statement.json", "--registry", "lab", "--", "true"));
    const plan = readdirSync(work.path("lab/attestations")).find((name) => /^plan_.*\.json$/.test(name)) ?? "";
    const args = ["--rule", "result-missing", "--reason", "it is known", "--until", day(2), "--registry", "lab"];
    ok(await work.attest("waive", basename(plan, ".json"), ...args));
  });

  test.each<[string, string[], RegExp, RegExp]>([
    [
      "a rule that there is not",
      ["--rule", "evidence-lost"],
      naming("--rule", '"evidence-lost"'),
      naming("evidence-gone"),
    ],
    ...[...UNWAIVABLE].map((rule): [string, string[], RegExp, RegExp] => [
      `the rule ${rule}`,
      ["--rule", rule],
      naming(rule),
      naming(rule),
    ]),
    ["an end that has passed", ["--until", day(-1)], naming("--until"), /./],
    ["an end in two years", ["--until", day(730)], /\byear\b/, /./],
    ["a word as the end", ["--until", "never"], naming("2027-01-31", "--until", '"never"'), naming("UTC")],
    [
      "a day that no calendar has",
      ["--until", "2027-02-30"],
      naming("2027-01-31", "--until", '"2027-02-30"'),
      naming("UTC"),
    ],
    [
      "a place that is none",
      ["--pointer", "evidence"],
      naming("JSON", "--pointer", '"evidence"'),
      naming("attest audit"),
    ],
    ["no reason", ["--reason", " "], naming("reason", 2000), /./],
  ])("refuses %s, before anything is signed", async (_, more, error, hint) => {
    const told = fault(ok(await waive("--until", day(3), ...more), 2));
    expect(told.error).toMatch(error);
    expect(told.hint).toMatch(hint);
    expect(notes()).toEqual([]);
  });

  test("refuses a notice as what it is about", async () => {
    const path = ok(await waive("--until", day(3))).stdout.trim();
    const ran = await work.attest("waive", path, ...GONE, "--until", day(3));
    expect(fault(ok(ran, 2)).error).toMatch(/\bnote_/);
  });
});

describe("an audit receipt", () => {
  const input = (given: Partial<ReceiptInput> = {}): ReceiptInput => ({
    origin: "example.org/lab",
    documents: [
      { digest, references: 1, looks: [{ pointer: "/subject/0", place: "file", state: "changed", detail: "" }] },
    ],
    findings: [
      { finding: { rule: "evidence-changed", about: digest, pointer: "/subject/0", detail: "" }, waived: false },
    ],
    engine: nodeEngine,
    keys: [],
    logs: [{ origin: "example.org/lab", size: 1, root: digest }],
    offline: true,
    notChecked: ["the address: offline"],
    ...given,
  });
  const write = (value: unknown): string => work.write("receipt.json", fromUtf8(readable(value as Json)));
  const drafted = (given?: Partial<ReceiptInput>): string => write(receiptOf(input(given)));
  const changed = (change: Record<string, unknown>): string => {
    const made = receiptOf(input());
    return write({ ...made, predicate: { ...made.predicate, ...change } });
  };

  test("is signed, published and logged like a statement, and reads well", async () => {
    const ran = ok(await work.attest("sign", drafted(), "--registry", "lab", "--json")).json();
    expect(ran).toMatchObject({ action: "audit", id: basename(notes()[0] ?? "", ".json") });
    const path = ran["path"] as string;
    expect(ok(await work.attest("verify", path)).stdout).toMatch(/notice +What an audit found: an audit receipt/);
    expect(ok(await work.attest("log", "check", "lab")).stdout).toMatch(/^clean: 2 entries/m);
    const shown = ok(await work.attest("show", path)).stdout;
    for (const line of [
      /^1 document, 1 finding; 1 thing could not be checked\./m,
      /^audited +example\.org\/lab$/m,
      /^references +1 changed$/m,
      /^network +not used$/m,
      /^computed with +node:crypto/m,
      /^• evidence-changed$/m,
      /what it means: the bytes have changed since they were signed/m,
      /^• the address: offline$/m,
    ])
      expect(shown).toMatch(line);
  });

  test("is written alone, the same but for its time, and says nothing of a log", async () => {
    ok(await work.attest("sign", drafted(), "--output", "alone.json"));
    const { predicate } = (JSON.parse(readFileSync(work.path("alone.json"), "utf8")) as { payload: JsonObject })
      .payload as { predicate: JsonObject };
    const { signedAt, ...rest } = predicate;
    expect(signedAt).toMatch(/^\d{4}-/);
    expect(rest).toEqual(JSON.parse(JSON.stringify(receiptOf(input()).predicate)));
    ok(await work.attest("verify", "alone.json"));
    expect(notes()).toEqual([]);
  });

  test("of a large registry is not in anybody's way", async () => {
    const findings = Array.from({ length: 300 }, (_, at): ReceiptInput["findings"][number] => ({
      finding: { rule: "evidence-gone", about: digest, pointer: `/${String(at).padStart(900, "x")}`, detail: "" },
      waived: false,
    }));
    const path = ok(await work.attest("sign", drafted({ findings }), "--registry", "lab")).stdout.trim();
    expect(bytesOf(path).length).toBeGreaterThan(16 * 1024);
    ok(await work.attest("verify", "lab"));
    ok(await work.attest("verify", path));
    ok(await work.attest("site", "build", "--registry", "lab"));
    expect(ok(await work.attest("show", path)).stdout).toMatch(/and \d+ more, counted but not listed/);
  });

  test.each<[string, () => string, RegExp]>([
    ["with a time", () => changed({ signedAt: "2026-03-01T10:00:00Z" }), /without signedAt/],
    [
      "with a member that no verifier reads",
      () => changed({ opinion: "fine" }),
      /only the members that a verifier reads/,
    ],
    [
      "whose findings are not those of its digest",
      () => changed({ findings: { count: 0, listed: [], sha256: "ab".repeat(32) } }),
      /predicate\.findings: not the digest/,
    ],
    [
      "that is another notice",
      () => changed({ action: "retract", about: "ab".repeat(32), reason: "x" }),
      /found a notice whose action is "retract"$/,
    ],
    ["without a predicate", () => write({ predicateType: "urn:f3-attest:notice:v1" }), /a notice with a predicate/],
  ])("is not signed %s", async (_, make, error) => {
    const ran = await work.attest("sign", make(), "--registry", "lab");
    expect(fault(ok(ran, 2)).error).toMatch(error);
    expect(notes()).toEqual([]);
  });

  test("has no evidence, and secrets in it are refused", async () => {
    const ran = await work.attest("sign", drafted(), "--registry", "lab", "--evidence", "lab");
    expect(fault(ok(ran, 2)).error).toMatch(naming("--evidence"));
    const secret = drafted({ notChecked: [`with ghp_${"a1B2".repeat(9)}`] });
    expect(fault(ok(await work.attest("sign", secret, "--registry", "lab"), 2)).error).toMatch(/github-token/);
  });

  test("that somebody else's tool made and that contradicts itself does not verify", async () => {
    const made = receiptOf(input());
    const payload = {
      ...made,
      predicate: {
        ...made.predicate,
        documents: { count: 2, sha256: "ab".repeat(32) },
        signedAt: "2026-03-01T10:00:00Z",
      },
    } as unknown as JsonObject;
    const { bytes } = sealed(payload, secretOf(work));
    work.write("theirs.json", fromUtf8(bytes));
    const ran = await work.attest("verify", "theirs.json");
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/predicate\.documents: not the digest of the subjects/);
  });
});
