// Does gzip give back what it was given? Run it with: attest run docs/examples/round-trip.js
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineScenario } from "@f3/attest";

const LEVELS = [1, 2, 3, 4, 5, 6, 7, 8, 9];

export default defineScenario({
  title: "gzip gives back what it was given",
  hypothesis: "A text that gzip has packed is smaller, and unpacked it is the same text.",
  checks: [
    {
      id: "same",
      claim: "What is unpacked is what was packed, at every level.",
      // As data: the outcome is computed from what is observed, here and by whoever verifies it.
      criterion: {
        measures: [
          { name: "levels", of: "distinct", field: "level", where: {} },
          { name: "changed", of: "count", where: { same: false } },
        ],
        holds: [{ measure: "changed", is: "=", value: 0 }],
        needs: [{ measure: "levels", is: "=", value: LEVELS.length }],
      },
    },
    // In words: the outcome is what `run` reports.
    {
      id: "smaller",
      claim: "What is packed is smaller.",
      expected: "less than a tenth of the bytes, at the best level",
    },
    { id: "version", claim: "It says which version it is.", expected: "a number", required: false },
  ],
  notChecked: ["Texts of more than a megabyte, and texts in which nothing is repeated."],

  async run(probe) {
    const { exitCode, stdout } = await probe.spawn(["sh", "-c", "gzip --version"], { name: "version" });
    if (exitCode !== 0) {
      probe.skip("same", "gzip is not installed here");
      probe.skip("smaller", "gzip is not installed here");
    }
    const [version] = /\d+\.\d+/.exec(stdout) ?? [];
    probe.check("version", version !== undefined, version ?? "none");
    if (exitCode !== 0) return;

    const text = "Whoever reads this reads it again. ".repeat(10_000);
    const file = join(probe.home, "text");
    writeFileSync(file, text);
    for (const level of LEVELS) {
      probe.progress(`level ${level} of ${LEVELS.length}`, level / LEVELS.length);
      await probe.spawn(["sh", "-c", `gzip -${level} < text > text.gz && gzip -d < text.gz > again`], {
        cwd: probe.home,
      });
      probe.observe({ level, same: readFileSync(join(probe.home, "again"), "utf8") === text });
    }
    const packed = readFileSync(`${file}.gz`);
    probe.attach("text.gz", packed, { mediaType: "application/gzip" });
    probe.measure("smaller", "bytes before", text.length);
    probe.measure("smaller", "bytes after", packed.length);
    probe.check("smaller", packed.length < text.length / 10, `${packed.length} bytes of ${text.length}`);
  },
});
