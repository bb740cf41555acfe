/** Programs as processes of their own: how long they take, how much of the processors, and how much memory at most. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parsed } from "./measure.mjs";

export const MAIN = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

/** @typedef {{ readonly wall: number, readonly cpu: number, readonly rss: number, readonly status: number | null, readonly stdout: string }} Ran milliseconds, and bytes */

/** @typedef {[Ran, Ran][]} Pairs one for each round */

/** @typedef {(words: readonly string[], under?: readonly string[]) => Ran} Start starts node; `under` goes before it */

/** A place with a home of its own for the programs started in it. @type {<T>(use: (start: Start, folder: string) => T) => T} */
export function withNode(use) {
  const folder = mkdtempSync(join(tmpdir(), "attest-bench-"));
  const [told, hook] = [join(folder, "told.json"), join(folder, "tell.cjs")];
  writeFileSync(
    hook,
    `process.on("exit", () => require("fs").writeFileSync(${JSON.stringify(told)}, JSON.stringify(process.resourceUsage())))`,
  );
  const environment = {
    PATH: process.env["PATH"],
    HOME: folder,
    XDG_STATE_HOME: join(folder, "state"),
    F3_ATTEST_HOME: join(folder, "home"),
  };
  try {
    return use((words, under = []) => {
      const [program = "", ...args] = [...under, process.execPath, "--require", hook, ...words];
      rmSync(told, { force: true });
      const began = performance.now();
      const { status, error, stdout } = spawnSync(program, args, {
        cwd: folder,
        env: environment,
        encoding: "utf8",
        maxBuffer: 2 ** 30,
        stdio: ["ignore", "pipe", "ignore"],
      });
      const wall = performance.now() - began;
      if (error !== undefined) throw error;
      const usage = /** @type {NodeJS.ResourceUsage} */ (parsed(readFileSync(told, "utf8")));
      const cpu = (usage.userCPUTime + usage.systemCPUTime) / 1000;
      return { wall, cpu, rss: usage.maxRSS * 1024, status, stdout };
    }, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @type {(name: string) => boolean} */
export const isInstalled = (name) =>
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
