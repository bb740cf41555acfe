/** What is recorded of the machine: a short list of facts, never a user's or a host's name; and what a tested command is given of it. */
import { cpus, release, totalmem } from "node:os";

type Variables = Readonly<Record<string, string | undefined>>;

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

/** Variables that change what tests do, and name nobody. */
const RECORDED = [
  "LANG",
  "LC_ALL",
  "TZ",
  "NODE_ENV",
  "NODE_OPTIONS",
  "PYTHONHASHSEED",
  "GOFLAGS",
  "FORCE_COLOR",
  "NO_COLOR",
];

/** Those that are set, as `$NAME`. */
export const variables = (env: Variables, named: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    [...new Set([...RECORDED, ...named])].flatMap((name) => {
      const value = env[name];
      return value === undefined ? [] : [[`$${name}`, value]];
    }),
  );

/** Without the variables by which git's hooks and aliases say which repository is meant: they would win over the folder. */
export const withoutRepository = (env: Variables): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined || (name.startsWith("GIT_") && !ABOUT_GIT.test(name)) ? [] : [[name, value]],
    ),
  );
const ABOUT_GIT = /^GIT_(?:SSH.*|EXEC_PATH|CONFIG_(?:NOSYSTEM|SYSTEM|GLOBAL))$/;

/** The environment without what opens our keys: whatever is tested must not be able to sign its own result. */
export const withoutKeys = (env: Variables): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined || /^(?:F3_ATTEST_.*|SSH_AUTH_SOCK|SSH_AGENT_PID)$/i.test(name) ? [] : [[name, value]],
    ),
  );
