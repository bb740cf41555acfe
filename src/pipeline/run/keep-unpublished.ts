/** A run that took its time is not lost because its result cannot be published: it is kept aside, unsigned, and named. */
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bytes } from "../../core/bytes.js";
import { commandLine } from "../../node/command-line.js";
import { AttestError } from "../../core/errors.js";
import { readable, type Json } from "../../core/json.js";
import type { Draft } from "../../core/statement/statement.js";
import { create, makeFolder, temporaryFolder } from "../../node/files.js";
import { asFault, SAME_AGAIN } from "../../node/faults.js";
import { stateHome, userHome } from "../../node/paths.js";
import { abandoning } from "./announce.js";
import { allowing } from "../publish/relations.js";
import { writeBeside } from "../load/evidence-folder.js";

/** Of a hint that is typed where the command was: with a space before it, or nothing. */
export interface Again {
  /** ` --registry DIR`, where it is not the nearest. */
  readonly registry: string;
  /** The same, and all else that says who signs, and where it goes. */
  readonly signing: string;
}

/**
 * What is in the registry by then is kept there, and nowhere else.
 * @param again what `attest sign` needs beside the file to do the same: registry, signer
 * @throws AttestError what `publish` throws, with the place in its hint: a folder that only the user can read
 */
export async function saveOnFailure<T>(
  draft: Draft,
  evidence: ReadonlyMap<string, Bytes>,
  again: Again,
  publish: () => Promise<T>,
): Promise<T> {
  try {
    return await publish();
  } catch (error) {
    if (error instanceof AttestError && error.code === "publish-unfinished") throw error;
    const file = keep(draft, evidence);
    const kept =
      file === undefined
        ? `the result is lost: no folder took it, neither the temporary one nor that of your state nor your home${stillOpen(draft, again)}`
        : (overtaken(error, draft, again, file) ??
          `the result is kept: ${commandLine(["attest", "sign", file])}${allowing(draft as Json)}${again.signing}`);
    const { code, message, hint } = asFault(error);
    // The same command would run the test again.
    const mend = hint?.replace(SAME_AGAIN, "");
    throw new AttestError(code, message, mend === undefined ? kept : `${mend}; ${kept}`, { cause: error });
  }
}

/** The disk that is full is often the one of the temporary folder too. What was half written is removed. */
function keep(draft: Draft, evidence: ReadonlyMap<string, Bytes>): string | undefined {
  for (const place of [tmpdir(), stateHome(), userHome()]) {
    let folder: string | undefined;
    try {
      if (place === stateHome()) makeFolder(place, 0o700);
      folder = temporaryFolder("unpublished", place);
      const file = join(folder, "statement.json");
      writeBeside(file, evidence);
      create(file, readable(draft as Json));
      return file;
    } catch {
      if (folder !== undefined) discard(folder);
    }
  }
  return undefined;
}

/** The fault that is told is the first one. */
function discard(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // what is left there is half a copy
  }
}

function stillOpen(draft: Draft, { registry }: Again): string {
  const plan = planIn(draft);
  return plan === undefined ? "" : `; its plan stays open: ${abandoning(plan, registry)}`;
}

/** The key was rotated or revoked while the test ran: only it answers its plan, and it signs nothing more. */
function overtaken(error: unknown, draft: Draft, { registry }: Again, file: string): string | undefined {
  const plan = planIn(draft);
  const ended = error instanceof AttestError && ["key-retired", "key-revoked"].includes(error.code);
  return ended && plan !== undefined
    ? `the result is kept in ${file}, and cannot be signed: only the key that announced its plan answers it; ${abandoning(plan, registry)} --signer NAME, then run the test again`
    : undefined;
}

const planIn = ({ predicate: { f3 } }: Draft): string | undefined =>
  f3.relations.find(({ type }) => type === "planned-by")?.target;
