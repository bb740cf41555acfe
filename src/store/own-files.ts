/** What a registry writes into the folder of a project: no part of what is tested there. */
import { join, resolve } from "node:path";
import { orUndefined } from "../core/errors.js";
import { list, read } from "../node/files.js";
import { GIT_ATTRIBUTES, isOwnAttributes } from "./git-attributes.js";
import { ATTESTATIONS } from "./paths.js";
import { REGISTRY_FILE } from "./registry.js";

/** A project may have a folder of keys of its own, and attributes of git. */
export function ownFiles(folder: string): string[] {
  const keys = list(join(folder, "keys")).filter((name) => name === "keyring.json" || /\.(?:pub|vkey)$/.test(name));
  // A folder of that name, or a link that leads nowhere, is none of ours.
  const attributes = orUndefined(() => read(join(folder, GIT_ATTRIBUTES)));
  return [
    ...[REGISTRY_FILE, ATTESTATIONS, ...keys.map((name) => `keys/${name}`)],
    ...(attributes !== undefined && isOwnAttributes(attributes) ? [GIT_ATTRIBUTES] : []),
  ].map((name) => resolve(folder, name));
}
