/** docs/keys.md under test: each command runs as it is printed, in the order in which they stand, on a terminal that answers. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { MAIN, workspace } from "./cli/attest.js";
import { shellOnTerminal } from "./cli/on-terminal.js";

const page = readFileSync(fileURLToPath(new URL("../docs/keys.md", import.meta.url)), "utf8");
const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);

const missing = ["script", "ssh-agent", "ssh-keygen", "openssl"].find(
  (tool) => spawnSync(tool, ["-h"]).error !== undefined,
);
if (missing !== undefined) console.warn(`NOT CHECKED: the commands of docs/keys.md, for there is no ${missing} here`);

test.skipIf(missing)("the commands of docs/keys.md run", async () => {
  const work = workspace();
  const before = `set -euo pipefail\nattest() { '${process.execPath}' '${MAIN}' "$@"; }\ntrap 'test -z "\${SSH_AGENT_PID:-}" || kill "$SSH_AGENT_PID"' EXIT\n`;
  work.write("all.sh", before + blocks.join("\n"));
  const { code, stdout } = await shellOnTerminal("bash all.sh", work, [
    ["new passphrase: ", "correct horse"],
    ["the same again: ", "correct horse"],
  ]);
  expect(code, stdout).toBe(0);
  expect(stdout).not.toContain("correct horse");
  expect(readdirSync(join(work.home, "keys")).filter((name) => !name.endsWith(".pub"))).toEqual([
    "ci-2026.pem",
    "desk.agent",
    "from-openssl.pem",
    "imported.pem",
    "lab-2026.age",
  ]);
});
