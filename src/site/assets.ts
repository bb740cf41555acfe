/** What every page carries: the verifier, the script of the log page, and the style. */
import { readFileSync } from "node:fs";
import type { Assets } from "./document.js";

/** The bundles made by `npm run build`. When run from source they are found in `dist`. */
export function assets(): Assets {
  const load = (name: string): string => {
    try {
      return readFileSync(new URL(`../web/${name}`, import.meta.url), "utf8");
    } catch {
      return readFileSync(new URL(`../../dist/web/${name}`, import.meta.url), "utf8");
    }
  };
  return { style: load("style.css"), script: load("verifier.js"), logScript: load("log.js") };
}
