/** A project's name, and the files that define how it is built and tested. */
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import type { Descriptor } from "../../core/statement/statement.js";
import { read } from "../../node/reading.js";
import { fileDigest } from "../subject/digest.js";

/** Lock files, manifests, and settings of test runners. */
const CONFIGURATION = [
  /^(?:package(?:-lock)?|npm-shrinkwrap|deno|composer)\.json$/,
  /^(?:yarn|pnpm-lock|bun|poetry|uv|pdm|Pipfile|Cargo|Gemfile|composer|mix|deno|flake|gradle)\.(?:lock|lockb|yaml|lockfile)$/,
  /^(?:vitest|vite|jest|playwright|karma|ava|wdio|cypress)\.(?:config|workspace)\.[cm]?[jt]sx?$/,
  /^jest\.config\.json$|^\.mocharc\.\w+$|^\.?(?:tap|c8|nyc)rc(?:\.\w+)?$/,
  /^tsconfig(?:\.\w+)?\.json$/,
  /^(?:pyproject\.toml|setup\.(?:cfg|py)|pytest\.ini|tox\.ini|conftest\.py|requirements[\w.-]*\.txt)$/,
  /^go\.(?:mod|sum|work)$|^Cargo\.toml$|^Gemfile$|^pom\.xml$|^(?:build|settings)\.gradle(?:\.kts)?$|^mix\.exs$/,
  /^(?:GNU)?[Mm]akefile$|^CMakeLists\.txt$|^[Jj]ustfile$|^meson\.build$/,
];

/** Those that exist in the folder, with digests. */
export async function configurationIn(folder: string): Promise<Descriptor[]> {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && CONFIGURATION.some((pattern) => pattern.test(entry.name)))
    .map(({ name }) => name)
    .sort();
  return await Promise.all(
    names.map(async (name) => ({ name, digest: { sha256: await fileDigest(join(folder, name)) } })),
  );
}

/** The name in the manifest, else the folder's name. A manifest that links out of the project is ignored. */
export function projectName(folder: string): string {
  const text = (name: string): string => {
    try {
      return new TextDecoder().decode(read(join(folder, name), { within: folder }));
    } catch {
      return "";
    }
  };
  const named = [
    /"name"\s*:\s*"([^"\\]+)"/.exec(text("package.json")),
    /^\s*name\s*=\s*["']([^"'\\]+)["']/m.exec(text("pyproject.toml")),
    /^module\s+(\S+)/m.exec(text("go.mod")),
    /^\s*name\s*=\s*"([^"\\]+)"/m.exec(text("Cargo.toml")),
  ].find((match) => match !== null);
  return named?.[1] ?? basename(folder);
}
