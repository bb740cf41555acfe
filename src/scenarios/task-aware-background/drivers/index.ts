/** All drivers by name. */
import { AttestError } from "../../../core/errors.js";
import { openClaudeCode } from "./claude-code.js";
import type { Driver } from "./driver.js";
import { fsDriver } from "./fs.js";

/** The first one is available on every machine. */
export const DRIVERS = ["fs", "claude-code"] as const satisfies readonly Driver["name"][];

/**
 * `path` names the driven program; `fs` has none.
 * @throws AttestError `driver-missing`, `scenario-unknown`
 */
export async function openDriver({ name, path }: { readonly name: string; readonly path?: string }): Promise<Driver> {
  if (name === "fs" && path === undefined) return fsDriver;
  if (name === "claude-code") return await openClaudeCode(path);
  throw new AttestError(
    "scenario-unknown",
    name === "fs"
      ? `expected the driver fs without a program, found ${JSON.stringify(path)}`
      : `expected the name of a driver, found ${JSON.stringify(name)}`,
    `the drivers: ${DRIVERS.join(", ")}`,
  );
}
