// How the tests run: all of them in Node, those of core that an engine could decide otherwise a second time in a browser. By folder or file, whatever project they are in: npx vitest run test/core
import { playwright } from "@vitest/browser-playwright";
import { fileURLToPath } from "node:url";
import { defineConfig, type TestProjectConfiguration, type TestProjectInlineConfiguration } from "vitest/config";
import { npmChromiumOptions, npmChromiumRuns } from "./test/browsers.js";
import { NIGHT } from "./test/night.js";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What needs nothing of its machine: one process runs these files one after the other, since loading what they test takes longer than the tests. */
const PURE = ["test/core/**/*.test.ts", "test/formats/**/*.test.ts", "test/view/**/*.test.ts"];
/** Node drives a browser here, and the browser does the work: another Node has nothing to add. */
const DRIVING = [
  "test/web/{access,attack,dropped,engines,figures,log-page,logged,logged-access,pack,pages,plans,related,verify,webkit}.test.ts",
];

/** Long, and of parts that change rarely: left to the night, as CONTRIBUTING.md says. */
const NIGHTLY = [
  "test/kill/{beside,failing,rotate,trust}.test.ts",
  "test/web/{figures,logged-access}.test.ts",
  "test/cli/big-output.test.ts",
  "test/**/rgw.test.ts",
  "test/queue/{many,silent}.test.ts",
];

/** What an engine could read, compute or verify otherwise: in Chromium too. At night all of core. */
const DEPENDING = NIGHT
  ? ["test/core/**/*.test.ts"]
  : [
      "test/core/{bytes,ed25519,json,json-scan,mangle,noncharacters}.test.ts",
      "test/core/{keys,log}/*.test.ts",
      "test/core/statement/{envelope,statement}.test.ts",
      "test/core/verify/{recompute,signatures,verify}.test.ts",
    ];

const inNode = (name: string, chosen: TestProjectInlineConfiguration["test"]): TestProjectConfiguration => ({
  extends: true,
  test: { name, setupFiles: ["test/loopback.ts"], sequence: { groupOrder: 0 }, ...chosen },
});

const node: readonly TestProjectConfiguration[] = [
  inNode("node", {
    include: ["test/**/*.test.ts"],
    exclude: ["test/conformance/**", "test/soak/**", ...PURE, ...DRIVING, ...(NIGHT ? [] : NIGHTLY)],
  }),
  inNode("pure", { include: PURE, isolate: false }),
  inNode("driving", { include: DRIVING, exclude: NIGHT ? [] : NIGHTLY }),
];

const browser = async (): Promise<TestProjectConfiguration> => ({
  extends: true,
  resolve: { alias: [{ find: /^(?:\.\.?\/)+engines\.js$/, replacement: here("test/core/engines.browser.ts") }] },
  // Found at run time, a dependency would be bundled then, and the page reloaded in the middle of a test.
  optimizeDeps: {
    include: ["@noble/ed25519", "@noble/hashes/sha2.js", "canonicalize", "fast-check", "zod/mini"],
    noDiscovery: true,
  },
  test: {
    name: "core-browser",
    include: DEPENDING,
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
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // On two cores: a file that waits for its child processes leaves its core to others.
    maxWorkers: 3,
    attachmentsDir: ".cache/attachments",
    projects: npmChromiumRuns ? [...node, await browser()] : [...node],
  },
});
