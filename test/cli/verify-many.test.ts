/** A registry of many documents: on all processors the answers are those of one, in the same order. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { attestProcess, copyOf, stranger, workspace, type Ran, type Workspace } from "./attest.js";
import { drafted, lab, sealed, secretOf, stamped } from "./drafts.js";

/** Above the number from which workers are started. */
const COUNT = 1100;

let made: Workspace;
let names: string[];
let key = "";
beforeAll(async () => {
  made = workspace();
  await lab(made);
  const me = secretOf(made);
  const signedAt = new Date().toISOString();
  key = (await made.attest("key", "show", "signer")).stdout.trim();
  for (let at = 0; at < COUNT; at += 1) {
    const { id, bytes } = sealed(stamped(drafted({ title: `Test ${at}`, evidence: {} }), signedAt), me);
    writeFileSync(made.path("lab/attestations", `${id}.json`), bytes);
  }
  names = readdirSync(made.path("lab/attestations")).filter((name) => name.endsWith(".json"));
});

const verified = (work: Workspace, ...args: readonly string[]): Promise<Ran> =>
  attestProcess(["verify", "lab", "--key", key, ...args], stranger(work));
const targets = (ran: Ran): string[] =>
  ran.stdout
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { target: string }).target);

describe.skipIf(availableParallelism() < 2)("on all processors", () => {
  test("every document once, in the order of the names, and as one processor says it", async () => {
    const many = await verified(made, "--ndjson");
    expect(many.code, many.stderr).toBe(0);
    expect(targets(many)).toEqual(names.map((name) => `lab/attestations/${name}`));
    const one = (await verified(made, "--json")).json() as { documents: object[] };
    expect(
      many.stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(one.documents.map((document) => expect.objectContaining(document) as unknown));
  });

  test("goes on where it was interrupted, and again over what has changed since", async () => {
    const work = copyOf(made);
    const whole = (await verified(work, "--ndjson")).stdout;
    const lines = whole.trimEnd().split("\n");
    work.write("done.ndjson", `${lines.slice(0, 700).join("\n")}\n${(lines[700] ?? "").slice(0, 100)}`);
    const rest = await verified(work, "--ndjson", "--resume", "done.ndjson");
    expect([rest.code, rest.stdout], rest.stderr).toEqual([0, `${lines.slice(700).join("\n")}\n`]);

    work.write("done.ndjson", whole);
    const [changed = ""] = names.filter((name) => name.startsWith("test_"));
    const file = work.path("lab/attestations", changed);
    writeFileSync(file, readFileSync(file, "utf8").replace("Test ", "Tost "));
    const again = await verified(work, "--ndjson", "--resume", "done.ndjson");
    expect([again.code, targets(again)]).toEqual([1, [`lab/attestations/${changed}`]]);

    work.write("done.ndjson", whole);
    writeFileSync(file, readFileSync(file, "utf8").replace("Tost ", "Test "));
    const bad = JSON.parse(lines[5] ?? "") as { report: object };
    const refused = JSON.stringify({ ...bad, report: { ...bad.report, outcome: "untrusted" } });
    work.write("done.ndjson", lines.with(5, refused).join("\n"));
    const counted = await verified(work, "--ndjson", "--resume", "done.ndjson");
    expect([counted.code, counted.stdout], "earlier answers count, where nothing is left to verify").toEqual([3, ""]);

    work.write("done.ndjson", whole);
    expect(
      targets(await attestProcess(["verify", "lab", "--ndjson", "--resume", "done.ndjson"], stranger(work))),
      "without its key",
    ).toHaveLength(names.length);
  });

  test("one that was changed, one that cannot be read, and a sum over all", async () => {
    const work = copyOf(made);
    const [changed = "", broken = ""] = names.filter((name) => name.startsWith("test_")).slice(500, 502);
    const file = work.path("lab/attestations", changed);
    writeFileSync(file, readFileSync(file, "utf8").replace("Test ", "Tost "));
    rmSync(work.path("lab/attestations", broken));
    writeFileSync(work.path("lab/attestations", broken), "");
    const ran = await verified(work);
    expect(ran.code, ran.stderr).toBe(2); // unreadable comes before changed
    const lines = ran.stdout.split("\n");
    expect(lines.find((line) => line.includes(changed))).toMatch(/^NOT ACCEPTED /);
    expect(lines.find((line) => line.includes(broken))).toMatch(/^NOT ACCEPTED /);
    expect(lines.at(-2)).toMatch(new RegExp(`^${COUNT - 1} of ${COUNT + 1} verified with a key that you confirmed: `));
  });

  test("a fault of the user's own is told once, and nothing is printed as verified", async () => {
    const ran = await attestProcess(["verify", "lab", "--key", "not a key"], stranger(made));
    expect(ran.code).toBe(2);
    expect(ran.stdout).toBe("");
    expect(ran.stderr.match(/^error: /gm)).toHaveLength(1);
  });

  test("a fault of the registry is told as by one processor", async () => {
    const work = copyOf(made);
    work.write("lab/keys/keyring.json", "{");
    const ran = await verified(work);
    expect([ran.code, ran.stdout]).toEqual([2, ""]);
    expect(ran.stderr).toMatch(/^error: line 1, column 2: /m);
  });

  test("a key that nobody confirmed is nobody's, on each of them", async () => {
    const ran = await attestProcess(["verify", "lab"], stranger(made));
    expect(ran.code).toBe(3);
    expect(ran.stdout.trimEnd().split("\n").at(-1)).toMatch(/^0 of /);
    expect(ran.stderr.match(/^hint: ask the signer/gm)).toHaveLength(1);
  });
});

test("what is seen of the log is remembered, whichever of them sees it", async () => {
  const work = copyOf(made);
  const state = join(stranger(work).env["XDG_STATE_HOME"] ?? "", "f3-attest/logs");
  const logged = names.find((name) => existsSync(work.path("lab/attestations", name.replace(/json$/, "tlog-proof"))));
  for (const name of names) if (name !== logged) work.write(`lab/attestations/${name}`, "{}");
  // In the second piece, which goes to the second worker.
  for (let at = 0; at < 70; at += 1) work.write(`lab/attestations/note_${String(at).padStart(16, "0")}.json`, "{}");
  expect((await verified(work)).code).toBe(2);
  expect(readdirSync(state)).toHaveLength(1);
});
