/** The packed tarball, installed elsewhere: its bin runs, its exports import, and nothing else is in it. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const place = mkdtempSync(join(tmpdir(), "f3-attest-package-"));
const installed = join(place, "node_modules", "@f3", "attest");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  version: string;
  dependencies: Record<string, string>;
};
let packed: { filename: string; files: { path: string }[] };

const node = (...args: string[]): string =>
  execFileSync(process.execPath, args, {
    cwd: place,
    encoding: "utf8",
    env: { PATH: process.env["PATH"], F3_ATTEST_HOME: join(place, "home") },
  });

beforeAll(() => {
  const npm = { npm_config_offline: "true", npm_config_update_notifier: "false" };
  const out = execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", place], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, ...npm },
    stdio: ["ignore", "pipe", "ignore"],
  });
  [packed] = JSON.parse(out) as [typeof packed];
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", join(place, packed.filename), "-C", installed, "--strip-components=1"]);
  // What `npm install` would fetch: the run-time dependencies, and no others.
  for (const name of [
    ...Object.keys(manifest.dependencies),
    "@noble/curves",
    "@noble/ciphers",
    "@noble/post-quantum",
    "@scure/base",
    "tweetnacl",
  ]) {
    mkdirSync(join(place, "node_modules", name, ".."), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(place, "node_modules", name));
  }
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

it("holds the build and the documents, no sources, no tests, no keys", () => {
  const paths = packed.files.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining([
      "dist/cli/main.js",
      "dist/cli/LICENSES.txt",
      "dist/index.js",
      "dist/index.d.ts",
      "dist/web/verifier.js",
      "dist/web/log.js",
      "dist/web/style.css",
      "hooks/pre-commit",
      "README.md",
      "LICENSE",
      "package.json",
    ]),
  );
  expect(
    paths.filter(
      (path) => !/^(?:dist\/|hooks\/|README\.md|LICENSE|CHANGELOG\.md|SECURITY\.md|package\.json)/.test(path),
    ),
  ).toEqual([]);
  expect(paths.filter((path) => /\.(?:pem|age|key|cache)$/.test(path))).toEqual([]);
});

it("has a bin that runs", () => {
  expect(node(join(installed, "dist/cli/main.js"), "version")).toContain(`attest ${manifest.version}`);
  expect(node(join(installed, "dist/cli/main.js"), "init", "lab", "--origin", "example.org/lab")).toContain("lab");
});

it("has exports that import", () => {
  writeFileSync(
    join(place, "use.mjs"),
    'import * as attest from "@f3/attest"; console.log(Object.keys(attest).join(" "), attest.derive([]).verdict);',
  );
  expect(node("use.mjs")).toMatch(/\bverify\b.*INCONCLUSIVE/);
});

it("keeps what is private private", () => {
  writeFileSync(
    join(place, "reach.mjs"),
    'await import("@f3/attest/dist/keystore/keystore.js").then(() => console.log("reached"), (error) => console.log(error.code));',
  );
  expect(node("reach.mjs")).toContain("ERR_PACKAGE_PATH_NOT_EXPORTED");
});
