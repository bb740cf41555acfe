/**
 * Puts the program into few files, dependencies and all: loading two hundred modules takes longer than most of what it is asked for. They are
 * CommonJS, because Node's loader of modules alone takes a fifth of its own start. Tests that are written for this tool stay modules of
 * their own, because statements name them by their digest.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const root = new URL("../../", import.meta.url);
const built = new URL("dist/cli/", root);
/** Large, rarely wanted, and imported where they are: one copy serves every program. */
const SHARED = ["age-encryption", "bcrypt-pbkdf", "pg", "pg-boss"];
const shared = SHARED.map((name) => /** @type {Import} */ ([new RegExp(`^${name}$`), `./${name}.js`]));
/** @satisfies {import("esbuild").BuildOptions} */
const options = /** @type {const} */ ({
  absWorkingDir: fileURLToPath(root),
  outdir: fileURLToPath(built),
  bundle: true,
  platform: "node",
  target: "node20.19",
  metafile: true,
  write: false,
});

/** @typedef {readonly [filter: RegExp, path: string]} Import */

/**
 * What is not put into a program, by the path that it is imported by.
 * @type {(imports: readonly Import[]) => import("esbuild").Plugin}
 */
const outside = (imports) => ({
  name: "outside",
  setup: (bundler) => {
    for (const [filter, path] of imports) bundler.onResolve({ filter }, () => ({ path, external: true }));
    // Commander starts programs for commands that are files of their own, which we have none of.
    bundler.onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      importer.includes("/node_modules/commander/") ? { path: "nothing", namespace: "nothing" } : undefined,
    );
    bundler.onLoad({ filter: /^nothing$/, namespace: "nothing" }, () => ({ contents: "" }));
  },
});

/**
 * All in one file, which is found and read once. What is rarely wanted is in it too, as functions that are not called.
 * @type {(entry: string) => Promise<import("esbuild").Metafile>}
 */
async function oneFile(entry) {
  const { metafile } = await build({
    ...options,
    entryPoints: [`src/cli/${entry}.ts`],
    format: "cjs",
    write: true,
    define: { "import.meta.url": "__url" },
    banner: { js: 'const __url = require("node:url").pathToFileURL(__filename).href;' },
    plugins: [outside([[/\/scenarios\/index\.js$/, "../scenarios/index.js"], ...shared])],
  });
  return metafile;
}

/**
 * esbuild splits modules only, so its output is made CommonJS afterwards.
 * @type {(entries: readonly string[], imports?: readonly Import[]) => Promise<import("esbuild").Metafile>}
 */
async function program(entries, imports = []) {
  const { metafile, outputFiles } = await build({
    ...options,
    entryPoints: entries.map((name) => `src/cli/${name}.ts`),
    splitting: true,
    format: "esm",
    plugins: [outside([[/\/scenarios\/index\.js$/, "../scenarios/index.js"], ...shared, ...imports])],
  });
  for (const { path, text } of outputFiles) {
    const name = basename(path);
    const called = (metafile.outputs[`dist/cli/${name}`]?.imports ?? [])
      .filter(({ kind }) => kind === "dynamic-import")
      .map(({ path }) => (path.startsWith("dist/cli/") ? `./${basename(path)}` : path))
      .filter((from) => from.startsWith("./"));
    let code = text;
    for (const from of new Set(called)) {
      if (!code.includes(`import("${from}")`)) throw new Error(`expected the import of ${from} in ${name}, found none`);
      code = code.replaceAll(`import("${from}")`, `Promise.resolve().then(() => require("${from}"))`);
    }
    const commonJs = await transform(code, {
      format: "cjs",
      platform: "node",
      target: options.target,
      define: { "import.meta.url": "__url" },
      banner: code.includes("import.meta.url")
        ? 'const __url = require("node:url").pathToFileURL(__filename).href;'
        : "",
    });
    writeFileSync(new URL(name, built), commonJs.code, { mode: name === "main.js" ? 0o755 : 0o644 });
  }
  return metafile;
}

rmSync(built, { recursive: true, force: true }); // what the compiler made of them
mkdirSync(built, { recursive: true });
writeFileSync(new URL("package.json", built), '{ "type": "commonjs" }\n');
const packaged = await Promise.all(
  SHARED.map((name) =>
    build({
      ...options,
      entryPoints: [name],
      format: "cjs",
      write: true,
      external: ["pg-native", "pg-cloudflare"], // optional, and not ours
      plugins: [outside(shared.filter(([filter]) => !filter.test(name)))],
    }),
  ),
);
const metafiles = [
  ...packaged.map(({ metafile }) => metafile),
  await program(["main"], [[/\/whole\.js$/, "./whole.js"]]),
  ...(await Promise.all(["verify", "show", "version"].map((verb) => oneFile(`only-${verb}`)))),
  await program(["whole", "program"]),
  await program(["verify-worker"]),
];

// Each is called once, for its code cache: what is compiled then is what most calls need.
const home = mkdtempSync(join(tmpdir(), "attest-build-"));
const [attestation] = readdirSync(new URL("attestations/", root)).filter((name) => /^test_.*\.json$/.test(name));
const own = [`attestations/${attestation ?? ""}`, "--keyring", "keys/keyring.json"];
for (const words of [["verify", ...own], ["show", ...own], ["version"]])
  spawnSync(process.execPath, [fileURLToPath(new URL("main.js", built)), ...words], {
    cwd: fileURLToPath(root),
    env: { F3_ATTEST_HOME: home, XDG_STATE_HOME: home },
    stdio: "ignore",
  });
rmSync(home, { recursive: true, force: true });

// Their licences ask to go where they go.
const packages = metafiles.flatMap(({ inputs }) =>
  Object.keys(inputs).flatMap((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []),
);
const licences = [...new Set(packages)].sort().map((name) => {
  const folder = new URL(`node_modules/${name}/`, root);
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  // Some have it at the end of what they say of themselves.
  const text = readFileSync(new URL(file ?? "README.md", folder), "utf8").trim();
  const licence = file === undefined ? /^#+ licen[cs]e\n(.*)/ims.exec(text)?.[1]?.trim() : text;
  if (licence === undefined) throw new Error(`expected a licence in ${name}, found none`);
  return `${name}\n\n${licence}\n`;
});
writeFileSync(new URL("LICENSES.txt", built), licences.join(`\n${"-".repeat(80)}\n\n`));
