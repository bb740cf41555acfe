// Preloaded with `node --import`: writes into WATCH_LOG what others could see of this process and of each that it starts: the
// arguments, and the environment that is passed on.
import processes from "node:child_process";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { env } from "node:process";

const log = env["WATCH_LOG"] ?? "";
const { appendFileSync, readFileSync } = fs;
/** @type {(what: unknown) => void} */
const note = (what) => appendFileSync(log, `${JSON.stringify(what)}\n`);

const functions = /** @type {Record<string, (...args: unknown[]) => unknown>} */ (/** @type {unknown} */ (processes));
for (const name of ["spawn", "spawnSync", "execFile", "execFileSync", "exec", "execSync", "fork"]) {
  const original = functions[name];
  functions[name] = (...args) => {
    const given = args.flatMap((one) => (typeof one === "object" && one !== null && "env" in one ? [one.env] : []));
    note({ child: name, args, env: given.length > 0 ? given : env });
    return original?.(...args);
  };
}
syncBuiltinESMExports();

process.on("exit", () =>
  note({
    title: process.title,
    cmdline: fs.existsSync("/proc/self/cmdline") ? readFileSync("/proc/self/cmdline", "latin1") : "",
  }),
);
