/** Which variables of an environment are secrets: all of them, except those of which it is known that they are not. */
import { existsSync } from "node:fs";
import { delimiter, isAbsolute } from "node:path";
import { MIN_SECRET } from "./secret-encodings.js";

export interface Secret {
  /** Of the variable, never the value. */
  readonly name: string;
  readonly value: string;
}

/** Shorter lines of a value of many are words. */
const MIN_LINE = 16;
/** Shorter names before an `@` are people, not tokens. */
const MIN_USER = 20;

/** What systems, shells, runners and languages put there; `*` stands for any rest. */
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
 * One word in letters, which every output has: `production`, `failures`. Under a name that speaks of a secret it is one all the same, but for
 * what everybody has there when nothing is secret.
 */
const WORD = /^(?:[a-z]+|[A-Z][a-z]+|[A-Z]+)$/;
const EVERYBODYS =
  /^(?:password|passphrase|changeme|postgres|postgresql|administrator|testtest|testpassword|example|development|production|localhost)$/i;

/**
 * Every variable whose value is at least 8 characters long and not known to be harmless, with the parts of it that leak alone: its lines, and
 * passwords in it, which are secrets in any variable. `named` are the variables that the user chose to record: they are no secrets, unless they are called so.
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

/** A path that exists, or a list of them: it names a place, and is no secret itself. */
const arePaths = (value: string): boolean =>
  value
    .split(delimiter)
    .filter((path) => path !== "")
    .every((path) => isAbsolute(path) && existsSync(path));

/** Lines that begin or end a block are the same in all of them. */
const linesOf = (value: string): string[] =>
  value
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line.length >= MIN_LINE && line !== value && !/^-----(?:BEGIN|END) /.test(line));

/** Of `scheme://user:password@host`, where a token may also be the user, and of `Password=…;`. */
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
