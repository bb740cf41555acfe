/** Killed at any moment, `cosign` and `trust add` leave the old file whole or the new one, and the same command again completes. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { Keystore } from "../../src/keystore/keystore.js";
import { nodeEngine } from "../../src/node/engine.js";
import { workspace, type Workspace } from "../cli/attest.js";
import { lab } from "../cli/drafts.js";
import { everywhere } from "./points.js";

let made: Workspace;
let file = "";
beforeAll(async () => {
  made = workspace();
  file = (await lab(made)).file.slice(made.cwd.length + 1);
  new Keystore(made.home, nodeEngine).create("second");
});

const signatures = (work: Workspace): number =>
  (JSON.parse(readFileSync(work.path(file), "utf8")) as { signatures: unknown[] }).signatures.length;

test("cosign, in a registry that does not list the signer yet", async () => {
  const seen = new Set<number>();
  const count = await everywhere(made, ["cosign", file, "--signer", "second"], async (left) => {
    seen.add(signatures(left));
    expect((await left.attest("verify", "lab")).code).toBe(0);
    const again = await left.attest("cosign", file, "--signer", "second");
    expect(again.code, again.stderr).toBe(0);
    const all = await left.attest("verify", "lab", "--require", "min-signers=2");
    expect(all.code, all.stdout).toBe(0);
    expect(readFileSync(left.path("lab/keys/keyring.json"), "utf8")).toContain('"second"');
    expect(existsSync(left.path("lab/keys/second.pub"))).toBe(true);
  });
  expect(count).toBeGreaterThan(8);
  expect([...seen].sort()).toEqual([1, 2]);
}, 300_000);

test("trust add, beside a pin that is there", async () => {
  const trust = (work: Workspace): string => join(work.root, "user/state/f3-attest/trust.json");
  expect((await made.attest("trust", "add", "first", "lab/keys/signer.pub")).code).toBe(0);
  const ADD = ["trust", "add", "second", join("..", "secrets/keys/second.pub"), "--origin", "example.org/lab"];
  const seen = new Set<number>();
  const count = await everywhere(made, ADD, async (left) => {
    expect(statSync(trust(left)).mode & 0o777).toBe(0o600);
    const names = async (): Promise<string[]> => {
      const { pins } = (await left.attest("trust", "list", "--json")).json() as unknown as { pins: { name: string }[] };
      return pins.map(({ name }) => name);
    };
    const then = await names();
    expect(then[0]).toBe("first");
    seen.add(then.length);
    expect((await left.attest(...ADD)).code).toBe(0);
    expect(await names()).toEqual(["first", "second"]);
  });
  expect(count).toBeGreaterThan(4);
  expect([...seen].sort()).toEqual([1, 2]);
}, 300_000);
