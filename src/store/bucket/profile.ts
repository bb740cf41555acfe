/** The user's profile in the files that AWS's own programs keep, `~/.aws/credentials` and `~/.aws/config`. */
import { join } from "node:path";
import { fromUtf8 } from "../../core/bytes.js";
import { AttestError } from "../../core/errors.js";
import { read } from "../../node/reading.js";
import { valueOf, type Environment } from "./endpoint.js";

/** Settings by their lowercase name; those of `credentials` go before those of `config`. */
export type Profile = ReadonlyMap<string, string>;

const MAX_FILE = 1024 * 1024;

/** Empty if there are no such files. @throws AttestError `io`; `usage` for a profile that was named and is in neither */
export function profileIn(env: Environment): Profile {
  const named = valueOf(env, "AWS_PROFILE");
  const name = named ?? "default";
  const config = sectionsIn(fileOf(env, "AWS_CONFIG_FILE", "config"));
  const credentials = sectionsIn(fileOf(env, "AWS_SHARED_CREDENTIALS_FILE", "credentials"));
  const found = [
    config.get(`profile ${name}`) ?? (name === "default" ? config.get(name) : undefined),
    credentials.get(name),
  ];
  if (named !== undefined && found.every((one) => one === undefined))
    throw new AttestError(
      "usage",
      "AWS_PROFILE names a profile that is in neither file of profiles",
      "look at the names with: aws configure list-profiles",
    );
  return new Map(found.flatMap((one) => [...(one ?? [])]));
}

function fileOf(env: Environment, variable: string, name: string): string | undefined {
  const home = valueOf(env, "HOME", "USERPROFILE");
  return valueOf(env, variable) ?? (home === undefined ? undefined : join(home, ".aws", name));
}

function sectionsIn(path: string | undefined): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  const bytes = path === undefined ? undefined : read(path, { limit: MAX_FILE });
  if (bytes === undefined) return sections;
  let settings: Map<string, string> | undefined;
  for (const line of textOf(bytes, path ?? "").split(/\r?\n/)) {
    const section = /^\[([^\]]*)\]/.exec(line)?.[1]?.trim().replace(/\s+/g, " ");
    if (section !== undefined) {
      settings = sections.get(section) ?? new Map<string, string>();
      sections.set(section, settings);
    }
    // An indented line belongs to the setting before it; none of ours has such.
    const [, setting, value] = /^([^\s#;[=][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (setting !== undefined && value !== undefined) settings?.set(setting.toLowerCase(), value);
  }
  return sections;
}

function textOf(bytes: Uint8Array, path: string): string {
  try {
    return fromUtf8(bytes);
  } catch {
    throw new AttestError("io", `could not read ${path}: it is not UTF-8 text`);
  }
}
