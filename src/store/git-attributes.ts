/**
 * Most registries are kept in git, which converts line ends of files that it takes for text. A clone would then have other bytes than those
 * that were hashed. gitattributes(5): `-text` turns that off.
 */
import { concat, equal, utf8, type Bytes } from "../core/bytes.js";
import type { Store } from "./store.js";

export const GIT_ATTRIBUTES = ".gitattributes";
const LINES = ["attest.json -text", "keys/** -text", "attestations/** -text"];
const OWN = utf8(`# What is signed and hashed stays as it is, byte for byte.\n${LINES.join("\n")}\n`);

/** Appends the needed lines to the folder's own file in its encoding, and keeps what is there. */
export async function leaveBytesAlone(store: Store): Promise<void> {
  if (store.remote) return; // it is no clone's
  await store.update(GIT_ATTRIBUTES, (bytes = new Uint8Array()) => {
    const text = Buffer.from(bytes).toString("latin1");
    const there = new Set(text.split(/\r?\n/).map((line) => line.trim()));
    if (LINES.every((line) => there.has(line))) return undefined;
    return concat(bytes, utf8(text === "" || text.endsWith("\n") ? "" : "\n"), OWN);
  });
}

/** Whether the file holds only our lines: then it belongs to the registry, not to the surrounding project. */
export const isOwnAttributes = (bytes: Bytes): boolean => equal(bytes, OWN);
