/** What was wrong with other verifiers' trust, thresholds and policies: each advisory that has an analogue here, by its name. */
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { utf8 } from "../../src/core/bytes.js";
import { formatEnvelope } from "../../src/core/statement/envelope.js";
import { formatKey } from "../../src/core/keys/key.js";
import { parsePolicy } from "../../src/core/verify/policy-file.js";
import type { Policy } from "../../src/core/verify/policy.js";
import { attest, copyOf, stranger, workspace, type Ran, type Workspace } from "../cli/attest.js";
import { lab, publish } from "../cli/drafts.js";
import { check, engine, faults, look, yours } from "../core/looking.js";
import { dsse, sealed, signed, signer, statement, type Changes } from "../core/making.js";
import { naming, refusal } from "../core/refusal.js";

const [lab1, lab2, nobody] = [signer(), signer(), signer()];
const trusted = [lab1, lab2].map(yours);

const policyOf = (value: object): Policy => parsePolicy(utf8(JSON.stringify({ version: 1, ...value })), engine).policy;
const keys = { one: formatKey(lab1.key), two: formatKey(lab2.key) };
const failed: Changes = {
  predicate: {
    result: "FAILED",
    passedTests: [],
    warnedTests: [],
    failedTests: ["it"],
    f3: {
      verdict: "REFUTED",
      checks: [{ id: "it", claim: "it works", required: true, outcome: "failed", expected: "so", observed: "not" }],
    },
  },
};

let made: Workspace;
beforeAll(async () => {
  made = workspace();
  await lab(made);
});
const verify = (work: Workspace, ...args: readonly string[]): Promise<Ran> =>
  attest(["verify", ...args, "--key", "lab/keys/signer.pub"], stranger(work));

describe("1. CVE-2022-35929 (cosign): any valid attestation was enough, of whatever type", () => {
  test("of several documents each must be what is asked, not one of them", async () => {
    const work = copyOf(made);
    await publish(work, "lab", { title: "Another", outcome: "failed" });
    expect((await verify(work, "lab")).code).toBe(0);
    expect((await verify(work, "lab", "--require", "validated")).code).toBe(3);
  });
  test("a good signature on another type of document is no result", () => {
    const other = statement({ predicateType: "https://slsa.dev/provenance/v1" });
    const report = look(sealed(other, lab1), trusted, { policy: { validated: true } });
    expect(report).toMatchObject({ signature: "ok", outcome: "unchecked" });
    expect(report.verdict).toBeUndefined();
  });
});

describe("2. CVE-2026-39395 (cosign): a payload that could not be read was verified", () => {
  test.each<[string, Uint8Array]>([
    [
      "a payload that is no JSON",
      utf8(
        `{"payload": "${Buffer.from("{").toString("base64")}", "payloadType": "application/vnd.in-toto+json", "signatures": []}`,
      ),
    ],
    ["a payload of another type", formatEnvelope(signed(statement(), [lab1], "text/plain"))],
    ["a statement without a predicate", sealed(statement({ predicate: undefined }), lab1)],
  ])("%s", (_, bytes) => {
    for (const policy of [{}, { validated: true }])
      expect(["invalid", "error"]).toContain(look(bytes, trusted, { policy }).outcome);
  });
});

describe("3. CVE-2025-25204 (gh): no attestation, and exit 0", () => {
  test("a registry without any", async () => {
    const work = copyOf(made);
    await work.attest("init", "empty", "--origin", "example.org/empty");
    expect((await verify(work, "empty")).code).toBe(3);
    expect((await verify(work, "empty", "--require", "validated")).code).toBe(3);
    expect((await verify(work, "empty", "lab")).code).toBe(3);
  });
  test("no target at all", async () => expect((await verify(made)).code).toBe(2));
});

