/** This package's version, and the location of its build. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const TOOL_VERSION = (
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }
).version;
export const TOOL = `@f3/attest ${TOOL_VERSION}`;

/** The build folder, one level above this file, both as a module and in the command line's bundle. */
const BUILD = new URL("../", import.meta.url);
/** The path of a file in the build, such as `harness/scenario/host.js`. */
export const built = (path: string): string => fileURLToPath(new URL(path, BUILD));
