/**
 * The user's witness keys: `witnesses/<name>/key.pem`, of type cosignature/v1 (C2SP tlog-cosignature). They have no passphrase: they vouch
 * for no result, only that one version of a log was seen and no other.
 */
import { createPublicKey, generateKeyPairSync, sign as signWith, type KeyObject } from "node:crypto";
import { join } from "node:path";
import { utf8 } from "../core/bytes.js";
import type { SignNow } from "../core/log/checkpoint.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { formatNoteKey, noteKey, type NoteKey } from "../core/keys/note.js";
import { KEY_NAME } from "../core/schema.js";
import { create, privateFolder } from "../node/files.js";
import { read } from "../node/reading.js";
import { refuseInsideGit } from "../node/paths.js";
import { pemOf, publicOf, secretKey } from "./secret.js";

export interface WitnessSigner {
  readonly key: NoteKey;
  readonly sign: SignNow;
  /** A file to lock while checking and signing: two simultaneous runs could see different logs. */
  readonly lock: string;
  /** Its folder, which also holds its memory, so that both are deleted together. */
  readonly place: string;
  /** The key was just made. */
  readonly made: boolean;
}

export class WitnessKeys {
  readonly #home: string;
  readonly #engine: Engine;

  constructor(home: string, engine: Engine) {
    this.#home = home;
    this.#engine = engine;
  }

  /** The key of that name; makes it if it is missing. @throws AttestError `key-name`, `home-unsafe`, `key-format`, `io` */
  open(name: string): WitnessSigner {
    if (!KEY_NAME.test(name))
      throw new AttestError(
        "key-name",
        `a name has lowercase letters, digits, '.', '_' and '-'; ${JSON.stringify(name.slice(0, 80))} is not one`,
        "it stands under every checkpoint that this witness has seen: example.org-witness",
      );
    const folder = join(this.#home, "witnesses", name);
    const path = join(folder, "key.pem");
    refuseInsideGit(path);
    const pem = read(path);
    if (pem !== undefined) return this.#signer(name, secretKey(pem, ` at ${path}`), folder, false);
    for (const place of [this.#home, join(this.#home, "witnesses"), folder]) privateFolder(place);
    const { privateKey } = generateKeyPairSync("ed25519");
    const secret = pemOf(privateKey);
    try {
      create(path, secret, 0o600);
    } finally {
      secret.fill(0);
    }
    const signer = this.#signer(name, privateKey, folder, true);
    create(join(folder, "key.vkey"), utf8(`${formatNoteKey(signer.key)}\n`), 0o600);
    return signer;
  }

  #signer(name: string, secret: KeyObject, folder: string, made: boolean): WitnessSigner {
    return {
      key: noteKey(name, publicOf(createPublicKey(secret), this.#engine).bytes, "cosignature-v1", this.#engine),
      sign: (message) => new Uint8Array(signWith(null, message, secret)),
      lock: join(folder, ".seen"),
      place: folder,
      made,
    };
  }
}
