/** Which environment variables are secret: all except those known to be harmless. */
import { existsSync } from "node:fs";
import { delimiter, isAbsolute } from "node:path";
import { MIN_SECRET } from "./secret-encodings.js";

export interface Secret {
  /** Name of the variable, never its value. */
  readonly name: string;
  readonly value: string;
}

/** Shorter lines of a multi-line value are ordinary words. */
const MIN_LINE = 16;
/** Shorter names before an `@` are people, not tokens. */
const MIN_USER = 20;

/** Variables of systems, shells, runners and languages; `*` matches any rest. */
const HARMLESS = `
  PATH HOME PWD OLDPWD INIT_CWD SHELL SHLVL _ TERM TERM_* TERMINFO COLORTERM COLUMNS LINES LANG LANGUAGE LC_* TZ USER LOGNAME USERNAME
  HOSTNAME HOST HOSTTYPE OSTYPE MACHTYPE EDITOR VISUAL PAGER LESS LESSOPEN LESSCLOSE LS_COLORS MAIL MANPATH DISPLAY WAYLAND_DISPLAY XAUTHORITY
  XDG_* DBUS_* GTK_* QT_* GNOME_* KDE_* DESKTOP_SESSION WINDOWID SSH_CONNECTION SSH_CLIENT SSH_TTY SUDO_* BASH_* HIST* PS1 PS2 PS4 TMPDIR TMP TEMP
  NO_COLOR FORCE_COLOR CLICOLOR* CI DEBUG DEBIAN_FRONTEND WSL_* LD_LIBRARY_PATH LD_PRELOAD
  NODE NODE_* NVM_* VOLTA_* FNM_* npm_* COREPACK_* YARN_* PNPM_* BUN_* DENO_* VITEST* JEST_* PYTHON* PYTEST_* VIRTUAL_ENV* CONDA_* PYENV_*
  JAVA_HOME JDK_* MAVEN_* GRADLE_* GO111MODULE GOPATH GOROOT GOFLAGS GOPROXY GOTOOLCHAIN CARGO_* RUST* RUBY* GEM_* BUNDLE_* DOTNET_* CC CXX CFLAGS CXXFLAGS LDFLAGS MAKE*
  GITHUB_* RUNNER_* ACTIONS_* CI_* GITLAB_* JENKINS_* BUILD_* BUILDKITE_* CIRCLE_* TRAVIS_* APPVEYOR_* SYSTEM_* AGENT_* VSCODE_*
  SystemRoot SystemDrive windir ComSpec OS PATHEXT PROCESSOR_* NUMBER_OF_PROCESSORS COMPUTERNAME USERDOMAIN* USERPROFILE HOMEDRIVE HOMEPATH
  APPDATA LOCALAPPDATA PROGRAMDATA ProgramFiles* CommonProgramFiles* PSModulePath PUBLIC ALLUSERSPROFILE SESSIONNAME
`;
const harmlessName = new RegExp(`^(?:${HARMLESS.trim().split(/\s+/).join("|").replaceAll("*", ".*")})$`, "i");

const SUSPICIOUS =
  /TOKEN|SECRET|PASS|PWD|KEY|AUTH(?!OR(?!I))|CRED|COOKIE|SESSION|PRIVATE|SIGN|DSN|WEBHOOK|CERT|BEARER|JWT|MNEMONIC|CONNECTION_STRING|(?:^|_)(?:PAT|OTP|PIN|SAS)(?:_|$)/i;
const UNSUSPICIOUS =
  /^(?:PWD|OLDPWD|XAUTHORITY|SSH_CONNECTION|SESSIONNAME|DESKTOP_SESSION|(?:XDG|DBUS)_SESSION_\w*|\w*_SIGNAL)$/i;
/** By its name alone. */
export const looksSecret = (name: string): boolean => SUSPICIOUS.test(name) && !UNSUSPICIOUS.test(name);

const OWN = /^F3_ATTEST_/i;

/**
 * A single word such as `production` or `failures` is too common to redact. Under a secret-looking name it counts as a secret, except for
 * common default values.
 */
const WORD = /^(?:[a-z]+|[A-Z][a-z]+|[A-Z]+)$/;
const EVERYBODYS =
  /^(?:password|passphrase|changeme|postgres|postgresql|administrator|testtest|testpassword|example|development|production|localhost)$/i;

/**
 * Every variable with at least 8 characters that is not known to be harmless, and its parts that leak alone: lines, and passwords inside
 * it, which are secret in any variable. `named` variables are recorded by the user's choice and are not secret, unless their names say so.
 */
export function secretsIn(env: Readonly<Record<string, string | undefined>>, named: readonly string[]): Secret[] {
  const recorded = new Set(named);
  const found = new Map<string, Secret>();
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || arePaths(value)) continue;
    const whole = isHarmless(name, value, recorded) ? [] : [value, ...linesOf(value)];
    for (const part of [...whole, ...passwordsIn(value)])
      if (part.length >= MIN_SECRET && !"[redacted]".includes(part))
        found.set(`${name}=${part}`, { name, value: part });
  }
  return [...found.values()];
}

function isHarmless(name: string, value: string, recorded: ReadonlySet<string>): boolean {
  if (OWN.test(name)) return false;
  if (looksSecret(name)) return EVERYBODYS.test(value);
  if (WORD.test(value)) return true;
  return recorded.has(name) || harmlessName.test(name) || /^[+-]?\d+(?:\.\d+)?$/.test(value);
}

/** An existing path or a list of paths is not a secret. */
const arePaths = (value: string): boolean =>
  value
    .split(delimiter)
    .filter((path) => path !== "")
    .every((path) => isAbsolute(path) && existsSync(path));

/** Without first and last lines of blocks, which are equal in all blocks. */
const linesOf = (value: string): string[] =>
  value
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line.length >= MIN_LINE && line !== value && !/^-----(?:BEGIN|END) /.test(line));

/** From `scheme://user:password@host`, where the user may also be a token, and from `Password=…;`. */
function passwordsIn(value: string): string[] {
  const inUrls = [...value.matchAll(/:\/\/([^\s/?#:@]*)(?::([^\s/?#@]*))?@/g)].flatMap(
    ([, user = "", password = ""]) => [
      ...(password === "" ? [] : [password]),
      ...(user.length >= MIN_USER ? [user] : []),
    ],
  );
  const assigned = [...value.matchAll(/(?:pass(?:word)?|pwd|key|token|secret|signature|sig)=([^\s;&"']{8,})/gi)].map(
    ([, password = ""]) => password,
  );
  return [...inUrls, ...inUrls.map(decoded), ...assigned];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
