/**
 * What a registry's other logs say, and who signed by the log's word: a retraction in a later log, a log that is served as it was before, a
 * signature that is taken off a document, a notice that is given by hand.
 */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/core/json.js";
import { copyOf, workspace, type Ran, type Workspace } from "../cli/attest.js";
import { lab } from "../cli/drafts.js";
import { ATTESTATIONS, fileOf, keystoreOf, names, ok, reader, withhold } from "./lab.js";

let made: Workspace;
let file = "";
/** A result in the first log, the beginning of a second one, and then the retraction there. */
beforeAll(async () => {
  made = workspace();
  file = fileOf((await lab(made)).file);
  ok(await made.attest("log", "start", "--registry", "lab", "--anyway", "--reason", "moved"));
  cpSync(made.path(ATTESTATIONS, "log-2"), made.path("log-2-before"), { recursive: true });
  ok(await made.attest("retract", file, "--reason", "the control was miswired", "--registry", "lab"));
});
const GATE = ["--key", "lab/keys/signer.pub", "--require", "validated,logged,not-retracted"];
const gate = (work: Workspace): Promise<Ran> => reader(work)("verify", file, ...GATE);
const edit = (work: Workspace, path: string, change: (value: JsonObject) => JsonObject): void =>
  writeFileSync(
    work.path(path),
    JSON.stringify(change(JSON.parse(readFileSync(work.path(path), "utf8")) as JsonObject)),
  );
/** The later log as it was before the retraction, whose notice is kept back. */
const rollBack = (work: Workspace): void => {
  withhold(work, "retract");
  rmSync(work.path(ATTESTATIONS, "log-2"), { recursive: true });
  cpSync(work.path("log-2-before"), work.path(ATTESTATIONS, "log-2"), { recursive: true });
};

describe("a retraction in a later log", () => {
  test("is heard by its entry, of the registry and of a pack of it", async () => {
    const work = copyOf(made);
    withhold(work, "retract");
    expect((await gate(work)).stdout).toContain("[retracted]");
    ok(await work.attest("evidence", "pack", file, "--output", "pack.html", "--key", "lab/keys/signer.pub"));
    expect((await reader(work)("verify", "pack.html", "--key", "lab/keys/signer.pub")).stdout).toContain("[retracted]");
  });

  test.each<[string, string[]]>([
    ["log check", ["log", "check", "lab"]],
    ["verify", ["verify", "lab", "--key", "lab/keys/signer.pub"]],
  ])("is missed by who saw it with %s, when that log is served as it was before", async (_, look) => {
    const work = copyOf(made);
    await reader(work)(...look);
    rollBack(work);
    const ran = await gate(work);
    expect([ran.code === 0, ran.stdout.includes("[log-backwards]")]).toEqual([false, true]);
  });

  test("is missed when that log is not listed any more, and the registry calls itself otherwise", async () => {
    const work = copyOf(made);
    await reader(work)("log", "check", "lab");
    withhold(work, "retract");
    edit(work, "lab/keys/keyring.json", (ring) => ({ ...ring, logs: (ring["logs"] as JsonObject[]).slice(0, 1) }));
    edit(work, "lab/attest.json", (about) => ({ ...about, origin: "elsewhere.example/lab" }));
    expect((await gate(work)).stdout).toContain("[log-backwards]");
    expect((await reader(work)("log", "check", "lab")).stdout).toContain("[log-backwards]");
  });
});

test("an earlier log that is served as it was before the later one went on from it is not read as whole", async () => {
  const work = workspace();
  const one = fileOf((await lab(work)).file);
  cpSync(work.path(ATTESTATIONS, "log"), work.path("log-before"), { recursive: true });
  ok(await work.attest("key", "rotate", "signer", "next", "--registry", "lab"));
  ok(await work.attest("log", "start", "--registry", "lab", "--anyway", "--reason", "moved"));
  ok(await work.attest("retract", one, "--signer", "next", "--reason", "no", "--registry", "lab"));
  withhold(work, "rotate");
  rmSync(work.path(ATTESTATIONS, "log"), { recursive: true });
  cpSync(work.path("log-before"), work.path(ATTESTATIONS, "log"), { recursive: true });
  expect((await reader(work)("verify", one, ...GATE)).code).not.toBe(0);
});

