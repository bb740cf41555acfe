/** Keys that real ssh-keygen, openssl and age wrote: taken whole, in every cipher; refused in every way in which they can be spoilt. */
import { execFileSync, spawnSync } from "node:child_process";
import { createPrivateKey, type KeyObject } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { utf8 } from "../../src/core/bytes.js";
import { AttestError } from "../../src/core/errors.js";
import { parseKey } from "../../src/core/keys/key.js";
import { importKey } from "../../src/keystore/imported.js";
import { decrypt, publicOf } from "../../src/keystore/secret.js";
import { nodeEngine } from "../../src/node/engine.js";
import { temporary } from "../cli/attest.js";
import { locked } from "../cli/drafts.js";
import { naming } from "../core/refusal.js";
import { NIGHT } from "../night.js";

const PASSPHRASE = "correct horse ünd staple";
const missing = ["ssh-keygen", "openssl"].find((tool) => spawnSync(tool, ["-h"]).error !== undefined);
if (missing !== undefined) console.warn(`NOT CHECKED against other tools: there is no ${missing} here`);
const ciphers = missing ? [] : execFileSync("ssh", ["-Q", "cipher"], { encoding: "utf8" }).trim().split("\n");

const run = (tool: string, ...args: string[]): Buffer =>
  execFileSync(tool, args, { stdio: ["ignore", "pipe", "ignore"] });

let folder = "";
beforeAll(() => void (folder = temporary()));

let count = 0;
/** The path of a new key of ssh-keygen's. */
function keygen(...args: string[]): string {
  const path = join(folder, `key-${String((count += 1))}`);
  const type = args.includes("-t") ? [] : ["-t", "ed25519"];
  const passphrase = args.includes("-N") ? [] : ["-N", ""];
  run("ssh-keygen", "-q", ...type, ...passphrase, "-C", "someone@machine", "-f", path, ...args);
  return path;
}
const under = ["-N", PASSPHRASE, "-a", "1"];
/** `npm run soak` sets it: every byte, where `npm test` takes one of these many of a key that has to be opened first. */
const STEP = process.env["ATTEST_KILL"] === "all" ? 1 : NIGHT ? 7 : 23;

const imported = (
  file: Uint8Array | string,
  passphrase?: string,
): Promise<{ secret: KeyObject; passphrase?: string | undefined }> =>
  importKey(
    typeof file === "string" ? utf8(file) : new Uint8Array(file),
    "FILE",
    () => Promise.resolve(passphrase),
    nodeEngine,
  );
const refusal = async (file: Uint8Array | string, passphrase?: string): Promise<AttestError> => {
  const error = await imported(file, passphrase).then(
    () => "no refusal",
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AttestError)) throw new Error(`expected a refusal, found ${String(error)}`);
  return error;
};
/** Which is another fault than a wrong one. */
async function withoutPassphrase(file: Uint8Array): Promise<void> {
  const [none, wrong] = [await refusal(file), await refusal(file, "wrong")];
  expect([none.code, none.message === wrong.message]).toEqual(["key-locked", false]);
}
const keyidOf = (path: string): string => parseKey(readFileSync(`${path}.pub`, "utf8"), nodeEngine).keyid;

/** An OpenSSH file, taken apart and put together again with other bytes in it. */
function respelt(path: string, change: (bytes: Buffer) => Uint8Array): string {
  const body = readFileSync(path, "latin1").replace(/-----.*-----/g, "");
  const changed = Buffer.from(change(Buffer.from(body, "base64"))).toString("base64");
  return armoured("OPENSSH PRIVATE KEY", changed);
}

const armoured = (label: string, body: string): string => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;

