/** Documentation under test: each command runs as it is printed, each table names what there is, each link leads somewhere. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { exitOf } from "../src/cli/exit-status.js";
import { CODES, meaningOf } from "../src/core/codes.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const text = (path: string): string => readFileSync(join(root, path), "utf8");
const blocks = (path: string, language: string): string[] =>
  [...text(path).matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(
    (found) => found[1] ?? "",
  );

const place = mkdtempSync(join(tmpdir(), "f3-attest-docs-"));
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** A clone with the build and the dependencies of this one, and nobody's keys. */
function clone(): string {
  const folder = join(place, "clone");
  if (existsSync(folder)) return folder;
  const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: root, encoding: "utf8" })
    .split("\n")
    .filter(Boolean);
  for (const file of files) if (existsSync(join(root, file))) cpSync(join(root, file), join(folder, file));
  cpSync(join(root, "dist"), join(folder, "dist"), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}

/** The program as npm links it; a build alone does not make it executable. */
function installed(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\nexec "${process.execPath}" "${join(root, "dist/cli/main.js")}" "$@"\n`, {
    mode: 0o755,
  });
}

/** Somebody's project, with tests and a first commit. */
function ownProject(folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "name": "your-project", "scripts": { "test": "node --test" } }');
  writeFileSync(join(folder, "one.test.js"), 'require("node:test").test("adds", () => undefined);');
  writeFileSync(join(folder, ".gitignore"), "node_modules\n");
  const git = ["git", "-c user.name=a -c user.email=a@example.org -c init.defaultBranch=main"].join(" ");
  execFileSync("sh", ["-ec", `${git} init -q; ${git} add -A; ${git} commit -qm first`], { cwd: folder });
}

function shell(script: string, cwd: string, env: Record<string, string> = {}): { code: number | null; out: string } {
  const npmrc = { npm_config_update_notifier: "false", npm_config_offline: "true" };
  const { PATH = "", LANG = "C.UTF-8" } = process.env;
  const home = join(place, "home");
  const done = spawnSync("bash", ["-euo", "pipefail", "-c", script], {
    cwd,
    encoding: "utf8",
    env: { PATH: `${dirname(process.execPath)}:${PATH}`, LANG, HOME: home, ...npmrc, ...env },
  });
  return { code: done.status, out: done.stdout + done.stderr };
}

describe("README", () => {
  it("begins with the two commands, and CI runs them as they stand there", () => {
    const readme = text("README.md");
    const ci = text(".ci/run");
    for (const command of ["npm install && npm start", "npm install && npm test"]) {
      expect(readme).toContain(command);
      expect(ci).toContain(command);
    }
  });

  it("has shell commands that run, in the order in which they stand", () => {
    const folder = clone();
    ownProject(join(folder, "your-project"));
    const bin = join(place, "bin");
    installed(join(bin, "attest"));
    for (const block of blocks("README.md", "sh")) {
      // Installing is what CI does on a fresh clone; here the same dependencies lie there already.
      if (block.trim() === "npm install && npm test") continue; // this test
      const { code, out } = shell(
        block.replace(/^npm install (?:&& |--global .*\n)/m, `PATH="${bin}:$PATH"\n`),
        folder,
      );
      expect(code, `${block}\n${out}`).toBe(0);
    }
    const stranger = (more = "") =>
      shell(`F3_ATTEST_HOME=$(mktemp -d) npx attest verify your-project ${more} || echo "exit $?"`, folder).out;
    expect(stranger()).toContain("exit 3");
    expect(stranger("--key your-project/keys/signer.pub")).not.toContain("exit");
  }, 300_000);

  it("on this repository's own results has commands that run", () => {
    for (const block of blocks("docs/own-results.md", "sh")) {
      const { code, out } = shell(block, clone());
      expect(code, out).toBe(0);
      expect(out).toContain("exit 5");
    }
  }, 120_000);

  it("on the library has an example that runs against the package", () => {
    const folder = clone();
    const [example = ""] = blocks("docs/library.md", "ts");
    const file = validated();
    const { code, out } = shell(
      `mkdir -p example/node_modules/@f3 && ln -sfn ../../.. example/node_modules/@f3/attest && cp ${file} example/attestation.json && cp keys/founding-2026-11.pub example/signer.pub
       cat > example/run.mjs <<'END'\n${example}\nEND\ncd example && node run.mjs`,
      folder,
    );
    expect(code, out).toBe(0);
    expect(out).toContain("ok confirmed-by-you VALIDATED accepted");
  });

  it.each([
    "README.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "docs/architecture.md",
    "docs/keys.md",
    "docs/openssl.md",
    "docs/formats.md",
    "docs/tasks.md",
    "docs/trust.md",
    "docs/run.md",
    "docs/site.md",
    "docs/scenarios.md",
    "docs/ci.md",
    "docs/log.md",
    "docs/key-changes.md",
    "docs/codes.md",
    "docs/dependencies.md",
    "docs/library.md",
    "docs/own-results.md",
    "CONTRIBUTING.md",
  ])("has no dead link in %s", (path) => {
    for (const [, target = ""] of text(path).matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
      if (!/^[a-z]+:/.test(target))
        expect(existsSync(join(root, dirname(path), target)), `${path}: ${target}`).toBe(true);
    }
  });
});

/** One of the repository's own results. */
const validated = (): string =>
  readdirSync(join(root, "attestations"))
    .filter((name) => /^test_.*json$/.test(name))
    .map((name) => `attestations/${name}`)
    .find((path) => text(path).includes('"verdict": "VALIDATED"')) ?? "none";

describe("docs", () => {
  it("on running commands has commands that run", () => {
    const folder = join(place, "run");
    installed(join(folder, "bin/attest"));
    const [first = "", ...more] = blocks("docs/run.md", "sh");
    const env = { F3_ATTEST_HOME: join(place, "run-home") };
    for (const [block, cwd] of [[first, folder] as const, ...more.map((one) => [one, join(folder, "sums")] as const)]) {
      const { code, out } = shell(`PATH="${folder}/bin:$PATH"\n${block}`, cwd, env);
      expect(code, `${block}\n${out}`).toBe(0);
    }
  }, 60_000);

  it("on changes of keys has commands that run, and leave a result that verifies", () => {
    const folder = join(place, "keys");
    installed(join(folder, "bin/attest"));
    writeFileSync(join(folder, "a.txt"), "a\n");
    const env = { F3_ATTEST_HOME: join(place, "keys-home") };
    const begin = "attest init . --origin example.org/lab && attest run --subject a.txt -- true";
    for (const block of [begin, ...blocks("docs/key-changes.md", "sh")]) {
      const { code, out } = shell(`PATH="${folder}/bin:$PATH"\n${block}`, folder, env);
      expect(code, `${block}\n${out}`).toBe(0);
    }
  }, 60_000);

  it("lists every code with its exit status and its meaning", () => {
    const rows = [...text("docs/codes.md").matchAll(/^\| `([^`]+)` \| (\d) \| (.*) \|$/gm)].map(
      ([, code, exit, meaning]) => [code, Number(exit), meaning],
    );
    expect(rows).toEqual(CODES.map((code) => [code, exitOf(code), meaningOf(code)]));
  });

  it("says of every dependency what it is for", () => {
    const { dependencies, devDependencies } = JSON.parse(text("package.json")) as Record<
      string,
      Record<string, string>
    >;
    const named = [...text("docs/dependencies.md").matchAll(/`((?:@[\w-]+\/)?[\w.-]+)`/g)].map(([, name]) => name);
    for (const name of [...Object.keys(dependencies ?? {}), ...Object.keys(devDependencies ?? {})])
      expect(named, name).toContain(name);
  });

  it("names the floors that there are", () => {
    const layout = text("docs/architecture.md");
    for (const floor of execFileSync("git", ["ls-files", "-co", "--exclude-standard", "src"], {
      cwd: root,
      encoding: "utf8",
    })
      .split("\n")
      .map((file) => file.split("/")[1] ?? "")) {
      if (floor !== "" && !floor.endsWith(".ts")) expect(layout, floor).toContain(`src/${floor}`);
    }
  });

  it("on formats has commands that run", () => {
    const folder = join(place, "formats");
    installed(join(folder, "bin/attest"));
    cpSync(join(root, validated()), join(folder, "attestation.json"));
    cpSync(join(root, "keys/founding-2026-11.pub"), join(folder, "signer.pub"));
    const [block = ""] = blocks("docs/formats.md", "sh");
    const env = { F3_ATTEST_HOME: join(place, "formats-home") };
    const { code, out } = shell(`PATH="${folder}/bin:$PATH"\n${block}`, folder, env);
    expect(code, out).toBe(0);
    expect(readdirSync(folder).filter((name) => name.startsWith("attestation."))).toHaveLength(5);
    expect(readdirSync(join(folder, "raw")).sort()).toEqual(["message", "pub.pem", "signature"]);
    expect(out).toContain(readFileSync(join(folder, "attestation.json"), "utf8"));
  });

  it("verifies with openssl alone, by the recipe as printed", (context) => {
    for (const tool of ["jq", "openssl", "ssh-keygen"])
      if (spawnSync(tool, ["--version"]).error) context.skip(`${tool} is not installed`);
    const [recipe = ""] = blocks("docs/openssl.md", "sh");
    const file = validated();
    const key = "keys/founding-2026-11.pub";
    const work = mkdtempSync(join(place, "openssl-"));
    const good = shell(recipe, work, { FILE: join(root, file), KEY: join(root, key) });
    expect(good.code, good.out).toBe(0);
    expect(good.out).toContain("Signature Verified Successfully");
    const [keyid = "none"] = /SHA256:[A-Za-z0-9+/]{43}/.exec(text(file)) ?? [];
    expect(good.out).toContain(keyid);
    const forged = shell(
      `sed 's/VALIDATED/INCONCLUSIVE/' ${join(root, file)} > forged.json; FILE=forged.json\n${recipe}`,
      work,
      { KEY: join(root, key) },
    );
    expect(forged.code).not.toBe(0);
  });
});
