/**
 * Puts the program into few files, dependencies and all: loading two hundred modules takes longer than most of what it is asked for.
 * Tests that are written for this tool stay modules of their own, because statements name them by their digest.
 */
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = new URL("../../", import.meta.url);
const built = new URL("dist/cli/", root);
rmSync(built, { recursive: true, force: true }); // what the compiler made of them
const { metafile } = await build({
  absWorkingDir: fileURLToPath(root),
  entryPoints: ["src/cli/main.ts", "src/cli/program.ts"],
  outdir: fileURLToPath(built),
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  plugins: [
    {
      name: "scenarios stay outside",
      setup: (bundler) => {
        bundler.onResolve({ filter: /\/scenarios\/index\.js$/ }, () => ({
          path: "../scenarios/index.js",
          external: true,
        }));
      },
    },
  ],
  metafile: true,
  // For packages that are CommonJS.
  banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
});

// Their licences ask to go where they go.
const packages = Object.keys(metafile.inputs).flatMap(
  (file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? [],
);
const licences = [...new Set(packages)].sort().map((name) => {
  const folder = new URL(`node_modules/${name}/`, root);
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`expected a licence in ${name}, found none`);
  return `${name}\n\n${readFileSync(new URL(file, folder), "utf8").trim()}\n`;
});
writeFileSync(new URL("LICENSES.txt", built), licences.join(`\n${"-".repeat(80)}\n\n`));
