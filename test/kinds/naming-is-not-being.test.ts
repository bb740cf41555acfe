/** What somebody else wrote says nothing of other attestations under my signature, unless I allow that very one. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import {
  attest,
  colleague,
  copyOf,
  fault,
  tree,
  workspace,
  type Ran,
  type Surroundings,
  type Workspace,
} from "../cli/attest.js";
import { drafted, lab } from "../cli/drafts.js";
import { formatEnvelope, message, parseEnvelope } from "../../src/core/statement/envelope.js";
import { Keystore } from "../../src/keystore/keystore.js";
import { nodeEngine } from "../../src/node/engine.js";
import { identify, type Relation } from "../../src/core/statement/statement.js";
import { answerTo, ok, unfinished } from "./lab.js";

let work: Workspace;
let digest: string;
beforeAll(async () => {
  work = workspace();
  const { file } = await lab(work);
  const shown = await work.attest("verify", file, "--json");
  digest = (shown.json() as { documents: [{ report: { digest: string } }] }).documents[0].report.digest;
});

const relating = (type: string, target = "test_x", of: object | null = { sha256: digest }) =>
  ({ type, target, ...(of !== null && { digest: of }) }) as Relation;
const write = (relations: readonly Relation[]): string =>
  work.write(
    "other.json",
    JSON.stringify(drafted({ title: "Other", evidence: {}, f3: { relations: [...relations] } })),
  );
const codeOf = async (...words: readonly string[]): Promise<unknown> => {
  const ran = await work.attest(...words, "--json");
  return ran.code === 0 ? "signed" : (ran.json() as { error: { code: string } }).error.code;
};

describe("attest sign", () => {
  test.each(["supersedes", "reproduces", "contradicts", "answers", "planned-by"])(
    "%s: refused, and signed when that one is allowed",
    async (type) => {
      const file = write([relating(type)]);
      const out = `${type}.json`;
      expect(await codeOf("sign", file, "--output", out)).toBe("relation-refused");
      for (const other of [type, `${type}:`, `${type}:${digest.slice(0, 12)}`, `${type}:test_x`, `verifies:${digest}`])
        expect(await codeOf("sign", file, "--output", out, "--allow-relation", other), other).toBe("relation-refused");
      expect(await codeOf("sign", file, "--output", out, "--allow-relation", `${type}:${digest}`)).toBe("signed");
    },
  );
  test("of several each must be allowed; one without a digest by its target", async () => {
    const file = write([relating("supersedes"), relating("answers", "it's here", null)]);
    const one = ["--allow-relation", `supersedes:${digest}`];
    expect(await codeOf("sign", file, "--output", "two.json", ...one)).toBe("relation-refused");
    expect(await codeOf("sign", file, "--output", "two.json", ...one, "--allow-relation", "answers:it's here")).toBe(
      "signed",
    );
  });
  test("what a statement verifies is a thing, and needs no leave", async () => {
    expect(
      await codeOf("sign", write([relating("verifies", "https://example.org/x", null)]), "--output", "v.json"),
    ).toBe("signed");
  });
  test("the hint can be typed as it stands", async () => {
    const { hint } = fault(await work.attest("sign", write([relating("supersedes")])));
    expect(hint).toContain(`--allow-relation supersedes:${digest}`);
  });
});

describe("attest cosign", () => {
  test("of a statement that would replace mine: refused, unless it is allowed", async () => {
    const theirs = workspace();
    await theirs.attest("key", "new", "them");
    const line = (await theirs.attest("key", "show", "them")).stdout.trim();
    const file = write([relating("supersedes")]);
    const words = ["sign", file, "--output", work.path("theirs.json"), "--allow-relation", `supersedes:${digest}`];
    expect((await attest(words, theirs)).code).toBe(0);
    expect(await codeOf("cosign", "theirs.json", "--key", line)).toBe("relation-refused");
    const allowed = ["--allow-relation", `supersedes:${digest}`];
    expect(await codeOf("cosign", "theirs.json", "--key", line, ...allowed)).toBe("signed");
  });

  describe("of a result that names a plan", () => {
    let lab: Workspace;
    /** A test that its signer announced and never finished, and somebody else's statement which says that it is that one. */
    let plan: Awaited<ReturnType<typeof unfinished>>;
    const them = (work: Workspace): Surroundings => ({
      cwd: work.cwd,
      env: { ...work.env, F3_ATTEST_HOME: join(work.root, "theirs"), XDG_STATE_HOME: join(work.root, "their-state") },
    });
    beforeAll(async () => {
      lab = workspace();
      plan = await unfinished(lab);
      colleague(lab, "theirs");
      lab.write("them.pub", ok(await attest(["key", "new", "them"], them(lab))).stdout);
      lab.write("signer.pub", ok(await lab.attest("key", "show", "signer")).stdout);
      lab.write("theirs.json", JSON.stringify(answerTo(plan)));
      const words = ["sign", "theirs.json", "--output", "foreign.json", "--allow-relation", plan.word];
      ok(await attest(words, them(lab)));
    });
    const code = (ran: Ran) => (ran.code === 0 ? "done" : (ran.json() as { error: { code: string } }).error.code);
    const open = async (work: Workspace): Promise<boolean> =>
      (await work.attest("log", "show", "lab", "--open")).stdout.includes(plan.id);

    test("my own plan: refused, and it stays open; signed when that one is allowed", async () => {
      const work = copyOf(lab);
      const cosign = ["cosign", "foreign.json", "--key", "them.pub", "--output", "both.json", "--json"];
      expect(code(await work.attest(...cosign))).toBe("relation-refused");
      expect(await open(work)).toBe(true);
      ok(await work.attest(...cosign, "--allow-relation", plan.word));
      ok(await work.attest("add", "both.json", "--registry", "lab", "--key", "them.pub"));
      expect(await open(work)).toBe(false);
    });
    test("my own plan, in a copy of its registry where its file has their signature alone: refused", async () => {
      const work = copyOf(lab);
      const path = `lab/attestations/${plan.id}.json`;
      const envelope = parseEnvelope(new Uint8Array(readFileSync(work.path(path))));
      const signer = await new Keystore(join(work.root, "theirs"), nodeEngine).signer("them", () =>
        Promise.resolve(undefined),
      );
      const sig = await signer.sign(message(envelope.payloadType, envelope.payloadBytes));
      work.write(path, formatEnvelope({ ...envelope, signatures: [{ keyid: signer.key.keyid, sig }] }));
      const foreign = new Uint8Array(readFileSync(work.path("foreign.json")));
      const { id } = identify(parseEnvelope(foreign).payloadBytes, nodeEngine);
      const file = `lab/attestations/${id}.json`;
      work.write(file, foreign);
      const cosign = ["cosign", file, "--key", "them.pub", "--output", "both.json", "--json"];
      expect(code(await work.attest(...cosign))).toBe("relation-refused");
    });
    test("the plan of who signed it, at hand in their registry: signed; alone it cannot be told whose plan it is", async () => {
      const work = copyOf(lab);
      const ran = ok(await work.attest("run", "--registry", "lab", "--subject", "a.txt", "--json", "--", "true"));
      const { path } = ran.json() as { path: string };
      work.write("alone.json", readFileSync(work.path(path)));
      const alone = ["cosign", "alone.json", "--key", "signer.pub", "--output", "one.json", "--json"];
      expect(code(await attest(alone, them(work)))).toBe("relation-refused");
      ok(await attest(["cosign", path, "--key", "signer.pub"], them(work)));
      expect((await work.attest("log", "check", "lab")).code).toBe(0);
    });

    describe("attest add", () => {
      const refused = async (work: Workspace, file: string): Promise<void> => {
        const before = tree(work.path("lab"));
        expect(code(await work.attest("add", file, "--registry", "lab", "--key", "them.pub", "--json"))).toBe("usage");
        expect(tree(work.path("lab"))).toEqual(before);
        expect((await work.attest("log", "check", "lab")).code).toBe(0);
      };
      test("by another key than its plan: refused, and nothing is written", async () => {
        await refused(copyOf(lab), "foreign.json");
      });
      test("of a plan that nobody announced here: refused", async () => {
        const work = copyOf(lab);
        const digest = "ab".repeat(32);
        work.write("other.json", JSON.stringify(answerTo({ ...plan, digest, id: `plan_${digest.slice(0, 16)}` })));
        const words = ["sign", "other.json", "--output", "sent.json", "--allow-relation", `planned-by:${digest}`];
        ok(await attest(words, them(work)));
        await refused(work, "sent.json");
      });
      test("by who announced it: added, and it answers", async () => {
        const work = copyOf(lab);
        ok(await work.attest("sign", "theirs.json", "--output", "mine.json", "--allow-relation", plan.word));
        ok(await work.attest("add", "mine.json", "--registry", "lab"));
        expect(await open(work)).toBe(false);
        expect((await work.attest("log", "check", "lab")).code).toBe(0);
      });
    });
  });
});
