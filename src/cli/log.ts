/** `attest log`: commands about a registry's log. */
import type { Command } from "commander";
import { check } from "./log-check.js";
import { complete } from "./log-complete.js";
import { forget } from "./log-forget.js";
import { start } from "./log-start.js";
import { logProve, logShow } from "./log-show.js";
import { acceptance, witness } from "./log-witness.js";
import { withExamples } from "./options.js";

export function log(attest: Command): void {
  const verb = attest.command("log").description("show, check and continue a registry's log");
  withExamples(verb, "attest log show demo --open", "attest log check demo");
  logShow(verb);
  logProve(verb);
  check(verb);
  complete(verb);
  witness(verb);
  acceptance(verb);
  start(verb);
  forget(verb);
}