describe("16. go-witness 0.12", () => {
  test("GHSA-rgp5: a policy without steps", () => {
    for (const empty of [{}, { rules: [] }, { require: {} }, { keys }])
      expect(refusal(() => policyOf(empty)).code).toBe("policy-format");
  });
  test("GHSA-567m: a step that requires nothing", () => {
    for (const rule of [{ signers: [] }, { signers: ["one"], minSigners: 0 }])
      expect(refusal(() => policyOf({ keys, rules: [{ subject: { name: "a" }, ...rule }] })).code).toBe(
        "policy-format",
      );
  });
  test("GHSA-2v4r: a verifier that failed was trusted all the same", () => {
    const { signatures, ...rest } = signed(statement(), [lab1, lab2]);
    const [one, two] = signatures;
    const forged = formatEnvelope({ ...rest, signatures: [one!, { ...two!, sig: one!.sig }] });
    expect(faults(look(forged, trusted, { policy: { minSigners: 1 } }))).toEqual([["signature", "signature-bad"]]);
  });
  test("GHSA-r4fv: of two of one type only the last was looked at", async () => {
    for (const titles of [
      ["A", "B"],
      ["B", "A"],
    ]) {
      const work = copyOf(made);
      for (const title of titles) await publish(work, "lab", { title, outcome: title === "A" ? "failed" : "passed" });
      expect((await verify(work, "lab", "--require", "validated")).code).toBe(3);
    }
    const rules = ["one", "two"].map((name) => ({ subject: { name: "file:add.js" }, signers: [name] }));
    for (const order of [rules, [...rules].reverse()])
      expect(look(sealed(statement(), lab1), trusted, { policy: policyOf({ keys, rules: order }) }).outcome).toBe(
        "untrusted",
      );
  });
  test("GHSA-g9jx: a name was not compared exactly", () => {
    const policy = policyOf({ keys, rules: [{ subject: { name: "file:add.js" }, signers: ["one"] }] });
    for (const name of ["file:add", "file:add.js.js", "FILE:ADD.JS", "file:add.js ", "file:add\u200b.js", "*"]) {
      const subject = [{ name, digest: { sha256: "aa".repeat(32) } }];
      expect(look(sealed(statement({ subject }), lab1), trusted, { policy }).outcome, name).toBe("untrusted");
    }
  });
  test("GHSA-c346: results were counted twice", () => {
    const twice = [...trusted, ...trusted, { ...yours(lab1), source: "another", name: "another" }];
    const report = look(sealed(statement(), lab1), twice, { policy: { minSigners: 2 } });
    expect(check(report, "policy").detail).toMatch(naming(2, 1));
  });
  test("GHSA-vmvj: nothing in common was accepted as an overlap", () => {
    const policy = policyOf({ keys, rules: [{ subject: { uri: "https://example.org/a" }, signers: ["one"] }] });
    expect(look(sealed(statement(), lab1), trusted, { policy }).outcome).toBe("untrusted"); // whose subject has no uri at all
  });
  test("GHSA-mpvw: empty and not set were the same", () => {
    for (const require of [{ subjects: [] }, { validated: false }, { minSigners: null }])
      expect(refusal(() => policyOf({ require: { evidence: true, ...require } })).code).toBe("policy-format");
  });
  test.skipIf(process.platform === "win32")("GHSA-v6px: links led out of the folder", async () => {
    const work = copyOf(made);
    const name = readdirSync(work.path("lab/attestations")).find((one) => /^test_.*\.json$/.test(one)) ?? "";
    const file = work.path("lab/attestations", name);
    mkdirSync(join(work.root, "outside"));
    writeFileSync(join(work.root, "outside/keyring.json"), readFileSync(work.path("lab/keys/keyring.json")));
    rmSync(work.path("lab/keys/keyring.json"));
    symlinkSync(join(work.root, "outside/keyring.json"), work.path("lab/keys/keyring.json"));
    for (const args of [
      ["verify", file],
      ["cosign", file, "--signer", "signer"],
    ])
      expect((await work.attest(...args)).stderr).toMatch(/a link that leads out of/);
  });
});

test("17. CVE-2021-41087 (in-toto-golang): dir/../foo was not foo for a rule, and passed", () => {
  const rules = [
    { subject: { name: "foo" }, signers: ["one", "two"], minSigners: 2 },
    { subject: { name: "dir" }, signers: ["one"] },
  ];
  const policy = policyOf({ keys, rules });
  for (const name of ["dir/../foo", "./foo", "foo/", "//foo", "dir/%2e%2e/foo", "foo"]) {
    const subject = [{ name, digest: { sha256: "aa".repeat(32) } }];
    expect(look(sealed(statement({ subject }), lab1), trusted, { policy }).outcome, name).toBe("untrusted");
  }
});

describe("18. GHSA-3633-5h82-39pq (go-tuf), CVE-2020-6174 (TUF): one key counted as two", () => {
  const two = { policy: { minSigners: 2 } };
  const { signatures, ...rest } = signed(statement(), [lab1]);
  const [one] = signatures;

  test("under one keyid", () => {
    const bytes = formatEnvelope({ ...rest, signatures: [one!, one!] });
    expect(faults(look(bytes, trusted, two))).toEqual([["signature", "signature-duplicate"]]);
  });
  test("under another keyid, a second signature is one by an unknown key", () => {
    for (const keyid of ["another", lab2.key.keyid.toLowerCase(), ` ${lab1.key.keyid}`]) {
      const bytes = formatEnvelope({ ...rest, signatures: [one!, { ...one!, keyid }] });
      expect(look(bytes, trusted, two).outcome, keyid).toBe("untrusted");
    }
  });
  test("under the keyid of another key that you trust it refuses the document", () => {
    const bytes = formatEnvelope({ ...rest, signatures: [one!, { ...one!, keyid: lab2.key.keyid }] });
    expect(look(bytes, trusted, two).outcome).toBe("invalid");
  });
  test("without a keyid", () => {
    const bytes = dsse({ ...rest, signatures: [one!, { ...one!, keyid: undefined }] });
    expect(faults(look(bytes, trusted, two))).toEqual([["signature", "signature-duplicate"]]);
  });
  test("by an unknown key it has no effect: neither for the threshold nor against the document", () => {
    const bytes = sealed(statement(), lab1, nobody);
    expect(look(bytes, trusted).outcome).toBe("accepted");
    expect(look(bytes, trusted, two).outcome).toBe("untrusted");
  });
});

describe("19. CVE-2026-23992 (go-tuf): a threshold of 0 checked nothing", () => {
  test.each([[0], [-1], [1.5], ["1"], [null], [3]])("minSigners %j", (minSigners) => {
    const rules = [{ subject: { name: "a" }, signers: ["one", "two"], minSigners }];
    expect(refusal(() => policyOf({ keys, rules })).code).toBe("policy-format");
    expect(refusal(() => policyOf({ keys, require: { minSigners } })).code).toBe("policy-format");
  });
  test.each([["0"], ["-1"], ["00"], ["1.5"], ["17"], [""]])("--require min-signers=%s", async (count) => {
    expect((await verify(made, "lab", "--require", `min-signers=${count}`)).code).toBe(2);
  });
});

test("35. a pipe hides an exit status: the report and the first word say it too", async () => {
  expect(look(sealed(statement(failed), lab1), trusted)).toMatchObject({ outcome: "accepted", verdict: "REFUTED" });
  const work = copyOf(made);
  const file = await publish(work, "lab", { title: "Another", outcome: "failed" });
  expect((await verify(work, file)).stdout).toMatch(/^REFUTED: /);
  const json = await verify(work, file, "--require", "validated", "--json");
  expect(json.json()).toMatchObject({ exit: 3 }); // which is in what the pipe carries
});
