/** Killed at any moment, a command leaves nothing that misleads: what was published stands, and the same command again completes. */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { utf8 } from "../../src/core/bytes.js";
import { AttestError } from "../../src/core/errors.js";
import { failures } from "../../src/core/verify/report.js";
import { Keystore } from "../../src/keystore/keystore.js";
import { LogKeys } from "../../src/keystore/log-keys.js";
import { nodeEngine } from "../../src/node/engine.js";
import { publish } from "../../src/pipeline/publish/publish.js";
import { sign } from "../../src/pipeline/publish/sign.js";
import { verifyAll } from "../../src/pipeline/verify/verify.js";
import { Directory } from "../../src/store/directory.js";
import { Registry } from "../../src/store/registry.js";
import { copyOf, fault, workspace, type Workspace } from "../cli/attest.js";
import { drafted, lab, locked, secretOf, sha256, writeDraft } from "../cli/drafts.js";
import { calls, everywhere, FEW, killedAt, type Point } from "./points.js";
import { failure, withCode } from "../core/refusal.js";

const keystore = ({ home }: Workspace): Keystore => new Keystore(home, nodeEngine);
const noPassphrase = (): Promise<undefined> => Promise.resolve(undefined);

/**
 * What `attest verify lab` does: every attestation verifies, and every piece of evidence that it names is there. Right after a kill one may
 * be there that the log does not have yet, or whose proof is of a checkpoint that is not published yet; neither is hidden: `open` says so.
 */
async function verifies(work: Workspace, open = false): Promise<string[]> {
  const verified = await verifyAll({
    targets: [work.path("lab")],
    keys: [],
    keyrings: [],
    keystore: keystore(work),
    engine: nodeEngine,
    now: new Date(),
  });
  return verified.map((one) => {
    if ("fault" in one) throw one.fault;
    const { outcome, checks, id } = one.report;
    if (open && outcome === "findings")
      expect([["log-missing"], ["log-backwards"]]).toContainEqual(failures(one.report).map(({ code }) => code));
    else expect(outcome).toBe("accepted");
    expect(checks.find(({ name }) => name === "evidence")).toMatchObject({ status: "passed" });
    return id ?? "";
  });
}

const documents = (work: Workspace): string[] =>
  readdirSync(work.path("lab/attestations")).flatMap((name) => /^(.*)\.json$/.exec(name)?.[1] ?? []);

describe("sign, into a registry with an earlier attestation, by a key that it does not list yet", () => {
  const SIGN = ["sign", "statement.json", "--registry", "lab", "--signer", "second"];
  let made: Workspace;
  let earlier = "";

  beforeAll(async () => {
    made = workspace();
    ({ file: earlier } = await lab(made));
    keystore(made).create("second");
    writeDraft(made, "statement", { title: "Another", evidence: { "a.txt": "first\n", "b.txt": "second\n" } });
  });

  test("killed everywhere", async () => {
    const before = readFileSync(earlier);
    const seen = { unpublished: 0, published: 0 };
    const count = await everywhere(made, SIGN, async (left) => {
      expect(readFileSync(left.path("lab/attestations", earlier.split("/").at(-1) ?? "")).equals(before)).toBe(true);
      const then = await verifies(left, true);
      seen[then.length === 1 ? "unpublished" : "published"] += 1;

      const again = await left.attest(...SIGN);
      expect(again.code, again.stderr).toBe(0);
      const now = await verifies(left);
      expect(now).toHaveLength(then.length + 1);
      expect(now).toEqual(expect.arrayContaining(then));
      expect(documents(left).sort()).toEqual(now.sort());
      expect(
        (await (await Registry.open(new Directory(left.path("lab")), nodeEngine)).keyring()).signers.map(
          ({ name }) => name,
        ),
      ).toEqual(["signer", "second"]);
    });
    expect(count).toBeGreaterThan(20);
    expect(seen.unpublished).toBeGreaterThan(0);
    expect(seen.published).toBeGreaterThan(0);
  }, 300_000);

  test("what is left over is passed over: a file that was not finished is in no list", async () => {
    const all = await calls(made, SIGN);
    const call = all.find(({ name, path }) => name === "writeSync" && path.includes("test_"))!;
    const left = await killedAt(made, SIGN, { at: call.at, when: "half", call });
    const leftovers = readdirSync(left.path("lab/attestations")).filter((name) => name.endsWith(".tmp"));
    expect(leftovers).toEqual([expect.stringMatching(/^\.test_[0-9a-f]{16}\.json\.[0-9a-f]{12}\.tmp$/)]);
    expect(await verifies(left)).toHaveLength(1);
    expect((await left.attest("site", "build", "--registry", "lab")).code).toBe(0);
  });
});

