/** Opens a place by its name. Only this file knows which media there are. */
import { AttestError } from "../core/errors.js";
import { Directory } from "./directory.js";
import { baseOf, HttpSource } from "./http-source.js";
import { REGISTRY_FILE } from "./paths.js";
import type { Source } from "./source.js";
import type { Store } from "./store.js";

export const isAddress = (target: string): boolean => /^https?:/i.test(target);

/**
 * A registry to read: its folder, its address, or the address of one of its files.
 * @throws AttestError `usage`
 */
export function openSource(target: string): Source {
  if (!isAddress(target)) return openStore(target);
  const url = URL.canParse(target) ? new URL(target) : undefined;
  if (url === undefined || url.host === "") {
    throw new AttestError(
      "usage",
      `${JSON.stringify(target)} is not the http(s) address of a registry`,
      `it is the one below which ${REGISTRY_FILE} lies`,
    );
  }
  return new HttpSource(baseOf(url) ?? url);
}

/** A registry, or any other folder of published files, to read and write. Nothing is made yet. */
export const openStore = (folder: string): Store => new Directory(folder);
