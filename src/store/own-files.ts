/** What a registry writes into the folder of a project: no part of what is tested there. */
import { join, resolve } from "node:path";
import { list } from "../node/files.js";
import { ATTESTATIONS } from "./paths.js";
import { REGISTRY_FILE } from "./registry.js";

/** A project may have a folder of keys of its own. */
export function ownFiles(folder: string): string[] {
  const keys = list(join(folder, "keys")).filter((name) => name === "keyring.json" || /\.(?:pub|vkey)$/.test(name));
  return [REGISTRY_FILE, ATTESTATIONS, ...keys.map((name) => `keys/${name}`)].map((name) => resolve(folder, name));
}
