/** Pins: nothing but `attest trust` makes one, each counts where it was pinned, and another key in its place is a full stop. */
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/core/json.js";
import { attest, copyOf, fault, stranger, tree, workspace, type Ran, type Workspace } from "./attest.js";
import { lab, publish } from "./drafts.js";
import { failure, naming, withCode } from "../core/refusal.js";

let made: Workspace;
let file = "";
let line = "";
let other = "";

beforeAll(async () => {
  made = workspace();
  ({ file } = await lab(made));
  line = (await made.attest("key", "show")).stdout.trim();
  made.write("signer.pub", `${line}\n`);
  made.write("aside.json", readFileSync(file));
  await made.attest("key", "new", "other");
  other = (await made.attest("key", "show", "other")).stdout.trim();
});

const trustFile = ({ root }: Workspace): string => join(root, "user/state/f3-attest/trust.json");
/** Somebody without keys, whose pins lie where the user's do. */
const as = (work: Workspace, ...args: readonly string[]): Promise<Ran> => attest(args, stranger(work));
const ok = (ran: Ran, code = 0): Ran => {
  expect(ran.code, ran.stdout + ran.stderr).toBe(code);
  return ran;
};
describe("a pin", () => {
  test("is made, told again, listed, and removed", async () => {
    const work = copyOf(made);
    const added = ok(await as(work, "trust", "add", "lab", "signer.pub"));
    expect(added.stdout).toMatch(/^lab\tSHA256:\S{43}\n$/);
    expect(added.stderr).toBe("pinned for every document; undo it with: attest trust remove lab\n");
    const before = tree(dirname(trustFile(work)));
    expect(ok(await as(work, "trust", "add", "lab", line)).stderr).toBe("it was pinned already\n");
    expect(tree(dirname(trustFile(work)))).toEqual(before);
    expect(ok(await as(work, "trust", "list")).stdout).toMatch(/^lab\tSHA256:\S{43}\teverywhere\n$/);
    const ran = ok(await as(work, "verify", "aside.json"));
    expect(ran.stdout).toContain("confirmed by you (your pin lab)");
    ok(await as(work, "trust", "remove", "lab"));
    expect(ok(await as(work, "trust", "list")).stdout).toBe("");
    ok(await as(work, "verify", "aside.json"), 3);
    expect(failure(ok(await as(work, "trust", "remove", "lab", "--json"), 2))).toEqual(
      withCode("key-missing", '"lab"'),
    );
  });

  test("lies in a file that only its owner reads", async () => {
    const work = copyOf(made);
    ok(await as(work, "trust", "add", "lab", line));
    expect(statSync(trustFile(work)).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(trustFile(work))).mode & 0o777).toBe(0o700);
  });

  test("under a name that has another key, or another registry: refused", async () => {
    const work = copyOf(made);
    ok(await as(work, "trust", "add", "lab", line));
    const before = readFileSync(trustFile(work));
    for (const more of [[other], [line, "--origin", "example.org/lab"]]) {
      const { error, hint } = fault(ok(await as(work, "trust", "add", "lab", ...more), 2));
      expect(error).toMatch(/\blab\b.*SHA256:\S{43}.*SHA256:\S{43}/);
      expect(hint).toContain("attest trust remove lab");
    }
    expect(readFileSync(trustFile(work))).toEqual(before);
  });

  test.each<[string, string[], unknown]>([
    ["a name that is none", ["Lab", "signer.pub"], withCode("key-name", '"Lab"')],
    [
      "a scheme before the origin",
      ["lab", "signer.pub", "--origin", "https://example.org"],
      withCode("usage", '"https://example.org"'),
    ],
    ["a key of another type", ["lab", "ssh-rsa AAAA"], withCode("key-format", "ssh-rsa")],
    ["a secret", ["lab", "../secrets/keys/signer.pem"], withCode("key-format", "private")],
    ["no file", ["lab", "nowhere.pub"], withCode("file-missing", "nowhere.pub")],
  ])("%s: refused", async (_, args, refused) => {
    const work = copyOf(made);
    expect(failure(ok(await work.attest("trust", "add", ...args, "--json"), 2))).toEqual(refused);
    expect(existsSync(trustFile(work))).toBe(false);
  });

  test("for a registry counts in that one alone", async () => {
    const work = copyOf(made);
    ok(await as(work, "trust", "add", "lab", line, "--origin", "example.org/lab"));
    ok(await as(work, "verify", "lab"));
    ok(await as(work, "verify", "aside.json"), 3); // nobody knows where it is from
    ok(await as(work, "trust", "remove", "lab"));
    ok(await as(work, "trust", "add", "lab", line, "--origin", "example.org/other"));
    ok(await as(work, "verify", "lab"), 3);
  });

  test("cannot be taken for more than it is: a key that the registry revoked stays revoked", async () => {
    const work = copyOf(made);
    ok(await as(work, "trust", "add", "lab", line));
    const path = work.path("lab/keys/keyring.json");
    const revoked = '"revoked": {"at": "2026-01-01T00:00:00Z", "reason": "lost"}, "validFrom"';
    writeFileSync(path, readFileSync(path, "utf8").replace(/("signers": [^]*?)"validFrom"/, `$1${revoked}`));
    expect(ok(await as(work, "verify", "lab", "--json"), 3).stdout).toContain("key-revoked");
  });
});

