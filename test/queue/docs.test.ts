/** docs/many-machines.md: its commands, in the order in which they stand, each on its machine; and its roles. */
import { chmodSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { ended, MAIN, stranger, workspace } from "../cli/attest.js";
import { repository } from "../cli/git.js";
import { NO_POSTGRES, Postgres } from "./postgres.js";

const page = readFileSync(fileURLToPath(new URL("../../docs/many-machines.md", import.meta.url)), "utf8");
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(([, block = ""]) => block);

test.skipIf(NO_POSTGRES !== undefined)("each command runs as it stands there", async () => {
  const server = await Postgres.start();
  try {
    const owner = await server.database("attest");
    const work = workspace();
    work.write("package.json", JSON.stringify({ name: "calculator", scripts: { test: "node --test" } }));
    work.write("add.test.mjs", 'import { test } from "node:test";\ntest("adds", () => {});\n');
    work.write("bin/attest", `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
    chmodSync(work.path("bin/attest"), 0o755);
    const git = repository(work);
    git("add", "package.json", "add.test.mjs");
    git("commit", "--quiet", "--message", "a calculator");
    expect((await work.attest("init", ".", "--origin", "example.org/calculator")).code).toBe(0);

    const addresses = {
      OWNER: owner,
      SUBMITTER: server.address("attest", "ci"),
      WORKER: server.address("attest", "rack7"),
    };
    const shell = async (script: string, env: Readonly<Record<string, string>>): Promise<string> => {
      const path = `${work.path("bin")}:${work.env["PATH"] ?? ""}`;
      const all = { ...env, ...addresses, REGISTRY: work.cwd, PATH: path };
      const ran = await ended(
        spawn("sh", ["-euc", script], { cwd: work.cwd, env: all, stdio: ["ignore", "pipe", "pipe"] }),
      );
      expect(ran.code, `${script}\n${ran.stdout}${ran.stderr}`).toBe(0);
      return ran.stdout + ran.stderr;
    };
    const [init = "", add = "", join = "", sign = "", ...more] = blocks("sh");
    expect(more).toEqual([]);
    await shell(init, work.env);
    const [roles = ""] = blocks("sql");
    await server.sql("attest", roles);
    expect(await shell(add, work.env)).toMatch(/MODE=fast[^]*MODE=safe[^]*2 queued/);
    const lines = join.trim().split("\n");
    expect(lines).toHaveLength(3);
    const [, ...rest] = lines; // the first installs the program
    expect((await shell(rest.join("\n"), stranger(work).env)).match(/^unsigned /gm)).toHaveLength(2);
    const signed = await shell(sign, { ...work.env, F3_ATTEST_QUEUE: addresses.WORKER });
    expect(signed.match(/^done /gm)).toHaveLength(2);
    expect(signed).toMatch(/4 of 4 verified|2 VALIDATED/);
  } finally {
    await server.end();
  }
});
