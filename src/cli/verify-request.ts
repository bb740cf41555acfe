/** What `attest verify` is asked, for its process and its workers alike. */
import type { Requirements } from "../pipeline/verify/require.js";
import type { Verified, VerifyRequest } from "../pipeline/verify/verify.js";
import { logMemory, readStdin } from "./context.js";
import { keyRequest, type KeyOptions, type WitnessOptions } from "./key-options.js";
import { brief, inOneLine, lineOf, type Line } from "./verified-words.js";

/** What is verified, and how: all of it can be sent to a worker. */
export interface Asked extends KeyOptions, WitnessOptions, Requirements {
  readonly targets: readonly string[];
  readonly recompute?: boolean;
}

export const requestOf = ({ targets, notice = [], witness = [], ...rest }: Asked): VerifyRequest => ({
  ...keyRequest(rest),
  targets,
  notices: notice,
  stdin: readStdin,
  recompute: rest.recompute ?? false,
  policy: rest.policy,
  policyKeys: rest.policyKeys,
  witnesses: witness,
  memory: logMemory(),
});

/** `ndjson` has one JSON object in each line. */
export type Form = "line" | "verbose" | "ndjson";

export const printedAs = (one: Verified, form: Form): Line =>
  lineOf(
    one,
    form === "ndjson" ? `${JSON.stringify(brief(one))}\n` : inOneLine(one, form === "verbose").join("\n") + "\n",
  );
