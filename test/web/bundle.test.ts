/** The verifier's bundle: the same bytes from every checkout, of core, formats and view alone, and with nothing in it that a page must not do. */
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { hex } from "../../src/core/bytes.js";
import { nodeEngine } from "../../src/node/engine.js";
import { place, removePlaces } from "./making.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const OUTPUT = ["verifier.js", "log.js", "style.css", "verify.html"] as const;
const digests = (folder: string): string[] =>
  OUTPUT.map((name) => hex(nodeEngine.sha256(readFileSync(join(folder, "dist/web", name)))));
const read = (name: string): string => readFileSync(join(root, "dist/web", name), "utf8");
const script = read("verifier.js");
afterAll(removePlaces);

/** Another checkout with the same dependencies, built there. */
function checkout(...path: string[]): string {
  const folder = join(place(), ...path);
  mkdirSync(folder, { recursive: true });
  for (const part of ["src", "web", "dist", "package.json", "tsconfig.json"]) {
    cpSync(join(root, part), join(folder, part), {
      recursive: true,
      filter: (from) => from !== join(root, "dist/web"),
    });
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  execFileSync(process.execPath, ["web/build.js"], { cwd: folder });
  return folder;
}

describe("the build", () => {
  test("gives the same bytes here, in another folder, and once more, from wherever it is started", () => {
    const other = checkout("a folder", "with spaces in it");
    const first = digests(other);
    execFileSync(process.execPath, [join(other, "web/build.js")], { cwd: "/" });
    expect(digests(other)).toEqual(first);
    expect(digests(checkout("b"))).toEqual(first);
    expect(digests(root), "dist is not the build of these sources: run npm run build").toEqual(first);
  });

  test.each(["web/main.ts", "web/log.ts"])(
    "%s takes from src what a browser may run: core, formats and view; and four packages",
    async (entry) => {
      const { metafile } = await build({
        absWorkingDir: root,
        entryPoints: [entry],
        bundle: true,
        write: false,
        metafile: true,
        format: "iife",
        target: "es2022",
        define: { "process.env.NODE_ENV": '"production"' },
      });
      const [output] = Object.values(metafile.outputs);
      const inputs = Object.entries(output!.inputs).flatMap(([path, { bytesInOutput }]) =>
        bytesInOutput > 0 ? [path] : [],
      );
      const folders = inputs.flatMap((path) => (path.startsWith("node_modules/") ? [] : [path.replace(/[^/]+$/, "")]));
      const packages = inputs.flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
      expect([...new Set(folders)].filter((folder) => !/^(?:src\/(?:core|formats|view)|web)\//.test(folder))).toEqual(
        [],
      );
      expect([...new Set(packages)].sort()).toEqual(["@noble/ed25519", "@noble/hashes", "canonicalize", "zod"]);
      expect(inputs.filter((path) => path.includes("zod/v4/classic"))).toEqual([]); // the small zod, not the large one
      expect(output!.imports).toEqual([]);
    },
  );
});

test("the bundle that pages have asks for no network; that of the log's own page fetches, and does nothing else of the kind", () => {
  expect(script).not.toMatch(/\bfetch\(/);
  expect(read("log.js").match(/\bfetch\(/g)).toHaveLength(1);
});

describe.each(["verifier.js", "log.js"])("the bundle %s", (name) => {
  const script = read(name);

  test("asks for no module and no network, and keeps nothing but what it saw of a log", () => {
    expect(script).not.toMatch(
      /\b(?:require|import)\(|["'`]node:|XMLHttpRequest|WebSocket|sendBeacon|EventSource|sessionStorage|indexedDB|document\.cookie|sourceMappingURL/,
    );
    expect(script.match(/localStorage\.\w+/g)).toEqual(["localStorage.getItem", "localStorage.setItem"]);
  });

  test("writes no markup and makes no code of text", () => {
    expect(script).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|srcdoc|DOMParser|\bFunction\b|\beval\(|setTimeout\(["'`]/,
    );
  });

  test("cannot end the element that it stands in", () => {
    expect(script).not.toMatch(/<\/script|<script|<!--/i);
  });

  test("holds no path of the machine that built it", () => {
    expect(script).not.toContain(root);
    expect(script).not.toMatch(/node_modules|\/home\/|\/tmp\/|(?<!\.)\.ts\b/); // `...ts` spreads a variable
  });
});
