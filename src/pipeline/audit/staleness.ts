/** Whether what was tested is what one gets today: by the user's package registry, and by the tags of a clone. */
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
  /** The folder of the registry, which is no part of what was tested. */
  readonly registry?: string | undefined;
}

export class NewerVersions {
  readonly #clone: GitClone | undefined;
  readonly #offline: boolean;
  readonly #packages = new Map<string, Promise<NewerVersion[]>>();
  readonly #tags = new Map<string, Promise<Newer | undefined>>();
  #registry: Promise<PackageRegistry | undefined> | undefined;
  #fetcher: Fetcher | undefined;

  readonly #registryFolder: string | undefined;
  #without: Promise<readonly string[]> | undefined;

  constructor({ clone, offline, registry }: StalenessOptions) {
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

  /** A registry that does not say is passed over: whether there is a newer version is not what anybody signed. */
  async #ask(purl: string): Promise<NewerVersion[]> {
    const registry = await (this.#registry ??= registryOfUser());
    if (registry === undefined) return [];
    const found = await currentVersion(purl, (this.#fetcher ??= fetcherFor(registry)), registry.url);
    if (found === undefined || "why" in found || !found.newer) return [];
    const { name, tested, latest } = found;
    return [{ pointer: "", tested: `${name} ${tested}`, current: latest, source: "your package registry" }];
  }

  /** What a registry adds to a project, as paths from the top of the clone. */
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
      // What is checked out moves with every commit; a version is what people get.
      if (newer?.kind === "tag")
        currents.push({
          ...{ pointer, tested: `${name} at ${place.id.slice(0, 12)}`, current: newer.name },
          source: "a tag of the clone",
        });
    }
    return currents;
  }
}

const SCRIPTED = ["npm_command", "npm_execpath", "npm_lifecycle_event", "npm_config_user_agent"];

interface PackageRegistry {
  readonly url: string;
  /** By a variable of the user's own, so that it may be one in their network. */
  readonly own: boolean;
}

/**
 * What the user's environment says, else what npm says outside of every project: the `.npmrc` of what is audited is its publisher's, npm
 * puts variables of the environment into the address that it names, and asking there would hand them over.
 */
async function registryOfUser(): Promise<PackageRegistry | undefined> {
  const set = process.env["npm_config_registry"];
  // Under npm, yarn or pnpm the variable is what the project's own file said.
  const scripted = SCRIPTED.some((name) => process.env[name] !== undefined);
  if (set !== undefined && !scripted && URL.canParse(set)) return { url: set, own: true };
  const nowhere = temporaryFolder("npm");
  try {
    const projects = projectsAround(".");
    const npm = programOutside("npm", process.env, projects); // one of that name may lie in node_modules/.bin
    if (npm === undefined) return undefined;
    const { HOME = "", USERPROFILE = "", APPDATA = "" } = process.env;
    const env = {
      PATH: pathOutside(process.env, projects),
      HOME,
      USERPROFILE,
      APPDATA,
      npm_config_update_notifier: "false",
    };
    const { stdout } = await run(npm, ["config", "get", "registry", "--prefix", nowhere], {
      cwd: nowhere,
      env,
      timeout: 20_000,
    });
    return URL.canParse(stdout.trim()) ? { url: stdout.trim(), own: false } : undefined;
  } catch {
    return undefined; // no npm here, so nobody to ask
  } finally {
    rmSync(nowhere, { recursive: true, force: true });
  }
}

function fetcherFor({ url, own }: PackageRegistry): Fetcher {
  const { hostname, port, protocol } = new URL(url);
  return new Fetcher({ allow: own ? [`${hostname}:${port || (protocol === "https:" ? "443" : "80")}`] : [] });
}
