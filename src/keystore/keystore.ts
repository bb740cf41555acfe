/**
 * Signing keys of the user, outside every repository: `keys/<name>.pem` (PKCS#8, which openssl reads) or, under a passphrase,
 * `keys/<name>.age` (the same PEM, which `age -d` opens); beside it `<name>.pub`. The folder is 0700, a secret 0600, never overwritten.
 */
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fromUtf8, utf8, type Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { formatKey, parseKey, type PublicKey, type Signer } from "../core/key.js";
import { KEY_NAME } from "../core/schema.js";
import { create, discardUnfinished, list, makeFolder, read, replace } from "../node/files.js";
import { refuseInsideGit } from "../node/paths.js";
import { age, decrypt, publicOf, secretKey, signerOf, type Passphrase } from "./secret.js";

export type { Passphrase };

export interface StoredKey {
  readonly name: string;
  readonly key: PublicKey;
  readonly encrypted: boolean;
}

/** scrypt with N = 2^17, the least that OWASP's password storage page advises; about a second, here in JavaScript. */
const WORK_FACTOR = 17;

export class Keystore {
  readonly #folder: string;
  readonly #engine: Engine;

  constructor(home: string, engine: Engine) {
    this.#folder = join(home, "keys");
    this.#engine = engine;
  }

  get folder(): string {
    return this.#folder;
  }

  list(): StoredKey[] {
    const files = new Set(list(this.#folder));
    const names = new Set([...files].flatMap((file) => /^(.*)\.(?:pem|age)$/.exec(file)?.[1] ?? []));
    return [...names]
      .filter((name) => KEY_NAME.test(name))
      .map((name) => ({ name, encrypted: !files.has(`${name}.pem`) })) // a plain file beside the other is still a plain file
      .filter(({ name, encrypted }) => !encrypted || files.has(`${name}.pub`)) // without it, who knows whose it is
      .map(({ name, encrypted }) => this.#stored(name, encrypted));
  }

  find(name: string): StoredKey {
    checkName(name);
    const all = this.list();
    const found = all.find((stored) => stored.name === name);
    if (found === undefined) {
      const names = all.map((stored) => stored.name).join(", ");
      throw new AttestError(
        "key-missing",
        `expected a key named ${name} in ${this.#folder}, found ${names === "" ? "none" : names}`,
        `make one with: attest key new ${name}`,
      );
    }
    return found;
  }

  /** Whether a key of that name could be made here, as far as can be known beforehand. Throws `key-name`, `home-unsafe`. */
  ready(name: string): void {
    checkName(name);
    refuseInsideGit(this.#folder);
  }

  /** A new key pair. Throws `key-exists`, `home-unsafe`, `key-name`, `io`. */
  create(name: string): StoredKey {
    this.ready(name);
    makeFolder(this.#folder, 0o700);
    if (process.platform !== "win32") chmodSync(this.#folder, 0o700);
    if (this.list().some((stored) => stored.name === name)) {
      throw new AttestError(
        "key-exists",
        `expected a new name, found a key named ${name} in ${this.#folder}`,
        "take another name: a key is never overwritten",
      );
    }
    const pem = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" });
    create(this.#path(name, "pem"), utf8(pem as string), 0o600);
    const stored = this.#stored(name, false);
    create(this.#path(name, "pub"), utf8(`${formatKey(stored.key, name)}\n`));
    return stored;
  }

  /** Puts a key under a passphrase, or under another one. The plain file goes only when the encrypted one is on the disk. */
  async encrypt(name: string, passphrase: string, old: Passphrase): Promise<StoredKey> {
    const stored = this.find(name);
    if (passphrase === "")
      throw new AttestError(
        "key-locked",
        "expected a passphrase, found an empty one",
        "an empty passphrase protects nothing",
      );
    const pem = await this.#pem(stored, old);
    const { armor, Encrypter } = await age();
    const encrypter = new Encrypter();
    encrypter.setScryptWorkFactor(WORK_FACTOR);
    encrypter.setPassphrase(passphrase);
    const armored = utf8(armor.encode(await encrypter.encrypt(pem)));
    if (this.#publicFile(name) === undefined) create(this.#path(name, "pub"), utf8(`${formatKey(stored.key, name)}\n`));
    replace(this.#path(name, "age"), armored, 0o600);
    rmSync(this.#path(name, "pem"), { force: true });
    discardUnfinished(this.#path(name, "pem")); // a writer that was killed may have left the plain secret under another name
    return this.find(name);
  }

  /** @throws AttestError `key-missing`, `key-locked`, `home-unsafe` when others can read the secret */
  async signer(name: string, passphrase: Passphrase): Promise<Signer> {
    const stored = this.find(name);
    const secret = secretKey(await this.#pem(stored, passphrase));
    const { key } = stored;
    if (publicOf(secret, this.#engine).keyid !== key.keyid) {
      throw new AttestError(
        "key-format",
        `expected ${this.#path(name, "pub")} to be the public part of the key ${name}, found another key's`,
        "remove that file: it is made anew from the secret",
      );
    }
    return signerOf(name, key, secret);
  }

  async #pem(stored: StoredKey, passphrase: Passphrase): Promise<Bytes> {
    const path = this.#path(stored.name, stored.encrypted ? "age" : "pem");
    refuseInsideGit(path);
    ownersAlone(this.#folder, 0o700);
    ownersAlone(path, 0o600);
    const bytes = read(path) ?? new Uint8Array();
    return stored.encrypted ? await decrypt(bytes, `the key ${stored.name}`, passphrase) : bytes;
  }

  #stored(name: string, encrypted: boolean): StoredKey {
    const key = this.#publicFile(name);
    if (key !== undefined) return { name, key, encrypted };
    const pem = encrypted ? undefined : read(this.#path(name, "pem"));
    if (pem === undefined)
      throw new AttestError("key-missing", `expected ${this.#path(name, "pub")} beside the key, found none`);
    return { name, encrypted, key: publicOf(secretKey(pem), this.#engine) };
  }

  #publicFile(name: string): PublicKey | undefined {
    const bytes = read(this.#path(name, "pub"));
    return bytes && parseKey(fromUtf8(bytes), this.#engine);
  }

  #path(name: string, extension: "pem" | "age" | "pub"): string {
    return join(this.#folder, `${name}.${extension}`);
  }
}

/** Only the owner may look: whatever else is allowed, others may have done. */
function ownersAlone(path: string, expected: number): void {
  const mode = statSync(path).mode & 0o777;
  if (process.platform === "win32" || (mode & 0o077) === 0) return;
  const wanted = expected.toString(8);
  throw new AttestError(
    "home-unsafe",
    `expected mode ${wanted} for ${path}, found ${mode.toString(8)}`,
    `others may have read or changed it; if you are sure that they did not: chmod ${wanted} ${path}`,
  );
}

function checkName(name: string): void {
  if (!KEY_NAME.test(name)) {
    throw new AttestError(
      "key-name",
      `expected a name of lowercase letters, digits, '.', '_' and '-', at most 64, found ${JSON.stringify(name)}`,
    );
  }
}
