/** What newcomers do wrong: each gets one error, a hint where there is a next step, and finds everything as it was. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test, type TestContext } from "vitest";
import { Keystore } from "../../src/keystore/keystore.js";
import { nodeEngine } from "../../src/node/engine.js";
import {
  attest,
  copyOf,
  ended,
  fault,
  MAIN,
  stranger,
  tree,
  workspace,
  type Fault,
  type Ran,
  type Surroundings,
  type Workspace,
  colleague,
} from "./attest.js";
import { repository } from "./git.js";
import { lab, locked, publish, secretOf, writeDraft } from "./drafts.js";
import { failure, naming } from "../core/refusal.js";

let made: Workspace;
let file = "";

beforeAll(async () => {
  made = workspace();
  ({ file } = await lab(made));
  writeDraft(made, "statement", { title: "Another" });
});

/** The command fails with this status, says one thing to people and to programs, and writes nothing anywhere. */
async function fails(
  work: Workspace,
  code: number,
  args: readonly string[],
  surroundings: Partial<Surroundings> = {},
): Promise<Fault & { readonly code?: string }> {
  const before = tree(work.root);
  const run = (...more: readonly string[]): Promise<Ran> =>
    attest([...args.filter((word) => word !== "--json"), ...more], { cwd: work.cwd, env: work.env, ...surroundings });
  const forPeople = await run();
  const forPrograms = await run("--json");
  expect(tree(work.root)).toEqual(before);
  expect([forPeople.code, forPrograms.code]).toEqual([code, code]);
  const said = fault(forPeople);
  if (args[0] === "site" && args[1] === "serve") return said; // which has no answer for programs
  const { message, hint, code: named } = failure(forPrograms);
  expect(said).toEqual({ error: message, hint });
  return { ...said, code: named };
}

