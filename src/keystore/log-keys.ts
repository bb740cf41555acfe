/**
 * The keys of logs, one per registry: `logs/<digest>/key.pem`, and beside it `checkpoint`, the last one that the key signed, so that it
 * never signs two different logs. They have no passphrase: a log's key vouches for no result, and signs in every run.
 */
import { createPublicKey, generateKeyPairSync, sign as signWith, type KeyObject } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { hex, utf8 } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import type { LogSigner } from "../core/log/log-signer.js";
import { formatNoteKey, noteKey, type NoteKey, type NoteKeyType } from "../core/keys/note.js";
import { create, privateFolder, replace } from "../node/files.js";
import { read } from "../node/reading.js";
import { ownersAlone, refuseInsideGit } from "../node/paths.js";
import { LOG_KEY_VARIABLE, unfolded } from "./environment.js";
import { pemOf, publicOf, secretKey } from "./secret.js";

export class LogKeys {
  readonly #home: string;
  readonly #engine: Engine;
  readonly #env: Readonly<Record<string, string | undefined>>;

  constructor(home: string, engine: Engine, env: Readonly<Record<string, string | undefined>>) {
    this.#home = home;
    this.#engine = engine;
    this.#env = env;
  }

  get #logs(): string {
    return join(this.#home, "logs");
  }

  /** The folder of a log's key. */
  folderOf({ bytes }: NoteKey): string {
    return join(this.#logs, hex(this.#engine.sha256(bytes)).slice(0, 16));
  }

  /** Makes a key for a log of that origin, or for a witness of that name. @throws AttestError `home-unsafe`, `io`, `note-format` */
  create(name: string, type: NoteKeyType = "ed25519"): LogSigner {
    refuseInsideGit(this.#home);
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const key = noteKey(name, publicOf(publicKey, this.#engine).bytes, type, this.#engine);
    const folder = this.folderOf(key);
    for (const place of [this.#logs, folder]) privateFolder(place);
    const pem = pemOf(privateKey);
    try {
      create(join(folder, "key.pem"), pem, 0o600);
    } finally {
      pem.fill(0);
    }
    create(join(folder, "key.vkey"), utf8(`${formatNoteKey(key)}\n`));
    return this.#signer(key, privateKey, folder);
  }

  /**
   * Undefined if this machine lacks the key.
   * @throws AttestError `key-format` if the file holds another key; `home-unsafe` if others can read it or change its memory
   */
  find(key: NoteKey): LogSigner | undefined {
    const folder = this.folderOf(key);
    const path = join(folder, "key.pem");
    if (!existsSync(path)) return this.#given(key);
    refuseInsideGit(path);
    for (const place of [this.#logs, folder]) ownersAlone(place, 0o700);
    ownersAlone(path, 0o600);
    const pem = read(path) ?? new Uint8Array();
    const secret = secretKey(pem, ` at ${path}`);
    if (!this.#fits(secret, key)) throw new AttestError("key-format", `${path} is not the key of the log ${key.name}`);
    return this.#signer(key, secret, folder);
  }

  /** The key from the environment, for machines without a home: only published checkpoints are known. */
  #given(key: NoteKey): LogSigner | undefined {
    const text = this.#env[LOG_KEY_VARIABLE];
    if (text === undefined || text.trim() === "") return undefined;
    const secret = secretKey(utf8(unfolded(text)), ` in ${LOG_KEY_VARIABLE}`);
    if (!this.#fits(secret, key)) return undefined;
    return { ...signing(key, secret), lock: undefined, last: () => undefined, remember: () => undefined };
  }

  #fits(secret: KeyObject, { bytes }: NoteKey): boolean {
    return hex(publicOf(createPublicKey(secret), this.#engine).bytes) === hex(bytes);
  }

  #signer(key: NoteKey, secret: KeyObject, folder: string): LogSigner {
    const checkpoint = join(folder, "checkpoint");
    return {
      ...signing(key, secret),
      lock: join(folder, ".checkpoint"),
      last: () => read(checkpoint),
      remember: (bytes, still) => replace(checkpoint, bytes, 0o600, still),
    };
  }
}

const signing = (key: NoteKey, secret: KeyObject): Pick<LogSigner, "key" | "sign"> => ({
  key,
  sign: (message) => new Uint8Array(signWith(null, message, secret)),
});
