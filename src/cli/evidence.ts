/** `attest evidence`: the bytes that back an attestation. */
import type { Command } from "commander";
import { withExamples } from "./context.js";
import { pack } from "./evidence-pack.js";

export function evidence(attest: Command): void {
  const verb = attest.command("evidence").description("keep the bytes that back an attestation");
  withExamples(verb, "attest evidence pack demo/attestations/test_*.json");
  pack(verb);
}
