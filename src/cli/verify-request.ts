/** What `attest verify` is asked, for its process and its workers alike. */
import type { Requirements } from "../pipeline/verify/require.js";
import { hex } from "../core/bytes.js";
import type { Document } from "../pipeline/load/load.js";
import { effective, verifyEach, type Heard, type Verified, type VerifyRequest } from "../pipeline/verify/verify.js";
import { engine, logMemory, readStdin } from "./context.js";
import { keyRequest, type KeyOptions, type WitnessOptions } from "./key-options.js";
import { jsonLine, shownLines } from "./ui.js";
import { brief, inOneLine, lineOf, type Line } from "./verified-words.js";

/** What is verified, and how: all of it can be sent to a worker. */
export interface Asked extends KeyOptions, WitnessOptions, Requirements {
  readonly targets: readonly string[];
  readonly recompute?: boolean;
  /** A file with lines that an earlier `--ndjson` printed. */
  readonly resume?: string;
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

/** An answer, and how it is printed; a document that was verified before has no answer again. */
export interface Answer {
  readonly one?: Verified;
  readonly line: Line;
}

/** Each document as soon as it is verified. */
export async function* answers(request: VerifyRequest, asked: Asked, form: Form): AsyncGenerator<Answer> {
  const resume = form === "ndjson" ? await import("./verify-resume.js") : undefined;
  const former = asked.resume === undefined ? undefined : await resume?.Former.read(asked.resume);
  const under = (heard: Heard): string => resume?.underOf(heard, request) ?? "";
  const known = ({ target, bytes }: Document, heard: Heard): Answer | undefined => {
    const line = former?.answerTo(target, bytes, under(heard));
    return line && { line };
  };
  for await (const each of verifyEach(request, former && known)) {
    if ("line" in each) {
      yield each;
      continue;
    }
    const { verified, read } = each;
    for (const one of read === undefined ? [verified] : effective(read.document, verified)) {
      const decided = resume && read && { sha256: hex(engine.sha256(read.document.bytes)), under: under(read) };
      yield { one, line: lineOf(one, printed(one, form, decided)) };
    }
  }
}

const printed = (one: Verified, form: Form, decided: object | undefined): string =>
  form === "ndjson" ? jsonLine({ ...brief(one), ...decided }) : shownLines(inOneLine(one, form === "verbose"));
