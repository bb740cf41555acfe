/** `attest publish`: another place gets what it lacks, whole and verified, from wherever it was broken off; and nothing that forks a log. */
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { attest, colleague, copyFolder, copyOf, workspace, type Ran, type Workspace } from "./attest.js";
import { lab, publish } from "./drafts.js";

let work: Workspace;
let file = "";
beforeEach(async () => {
  work = workspace();
  ({ file } = await lab(work));
});

const ok = (ran: Ran): Ran => {
  expect(ran.code, ran.stderr).toBe(0);
  return ran;
};
const copied = async (from: string, to: string, more: readonly string[] = []): Promise<unknown> =>
  ok(await work.attest("publish", "--registry", from, "--to", to, "--json", ...more)).json();
const names = (folder: string): string[] =>
  readdirSync(work.path(folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.\w+$|tile|checkpoint$/.test(name) && !/\.p($|\/)/.test(name))
    .sort();

test("to an empty place: the same files, and a stranger verifies it", async () => {
  await publish(work, "lab", { title: "Another", evidence: { "a.txt": "a", "b.txt": "b" } });
  ok(await work.attest("retract", file, "--reason", "wrong"));
  expect(await copied("lab", "copy")).toMatchObject({
    origin: "example.org/lab",
    documents: 3,
    evidence: 3,
    entries: 3,
    entered: [],
  });
  expect(names("copy")).toEqual(names("lab"));
  for (const name of names("lab").filter((one) => /\.json$|tlog-proof$|checkpoint$|\.pub$|\.vkey$/.test(one)))
    expect(readFileSync(work.path("copy", name), "utf8"), name).toBe(readFileSync(work.path("lab", name), "utf8"));
  ok(await work.attest("log", "check", "copy"));
  const [there, here] = [await work.attest("verify", "copy"), await work.attest("verify", "lab")];
  expect([there.code, there.stdout]).toEqual([3, here.stdout.replaceAll("lab/", "copy/")]); // one is retracted
  expect(await copied("lab", "copy")).toMatchObject({ documents: 0, evidence: 0, entries: 0, entered: [] });
});

test("again after more: only that, and in either direction", async () => {
  await copied("lab", "copy");
  await publish(work, "lab", { title: "Second" });
  ok(await work.attest("key", "new", "second"));
  ok(await work.attest("cosign", file, "--signer", "second"));
  expect(await copied("lab", "copy")).toMatchObject({ documents: 2, evidence: 0, entries: 2 });
  expect(ok(await work.attest("verify", "copy", "--json")).json()).toMatchObject({ exit: 0 });
  ok(await work.attest("log", "check", "copy"));
  await publish(work, "copy", { title: "Third" }, "--signer", "signer");
  expect(await copied("copy", "lab")).toMatchObject({ documents: 1, entries: 1 });
  ok(await work.attest("log", "check", "lab"));
});

test("a place that is ahead keeps what it has", async () => {
  await copied("lab", "copy");
  await publish(work, "copy", { title: "Ahead" });
  const checkpoint = readFileSync(work.path("copy/attestations/log/checkpoint"), "utf8");
  expect(await copied("lab", "copy")).toMatchObject({ documents: 0, entries: 0 });
  expect(readFileSync(work.path("copy/attestations/log/checkpoint"), "utf8")).toBe(checkpoint);
});

test("documents that no log has yet are entered where they are copied to", async () => {
  await copied("lab", "copy");
  const branch = copyOf(work);
  const path = await publish(branch, "lab", { title: "On a branch" });
  // As it lies on a branch of somebody who could not enter it: without its proof, and with the log of the base.
  const name = path.slice(path.lastIndexOf("/") + 1);
  cpSync(branch.path("lab/attestations", name), work.path("lab/attestations", name));
  for (const shard of readdirSync(branch.path("lab/attestations/evidence/sha256")))
    cpSync(
      branch.path("lab/attestations/evidence/sha256", shard),
      work.path("lab/attestations/evidence/sha256", shard),
      { recursive: true },
    );
  const id = name.replace(".json", "");
  expect(await copied("lab", "copy")).toMatchObject({ documents: 1, entries: 0, entered: [id] });
  ok(await work.attest("log", "check", "copy"));
  ok(await work.attest("verify", `copy/attestations/${name}`, "--require", "logged"));
});

test("a log that goes on in two ways is refused, and nothing is written", async () => {
  await copied("lab", "copy");
  const twin = { ...colleague(work, "twin") };
  copyFolder(join(work.home, "keys"), join(work.root, "twin", "keys"));
  await publish(work, "lab", { title: "Here" });
  work.write("other.json", readFileSync(work.path("statement.json"), "utf8").replace("Here", "There"));
  cpSync(work.path("statement.evidence"), work.path("other.evidence"), { recursive: true });
  ok(await attest(["sign", "other.json", "--registry", "copy"], twin));
  const before = names("copy");
  for (const [from, to] of [
    ["lab", "copy"],
    ["copy", "lab"],
  ] as const) {
    const ran = await work.attest("publish", "--registry", from, "--to", to, "--json");
    expect(ran.json()).toMatchObject({ error: { code: "log-fork" } });
  }
  expect(names("copy")).toEqual(before);
});

test("another registry, a changed document, changed evidence, a log that does not give its root: each is refused", async () => {
  ok(await work.attest("init", "other", "--origin", "example.org/other"));
  expect((await work.attest("publish", "--registry", "lab", "--to", "other", "--json")).json()).toMatchObject({
    error: { code: "registry-exists" },
  });

  const spoilt = async (spoil: (at: Workspace) => void): Promise<unknown> => {
    const at = copyOf(work);
    spoil(at);
    const ran = await at.attest("publish", "--registry", "lab", "--to", "copy", "--json");
    expect(existsSync(at.path("copy/attest.json"))).toBe(false);
    return (ran.json() as { error: { code: string } }).error.code;
  };
  const relative = file.slice(work.cwd.length + 1);
  expect(await spoilt((at) => at.write(relative, readFileSync(file, "utf8").replace("4", "5")))).toBe(
    "registry-format",
  );
  const evidence = "lab/attestations/evidence/sha256";
  const [shard = ""] = readdirSync(work.path(evidence));
  const [piece = ""] = readdirSync(work.path(evidence, shard));
  expect(await spoilt((at) => at.write(`${evidence}/${shard}/${piece}`, "changed"))).toBe("registry-format");
  expect(await spoilt((at) => at.write(`${evidence}/${shard}/notes.txt`, "a stray file"))).toBe("registry-format");
  const entries = work.path("lab/attestations/log/tile/entries/000.p/1");
  const bytes = readFileSync(entries);
  bytes[20] = (bytes[20] ?? 0) ^ 1;
  expect(await spoilt((at) => writeFileSync(at.path("lab/attestations/log/tile/entries/000.p/1"), bytes))).toBe(
    "log-damaged",
  );
});