test("first contact never pins, whatever is asked", async () => {
  const work = copyOf(made);
  for (const args of [
    ["verify", "lab"],
    ["verify", "lab", "--key", "signer.pub"],
    ["show", "lab", "--keyring", "lab/keys/keyring.json"],
    ["add", "aside.json", "--registry", "lab", "--key", "signer.pub"],
    ["trust", "list"],
  ])
    await as(work, ...args);
  expect(existsSync(join(work.root, "user/state/f3-attest/trust.json"))).toBe(false); // what it saw of logs is no pin
});

describe("a file of pins that is not as it was written is never taken for none", () => {
  test.each<[string, string, RegExp, RegExp]>([
    ["damaged", "{", /trust\.json: /, /./],
    ["empty", "", /trust\.json: /, /./],
    ["another document", "{}", naming("version", 1), /./],
    ["a list", "[]", /found at the top level: /, /./],
    ["a newer one", '{"version": 2, "keys": {}}', naming("version 1", "version 2"), naming("newer")],
    ["an unknown member", '{"version": 1, "pins": [], "more": 1}', naming("version 1"), /./],
    ["a key that is none", pinned("lab", "ssh-ed25519 AAAA"), naming("ssh-ed25519"), /./],
  ])("%s", async (_, text, said, hint) => {
    const work = copyOf(made);
    ok(await as(work, "trust", "add", "lab", line));
    writeFileSync(trustFile(work), text);
    for (const args of [
      ["verify", "lab", "--key", "signer.pub"],
      ["trust", "list"],
      ["trust", "add", "second", other],
      ["trust", "remove", "lab"],
      ["add", "aside.json", "--registry", "lab"],
    ]) {
      const ran = ok(await as(work, ...args, "--json"), 2).json();
      expect(ran).toMatchObject({ error: { code: "trust-format" } });
      expect(ran["error"]).toMatchObject({ message: expect.stringMatching(said), hint: expect.stringMatching(hint) });
    }
    expect(readFileSync(trustFile(work), "utf8")).toBe(text);
  });

  test.skipIf(process.platform === "win32")("one that others can write: refused", async () => {
    const work = copyOf(made);
    ok(await as(work, "trust", "add", "lab", line));
    chmodSync(trustFile(work), 0o666);
    const ran = ok(await as(work, "verify", "lab", "--json"), 2);
    expect(failure(ran)).toEqual(withCode("home-unsafe", 666, trustFile(work)));
  });
});

function pinned(name: string, key: string): string {
  return JSON.stringify({ version: 1, pins: [{ name, key, source: "", addedAt: "2026-01-01T00:00:00Z" }] });
}

