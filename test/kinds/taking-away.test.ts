/**
 * Taking trust away must not hang on something that can be added or withheld: a retraction or a revocation that was made stays made, whatever
 * the holder of the old key adds, and whatever file the registry's host keeps back.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { copyOf, workspace, type Workspace } from "../cli/attest.js";
import { lab } from "../cli/drafts.js";
import { double, fileOf, handOver, ok, reader, withhold } from "./lab.js";

let made: Workspace;
let file = "";
/** `signer` signed, handed over to `next`, and `next` took the attestation back. */
beforeAll(async () => {
  made = workspace();
  file = fileOf((await lab(made)).file);
  ok(await made.attest("key", "rotate", "signer", "next", "--registry", "lab"));
  ok(
    await made.attest("retract", file, "--signer", "next", "--reason", "the control was miswired", "--registry", "lab"),
  );
});
const GATE = ["--key", "lab/keys/signer.pub", "--require", "validated,logged,not-retracted"];

describe("a retraction by the successor holds", () => {
  test.each<[string, (work: Workspace) => void | Promise<void>]>([
    ["as it is", () => undefined],
    ["when the old key hands over a second time", (work) => handOver(work, "signer", "thief")],
    [
      "when the old key hands over a second time, and dates it first",
      (work) => handOver(work, "signer", "thief", new Date("2026-01-01T00:00:00Z")),
    ],
    ["when the new key hands over, too", (work) => handOver(work, "next", "thief")],
    ["when the file of the hand-over is kept back", (work) => withhold(work, "rotate")],
    ["when the file of the retraction is kept back", (work) => withhold(work, "retract")],
    ["when bad signatures stand before those of the hand-over", (work) => double(work, "rotate")],
    ["when a bad signature stands before that of the retraction", (work) => double(work, "retract")],
    [
      "when both are kept back",
      (work) => {
        withhold(work, "rotate");
        withhold(work, "retract");
      },
    ],
    [
      "when the successor is not listed any more",
      (work) => {
        const keyring = JSON.parse(readFileSync(work.path("lab/keys/keyring.json"), "utf8")) as { signers: unknown[] };
        writeFileSync(
          work.path("lab/keys/keyring.json"),
          JSON.stringify({ ...keyring, signers: keyring.signers.slice(0, 1) }),
        );
        withhold(work, "rotate");
      },
    ],
    ["when the index is gone", (work) => rmSync(work.path("lab/attestations/index"), { recursive: true })],
  ])("%s", async (_, spoil) => {
    const work = copyOf(made);
    await spoil(work);
    const ran = ok(await reader(work)("verify", file, ...GATE), 3);
    expect(ran.stdout).toContain("[retracted]");
    const whole = await reader(work)("verify", "lab", "--key", "lab/keys/signer.pub");
    expect([2, 3], "2: a notice that was spoilt is refused").toContain(whole.code);
    expect(whole.stdout).toContain("[retracted]");
  });

  test("when the old key is revoked, too", async () => {
    const work = copyOf(made);
    ok(await work.attest("key", "revoke", "signer", "--signer", "next", "--reason", "stolen", "--registry", "lab"));
    expect((await reader(work)("verify", file, ...GATE)).stdout).toContain("[retracted]");
  });

  test("and the log's own account says so without any document", async () => {
    const work = copyOf(made);
    withhold(work, "rotate");
    withhold(work, "retract");
    ok(await work.attest("site", "build", "--registry", "lab", "--output", "site"));
    const index = readFileSync(work.path("site/index.html"), "utf8");
    expect(/retracted<\/dt>\s*<dd[^>]*>[^<]*/.exec(index)?.[0]).toContain("1 result");
  });
});

test.each([
  ["its file is kept back", withhold],
  ["a bad signature stands before its own", double],
])("a revocation that is in the log holds when %s, and the keyring says nothing of it", async (_, spoil) => {
  const work = copyOf(made);
  const before = readFileSync(work.path("lab/keys/keyring.json"));
  ok(await work.attest("key", "revoke", "signer", "--signer", "next", "--reason", "stolen", "--registry", "lab"));
  writeFileSync(work.path("lab/keys/keyring.json"), before);
  spoil(work, "revoke");
  expect((await reader(work)("verify", file, "--key", "lab/keys/signer.pub")).stdout).toMatch(/\[key-revoked/);
});

test("an entry that may take something back, by a key that nobody here can place, leaves the question open", async () => {
  const work = workspace();
  const one = fileOf((await lab(work)).file);
  ok(await work.attest("key", "new", "other"));
  ok(await work.attest("retract", one, "--signer", "other", "--reason", "it is wrong", "--registry", "lab"));
  const gate = ["verify", one, "--key", "lab/keys/signer.pub", "--require", "not-retracted"];
  ok(await reader(work)(...gate)); // somebody else's, and the notice shows it
  withhold(work, "retract");
  expect(ok(await reader(work)(...gate), 4).stdout).toContain("[retraction-undecided]");
  expect((await reader(work)("verify", one, "--key", "lab/keys/signer.pub")).code).toBe(4);
});
