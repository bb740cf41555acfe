// Preloaded with `node --import`: counts the files that are opened, made and synced, the bytes that are read, and the names that are listed below
// COUNT_IN. The sums are written to COUNT_TO at the end.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { resolve, sep } from "node:path";
import { env } from "node:process";

const root = resolve(env["COUNT_IN"] ?? ".");
const counts = { opened: 0, made: 0, synced: 0, bytes: 0, listed: 0 };
/** @type {Set<number>} */
const ours = new Set();
const { openSync, readSync, readFileSync, readdirSync, writeFileSync, fsync, fsyncSync } = fs;

/** @type {(path: unknown) => boolean} */
const isBelow = (path) => typeof path === "string" && `${resolve(path)}${sep}`.startsWith(`${root}${sep}`);

fs.openSync = (path, ...rest) => {
  const file = openSync(path, ...rest);
  if (isBelow(path)) {
    counts.opened += 1;
    if (rest[0] === "wx") counts.made += 1;
    ours.add(file);
  } else ours.delete(file);
  return file;
};
/** @typedef {(...args: unknown[]) => unknown} Call */
const functions = /** @type {Record<string, Call>} */ (/** @type {unknown} */ (fs));
functions["readSync"] = (/** @type {unknown} */ file, /** @type {unknown[]} */ ...rest) => {
  const length = /** @type {number} */ (/** @type {Call} */ (/** @type {unknown} */ (readSync))(file, ...rest));
  if (ours.has(/** @type {number} */ (file))) counts.bytes += length;
  return length;
};
for (const [name, original] of Object.entries({ fsync, fsyncSync }))
  functions[name] = (/** @type {unknown} */ file, /** @type {unknown[]} */ ...rest) => {
    if (ours.has(/** @type {number} */ (file))) counts.synced += 1;
    return /** @type {Call} */ (/** @type {unknown} */ (original))(file, ...rest);
  };
functions["readFileSync"] = (/** @type {unknown} */ file, /** @type {unknown[]} */ ...rest) => {
  const content = /** @type {Buffer} */ (/** @type {Call} */ (/** @type {unknown} */ (readFileSync))(file, ...rest));
  if (typeof file === "number" ? ours.has(file) : isBelow(file)) counts.bytes += content.length;
  return content;
};
functions["readdirSync"] = (/** @type {unknown} */ path, /** @type {unknown[]} */ ...rest) => {
  const names = /** @type {unknown[]} */ (/** @type {Call} */ (/** @type {unknown} */ (readdirSync))(path, ...rest));
  if (isBelow(path)) counts.listed += names.length;
  return names;
};
syncBuiltinESMExports();
process.on("exit", () => writeFileSync(env["COUNT_TO"] ?? "counts.json", JSON.stringify(counts)));
