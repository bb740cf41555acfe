/** Every key verb with a known secret and a known passphrase: neither is in what it prints, in its arguments, or in what it starts. */
import { createPrivateKey } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { attest, copyOf, workspace, type Workspace } from "./attest.js";
import { lab, locked, secretOf, writeDraft } from "./drafts.js";

const PRELOAD = fileURLToPath(new URL("watched.mjs", import.meta.url));
const [OLD, NEXT, WRONG] = ["the old passphrase 4711", "the new passphrase 0815", "a wrong passphrase 1234"];

let made: Workspace;
let secrets: readonly string[] = [];

/** As it is, in hex, and in base64 at each of the three places in which it could begin. */
function spellings(secret: Buffer): string[] {
  const shifted = [0, 1, 2].map((by) =>
    Buffer.concat([Buffer.alloc(by), secret])
      .toString("base64")
      .slice(4, -4),
  );
  return [
    secret.toString("latin1"),
    secret.toString("hex"),
    ...shifted,
    ...shifted.map((text) => text.replaceAll("+", "-").replaceAll("/", "_")),
  ];
}

beforeAll(async () => {
  made = workspace();
  await lab(made);
  writeDraft(made, "statement", { title: "Another" });
  const pem = secretOf(made);
  made.write("old", `${OLD}\n`);
  made.write("next", `${NEXT}\n`);
  made.write("wrong", `${WRONG}\n`);
  made.write("theirs.pem", pem);
  const under = createPrivateKey(pem).export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: OLD });
  made.write("theirs-under.pem", under);
  made.write("broken.pem", pem.replace(/\n[\s\S]{20}/, "\n!!"));
  const seed = createPrivateKey(pem).export({ format: "der", type: "pkcs8" }).subarray(-32);
  const [, line = ""] = pem.split("\n");
  secrets = [
    ...spellings(seed),
    line,
    line.slice(-40),
    ...[OLD, NEXT, WRONG].flatMap((one) => spellings(Buffer.from(one))),
  ];
  writeFileSync(join(made.home, "keys/under.age"), await locked(pem, OLD), { mode: 0o600 });
  writeFileSync(join(made.home, "keys/under.pub"), readFileSync(join(made.home, "keys/signer.pub")));
});

const PASSPHRASE = ["--passphrase-file", "old"];

test.each<[string, readonly string[], number]>([
  ["new", ["key", "new", "other"], 0],
  ["new, of an agent that is not there", ["key", "new", "other", "--agent"], 2],
  ["list", ["key", "list"], 0],
  ["show", ["key", "show", "signer"], 0],
  ["export", ["key", "export", "signer", "--format", "pem"], 0],
  ["import", ["key", "import", "theirs.pem", "--name", "taken"], 0],
  ["import, under a passphrase", ["key", "import", "theirs-under.pem", "--name", "taken", ...PASSPHRASE], 0],
  [
    "import, with a wrong one",
    ["key", "import", "theirs-under.pem", "--name", "taken", "--passphrase-file", "wrong"],
    2,
  ],
  ["import, of a broken one", ["key", "import", "broken.pem", "--name", "taken"], 2],
  ["passphrase", ["key", "passphrase", "signer", "--new-passphrase-file", "next"], 0],
  [
    "passphrase, with a wrong one",
    ["key", "passphrase", "under", "--new-passphrase-file", "next", "--passphrase-file", "wrong"],
    2,
  ],
  ["passphrase --remove", ["key", "passphrase", "under", "--remove", ...PASSPHRASE], 0],
  ["sign", ["sign", "statement.json", "--registry", "lab", "--signer", "under", ...PASSPHRASE], 0],
  [
    "run",
    ["run", "--subject", "statement.json", "--registry", "lab", "--signer", "under", ...PASSPHRASE, "--", "env"],
    0,
  ],
])("%s", async (_, args, code) => {
  const at = args.indexOf("--");
  const json = at < 0 ? [...args, "--json"] : [...args.slice(0, at), "--json", ...args.slice(at)];
  for (const words of [args, json]) {
    const work = copyOf(made);
    const log = join(work.root, "watched");
    const told = { F3_ATTEST_TRACE: "1", WATCH_LOG: log, F3_ATTEST_PASSPHRASE: NEXT };
    const ran = await attest(words, { ...work, env: { ...work.env, ...told }, node: ["--import", PRELOAD] });
    expect(ran.code, ran.stderr).toBe(code);
    const noted = readFileSync(log, "utf8");
    expect(noted).toContain('"title"');
    // git and the like are told nothing either
    for (const secret of secrets) expect(`${ran.stdout}${ran.stderr}${noted}`.includes(secret), secret).toBe(false);
  }
});

test("what is looked for is found where it is", () => {
  const file = join(made.home, "keys/signer.pem");
  expect(existsSync(file) && secrets.some((secret) => readFileSync(file, "latin1").includes(secret))).toBe(true);
});