describe("the five mistakes", () => {
  test("a file that is not there", async () => {
    expect(await fails(made, 2, ["verify", "attestation.json"])).toMatchObject({
      code: "file-missing",
      error: expect.stringMatching(naming("attestation.json")),
      hint: expect.any(String),
    });
  });

  test.each([["--report"], ["--subject"], ["--env"]])("a value left out before --: %s", async (option) => {
    const work = copyOf(made);
    const ran = await work.attest("run", "--registry", "lab", "--json", option, "--", "true");
    expect(ran.code).toBe(2);
    expect(failure(ran)).toMatchObject({ code: "usage", message: expect.stringContaining(option) });
  });

  test("someone else's key", async () => {
    const work = copyOf(made);
    const other = new Keystore(join(work.root, "other"), nodeEngine).create("other");
    const ran = await attest(["verify", file, "--key", join(work.root, "other/keys/other.pub")], stranger(work));
    expect(ran.code).toBe(3);
    expect(ran.stdout).toContain("signer not confirmed by you");
    expect(ran.stdout).toContain("compare it with a second source [key-registry-only]");
    expect(ran.stdout).not.toContain(other.key.keyid);
  });

  test("an edited attestation: nothing of it is shown", async () => {
    const work = copyOf(made);
    const edited = work.write("edited.json", readFileSync(file, "utf8").replace("Addition adds", "Addition subtracts"));
    for (const verb of ["verify", "show"]) {
      const ran = await work.attest(verb, edited);
      expect(ran.code).toBe(1);
      expect(ran.stdout + ran.stderr).toContain("Does not match its signature");
      expect(ran.stdout + ran.stderr).not.toContain("Addition");
    }
  });

  test.each([
    ["verify", "work"],
    ["show", "work"],
    ["run", "task-aware-background"],
    ["sign", "statement.json"],
    ["add", "statement.json"],
    ["site", "build"],
    ["site", "serve"],
    ["log", "check"],
    ["log", "show"],
    ["audit"],
  ])("a registry that is none: %s %s", async (...args) => {
    const work = copyOf(made);
    mkdirSync(work.path("work"));
    const { code, hint } = await fails(work, 2, args);
    expect(code).toBe(args[1] === "serve" ? undefined : "registry-missing");
    expect(hint).toMatch(naming("attest init lab --origin example.org/lab"));
    if (["log", "audit"].includes(args[0])) expect(hint).not.toContain("--registry"); // an option that they do not have
  });

  describe("a place that cannot be written to", () => {
    test.each<[string, string[]]>([
      ["init", ["init", "statement.json", "--origin", "example.org"]],
      ["init below it", ["init", "statement.json/lab", "--origin", "example.org"]],
      ["sign --output", ["sign", "statement.json", "--output", "statement.json/out.json"]],
      ["sign --registry", ["sign", "statement.json", "--registry", "statement.json"]],
      ["site build --output", ["site", "build", "--registry", "lab", "--output", "statement.json"]],
      ["verify below it", ["verify", "statement.json/a.json"]],
      ["verify --key below it", ["verify", "lab", "--key", "statement.json/a.pub"]],
      ["sign --evidence", ["sign", "statement.json", "--registry", "lab", "--evidence", "statement.json"]],
      ["site serve --output", ["site", "serve", "--output", "statement.json"]],
      ["run --output, before anything is run", ["run", "task-aware-background", "--output", "statement.json/out.json"]],
    ])("since it is a file: %s", async (_, args) => {
      const { error, hint } = await fails(copyOf(made), 2, args);
      expect(error).toContain("statement.json");
      expect(hint).toBeDefined();
    });

    test.each([[["key", "new"]], [["key", "list"]], [["sign", "statement.json", "--registry", "lab"]]])(
      "since the home of keys is a file: %j",
      async (args) => {
        const work = copyOf(made);
        const told = await fails(work, 2, args, { env: { ...work.env, F3_ATTEST_HOME: work.path("statement.json") } });
        expect(told).toMatchObject({ code: "io", error: expect.stringContaining("ENOTDIR"), hint: expect.any(String) });
      },
    );

    test.for<[string, string[]]>([
      ["init", ["init", "closed/lab", "--origin", "example.org"]],
      ["key new", ["key", "new"]],
      ["sign", ["sign", "statement.json", "--output", "closed/out.json"]],
      ["site build", ["site", "build", "--registry", "lab", "--output", "closed/site"]],
    ])("since its permissions say so: %s", async ([verb, args], context) => {
      await asNobody(made, context, async (work, run) => {
        mkdirSync(work.path("closed"), { mode: 0o555 });
        const before = tree(work.cwd);
        const ran = await run(args, verb === "key new" ? { F3_ATTEST_HOME: work.path("closed") } : {});
        expect(tree(work.cwd)).toEqual(before);
        expect(ran.code).toBe(2);
        expect(fault(ran)).toEqual({
          error: expect.stringMatching(/closed.*EACCES/),
          hint: expect.stringContaining("permissions"),
        });
      });
    });

    test("a file that may not be read", async (context) => {
      await asNobody(made, context, async (work, run) => {
        chmodSync(work.path("lab"), 0);
        const ran = await run(["verify", "lab/attestations/a.json"]);
        expect(ran.code).toBe(2);
        expect(fault(ran)).toEqual({
          error: expect.stringContaining("EACCES"),
          hint: expect.stringContaining("permissions"),
        });
      });
    });

    // Left by somebody who was interrupted an hour ago; whoever only reads has no business with it.
    test("verifying a registry of somebody else's, with what a killed writer left in it", async (context) => {
      await asNobody(made, context, async (work, run) => {
        const left = work.write("lab/attestations/.test_0123456789abcdef.json.0123456789ab.tmp", "{");
        spawnSync("touch", ["-d", "2020-01-01", left]);
        chmodSync(work.path("lab/attestations"), 0o555);
        expect((await run(["verify", "lab"])).code).toBe(0);
        expect(existsSync(left)).toBe(true);
      });
    });
  });
});

const NOBODY = 65_534;

