/** Whether what was tested is what one gets today: by the user's package registry, and by the tags of a clone. */
import { execFile } from "node:child_process";
import { join, relative, resolve, sep } from "node:path";
import { promisify } from "node:util";
import { Fetcher } from "../audit/fetcher.js";
import type { GitClone } from "../audit/git.js";
import { currentVersion } from "../audit/npm.js";
import type { Current } from "../core/audit/current.js";
import { referencesOf } from "../core/audit/reference.js";
import type { ResultStatement } from "../core/statement.js";
import { ATTESTATIONS, REGISTRY_FILE } from "../store/registry.js";

const run = promisify(execFile);

export interface CurrentsOptions {
  readonly clone: GitClone | undefined;
  readonly offline: boolean;
  /** The folder of the registry, which is no part of what was tested. */
  readonly registry?: string | undefined;
}

export class Currents {
  readonly #clone: GitClone | undefined;
  readonly #offline: boolean;
  readonly #packages = new Map<string, Promise<Current[]>>();
  #registry: Promise<string | undefined> | undefined;

  readonly #registryFolder: string | undefined;
  #without: Promise<readonly string[]> | undefined;

  constructor({ clone, offline, registry }: CurrentsOptions) {
    this.#clone = clone;
    this.#offline = offline;
    this.#registryFolder = registry;
  }

  async of(statement: ResultStatement): Promise<Current[]> {
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

  #package(purl: string): Promise<Current[]> {
    const known = this.#packages.get(purl);
    if (known !== undefined) return known;
    const asked = this.#ask(purl);
    this.#packages.set(purl, asked);
    return asked;
  }

  /** A registry that does not say is passed over: whether there is a newer version is not what anybody signed. */
  async #ask(purl: string): Promise<Current[]> {
    const registry = await (this.#registry ??= registryOfUser());
    if (registry === undefined || !URL.canParse(registry)) return [];
    const { hostname, port, protocol } = new URL(registry);
    const fetcher = new Fetcher({ allow: [`${hostname}:${port || (protocol === "https:" ? "443" : "80")}`] });
    const found = await currentVersion(purl, fetcher, registry);
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

  async #tagged(statement: ResultStatement): Promise<Current[]> {
    const currents: Current[] = [];
    for (const { pointer, place, name } of referencesOf(statement)) {
      if (this.#clone === undefined || place.kind !== "git" || place.object !== "commit") continue;
      const newer = await this.#clone.newerThan(place.id, await (this.#without ??= this.#publishedIn(this.#clone)));
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

/** As npm itself would ask: the setting of the command that started this one, else npm's own. */
async function registryOfUser(): Promise<string | undefined> {
  const set = process.env["npm_config_registry"];
  if (set !== undefined && set !== "") return set;
  try {
    return (await run("npm", ["config", "get", "registry"], { timeout: 20_000 })).stdout.trim();
  } catch {
    return undefined; // no npm here, so nobody to ask
  }
}