describe("init, with no key yet", () => {
  const INIT = ["init", "lab", "--origin", "example.org/lab"];

  test("killed everywhere: the same again completes, or says that it is done; either way the registry can be used", async () => {
    const count = await everywhere(workspace(), INIT, async (left) => {
      secretsAreKept(left);
      const again = await left.attest(...INIT, "--json");
      if (again.code !== 0) expect(failure(again)).toEqual(withCode("registry-exists", "lab"));
      const signer = await keystore(left).signer("signer", noPassphrase);
      const attestation = await sign(drafted({ evidence: { "a.txt": "first\n" } }), signer, nodeEngine, new Date());
      const logKeys = new LogKeys(left.home, nodeEngine, {});
      await publish(
        attestation,
        new Map([[sha256("first\n"), utf8("first\n")]]),
        signer,
        await Registry.open(new Directory(left.path("lab")), nodeEngine, (key) => logKeys.find(key)),
      );
      expect(await verifies(left)).toEqual([attestation.id]);
      expect(documents(left)).toEqual([attestation.id]);
    });
    expect(count).toBeGreaterThan(20);
  }, 300_000);
});

describe("key new", () => {
  const NEW = ["key", "new"];
  let made: Workspace;
  beforeAll(() => void (made = workspace()));

  test("killed everywhere: the same again completes, or says that the key is there; either way it signs", async () => {
    const count = await everywhere(made, NEW, async (left) => {
      secretsAreKept(left);
      const again = await left.attest(...NEW, "--json");
      if (again.code !== 0) expect(failure(again)).toEqual(withCode("key-exists", "signer"));
      const [only, ...more] = keystore(left).list();
      expect(more).toEqual([]);
      const signer = await keystore(left).signer("signer", noPassphrase);
      expect(nodeEngine.verify(only!.key.bytes, new Uint8Array([1]), await signer.sign(new Uint8Array([1])))).toBe(
        true,
      );
    });
    expect(count).toBeGreaterThan(10);
  }, 300_000);

  // Between the linking of a new secret under its name and the removal of its temporary name there are two names for it.
  test("killed while the secret had two names: a passphrase that is set later leaves no plain copy", async () => {
    const all = await calls(made, NEW);
    const call = all.find(({ name, path }) => name === "rmSync" && path.includes(".signer.pem."))!;
    const left = await killedAt(made, NEW, { at: call.at, when: "before", call });
    expect(plain(left)).toHaveLength(2);
    await keystore(left).encrypt("signer", "correct horse", noPassphrase);
    expect(plain(left)).toEqual([]);
  });
});

