/** The version of this package, from its own package.json. */
import { readFileSync } from "node:fs";

export const TOOL_VERSION = (
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }
).version;
export const TOOL = `@f3/attest ${TOOL_VERSION}`;
