/** Pins: named keys of others that the user trusts, in `trust.json`. Only `attest trust` writes there; first contact never pins. */
import * as z from "zod/mini";
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { parseJson, readable, type Json } from "../core/json.js";
import { formatKey, parseKey, type PublicKey } from "../core/keys/key.js";
import { originOf } from "../core/origin.js";
import { atLeast, faultIn, KEY_NAME, timestamp } from "../core/schema.js";
import { makeFolder, replace } from "../node/files.js";
import { read } from "../node/reading.js";
import { withLock } from "../node/lock.js";

export interface Pin {
  readonly name: string;
  readonly key: PublicKey;
  /** The registry for which it counts, by origin (`example.org/lab`); without one it counts everywhere. */
  readonly origin?: string | undefined;
  /** Where the user got it. */
  readonly source: string;
  readonly addedAt: string;
}

const VERSION = 1;
const MAX_BYTES = 1024 * 1024;

const pin = z.strictObject({
  name: z.string().check(z.regex(KEY_NAME)),
  key: z.string(),
  origin: z.optional(z.string().check(atLeast(1))),
  source: z.string(),
  addedAt: timestamp,
});
const schema = z.strictObject({ version: z.literal(VERSION), pins: z.array(pin) });

/** The inverse of `formatPins`. @throws AttestError `trust-format`, `key-format` or a code of `parseJson` */
export function parsePins(bytes: Bytes, engine: Engine): Pin[] {
  const value = parseJson(bytes);
  const newer = z.object({ version: z.number().check(z.gt(VERSION)) }).safeParse(value);
  if (newer.success) throw damaged(`version ${newer.data.version}`, "a newer attest wrote it: use that version");
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw damaged(`at ${faultIn(parsed.error)}`);
  const names = parsed.data.pins.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw damaged(`${twice} twice`);
  return parsed.data.pins.map((one) => ({ ...one, key: parseKey(one.key, engine) }));
}

export const formatPins = (pins: readonly Pin[]): Bytes =>
  readable({
    version: VERSION,
    pins: pins.map((one) => JSON.parse(JSON.stringify({ ...one, key: formatKey(one.key) })) as Json),
  });

const damaged = (found: string, hint = "fix it, or move it away and pin your keys again"): AttestError =>
  new AttestError("trust-format", `expected pins of version ${VERSION}, found ${found}`, hint);

export class Pins {
  readonly #folder: string;
  readonly #engine: Engine;

  constructor(folder: string, engine: Engine) {
    this.#folder = folder;
    this.#engine = engine;
  }

  get file(): string {
    return join(this.#folder, "trust.json");
  }

  /** All pins. An unreadable file is a fault, not an empty list. */
  list(): readonly Pin[] {
    const bytes = read(this.file, { limit: MAX_BYTES });
    if (bytes === undefined) return [];
    for (const path of [this.#folder, this.file]) ownersAlone(path);
    try {
      return parsePins(bytes, this.#engine);
    } catch (error) {
      if (!(error instanceof AttestError)) throw error;
      const hint = error.code === "trust-format" ? error.hint : "fix it, or move it away and pin your keys again";
      throw new AttestError("trust-format", `${this.file}: ${error.message}`, hint);
    }
  }

  /** Returns whether it was new. @throws AttestError `key-exists` if the name belongs to another key or registry */
  async add(wanted: Pin): Promise<boolean> {
    let made = false;
    await this.#update((pins) => {
      const before = pins.find(({ name }) => name === wanted.name);
      made = before === undefined;
      if (before === undefined) return [...pins, wanted];
      if (before.key.keyid === wanted.key.keyid && placeOf(before) === placeOf(wanted)) return undefined;
      throw new AttestError(
        "key-exists",
        `${wanted.name} is pinned to ${shown(before)}, and this is ${shown(wanted)}`,
        `pin it under another name; or, if another source confirms the change: attest trust remove ${wanted.name}, and add it again`,
      );
    });
    return made;
  }

  /** @throws AttestError `key-missing` */
  async remove(name: string): Promise<Pin> {
    let removed: Pin | undefined;
    await this.#update((pins) => {
      removed = pins.find((one) => one.name === name);
      return removed === undefined ? undefined : pins.filter((one) => one !== removed);
    });
    if (removed !== undefined) return removed;
    throw new AttestError(
      "key-missing",
      `no pin is named ${JSON.stringify(name)} in ${this.file}`,
      "attest trust list shows their names",
    );
  }

  async #update(change: (pins: readonly Pin[]) => readonly Pin[] | undefined): Promise<void> {
    makeFolder(this.#folder, 0o700);
    await withLock(join(this.#folder, ".trust.json"), ({ still }) => {
      const pins = change(this.list());
      if (pins === undefined) return;
      replace(this.file, formatPins(pins), 0o600, still);
    });
  }
}

const placeOf = ({ origin }: Pin): string | undefined => origin && originOf(origin);
const shown = ({ key, origin }: Pin): string => `${key.keyid}${origin === undefined ? "" : ` for ${origin}`}`;

/** Anyone else with write access could have added pins. */
function ownersAlone(path: string): void {
  const mode = statSync(path).mode & 0o777;
  if (process.platform === "win32" || (mode & 0o022) === 0) return;
  throw new AttestError(
    "home-unsafe",
    `others can write ${path}: its mode is ${mode.toString(8)}`,
    `if you are sure that nobody did: chmod go-w ${path}`,
  );
}
