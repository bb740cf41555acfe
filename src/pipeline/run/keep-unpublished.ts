/** If a result cannot be published, keeps it aside, unsigned, so that a long run is not lost. */
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

/** Options for a hint, each with a leading space or empty. */
export interface Again {
  /** ` --registry DIR`, if it is not the nearest. */
  readonly registry: string;
  /** The same, plus the options for signer and destination. */
  readonly signing: string;
}

/**
 * Keeps what is not in the registry yet.
 * @param again further options of an equivalent `attest sign`: registry, signer
 * @throws AttestError the error of `publish`, with the saved file in its hint; only the user can read its folder
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

/** The full disk often holds the temporary folder too, so a partial copy is removed. */
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

/** The first fault is the one to report. */
function discard(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // a partial copy may remain
  }
}

function stillOpen(draft: Draft, { registry }: Again): string {
  const plan = planIn(draft);
  return plan === undefined ? "" : `; its plan stays open: ${abandoning(plan, registry)}`;
}

/** The key was rotated or revoked during the test: only that key answers its plan, and it can sign nothing more. */
function overtaken(error: unknown, draft: Draft, { registry }: Again, file: string): string | undefined {
  const plan = planIn(draft);
  const ended = error instanceof AttestError && ["key-retired", "key-revoked"].includes(error.code);
  return ended && plan !== undefined
    ? `the result is kept in ${file}, and cannot be signed: only the key that announced its plan answers it; ${abandoning(plan, registry)} --signer NAME, then run the test again`
    : undefined;
}

const planIn = ({ predicate: { f3 } }: Draft): string | undefined =>
  f3.relations.find(({ type }) => type === "planned-by")?.target;
