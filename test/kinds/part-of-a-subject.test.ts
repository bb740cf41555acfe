/** A gate on what was tested, as a script uses it: a run of other content, or one that names more than it was asked for, never meets it. */
import { readFileSync, rmSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { workspace, type Workspace } from "../cli/attest.js";
import { drafted, lab, sha256 } from "../cli/drafts.js";
import { repository } from "../cli/git.js";

const gate = async (work: Workspace, file: string, ...asked: readonly string[]): Promise<number | null> =>
  (await work.attest("verify", file, ...asked)).code;
const asking = (...subjects: readonly string[]): string =>
  `validated,${subjects.map((one) => `subject=${one}`).join(",")}`;

describe("a work tree with changes", () => {
  let work: Workspace;
  let commit: string;
  let tree: string;
  let dirty: string;
  let clean: string;
  beforeAll(async () => {
    work = workspace();
    const git = repository(work);
    work.write("package.json", '{"name":"app"}');
    work.write("test.sh", "exit 1");
    git("add", "--all");
    git("commit", "--quiet", "--message", "broken");
    commit = git("rev-parse", "HEAD").out.trim();
    tree = git("rev-parse", "HEAD^{tree}").out.trim();
    await work.attest("init", "../lab", "--origin", "example.org/lab");
    const run = async (...command: readonly string[]): Promise<string> => {
      const ran = await work.attest("run", "--registry", "../lab", "--json", "--", ...command);
      return (ran.json() as { path: string }).path;
    };
    clean = await run("true");
    work.write("test.sh", "exit 0");
    dirty = await run("sh", "test.sh");
  });

  test("passes no gate on the commit or its tree, typed or as a policy", async () => {
    for (const asked of [commit, `gitCommit:${commit}`, commit.slice(0, 12), `gitTree:${tree}`]) {
      expect(await gate(work, dirty, "--require", asking(asked)), asked).toBe(3);
      expect(await gate(work, clean, "--require", asking(asked)), asked).toBe(0);
      work.write("policy.json", JSON.stringify({ version: 1, require: { validated: true, subjects: [asked] } }));
      expect(await gate(work, dirty, "--policy", "policy.json"), asked).toBe(3);
      expect(await gate(work, clean, "--policy", "policy.json"), asked).toBe(0);
    }
  });
  test("passes one that is told so, in both spellings; and of two gates each must be told", async () => {
    const loose = `${asking(commit)},subject-only`;
    work.write("strict.json", JSON.stringify({ version: 1, require: { subjects: [commit] } }));
    work.write("loose.json", JSON.stringify({ version: 1, require: { subjects: [commit], subjectOnly: true } }));
    expect(await gate(work, dirty, "--require", loose)).toBe(0);
    expect(await gate(work, dirty, "--policy", "loose.json")).toBe(0);
    expect(await gate(work, dirty, "--require", loose, "--policy", "strict.json")).toBe(3);
    expect(await gate(work, dirty, "--require", asking(commit), "--policy", "loose.json")).toBe(3);
    expect(await gate(work, dirty, "--require", "validated,subject-only")).toBe(2);
  });
  test("is printed with its changes", async () => {
    const { stdout } = await work.attest("verify", dirty);
    expect(stdout).toContain(`app gitCommit:${commit} gitTree:${tree}`);
    expect(stdout).toMatch(/subject .*not committed dirHash:[0-9a-f]{64} gitTree:[0-9a-f]{40}/);
  });
});

describe("digests that somebody adds", () => {
  const OTHER = "11".repeat(20);
  let work: Workspace;
  const signed = async (name: string, subject: readonly object[]): Promise<string> => {
    work.write(`${name}.json`, JSON.stringify({ ...drafted({ evidence: {} }), subject }));
    const ran = await work.attest("sign", `${name}.json`, "--output", `${name}-signed.json`);
    expect(ran.code, ran.stderr).toBe(0);
    return `${name}-signed.json`;
  };
  beforeAll(async () => {
    work = workspace();
    await lab(work);
    work.write("app.tar.gz", "release");
  });

  test.each(["gitTag", "md5", "note", "sha1", "GITCOMMIT"])("under %s: met by nothing", async (algorithm) => {
    const file = await signed(`by-${algorithm}`, [
      { name: "app", digest: { gitCommit: "22".repeat(20) } },
      { name: "more", digest: { [algorithm]: OTHER } },
      { name: "app.tar.gz", digest: { [algorithm]: sha256("release") } },
    ]);
    for (const asked of [OTHER, `gitCommit:${OTHER}`, "app.tar.gz", sha256("release")])
      expect(await gate(work, file, "--require", `${asking(asked)},subject-only`), asked).toBe(3);
  });
  test("beside the right one: of a file every digest that is named must be its own", async () => {
    const right = await signed("right", [{ name: "app.tar.gz", digest: { sha256: sha256("release") } }]);
    const torn = await signed("torn", [
      { name: "app.tar.gz", digest: { sha256: sha256("release"), sha512: "00".repeat(64) } },
    ]);
    expect(await gate(work, right, "--require", asking("app.tar.gz"))).toBe(0);
    expect(await gate(work, torn, "--require", asking("app.tar.gz"))).toBe(3);
  });
  test("a file that is called like a digest is read", async () => {
    const name = sha256("never tested");
    const tested = await signed("named", [{ name, digest: { sha256: name } }]);
    expect(await gate(work, tested, "--require", asking(name))).toBe(0);
    work.write(name, "never tested, and not what it is called");
    expect(await gate(work, tested, "--require", asking(name))).toBe(3);
    expect(await gate(work, tested, "--require", asking(`./${name}`))).toBe(3);
    work.write(`sha256:${name}`, "either of two");
    expect(await gate(work, tested, "--require", asking(`sha256:${name}`))).toBe(2);
    rmSync(work.path(name));
    rmSync(work.path(`sha256:${name}`));
    expect(await gate(work, tested, "--require", asking(`sha256:${name}`))).toBe(0);
  });
});

describe("a folder outside of git", () => {
  let work: Workspace;
  let file: string;
  let dirHash: string;
  beforeAll(async () => {
    work = workspace();
    work.write("package.json", '{"name":"app"}');
    work.write("test.sh", "exit 0");
    await work.attest("init", "--origin", "example.org/lab");
    await work.attest("run", "--", "sh", "test.sh"); // what is published has no part in it
    const ran = (await work.attest("run", "--json", "--", "sh", "test.sh")).json() as { path: string; verdict: string };
    expect(ran.verdict).toBe("VALIDATED");
    file = ran.path;
    const lines = ["package.json", "test.sh"].map(
      (name) => `${sha256(readFileSync(work.path(name), "utf8"))}  ${name}\n`,
    );
    dirHash = sha256(lines.join(""));
  });

  test("meets a gate on it, as a folder, a number and in a policy, and no other", async () => {
    work.write("../policy.json", JSON.stringify({ version: 1, require: { subjects: [`dirHash:${dirHash}`] } }));
    expect(await gate(work, file, "--policy", "../policy.json")).toBe(0);
    expect(await gate(work, file, "--require", asking(`dirHash:${dirHash}`))).toBe(0);
    expect(await gate(work, file, "--require", asking("."))).toBe(0);
    expect(await gate(work, file, "--require", asking(`dirHash:${sha256("other")}`))).toBe(3);
    work.write("new.txt", "new");
    expect(await gate(work, file, "--require", asking("."))).toBe(3);
    rmSync(work.path("new.txt"));
  });
  test("is printed with its digests, and cannot be checked out again", async () => {
    const { stdout } = await work.attest("verify", file);
    expect(stdout).toContain(`app dirHash:${dirHash} gitTree:`);
    expect((await work.attest("reproduce", file, "--dry-run")).stderr).toMatch(/no commit to check out/);
  });
});
