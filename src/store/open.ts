/** Opens a place by its name. Only this file knows which media there are, and how a place of each is written. */
import { join, resolve } from "node:path";
import { AttestError } from "../core/errors.js";
import { isBucketAddress, parseBucketAddress } from "./bucket/address.js";
import type { Environment } from "./bucket/endpoint.js";
import { Directory } from "./directory.js";
import { baseOf, HttpSource } from "./http-source.js";
import { ATTESTATIONS, REGISTRY_FILE } from "./paths.js";
import type { Source } from "./source.js";
import type { Store } from "./store.js";

export { isBucketAddress, type Environment };

export const isAddress = (target: string): boolean => /^https?:/i.test(target);

/**
 * A registry to read: its folder, its bucket, its address, or the address of one of its files.
 * @param environment has the endpoint of buckets, and the user's credentials
 * @throws AttestError `usage`
 */
export async function openSource(target: string, environment: Environment = {}): Promise<Source> {
  if (!isAddress(target)) return await openStore(target, environment);
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

/**
 * A registry, or any other folder or bucket of published files, to read and write. Nothing is made yet.
 * @param environment has the endpoint of buckets, and the user's credentials
 * @throws AttestError `usage`
 */
export async function openStore(place: string, environment: Environment = {}): Promise<Store> {
  if (!isBucketAddress(place)) return new Directory(place);
  const { Bucket } = await import("./bucket.js"); // few calls need it
  return new Bucket(place, environment);
}

/** The name of a file in a place, for messages and further commands. */
export const fileAt = (place: string, path: string): string =>
  isBucketAddress(place) ? `${parseBucketAddress(place).place}/${path}` : join(place, path);

/** The name of a place in another working directory. */
export const anywhere = (place: string): string => (isBucketAddress(place) ? place : resolve(place));

export interface FileInBucket {
  readonly registry: string;
  readonly name: string;
}

/** The registry in a bucket whose document a target is; undefined for the registry itself, and outside of buckets. */
export function documentInBucket(target: string): FileInBucket | undefined {
  const [, registry, name] = (isBucketAddress(target) && DOCUMENT.exec(target)) || [];
  return registry === undefined || name === undefined ? undefined : { registry, name };
}

const DOCUMENT = new RegExp(`^(.*)/${ATTESTATIONS}/([^/]+\\.json)$`, "s");
