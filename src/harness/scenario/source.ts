/** The digest of a code folder. A statement identifies its scenario by it. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { hex } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { canonical } from "../../core/json.js";

/** SHA-256 over the canonical JSON of { relative path: SHA-256 } for the JavaScript and TypeScript files below the folder. */
export function folderDigest(folder: string, engine: Engine): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.d)\.(?:js|ts)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  const digests = files.map(
    (file) =>
      [relative(folder, file).replaceAll("\\", "/"), hex(engine.sha256(new Uint8Array(readFileSync(file))))] as const,
  );
  return hex(engine.sha256(canonical(Object.fromEntries(digests))));
}
