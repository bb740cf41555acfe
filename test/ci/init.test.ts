/** `attest init` in a project that was there before: named after its git remote, and told what to run and what to commit. */
import { mkdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { workspace, type Workspace } from "../cli/attest.js";
import { repository } from "../cli/git.js";

function project(remote?: string): Workspace {
  const work = workspace();
  const git = repository(work);
  if (remote !== undefined) git("remote", "add", "origin", remote);
  return work;
}

describe("the origin, from git's remote", () => {
  test.each([
    ["https://github.com/Owner/Repo.git", "github.com/Owner/Repo"],
    ["https://github.com/owner/repo", "github.com/owner/repo"],
    ["https://user:password@GitHub.com/owner/repo.git", "github.com/owner/repo"],
    ["git@github.com:owner/repo.git", "github.com/owner/repo"],
    ["ssh://git@git.example.org:2222/group/sub/repo.git/", "git.example.org/group/sub/repo"],
    ["git://example.org/repo.git", "example.org/repo"],
  ])("%s", async (remote, origin) => {
    const ran = await project(remote).attest("init", "--json");
    expect(ran.json()).toMatchObject({ registry: ".", origin, title: origin });
  });

  test.each([
    "/srv/git/repo.git",
    "../repo",
    "file:///srv/git/repo.git",
    "C:\\repos\\repo",
    "https://example.org/a b",
    undefined,
  ])("none: %s", async (remote) => {
    const ran = await project(remote).attest("init");
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/^error: .*--origin NAME.*\nhint: .*example\.org\/lab\n$/),
    });
  });

  test("--origin goes before it", async () => {
    const ran = await project("https://github.com/owner/repo").attest("init", "--origin", "example.org", "--json");
    expect(ran.json()).toMatchObject({ origin: "example.org" });
  });

  test("for a folder that is not there yet", async () => {
    const ran = await project("https://github.com/owner/repo").attest("init", "a/new/one", "--json");
    expect(ran.json()).toMatchObject({ registry: "a/new/one", origin: "github.com/owner/repo" });
  });
});

describe("what to type next", () => {
  const NPM_DEFAULT = 'echo "Error: no test specified" && exit 1';
  test.each<[string, Record<string, string>, string]>([
    ["npm", { "package.json": '{"scripts":{"test":"vitest run"}}' }, "npm test"],
    ["npm, before the others", { "package.json": '{"scripts":{"test":"x"}}', "go.mod": "" }, "npm test"],
    [
      "npm's own placeholder is no test",
      { "package.json": JSON.stringify({ scripts: { test: NPM_DEFAULT } }) },
      "COMMAND",
    ],
    ["a package.json that is none", { "package.json": "{", "pytest.ini": "" }, "pytest --junitxml=junit.xml"],
    ["pyproject.toml", { "pyproject.toml": "" }, "pytest --junitxml=junit.xml"],
    ["go", { "go.mod": "module a\n" }, "go test -json ./..."],
    ["nothing that is known", { Makefile: "" }, "COMMAND"],
  ])("%s", async (_, files, command) => {
    const work = project("https://github.com/owner/repo");
    for (const [name, text] of Object.entries(files)) work.write(name, text);
    const ran = await work.attest("init");
    expect(ran.stderr).toContain(
      `\nNext, here:\n  attest run -- ${command}\n  git add .gitattributes attest.json keys attestations\n`,
    );
  });

  test("what is to be committed is all that was made, and holds no secret", async () => {
    const work = project("https://github.com/owner/repo");
    const git = repository(work);
    work.write("package.json", '{"scripts":{"test":"node --test"}}');
    git("add", "package.json");
    const { stderr } = await work.attest("init");
    expect(stderr).toContain(`\nNothing there is secret; your key is in ${work.home}/keys.\n`);
    git(...(/ {2}git (add .*)\n/.exec(stderr)?.[1] ?? "").split(" "));
    expect(git("status", "--porcelain").out.split("\n").filter(Boolean)).toEqual(
      [
        ...[
          ".gitattributes",
          "attest.json",
          "attestations/index/complete",
          "attestations/log/checkpoint",
          "keys/keyring.json",
          "keys/log.vkey",
        ],
        ...["keys/signer.pub", "package.json"],
      ].map((name) => `A  ${name}`),
    );
    expect(git("diff", "--cached").out).not.toMatch(/PRIVATE/);
  });

  test("for another folder, in quotes where it needs them", async () => {
    const work = project("https://github.com/owner/repo");
    const { stderr } = await work.attest("init", "it's a lab");
    expect(stderr).toContain(
      String.raw`  attest run --registry 'it'\''s a lab' -- COMMAND` +
        "\n" +
        String.raw`  git add 'it'\''s a lab/.gitattributes' 'it'\''s a lab/attest.json' 'it'\''s a lab/keys' 'it'\''s a lab/attestations'` +
        "\n",
    );
  });

  test("tests, but no git", async () => {
    const work = workspace();
    work.write("go.mod", "");
    const { stderr } = await work.attest("init", "--origin", "example.org");
    expect(stderr).toMatch(/\nNext, here:\n {2}attest run -- go test -json \.\/\.\.\.\n$/);
  });

  test("an empty folder: a command of the user's own", async () => {
    const work = workspace();
    mkdirSync(work.path("lab"));
    const { stderr } = await work.attest("init", "lab", "--origin", "example.org");
    expect(stderr).toMatch(
      /\n\nNext, here:\n {2}attest run --registry lab -- COMMAND\n\nCOMMAND is what runs your tests, .*\n$/,
    );
    expect(readFileSync(work.path("lab/attest.json"), "utf8")).toContain('"example.org"');
  });
});
