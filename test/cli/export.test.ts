/** `attest export` and `import`, and every verb that takes what they write: from a file, a folder, stdin and an address. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { formatEnvelope, message, PAYLOAD_TYPE, parseEnvelope } from "../../src/core/statement/envelope.js";
import { formatDsse } from "../../src/formats/dsse.js";
import { signed, signer } from "../core/making.js";
import { attest, copyOf, stranger, tree, workspace, type Ran, type Workspace } from "./attest.js";
import { lab, writeDraft } from "./drafts.js";
import { failure, naming, withCode } from "../core/refusal.js";

/** What each format is written as, below the working directory. */
const OUTPUTS = { dsse: "a.dsse.json", sigstore: "a.sigstore.json", signify: "a.signify", raw: "raw" } as const;
const formats = Object.entries(OUTPUTS);

let made: Workspace;
/** The attestation of the registry `lab`, and the line of its key. */
let file = "";
let line = "";

const ok = (ran: Ran, code = 0): Ran => {
  expect(ran.code, ran.stderr).toBe(code);
  return ran;
};
const bytes = (path: string): Uint8Array => new Uint8Array(readFileSync(path));

beforeAll(async () => {
  made = workspace();
  ({ file } = await lab(made));
  line = (await made.attest("key", "show")).stdout.trim();
  made.write("me.pub", `${line}\n`);
  for (const [format, output] of formats) ok(await made.attest("export", file, "--format", format, "--output", output));
});

/** The same signed payload by somebody else as well. */
function cosigned(work: Workspace): { readonly path: string; readonly keyids: readonly string[] } {
  const { payload, payloadBytes, payloadType, signatures } = parseEnvelope(bytes(file));
  const more = signer();
  const second = { keyid: more.key.keyid, sig: more.sign(message(PAYLOAD_TYPE, payloadBytes)) };
  const path = work.write("two.json", formatEnvelope({ payload, payloadType, signatures: [...signatures, second] }));
  return { path, keyids: [signatures[0]!.keyid!, second.keyid] };
}