/** Permissions mean nothing to root, so the program is run by somebody else, to whom the workspace belongs. */
async function asNobody(
  from: Workspace,
  context: TestContext,
  act: (
    work: Workspace,
    run: (args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Ran>,
  ) => Promise<void>,
): Promise<void> {
  const work = copyOf(from);
  const root = process.getuid?.() === 0;
  const as = (args: readonly string[]): [string, string[]] =>
    root
      ? ["setpriv", [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", process.execPath, ...args]]
      : [process.execPath, [...args]];
  if (root) {
    for (const name of ["", ...Object.keys(tree(work.root))]) chownSync(join(work.root, name), NOBODY, NOBODY);
    if (spawnSync(...as([MAIN, "version"])).status !== 0)
      context.skip(
        "NOT CHECKED: root ignores permissions, and there is no setpriv here or nobody else may read this program",
      );
  }
  try {
    await act(work, async (args, env = {}) =>
      ended(
        spawn(...as([MAIN, ...args]), {
          cwd: work.cwd,
          env: { ...work.env, ...env },
          stdio: ["ignore", "pipe", "pipe"],
        }),
      ),
    );
  } finally {
    for (const folder of ["closed", "lab", "lab/attestations"])
      if (existsSync(work.path(folder))) chmodSync(work.path(folder), 0o755);
  }
}

test("a temporary folder that there is not", async () => {
  const work = workspace();
  const git = repository(work);
  work.write("file", "1\n");
  git("add", "-A");
  git("commit", "-qm", "first");
  const env = { ...work.env, TMPDIR: join(work.root, "gone") };
  const ran = await attest(["run", "--dry-run", "--", "true"], { cwd: work.cwd, env });
  expect(ran.code).toBe(2);
  expect(fault(ran)).toEqual({
    error: expect.stringMatching(naming("ENOENT")),
    hint: expect.stringContaining("TMPDIR=DIR"),
  });
  expect(fault(ran).error).toContain(env.TMPDIR);
});

describe("keys", () => {
  test("a private key where a public one belongs: it is not repeated", async () => {
    const work = copyOf(made);
    const secret = secretOf(work);
    for (const key of [join(work.home, "keys/signer.pem"), secret]) {
      const { code, error, hint } = await fails(work, 2, ["verify", file, "--key", key]);
      expect([code, error]).toEqual(["key-format", expect.stringMatching(naming("private"))]);
      expect(hint).toContain("attest key show");
      expect(error + String(hint)).not.toContain(secret.split("\n")[1]);
    }
  });

  test.each([
    ["a key of another kind", "ssh-rsa AAAAB3NzaC1yc2E= me"],
    ["half a line", "ssh-ed25519"],
    ["an empty file", ""],
    ["two lines", "ssh-ed25519 AAAA\nssh-ed25519 AAAA\n"],
    ["a keyring", '{"signers":[],"logs":[],"witnesses":[]}'],
  ])("given in a file: %s", async (_, text) => {
    const work = copyOf(made);
    work.write("key.pub", text);
    const told = await fails(work, 2, ["verify", file, "--key", "key.pub"]);
    expect(told).toMatchObject({ code: "key-format", hint: expect.any(String) });
  });

  test.each<[string, string[], string, RegExp, string]>([
    [
      "no key of that name",
      ["sign", "statement.json", "--registry", "lab", "--signer", "second"],
      "key-missing",
      naming("second", "signer"),
      "attest key new second",
    ],
    ["a name that is a path", ["key", "new", "../escape"], "key-name", naming('"../escape"'), ""],
    ["a name that exists", ["key", "new", "signer"], "key-exists", naming("signer"), ""],
    [
      "a folder for a statement",
      ["sign", "statement.evidence", "--registry", "lab"],
      "io",
      naming("statement.evidence", "EISDIR"),
      "",
    ],
    [
      "an attestation for a statement",
      ["sign", "lab/keys/keyring.json", "--registry", "lab"],
      "scenario-statement",
      naming("predicate.f3"),
      "attest run SCENARIO --unsigned",
    ],
    ["a folder for a key", ["verify", "lab", "--key", "lab"], "file-missing", naming("lab"), ""],
  ])("%s", async (_, args, code, error, hint) => {
    const told = await fails(copyOf(made), 2, args);
    expect(told).toMatchObject({ code, error: expect.stringMatching(error) });
    expect(told.hint ?? "").toContain(hint);
  });

  test("no key at all to sign with", async () => {
    const work = copyOf(made);
    const told = await fails(work, 2, ["sign", "statement.json", "--registry", "lab"], stranger(work));
    expect(told).toMatchObject({ code: "key-missing", error: expect.stringContaining("nobody/keys") });
    expect(told.hint).toContain("attest key new signer");
  });

  test("init that is refused leaves no key behind", async () => {
    const work = copyOf(made);
    for (const args of [
      ["init", "lab", "--origin", "example.org"],
      ["init", "new", "--origin", "https://example.org"],
      ["init", "new", "--origin", "example.org", "--title", ""],
      ["init", "new", "--origin", "example.org", "--signer", "../a"],
    ]) {
      await fails(work, 2, args, stranger(work));
    }
  });
});

describe("stdin", () => {
  test("nothing on it", async () => {
    const ran = await made.attest("verify", "-");
    expect(ran.code).toBe(2);
    expect(ran.stdout).toContain("[json-syntax]");
    expect((await fails(made, 2, ["sign", "-", "--registry", "lab"])).code).toBe("json-syntax");
  });

  test("named twice, it is read once", async () => {
    const ran = await attest(["verify", "-", "-", "--json"], { ...made, input: readFileSync(file) });
    expect(ran.code).toBe(0);
    expect(ran.json()["documents"]).toHaveLength(2);
  });

  test("a statement on it, whose evidence must be named", async () => {
    const work = copyOf(made);
    const input = readFileSync(work.path("statement.json"));
    const { hint } = await fails(work, 2, ["sign", "-", "--registry", "lab"], { input });
    expect(hint ?? "no hint").toContain("--evidence DIR");
    const ran = await attest(["sign", "-", "--registry", "lab", "--evidence", "statement.evidence"], {
      ...work,
      input,
    });
    expect(ran.code).toBe(0);
  });
});

describe("a passphrase", () => {
  const PASSPHRASE = "correct horse";
  const HINT = naming("F3_ATTEST_PASSPHRASE", "--passphrase-file FILE", "--passphrase-fd N");
  const SIGN = ["sign", "statement.json", "--registry", "lab"];
  let under: Workspace;

  beforeAll(async () => {
    under = copyOf(made);
    writeFileSync(join(under.home, "keys/signer.age"), await locked(secretOf(under), PASSPHRASE), { mode: 0o600 });
    rmSync(join(under.home, "keys/signer.pem"));
    under.write("good", `${PASSPHRASE}\n`);
    under.write("wrong", `${PASSPHRASE} \n`);
    under.write("empty", "");
  });

  test.each<[string, string[], Record<string, string>, string, RegExp, RegExp]>([
    ["none", [], {}, "key-locked", naming("signer"), HINT],
    ["a wrong one in the environment", [], { F3_ATTEST_PASSPHRASE: "wrong" }, "key-locked", naming("signer"), HINT],
    [
      "an empty one in the environment, which is not unset",
      [],
      { F3_ATTEST_PASSPHRASE: "" },
      "key-locked",
      naming("F3_ATTEST_PASSPHRASE", "empty"),
      naming("CI", "unset"),
    ],
    ["a wrong one in a file", ["--passphrase-file", "wrong"], {}, "key-locked", naming("signer"), HINT],
    [
      "an empty file",
      ["--passphrase-file", "empty"],
      {},
      "key-locked",
      naming("--passphrase-file", "empty"),
      naming("empty"),
    ],
    [
      "a wrong one in a file, though the environment has the right one",
      ["--passphrase-file", "wrong"],
      { F3_ATTEST_PASSPHRASE: PASSPHRASE },
      "key-locked",
      naming("signer"),
      HINT,
    ],
    ["a file that is not there", ["--passphrase-file", "nowhere"], {}, "io", naming("ENOENT"), naming("path")],
    ["a folder", ["--passphrase-file", "lab"], {}, "io", naming("EISDIR"), naming("file")],
    ["a number that is none", ["--passphrase-fd", "three"], {}, "usage", naming("--passphrase-fd", '"three"'), /^$/],
  ])("%s", async (_, args, env, code, error, hint) => {
    const told = await fails(under, 2, [...SIGN, ...args], { env: { ...under.env, ...env } });
    expect(told).toMatchObject({ code, error: expect.stringMatching(error) });
    expect(told.hint ?? "").toMatch(hint);
  });

  test("none is another fault than a wrong one", async () => {
    const none = await fails(under, 2, SIGN);
    const wrong = await fails(under, 2, [...SIGN, "--passphrase-file", "wrong"]);
    expect(none.error).not.toBe(wrong.error);
  });

  test("a number that no file has", async () => {
    expect((await fails(under, 2, [...SIGN, "--passphrase-fd", "99"])).error).toMatch(naming(99, "EBADF"));
  });

  test("itself, where a file with it belongs: it is not repeated", async () => {
    const { error, hint = "" } = await fails(under, 2, [...SIGN, "--passphrase-file", PASSPHRASE]);
    expect(error + hint).not.toContain(PASSPHRASE);
  });

  test("as an argument: there is no such option", async () => {
    const told = await fails(under, 2, [...SIGN, "--passphrase", PASSPHRASE]);
    expect(told).toMatchObject({ code: "usage", error: expect.stringContaining("'--passphrase'") });
  });

  test("an empty new one protects nothing", async () => {
    expect(
      await fails(under, 2, ["key", "passphrase", "--passphrase-file", "good", "--new-passphrase-file", "empty"]),
    ).toMatchObject({
      code: "key-locked",
      error: expect.stringMatching(naming("--new-passphrase-file", "empty")),
      hint: expect.any(String),
    });
  });

  test("the old one wrong: the key stays under it", async () => {
    const args = ["key", "passphrase", "--passphrase-file", "wrong", "--new-passphrase-file", "good"];
    expect(await fails(under, 2, args)).toMatchObject({
      code: "key-locked",
      error: expect.stringMatching(naming("signer")),
    });
  });

  test("is not asked for where no secret is needed", async () => {
    for (const args of [
      ["key", "list"],
      ["key", "show"],
      ["verify", "lab"],
      ["init", "more", "--origin", "example.org"],
    ])
      expect((await under.attest(...args)).code).toBe(0);
  });
});

test("evidence that is not there is named, and nothing is signed", async () => {
  const work = copyOf(made);
  writeFileSync(work.path("statement.evidence/output.txt"), "5\n");
  expect(await fails(work, 2, ["sign", "statement.json", "--registry", "lab"])).toMatchObject({
    code: "file-missing",
    error: expect.stringMatching(/output\.txt.*statement\.evidence.*[0-9a-f]{64}/),
    hint: expect.stringContaining("--evidence DIR"),
  });
});

test("signing a statement that is signed already, or says more than a verifier reads", async () => {
  const work = copyOf(made);
  const statement = JSON.parse(readFileSync(work.path("statement.json"), "utf8")) as {
    predicate: { f3: Record<string, unknown> };
  };
  const f3 = statement.predicate.f3;
  for (const [changes, error] of [
    [{ signedAt: "2026-01-01T00:00:00Z" }, naming("signedAt")],
    [{ more: 1 }, /./],
    [{ verdict: "REFUTED" }, naming("VALIDATED", "REFUTED")],
    [{ title: "" }, naming("predicate.f3.title")],
  ] as const) {
    work.write(
      "spoilt.json",
      JSON.stringify({ ...statement, predicate: { ...statement.predicate, f3: { ...f3, ...changes } } }),
    );
    expect(await fails(work, 2, ["sign", "spoilt.json", "--registry", "lab"])).toMatchObject({
      code: "scenario-statement",
      error: expect.stringMatching(error),
    });
  }
});

test("a name that the registry gives to another key", async () => {
  const work = copyOf(made);
  const home = join(work.root, "other");
  new Keystore(home, nodeEngine).create("signer");
  const other = colleague(work, "other");
  expect(await fails(work, 2, ["sign", "statement.json", "--registry", "lab"], other)).toMatchObject({
    code: "key-exists",
    error: expect.stringMatching(naming("signer")),
    hint: expect.stringContaining("--signer NAME"),
  });
});

test("writing where something else is: it stays, and the run is not made in vain", async () => {
  const work = copyOf(made);
  work.write("out.json", "mine\n");
  for (const [verb, what] of [
    ["sign", "statement.json"],
    ["run", "task-aware-background"],
  ] as const) {
    const told = await fails(work, 2, [verb, what, "--output", "out.json"]);
    expect(told).toMatchObject({ code: "file-exists", error: expect.stringMatching(naming("out.json")) });
    expect(told.hint).toBeDefined();
  }
});

test("options that do not go together", async () => {
  for (const [other, ...value] of [["--output", "a.json"], ["--unsigned"]] as const)
    expect(await fails(made, 2, ["run", "task-aware-background", "--dry-run", other, ...value])).toMatchObject({
      code: "usage",
      error: expect.stringMatching(naming("--dry-run", other)),
    });
  expect(await fails(made, 2, ["run", "task-aware-background", "--unsigned", "--registry", "lab"])).toMatchObject({
    code: "usage",
    error: expect.stringMatching(naming("--output FILE", "--unsigned")),
  });
});

describe("choices that a test does not have", () => {
  const RUN = ["run", "task-aware-background", "--registry", "lab"];
  const drivers = naming("fs", "claude-code");
  const program = naming("--driver claude-code=PATH");

  test.each<[string, string[], string, RegExp, RegExp]>([
    ["a driver", ["--driver", "nothing"], "scenario-unknown", naming("task-aware-background", '"nothing"'), drivers],
    ["no driver", ["--driver", ""], "scenario-unknown", naming("task-aware-background", '""'), drivers],
    [
      "a program without a driver",
      ["--driver", "=/bin/sh"],
      "scenario-unknown",
      naming("task-aware-background", '""'),
      drivers,
    ],
    [
      "a program for the driver that drives none",
      ["--driver", "fs=/x"],
      "scenario-unknown",
      naming("fs", '"/x"'),
      drivers,
    ],
    [
      "a program that is not there",
      ["--driver", "claude-code=nowhere/claude"],
      "driver-missing",
      naming('"nowhere/claude"'),
      program,
    ],
    ["a folder for a program", ["--driver", "claude-code=lab"], "driver-missing", naming('"lab"'), program],
    ["an empty name for a program", ["--driver", "claude-code="], "driver-missing", naming('""'), program],
    [
      "a shorter run",
      ["--quick"],
      "scenario-unknown",
      naming("task-aware-background", "--quick"),
      naming("proof-of-concept"),
    ],
    [
      "a profile, in upper case",
      ["--profile", "Hardened"],
      "scenario-unknown",
      naming("task-aware-background", '"Hardened"'),
      naming("proof-of-concept", "as-published", "hardened"),
    ],
  ])("%s", async (_, args, code, error, hint) => {
    expect(await fails(copyOf(made), 2, [...RUN, ...args])).toEqual({
      code,
      error: expect.stringMatching(error),
      hint: expect.stringMatching(hint),
    });
  });

  test("where no driver's program is on the PATH", async () => {
    const work = copyOf(made);
    const told = await fails(work, 2, [...RUN, "--driver", "claude-code"], { env: { ...work.env, PATH: work.cwd } });
    expect(told).toMatchObject({ code: "driver-missing", error: expect.stringMatching(naming("claude", "PATH")) });
  });
});

test("an index that was removed comes back with the next publication", async () => {
  const work = copyOf(made);
  rmSync(work.path("lab/attestations/index"), { recursive: true });
  work.write("lab/attestations/index.json", "[]"); // of an older version
  expect((await work.attest("verify", "lab")).code).toBe(0);
  await publish(work, "lab");
  expect(readdirSync(work.path("lab/attestations")).filter((name) => name.startsWith("index"))).toEqual(["index"]);
  expect(readdirSync(work.path("lab/attestations/index"))).toEqual(["complete", "unlogged"]);
});
