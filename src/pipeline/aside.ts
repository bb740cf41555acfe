/** A run that took its time is not lost because its result cannot be published: it is kept aside, unsigned, and named. */
import { rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { Bytes } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import { readable, type Json } from "../core/json.js";
import type { Draft } from "../core/statement.js";
import { create, makeFolder, temporaryFolder } from "../node/files.js";
import { stateHome } from "../node/paths.js";
import { allowing } from "./relations.js";
import { writeBeside } from "./evidence.js";

/**
 * What is in the registry by then is kept there, and nowhere else.
 * @throws AttestError what `publish` throws, with the place in its hint: a folder that only the user can read
 */
export async function keptAside<T>(
  draft: Draft,
  evidence: ReadonlyMap<string, Bytes>,
  publish: () => Promise<T>,
): Promise<T> {
  try {
    return await publish();
  } catch (error) {
    if (error instanceof AttestError && error.code === "publish-unfinished") throw error;
    const file = keep(draft, evidence);
    const kept =
      file === undefined
        ? `the result is lost: no folder took it, neither the temporary one nor that of your state nor your home${stillOpen(draft)}`
        : (overtaken(error, draft) ?? `the result is kept: attest sign ${file}${allowing(draft as Json)}`);
    if (!(error instanceof AttestError))
      throw new AttestError(
        "internal",
        `a fault of this tool: ${error instanceof Error ? error.message : String(error)}`,
        kept,
        { cause: error },
      );
    throw new AttestError(error.code, error.message, error.hint === undefined ? kept : `${kept}; ${error.hint}`);
  }
}

/** The disk that is full is often the one of the temporary folder too. What was half written is removed. */
function keep(draft: Draft, evidence: ReadonlyMap<string, Bytes>): string | undefined {
  for (const place of [tmpdir(), stateHome(), homedir()]) {
    let folder: string | undefined;
    try {
      if (place === stateHome()) makeFolder(place, 0o700);
      folder = temporaryFolder("unpublished", place);
      const file = join(folder, "statement.json");
      writeBeside(file, evidence);
      create(file, readable(draft as Json));
      return file;
    } catch (error) {
      if (!(error instanceof AttestError)) throw error;
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

function stillOpen(draft: Draft): string {
  const plan = planIn(draft);
  return plan === undefined ? "" : `; its plan stays open: attest abandon ${plan} --reason TEXT gives it up`;
}

/** Handed over while the test ran: a plan is answered by the key that announced it, and that signs nothing more. */
function overtaken(error: unknown, draft: Draft): string | undefined {
  const plan = planIn(draft);
  const ended = error instanceof AttestError && ["key-retired", "key-revoked"].includes(error.code);
  return ended && plan !== undefined
    ? `its plan cannot be answered any more: attest abandon ${plan} --reason TEXT --signer NAME, then run the test again`
    : undefined;
}

const planIn = ({ predicate: { f3 } }: Draft): string | undefined =>
  f3.relations.find(({ type }) => type === "planned-by")?.target;
