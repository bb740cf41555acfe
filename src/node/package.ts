/** This package: its version, and where its build lies. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const TOOL_VERSION = (
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }
).version;
export const TOOL = `@f3/attest ${TOOL_VERSION}`;

/** The folder of the build. This file lies one folder below it, alone as in the bundle of the command line. */
const BUILD = new URL("../", import.meta.url);
/** The path of a file of the build: `harness/scenario/host.js`. */
export const built = (path: string): string => fileURLToPath(new URL(path, BUILD));
