/** `attest log forget`: the only way to accept a log that its operator made anew. */
import type { Command } from "commander";
import { AttestError } from "../core/errors.js";
import { logMemory } from "./context.js";
import { withExamples, withJson } from "./options.js";
import { answer, answerJson, talk } from "./ui.js";

export function forget(log: Command): void {
  const command = log
    .command("forget <origin>")
    .description(
      "forget what you saw of a log, or of all logs of a registry: after its operator explained why the log was recreated",
    );
  withExamples(
    withJson(command),
    "attest log check demo; attest log forget $(jq -r .origin demo/attest.json)/attestations/log",
  ).action((origin: string, { json }: { readonly json?: true }) => {
    const forgotten = logMemory().forget(origin);
    if (forgotten.length === 0)
      throw new AttestError(
        "file-missing",
        `nothing is remembered of ${origin}`,
        "name the origin as verify and log check print it: example.org/lab/attestations/log, or the registry's: example.org/lab",
      );
    if (json) return answerJson({ origin, forgotten });
    answer(...forgotten);
    talk("the next look at it is a first one: what was there before is not compared any more");
  });
}
