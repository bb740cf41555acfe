/** A registry in three clones: in turn they publish into one log; from the same state at once, git cannot merge, and nothing is lost. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { attest, colleague, copyFolder, workspace, type Ran, type Surroundings } from "./attest.js";
import { repository, type Git } from "./git.js";

const ok = (ran: Ran): Ran => {
  expect(ran.code, ran.stderr).toBe(0);
  return ran;
};
const done = (git: Git, ...args: readonly string[]): void => {
  const { code, out } = git(...args);
  expect(code, `${args.join(" ")}\n${out}`).toBe(0);
};

test("in turn, and two from the same state", async () => {
  const work = workspace();
  const names = ["one", "two", "three"] as const;
  const [one, two, three] = names.map((name) => repository(work, name)) as [Git, Git, Git];
  const at = (name: string): Surroundings => ({ ...work, cwd: work.path(name) });
  work.write("one/a.txt", "a\n");
  ok(await attest(["init", ".", "--origin", "example.org/lab"], at("one")));
  done(one, "add", "-A");
  done(one, "commit", "-qm", "a registry");
  const publish = async (git: Git, where: Surroundings): Promise<void> => {
    ok(await attest(["run", "--subject", "a.txt", "--", "true"], where));
    done(git, "add", "-A");
    done(git, "commit", "-qm", "a result");
  };
  for (const git of [two, three]) done(git, "pull", "-q", "--no-rebase", work.path("one"), "main");
  await publish(two, at("two"));
  done(three, "pull", "-q", "--no-rebase", work.path("two"), "main");
  await publish(three, at("three"));
  done(one, "pull", "-q", "--no-rebase", work.path("three"), "main");
  ok(await attest(["log", "check", "."], at("one")));

  // Another machine with the same keys, which does not know what this one signs now.
  const twin = { ...colleague(work, "twin"), cwd: work.path("two") };
  copyFolder(join(work.home, "keys"), join(work.root, "twin", "keys"));
  done(two, "pull", "-q", "--no-rebase", work.path("three"), "main");
  await publish(one, at("one"));
  await publish(two, twin);
  expect(two("pull", "-q", "--no-rebase", work.path("one"), "main").code).not.toBe(0);
  const refused = await attest(["run", "--subject", "a.txt", "--json", "--", "true"], at("two"));
  expect(refused.json()).toMatchObject({
    error: { code: "log-fork", hint: expect.stringContaining("attest log complete") as string },
  });

  done(two, "checkout", "--theirs", "attestations/log");
  const theirs = readdirSync(work.path("one/attestations"));
  for (const name of readdirSync(work.path("two/attestations")))
    if (name.endsWith(".tlog-proof") && !theirs.includes(name)) rmSync(work.path("two/attestations", name));
  expect((await attest(["log", "complete", "--json"], twin)).json()).toMatchObject({ error: { code: "log-fork" } }); // it signed the other log
  ok(await attest(["log", "complete"], at("two")));
  const checked = ok(await attest(["log", "check", ".", "--json"], at("two")));
  expect(checked.json()).toMatchObject({ size: 8, results: 4, open: [] });
  ok(await attest(["verify", "."], at("two")));
}, 120_000);
