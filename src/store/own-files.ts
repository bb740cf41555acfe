/** Files that a registry writes into a project's folder; they are not part of what is tested. */
import { join, resolve } from "node:path";
import { orUndefined } from "../core/errors.js";
import { list } from "../node/files.js";
import { read } from "../node/reading.js";
import { GIT_ATTRIBUTES, isOwnAttributes } from "./git-attributes.js";
import { ATTESTATIONS, REGISTRY_FILE } from "./paths.js";

/** Excludes a project's own keys folder and git attributes. */
export function ownFiles(folder: string): string[] {
  const keys = list(join(folder, "keys")).filter((name) => name === "keyring.json" || /\.(?:pub|vkey)$/.test(name));
  // A folder of that name, or a dangling link, is not ours.
  const attributes = orUndefined(() => read(join(folder, GIT_ATTRIBUTES)));
  return [
    ...[REGISTRY_FILE, ATTESTATIONS, ...keys.map((name) => `keys/${name}`)],
    ...(attributes !== undefined && isOwnAttributes(attributes) ? [GIT_ATTRIBUTES] : []),
  ].map((name) => resolve(folder, name));
}