describe("export", () => {
  test.each(formats.filter(([format]) => format !== "raw"))(
    "%s goes to stdout, and to a file",
    async (format, output) => {
      const ran = ok(await made.attest("export", file, "--format", format));
      expect(ran.stdout).toBe(readFileSync(made.path(output), "utf8"));
      expect(ran.stderr).toMatch(
        /^(?:the public key was not written: with --output .*\n)?nothing was verified; to check what was exported: attest verify FILE\n$/,
      );
    },
  );

  test("raw is three files, which say the message, the signature and the key", () => {
    const { payloadBytes, signatures } = parseEnvelope(bytes(file));
    expect(readdirSync(made.path("raw")).sort()).toEqual(["message", "pub.pem", "signature"]);
    expect(bytes(made.path("raw/message"))).toEqual(message(PAYLOAD_TYPE, payloadBytes));
    expect(bytes(made.path("raw/signature"))).toEqual(signatures[0]!.sig);
  });

  test("needs no key, and says of which key it had to leave out the public part", async () => {
    const work = copyOf(made);
    const nobody = stranger(work);
    work.write("alone.json", bytes(file));
    const { signatures } = parseEnvelope(bytes(file));
    for (const [format, output] of formats) {
      const ran = ok(await attest(["export", "alone.json", "--format", format, "--output", `new.${output}`], nobody));
      const missing = `the public key was not written: ${signatures[0]!.keyid!} is unknown; name it with --key or --keyring\n`;
      expect(ran.stderr.includes(missing), format).toBe(format === "signify" || format === "raw");
    }
    expect(existsSync(work.path("new.a.pub"))).toBe(false);
    expect(readdirSync(work.path("new.raw")).sort()).toEqual(["message", "signature"]);
    expect(bytes(work.path("new.a.signify"))).toEqual(bytes(made.path("a.signify")));
  });

  test.each<[string, readonly string[]]>([
    ["--key", ["alone.json", "--key", "me.pub"]],
    ["--keyring", ["alone.json", "--keyring", "lab/keys/keyring.json"]],
    ["the registry's own keyring", ["lab"]],
  ])("takes the public part from %s", async (source, args) => {
    const work = copyOf(made);
    work.write("alone.json", bytes(file));
    for (const [format, output, key] of [
      ["raw", "again", "again/pub.pem"],
      ["signify", "again.signify", "again.pub"],
    ] as const) {
      const ran = ok(await attest(["export", ...args, "--format", format, "--output", output], stranger(work)));
      expect(ran.stderr).toContain(`the public key is the one from: ${source}`);
      expect(bytes(work.path(key))).toEqual(bytes(made.path(format === "raw" ? "raw/pub.pem" : "a.pub")));
      expect(ran.stdout.trim().split("\n")).toContain(key);
    }
  });

  test("of several signatures one is chosen, by fingerprint or by name; DSSE holds them all", async () => {
    const work = copyOf(made);
    const { path, keyids } = cosigned(work);
    const [mine = "", theirs = ""] = keyids;
    for (const format of ["sigstore", "signify", "raw"]) {
      const ran = await work.attest("export", path, "--format", format, "--output", "one", "--json");
      const refused = failure(ok(ran, 2));
      expect(refused).toEqual(withCode("usage", 2, `${mine} (signer)`, theirs));
      expect(refused.hint).toMatch(naming("--signer SHA256:", "--signer NAME", "--format dsse"));
    }
    const all = ok(await work.attest("export", path, "--format", "dsse")).stdout;
    expect(parseEnvelope(Buffer.from(all)).signatures.map(({ keyid }) => keyid)).toEqual(keyids);
    for (const [chosen, keyid] of [
      ["signer", mine],
      [mine, mine],
      [theirs, theirs],
    ] as const) {
      const one = ok(await work.attest("export", path, "--format", "dsse", "--signer", chosen)).stdout;
      expect(parseEnvelope(Buffer.from(one)).signatures.map((signature) => signature.keyid)).toEqual([keyid]);
      const bundle = ok(await work.attest("export", path, "--format", "sigstore", "--signer", chosen)).stdout;
      expect(bundle).toContain(`"hint": "${keyid}"`);
    }
    const nobody = await work.attest(
      ...["export", path, "--format", "raw", "--output", "x", "--signer", "nobody", "--json"],
    );
    expect(failure(ok(nobody, 2))).toEqual(withCode("key-missing", "nobody", `${mine} (signer)`, theirs));
  });

  test.each<[string, string, readonly string[]]>([
    ["a file", "a.signify", ["--format", "signify", "--output", "a.signify"]],
    ["the file of the key", "a.pub", ["--format", "signify", "--output", "a.signify"]],
    ["a file of a folder", "raw/signature", ["--format", "raw", "--output", "raw"]],
  ])("never overwrites %s, and then writes nothing at all", async (_, taken, args) => {
    const work = copyOf(made);
    for (const old of ["a.signify", "a.pub", "raw"]) rmSync(work.path(old), { recursive: true });
    work.write(taken, "mine");
    const before = tree(work.cwd);
    const ran = await work.attest("export", file, ...args, "--json");
    expect(failure(ok(ran, 2))).toEqual(withCode("file-exists", taken));
    expect(tree(work.cwd)).toEqual(before);
  });

  test("writes the same again without a word", async () => {
    const before = tree(made.cwd);
    for (const [format, output] of formats)
      ok(await made.attest("export", file, "--format", format, "--output", output));
    expect(tree(made.cwd)).toEqual(before);
  });

  test.each<[string, RegExp, readonly string[]]>([
    ["raw without a folder", naming("--output DIR", "raw"), ["--format", "raw"]],
    ["raw to stdout", naming("--output DIR", "raw"), ["--format", "raw", "--output", "-"]],
    ["--json beside the document", naming("--output FILE", "--json"), ["--format", "dsse"]],
    ["no format", naming("'--format <format>'"), []],
    [
      "a format that there is not",
      naming("--format", "'pgp'", "dsse", "sigstore", "signify", "raw"),
      ["--format", "pgp"],
    ],
  ])("refuses %s", async (_, error, args) => {
    const refused = failure(ok(await made.attest("export", file, ...args, "--json"), 2));
    expect(refused).toMatchObject({ code: "usage", message: expect.stringMatching(error) });
  });

  test("refuses what is no attestation, and a registry of several", async () => {
    const work = copyOf(made);
    work.write("not.json", "{}");
    writeDraft(work, "another", { title: "Another" });
    ok(await work.attest("sign", "another.json", "--registry", "lab"));
    for (const [target, refused] of [
      ["not.json", withCode("envelope-unknown", "payload")],
      ["lab", withCode("usage", 2, "lab")],
      ["nowhere", withCode("file-missing", "nowhere")],
    ] as const)
      expect(
        failure(ok(await work.attest("export", target, "--format", "dsse", "--output", "x", "--json"), 2)),
      ).toEqual(refused);
  });
});

