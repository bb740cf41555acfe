// Preloaded with `node --import`: counts the calls that change the disk, and at one of them ends the process with SIGKILL, or lets the call fail.
//
//     KILL_AT    the number of that call, from 1; 0 only counts
//     KILL_WHEN  before · after · half (of what it was to write) · fail · signal (SIGTERM, and the call is made) · signals (two of them)
//     KILL_ERRNO with which it fails, ENOSPC for example
//     KILL_LOG   a file that gets a line of JSON for each call that was made, when it is done: its number, and what it was
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { resolve } from "node:path";
import process, { env, kill, pid } from "node:process";

const at = Number(env["KILL_AT"] ?? 0);
const when = env["KILL_WHEN"] ?? "before";
const log = env["KILL_LOG"];
const { appendFileSync } = fs;

// Whatever is not known to be harmless counts, so that a function that comes into use is counted too.
const HARMLESS =
  /^(?:access|exists|fstat|lstat|stat|statfs|readFile|read|readv|readdir|readlink|realpath|close|opendir|glob)Sync$/;
const ASYNC =
  /^(?:append|chmod|chown|copy|cp|fchmod|fchown|fdatasync|fsync|ftruncate|futimes|lchown|link|lutimes|mkdir|mkdtemp|rename|rm|symlink|truncate|unlink|utimes|write)/;

/** @typedef {(...args: unknown[]) => unknown} Call */

/** @type {Map<unknown, unknown>} */
const paths = new Map(); // of open files, by their number
let count = 0;
let inside = false; // of a call that is made of others: they are one

const die = () => {
  kill(pid, "SIGKILL");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); // the signal is on its way
};

const functions = /** @type {Record<string, Call>} */ (/** @type {unknown} */ (fs));
for (const [name, original] of Object.entries(functions)) {
  if (typeof original !== "function" || !/^[a-z]/.test(name)) continue;
  if (name === "fsync") {
    functions[name] = (file, done) => void countedSync(original, file, /** @type {Call} */ (done));
  } else if (!name.endsWith("Sync")) {
    if (ASYNC.test(name)) functions[name] = () => fail(name);
  } else if (!HARMLESS.test(name)) {
    functions[name] = (...args) => {
      const outer = inside;
      const harmless = outer || (name === "openSync" && !writes(args[1]));
      inside = true;
      try {
        return harmless ? original(...args) : counted(name, original, args);
      } finally {
        inside = outer;
      }
    };
  }
}
const { openSync } = fs;
fs.openSync = (...args) => {
  const file = openSync(...args);
  paths.set(file, args[0]);
  return file;
};
for (const name of Object.keys(fs.promises)) {
  if (ASYNC.test(name))
    /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (fs.promises))[name] = () =>
      fail(`promises.${name}`);
}
syncBuiltinESMExports();

/** @type {(name: string) => never} */
function fail(name) {
  throw new Error(`fs.${name} changes the disk and is not counted: kill-at.mjs counts synchronous calls, and fsync`);
}

/**
 * The only call that is made beside others: it is counted when it begins, and told when the disk has answered.
 * @type {(original: Call, file: unknown, done: Call) => void}
 */
function countedSync(original, file, done) {
  count += 1;
  const which = count;
  if (which === at && when === "before") die();
  if (which === at && when === "fail") {
    const code = env["KILL_ERRNO"] ?? "EIO";
    process.nextTick(done, Object.assign(new Error(`${code}: injected, fsync`), { code, syscall: "fsync" }));
    return;
  }
  if (which === at && when === "signals") kill(pid, "SIGTERM");
  if (which === at && when.startsWith("signal")) kill(pid, "SIGTERM");
  const path = whole(paths.get(file));
  original(file, (/** @type {unknown[]} */ ...answer) => {
    inside = true; // what is written here is not counted
    if (log !== undefined) appendFileSync(log, `${JSON.stringify({ at: which, name: "fsync", path })}\n`);
    inside = false;
    if (which === at && when === "after") die();
    done(...answer);
  });
}

/** @type {(name: string, original: Call, args: unknown[]) => unknown} */
function counted(name, original, args) {
  count += 1;
  const which = count;
  if (which === at && when === "before") die();
  if (which === at && when === "fail") {
    const code = env["KILL_ERRNO"] ?? "EIO";
    throw Object.assign(new Error(`${code}: injected, ${name}`), { code, syscall: name });
  }
  if (which === at && when === "signals") kill(pid, "SIGTERM");
  if (which === at && when.startsWith("signal")) kill(pid, "SIGTERM");
  const [first, second] = args;
  if (which === at && when === "half" && second instanceof Uint8Array) {
    original(first, second.subarray(0, Math.floor(second.length / 2)));
    die();
  }
  const result = original(...args);
  const path = whole(typeof first === "number" ? paths.get(first) : first);
  const to = name === "linkSync" || name === "renameSync" ? whole(second) : undefined;
  const made = name === "mkdirSync" ? whole(result) : undefined;
  if (log !== undefined) appendFileSync(log, `${JSON.stringify({ at: which, name, path, to, made })}\n`);
  if (which === at && when === "after") die();
  return result;
}

/** @type {(path: unknown) => string | undefined} */
function whole(path) {
  return typeof path === "string" ? resolve(path) : undefined;
}

/** @type {(flags: unknown) => boolean} */
function writes(flags = "r") {
  const { O_WRONLY, O_RDWR, O_CREAT, O_TRUNC } = fs.constants;
  return typeof flags === "number" ? (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) !== 0 : flags !== "r";
}