describe("a passphrase, and a key from elsewhere", () => {
  const NEW = ["--new-passphrase-file", "new"];
  const OLD = ["--passphrase-file", "old"];
  let bare: Workspace;
  let under: Workspace;
  let pem = "";

  beforeAll(async () => {
    bare = workspace();
    bare.write("old", "the old one\n");
    bare.write("new", "the new one\n");
    keystore(bare).create("signer");
    pem = secretOf(bare);
    under = copyOf(bare);
    writeFileSync(join(under.home, "keys/signer.age"), await locked(pem, "the old one"), { mode: 0o600 });
    rmSync(join(under.home, "keys/signer.pem"));
  });

  /** The key signs, with one of the passphrases that it may have by now. */
  async function signs(left: Workspace, name: string, ...passphrases: readonly string[]): Promise<void> {
    const { key } = keystore(left).find(name);
    const tried = await Promise.allSettled(
      passphrases.map((passphrase) => keystore(left).signer(name, () => Promise.resolve(passphrase))),
    );
    const [signer] = tried.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    expect(signer, JSON.stringify(tried)).toBeDefined();
    expect(nodeEngine.verify(key.bytes, new Uint8Array([1]), await signer!.sign(new Uint8Array([1])))).toBe(true);
  }

  test.each<[string, () => Workspace, string[], RegExp, string]>([
    ["set", () => bare, NEW, /the key signer, found none$/, "signer.age"],
    ["changed", () => under, [...NEW, ...OLD], /found one that does not open it$/, "signer.age"],
    ["removed", () => under, ["--remove", ...OLD], /\bsigner has no passphrase$/, "signer.pem"],
  ])(
    "%s, killed everywhere: the key signs, and the same again, or its answer that it is done, leaves one secret",
    async (_, from, options, done, file) => {
      const command = ["key", "passphrase", "signer", ...options];
      const look = async (left: Workspace): Promise<void> => {
        secretsAreKept(left);
        await signs(left, "signer", "the old one", "the new one");
        const again = await left.attest(...command);
        if (again.code !== 0) expect(fault(again).error).toMatch(done);
        await signs(left, "signer", "the new one");
        expect(readdirSync(join(left.home, "keys")).filter((name) => !name.startsWith("."))).toEqual([
          file,
          "signer.pub",
        ]);
        expect(plain(left)).toEqual(file === "signer.pem" ? ["keys/signer.pem"] : []);
      };
      const count = await everywhere(from(), command, look, FEW);
      expect(count).toBeGreaterThan(5);
    },
    600_000,
  );

  test.each<[string, () => Promise<string>]>([
    ["in the plain", () => Promise.resolve(pem)],
    ["under a passphrase", () => locked(pem, "the old one")],
  ])(
    "imported, %s, killed everywhere: what it came from stays, the same again completes or says that the key is there",
    async (_, file) => {
      const work = workspace();
      work.write("old", "the old one\n");
      work.write("theirs", await file());
      const command = ["key", "import", "theirs", "--name", "taken", ...OLD];
      const encrypted = (await file()) !== pem;
      const look = async (left: Workspace): Promise<void> => {
        secretsAreKept(left);
        expect(readFileSync(left.path("theirs")).length).toBeGreaterThan(0);
        const again = await left.attest(...command, "--json");
        if (again.code !== 0) expect(failure(again)).toEqual(withCode("key-exists", "taken"));
        await signs(left, "taken", "the old one");
        if (encrypted) expect(plain(left)).toEqual([]);
        else expect(plain(left).filter((name) => !name.includes("/."))).toEqual(["keys/taken.pem"]);
      };
      const count = await everywhere(work, command, look, encrypted ? FEW : undefined);
      expect(count).toBeGreaterThan(5);
    },
    600_000,
  );
});

/** Files below the home of keys that hold a secret in the plain. */
const plain = ({ home }: Workspace): string[] => {
  const names = (() => {
    try {
      return readdirSync(home, { recursive: true, encoding: "utf8" });
    } catch {
      return []; // it was not made yet
    }
  })();
  return names.filter(
    (name) => statSync(join(home, name)).isFile() && readFileSync(join(home, name), "utf8").includes("PRIVATE KEY"),
  );
};

/** At no moment can others read a secret, or the folder that it is in. */
function secretsAreKept(work: Workspace): void {
  for (const name of plain(work)) {
    expect(statSync(join(work.home, name)).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(join(work.home, name))).mode & 0o777).toBe(0o700);
  }
}

test("the killing itself: a point that is never reached changes nothing, and the errors of this test name the point", async () => {
  const made = workspace();
  const [first] = await calls(made, ["key", "new"]);
  const never: Point = { at: 10_000, when: "before", call: first! };
  await expect(killedAt(made, ["key", "new"], never)).rejects.toThrow();
  await expect(
    everywhere(copyOf(made), ["key", "new"], () => Promise.reject(new AttestError("io", "as if"))),
  ).rejects.toThrow(/^killed (?:before|half|after) call \d+, /);
});
