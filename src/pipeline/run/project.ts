/** What an existing project states: its public address, and its test command. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fromUtf8 } from "../../core/bytes.js";
import { remoteOf } from "../../harness/subject/remote.js";
import { read } from "../../node/reading.js";
import { nearest } from "../../node/paths.js";
import { ORIGIN } from "../../store/registry.js";

/** `host/owner/name` from git's remote `origin`; undefined if it cannot be an origin. */
export async function remoteOrigin(folder: string): Promise<string | undefined> {
  let there = resolve(folder);
  while (!existsSync(there)) there = dirname(there); // it may not exist yet
  const [, host = "", path = ""] = /^https:\/\/([^/]+)(.+)$/.exec((await remoteOf(there)) ?? "") ?? [];
  const origin = host.toLowerCase() + path;
  return ORIGIN.test(origin) ? origin : undefined;
}

export const inGit = (folder: string): boolean => nearest(folder, ".git") !== undefined;

/** The usual command to test the project in this folder. */
export function testCommand(folder: string): string | undefined {
  if (/^(?!echo "Error: no test specified")./.test(scriptOf(folder, "test"))) return "npm test";
  if (["pytest.ini", "pyproject.toml"].some((name) => existsSync(join(folder, name))))
    return "pytest --junitxml=junit.xml";
  return existsSync(join(folder, "go.mod")) ? "go test -json ./..." : undefined;
}

/** npm's script of that name; empty if there is none. Ignores a malformed file, since npm reports it. */
export function scriptOf(folder: string, name: string): string {
  try {
    const { scripts = {} } = JSON.parse(fromUtf8(read(join(folder, "package.json")) ?? new Uint8Array())) as {
      scripts?: Readonly<Record<string, unknown>>;
    };
    const script = Object.hasOwn(scripts, name) ? scripts[name] : undefined;
    return typeof script === "string" ? script : "";
  } catch {
    return "";
  }
}
