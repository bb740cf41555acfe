/** What somebody else wrote says nothing of other attestations under my signature, unless I allow that very one. */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { attest, fault, workspace, type Workspace } from "../cli/attest.js";
import { drafted, lab } from "../cli/drafts.js";
import type { Relation } from "../../src/core/statement.js";

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
  test("of a result of somebody's plan: signed", async () => {
    const theirs = workspace();
    await theirs.attest("init", "lab", "--origin", "example.org/theirs");
    const ran = await attest(
      ["run", "--registry", "lab", "--subject", work.path("lab/attest.json"), "--json", "--", "true"],
      theirs,
    );
    const { path } = ran.json() as { path: string };
    const line = (await theirs.attest("key", "show", "signer")).stdout.trim();
    expect(
      await codeOf(
        "cosign",
        work.write("result.json", readFileSync(theirs.path(path))),
        "--key",
        line,
        "--output",
        "planned.json",
      ),
    ).toBe("signed");
  });
});
