/** What is recorded of the machine: a short list of facts, never a user's or a host's name. */
import { cpus, release, totalmem } from "node:os";

export function environment(tool: string): Record<string, string> {
  const processors = cpus();
  return {
    tool,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    kernel: release(),
    processors: `${processors.length} × ${processors[0]?.model.trim() ?? "unknown"}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    ci: process.env["CI"] ? "yes" : "no",
  };
}
