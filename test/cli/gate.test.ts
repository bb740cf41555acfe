/** The gate as scripts use it: a signed REFUTED is never taken for a pass, and docs/trust.md does what it says. */
import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { attest, copyOf, MAIN, stranger, workspace, type Ran, type Workspace } from "./attest.js";
import { drafted, lab, sha256, writeDraft } from "./drafts.js";

const DOCS = readFileSync(fileURLToPath(new URL("../../docs/trust.md", import.meta.url)), "utf8");
const blocks = (language: string): string[] =>
  [...DOCS.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(([, text = ""]) => text);

let made: Workspace;
let lines: readonly [string, string];

beforeAll(async () => {
  made = workspace();
  made.write("bin/attest", `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  chmodSync(made.path("bin/attest"), 0o755);
  await lab(made);
  await made.attest("key", "new", "second");
  lines = [
    (await made.attest("key", "show", "signer")).stdout.trim(),
    (await made.attest("key", "show", "second")).stdout.trim(),
  ];
  made.write("signer.pub", `${lines[0]}\n`);
  made.write("app.tar.gz", "app");
  for (const outcome of ["passed", "failed"] as const) {
    const subject = [{ name: "app.tar.gz", digest: { sha256: sha256("app") } }];
    writeDraft(made, outcome, { title: "Release", outcome });
    made.write(`${outcome}.json`, JSON.stringify({ ...drafted({ title: "Release", outcome }), subject }));
    await made.attest("sign", `${outcome}.json`, "--output", `${outcome}-signed.json`, "--signer", "signer");
  }
});

const as = (work: Workspace, ...args: readonly string[]): Promise<Ran> => attest(args, stranger(work));
const REFUTED = ["verify", "failed-signed.json", "--key", "signer.pub"];
const PASSED = ["verify", "passed-signed.json", "--key", "signer.pub"];

describe("a signed REFUTED", () => {
  test("has a good signature: exit 0 without a requirement, 3 with validated", async () => {
    expect((await as(made, ...REFUTED)).code).toBe(0);
    const asked = await as(made, ...REFUTED, "--require", "validated");
    expect(asked.code).toBe(3);
    expect(asked.stdout).toMatch(/^NOT ACCEPTED: .*\n.*\bVALIDATED\b.*\bREFUTED\b.*\n/);
    expect(asked.stdout).toMatch(/^ {2}policy {5}.*\bVALIDATED\b.*\bREFUTED\b/m);
  });

  test("cannot be overlooked: it is the first word, alone and among others", async () => {
    expect((await as(made, ...REFUTED)).stdout).toMatch(/^REFUTED: Signed, unchanged\n/);
    const { stdout } = await as(made, ...REFUTED, "passed-signed.json");
    expect(stdout).toMatch(/^REFUTED {7}failed-signed\.json {2}signature ok {2}confirmed by you\nVALIDATED {5}/);
    expect(stdout).toMatch(/^2 of 2 verified with a key that you confirmed: 1 REFUTED, 1 VALIDATED$/m);
  });
});

test("the first word is a verdict only where everything holds", async () => {
  expect((await as(made, ...PASSED)).stdout).toMatch(/^VALIDATED: Signed, unchanged\n/);
  const met = await as(made, ...PASSED, "--require", "validated,evidence");
  expect(met.stdout).toMatch(/^VALIDATED: .*\n[\s\S]*^ {2}policy {5}what was asked is met: validated, evidence$/m);
  expect((await as(made, "verify", "lab")).stdout).toMatch(/^NOT ACCEPTED: Unchanged; signer not confirmed by you\n/);
  expect((await as(made, ...PASSED, "--require", "min-signers=2")).stdout).toMatch(/^NOT ACCEPTED: /);
});

test("nothing to check is no pass", async () => {
  const work = copyOf(made);
  await work.attest("init", "empty", "--origin", "example.org/empty", "--signer", "signer");
  work.write("policy.json", JSON.stringify({ version: 1, require: { validated: true } }));
  expect((await as(work, "verify", "empty", "--policy", "policy.json")).code).toBe(3);
  expect((await as(work, "verify", "--policy", "policy.json")).code).toBe(2);
});

describe("docs/trust.md", () => {
  const shell = (work: Workspace, script: string): { code: number | null; out: string } => {
    const env = { ...work.env, PATH: `${work.path("bin")}:${work.env["PATH"] ?? ""}` };
    const ran = spawnSync("bash", ["-c", script], { cwd: work.cwd, env, encoding: "utf8" });
    return { code: ran.status, out: ran.stdout + ran.stderr };
  };
  const [pins = "", cosign = "", recipe = "", verify = ""] = blocks("sh");

  test("pins and cosigning work as they stand there", () => {
    const work = copyOf(made);
    const first = shell(work, `set -e\n${pins}`);
    expect(first, first.out).toMatchObject({ code: 0 });
    const script = `cp passed-signed.json attestation.json\nexport F3_ATTEST_KEY="$(cat ../secrets/keys/second.pem)"\n${cosign}`;
    const second = shell(work, script);
    expect(second, second.out).toMatchObject({ code: 0 });
    expect(second.out).toContain("2 valid signatures in all");
  });

  test("the recipe passes what is validated and stops at what is refuted; without pipefail it would not", () => {
    const work = copyOf(made);
    expect(shell(work, `cp passed-signed.json attestation.json\n${recipe}`)).toMatchObject({ code: 0 });
    expect(shell(work, `cp failed-signed.json attestation.json\n${recipe}`)).toMatchObject({ code: 3 });
    const careless = recipe.replace("set -euo pipefail\n", "");
    expect(careless).not.toBe(recipe);
    expect(shell(work, `cp failed-signed.json attestation.json\n${careless}`)).toMatchObject({ code: 0 });
  });

  test("the policy holds for both signers and not for one", async () => {
    const work = copyOf(made);
    const [example = ""] = blocks("json");
    const filled = example.replace("ssh-ed25519 AAAA… lab", lines[0]).replace("ssh-ed25519 AAAA… second", lines[1]);
    work.write("policy.json", filled);
    const nobody = { ...work, env: stranger(work).env };
    const one = shell(
      nobody,
      `cp passed-signed.json attestation.json\ncp -r passed-signed.evidence attestation.evidence\n${verify}`,
    );
    expect(one, one.out).toMatchObject({ code: 3 });
    expect(one.out).toMatch(/\b2 of lab, second\b.*\bapp\.tar\.gz\b.*"Release".*\b1\b/);
    expect((await work.attest("cosign", "attestation.json", "--signer", "second")).code).toBe(0);
    const two = shell(nobody, verify);
    expect(two, two.out).toMatchObject({ code: 0 });
  });
});
