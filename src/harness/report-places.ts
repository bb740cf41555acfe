/** Where test runners write their reports: a run reads what is new there, and none of it is part of what is tested. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Where runners write without being asked, or everybody's configuration tells them to. */
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

/** Reports that lie where runners write them, by their paths from this folder. */
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
