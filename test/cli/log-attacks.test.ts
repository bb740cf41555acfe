/** What somebody could try who serves a registry, hands one over, or asks to be witnessed; each was possible once, before it had a test. */
import { generateKeyPairSync, sign } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { cosign, parseCheckpoint } from "../../src/core/log/checkpoint.js";
import {
  formatNote,
  formatNoteKey,
  noteKey,
  parseNote,
  type NoteKey,
  type NoteKeyType,
} from "../../src/core/keys/note.js";
import type { JsonObject } from "../../src/core/json.js";
import { nodeEngine } from "../../src/node/engine.js";
import { attest, copyOf, stranger, workspace, type Ran, type Workspace } from "./attest.js";
import { formatKey } from "../../src/core/keys/key.js";
import { Keystore } from "../../src/keystore/keystore.js";
import { sign as signDraft } from "../../src/pipeline/publish/sign.js";
import { drafted, lab, publish, writeDraft } from "./drafts.js";
import { forge, leaves, LOG, names } from "./log-lab.js";
import { failure, naming } from "../core/refusal.js";

let made: Workspace;
let file = "";

/** Entries: a result, and a notice by its signer that takes it back. */
beforeAll(async () => {
  made = workspace();
  file = "lab/attestations/" + basename((await lab(made)).file);
  writeDraft(made, "statement", { title: "Another" });
  expect((await made.attest("retract", file, "--reason", "the control was miswired")).code).toBe(0);
});

const someKey = (name: string, type: NoteKeyType): { key: NoteKey; sign: (message: Uint8Array) => Uint8Array } => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = new Uint8Array(publicKey.export({ format: "der", type: "spki" }).subarray(-32));
  return {
    key: noteKey(name, raw, type, nodeEngine),
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  };
};
const keyring = (work: Workspace): JsonObject =>
  JSON.parse(readFileSync(work.path("lab/keys/keyring.json"), "utf8")) as JsonObject;
const withKeyring = (work: Workspace, changes: JsonObject): string =>
  work.write("lab/keys/keyring.json", JSON.stringify({ ...keyring(work), ...changes }));
const checkpoint = (work: Workspace): Uint8Array => new Uint8Array(readFileSync(work.path(LOG, "checkpoint")));
const GATE = ["--require", "logged,not-retracted"];
const gate = (work: Workspace): Promise<Ran> => work.attest("verify", file, ...GATE);
const withoutNotices = (work: Workspace): void => {
  for (const name of names(work, /^note_/)) rmSync(work.path("lab/attestations", name));
};

describe("a retraction that whoever serves the registry would rather not show", () => {
  test.each<[string, (work: Workspace) => void, number]>([
    ["its notice alone is gone", () => undefined, 3],
    ["the entries are gone, too", (work) => rmSync(work.path(LOG, "tile/entries"), { recursive: true }), 4],
    [
      "its entry says something else",
      (work) => {
        const path = join(LOG, "tile/entries/000.p", readdirSync(work.path(LOG, "tile/entries/000.p")).at(-1) ?? "");
        const text = readFileSync(work.path(path), "latin1").replace('"action":"retract"', '"action":"receipt"');
        writeFileSync(work.path(path), text, "latin1");
      },
      4,
    ],
    ["the checkpoint is gone", (work) => rmSync(work.path(LOG, "checkpoint")), 4],
    ["the log is not listed", (work) => void withKeyring(work, { logs: [] }), 4],
  ])("%s", async (_, hide, code) => {
    const work = copyOf(made);
    withoutNotices(work);
    hide(work);
    expect((await gate(work)).code).toBe(code);
    expect((await gate(work)).stdout).not.toContain("nothing retracts it");
  });

  test.each<[string, (work: Workspace) => void]>([
    ["the checkpoint", (work) => rmSync(work.path(LOG, "checkpoint"))],
    ["the log in the keyring", (work) => void withKeyring(work, { logs: [] })],
  ])("%s is gone, and this verifier saw it before", async (_, hide) => {
    const work = copyOf(made);
    await work.attest("verify", "lab");
    hide(work);
    expect((await work.attest("verify", file)).stdout).toMatch(/\[log-backwards\]/);
  });

  test("by the key to which the signer's handed over", async () => {
    const work = workspace();
    const one = "lab/attestations/" + basename((await lab(work)).file);
    await work.attest("key", "rotate", "signer", "next", "--registry", "lab");
    const ran = await work.attest("retract", one, "--reason", "no", "--signer", "next");
    rmSync(work.path(ran.stdout.trim()));
    expect((await work.attest("verify", one, ...GATE)).stdout).toContain("[retracted]");
  });
});

