// How the tests run: all of them in Node, those of core a second time in a browser.
import { playwright } from "@vitest/browser-playwright";
import { fileURLToPath } from "node:url";
import { defineConfig, type TestProjectConfiguration } from "vitest/config";
import { npmChromiumOptions, npmChromiumRuns } from "./test/browsers.js";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const node: TestProjectConfiguration = {
  extends: true,
  test: {
    name: "node",
    include: ["test/**/*.test.ts"],
    exclude: ["test/conformance/**", "test/soak/**"],
    setupFiles: ["test/loopback.ts"],
    sequence: { groupOrder: 0 },
  },
};

const browser = async (): Promise<TestProjectConfiguration> => ({
  extends: true,
  resolve: {
    alias: [{ find: /^(?:\.\.?\/)+engines\.js$/, replacement: here("test/core/engines.browser.ts") }],
  },
  // Found at run time, a dependency would be bundled then, and the page reloaded in the middle of a test.
  optimizeDeps: {
    include: ["@noble/ed25519", "@noble/hashes/sha2.js", "canonicalize", "fast-check", "zod/mini"],
    noDiscovery: true,
  },
  test: {
    name: "core-browser",
    include: ["test/core/**/*.test.ts"],
    fileParallelism: false,
    sequence: { groupOrder: 1 },
    browser: {
      enabled: true,
      headless: true,
      ui: false,
      screenshotFailures: false,
      api: { host: "127.0.0.1" },
      provider: playwright({ launchOptions: await npmChromiumOptions() }),
      instances: [{ browser: "chromium" }],
    },
  },
});

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
    attachmentsDir: ".cache/attachments",
    projects: npmChromiumRuns ? [node, await browser()] : [node],
  },
});
