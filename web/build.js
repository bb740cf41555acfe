/** Builds the browser verifier, the same bytes from every checkout: scripts and style, which src/site inlines, and verify.html itself. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
mkdirSync(new URL("../dist/web/", import.meta.url), { recursive: true });
for (const { entry, output } of [
  { entry: "web/main.ts", output: "verifier.js" },
  { entry: "web/log.ts", output: "log.js" },
]) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    minify: true,
    legalComments: "none",
    define: { "process.env.NODE_ENV": '"production"' },
  });
  // A "</script" inside a bundle would end the element that it is inlined into.
  const text = outputFiles
    .map((file) => file.text)
    .join("")
    .replaceAll("</script", "<\\/script");
  writeFileSync(new URL(`../dist/web/${output}`, import.meta.url), text);
}
writeFileSync(new URL("../dist/web/style.css", import.meta.url), readFileSync(new URL("style.css", import.meta.url)));
const { assets } = await import("../dist/site/assets.js");
const { verifierPage } = await import("../dist/site/build.js");
const { nodeEngine } = await import("../dist/node/engine.js");
writeFileSync(new URL("../dist/web/verify.html", import.meta.url), verifierPage(assets(), nodeEngine));