describe("import", () => {
  test.each(formats)("%s gives back the published file, byte for byte", async (_, output) => {
    const ran = ok(await attest(["import", output], stranger(made)));
    expect(ran.stdout).toBe(readFileSync(file, "utf8"));
    expect(ran.stderr).toBe("nothing was verified; to check it: attest verify FILE\n");
  });

  test.each(formats.filter(([format]) => format !== "raw"))("%s, from stdin to a file", async (_, output) => {
    const work = copyOf(made);
    const ran = ok(
      await attest(["import", "-", "--output", "back.json"], { ...work, input: bytes(work.path(output)) }),
    );
    expect([ran.stdout, ran.stderr]).toEqual([
      "back.json\n",
      "nothing was verified; to check it: attest verify back.json\n",
    ]);
    expect(bytes(work.path("back.json"))).toEqual(bytes(file));
    work.write("back.json", "mine");
    const again = ok(await work.attest("import", output, "--output", "back.json", "--json"), 2);
    expect(failure(again)).toEqual(withCode("file-exists", "back.json"));
  });

  test("raw without its key keeps payload and signature, and says that the key is not named", async () => {
    const work = copyOf(made);
    rmSync(work.path("raw/pub.pem"));
    const ran = ok(await work.attest("import", "raw"));
    const [before, after] = [parseEnvelope(bytes(file)), parseEnvelope(Buffer.from(ran.stdout))];
    expect(after).toEqual({ ...before, signatures: [{ keyid: undefined, sig: before.signatures[0]!.sig }] });
    expect(ran.stderr).toContain("a signature does not name its key: each known key will be tried\n");
    work.write("back.json", ran.stdout);
    ok(await work.attest("verify", "back.json"));
  });

  test("verifies nothing: a forgery comes back as the forgery that it is", async () => {
    const work = copyOf(made);
    const envelope = parseEnvelope(bytes(file));
    const forged = signed({ ...envelope.payload, more: 1 }, [signer()]);
    work.write("forged.json", formatDsse({ ...forged, signatures: envelope.signatures }));
    ok(await work.attest("import", "forged.json", "--output", "back.json"));
    ok(await work.attest("verify", "back.json"), 1);
  });
});

