// What takes minutes: the whole matrix at its full length, holders of the lock that die again and again, a million spoilt attestations.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    include: ["test/soak/**/*.test.ts"],
    // One after the other: what is measured is under load already.
    fileParallelism: false,
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
});
