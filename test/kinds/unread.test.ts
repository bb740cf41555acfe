/** What an audit could not read, or not to its end, is told and leaves it open; it is never taken for agreement. */
import { appendFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { copyOf, workspace, type Workspace } from "../cli/attest.js";
import { drafted, lab, sha256 } from "../cli/drafts.js";
import type { EvidenceRef, Findings } from "../../src/core/statement/statement.js";

let made: Workspace;
beforeAll(async () => {
  made = workspace();
  await lab(made);
});

const REFUTED = '{"verdict":"REFUTED"}';
const CODES = JSON.stringify({ runs: Array.from({ length: 1500 }, () => ({ exitCode: 0 })), last: { exitCode: 1 } });
const VARIED = JSON.stringify(Array.from({ length: 1500 }, (_, at) => ({ exit_code: at })));
const TWICE = '{"verdict":"VALIDATED","verdict":"REFUTED"}';
const LINES = `${'{"event":"out"}\n'.repeat(100_001)}{"event":"exit","code":3}\n`;

/** A result that passed, with one piece of evidence; the exit status of its audit, and what it says. */
async function audited(
  body: string,
  piece: Partial<EvidenceRef>,
  f3: Partial<Findings["f3"]> = {},
): Promise<{ readonly code: number | null; readonly rules: string[]; readonly open: string[] }> {
  const work = copyOf(made);
  const evidence: EvidenceRef[] = [
    { name: "output.txt", role: "output", digest: { sha256: sha256("4\n") }, size: 2, sourceDateKind: "unknown" },
    {
      name: "piece",
      role: "run",
      digest: { sha256: sha256(body) },
      size: Buffer.byteLength(body),
      sourceDateKind: "unknown",
      ...piece,
    },
  ];
  work.write("s.evidence/piece", body);
  work.write("s.evidence/output.txt", "4\n");
  const run = { ...drafted().predicate.f3.run, exitCode: 0 };
  work.write("s.json", JSON.stringify(drafted({ title: "Cites", evidence: {}, f3: { evidence, run, ...f3 } })));
  const signed = await work.attest("sign", "s.json", "--registry", "lab", "--json");
  expect(signed.code, signed.stderr).toBe(0);
  const { path } = signed.json() as { path: string };
  const ran = await work.attest("audit", path, "--offline", "--json");
  const { documents } = ran.json() as { documents: { findings: { rule: string }[]; open: string[] }[] };
  const [document] = documents;
  return { code: ran.code, rules: (document?.findings ?? []).map(({ rule }) => rule), open: document?.open ?? [] };
}

describe("a contradiction in a cited document", () => {
  test.each<[string, string, string, string]>([
    ["JSON as JSON", "application/json", REFUTED, "cited-verdict"],
    ["JSON as a text", "text/plain", REFUTED, "cited-verdict"],
    ["JSON as an image", "image/png", REFUTED, "cited-verdict"],
    ["JSON as nothing", "", REFUTED, "cited-verdict"],
    ["words in a text", "text/markdown; charset=utf-8", "## Verdict: **REFUTED**\n", "cited-verdict"],
    ["behind a thousand exit codes", "application/json", CODES, "cited-exit-code"],
    ["behind a hundred thousand lines", "application/x-ndjson", LINES, "cited-exit-code"],
  ])("%s: found", async (_, mediaType, body, rule) => {
    const { code, rules } = await audited(body, { mediaType });
    expect(rules).toContain(rule);
    expect(code).toBe(5);
  });

  test.each<[string, Partial<EvidenceRef>, string]>([
    ["words as bytes", { mediaType: "application/octet-stream" }, "Verdict: REFUTED\n"],
    ["words in a page", { mediaType: "text/html" }, "Verdict: <b>REFUTED</b>\n"],
    ["markup as a text", { mediaType: "text/plain" }, "<p>Verdict: <b>REFUTED</b></p>\n"],
    ["a member that stands twice, as a text", { mediaType: "text/plain" }, TWICE],
    ["a member that stands twice, as Markdown", { mediaType: "text/markdown" }, TWICE],
    ["a report that was cut off, as a text", { mediaType: "text/plain", role: "report" }, "<testsuite><testcase na"],
    ["a timeline that is none", { mediaType: "application/x-ndjson", role: "timeline" }, '{"event":\n'],
    ["what the signer says something of", { role: "record", annotations: { verdict: "VALIDATED" } }, "\u0001"],
  ])("%s: open, for it could not be read", async (name, piece, body) => {
    const { code, open, rules } = await audited(body, piece);
    expect(open.join("\n"), name).toMatch(/what piece says of the run cannot be read/);
    expect(rules).toEqual([]);
    expect(code).toBe(4);
  });

  test("more different exit codes than are compared: open, beside what was found", async () => {
    const { code, open, rules } = await audited(VARIED, { mediaType: "application/json" });
    expect(open.join("\n")).toMatch(/more than 1000 different things/);
    expect(rules).toContain("cited-exit-code");
    expect(code).toBe(4);
  });

  test("a piece of which nobody has the bytes: open", async () => {
    const work = copyOf(made);
    const body = REFUTED;
    const evidence: EvidenceRef[] = [
      { name: "output.txt", role: "output", digest: { sha256: sha256("4\n") }, size: 2, sourceDateKind: "unknown" },
      {
        name: "piece",
        role: "run",
        digest: { sha256: sha256(body) },
        size: body.length,
        uri: "https://example.org/run.json",
        sourceDateKind: "unknown",
      },
    ];
    work.write("s.evidence/output.txt", "4\n");
    work.write("s.json", JSON.stringify(drafted({ title: "Cites", evidence: {}, f3: { evidence } })));
    const { path } = (await work.attest("sign", "s.json", "--registry", "lab", "--json")).json() as { path: string };
    const ran = await work.attest("audit", path, "--offline");
    expect(ran.stdout).toContain("no copy of the signed bytes is available");
    expect(ran.code).toBe(4);
  });
});

test("a number in words behind the part of a text that is read: open", async () => {
  const at = "x ".repeat(20_000);
  const near = await audited("{}", { role: "other" }, { summary: `${at}5 of 9 checks passed.` });
  expect(near.rules).toContain("counts-differ");
});

test("a document that was to be compared with and cannot be read: open", async () => {
  const work = copyOf(made);
  await work.attest("init", "other", "--origin", "example.org/other");
  work.write("s.evidence/output.txt", "4\n");
  work.write("s.json", JSON.stringify(drafted({ title: "Other" })));
  const { path } = (await work.attest("sign", "s.json", "--registry", "other", "--json")).json() as { path: string };
  expect((await work.attest("audit", "lab", "--offline", "--with", "other")).code).toBe(0);
  appendFileSync(work.path(path), "{");
  const ran = await work.attest("audit", "lab", "--offline", "--with", "other");
  expect(ran.code, ran.stdout).toBe(4);
});
