/** Killed at any moment, a command that publishes leaves a log that verifies, one that was signed, and what the same command again enters once. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { parseKeyring } from "../../src/core/keys/keyring.js";
import { parseEntry } from "../../src/core/log/entry.js";
import { utf8 } from "../../src/core/bytes.js";
import { nodeEngine } from "../../src/node/engine.js";
import { idOf } from "../../src/store/registry-log.js";
import { workspace, type Workspace } from "../cli/attest.js";
import { lab, writeDraft } from "../cli/drafts.js";
import { aged, held, type Log } from "../store/appending.js";
import { bytesAt, proven } from "../store/logs.js";
import { calls, everywhere, killedAt } from "./points.js";

const ADD = ["add", "signed.json", "--registry", "lab"];
let made: Workspace;

beforeAll(async () => {
  made = workspace();
  await lab(made);
  writeDraft(made, "statement", { title: "Another" });
  const signed = await made.attest("sign", "statement.json", "--output", "signed.json");
  expect(signed.code, signed.stderr).toBe(0);
});

function logOf({ path, home }: Workspace): Log {
  const { logs } = parseKeyring(bytesAt(path("lab/keys/keyring.json")), nodeEngine);
  expect(logs).toHaveLength(1);
  return { folder: path("lab/attestations"), home, key: logs[0]!.key };
}

const attestations = (folder: string): string[] =>
  readdirSync(folder).filter((name) => /^(?:test|plan|note)_[0-9a-f]{16}\.json$/.test(name));

/** The ids that the log says, each with its proof where there is one. */
function logged(log: Log): string[] {
  return held(log).map((text) => {
    const leaf = parseEntry(utf8(text));
    const id = idOf(leaf) ?? "";
    const proof = join(log.folder, `${id}.tlog-proof`);
    expect(existsSync(proof), id).toBe(true); // before its checkpoint was published
    proven(bytesAt(proof), leaf, log.key);
    return id;
  });
}

test("add, killed everywhere", async () => {
  const before = logged(logOf(made));
  expect(before).toHaveLength(1);
  const seen = new Set<string>();
  const count = await everywhere(made, ADD, async (left) => {
    const log = logOf(left);
    const then = logged(log);
    expect(then.slice(0, 1)).toEqual(before);
    seen.add(`${attestations(log.folder).length} published, ${then.length} logged`);
    aged(left.home);
    const again = await left.attest(...ADD);
    expect(again.code, again.stderr).toBe(0);
    const now = logged(log);
    expect(now.slice(0, then.length)).toEqual(then);
    expect(now.map((id) => `${id}.json`).sort()).toEqual(attestations(log.folder).sort());
    expect(now).toHaveLength(2);
    const verified = await left.attest("verify", "lab");
    expect(verified.code, verified.stdout + verified.stderr).toBe(0);
    expect(readFileSync(left.path("lab/attestations/log/checkpoint"))).toEqual(
      readFileSync(join(left.home, "logs", readdirSync(join(left.home, "logs"))[0]!, "checkpoint")),
    );
  });
  expect(count).toBeGreaterThan(30);
  expect([...seen].sort()).toEqual(["1 published, 1 logged", "2 published, 1 logged", "2 published, 2 logged"]);
}, 600_000);

test("sign, killed when the attestation was there and its entry was not: to add what is there enters it", async () => {
  const SIGN = ["sign", "statement.json", "--registry", "lab"];
  const all = await calls(made, SIGN);
  const call = all.find(({ path }) => path.includes("log/tile/"))!;
  const left = await killedAt(made, SIGN, { at: call.at, when: "before", call });
  aged(left.home);
  const log = logOf(left);
  const then = logged(log);
  const [file = "", ...more] = attestations(log.folder).filter((name) => !then.includes(name.slice(0, -5)));
  expect(more).toEqual([]);
  for (const added of ["once", "and not again"]) {
    const again = await left.attest("add", join("lab/attestations", file), "--registry", "lab");
    expect(again.code, again.stderr).toBe(0);
    expect(logged(log), added).toEqual([...then, file.slice(0, -5)]);
  }
}, 60_000);