describe("another key in the place of the pinned one is a full stop", () => {
  const ORIGIN = ["--origin", "example.org/lab"];
  const stopped = (ran: Ran): { message: string; hint: string } => {
    const { error } = ok(ran, 3).json() as unknown as { error: { code: string; message: string; hint: string } };
    expect(error.code).toBe("key-changed");
    return error;
  };

  test("a document that is signed by another key", async () => {
    const work = copyOf(made);
    const here = file.replace(made.root, work.root);
    ok(await as(work, "trust", "add", "lab", other, ...ORIGIN));
    const { message, hint } = stopped(await as(work, "verify", "lab", "--json"));
    expect(message).toMatch(naming("lab", "example.org/lab"));
    expect(new Set(message.match(/SHA256:[A-Za-z0-9+/]{43}/g)).size).toBe(2);
    expect(hint).toContain("attest trust remove lab; attest trust add lab LINE --origin example.org/lab");
    // Among several documents it is told for each that it stops, and no word of those is shown.
    const all = ok(await as(work, "verify", here, "aside.json"), 3).stdout;
    expect(all).toMatch(/^NOT ACCEPTED {2}\S+ {2}full stop: .*SHA256.* \[key-changed\]$/m);
    for (const verb of [
      ["show", "lab"],
      ["reproduce", here, "--dry-run"],
    ])
      expect(failure(ok(await as(work, ...verb, "--json"), 3)).code).toBe("key-changed");
  });

  test("the way that the hint shows leads on", async () => {
    const work = copyOf(made);
    ok(await as(work, "trust", "add", "lab", other, ...ORIGIN));
    ok(await as(work, "verify", "lab"), 3);
    ok(await as(work, "trust", "remove", "lab"));
    ok(await as(work, "trust", "add", "lab", line, ...ORIGIN));
    ok(await as(work, "verify", "lab"));
  });

  test("a registry that lists another key under the pinned name, even where the pinned one has signed", async () => {
    const work = copyOf(made);
    ok(await as(work, "trust", "add", "signer", line, ...ORIGIN));
    ok(await as(work, "verify", "lab"));
    const path = work.path("lab/keys/keyring.json");
    const keyring = JSON.parse(readFileSync(path, "utf8")) as { signers: JsonObject[] };
    const [mine] = keyring.signers;
    const [type = "", blob = ""] = other.split(" ");
    const signers = [
      { ...mine, name: "signer-before" },
      { ...mine, key: `${type} ${blob}` },
    ];
    writeFileSync(path, JSON.stringify({ ...keyring, signers }));
    const { message } = stopped(await as(work, "verify", "lab", "--json"));
    expect(message).toMatch(naming("signer", "example.org/lab", "registry"));
    expect(new Set(message.match(/SHA256:[A-Za-z0-9+/]{43}/g)).size).toBe(2);
    expect(stopped(await as(work, "add", "aside.json", "--registry", "lab", "--json")).message).toMatch(
      naming("signer", "example.org/lab"),
    );
    // Somebody who has another reason to trust the new key is not stopped, as with a second line in known_hosts.
    ok(await as(work, "verify", "lab", "--key", other));
  });

  test("two signers of one registry are two pins", async () => {
    const work = copyOf(made);
    await publish(work, "lab", { title: "By the other" }, "--signer", "other");
    ok(await as(work, "trust", "add", "one", line, ...ORIGIN));
    const ran = ok(await as(work, "verify", "lab", "--json"), 3).json() as unknown as { documents: JsonObject[] };
    expect(ran.documents.flatMap(({ error }) => error ?? [])).toMatchObject([{ code: "key-changed" }]);
    ok(await as(work, "trust", "add", "two", other, ...ORIGIN));
    ok(await as(work, "verify", "lab"));
  });

  test("a key given with --key or in the keystore is trusted for a reason of its own", async () => {
    const work = copyOf(made);
    ok(await as(work, "trust", "add", "lab", other, ...ORIGIN));
    ok(await as(work, "verify", "lab", "--key", "signer.pub"));
    ok(await work.attest("verify", "lab"));
  });

  test("a document that does not verify at all is worse news", async () => {
    const work = copyOf(made);
    ok(await as(work, "trust", "add", "lab", other, ...ORIGIN));
    writeFileSync(file.replace(made.root, work.root), readFileSync(file, "utf8").replace("Addition", "Subtraction"));
    ok(await as(work, "verify", "lab"), 1);
  });
});