test("a signature that was taken off a document still says who may take it back", async () => {
  const work = workspace();
  const one = fileOf((await lab(work)).file);
  ok(await work.attest("key", "new", "second"));
  ok(await work.attest("cosign", one, "--signer", "second"));
  ok(await work.attest("retract", one, "--signer", "signer", "--reason", "no", "--registry", "lab"));
  const second = keystoreOf(work)
    .list()
    .find(({ name }) => name === "second")?.key.keyid;
  edit(work, one, (document) => ({
    ...document,
    signatures: (document["signatures"] as JsonObject[]).filter(({ keyid }) => keyid === second),
  }));
  rmSync(work.path(one.replace(/\.json$/, ".tlog-proof")));
  work.write("second.pub", (await work.attest("key", "show", "second")).stdout);
  const ran = await reader(work)("verify", one, "--key", "second.pub", "--require", "validated,not-retracted");
  expect([ran.code, ran.stdout.includes("[retracted]")]).toEqual([3, true]);
});

test("a retraction that the reader has is heard, though the registry is served as it was before it", async () => {
  const work = workspace();
  const one = fileOf((await lab(work)).file);
  cpSync(work.path("lab"), work.path("before"), { recursive: true });
  ok(await work.attest("retract", one, "--reason", "no", "--registry", "lab"));
  const [note = ""] = names(work, /^note_/);
  work.write("mine.json", readFileSync(work.path(ATTESTATIONS, note)));
  const see = reader(work);
  for (const target of [`before/attestations/${basename(one)}`, "alone.json"]) {
    if (target === "alone.json") work.write(target, readFileSync(work.path(one)));
    ok(await see("verify", target, "--key", "lab/keys/signer.pub"));
    const ran = await see("verify", target, "--key", "lab/keys/signer.pub", "--notice", "mine.json");
    expect([target, ran.code, ran.stdout.includes("[retracted]")]).toEqual([target, 3, true]);
  }
});

test("entries that the registry keeps back leave the question open, also where nothing asks for it", async () => {
  for (const hide of [
    (work: Workspace) => rmSync(work.path(ATTESTATIONS, "log-2", "tile/entries"), { recursive: true }),
    (work: Workspace) => edit(work, "lab/keys/keyring.json", (ring) => ({ ...ring, logs: [] })),
  ]) {
    const work = copyOf(made);
    withhold(work, "retract");
    hide(work);
    const ran = await reader(work)("verify", file, "--key", "lab/keys/signer.pub");
    expect([ran.code, ran.stdout.includes("[entries-missing]")]).toEqual([4, true]);
  }
});

describe("what a stranger's registry lists", () => {
  /** A registry of another name that lists the log of this one. */
  function stranger(work: Workspace): void {
    cpSync(work.path("lab"), work.path("evil"), { recursive: true });
    edit(work, "evil/attest.json", (about) => ({ ...about, origin: "evil.example/x" }));
  }

  test("is not remembered in the place of the honest one", async () => {
    const work = copyOf(made);
    rmSync(work.path("evil"), { recursive: true, force: true });
    ok(await work.attest("init", "evil", "--origin", "example.org/lab"));
    edit(work, "evil/attest.json", (about) => ({ ...about, origin: "evil.example/x" }));
    const see = reader(work);
    await see("log", "check", "evil");
    expect((await see("log", "check", "lab")).stdout).not.toContain("[log-rewritten]");
  });

  test("is not forgotten with it", async () => {
    const work = copyOf(made);
    const see = reader(work);
    ok(await see("log", "check", "lab"));
    stranger(work);
    await see("log", "check", "evil");
    await see("log", "forget", "evil.example/x");
    rollBack(work);
    expect((await see("log", "check", "lab")).stdout).toContain("[log-backwards]");
  });
});

test("the folders here are what their names say", () => {
  expect(readdirSync(made.path(ATTESTATIONS)).filter((name) => name.startsWith("log"))).toEqual(["log", "log-2"]);
});
