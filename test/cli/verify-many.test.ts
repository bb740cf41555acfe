/** A registry of many documents: on all processors the answers are those of one, in the same order. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { RegistryOptions, Verified, verifyRegistry } from "../../src/index.js";
import { attestProcess, copyOf, stranger, workspace, type Ran, type Workspace } from "./attest.js";
import { drafted, lab, sealed, secretOf, stamped } from "./drafts.js";

interface Library {
  readonly verifyRegistry: typeof verifyRegistry;
}

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

describe.skipIf(availableParallelism() < 2)("the library's verifyRegistry", async () => {
  const { verifyRegistry } = (await import(new URL("../../dist/index.js", import.meta.url).href)) as Library;
  const collected = async (work: Workspace, options: RegistryOptions): Promise<Verified[]> => {
    const all = [];
    for await (const one of verifyRegistry(work.path("lab"), options)) all.push(one);
    return all;
  };

  test("gives on all processors what it gives on one, in the order of the names", async () => {
    const now = new Date();
    const many = await collected(made, { keys: [key], now });
    expect(many).toEqual(await collected(made, { keys: [key], now, workers: 1 }));
    expect(many.map(({ target }) => target)).toEqual(names.map((name) => made.path("lab/attestations", name)));
    expect(new Set(many.map((one) => ("report" in one ? one.report.outcome : one.fault.code)))).toEqual(
      new Set(["accepted"]),
    );
    const unknown = await collected(made, { now });
    expect(new Set(unknown.map((one) => ("report" in one ? one.report.outcome : "")))).toEqual(new Set(["untrusted"]));
  });

  test.each([NaN, -1, 2.5, Infinity])("with %s workers it gives no less", async (workers) => {
    expect(await collected(made, { keys: [key], workers })).toHaveLength(names.length);
  });

  test("goes on after a file that cannot be read, and throws for what is wrong with all of it", async () => {
    const work = copyOf(made);
    const [broken = ""] = names.filter((name) => name.startsWith("test_")).slice(300, 301);
    rmSync(work.path("lab/attestations", broken));
    mkdirSync(work.path("lab/attestations", broken));
    const all = await collected(work, { keys: [key] });
    expect(all).toHaveLength(names.length);
    const refused = all.filter((one) => !("report" in one) || one.report.outcome !== "accepted");
    expect(refused.map(({ target }) => target)).toEqual([work.path("lab/attestations", broken)]);
    expect(refused[0]).toMatchObject({
      report: { checks: expect.arrayContaining([expect.objectContaining({ code: "io" })]) as unknown },
    });
    await expect(collected(work, { keys: ["not a key"] })).rejects.toMatchObject({ code: "file-missing" });
    await expect(collected(work, { keys: [key], keyrings: [work.path("lab/attest.json")] })).rejects.toMatchObject({
      code: "keyring-format",
    });
    work.write("lab/keys/keyring.json", "{");
    await expect(collected(work, { keys: [key] })).rejects.toMatchObject({ code: "json-syntax" });
    rmSync(work.path("lab/attest.json"));
    await expect(collected(work, { keys: [key] })).rejects.toMatchObject({ code: "registry-missing" });
  });

  test("remembers logs where it is told to", async () => {
    const [work, memory] = [copyOf(made), made.path("memory")];
    await collected(work, { keys: [key], memory });
    rmSync(work.path("lab/attestations/log"), { recursive: true });
    const codes = (all: Verified[]): string[] =>
      all.flatMap((one) => ("report" in one ? one.report.checks.map(({ code }) => code) : []));
    expect(codes(await collected(work, { keys: [key] }))).not.toContain("log-backwards");
    expect(codes(await collected(work, { keys: [key], memory }))).toContain("log-backwards");
  });
});
