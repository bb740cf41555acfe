/** Whose a key is, is read from all hand-overs and in both directions of time: one owner is one signer, one judge and one reproducer, with however many keys. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { nodeOf, factsOf, graphOf } from "../../src/core/audit/relations.js";
import { parseEnvelope } from "../../src/core/statement/envelope.js";
import { attest, copyOf, stranger, workspace, type Ran, type Workspace } from "../cli/attest.js";
import { lab, publish } from "../cli/drafts.js";
import { atRegistry, attestation, handOver as handedOver, type Made } from "../core/histories.js";
import { result, sealed, signer } from "../core/making.js";
import { fileOf, handOver, names, ok, plant, reader } from "./lab.js";

let made: Workspace;
let file = "";
/** `signer` signed, and handed over to `next`. */
beforeAll(async () => {
  made = workspace();
  file = fileOf((await lab(made)).file);
  ok(await made.attest("key", "rotate", "signer", "next", "--registry", "lab"));
});
const [OLD, NEW] = ["lab/keys/signer.pub", "lab/keys/next.pub"];

describe("two keys of one owner are one signer", () => {
  let work: Workspace;
  beforeAll(async () => {
    work = copyOf(made);
    ok(await work.attest("cosign", file, "--signer", "next"));
  });
  const two = (...keys: string[]): Promise<Ran> => reader(work)("verify", file, ...keys, "--require", "min-signers=2");
  const policy = (): string => {
    const line = (path: string): string => readFileSync(work.path(path), "utf8").split(" ").slice(0, 2).join(" ");
    return work.write(
      "policy.json",
      JSON.stringify({
        version: 1,
        keys: { old: line(OLD), new: line(NEW) },
        rules: [{ subject: { name: "add.js" }, signers: ["old", "new"], minSigners: 2 }],
      }),
    );
  };

  test.each<[string, () => Promise<Ran>]>([
    ["for who was given the old one", () => two("--key", OLD)],
    ["for who was given both", () => two("--key", OLD, "--key", NEW)],
    ["for who was given the keyring", () => two("--keyring", "lab/keys/keyring.json")],
    ["in a rule of a policy", () => reader(work)("verify", file, "--policy", policy())],
    [
      "when the old key handed over a second time, so that neither is followed",
      async () => {
        await handOver(work, "signer", "thief");
        return two("--key", OLD, "--key", NEW);
      },
    ],
  ])("%s", async (_, look) => {
    const ran = ok(await look(), 3);
    expect(ran.stdout).toContain("[policy-unmet]");
  });

  test("and two owners are two", async () => {
    ok(await work.attest("key", "new", "colleague"));
    ok(await work.attest("cosign", file, "--signer", "colleague"));
    ok(await two("--key", OLD, "--keyring", "lab/keys/keyring.json"));
  });
});

describe("nobody judges what they signed, with whichever of their keys", () => {
  /** An attestation by `next` whose evidence is gone, and a waiver of that by `by`, dated so that its key had not ended. */
  async function waived(by: string): Promise<Ran> {
    const work = copyOf(made);
    const { payload, payloadBytes } = parseEnvelope(
      new Uint8Array(readFileSync(await publish(work, "lab", { title: "Later" }, "--signer", "next"))),
    );
    const evidence = (payload["predicate"] as { f3: { evidence: { digest: { sha256: string } }[] } }).f3.evidence;
    for (const { digest } of evidence)
      writeFileSync(work.path("lab/attestations/evidence/sha256", digest.sha256.slice(0, 2), digest.sha256), "other");
    if (by !== "signer") ok(await work.attest("key", "new", by));
    const about = createHash("sha256").update(payloadBytes).digest("hex");
    const signedAt = new Date(Date.now() - 60_000).toISOString();
    const until = new Date(Date.now() + 86_400_000).toISOString();
    await plant(work, by, {
      version: 1,
      action: "waive",
      about,
      rule: "archive-changed",
      reason: "fine",
      until,
      signedAt,
    });
    ok(await work.attest("log", "complete", "lab"));
    work.write("given.json", readFileSync(work.path("lab/keys/keyring.json"), "utf8"));
    const keys =
      by === "signer" ? ["--keyring", "given.json"] : ["--key", (await work.attest("key", "show", by)).stdout];
    return reader(work)(
      "audit",
      `lab/attestations/${names(work, /^test_/).find((name) => readFileSync(work.path("lab/attestations", name), "utf8").includes('"Later"')) ?? ""}`,
      "--offline",
      "--json",
      ...keys,
    );
  }

  test("the old key waives nothing for the new one", async () => {
    expect((await waived("signer")).code).toBe(5);
  });

  test("somebody else does", async () => {
    const ran = await waived("colleague");
    expect(JSON.stringify(ran.json())).toContain('"waived":true');
  });
});

