/** Where a bench ran, and what there spoils its figures. */
import { readFileSync } from "node:fs";
import inspector from "node:inspector";
import { cpus, loadavg, release, totalmem } from "node:os";
import process, { env } from "node:process";
import { TOOL_VERSION } from "../dist/node/package.js";
import { parsed } from "./measure.mjs";

export const machine = () => ({
  processors: cpus().length,
  model: cpus()[0]?.model ?? "unknown",
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  system: `${process.platform} ${release()} ${process.arch}`,
});

export const versions = () => ({
  attest: TOOL_VERSION,
  node: process.version,
  v8: process.versions.v8,
  openssl: process.versions.openssl,
  ...Object.fromEntries(
    ["@sigstore/verify", "canonicalize", "proper-lockfile"].map((name) => [name, versionOf(name) ?? "none"]),
  ),
});

/** @type {(name: string) => string | undefined} */
function versionOf(name) {
  const text = readable(new URL(`../node_modules/${name}/package.json`, import.meta.url));
  return text && /** @type {{ version: string }} */ (parsed(text)).version;
}

/** Sentences. */
export function spoiling() {
  const [load = 0] = loadavg();
  const governor = readable("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")?.trim();
  const mains = ["AC", "AC0", "ADP1"].map((name) => readable(`/sys/class/power_supply/${name}/online`)?.trim());
  /** @type {readonly (readonly [boolean, string])[]} */
  const all = [
    [
      load > cpus().length,
      `the load average is ${load.toFixed(1)} with ${cpus().length} processors: something else runs`,
    ],
    [
      env["NODE_EXTRA_CA_CERTS"] !== undefined,
      "NODE_EXTRA_CA_CERTS is set: Node 20 reads all certificates at every start; started programs get it unset",
    ],
    [env["NODE_OPTIONS"] !== undefined, `NODE_OPTIONS is set: ${env["NODE_OPTIONS"] ?? ""}`],
    [env["NODE_V8_COVERAGE"] !== undefined, "NODE_V8_COVERAGE is set: compiled code counts how often it runs"],
    [process.execArgv.length > 0, `node was started with ${process.execArgv.join(" ")}`],
    [inspector.url() !== undefined, "a debugger can attach"],
    [mains.includes("0"), "the machine runs on battery"],
    [governor === "powersave", "the processors' governor is powersave"],
  ];
  return all.flatMap(([holds, sentence]) => (holds ? [sentence] : []));
}

/** @type {(path: string | URL) => string | undefined} */
function readable(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
