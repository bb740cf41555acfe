/** `attest cosign`: one more signature over the same payload, only on what verifies; and `add`, which takes the signatures of both. */
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { canonical, type JsonObject } from "../../src/core/json.js";
import {
  attest,
  attestProcess,
  copyOf,
  fault,
  colleague,
  stranger,
  tree,
  workspace,
  type Ran,
  type Surroundings,
  type Workspace,
} from "./attest.js";
import { lab } from "./drafts.js";
import { failure, naming, withCode } from "../core/refusal.js";

interface Document {
  payload: JsonObject;
  payloadType: string;
  signatures: { keyid: string; sig: string }[];
}

let made: Workspace;
let file = "";

/** `lab` with one attestation by `signer`, and a colleague with a key `colleague` in a home of their own. */
beforeAll(async () => {
  made = workspace();
  file = (await lab(made)).file.slice(made.cwd.length + 1);
  colleague(made, "theirs");
  made.write("signer.pub", (await made.attest("key", "show")).stdout);
  made.write("colleague.pub", (await attest(["key", "new", "colleague"], theirs(made))).stdout);
  made.write("sent.json", readFileSync(made.path(file)));
});

const theirs = ({ cwd, env, root }: Workspace): Surroundings => ({
  cwd,
  env: { ...env, F3_ATTEST_HOME: join(root, "theirs") },
});
const as = (work: Workspace, ...args: readonly string[]): Promise<Ran> => attest(args, theirs(work));
const read = (work: Workspace, path: string): Document => JSON.parse(readFileSync(work.path(path), "utf8")) as Document;
const ok = (ran: Ran, code = 0): Ran => {
  expect(ran.code, ran.stdout + ran.stderr).toBe(code);
  return ran;
};
const BOTH = ["--key", "signer.pub", "--key", "colleague.pub", "--require", "min-signers=2"];
/** Refused with this status, and everything is as it was. */
async function refused(work: Workspace, code: number, ...args: readonly string[]): Promise<ReturnType<typeof fault>> {
  const before = tree(work.root);
  const ran = ok(await as(work, ...args), code);
  expect(tree(work.root)).toEqual(before);
  return fault(ran);
}

describe("in a registry", () => {
  test("in place: the payload and the signature that was there stay, byte for byte; the keyring lists who signed", async () => {
    const work = copyOf(made);
    const before = read(work, file);
    ok(await as(work, "cosign", file, "--key", "signer.pub"));
    const after = read(work, file);
    expect({ ...after, signatures: after.signatures.slice(0, 1) }).toEqual(before);
    expect(after.signatures).toHaveLength(2);
    ok(await attest(["verify", "lab", ...BOTH], stranger(work)));
    ok(await attest(["verify", "lab", "--key", "colleague.pub"], stranger(work)));
    const { signers } = JSON.parse(readFileSync(work.path("lab/keys/keyring.json"), "utf8")) as {
      signers: JsonObject[];
    };
    expect(signers.map(({ name }) => name)).toEqual(["signer", "colleague"]);
    expect(readFileSync(work.path("lab/keys/colleague.pub"), "utf8")).toBe(
      readFileSync(work.path("colleague.pub"), "utf8"),
    );
  });

  test("a second time: it says so, and nothing is changed", async () => {
    const work = copyOf(made);
    ok(await as(work, "cosign", file, "--key", "signer.pub"));
    const before = tree(work.path("lab"));
    const again = ok(await as(work, "cosign", file, "--key", "signer.pub"));
    expect(again.stderr).toMatch(/SHA256:\S{43} had signed it already: nothing was changed\n$/);
    expect(tree(work.path("lab"))).toEqual(before);
  });

  test("two at once: both are there", async () => {
    const work = copyOf(made);
    await work.attest("key", "new", "third");
    const done = await Promise.all([
      attestProcess(["cosign", file, "--key", "signer.pub"], theirs(work)),
      work.attestProcess("cosign", file, "--signer", "third"),
    ]);
    for (const ran of done) ok(ran);
    expect(read(work, file).signatures).toHaveLength(3);
    ok(await work.attest("verify", "lab", "--key", "colleague.pub", "--require", "min-signers=3"));
  });

  test("by a key that it revoked or retired: refused", async () => {
    for (const [change, code] of [
      ['"revoked": {"at": "2026-01-01T00:00:00Z", "reason": "lost"}, "validFrom"', "key-revoked"],
      ['"validUntil": "2020-01-02T00:00:00Z", "validFrom"', "key-retired"],
    ] as const) {
      const work = copyOf(made);
      ok(await as(work, "cosign", file, "--key", "signer.pub"));
      writeFileSync(work.path(file), readFileSync(made.path(file)));
      const path = work.path("lab/keys/keyring.json");
      const text = readFileSync(path, "utf8");
      const at = text.indexOf('"validFrom"', text.indexOf('"colleague"') - 200);
      const last = text.lastIndexOf('"validFrom"');
      expect(at).toBeGreaterThan(0);
      writeFileSync(path, text.slice(0, last) + change + text.slice(last + '"validFrom"'.length));
      const ran = await as(work, "cosign", file, "--key", "signer.pub", "--json");
      expect(ran.json()).toMatchObject({ error: { code }, exit: 3 });
    }
  });
});

