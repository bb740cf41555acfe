/**
 * What was seen of logs: `logs/<digest of its origin>`, each with the key under which it was seen and its last checkpoint; and of registries,
 * which logs they had. It is what makes a log visible that went backwards, was rewritten, or was made anew under another key; nothing is ever
 * trusted because it is remembered.
 *
 * It is kept by origin, since that is what a reader comes back to: a log of the same name under another key is not another log.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { fromUtf8, utf8, type Bytes } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import { parseJson, readable, type Json } from "../core/json.js";
import type { RememberedLog } from "../core/log/presence.js";
import { formatNote, parseNote } from "../core/keys/note.js";
import { originOf } from "../core/origin.js";
import type { LogName } from "../core/keys/keyring.js";
import { list, makeFolder, read, remove, replace } from "../node/files.js";

/** A checkpoint names its origin several times, and a registry may have had hundreds of logs. */
const MAX_BYTES = 4 * 1024 * 1024;

const logFile = z.strictObject({
  ...{ origin: z.string(), key: z.string(), checkpoint: z.string() },
  given: z.optional(z.boolean()),
});
const registryFile = z.strictObject({
  origin: z.string(),
  logs: z.array(z.strictObject({ origin: z.string(), key: z.string() })),
});

export class LogMemory {
  readonly #place: string;
  readonly #strict: boolean;
  #told: ((why: string) => void) | undefined;

  /**
   * @param strict a damaged file, or one that cannot be read or written, is an error, as for a witness, who must not take it for a first
   * sight; else it counts as absent, so that verifying works without a place to write
   * @param told once, of the first that could not be read or written
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

  /** Its text and the line of the log's own key: others are anybody's, of any length. @throws AttestError `note-format`; `io` if strict */
  keep({ origin, key }: LogName, checkpoint: Bytes, given?: boolean): void {
    const { text, signatures } = parseNote(checkpoint);
    const [name, id] = key.split("+");
    const own = signatures.filter((signature) => signature.name === name && signature.id === id);
    const seen = { origin, key, checkpoint: fromUtf8(formatNote({ text, signatures: own })) };
    this.#without(undefined, () => this.#write("logs", origin, { ...seen, ...(given !== undefined && { given }) }));
  }

  /** The logs that a registry had. @throws AttestError `io` if strict */
  logsOf(registry: string): readonly LogName[] | undefined {
    return this.#without(undefined, () => this.#read("registries", registry, registryFile))?.logs;
  }

  /** The logs that registries had together with this one, whatever these call themselves now. */
  besides(log: string): readonly LogName[] {
    return this.#without([], () => this.#registriesWith(log)).flatMap(({ logs }) => logs);
  }

  keepRegistry(origin: string, logs: readonly LogName[]): void {
    const seen = { origin, logs: logs.map(({ origin: log, key }) => ({ origin: log, key })) };
    this.#without(undefined, () => this.#write("registries", origin, seen));
  }

  /**
   * A log, or all logs below a registry's name; and what is known of the registries that had them. Returns the origins of the logs.
   * A log that a registry lists and that is named after another one is not forgotten with it.
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
    for (const log of known) remove(this.#path("logs", log));
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

  #path(kind: "logs" | "registries", origin: string): string {
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
      `${path} is damaged: what was seen of ${origin} is not known any more`,
      "nothing was signed; put the file back from a copy, or remove it if this is the first sight",
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
    makeFolder(join(this.#place, kind), 0o700);
    replace(this.#path(kind, origin), readable(value as Json), 0o600);
  }
}
