/** Known places of test reports. A run reads new files there, and none of them is part of the subject. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Default places of runners, and places that most configurations use. */
const PLACES: readonly (readonly [folder: string, name: RegExp])[] = [
  [".", /^(?:junit.*|.*[-_.]junit|TEST-.*|test-results?|test-report)\.xml$/i],
  [".", /^(?:ctrf-report.*|test-results|(?:jest|vitest)-results?)\.json$/i],
  [".", /^(?:test-results?|results)\.tap$/i],
  ["ctrf", /\.json$/],
  ["reports", /^(?:junit.*|TEST-.*)\.xml$/i],
  ["reports/junit", /\.xml$/],
  ["test-results", /\.xml$/],
  ["test-reports", /\.xml$/],
  ["target/surefire-reports", /^TEST-.*\.xml$/],
  ["target/failsafe-reports", /^TEST-.*\.xml$/],
  ["build/test-results/test", /^TEST-.*\.xml$/],
];

/** Reports in the known places, relative to this folder. */
export function inKnownPlaces(cwd: string): string[] {
  return PLACES.flatMap(([folder, pattern]) => {
    try {
      return readdirSync(join(cwd, folder))
        .filter((name) => pattern.test(name))
        .sort()
        .map((name) => (folder === "." ? name : `${folder}/${name}`));
    } catch {
      return [];
    }
  });
}