describe("a file", () => {
  test("in place, to another file, or from stdin to stdout", async () => {
    const work = copyOf(made);
    const input = readFileSync(work.path("sent.json"));
    const piped = ok(await attest(["cosign", "-", "--key", "signer.pub"], { ...theirs(work), input }));
    ok(await as(work, "cosign", "sent.json", "--key", "signer.pub", "--output", "both.json"));
    expect(readFileSync(work.path("sent.json"))).toEqual(input);
    ok(await as(work, "cosign", "sent.json", "--key", "signer.pub"));
    // Ed25519 is deterministic: three ways, one document.
    expect(readFileSync(work.path("both.json"), "utf8")).toBe(piped.stdout);
    expect(readFileSync(work.path("sent.json"), "utf8")).toBe(piped.stdout);
    ok(await attest(["verify", "both.json", ...BOTH], stranger(work)));
    const { error } = await refused(work, 2, "cosign", "sent.json", "--key", "signer.pub", "--output", "both.json");
    expect(error).toMatch(naming("both.json"));
  });

  test("in the DSSE format stays in it", async () => {
    const work = copyOf(made);
    const { payload, payloadType, signatures } = read(work, "sent.json");
    const bare = { payload: Buffer.from(canonical(payload)).toString("base64"), payloadType, signatures };
    work.write("sent.dsse", JSON.stringify(bare));
    ok(await as(work, "cosign", "sent.dsse", "--key", "signer.pub"));
    const after = read(work, "sent.dsse");
    expect(after).toEqual({ ...bare, signatures: [...signatures, expect.anything()] });
    ok(await attest(["verify", "sent.dsse", ...BOTH], stranger(work)));
  });
});

describe("what does not verify is never cosigned", () => {
  test.each<[string, number, (work: Workspace) => unknown, RegExp]>([
    ["by a key that nobody confirmed", 3, () => undefined, /\bkey\b/],
    [
      "changed on the way",
      1,
      (work) => work.write("sent.json", readFileSync(made.path("sent.json"), "utf8").replace("Addition", "Forgery")),
      /\bbytes\b.*SHA256/,
    ],
    ["no attestation", 2, (work) => work.write("sent.json", "{}"), /\battestation\b/],
    ["no file", 2, (work) => writeFileSync(work.path("sent.json"), "", { flag: "w" }), /./],
  ])("%s: exit %i", async (what, code, change, said) => {
    const work = copyOf(made);
    change(work);
    const keys = what.startsWith("by a key") ? [] : ["--key", "signer.pub"];
    expect((await refused(work, code, "cosign", "sent.json", ...keys)).error).toMatch(said);
  });

  test("a seventeenth signature", async () => {
    const work = copyOf(made);
    const { signatures, ...rest } = read(work, "sent.json");
    const unknown = Array.from({ length: 15 }, (_, at) => ({ keyid: `nobody ${at}`, sig: signatures[0]?.sig ?? "" }));
    work.write("sent.json", JSON.stringify({ ...rest, signatures: [...signatures, ...unknown] }));
    const { error } = await refused(work, 2, "cosign", "sent.json", "--key", "signer.pub");
    expect(error).toMatch(naming("signatures", 16));
  });
});

describe("add, of what the registry has with other signatures", () => {
  const ADD = ["add", "both.json", "--registry", "lab"];
  const both = async (): Promise<Workspace> => {
    const work = copyOf(made);
    ok(await as(work, "cosign", "sent.json", "--key", "signer.pub", "--output", "both.json"));
    return work;
  };

  test("takes those of both, and lists who signed", async () => {
    const work = await both();
    expect(ok(await work.attest(...ADD, "--key", "colleague.pub", "--json")).json()).toMatchObject({ added: true });
    expect(readFileSync(work.path(file))).toEqual(readFileSync(work.path("both.json")));
    expect(ok(await work.attest(...ADD, "--json")).json()).toMatchObject({ added: false });
    ok(await attest(["verify", "lab", ...BOTH], stranger(work)));
  });

  test("of one signature less takes none away", async () => {
    const work = await both();
    ok(await work.attest(...ADD, "--key", "colleague.pub"));
    ok(await work.attest("add", "sent.json", "--registry", "lab"));
    expect(read(work, file).signatures).toHaveLength(2);
  });

  test("of a signature that nobody here can check adds nothing", async () => {
    const work = await both();
    const before = readFileSync(work.path(file));
    expect(ok(await work.attest(...ADD, "--json")).json()).toMatchObject({ added: false });
    expect(readFileSync(work.path(file))).toEqual(before);
  });

  test("of another payload is refused, as ever", async () => {
    const work = await both();
    work.write(file, readFileSync(work.path(file), "utf8").replace("Addition", "Forgery"));
    const ran = await work.attest(...ADD, "--key", "colleague.pub", "--json");
    expect(failure(ok(ran, 2))).toEqual(withCode("file-exists", basename(file)));
  });
});
