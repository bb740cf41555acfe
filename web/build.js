/** Builds the browser verifier, the same bytes from every checkout: script and style, which src/site inlines, and verify.html itself. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ["web/main.ts"],
  bundle: true,
  write: false,
  format: "iife",
  target: "es2022",
  minify: true,
  legalComments: "none",
  define: { "process.env.NODE_ENV": '"production"' },
});
mkdirSync(new URL("../dist/web/", import.meta.url), { recursive: true });
// A "</script" inside the bundle would end the element that it is inlined into.
writeFileSync(
  new URL("../dist/web/verifier.js", import.meta.url),
  outputFiles
    .map(({ text }) => text)
    .join("")
    .replaceAll("</script", "<\\/script"),
);
writeFileSync(new URL("../dist/web/style.css", import.meta.url), readFileSync(new URL("style.css", import.meta.url)));
const { assets, verifierPage } = await import("../dist/site/build.js");
const { nodeEngine } = await import("../dist/node/engine.js");
writeFileSync(new URL("../dist/web/verify.html", import.meta.url), verifierPage(assets(), nodeEngine));
