// Other people's vectors, from the folder in ATTEST_VECTORS: they are not part of this repository.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: { include: ["test/conformance/**/*.test.ts"], maxWorkers: 2, testTimeout: 150_000, hookTimeout: 60_000 },
});
