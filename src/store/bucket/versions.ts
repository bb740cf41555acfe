/**
 * A file that changes is kept in a bucket as numbered objects, `<path>.v/000000000001` and so on, each written once. What `create` wrote lies
 * at the path itself, and counts as version 0. Numbers have no gaps, since each is created after the one before it was seen, and none is ever
 * deleted: so the newest is found without a list, which not everybody may read.
 */
import { MAX_VERSION } from "./client.js";

const FOLDER = ".v";

export const versionPath = (path: string, version: number): string =>
  `${path}${FOLDER}/${String(version).padStart(12, "0")}`;

/** Whether a name in a list is the folder of a file's versions. */
export const isVersions = (name: string): boolean => name.endsWith(FOLDER);

/** The path of the file to which a path belongs. */
export const fileOf = (path: string): string => {
  const at = path.split("/").findIndex(isVersions);
  return at < 0
    ? path
    : path
        .split("/")
        .slice(0, at + 1)
        .join("/")
        .slice(0, -FOLDER.length);
};

/**
 * The newest version at some moment of this call; 0 if there is none.
 * @param start where to look first: somebody's word, which may name a version that there never was
 */
export async function newestVersion(start: number, exists: (version: number) => Promise<boolean>): Promise<number> {
  const begun = start > 0 && (await exists(start));
  let there = begun ? start : 0;
  let missing = start > 0 && !begun ? start : MAX_VERSION + 1;
  for (let step = 1; there + step < missing; step *= 2) {
    if (await exists(there + step)) there += step;
    else missing = there + step;
  }
  while (missing - there > 1) {
    const middle = there + Math.floor((missing - there) / 2);
    if (await exists(middle)) there = middle;
    else missing = middle;
  }
  return there;
}
