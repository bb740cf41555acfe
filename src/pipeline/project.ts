/** What an existing project says of itself: where it is published, and how it is tested. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fromUtf8 } from "../core/bytes.js";
import { publicRemote } from "../harness/subject.js";
import { read } from "../node/files.js";
import { nearest } from "../node/paths.js";
import { ORIGIN } from "../store/registry.js";

/** `host/owner/name` of git's remote `origin`; undefined where there is none that could be an origin. */
export function originOf(folder: string): string | undefined {
  let there = resolve(folder);
  while (!existsSync(there)) there = dirname(there); // it may be made only now
  const { stdout, status } = spawnSync("git", ["-C", there, "remote", "get-url", "origin"], { encoding: "utf8" });
  const [, host = "", path = ""] =
    /^https:\/\/([^/]+)(.+)$/.exec((status === 0 && publicRemote(stdout.trim())) || "") ?? [];
  const origin = host.toLowerCase() + path;
  return ORIGIN.test(origin) ? origin : undefined;
}

export const inGit = (folder: string): boolean => nearest(folder, ".git") !== undefined;

/** What a person types to test the project in this folder. */
export function testCommand(folder: string): string | undefined {
  if (/^(?!echo "Error: no test specified")./.test(npmTest(folder))) return "npm test";
  if (["pytest.ini", "pyproject.toml"].some((name) => existsSync(join(folder, name))))
    return "pytest --junitxml=junit.xml";
  return existsSync(join(folder, "go.mod")) ? "go test -json ./..." : undefined;
}

/** Of a file that anybody wrote: whatever is wrong with it is not for us to tell. */
function npmTest(folder: string): string {
  try {
    const { scripts } = JSON.parse(fromUtf8(read(join(folder, "package.json")) ?? new Uint8Array())) as {
      scripts?: { test?: unknown };
    };
    return typeof scripts?.test === "string" ? scripts.test : "";
  } catch {
    return "";
  }
}
