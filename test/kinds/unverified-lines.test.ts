/** What nobody verified enters no checkpoint, no proof and no document of a registry, and what is there already gives way to what is good. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { attest, colleague, copyOf, workspace, type Ran, type Workspace } from "../cli/attest.js";
import { lab, publish } from "../cli/drafts.js";

const CHECKPOINT = "lab/attestations/log/checkpoint";
let made: Workspace;
let file: string;
let eve: string;
let bob: string;

/** A witness with a home of its own looks at the log, and hands over what it cosigned. */
async function bear(work: Workspace, name: string, output: string): Promise<string> {
  const env = { ...work.env, F3_ATTEST_HOME: join(work.root, name), XDG_STATE_HOME: join(work.root, `${name}-state`) };
  const words = [
    "log",
    "witness",
    "lab",
    "--name",
    name,
    "--log-key",
    "lab/keys/log.vkey",
    "--output",
    output,
    "--json",
  ];
  const ran = await attest(words, { ...work, env });
  return (ran.json() as { vkey: string }).vkey;
}

beforeAll(async () => {
  made = workspace();
  ({ file } = await lab(made));
  file = file.slice(made.cwd.length + 1);
  eve = await bear(made, "eve", "by-eve");
  bob = await bear(made, "bob", "by-bob");
});

const text = (work: Workspace, path: string): string => readFileSync(work.path(path), "utf8");
const junk = (key: string): string => {
  const [name = "", id = ""] = key.split("+");
  return `\u2014 ${name} ${Buffer.concat([Buffer.from(id, "hex"), Buffer.alloc(72, 7)]).toString("base64")}\n`;
};
const accept = (work: Workspace, path: string, ...named: readonly string[]): Promise<Ran> =>
  work.attest("log", "accept", path, "--registry", "lab", ...named.flatMap((key) => ["--witness", key]), "--json");
/** The document as it lies there, and with its proof alone, for somebody who trusts that witness. */
async function seenBy(work: Workspace, key: string): Promise<(number | null)[]> {
  writeFileSync(work.path("alone.json"), text(work, file));
  writeFileSync(work.path("alone.tlog-proof"), text(work, file.replace(/json$/, "tlog-proof")));
  const codes: (number | null)[] = [];
  for (const target of [file, "alone.json"])
    codes.push((await work.attest("verify", target, "--witness", key, "--require", "witnessed")).code);
  return codes;
}

describe("attest log accept", () => {
  test("takes no line by a key that was not named: not junk, not a good one, not both", async () => {
    const work = copyOf(made);
    const before = text(work, CHECKPOINT);
    work.write("junk", before + junk(eve));
    work.write("good", text(work, "by-eve")); // without the witness's line beside it
    for (const path of ["junk", "good"]) {
      const ran = await accept(work, path);
      expect(ran.json(), path).toMatchObject({ error: { code: "checkpoint-format" }, exit: 2 });
      expect((await accept(work, path, bob)).code, path).toBe(2);
    }
    expect((await accept(work, "junk", eve)).code).toBe(2);
    expect(text(work, CHECKPOINT)).toBe(before);
    expect((await work.attest("verify", file, "--witness", eve)).code).toBe(0);
  });
  test("takes of several lines those that fit, says which it left out, and finds a place for the rest later", async () => {
    const work = copyOf(made);
    work.write("mixed", text(work, "by-bob") + junk(eve));
    const ran = await accept(work, "mixed", bob, eve);
    expect(ran.json()).toMatchObject({ cosigners: ["bob"], dropped: ["eve"] });
    expect(await seenBy(work, bob)).toEqual([0, 0]);
    expect((await work.attest("verify", file, "--witness", eve)).code).toBe(0);
    expect((await accept(work, "by-eve", eve)).json()).toMatchObject({ cosigners: ["eve"] });
    for (const key of [eve, bob]) expect(await seenBy(work, key)).toEqual([0, 0]);
  });
  test("takes the line of a witness whom the registry's keyring lists", async () => {
    const work = copyOf(made);
    const keyring = JSON.parse(text(work, "lab/keys/keyring.json")) as Record<string, unknown>;
    const witnesses = [{ name: "eve", key: eve, validFrom: "2026-01-01T00:00:00Z" }];
    work.write("lab/keys/keyring.json", JSON.stringify({ ...keyring, witnesses }));
    work.write("cosigned", text(work, "by-eve") + junk(bob));
    expect((await accept(work, "cosigned")).json()).toMatchObject({ cosigners: ["eve"], dropped: ["bob"] });
    expect(await seenBy(work, eve)).toEqual([0, 0]);
  });
  test("puts a good line in the place of one that does not fit, under the checkpoint and in the proofs", async () => {
    const work = copyOf(made);
    const proof = file.replace(/json$/, "tlog-proof");
    for (const path of [CHECKPOINT, proof]) work.write(path, text(work, path) + junk(eve));
    expect((await work.attest("verify", file, "--witness", eve)).code).not.toBe(0);
    expect((await accept(work, "by-eve", eve)).code).toBe(0);
    expect(await seenBy(work, eve)).toEqual([0, 0]);
    expect(text(work, CHECKPOINT)).not.toContain(junk(eve));
  });
});

