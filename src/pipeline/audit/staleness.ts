/** Whether the tested version is still current, by the user's package registry and the tags of a clone. */
import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { promisify } from "node:util";
import { Fetcher } from "../../audit/fetcher.js";
import type { GitClone, Newer } from "../../audit/git.js";
import { currentVersion } from "../../audit/npm.js";
import type { NewerVersion } from "../../core/audit/staleness.js";
import { referencesOf } from "../../core/audit/reference.js";
import type { ResultStatement } from "../../core/statement/statement.js";
import { temporaryFolder } from "../../node/files.js";
import { pathOutside, programOutside, projectsAround } from "../../node/programs.js";
import { ATTESTATIONS, REGISTRY_FILE } from "../../store/registry.js";

const run = promisify(execFile);

export interface StalenessOptions {
  readonly clone: GitClone | undefined;
  readonly offline: boolean;
  /** The registry's folder, which is not part of the subject. */
  readonly registry?: string | undefined;
  /** The user's variables: npm's settings, and where npm is. */
  readonly env: NodeJS.ProcessEnv;
}

export class NewerVersions {
  readonly #env: NodeJS.ProcessEnv;
  readonly #clone: GitClone | undefined;
  readonly #offline: boolean;
  readonly #packages = new Map<string, Promise<NewerVersion[]>>();
  readonly #tags = new Map<string, Promise<Newer | undefined>>();
  #registry: Promise<PackageRegistry | undefined> | undefined;
  #fetcher: Fetcher | undefined;

  readonly #registryFolder: string | undefined;
  #without: Promise<readonly string[]> | undefined;

  constructor({ clone, offline, registry, env }: StalenessOptions) {
    this.#env = env;
    this.#clone = clone;
    this.#offline = offline;
    this.#registryFolder = registry;
  }

  async of(statement: ResultStatement): Promise<NewerVersion[]> {
    const { subject, predicate } = statement;
    const described = [
      ...subject.map(({ uri }, at) => ({ uri, pointer: `/subject/${at}` })),
      ...predicate.configuration.map(({ uri }, at) => ({ uri, pointer: `/predicate/configuration/${at}` })),
    ];
    const packages = described.map(async ({ uri, pointer }) =>
      this.#offline || uri?.startsWith("pkg:npm/") !== true
        ? []
        : (await this.#package(uri)).map((current) => ({ ...current, pointer })),
    );
    return [...(await Promise.all(packages)).flat(), ...(await this.#tagged(statement))];
  }

  #package(purl: string): Promise<NewerVersion[]> {
    const known = this.#packages.get(purl);
    if (known !== undefined) return known;
    const asked = this.#ask(purl);
    this.#packages.set(purl, asked);
    return asked;
  }

  /** Ignores a registry without an answer: nobody signed that there is no newer version. */
  async #ask(purl: string): Promise<NewerVersion[]> {
    const registry = await (this.#registry ??= registryOfUser(this.#env));
    if (registry === undefined) return [];
    const found = await currentVersion(purl, (this.#fetcher ??= fetcherFor(registry)), registry.url);
    if (found === undefined || "why" in found || !found.newer) return [];
    const { name, tested, latest } = found;
    return [{ pointer: "", tested: `${name} ${tested}`, current: latest, source: "your package registry" }];
  }

  /** The paths that a registry adds to a project, relative to the top of the clone. */
  async #publishedIn(clone: GitClone): Promise<readonly string[]> {
    const folder = this.#registryFolder;
    const below = folder === undefined ? ".." : relative(await clone.top().catch(() => ""), resolve(folder));
    if (below.startsWith("..")) return [];
    return [REGISTRY_FILE, "keys", ATTESTATIONS].map((name) => join(below, name).split(sep).join("/"));
  }

  async #tagged(statement: ResultStatement): Promise<NewerVersion[]> {
    const currents: NewerVersion[] = [];
    for (const { pointer, place, name } of referencesOf(statement)) {
      if (this.#clone === undefined || place.kind !== "git" || place.object !== "commit") continue;
      const without = await (this.#without ??= this.#publishedIn(this.#clone));
      const asked = this.#tags.get(place.id) ?? this.#clone.newerThan(place.id, without);
      this.#tags.set(place.id, asked);
      const newer = await asked;
      // HEAD moves with every commit; users get versions.
      if (newer?.kind === "tag")
        currents.push({
          pointer,
          tested: `${name} at ${place.id.slice(0, 12)}`,
          current: newer.name,
          source: "a tag of the clone",
        });
    }
    return currents;
  }
}

const SCRIPTED = ["npm_command", "npm_execpath", "npm_lifecycle_event", "npm_config_user_agent"];

interface PackageRegistry {
  readonly url: string;
  /** Set by the user's own variable, so it may be in their network. */
  readonly own: boolean;
}

/**
 * From the user's environment, else npm's setting outside of every project. The audited project's `.npmrc` is its publisher's: npm expands
 * environment variables in its addresses, so a request would leak them.
 */
async function registryOfUser(env: NodeJS.ProcessEnv): Promise<PackageRegistry | undefined> {
  const set = env["npm_config_registry"];
  // Under npm, yarn or pnpm the variable comes from the project's file.
  const scripted = SCRIPTED.some((name) => env[name] !== undefined);
  if (set !== undefined && !scripted && URL.canParse(set)) return { url: set, own: true };
  const nowhere = temporaryFolder("npm");
  try {
    const projects = projectsAround(".");
    const npm = programOutside("npm", env, projects); // node_modules/.bin may contain a program of that name
    if (npm === undefined) return undefined;
    const { HOME = "", USERPROFILE = "", APPDATA = "" } = env;
    const kept = { PATH: pathOutside(env, projects), HOME, USERPROFILE, APPDATA, npm_config_update_notifier: "false" };
    const { stdout } = await run(npm, ["config", "get", "registry", "--prefix", nowhere], {
      cwd: nowhere,
      env: kept,
      timeout: 20_000,
    });
    return URL.canParse(stdout.trim()) ? { url: stdout.trim(), own: false } : undefined;
  } catch {
    return undefined; // without npm there is no registry to ask
  } finally {
    rmSync(nowhere, { recursive: true, force: true });
  }
}

function fetcherFor({ url, own }: PackageRegistry): Fetcher {
  const { hostname, port, protocol } = new URL(url);
  return new Fetcher({ allow: own ? [`${hostname}:${port || (protocol === "https:" ? "443" : "80")}`] : [] });
}
