/** Processes by what they were given: how a test finds those that a run started, without knowing their numbers. Linux only. */
import { readdirSync, readFileSync } from "node:fs";

export interface Found {
  readonly pid: number;
  readonly environment: string;
}

/** All whose environment, as `NAME=value` separated by NUL, holds the text. One that has ended has none. */
export function processesWith(text: string): Found[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const environment = readFileSync(`/proc/${name}/environ`, "utf8");
      return environment.includes(text) ? [{ pid: Number(name), environment }] : [];
    } catch {
      return []; // it has ended, or is somebody else's
    }
  });
}