describe("who announced a plan is read from its signature, and nobody's guess stands in for it", () => {
  const LATER = 5 * 86_400_000;
  /** A plan whose result never came, and its publisher's waiver of that. */
  async function overdue(): Promise<{ work: Workspace; see: (...args: string[]) => Promise<Ran>; plan: string }> {
    const work = workspace();
    work.write("a.txt", "a\n");
    ok(await work.attest("init", "lab", "--origin", "example.org/lab"));
    ok(await work.attest("run", "--registry", "lab", "--subject", "a.txt", "--", "true"));
    const [answered] = names(work, /^plan_/);
    await work.attestProcess("run", "--registry", "lab", "--subject", "a.txt", "--", "/bin/sh", "-c", "kill -9 $PPID");
    const plan = names(work, /^plan_/).find((name) => name !== answered) ?? "";
    const until = new Date(Date.now() + 200 * 86_400_000).toISOString().slice(0, 10);
    ok(
      await work.attest(
        "waive",
        plan.replace(/\.json$/, ""),
        "--registry",
        "lab",
        "--rule",
        "result-missing",
        "--reason",
        "known",
        "--until",
        until,
      ),
    );
    work.write(
      "later.cjs",
      `const D = Date; globalThis.Date = class extends D { constructor(...a) { a.length ? super(...a) : super(D.now() + ${LATER}); } static now() { return D.now() + ${LATER}; } };`,
    );
    const there = stranger(work);
    const env = { ...there.env, NODE_OPTIONS: `--require ${work.path("later.cjs")}` };
    work.write("given.pub", readFileSync(work.path("lab/keys/signer.pub"), "utf8"));
    return { work, see: (...args) => attest(args, { ...there, env }), plan };
  }

  test("its publisher waives nothing, whatever the keyring says, and though the plan itself is kept back", async () => {
    const { work, see, plan } = await overdue();
    const audit = (): Promise<Ran> => see("audit", "lab", "--offline", "--key", "given.pub");
    expect((await audit()).code).toBe(5);
    const keyring = JSON.parse(readFileSync(work.path("lab/keys/keyring.json"), "utf8")) as object;
    writeFileSync(work.path("lab/keys/keyring.json"), JSON.stringify({ ...keyring, signers: [] }));
    expect((await audit()).code).toBe(5);
    work.write("kept.json", readFileSync(work.path("lab/attestations", plan), "utf8"));
    writeFileSync(work.path("lab/attestations", plan), "{}");
    const { code, stdout } = await audit();
    expect([code === 0, stdout.includes("so it still counts")]).toEqual([false, true]);
  });
});

describe("nobody reproduces what they signed, with whichever of their keys", () => {
  const [me, heir, other] = [signer(), signer(), signer()];
  const first = attestation(me, undefined);
  const again = (by: typeof me) =>
    sealed(
      result({ title: "Again", relations: [{ type: "reproduces", target: "it", digest: { sha256: first.digest } }] }),
      by,
    );
  const reproducedBy = (by: typeof me, ...notices: Made[]): number | undefined => counted(by, notices);
  /** @param entered who signed the first one too, by the log */
  const counted = (by: typeof me, notices: Made[], entered: string[] = []): number | undefined => {
    const shown = (document: Made) => ({ document, signers: [me, heir, other], notices, entries: false });
    const cards = [first, { ...first, bytes: again(by) }].flatMap(
      (one) => nodeOf(atRegistry(shown(one)), "", one === first ? entered : []) ?? [],
    );
    return factsOf(graphOf(cards)).get(first.digest)?.reproducedBy.length;
  };
  test.each<[string, () => number | undefined, number]>([
    ["not with the key that came after", () => reproducedBy(heir, handedOver(me, heir)), 0],
    ["not with the key that was before", () => reproducedBy(other, handedOver(other, me)), 0],
    ["not where the key handed over to two", () => reproducedBy(heir, handedOver(me, heir), handedOver(me, other)), 0],
    ["not with a signature that was taken off, and that the log has", () => counted(other, [], [other.key.keyid]), 0],
    ["somebody else does", () => reproducedBy(other, handedOver(me, heir)), 1],
  ])("%s", (_, count, expected) => {
    expect(count()).toBe(expected);
  });
});
