/** Nothing counts more than once: neither when it is signed, nor when outcomes are computed again, nor in an audit. */
import { beforeAll, describe, expect, test } from "vitest";
import { fault, workspace, type Workspace } from "../cli/attest.js";
import { drafted, lab, sealed, secretOf, sha256, stamped } from "../cli/drafts.js";
import type { Draft, EvidenceRef, Findings } from "../../src/core/statement.js";

const LINE = '{"kind":"trial","lost":0,"ok":true}\n';
const piece = (name: string, text: string, role = "observations"): EvidenceRef => ({
  ...{ name, role, digest: { sha256: sha256(text) }, size: text.length, sourceDateKind: "unknown" },
});
const trials = (count: number): Findings["f3"]["checks"][number] => ({
  ...{ id: "none-lost", claim: "None is lost.", required: true, outcome: "passed", expected: "", observed: "" },
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
    {
      relations: ["1", "2"].map((one) => ({
        ...{ type: "planned-by", target: one, digest: { sha256: one.repeat(64) } },
      })),
    },
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
  );
  expect(fault(ran).error, name).toMatch(/expected each thing once/);
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
