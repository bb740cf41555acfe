/** A public key line: one key, one fingerprint, and nothing that is nearly one. */
import { describe, expect, test } from "vitest";
import { base64, concat, fromHex, utf8, type Bytes } from "../../../src/core/bytes.js";
import { AttestError } from "../../../src/core/errors.js";
import { formatKey, parseKey, publicKey, type PublicKey } from "../../../src/core/keys/key.js";
import { engines } from "../engines.js";
import { signer } from "../making.js";
import { naming, refusal } from "../refusal.js";
import { VECTORS } from "../rfc8032.js";
import { SMALL_ORDER_MISSPELLED, TORSION } from "../torsion.js";

const engine = engines[0]!;
const parse = (line: string): PublicKey => parseKey(line, engine);

/** RFC 4251 section 5: a string has its length before it. */
const lengthed = (bytes: Bytes): Bytes => concat(Uint8Array.of(0, 0, bytes.length >> 8, bytes.length & 255), bytes);
const line = (type: string, inner: string, key: Bytes): string =>
  `${type} ${base64(concat(lengthed(utf8(inner)), lengthed(key)))}`;

test.each(engines)("$name: the line and the fingerprint are those of ssh-keygen", (one) => {
  const key = publicKey(fromHex(VECTORS[0]!.key), one);
  expect(formatKey(key)).toBe("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea");
  expect(key.keyid).toBe("SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8");
});

describe("a line", () => {
  const { key } = signer();

  test("there and back", () => {
    expect(parse(formatKey(key))).toEqual(key);
    expect(formatKey(parse(formatKey(key)))).toBe(formatKey(key));
  });

  test("the comment is written, and dropped in reading", () => {
    expect(formatKey(key, "me@example.org")).toBe(`${formatKey(key)} me@example.org`);
    expect(parse(formatKey(key, "me, at my desk"))).toEqual(key);
  });

  test("space around it, as files and mail have it, is no part of it", () => {
    expect(parse(`  ${formatKey(key)}\r\n`)).toEqual(key);
    expect(parse(formatKey(key).replace(" ", "\t "))).toEqual(key);
  });

  test("no prefix of it is a key", () => {
    const whole = formatKey(key);
    for (let length = 0; length < whole.length; length += 1) {
      expect(refusal(() => parse(whole.slice(0, length))).code).toBe("key-format");
    }
  });

  test("no character of it may be another: refused, or seen to be another key", () => {
    const whole = formatKey(key);
    for (let at = 0; at < whole.length; at += 1) {
      const code = whole.charCodeAt(at);
      for (const put of [
        String.fromCharCode(code + 1),
        String.fromCharCode(code - 1),
        String.fromCharCode(code ^ 0x20),
        "=",
        "-",
        "_",
        "A",
        "\n",
        "\u0000",
        "",
      ]) {
        const mangled = whole.slice(0, at) + put + whole.slice(at + 1);
        if (mangled === whole) continue;
        try {
          expect(parse(mangled).keyid, mangled).not.toBe(key.keyid);
        } catch (error) {
          if (!(error instanceof AttestError)) throw error;
          expect(error.code).toBe("key-format");
        }
      }
    }
  });
});

describe("what is refused", () => {
  const bytes = signer().key.bytes;
  const good = line("ssh-ed25519", "ssh-ed25519", bytes);

  test.each([
    ["nothing", ""],
    ["a type alone", "ssh-ed25519"],
    ["a blob alone", good.slice("ssh-ed25519 ".length)],
    ["a fingerprint", "SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8"],
    ["an RSA key", line("ssh-rsa", "ssh-rsa", bytes)],
    ["an ECDSA key", line("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", bytes)],
    [
      "a key on a security token, which signs something else",
      line("sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519@openssh.com", bytes),
    ],
    ["a certificate", line("ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519-cert-v01@openssh.com", bytes)],
    ["a type of another case", line("SSH-ED25519", "ssh-ed25519", bytes)],
    ["a type that the blob does not have", line("ssh-ed25519", "ssh-rsa", bytes)],
    ["a key of 31 bytes", line("ssh-ed25519", "ssh-ed25519", bytes.subarray(1))],
    ["a key of 33 bytes", line("ssh-ed25519", "ssh-ed25519", concat(bytes, Uint8Array.of(0)))],
    [
      "bytes after the key",
      `ssh-ed25519 ${base64(concat(lengthed(utf8("ssh-ed25519")), lengthed(bytes), Uint8Array.of(0)))}`,
    ],
    ["an authorized_keys line with options", `restrict ${good}`],
    ["a known_hosts line", `example.org ${good}`],
    ["a comment line", `# ${good}`],
    ["a blob without its padding bits at zero", good.replace(/.$/, "=")],
    ["two keys", `${good}\n${good}`],
    ["two keys, the first with a comment", `${good} me\n${good}`],
  ])("%s", (_, text) => {
    expect(refusal(() => parse(text)).code).toBe("key-format");
  });

  test("a private key, and no part of it is said again", () => {
    const body = base64(signer().key.bytes);
    for (const kind of ["PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY"]) {
      const { code, message } = refusal(() => parse(`-----BEGIN ${kind}-----\n${body}\n-----END ${kind}-----\n`));
      expect(code).toBe("key-format");
      expect(message).toMatch(naming("private"));
      expect(message).not.toContain(body.slice(0, 8));
    }
  });

  test.each([...TORSION.map((point) => point.toBytes()), ...SMALL_ORDER_MISSPELLED].map((weak, at) => ({ at, weak })))(
    "a key that fits more than one message, $at",
    ({ weak }) => {
      expect(refusal(() => publicKey(weak, engine)).code).toBe("key-format");
      expect(refusal(() => parse(line("ssh-ed25519", "ssh-ed25519", weak))).code).toBe("key-format");
    },
  );

  test.each([0, 31, 33, 64])("a key of %s bytes", (length) => {
    expect(refusal(() => publicKey(new Uint8Array(length).fill(9), engine)).code).toBe("key-format");
  });
});
