/** `attest verify --resume`: what an earlier `--ndjson` printed, so that a look that was interrupted goes on where it ended. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import * as z from "zod/mini";
import { hex, utf8, type Bytes } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import { OUTCOMES } from "../core/codes.js";
import { formatNoteKey } from "../core/keys/note.js";
import { isFile } from "../node/files.js";
import { TOOL_VERSION } from "../node/package.js";
import { witnessesOf, type Heard, type VerifyRequest } from "../pipeline/verify/verify.js";
import { engine } from "./context.js";
import { lineOfReport, type Line } from "./verified-words.js";

const row = z.object({
  target: z.string(),
  /** SHA-256 of the document's bytes. */
  sha256: z.string(),
  under: z.string(),
  report: z.object({
    outcome: z.enum(OUTCOMES),
    trust: z.string(),
    verdict: z.optional(z.string()),
    plan: z.optional(z.unknown()),
    notice: z.optional(z.unknown()),
  }),
});

/** Earlier answers by target. */
export class Former {
  readonly #lines = new Map<string, { readonly sha256: string; readonly under: string; readonly line: Line }>();

  /** A line that was cut off, or that is none of ours, is ignored: its document is verified again. @throws AttestError `file-missing` */
  static async read(file: string): Promise<Former> {
    if (!isFile(file))
      throw new AttestError("file-missing", `no such file: ${file}`, "name the file that has the lines of --ndjson");
    const former = new Former();
    for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      const parsed = row.safeParse(json(text));
      if (!parsed.success) continue;
      const { target, sha256, under, report } = parsed.data;
      former.#lines.set(target, { sha256, under, line: lineOfReport(report) });
    }
    return former;
  }

  /** The answer, if the document and all else that decides are the same. */
  answerTo(target: string, bytes: Bytes, under: string): Line | undefined {
    const known = this.#lines.get(target);
    return known?.under === under && known.sha256 === hex(engine.sha256(bytes)) ? known.line : undefined;
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const known = new WeakMap<Heard, string>();

/** A digest of what decides beside the document and its evidence: the program, keys, requirements, notices and the state of each log. */
export function underOf(heard: Heard, request: VerifyRequest): string {
  const before = known.get(heard);
  if (before !== undefined) return before;
  const { history, notices, unread, logs } = heard;
  const { policy, recompute = false } = request;
  const witnesses = witnessesOf(request);
  const decides = {
    version: TOOL_VERSION,
    keys: history.keys.map(({ key, by, entry }) => [
      ...[key.keyid, by, entry?.validFrom, entry?.validUntil, entry?.revoked?.at],
    ]),
    policy,
    recompute,
    now: policy?.maxAgeMs === undefined ? undefined : request.now, // an earlier answer is of an earlier age
    witnesses: [witnesses.keys.map(formatNoteKey), witnesses.quorum],
    notices: notices.all.map(({ digest }) => digest).sort(),
    unread,
    logs: logs.logs.map(({ key, opened }) => [key.name, opened.checkpoint.size, hex(opened.checkpoint.root)]),
  };
  const made = hex(engine.sha256(utf8(JSON.stringify(decides)))).slice(0, 32);
  known.set(heard, made);
  return made;
}
