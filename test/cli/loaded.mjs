// Preloaded with `node --import`: writes into LOADED which files and which parts of Node this process loaded.
import { writeFileSync } from "node:fs";
import Module from "node:module";
import process, { env } from "node:process";

/** What `require` loaded. */
const cache = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (Reflect.get(Module, "_cache")));

process.on("exit", () => {
  const files = Object.keys(cache);
  writeFileSync(env["LOADED"] ?? "", JSON.stringify({ files, node: Reflect.get(process, "moduleLoadList") }));
});
