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

/**
 * For git: no variable that says which repository is meant (a hook has them), no program that a repository's settings name, no shortcuts
 * by which a change can hide. What a tested command has left in `.git` is not to be obeyed.
 */
export const forGit = (env: Variables): Record<string, string> => {
  const settings = {
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "core.trustctime": "true",
    "core.checkStat": "default",
  };
  const kept = Object.entries(withoutKeys(env)).filter(
    ([name]) => !name.startsWith("GIT_") || /^GIT_(?:SSH.*|EXEC_PATH|CONFIG_(?:NOSYSTEM|SYSTEM|GLOBAL))$/.test(name),
  );
  return {
    ...Object.fromEntries(kept),
    GIT_OPTIONAL_LOCKS: "0",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_CONFIG_COUNT: String(Object.keys(settings).length),
    ...Object.fromEntries(
      Object.entries(settings).flatMap(([name, value], at) => [
        [`GIT_CONFIG_KEY_${at}`, name],
        [`GIT_CONFIG_VALUE_${at}`, value],
      ]),
    ),
  };
};

/** The environment without what opens our keys: whatever is tested must not be able to sign its own result. */
export const withoutKeys = (env: Variables): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined || /^(?:F3_ATTEST_.*|SSH_AUTH_SOCK|SSH_AGENT_PID)$/i.test(name) ? [] : [[name, value]],
    ),
  );