test("attest log witness hands on nothing that it did not verify", async () => {
  const work = copyOf(made);
  work.write(CHECKPOINT, text(work, CHECKPOINT) + junk(bob) + junk(eve));
  await bear(work, "eve", "cosigned");
  expect(text(work, "cosigned")).not.toContain(junk(bob));
  expect(text(work, "cosigned")).not.toContain(junk(eve));
  expect(text(work, "cosigned").match(/^\u2014 /gm)).toHaveLength(2);
});

describe("what is made from a published checkpoint with junk under it has no line that was not verified", () => {
  const PROOF = () => file.replace(/json$/, "tlog-proof");
  /** A registry that lists eve, whose good line is published, and beside it a junk one by bob, or by eve herself in its place. */
  const spoilt = async (...lines: readonly string[]): Promise<Workspace> => {
    const work = copyOf(made);
    const keyring = JSON.parse(text(work, "lab/keys/keyring.json")) as Record<string, unknown>;
    const witnesses = [{ name: "eve", key: eve, validFrom: "2026-01-01T00:00:00Z" }];
    work.write("lab/keys/keyring.json", JSON.stringify({ ...keyring, witnesses }));
    work.write(CHECKPOINT, text(work, CHECKPOINT) + lines.join(""));
    return work;
  };
  const eves = (): string => /^\u2014 eve .*\n/m.exec(text(made, "by-eve"))?.[0] ?? "";
  const prove = async (work: Workspace): Promise<string> => {
    const ran = await work.attest("log", "prove", file);
    expect(ran.code, ran.stderr).toBe(0);
    return ran.stdout;
  };
  const inPack = (work: Workspace, key: string, ...more: readonly string[]) =>
    work.attest("verify", "pack.html", "--witness", key, ...more);
  const pack = async (work: Workspace): Promise<string> => {
    const ran = await work.attest("evidence", "pack", file, "--output", "pack.html");
    expect(ran.code, ran.stderr).toBe(0);
    return text(work, "pack.html");
  };

  test("attest log prove: the log's line, and those of listed witnesses that fit", async () => {
    const proof = await prove(await spoilt(junk(bob), eves(), junk(eve)));
    expect(proof.match(/^\u2014 .*\n/gm)).toHaveLength(2);
    expect(proof).toContain(eves());
    expect(await prove(await spoilt(junk(eve)))).not.toContain("\u2014 eve");
  });
  test("attest evidence pack", async () => {
    const work = await spoilt(junk(bob), junk(eve), eves());
    await pack(work);
    expect((await inPack(work, bob)).code).toBe(0);
    expect((await inPack(work, eve, "--require", "witnessed")).code).toBe(0);
    const none = await spoilt(junk(eve));
    expect(await pack(none)).not.toContain("\u2014 eve");
    expect((await inPack(none, eve)).code).toBe(0);
  });
  test("attest evidence pack of what was taken back, whose entries come along with proofs of their own", async () => {
    const work = copyOf(made);
    await work.attest("retract", file, "--registry", "lab", "--reason", "It was wrong.");
    work.write(CHECKPOINT, text(work, CHECKPOINT) + junk(bob) + junk(eve));
    const page = await pack(work);
    expect(page).toContain('"leaf"');
    for (const key of [bob, eve]) expect(page).not.toContain(junk(key).trim().split(" ")[2]);
  });
  test("a proof beside the document keeps the lines of witnesses whom the registry does not list", async () => {
    const work = copyOf(made);
    expect((await accept(work, "by-bob", bob)).code).toBe(0);
    work.write(CHECKPOINT, text(work, CHECKPOINT) + junk(eve));
    expect(text(work, PROOF())).toContain("\u2014 bob");
    await pack(work);
    expect((await inPack(work, bob, "--require", "witnessed")).code).toBe(0);
    expect((await inPack(work, eve)).code).toBe(0);
  });
});

test("attest add takes no signature that it cannot check, by whatever key it says to be", async () => {
  const work = copyOf(made);
  await work.attest("key", "new", "other");
  const { stdout } = await work.attest("key", "show", "other");
  const listed = (await work.attest("key", "list")).stdout.split("\n").find((one) => one.startsWith("other"));
  const keyid = /SHA256:\S+/.exec(listed ?? "")?.[0];
  expect(keyid).toBeDefined();
  await publish(work, "lab", { title: "Sent" }, "--signer", "signer");
  await work.attest("sign", "statement.json", "--signer", "signer", "--output", "sent.json");
  const sent = JSON.parse(text(work, "sent.json")) as { signatures: object[] };
  sent.signatures.push({ keyid, sig: Buffer.alloc(64, 7).toString("base64") });
  work.write("sent.json", JSON.stringify(sent, null, 2));
  const keeper = colleague(work);
  const ran = await attest(["add", "sent.json", "--registry", "lab", "--json"], keeper);
  expect(ran.code, ran.stderr).toBe(0);
  const { id } = ran.json() as { id: string };
  expect(text(work, `lab/attestations/${id}.json`)).not.toContain(String(keyid));
  const read = await attest(["verify", `lab/attestations/${id}.json`, "--key", stdout.trim()], keeper);
  expect(read.code).not.toBe(1);
});
