/**
 * Each call with which a command changes the disk fails once: on a full disk, a broken one, one that may not be written to. It says one
 * error and one hint; nothing that was acknowledged is lost, nothing is there twice, and no plan is open that it did not name.
 */
import { readdirSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { attest, colleague, workspace, type Ran, type Workspace } from "../cli/attest.js";
import { writeDraft } from "../cli/drafts.js";
import { failing, FEW, type Failure } from "./points.js";

let made: Workspace;
beforeAll(async () => {
  made = workspace();
  expect((await made.attest("init", "lab", "--origin", "example.org/lab")).code).toBe(0);
  made.write("subject.txt", "what is tested");
  const ran = await made.attest("run", "--registry", "lab", "--subject", "subject.txt", "--", "true");
  expect(ran.code, ran.stderr).toBe(0);
  writeDraft(made, "statement", { title: "Another", evidence: { "a.txt": "first\n" } });
  writeDraft(made, "theirs", { title: "Theirs", evidence: { "b.txt": "second\n", "c.txt": "third\n" } });
  const theirs = colleague(made, "elsewhere");
  for (const words of ["key new other", "sign theirs.json --output sent.json"]) {
    const done = await attest(words.split(" "), theirs);
    expect(done.code, done.stderr).toBe(0);
  }
  const bear = "log witness lab --name eve --log-key lab/keys/log.vkey --output cosigned";
  const seen = await made.attest(...bear.split(" "));
  expect(seen.code, seen.stderr).toBe(0);
});

const results = (work: Workspace): string[] =>
  readdirSync(work.path("lab/attestations")).filter((name) => /^test_[0-9a-f]{16}\.json$/.test(name));

/** One error and one hint at most, and neither without the other's exit status. */
function saidOnce({ code, stderr }: Ran): void {
  const [errors, hints] = ["error", "hint"].map((word) => stderr.match(new RegExp(`^${word}: `, "gm"))?.length ?? 0);
  expect(stderr).not.toMatch(/internal error|^\s+at .*:\d+:\d+/m);
  expect({ code, errors, hints: (hints ?? 0) <= 1 }, stderr).toEqual(
    code === 0 ? { code: 0, errors: 0, hints: true } : { code: 2, errors: 1, hints: true },
  );
}

/** What the hint says, typed as it stands; then whatever is left to complete. */
async function completed(work: Workspace, { stderr }: Ran): Promise<void> {
  const [, words] = /the result is kept: attest (sign [^;\n]+)/.exec(stderr) ?? [];
  if (words !== undefined) {
    const signed = await work.attest(...words.split(" "), "--registry", "lab");
    expect(signed.code, `${stderr}\n${signed.stderr}`).toBe(0);
  }
  const done = await work.attest("log", "complete", "lab");
  expect(done.code, `${stderr}\n${done.stderr}`).toBe(0);
  const checked = await work.attest("log", "check", "lab", "--json");
  expect(checked.code, `${stderr}\n${checked.stdout}`).toBe(0);
  const { open } = checked.json() as { readonly open: readonly { readonly id: string }[] };
  for (const { id } of open) expect(stderr, "an open plan that was not named").toContain(`attest abandon ${id}`);
}

const RUN = ["run", "--registry", "lab", "--subject", "subject.txt", "--", "true"];

describe("each call of", () => {
  test.each<[string, readonly string[], number]>([
    ["a run", RUN, 1],
    ["sign", ["sign", "statement.json", "--registry", "lab"], 1],
    ["retract", ["retract", "RESULT", "--reason", "wrong", "--registry", "lab"], 0],
    ["key rotate", ["key", "rotate", "signer", "next", "--registry", "lab", "--reason", "time"], 0],
    ["site build", ["site", "build", "--registry", "lab", "--output", "site"], 0],
    ["add", ["add", "sent.json", "--registry", "lab", "--key", "../elsewhere/keys/other.pub"], 1],
    ["log accept", ["log", "accept", "cosigned", "--registry", "lab"], 0],
    ["audit --record", ["audit", "lab", "--offline", "--record"], 0],
    ["evidence pack", ["evidence", "pack", "lab/attestations/RESULT.json", "--output", "packed.html"], 0],
  ])("%s", async (_, args, more) => {
    const [first = ""] = results(made);
    const words = args.map((word) => word.replace("RESULT", first.replace(/\.json$/, "")));
    await failing(
      made,
      words,
      async (left: Workspace, ran: Ran, { call }: Failure) => {
        saidOnce(ran);
        expect(results(left), call.path).toContain(first);
        await completed(left, ran);
        // Acknowledged, kept aside and completed, or not at all; never twice.
        expect(results(left).length).toBeLessThanOrEqual(1 + more);
        if (ran.code === 0) expect(results(left)).toHaveLength(1 + more);
        const verified = await left.attest("verify", "lab", "--json");
        expect(verified.code, verified.stdout).toBeLessThanOrEqual(3); // 3: what is retracted
      },
      FEW,
    );
  });
});

/** No registry is there yet, and no key. */
test("each call of init: typed again it completes, or says that it is done; either way the registry works", async () => {
  const fresh = workspace();
  fresh.write("subject.txt", "what is tested");
  const INIT = ["init", "lab", "--origin", "example.org/lab"];
  await failing(
    fresh,
    INIT,
    async (left, ran) => {
      saidOnce(ran);
      const again = await left.attest(...INIT, "--json");
      if (again.code !== 0) expect(again.json(), ran.stderr).toMatchObject({ error: { code: "registry-exists" } });
      const used = await left.attest(...RUN);
      expect(used.code, `${ran.stderr}\n${used.stderr}`).toBe(0);
      expect(results(left)).toHaveLength(1);
      for (const words of [
        ["log", "check", "lab"],
        ["verify", "lab"],
      ]) {
        const checked = await left.attest(...words);
        expect(checked.code, `${ran.stderr}\n${checked.stdout}`).toBe(0);
      }
    },
    FEW,
  );
});
