/**
 * A registry lies in git for most people, and git converts line ends where it takes a file for text: what is hashed would be other bytes in the
 * next clone. gitattributes(5): `-text` leaves a file as it is.
 */
import { concat, equal, utf8, type Bytes } from "../core/bytes.js";
import type { Store } from "./store.js";

export const GIT_ATTRIBUTES = ".gitattributes";
const LINES = ["attest.json -text", "keys/** -text", "attestations/** -text"];
const OWN = utf8(`# What is signed and hashed stays as it is, byte for byte.\n${LINES.join("\n")}\n`);

/** Adds what a registry needs to the folder's own file, in whatever encoding that is, and changes nothing that stands there. */
export const leaveBytesAlone = (store: Store): Promise<void> =>
  store.update(GIT_ATTRIBUTES, (bytes = new Uint8Array()) => {
    const text = Buffer.from(bytes).toString("latin1");
    const there = new Set(text.split(/\r?\n/).map((line) => line.trim()));
    if (LINES.every((line) => there.has(line))) return undefined;
    return concat(bytes, utf8(text === "" || text.endsWith("\n") ? "" : "\n"), OWN);
  });

/** Whether nobody else wrote a word of it: then it is a part of the registry, and none of the project around it. */
export const isOwnAttributes = (bytes: Bytes): boolean => equal(bytes, OWN);
