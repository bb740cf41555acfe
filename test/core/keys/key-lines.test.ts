/** Lists of keys: which lines count, which are passed over, and that a damaged one is never passed over. */
import { expect, test } from "vitest";
import { formatKey } from "../../../src/core/keys/key.js";
import { parseKeyLines } from "../../../src/core/keys/key-lines.js";
import { engine } from "../looking.js";
import { signer } from "../making.js";
import { naming, refusal } from "../refusal.js";

const [one, other] = [signer().key, signer().key];
const parse = (text: string): ReturnType<typeof parseKeyLines> => parseKeyLines(text, "the list", engine);

test("plain lines count, each key once, in their order", () => {
  const text = `# keys\n\n${formatKey(other, "b c")}\r\n${formatKey(one)}\n  ${formatKey(other)}  \n`;
  expect(parse(text)).toEqual({
    lines: [
      { key: other, comment: "b" },
      { key: one, comment: undefined },
    ],
    skipped: 0,
  });
});

test.each([
  ["another type", "ssh-rsa AAAA me"],
  ["a security key", "sk-ssh-ed25519@openssh.com AAAA"],
  ["a certificate", "ssh-ed25519-cert-v01@openssh.com AAAA"],
  ["options before it", `no-pty,from="10.0.0.*" ${formatKey(one)}`],
  ["an authority", `cert-authority ${formatKey(one)}`],
  ["whatever it is", "<p>"],
])("%s: passed over, and counted", (_, line) => {
  expect(parse(`${line}\n${formatKey(other)}\n`)).toMatchObject({ lines: [{ key: other }], skipped: 1 });
  expect(refusal(() => parse(`${line}\n${line}`)).message).toMatch(naming("ssh-ed25519", 2));
  expect(refusal(() => parse(line)).code).toBe("key-format");
});

test.each([[""], ["\n\n"], ["# ssh-ed25519\n"]])("a list of nothing, %j, is refused", (text) => {
  expect(refusal(() => parse(text)).code).toBe("key-format");
});

/** The form alone: there is no key in it. */
const armoured = (label: string, body: string): string => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;

test("a damaged line is refused, not passed over; a secret is not repeated", () => {
  expect(refusal(() => parse(`${formatKey(one)}\nssh-ed25519 AAAA\n`)).code).toBe("key-format");
  const weak = formatKey({ ...one, bytes: new Uint8Array(32) });
  expect(refusal(() => parse(`${formatKey(one)}\n${weak}\n`)).message).toMatch(/small order|canonical/);
  const { message } = refusal(() => parse(armoured("PRIVATE KEY", "MC4CAQ")));
  expect(message).toMatch(naming("private"));
});
