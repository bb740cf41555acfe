/** The recorded facts about the machine, never a user's or host's name; and the environment for a tested command. */
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

/** Variables that influence tests and identify nobody. */
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

/** Removes the variables with which git's hooks and aliases select a repository: they would override the folder. */
export const withoutRepository = (env: Variables): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined || (name.startsWith("GIT_") && !ABOUT_GIT.test(name)) ? [] : [[name, value]],
    ),
  );
const ABOUT_GIT = /^GIT_(?:SSH.*|EXEC_PATH|CONFIG_(?:NOSYSTEM|SYSTEM|GLOBAL))$/;

/** Removes everything that opens our keys: a tested program must not be able to sign its own result. */
export const withoutKeys = (env: Variables): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined || /^(?:F3_ATTEST_.*|SSH_AUTH_SOCK|SSH_AGENT_PID)$/i.test(name) ? [] : [[name, value]],
    ),
  );