describe.skipIf(missing !== undefined)(
  `a key file${missing ? ` (NOT CHECKED: there is no ${missing} here)` : ""}`,
  () => {
    test("of OpenSSH, plain", async () => {
      const path = keygen();
      const { secret, passphrase } = await imported(readFileSync(path));
      expect([publicOf(secret, nodeEngine).keyid, passphrase]).toEqual([keyidOf(path), undefined]);
      const windows = readFileSync(path, "utf8").replaceAll("\n", "\r\n");
      expect(publicOf((await imported(windows)).secret, nodeEngine).keyid).toBe(keyidOf(path));
    });

    test.each(ciphers)("of OpenSSH, under a passphrase with %s", async (cipher) => {
      const path = keygen(...under, "-Z", cipher);
      const { secret, passphrase } = await imported(readFileSync(path), PASSPHRASE);
      expect([publicOf(secret, nodeEngine).keyid, passphrase]).toEqual([keyidOf(path), PASSPHRASE]);
      for (const wrong of ["wrong", `${PASSPHRASE} `])
        expect(await refusal(readFileSync(path), wrong)).toMatchObject({ code: "key-locked" });
      await withoutPassphrase(readFileSync(path));
    });

    test("of OpenSSH, as it comes when nothing is said about ciphers", async () => {
      const path = keygen("-N", PASSPHRASE);
      expect(publicOf((await imported(readFileSync(path), PASSPHRASE)).secret, nodeEngine).keyid).toBe(keyidOf(path));
    });

    test("of OpenSSH that would take for ever to open is refused at once", async () => {
      const path = keygen(...under);
      const rounds = respelt(path, (bytes) => {
        const at = bytes.indexOf("bcrypt") + 6 + 4 + 4 + 16;
        bytes.writeUInt32BE(0xffffffff, at);
        return bytes;
      });
      expect(await refusal(rounds, PASSPHRASE)).toMatchObject({
        code: "key-format",
        message: expect.stringMatching(naming(4294967295)),
      });
    });

    const pem = (...more: string[]): Buffer => run("openssl", "genpkey", "-algorithm", "ed25519", ...more);

    test("in PKCS#8, plain and under each cipher that openssl is commonly given", async () => {
      const file = join(folder, "plain.pem");
      writeFileSync(file, pem());
      const { keyid } = publicOf(createPrivateKey(readFileSync(file)), nodeEngine);
      expect(publicOf((await imported(readFileSync(file))).secret, nodeEngine).keyid).toBe(keyid);
      for (const cipher of [
        ["-v2", "aes-256-cbc"],
        ["-v2", "aes-128-cbc"],
        ["-v2", "des3"],
        ["-scrypt"],
        ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512"],
      ]) {
        const locked = run("openssl", "pkcs8", "-topk8", "-in", file, ...cipher, "-passout", `pass:${PASSPHRASE}`);
        const { secret, passphrase } = await imported(locked, PASSPHRASE);
        expect([publicOf(secret, nodeEngine).keyid, passphrase]).toEqual([keyid, PASSPHRASE]);
        expect(await refusal(locked, "wrong")).toMatchObject({ code: "key-locked" });
        await withoutPassphrase(locked);
      }
    });

    test("in PKCS#8 with a cipher that OpenSSL opens no more, or does not know", async () => {
      const file = join(folder, "plain.pem");
      writeFileSync(file, pem());
      const old = run(
        "openssl",
        "pkcs8",
        "-topk8",
        "-in",
        file,
        "-v1",
        "PBE-MD5-DES",
        "-provider",
        "legacy",
        "-provider",
        "default",
        "-passout",
        "pass:x",
      );
      expect(["key-format", "key-locked"]).toContain((await refusal(old, "x")).code);
    });

    test("in PKCS#8 under age, as `age -p` writes it and as we do", async () => {
      const plain = pem();
      const { secret, passphrase } = await imported(await locked(plain.toString(), PASSPHRASE), PASSPHRASE);
      expect([secret.asymmetricKeyType, passphrase]).toEqual(["ed25519", PASSPHRASE]);
      expect(await refusal(await locked("hunter2", PASSPHRASE), PASSPHRASE)).toMatchObject({ code: "key-format" });
    });

    test.each<[string, () => Uint8Array | string, string?]>([
      ["rsa, of OpenSSH", () => readFileSync(keygen("-t", "rsa", "-b", "1024")), "type ssh-rsa"],
      ["ecdsa, of OpenSSH", () => readFileSync(keygen("-t", "ecdsa")), "type ecdsa-sha2-nistp256"],
      [
        "rsa, of OpenSSH, under a passphrase",
        () => readFileSync(keygen("-t", "rsa", "-b", "1024", ...under)),
        "type ssh-rsa",
      ],
      [
        "rsa, in PKCS#8",
        () => run("openssl", "genpkey", "-algorithm", "rsa", "-pkeyopt", "rsa_keygen_bits:1024"),
        "type rsa",
      ],
      [
        "ec, in PKCS#8",
        () => run("openssl", "genpkey", "-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        "type ec",
      ],
      ["x25519", () => run("openssl", "genpkey", "-algorithm", "x25519"), "type x25519"],
      ["ed448", () => run("openssl", "genpkey", "-algorithm", "ed448"), "type ed448"],
      ["rsa, as of old", () => readFileSync(keygen("-t", "rsa", "-b", "1024", "-m", "PEM")), "type rsa"],
      ["ec, as of old", () => readFileSync(keygen("-t", "ecdsa", "-m", "PEM")), "type ec"],
      ["the public half, of OpenSSH", () => readFileSync(`${keygen()}.pub`), "ssh-ed25519"],
      [
        "the public half, in PEM",
        () => "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n",
        "public",
      ],
      ["a certificate of OpenSSH's", () => certificate(), "certificate"],
      ["certificate", () => "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "certificate"],
      ["PuTTY's", () => "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n", "PuTTY"],
      ["nothing", () => "", "empty"],
      ["line ends", () => "\n\r\n", "empty"],
      ["garbage", () => "hunter2"],
      ["garbage in its armour", () => armoured("OPENSSH PRIVATE KEY", "hunter2=")],
      ["no key at all in PKCS#8", () => armoured("PRIVATE KEY", "AAAA")],
      ["two keys", () => `${pem().toString()}${pem().toString()}`, "one key"],
      ["too much", () => new Uint8Array(64 * 1024 + 1).fill(65), "65537"],
      ["bytes", () => Uint8Array.of(0xfd, 0xfe, 0, 1)],
    ])("that is none of ours is refused: %s", async (_, file, what) => {
      const error = await refusal(file(), PASSPHRASE);
      expect(error.code).toBe("key-format");
      expect(error.message).toMatch(naming(...(what === undefined ? [] : [what])));
      expect(error.message + (error.hint ?? "")).not.toContain("hunter2");
    });

    const certificate = (): Buffer => {
      const [authority, path] = [keygen(), keygen()];
      run("ssh-keygen", "-q", "-s", authority, "-I", "id", "-n", "someone", `${path}.pub`);
      return readFileSync(`${path}-cert.pub`);
    };

    test("whose two parts do not fit is refused: each of the three places where the public part stands, and the seed", async () => {
      const [path, other] = [keygen(), keygen()];
      const key = parseKey(readFileSync(`${path}.pub`, "utf8"), nodeEngine).bytes;
      const another = parseKey(readFileSync(`${other}.pub`, "utf8"), nodeEngine).bytes;
      const at = (bytes: Buffer, which: number): number =>
        which < 0 ? -1 : bytes.indexOf(key, which === 0 ? 0 : at(bytes, which - 1) + 1);
      for (const places of [[0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]]) {
        const spoilt = respelt(path, (bytes) => {
          for (const place of places.map((which) => at(bytes, which))) Buffer.from(another).copy(bytes, place);
          return bytes;
        });
        expect((await refusal(spoilt)).message, places.join()).toMatch(naming("private", "public"));
      }
    });

    /** What no message may hold: any eight characters in a row of a line of it. */
    const quotes = (error: AttestError, file: string): boolean =>
      file
        .split("\n")
        .some(
          (line) =>
            line.length > 20 &&
            !line.startsWith("-") &&
            Array.from({ length: line.length - 8 }, (_, at) => line.slice(at, at + 8)).some((part) =>
              `${error.message} ${error.hint ?? ""}`.includes(part),
            ),
        );

    test("that breaks off anywhere is refused, as a text and inside of it, and nothing of it is quoted", async () => {
      const plain = keygen();
      const files = [plain, keygen(...under)].map((path) => readFileSync(path, "latin1"));
      const file = join(folder, "truncated.pem");
      writeFileSync(file, pem());
      files.push(readFileSync(file, "latin1"));
      files.push(
        run("openssl", "pkcs8", "-topk8", "-in", file, "-iter", "1", "-passout", `pass:${PASSPHRASE}`).toString(),
      );
      for (const text of files) {
        for (let length = 0; length < text.trimEnd().length; length += 1) {
          const error = await refusal(text.slice(0, length), PASSPHRASE);
          expect(error.code, `${length}`).toBe("key-format");
          expect(quotes(error, text)).toBe(false);
        }
        const [first = "", ...lines] = text.trimEnd().split("\n");
        const body = Buffer.from(lines.slice(0, -1).join(""), "base64");
        for (let length = 0; length < body.length; length += 1) {
          const error = await refusal(
            `${first}\n${body.subarray(0, length).toString("base64")}\n${lines.at(-1) ?? ""}\n`,
            PASSPHRASE,
          );
          expect(["key-format", "key-locked"], `${length}`).toContain(error.code);
          expect(quotes(error, text)).toBe(false);
        }
      }
    }, 120_000);

    test("of which any byte is another is refused, or is the same key: no other is ever taken", async () => {
      const plain = keygen();
      for (const path of [
        plain,
        keygen(...under, "-Z", "chacha20-poly1305@openssh.com"),
        keygen(...under, "-Z", "aes256-gcm@openssh.com"),
      ]) {
        const { length } = Buffer.from(readFileSync(path, "latin1").replace(/-----.*-----/g, ""), "base64");
        // What stands before the ciphertext is read without opening it: cheap, and where most can be meant.
        for (let at = 0; at < length; at += path === plain || at < 160 ? 1 : STEP) {
          const changed = respelt(path, (bytes) => {
            bytes[at] = (bytes[at] ?? 0) ^ 1;
            return bytes;
          });
          const said = await imported(changed, PASSPHRASE).catch((error: unknown) => error);
          if (said instanceof AttestError) expect(["key-format", "key-locked"]).toContain(said.code);
          else expect(publicOf((said as { secret: KeyObject }).secret, nodeEngine).keyid).toBe(keyidOf(path));
        }
      }
    }, 120_000);
  },
);

test("what was read is wiped, whether it was a key or not", async () => {
  for (const text of ["hunter2", armoured("PRIVATE KEY", "AAAA")]) {
    const file = utf8(text);
    await expect(importKey(file, "FILE", () => Promise.resolve(undefined), nodeEngine)).rejects.toThrow();
    expect(file.every((byte) => byte === 0)).toBe(true);
  }
});

test("a key of ours is opened as `age` writes it: as text, or as bytes", async () => {
  const { Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  encrypter.setScryptWorkFactor(8);
  encrypter.setPassphrase(PASSPHRASE);
  const bytes = await encrypter.encrypt("the same");
  const opened = await decrypt(bytes, "the key", () => Promise.resolve(PASSPHRASE));
  expect(Buffer.from(opened).toString()).toBe("the same");
});
