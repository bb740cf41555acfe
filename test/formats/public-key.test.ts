/** The public part in other tools' forms: each is read back by the tool that it is for, which finds the very same key. */
import { execFileSync, spawnSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { concat, utf8 } from "../../src/core/bytes.js";
import { parseKey, type PublicKey } from "../../src/core/keys/key.js";
import { formatPublicKey, PUBLIC_FORMATS, type PublicFormat } from "../../src/formats/public-key.js";
import { publicOf } from "../../src/keystore/secret.js";
import { nodeEngine } from "../../src/node/engine.js";
import { temporary } from "../cli/attest.js";

const { privateKey } = generateKeyPairSync("ed25519");
const key: PublicKey = publicOf(privateKey, nodeEngine);
const text = (format: PublicFormat): string => `${formatPublicKey(format, key, "lab-2026")}\n`;

let folder = "";
beforeAll(() => {
  folder = temporary();
  for (const format of PUBLIC_FORMATS) writeFileSync(join(folder, format), text(format));
  writeFileSync(join(folder, "message"), "a message\n");
});
const run = (tool: string, ...args: string[]): string =>
  execFileSync(tool, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** A test that names the tool which it wants, and says so when it is not there. */
function withTool(tool: string, name: string, body: () => void): void {
  const there = spawnSync(tool, ["-h"]).error === undefined;
  if (!there) console.warn(`NOT CHECKED with ${tool}: it is not here`);
  test.skipIf(!there)(there ? name : `${name} (NOT CHECKED: there is no ${tool} here)`, body);
}

describe("a public key", () => {
  withTool("ssh-keygen", "as a line of OpenSSH's: ssh-keygen prints our key id", () => {
    expect(run("ssh-keygen", "-lf", "openssh").split(" ").slice(0, 3)).toEqual(["256", key.keyid, "lab-2026"]);
    expect(parseKey(text("openssh"), nodeEngine)).toEqual(key);
  });

  withTool("openssl", "as PEM: openssl reads it, and node the same", () => {
    const der = execFileSync("openssl", ["pkey", "-pubin", "-in", "pem", "-outform", "der"], { cwd: folder });
    expect(new Uint8Array(der.subarray(-32))).toEqual(key.bytes);
    expect(createPublicKey(text("pem")).export({ format: "pem", type: "spki" })).toBe(text("pem"));
  });

  withTool("ssh-keygen", "as an allowed signer: ssh-keygen finds who signed, under the key's name", () => {
    const own = join(folder, "own");
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", own);
    const line = execFileSync("cat", [`${own}.pub`], { encoding: "utf8" });
    writeFileSync(
      join(folder, "signers"),
      text("allowed-signers") + `${formatPublicKey("allowed-signers", parseKey(line, nodeEngine), "own")}\n`,
    );
    run("ssh-keygen", "-q", "-Y", "sign", "-f", own, "-n", "anything", "message");
    expect(run("ssh-keygen", "-Y", "find-principals", "-s", "message.sig", "-f", "signers")).toBe("own\n");
  });

  withTool(
    "signify-openbsd",
    "as a key of signify's: it verifies what the key signed, and not what another did",
    () => {
      const verified = (secret: typeof privateKey): number | null => {
        const signature = concat(
          utf8("Ed"),
          Buffer.from(text("signify").split("\n")[1] ?? "", "base64").subarray(2, 10),
          sign(null, Buffer.from("a message\n"), secret),
        );
        writeFileSync(
          join(folder, "signature"),
          `untrusted comment: verify with signify\n${Buffer.from(signature).toString("base64")}\n`,
        );
        const args = ["-V", "-p", "signify", "-x", "signature", "-m", "message"];
        return spawnSync("signify-openbsd", args, { cwd: folder }).status;
      };
      expect(verified(privateKey)).toBe(0);
      expect(verified(generateKeyPairSync("ed25519").privateKey)).not.toBe(0);
    },
  );
});
