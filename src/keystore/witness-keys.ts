/**
 * The keys with which the user bears witness for logs: `witnesses/<name>/key.pem`, of type cosignature/v1 (C2SP tlog-cosignature). Like a log's
 * key they have no passphrase: they say nothing of a test, and only that one log was seen and no other.
 */
import { createPublicKey, generateKeyPairSync, sign as signWith, type KeyObject } from "node:crypto";
import { join } from "node:path";
import { utf8 } from "../core/bytes.js";
import type { SignNow } from "../core/log/checkpoint.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { formatNoteKey, noteKey, type NoteKey } from "../core/keys/note.js";
import { KEY_NAME } from "../core/schema.js";
import { create, privateFolder, read } from "../node/files.js";
import { refuseInsideGit } from "../node/paths.js";
import { pemOf, publicOf, secretKey } from "./secret.js";

export interface WitnessSigner {
  readonly key: NoteKey;
  readonly sign: SignNow;
  /** A file that is locked while it looks and signs: of two at once, each could see another log. */
  readonly lock: string;
  /** Its folder, where it also remembers what it cosigned: who clears one clears both. */
  readonly place: string;
  /** It was made just now. */
  readonly made: boolean;
}

export class WitnessKeys {
  readonly #home: string;
  readonly #engine: Engine;

  constructor(home: string, engine: Engine) {
    this.#home = home;
    this.#engine = engine;
  }

  /** The key of that name; made where there is none. @throws AttestError `key-name`, `home-unsafe`, `key-format`, `io` */
  open(name: string): WitnessSigner {
    if (!KEY_NAME.test(name))
      throw new AttestError(
        "key-name",
        `a name has lowercase letters, digits, '.', '_' and '-'; ${JSON.stringify(name.slice(0, 80))} is none`,
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
