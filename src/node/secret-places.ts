/** Every place where keys, what this tool remembers, credentials and agents of the user may lie: what a command in a sandbox must not see. */
import { homedir, userInfo } from "node:os";
import { join, resolve } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

export interface SecretPlaces {
  /** Of this tool: hidden whether they are there or not, since one that is made by somebody else would be believed. */
  readonly ours: readonly string[];
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

const CREDENTIALS = [
  ...[".ssh", ".gnupg", ".aws", ".kube", ".docker", ".azure", ".password-store", ".1password", ".local/share/keyrings"],
  ...[".config/gh", ".config/gcloud", ".config/op", ".config/age", ".config/sops", ".minisign", ".sigstore"],
];
const FILES = [
  ".netrc",
  ".npmrc",
  ".pypirc",
  ".git-credentials",
  ".config/git/credentials",
  ".cargo/credentials.toml",
  ".cargo/credentials",
];

/** Of all homes that the user can have, by a variable and by the system's own word; a place that is named does not make the others empty. */
export function secretPlaces(env: Environment = process.env): SecretPlaces {
  const homes = [...new Set([env["HOME"] ?? "", homedir(), systemHome()])].filter((home) => home !== "");
  const named = (name: string, ...below: readonly string[]): string[] => {
    const value = env[name];
    return value === undefined || value === "" ? [] : [join(resolve(value), ...below)];
  };
  const inHomes = (names: readonly string[]): string[] =>
    homes.flatMap((home) => names.map((name) => join(home, name)));
  return {
    ours: [
      ...named("F3_ATTEST_HOME"),
      ...named("XDG_CONFIG_HOME", "f3-attest"),
      ...named("XDG_STATE_HOME", "f3-attest"),
      ...inHomes([".config/f3-attest", ".local/state/f3-attest"]),
    ],
    folders: [...named("GNUPGHOME"), ...named("XDG_RUNTIME_DIR"), ...inHomes(CREDENTIALS)],
    files: [...named("SSH_AUTH_SOCK"), ...socketsIn(env), ...inHomes(FILES)],
  };
}

/** `GPG_AGENT_INFO=<socket>:<pid>:<version>`, `DBUS_SESSION_BUS_ADDRESS=unix:path=<socket>,…`, `DOCKER_HOST=unix://<socket>`. */
function socketsIn(env: Environment): string[] {
  const found = [
    /^([^:]+):/.exec(env["GPG_AGENT_INFO"] ?? ""),
    /unix:path=([^,;]+)/.exec(env["DBUS_SESSION_BUS_ADDRESS"] ?? ""),
    /^unix:\/\/(\/.+)/.exec(env["DOCKER_HOST"] ?? ""),
  ];
  return found.flatMap((match) => match?.[1] ?? []);
}

function systemHome(): string {
  try {
    return userInfo().homedir;
  } catch {
    return ""; // a user without an entry
  }
}
