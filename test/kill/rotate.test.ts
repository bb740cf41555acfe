/** Killed at any moment, a change of keys loses no key, leaves no half-written keyring, and the same command again completes it. */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { parseKeyring, type Keyring } from "../../src/core/keys/keyring.js";
import { Keystore } from "../../src/keystore/keystore.js";
import { nodeEngine } from "../../src/node/engine.js";
import { workspace, type Workspace } from "../cli/attest.js";
import { lab } from "../cli/drafts.js";
import { everywhere } from "./points.js";

const keyring = (work: Workspace): Keyring =>
  parseKeyring(new Uint8Array(readFileSync(work.path("lab/keys/keyring.json"))), nodeEngine);
const names = (work: Workspace): string[] => new Keystore(work.home, nodeEngine).list().map(({ name }) => name);

let made: Workspace;
beforeAll(async () => {
  made = workspace();
  await lab(made);
});

describe("a change of keys, killed everywhere", () => {
  test("rotate: the old key is there, and the same again hands over once", async () => {
    const rotate = ["key", "rotate", "signer", "second", "--registry", "lab"];
    const count = await everywhere(made, rotate, async (left) => {
      expect(names(left)).toContain("signer");
      keyring(left); // whole
      const again = await left.attest(...rotate);
      expect(again.code, again.stderr).toBe(0);
      const [old, next, ...more] = keyring(left).signers;
      expect(more).toEqual([]);
      expect([old?.name, next?.name, next?.validFrom]).toEqual(["signer", "second", old?.validUntil]);
      const verified = await left.attest("verify", "lab", "--json");
      expect(verified.code, verified.stderr).toBe(0);
      expect(verified.stdout.match(/"action": "rotate"/g)).toHaveLength(1);
    });
    expect(count).toBeGreaterThan(20);
  }, 300_000);

  test("revoke: the same again leaves the key revoked, by a notice and in the keyring", async () => {
    const revoke = [
      "key",
      "revoke",
      "signer",
      "--reason",
      "stolen",
      "--since",
      "2026-01-02T00:00:00Z",
      "--registry",
      "lab",
    ];
    const count = await everywhere(made, revoke, async (left) => {
      expect(names(left)).toEqual(["signer"]);
      const again = await left.attest(...revoke);
      expect(again.code, again.stderr).toBe(0);
      expect(keyring(left).signers.map(({ revoked }) => revoked)).toEqual([
        { at: "2026-01-02T00:00:00.000Z", reason: "stolen" },
      ]);
      expect((await left.attest("verify", "lab")).code).toBe(3);
    });
    expect(count).toBeGreaterThan(10);
  }, 300_000);
});
