/** Places of the user's keys, credentials and agents, and of this tool's state. A sandboxed command must not see them. */
import { userInfo } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { userHome } from "./paths.js";

type Environment = Readonly<Record<string, string | undefined>>;

export interface SecretPlaces {
  /** Places of this tool. Hidden even if missing: a command that creates them would be believed. */
  readonly ours: readonly string[];
  /** Files, folders and sockets. */
  readonly others: readonly string[];
}

/**
 * Places of programs' secrets: the variables that move a place, its default below home, and the parts to hide. Without parts the whole
 * place is hidden; parts are named where needed files are beside the secrets, such as cargo's programs beside its credentials.
 */
const PLACES: readonly (readonly [variables: string, below: string, ...parts: readonly string[]])[] = [
  ["", ".ssh"],
  ["GNUPGHOME", ".gnupg"],
  ["PASSWORD_STORE_DIR", ".password-store"],
  ["", ".1password"],
  ["", ".minisign"],
  ["", ".sigstore"],
  ["", ".vault-token"],
  ["", ".git-credentials"],
  ["NETRC", ".netrc"],
  ["PGPASSFILE", ".pgpass"],
  ["", ".my.cnf"],
  ["MYSQL_TEST_LOGIN_FILE", ".mylogin.cnf"],
  // Clouds and their machines.
  ["AWS_SHARED_CREDENTIALS_FILE AWS_CONFIG_FILE", ".aws"],
  ["AZURE_CONFIG_DIR", ".azure"],
  ["CLOUDSDK_CONFIG GOOGLE_APPLICATION_CREDENTIALS", ".config/gcloud"],
  ["KUBECONFIG", ".kube"],
  ["DOCKER_CONFIG", ".docker"],
  ["REGISTRY_AUTH_FILE", ".config/containers/auth.json"],
  ["HELM_REGISTRY_CONFIG", ".config/helm/registry"],
  ["TF_CLI_CONFIG_FILE", ".terraformrc"],
  ["", ".terraform.d/credentials.tfrc.json"],
  ["RCLONE_CONFIG", ".config/rclone"],
  // Package registries.
  ["NPM_CONFIG_USERCONFIG npm_config_userconfig", ".npmrc"],
  ["", ".yarnrc.yml"],
  ["", ".pypirc"],
  ["PIP_CONFIG_FILE", ".config/pip/pip.conf"],
  ["POETRY_CONFIG_DIR", ".config/pypoetry", "auth.toml"],
  ["CARGO_HOME", ".cargo", "credentials.toml", "credentials"],
  ["GRADLE_USER_HOME", ".gradle", "gradle.properties"],
  ["", ".m2", "settings.xml", "settings-security.xml"],
  ["", ".gem/credentials"],
  ["COMPOSER_HOME", ".config/composer", "auth.json"],
  ["", ".composer/auth.json"],
  // Other programs with a token of the user.
  ["GH_CONFIG_DIR", ".config/gh"],
  ["GLAB_CONFIG_DIR", ".config/glab-cli"],
  ["", ".config/hub"],
  ["OP_CONFIG_DIR", ".config/op"],
  ["SOPS_AGE_KEY_FILE SOPS_AGE_SSH_PRIVATE_KEY_FILE", ".config/sops"],
  ["", ".config/age"],
  ["", ".config/git/credentials"],
  ["HF_HOME", ".cache/huggingface", "token", "stored_tokens"],
  ["HF_TOKEN_PATH", ".huggingface/token"],
  ["CLAUDE_CONFIG_DIR", ".claude", ".credentials.json"],
  ["CODEX_HOME", ".codex", "auth.json"],
  ["", ".local/share/keyrings"],
  ["", ".local/share/gem/credentials"],
];

/** XDG Base Directory Specification: variables that replace a folder of the home. */
const MOVED: readonly (readonly [variable: string, below: string])[] = [
  ["XDG_CONFIG_HOME", ".config/"],
  ["XDG_DATA_HOME", ".local/share/"],
  ["XDG_STATE_HOME", ".local/state/"],
  ["XDG_CACHE_HOME", ".cache/"],
];

/** For all possible homes, by variable and by the system's user entry. A place moved by a variable is hidden in addition to its default. */
export function secretPlaces(env: Environment = process.env): SecretPlaces {
  const homes = [...new Set([env["HOME"] ?? "", userHome(), systemHome()])].filter((home) => home !== "");
  const absolute = (paths: readonly string[]): string[] =>
    paths.filter((path) => path !== "").map((path) => resolve(path));
  const named = (name: string): string[] => absolute([env[name] ?? ""]);
  /** Some variables hold a list of paths, for example `KUBECONFIG`. */
  const listed = (name: string): string[] => absolute([env[name] ?? "", ...(env[name] ?? "").split(delimiter)]);
  const usual = (below: string): string[] => [
    ...homes.map((home) => join(home, below)),
    ...MOVED.filter(([, start]) => below.startsWith(start)).flatMap(([name, start]) =>
      named(name).map((path) => join(path, below.slice(start.length))),
    ),
  ];
  const others = PLACES.flatMap(([variables, below, ...parts]) =>
    [...usual(below), ...variables.split(" ").flatMap(listed)].flatMap((place) =>
      parts.length === 0 ? [place] : parts.map((part) => join(place, part)),
    ),
  );
  return {
    ours: [...named("F3_ATTEST_HOME"), ...usual(".config/f3-attest"), ...usual(".local/state/f3-attest")],
    others: [...named("XDG_RUNTIME_DIR"), ...named("SSH_AUTH_SOCK"), ...socketsIn(env), ...others],
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
    return ""; // the user has no entry
  }
}
