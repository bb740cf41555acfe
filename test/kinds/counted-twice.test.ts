/** Nothing counts more than once: neither when it is signed, nor when outcomes are computed again, nor in an audit. */
import { beforeAll, describe, expect, test } from "vitest";
import { workspace, type Workspace } from "../cli/attest.js";
import { drafted, lab, sealed, secretOf, sha256, stamped } from "../cli/drafts.js";
import type { Draft, EvidenceRef, Findings } from "../../src/core/statement/statement.js";
import { failure, withCode } from "../core/refusal.js";

const LINE = '{"kind":"trial","lost":0,"ok":true}\n';
const piece = (name: string, text: string, role = "observations"): EvidenceRef => ({
  name,
  role,
  digest: { sha256: sha256(text) },
  size: text.length,
  sourceDateKind: "unknown",
});
const trials = (count: number): Findings["f3"]["checks"][number] => ({
  id: "none-lost",
  claim: "None is lost.",
  required: true,
  outcome: "passed",
  expected: "",
  observed: "",
  measurements: [
    { name: "lost", value: 0 },
    { name: "trials", value: count },
  ],
  criterion: {
    measures: [
      { name: "lost", of: "sum", field: "lost", where: {} },
      { name: "trials", of: "count", where: { kind: "trial" } },
    ],
    holds: [{ measure: "lost", is: "=", value: 0 }],
    needs: [{ measure: "trials", is: "≥", value: 3 }],
  },
});
const claim = (evidence: readonly EvidenceRef[], count = 3): Draft =>
  drafted({ evidence: {}, f3: { checks: [trials(count)], evidence: [...evidence] } });

let work: Workspace;
beforeAll(async () => {
  work = workspace();
  await lab(work);
  work.write("evidence/one", LINE);
  work.write("evidence/three", LINE.repeat(3));
  work.write("evidence/report", '<testsuite tests="1"><testcase name="a"/></testsuite>');
});

const sign = (name: string, draft: Draft) => {
  work.write(`${name}.json`, JSON.stringify(draft));
  return work.attest("sign", `${name}.json`, "--evidence", "evidence", "--registry", "lab", "--json");
};

describe("observations that are named several times", () => {
  test.each<[string, readonly string[]]>([
    ["under one name", ["o", "o", "o"]],
    ["under a name each", ["a", "b", "c"]],
  ])("%s: not signed; and signed by another tool, refused when computed again and audited", async (name, names) => {
    const draft = claim(names.map((one) => piece(one, LINE)));
    const refused = await sign(name, draft);
    expect(refused.stderr).toMatch(/named twice as observations/);
    expect(refused.code).toBe(2);
    const { id, bytes } = sealed(stamped(draft), secretOf(work));
    work.write(`lab/attestations/${id}.json`, bytes);
    await sign("archive", claim([piece("o", LINE), piece("p", LINE.repeat(3))], 4));
    const path = `lab/attestations/${id}.json`;
    expect((await work.attest("verify", path, "--recompute", "--require", "validated")).code).not.toBe(0);
    expect(JSON.stringify((await work.attest("verify", path, "--recompute", "--json")).json())).toContain(
      '"code":"recompute-mismatch"',
    );
    expect((await work.attest("audit", path, "--offline")).code).toBe(5);
  });
  test("lines of one file may well be alike", async () => {
    const signed = await sign("three", claim([piece("o", LINE.repeat(3))]));
    expect(signed.code, signed.stderr).toBe(0);
    const { path } = signed.json() as { path: string };
    expect((await work.attest("verify", path, "--recompute", "--require", "validated")).code).toBe(0);
  });
});