describe("a witness", () => {
  const asWitness = (work: Workspace, registry: string, ...more: string[]): Promise<Ran> =>
    work.attest("log", "witness", registry, "--name", "wit", "--output", "cosigned", "--json", ...more);

  test("does not cosign another history of the same log, shown under another key", async () => {
    const work = copyOf(made);
    expect((await asWitness(work, "lab", "--log-key", "lab/keys/log.vkey")).code).toBe(0);
    const { text } = parseNote(checkpoint(work));
    forge(work, [...leaves(work)].reverse());
    const other = parseNote(checkpoint(work));
    expect(other.text).not.toBe(text);
    const { key, sign } = someKey(parseCheckpoint(text).origin, "ed25519");
    const [listed] = keyring(work)["logs"] as JsonObject[];
    withKeyring(work, { logs: [{ ...listed, key: formatNoteKey(key) }] });
    const signature = { name: key.name, id: key.id, blob: sign(new TextEncoder().encode(other.text)) };
    writeFileSync(work.path(LOG, "checkpoint"), formatNote({ text: other.text, signatures: [signature] }));
    expect((await asWitness(work, "lab")).json()).toMatchObject({ error: { code: "log-rewritten" } });
  });

  test("whose time no calendar has is none, and no fault of the tool", async () => {
    const work = copyOf(made);
    const { key, sign } = someKey("wit", "cosignature-v1");
    const note = parseNote(checkpoint(work));
    const signature = cosign(note, key, Number.MAX_SAFE_INTEGER, sign);
    writeFileSync(work.path(LOG, "checkpoint"), formatNote({ ...note, signatures: [...note.signatures, signature] }));
    expect((await work.attest("verify", file, "--witness", formatNoteKey(key))).stdout).toMatch(/\[log-damaged\]/);
    withKeyring(work, { witnesses: [{ name: "wit", key: formatNoteKey(key), validFrom: "2026-01-01T00:00:00Z" }] });
    expect((await attest(["log", "check", "lab"], stranger(work))).code).not.toBe(2);
  });
});

test("a checkpoint with a line of any length does not fill this verifier's memory", async () => {
  const work = copyOf(made);
  const honest = checkpoint(work);
  const junk = `\u2014 ${"w".repeat(70_000)} YWJjZGVmZ2g=\n`;
  writeFileSync(work.path(LOG, "checkpoint"), Buffer.concat([honest, Buffer.from(junk)]));
  await work.attest("verify", file);
  await work.attest("log", "check", "lab");
  writeFileSync(work.path(LOG, "checkpoint"), honest);
  expect((await work.attest("verify", file)).code).toBe(3); // retracted, and nothing else
  expect((await work.attest("log", "check", "lab")).code).toBe(0);
});

describe("a registry that somebody else hands over", () => {
  test("does not have the user's log sign what is in it", async () => {
    const work = copyOf(made);
    work.write("lab/attest.json", JSON.stringify({ origin: "evil.example/x", title: "Evil" }));
    const before = checkpoint(work);
    const ran = await work.attest("sign", "statement.json", "--registry", "lab", "--json");
    expect(failure(ran).message).toMatch(naming("evil.example/x/attestations/log", "example.org/lab/attestations/log"));
    expect(checkpoint(work)).toEqual(before);
  });

  test("does not have planted documents entered in the log", async () => {
    const work = copyOf(made);
    const keystore = new Keystore(join(work.root, "nobody"), nodeEngine);
    const line = formatKey(keystore.create("mallory").key);
    const [{ key = "" } = {}] = keyring(work)["logs"] as { key?: string }[];
    const log = { origin: "example.org/lab/attestations/log", key };
    const mallory = await keystore.signer("mallory", () => Promise.resolve(undefined));
    const planted = await signDraft(drafted({ title: "Planted", evidence: {} }), mallory, nodeEngine, new Date(), log);
    const name = `${planted.id}.json`;
    work.write(`lab/attestations/${name}`, planted.bytes);
    withKeyring(work, {
      signers: [
        ...(keyring(work)["signers"] as JsonObject[]),
        { name: "mallory", key: line, validFrom: "2020-01-01T00:00:00Z" },
      ],
    });
    await publish(work, "lab", { title: "Honest" });
    expect(leaves(work).map((leaf) => leaf.kind)).toEqual(["result", "notice", "result"]);
    expect(names(work, /tlog-proof$/)).not.toContain(name.replace(/json$/, "tlog-proof"));
  });

  test("does not lead the log's files out of it", async () => {
    const work = copyOf(made);
    mkdirSync(work.path("outside"));
    rmSync(work.path(LOG), { recursive: true });
    symlinkSync("../../outside", work.path(LOG));
    expect((await work.attest("sign", "statement.json", "--registry", "lab")).code).toBe(2);
    expect(readdirSync(work.path("outside"))).toEqual([]);
  });

  test("does not keep its other documents from being verified by what is no file", async () => {
    const work = copyOf(made);
    // The notice comes first among its documents.
    const [proof = ""] = names(work, /^note_.*tlog-proof$/);
    rmSync(work.path("lab/attestations", proof));
    mkdirSync(work.path("lab/attestations", proof));
    const { stdout } = await work.attest("verify", "lab");
    expect(stdout).toContain(file);
    expect(stdout).toContain("[retracted]");
  });
});

test("the entries here are what the file says that they are", () => {
  expect(leaves(made).map((leaf) => leaf.kind)).toEqual(["result", "notice"]);
});
