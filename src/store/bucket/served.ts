/** The headers with which a bucket, or a network of caches before it, serves a file of a registry. */
import { posix } from "node:path";
import { CONTENT_TYPES } from "../../formats/content-types.js";
import type { ObjectHeaders } from "./client.js";

/** C2SP tlog-tiles asks for this type, and for octets in tiles. */
const CHECKPOINT = "text/plain; charset=utf-8";

const FOREVER = "public, max-age=31536000, immutable";
const SHORT = "public, max-age=30";

export function servedAs(path: string): ObjectHeaders {
  const type = isCheckpoint(path) ? CHECKPOINT : isEvidence(path) ? undefined : CONTENT_TYPES[posix.extname(path)];
  return {
    "content-type": type ?? "application/octet-stream",
    "cache-control": isEvidence(path) || isDocument(path) || isFullTile(path) ? FOREVER : SHORT,
    // A browser downloads it: it may be a page that somebody wrote.
    ...(isEvidence(path) && { "content-disposition": "attachment" }),
  };
}

/** A numbered version never changes. */
export const servedAlways = (path: string): ObjectHeaders => ({ ...servedAs(path), "cache-control": FOREVER });
/** What was written once, and is written anew now. */
export const servedShortly = (path: string): ObjectHeaders => ({ ...servedAs(path), "cache-control": SHORT });

const isCheckpoint = (path: string): boolean => posix.basename(path) === "checkpoint";
const isEvidence = (path: string): boolean => /(?:^|\/)attestations\/evidence\//.test(path);
/** Its id is the digest of its content. It gets other bytes if another signature is added. */
const isDocument = (path: string): boolean => /(?:^|\/)attestations\/(?:test|plan|note)_[0-9a-f]{16}\.json$/.test(path);
/** A partial tile has a folder that ends in `.p`; its writer may have been killed, and the next one replaces it. */
const isFullTile = (path: string): boolean => /(?:^|\/)tile\/(?!.*\.p\/)/.test(path);