test.each<[string, Partial<Findings["f3"]>, Partial<Draft>]>([
  ["a report", { evidence: ["a", "b"].map((name) => piece(name, LINE, "report")) }, {}],
  ["a subject", {}, { subject: [0, 1].map(() => ({ name: "a", digest: { sha256: sha256("a") } })) }],
  ["a relation", { relations: [0, 1].map(() => ({ type: "verifies", target: "z" })) }, {}],
  [
    "a plan",
    { relations: ["1", "2"].map((one) => ({ type: "planned-by", target: one, digest: { sha256: one.repeat(64) } })) },
    {},
  ],
])("%s twice: not signed", async (name, f3, more) => {
  const draft = { ...drafted({ evidence: {}, f3 }), ...more };
  work.write("twice.json", JSON.stringify(draft));
  const relations = f3.relations?.flatMap(({ type, digest }) => [
    ...(digest?.sha256 === undefined ? [] : ["--allow-relation", `${type}:${digest.sha256}`]),
  ]);
  const ran = await work.attest(
    "sign",
    "twice.json",
    "--evidence",
    "evidence",
    "--output",
    "out.json",
    ...(relations ?? []),
    "--json",
  );
  expect(failure(ran), name).toEqual(withCode("scenario-statement"));
});

test("a run that has a report twice, a subject twice and no output on two streams is signed all the same", async () => {
  const script = "cp evidence/report one.xml; cp evidence/report two.xml";
  const reports = ["--report", "one.xml", "--report", "two.xml"];
  const subjects = ["--subject", "evidence/one", "--subject", "evidence/../evidence/one"];
  const words = ["run", "--registry", "lab", ...reports, ...subjects, "--json", "--", "sh", "-c", script];
  const ran = await work.attest(...words);
  expect(ran.code, ran.stderr).toBe(0);
  const { path } = ran.json() as { path: string };
  const shown = await work.attest("verify", path, "--recompute", "--require", "validated,evidence", "--json");
  expect(shown.code, shown.stdout).toBe(0);
  const audited = await work.attest("audit", path, "--offline");
  expect(audited.code, audited.stdout).toBe(0);
});

const JEST = JSON.stringify({
  numTotalTests: 2,
  numPassedTests: 2,
  numFailedTests: 0,
  numPendingTests: 0,
  numRuntimeErrorTestSuites: 0,
  success: true,
  testResults: [
    {
      name: "math.test.js",
      status: "passed",
      message: "",
      assertionResults: ["adds", "takes"].map((title) => ({ ancestorTitles: ["math"], title, status: "passed" })),
    },
  ],
});
const ofJestJunit = ["math adds", "math takes"]
  .map((name) => `<testcase classname="${name}" name="${name}"/>`)
  .join("");
const JUNIT = (name: string): string => `<testsuite name="s"><testcase name="${name}"/></testsuite>`;

describe("an audit counts as the run did", () => {
  test.each<[string, number, string, readonly string[], Readonly<Record<string, string>>]>([
    [
      "two formats of the same tests",
      2,
      "cp in.json jest-results.json; cp in.xml junit.xml",
      [],
      { "in.json": JEST, "in.xml": `<testsuites><testsuite name="math">${ofJestJunit}</testsuite></testsuites>` },
    ],
    [
      "a file and what is printed",
      3,
      "cp in.xml out.xml; printf '1..2\\nok 1 - a\\nok 2 - b\\n'",
      ["--report", "out.xml", "--report", "-"],
      { "in.xml": JUNIT("c") },
    ],
    [
      "several reports in one file, between other lines",
      3,
      "cat banner one two tap > out.txt",
      ["--report", "out.txt"],
      { banner: "\n> test\n> run\n\n", one: `${JUNIT("a")}\n`, two: `${JUNIT("b")}\n`, tap: "1..1\nok 1 - c\n" },
    ],
    [
      "more reports than have a place each",
      25,
      `mkdir out; ${Array.from({ length: 25 }, (_, at) => `printf '${JUNIT(`t${at}`)}' > out/${at}.xml`).join("; ")}`,
      ["--report", "out"],
      {},
    ],
  ])("%s", async (_, count, script, reports, files) => {
    const there = workspace();
    await lab(there);
    there.write("evidence/one", LINE);
    for (const [name, text] of Object.entries(files)) there.write(name, text);
    const subject = ["--subject", "evidence/one"];
    const ran = await there.attest(
      "run",
      "--registry",
      "lab",
      ...reports,
      ...subject,
      "--json",
      "--",
      "sh",
      "-c",
      script,
    );
    expect(ran.code, ran.stdout).toBe(0);
    const { path, counts } = ran.json() as { path: string; counts: { tests: number } };
    expect(counts.tests).toBe(count);
    const audited = await there.attest("audit", path, "--offline");
    expect(audited.code, audited.stdout).toBe(0);
  });
});
