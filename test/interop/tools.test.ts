/** The tools that people have, by the commands that docs/formats.md prints: each agrees with `attest verify`, good and forged. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { formatRaw } from "../../src/formats/raw.js";
import { look, yours } from "../core/looking.js";
import { ENVELOPES } from "../formats/envelope-samples.js";
import { FORGED, good, laidOut, me, other, recipes, shell, type Recipe } from "./forms.js";

/** What must be there, asked for as a shell would. */
const NEEDS: Readonly<Record<string, string>> = {
  "openssl 3": "openssl version | grep -q '^OpenSSL [3-9]'",
  "Go, crypto/ed25519": "go version",
  "Python, cryptography": "python3 -c 'import cryptography.hazmat.primitives.asymmetric.ed25519'",
  "signify, embedded": "command -v signify-openbsd",
  "signify, detached": "command -v signify-openbsd",
  "@sigstore/verify 3": 'node -e \'require("@sigstore/verify"); require("@sigstore/bundle")\'',
  "Python, securesystemslib": "python3 -c 'from securesystemslib.signer import SSlibKey'",
  "jq and openssl": "command -v jq && openssl version | grep -q '^OpenSSL [3-9]'",
  "ssh-keygen, which prints the keyid": "command -v ssh-keygen",
};
const PRINTS_KEYID = "ssh-keygen, which prints the keyid";
const place = laidOut(good, me);

const missing = ({ tool }: Recipe): boolean => {
  const { code, out } = shell(NEEDS[tool] ?? "false", place);
  if (code !== 0) console.warn(`NOT CHECKED WITH ${tool}: it is not installed here (${out.trim()})`);
  return code !== 0;
};

test("the page has the nine that are tested here", () => {
  expect(recipes.map(({ tool }) => tool).sort()).toEqual(Object.keys(NEEDS).sort());
});

describe.each(recipes.filter(({ tool }) => tool !== PRINTS_KEYID))("$form, $tool", (recipe) => {
  const absent = missing(recipe);
  const { command } = recipe;

  test.skipIf(absent)("verifies what was signed", () => {
    const { code, out } = shell(command, place);
    expect(code, out).toBe(0);
  });

  test.skipIf(absent).each(FORGED)("refuses %s", (_, envelope, { key }) => {
    const { code, out } = shell(command, laidOut(envelope, { ...me, key }));
    expect(code, out).not.toBe(0);
    expect(out).toMatch(/fail|invalid|not verified|unverified|signature|key/i); // for its signature, not for a missing file
    expect(out).not.toMatch(/no such file|not found|SyntaxError|ModuleNotFound/i);
  });
});

describe.each(ENVELOPES)("attest, $format", ({ write, parse }) => {
  test("says the same of each", () => {
    expect(look(write(good, me.key), [yours(me)], { parse }).outcome).toBe("accepted");
    for (const [name, envelope, holder] of FORGED)
      expect(look(write(envelope, holder.key), [yours(holder)], { parse }).outcome, name).not.toBe("accepted");
  });
});

describe("ssh-keygen", () => {
  const recipe = recipes.find(({ tool }) => tool === PRINTS_KEYID)!;
  const absent = missing(recipe);

  test.skipIf(absent).each([me, other])("prints the keyid, and the comment of the line", ({ key }) => {
    const { code, out } = shell(recipe.command, laidOut(good, { ...me, key }));
    expect([code, out]).toEqual([0, `256 ${key.keyid} signer (ED25519)\n`]);
  });
});

describe("signify", () => {
  const absent = missing(recipes.find(({ tool }) => tool === "signify, embedded")!);

  test.skipIf(absent)("writes the message that it verified, byte for byte", () => {
    const folder = laidOut(good, me);
    expect(shell("signify-openbsd -V -q -e -p attestation.pub -x attestation.signify -m message", folder).code).toBe(0);
    expect(new Uint8Array(readFileSync(join(folder, "message")))).toEqual(formatRaw(good).message);
  });

  test.skipIf(absent)("tells another key by its number before it looks at the signature", () => {
    const folder = laidOut(good, { ...me, key: other.key });
    const { code, out } = shell("signify-openbsd -V -e -p attestation.pub -x attestation.signify -m message", folder);
    expect([code, out]).toEqual([1, expect.stringContaining("verification failed: checked against wrong key")]);
  });
});