describe("every verb takes every form", () => {
  test.each(formats)(
    "verify, %s: yours, a stranger's, and with the key that the stranger was given",
    async (_, output) => {
      expect(ok(await made.attest("verify", output)).stdout).toMatch(/^VALIDATED: Signed by .signer., unchanged$/m);
      const nobody = stranger(made);
      // The key beside it, the name inside it: none of that is a reason to trust.
      expect(ok(await attest(["verify", output], nobody), 3).stdout).toContain("Signer unknown");
      ok(await attest(["verify", output, "--key", "me.pub"], nobody));
    },
  );

  test.each(formats.filter(([format]) => format !== "raw"))(
    "verify, %s, from stdin and from an address",
    async (_, output) => {
      ok(await attest(["verify", "-"], { ...made, input: bytes(made.path(output)) }));
      const server = createServer((__, response) => response.end(bytes(made.path(output))));
      await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
      const address = server.address();
      const port = typeof address === "object" ? String(address?.port) : "";
      const ran = await made.attest("verify", `http://127.0.0.1:${port}/${output}`);
      server.close();
      expect(ok(ran).stdout).toMatch(/^VALIDATED: Signed by .signer., unchanged$/m);
    },
  );

  test.each(formats)("verify, %s: not with a byte of payload or signature changed", async (_, output) => {
    const work = copyOf(made);
    const changed = (path: string, before: string, after: string): void => {
      const text = readFileSync(work.path(path), "latin1");
      expect(text).toContain(before);
      writeFileSync(work.path(path), text.replace(before, after), "latin1");
    };
    const { payloadBytes, signatures } = parseEnvelope(bytes(file));
    if (output === "raw") {
      changed("raw/message", "Addition adds", "Addition odds");
    } else if (output === "a.signify") changed(output, "Addition adds", "Addition odds");
    else {
      const base64 = (text: Uint8Array): string => Buffer.from(text).toString("base64");
      const odd = Buffer.from(Buffer.from(payloadBytes).toString().replace("Addition adds", "Addition odds"));
      changed(output, base64(payloadBytes), base64(odd));
    }
    expect(ok(await work.attest("verify", output), 1).stdout).toContain("[signature-bad]");

    const again = copyOf(made);
    const sig = signatures[0]!.sig.slice();
    sig[40]! ^= 1;
    if (output === "raw") writeFileSync(again.path("raw/signature"), sig);
    else {
      const text = readFileSync(again.path(output), "utf8");
      const encoded = (bytes: Uint8Array): string =>
        output === "a.signify"
          ? Buffer.concat([Buffer.from(text.split("\n")[1]!, "base64").subarray(0, 10), bytes]).toString("base64")
          : Buffer.from(bytes).toString("base64");
      expect(text).toContain(encoded(signatures[0]!.sig));
      writeFileSync(again.path(output), text.replace(encoded(signatures[0]!.sig), encoded(sig)));
    }
    expect(ok(await again.attest("verify", output), 1).stdout).toContain("[signature-bad]");
  });

  test.each(formats)("show, %s", async (_, output) => {
    expect(ok(await made.attest("show", output)).stdout).toContain("Addition adds");
    const unread = ok(await attest(["show", output], stranger(made)), 3);
    expect(unread.stdout + unread.stderr).not.toContain("Addition adds");
  });

  test.each(formats)("add, %s: the registry keeps the readable form", async (_, output) => {
    const work = copyOf(made);
    ok(await work.attest("init", "other", "--origin", "example.org/other"));
    const ran = ok(
      await work.attest("add", output, "--registry", "other", "--evidence", "lab/attestations/evidence", "--json"),
    );
    expect(bytes(work.path((ran.json() as { path: string }).path))).toEqual(bytes(file));
    ok(await work.attest("verify", "other"));
  });

  test("a raw folder is told apart from a registry, and half of one from a whole", async () => {
    const work = copyOf(made);
    mkdirSync(work.path("half"));
    work.write("half/message", bytes(work.path("raw/message")));
    const half = failure(ok(await work.attest("verify", "half", "--json"), 2));
    expect(half).toEqual(withCode("file-missing", "message", "signature", "half"));
    expect(half.hint).toContain("attest export FILE --format raw --output DIR");
    // A registry stays one, whatever lies in it.
    work.write("lab/message", bytes(work.path("raw/message")));
    expect(ok(await work.attest("verify", "lab")).stdout).toContain(join("lab", "attestations"));
    mkdirSync(work.path("empty"));
    expect(failure(ok(await work.attest("verify", "empty", "--json"), 2)).code).toBe("registry-missing");
    expect(ok(await work.attest("verify", "raw/message"), 2).stdout).toContain("[envelope-message]");
  });

  test("in a registry only what the registry itself writes is taken", async () => {
    const work = copyOf(made);
    writeFileSync(file.replace(made.cwd, work.cwd), bytes(work.path("a.sigstore.json")));
    expect(ok(await work.attest("verify", "lab"), 2).stdout).toContain("[envelope-unknown]");
  });
});
