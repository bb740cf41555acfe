/**
 * What was seen of logs: `logs/<digest of its origin>` holds a log's key and last checkpoint; for registries, their logs. It reveals a log
 * that shrank, was rewritten, or was made anew under another key. Nothing is trusted because it is remembered. `entries/` holds what was
 * kept of a log's entries, so that the next look need not read them again; in a file of its own, since a checkpoint must outlive its loss.
 *
 * Keyed by origin, because readers return to an origin: a new key under the same name is not another log.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { fromUtf8, utf8, type Bytes } from "../core/bytes.js";
import { AttestError, orUndefined } from "../core/errors.js";
import { MAX_BYTES as MAX_ENTRIES_BYTES, parseJson, readable, type Json } from "../core/json.js";
import type { RememberedLog } from "../core/log/presence.js";
import { formatNote, parseNote } from "../core/keys/note.js";
import { originOf } from "../core/origin.js";
import type { LogName } from "../core/keys/keyring.js";
import { list, makeFolder, remove, replace } from "../node/files.js";
import { read } from "../node/reading.js";

/** A checkpoint names its origin several times, and a registry may have had hundreds of logs. */
const MAX_BYTES = 4 * 1024 * 1024;

const logFile = z.strictObject({
  origin: z.string(),
  key: z.string(),
  checkpoint: z.string(),
  given: z.optional(z.boolean()),
});
const registryFile = z.strictObject({
  origin: z.string(),
  logs: z.array(z.strictObject({ origin: z.string(), key: z.string() })),
});

type Kind = "logs" | "entries" | "registries";

export class LogMemory {
  readonly #place: string;
  readonly #strict: boolean;
  #told: ((why: string) => void) | undefined;

  /**
   * @param strict damaged, unreadable or unwritable files are errors; a witness needs this, since it must not mistake one for a first
   * visit. Otherwise they count as missing, so that verification works without a writable place
   * @param told called once, for the first unreadable or unwritable file
   */
  constructor(
    place: string,
    { strict = false, told }: { readonly strict?: boolean; readonly told?: (why: string) => void } = {},
  ) {
    this.#place = place;
    this.#strict = strict;
    this.#told = told;
  }

  #without<T>(otherwise: T, act: () => T): T {
    try {
      return act();
    } catch (error) {
      if (this.#strict || !(error instanceof AttestError) || error.code !== "io") throw error;
      this.#told?.(error.message);
      this.#told = undefined;
      return otherwise;
    }
  }

  /** @throws AttestError `io` if strict */
  recall(origin: string): RememberedLog | undefined {
    const found = this.#without(undefined, () => this.#read("logs", origin, logFile));
    return found && { key: found.key, checkpoint: utf8(found.checkpoint), given: found.given };
  }

  /**
   * Keeps the text and the signature line of the log: other lines are untrusted and of any length. @throws AttestError `note-format`; `io`
   * if strict
   */
  keep({ origin, key }: LogName, checkpoint: Bytes, given?: boolean): void {
    const { text, signatures } = parseNote(checkpoint);
    const [name, id] = key.split("+");
    const own = signatures.filter((signature) => signature.name === name && signature.id === id);
    const seen = { origin, key, checkpoint: fromUtf8(formatNote({ text, signatures: own })) };
    this.#without(undefined, () => this.#write("logs", origin, { ...seen, ...(given !== undefined && { given }) }));
  }

  /** As `keepEntries` got it; undefined if it is missing or unreadable, which costs time and hides nothing. */
  recallEntries(origin: string): Bytes | undefined {
    return orUndefined(() => read(this.#path("entries", origin), { limit: MAX_ENTRIES_BYTES }));
  }

  /** @param state a text of `formatFoldState` */
  keepEntries(origin: string, state: Bytes): void {
    orUndefined(() => this.#replace("entries", origin, state));
  }

  /** The remembered logs of a registry. @throws AttestError `io` if strict */
  logsOf(registry: string): readonly LogName[] | undefined {
    return this.#without(undefined, () => this.#read("registries", registry, registryFile))?.logs;
  }

  /** All logs of registries that had this log, by their names then. */
  besides(log: string): readonly LogName[] {
    return this.#without([], () => this.#registriesWith(log)).flatMap(({ logs }) => logs);
  }

  keepRegistry(origin: string, logs: readonly LogName[]): void {
    const seen = { origin, logs: logs.map(({ origin: log, key }) => ({ origin: log, key })) };
    this.#without(undefined, () => this.#write("registries", origin, seen));
  }

  /**
   * Forgets a log, or all logs below a registry's name, and the entries of registries that had them. Returns the logs' origins. A
   * registry's log that is named after another one stays.
   */
  forget(origin: string): readonly string[] {
    const name = originOf(origin);
    const registries = this.#registriesWith(origin);
    const logs = new Set([origin, ...registries.flatMap((one) => one.logs.map((log) => log.origin))]);
    const known = [...logs].filter(
      (log) =>
        (originOf(log) === name || originOf(log).startsWith(`${name}/`)) &&
        this.#read("logs", log, logFile) !== undefined,
    );
    for (const log of known) {
      remove(this.#path("logs", log));
      if (existsSync(this.#path("entries", log))) remove(this.#path("entries", log));
    }
    for (const registry of registries) remove(this.#path("registries", registry.origin));
    return known;
  }

  #registriesWith(origin: string): readonly z.infer<typeof registryFile>[] {
    const name = originOf(origin);
    return list(join(this.#place, "registries")).flatMap((file) => {
      const found = this.#parsed(join(this.#place, "registries", file), registryFile);
      const names = found === undefined ? [] : [found.origin, ...found.logs.map((log) => log.origin)];
      return found !== undefined && names.some((one) => originOf(one) === name) ? [found] : [];
    });
  }

  #path(kind: Kind, origin: string): string {
    return join(this.#place, kind, createHash("sha256").update(originOf(origin)).digest("hex").slice(0, 32));
  }

  #read<T extends { readonly origin: string }>(
    kind: "logs" | "registries",
    origin: string,
    schema: z.ZodMiniType<T>,
  ): T | undefined {
    const path = this.#path(kind, origin);
    const found = this.#parsed(path, schema);
    if (found !== undefined && originOf(found.origin) === originOf(origin)) return found;
    if (!this.#strict || !existsSync(path)) return undefined;
    throw new AttestError(
      "io",
      `${path} is damaged: what this machine last saw of ${origin} is lost`,
      "nothing was signed; restore the file from a copy, or remove it if this log was never seen here",
    );
  }

  /** @throws AttestError `io` */
  #parsed<T>(path: string, schema: z.ZodMiniType<T>): T | undefined {
    try {
      const bytes = read(path, { limit: MAX_BYTES });
      const found = bytes && schema.safeParse(parseJson(bytes));
      return found?.success === true ? found.data : undefined;
    } catch (error) {
      if (error instanceof AttestError && error.code !== "io") return undefined;
      throw error;
    }
  }

  #write(
    kind: "logs" | "registries",
    origin: string,
    value: z.infer<typeof logFile> | z.infer<typeof registryFile>,
  ): void {
    this.#replace(kind, origin, readable(value as Json));
  }

  #replace(kind: Kind, origin: string, bytes: Bytes): void {
    makeFolder(join(this.#place, kind), 0o700);
    replace(this.#path(kind, origin), bytes, 0o600);
  }
}
