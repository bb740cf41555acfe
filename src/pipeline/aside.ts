/** A run that took its time is not lost because its result cannot be published: it is kept aside, unsigned, and named. */
import { join } from "node:path";
import type { Bytes } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import { readable, type Json } from "../core/json.js";
import type { Draft } from "../core/statement.js";
import { create, temporaryFolder } from "../node/files.js";
import { allowing } from "./relations.js";
import { writeBeside } from "./evidence.js";

/** @throws AttestError what `publish` throws, with the place in its hint: a folder that only the user can read */
export async function keptAside<T>(
  draft: Draft,
  evidence: ReadonlyMap<string, Bytes>,
  publish: () => Promise<T>,
): Promise<T> {
  try {
    return await publish();
  } catch (error) {
    if (!(error instanceof AttestError)) throw error;
    const file = join(temporaryFolder("unpublished"), "statement.json");
    writeBeside(file, evidence);
    create(file, readable(draft as Json));
    const kept = `the result is kept: attest sign ${file}${allowing(draft as Json)}`;
    throw new AttestError(error.code, error.message, error.hint === undefined ? kept : `${kept}; ${error.hint}`);
  }
}
