// What takes minutes: the whole matrix at its full length, holders of the lock that die again and again, a million spoilt attestations, commands that are killed
// at each call that changes the disk, key files of which each byte is another, a list that eight write.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    include: [
      "test/soak/**/*.test.ts",
      "test/kill/**/*.test.ts",
      "test/keystore/imported.test.ts",
      "test/tasks/contention.test.ts",
      "test/interop/tap-parser.test.ts",
      "test/harness/command/printed.test.ts",
    ],
    env: { ATTEST_KILL: "all", ATTEST_TAP_STREAMS: "10", ATTEST_MUTATIONS: "2000" },
    // One after the other: what is measured is under load already.
    fileParallelism: false,
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
});
