/**
 * Runs one of our programs with V8's code cache, because compiling it takes longer than verifying a document.
 *
 * V8 believes what a cache says. So it lies beside the program, where only someone who can change the program can write, and not in a
 * folder for caches, which a build service may share with strangers. Where it cannot be written there is none. It is bound to the program's
 * bytes: V8 itself compares only their number.
 */
import { hash } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { constants, Script } from "node:vm";

type CommonJs = (require: NodeJS.Require, module: object, exports: object, file: string, folder: string) => void;

const DIGEST_BYTES = 32;

/** @param file a CommonJS file */
export function runCached(file: string): void {
  const code = readFileSync(file);
  const kept = `${file}.${process.version}-${process.arch}.cache`;
  const cachedData = keptAt(kept, code);
  const script = new Script(`(function(require,module,exports,__filename,__dirname){${code.toString("latin1")}\n})`, {
    filename: file,
    ...(cachedData && { cachedData }),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  if (cachedData === undefined) keepAtExit(kept, code, script);
  const module = { exports: {} };
  const run = script.runInThisContext() as CommonJs;
  run(require, module, module.exports, file, dirname(file));
}

function keptAt(path: string, code: Buffer): Buffer | undefined {
  try {
    const bytes = readFileSync(path);
    const cache = bytes.subarray(DIGEST_BYTES);
    return bytes.subarray(0, DIGEST_BYTES).equals(digestOf(code, cache)) ? cache : undefined;
  } catch {
    return undefined;
  }
}

/** At the end V8 knows what was called. A call for help calls little, and a fault something else. */
function keepAtExit(path: string, code: Buffer, script: Script): void {
  process.once("exit", (status) => {
    if (status !== 0 || process.argv.includes("--help")) return;
    const unfinished = `${path}.${process.pid}`;
    try {
      const cache = script.createCachedData();
      writeFileSync(unfinished, Buffer.concat([digestOf(code, cache), cache]), { flag: "wx" });
      renameSync(unfinished, path);
    } catch {
      rmSync(unfinished, { force: true });
    }
  });
}

const digestOf = (code: Buffer, cache: Buffer): Buffer =>
  hash("sha256", Buffer.concat([hash("sha256", code, "buffer"), cache]), "buffer");
