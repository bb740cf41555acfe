/** `attest evidence`: preserves what a claim depends on. */
import type { Command } from "commander";
import { evidenceAdd } from "./evidence-add.js";
import { pack } from "./evidence-pack.js";
import { withExamples } from "./options.js";

export function evidence(attest: Command): void {
  const verb = attest.command("evidence").description("preserve what a claim depends on");
  withExamples(
    verb,
    "attest evidence add results/output.txt --statement statement.json",
    "attest evidence pack demo/attestations/test_*.json",
  );
  evidenceAdd(verb);
  pack(verb);
}
