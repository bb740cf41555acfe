/**
 * The user's signing keys, outside of every repository: `keys/<name>.pem` (PKCS#8, readable by openssl); with a passphrase
 * `keys/<name>.age` (the same PEM, readable by `age -d`); in ssh-agent `keys/<name>.agent`, which only names the key. `<name>.pub` is
 * beside each. The folder has mode 0700, a secret 0600, and secrets are never overwritten.
 */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { join } from "node:path";
import { fromUtf8, utf8, type Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { formatKey, parseKey, type PublicKey, type Signer } from "../core/keys/key.js";
import { KEY_NAME } from "../core/schema.js";
import { create, list, privateFolder, remove, removeUnfinished, replace } from "../node/files.js";
import { read } from "../node/reading.js";
import { ownersAlone, refuseInsideGit } from "../node/paths.js";
import type { Imported } from "./imported.js";
import { decrypt, encrypt, pemOf, publicOf, secretKey, signerOf, type Passphrase } from "./secret.js";

export type { Passphrase };

/** Where the secret is: in a plain file, in an encrypted file, or in ssh-agent. */
export type KeystorePlace = "plain" | "passphrase" | "agent";

export interface StoredKey {
  readonly name: string;
  readonly key: PublicKey;
  readonly place: KeystorePlace;
}

const EXTENSION = { plain: "pem", passphrase: "age", agent: "agent" } as const satisfies Record<KeystorePlace, string>;

export class Keystore {
  readonly #folder: string;
  readonly #engine: Engine;
  readonly #agent: string | undefined;

  /** @param agent socket of ssh-agent */
  constructor(home: string, engine: Engine, agent?: string) {
    this.#folder = join(home, "keys");
    this.#engine = engine;
    this.#agent = agent;
  }

  get folder(): string {
    return this.#folder;
  }

  list(): StoredKey[] {
    const files = new Set(list(this.#folder));
    const names = new Set([...files].flatMap((file) => /^(.*)\.(?:pem|age|agent)$/.exec(file)?.[1] ?? []));
    return [...names]
      .filter((name) => KEY_NAME.test(name))
      .map((name) => {
        // The plain file decides if there are several.
        const place: KeystorePlace = files.has(`${name}.pem`)
          ? "plain"
          : files.has(`${name}.age`)
            ? "passphrase"
            : "agent";
        return { name, place };
      })
      .filter(({ name, place }) => place !== "passphrase" || files.has(`${name}.pub`)) // without the public line its owner is unknown
      .map(({ name, place }) => this.#stored(name, place));
  }

  find(name: string): StoredKey {
    checkName(name);
    const all = this.list();
    const found = all.find((stored) => stored.name === name);
    if (found === undefined) {
      const names = all.map((stored) => stored.name).join(", ");
      throw new AttestError(
        "key-missing",
        `no key named ${name} in ${this.#folder}; there is ${names === "" ? "none" : names}`,
        `make one with: attest key new ${name}`,
      );
    }
    return found;
  }

  /** Checks beforehand whether a key of that name can be made. Throws `key-name`, `home-unsafe`, `key-exists`. */
  ready(name: string): void {
    checkName(name);
    refuseInsideGit(this.#folder);
    if (list(this.#folder).some((file) => Object.values(EXTENSION).some((one) => file === `${name}.${one}`)))
      throw this.#taken(`a key named ${name} in ${this.#folder}`);
  }

  /** Makes a key pair. Throws `key-exists`, `home-unsafe`, `key-name`, `io`. */
  create(name: string): StoredKey {
    this.ready(name);
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const pem = pemOf(privateKey);
    try {
      return this.#keep(name, "plain", pem, publicOf(publicKey, this.#engine));
    } finally {
      pem.fill(0);
    }
  }

  /** Stores a key of another tool. It keeps its passphrase, and is then never written in plain text. */
  async import(name: string, { secret, passphrase }: Imported): Promise<StoredKey> {
    this.ready(name);
    const pem = pemOf(secret);
    try {
      const file = passphrase === undefined ? pem : await encrypt(pem, passphrase);
      return this.#keep(name, passphrase === undefined ? "plain" : "passphrase", file, publicOf(secret, this.#engine));
    } finally {
      pem.fill(0);
    }
  }

  /** Names a key in ssh-agent. */
  register(name: string, key: PublicKey): StoredKey {
    this.ready(name);
    return this.#keep(name, "agent", utf8(`${formatKey(key, name)}\n`), key);
  }

  /** Writes the secret first, because a public line alone is not a key. An old public line may stay if it is the same key's. */
  #keep(name: string, place: KeystorePlace, file: Bytes, key: PublicKey): StoredKey {
    privateFolder(this.#folder);
    const left = this.#publicFile(name);
    if (left !== undefined && left.keyid !== key.keyid)
      throw this.#taken(`the public line of another key, ${this.#path(name, "pub")}`);
    // An encrypted key needs its public line first: `list` could not identify it otherwise.
    if (place === "passphrase") this.#publish(name, key);
    create(this.#path(name, EXTENSION[place]), file, 0o600);
    this.#publish(name, key);
    return { name, key, place };
  }

  #publish(name: string, key: PublicKey): void {
    if (this.#publicFile(name) === undefined) create(this.#path(name, "pub"), utf8(`${formatKey(key, name)}\n`));
  }

  #taken(found: string): AttestError {
    return new AttestError(
      "key-exists",
      `the name is taken: ${found}`,
      "take another name: a key is never overwritten",
    );
  }

  /** Sets or changes the passphrase. The plain file is deleted only once the encrypted one is on disk. */
  async encrypt(name: string, passphrase: string, old: Passphrase): Promise<StoredKey> {
    const stored = this.find(name);
    if (passphrase === "")
      throw new AttestError("key-locked", "the passphrase is empty", "an empty passphrase protects nothing");
    const pem = pemOf(await this.#secret(stored, old));
    try {
      const file = await encrypt(pem, passphrase);
      this.#publish(name, stored.key);
      replace(this.#path(name, "age"), file, 0o600);
    } finally {
      pem.fill(0);
    }
    this.#discard(name, "pem");
    return this.find(name);
  }

  /** Removes the passphrase. The encrypted file is deleted only once the plain one is on disk. */
  async decrypt(name: string, old: Passphrase): Promise<StoredKey> {
    const stored = this.find(name);
    const locked = read(this.#path(name, "age")) !== undefined; // both files exist after an interruption
    if (stored.place === "plain" && !locked)
      throw new AttestError("usage", `the key ${name} has no passphrase`, "nothing was changed");
    const pem = pemOf(await this.#secret({ ...stored, place: locked ? "passphrase" : stored.place }, old));
    try {
      if (stored.place === "plain")
        await this.#secret(stored, old); // checks that the plain file is the same key
      else create(this.#path(name, "pem"), pem, 0o600);
    } finally {
      pem.fill(0);
    }
    removeUnfinished(this.#path(name, "pem")); // removes its second name after an interruption between the two steps
    this.#discard(name, "age");
    return this.find(name);
  }

  /** Including temporary copies of killed writers. */
  #discard(name: string, extension: "pem" | "age"): void {
    const path = this.#path(name, extension);
    remove(path);
    removeUnfinished(path);
  }

  /** @throws AttestError `key-missing`, `key-locked`, `agent-failed`, `home-unsafe` if others can read the secret */
  async signer(name: string, passphrase: Passphrase): Promise<Signer> {
    const stored = this.find(name);
    if (stored.place !== "agent") return signerOf(name, stored.key, await this.#secret(stored, passphrase));
    const path = this.#path(name, "agent");
    ownersAlone(this.#folder, 0o700);
    if (parseKey(fromUtf8(read(path) ?? new Uint8Array()), this.#engine).keyid !== stored.key.keyid)
      throw this.#strange(name);
    const { agentSigner } = await import("./agent.js");
    return { ...(await agentSigner(stored.key.keyid, this.#agent, this.#engine)), name };
  }

  /** The secret, checked against the public line. */
  async #secret(stored: StoredKey, passphrase: Passphrase): Promise<KeyObject> {
    const { name, place } = stored;
    if (place === "agent") throw elsewhere(name);
    const path = this.#path(name, EXTENSION[place]);
    refuseInsideGit(path);
    ownersAlone(this.#folder, 0o700);
    ownersAlone(path, 0o600);
    const bytes = read(path) ?? new Uint8Array();
    const secret = secretKey(place === "plain" ? bytes : await decrypt(bytes, `the key ${name}`, passphrase));
    if (publicOf(secret, this.#engine).keyid !== stored.key.keyid) throw this.#strange(name);
    return secret;
  }

  #strange(name: string): AttestError {
    return new AttestError(
      "key-format",
      `${this.#path(name, "pub")} is not the public part of the key ${name}, but another key's`,
      "remove that file: it is made again from the secret",
    );
  }

  #stored(name: string, place: KeystorePlace): StoredKey {
    const key = this.#publicFile(name);
    if (key !== undefined) return { name, key, place };
    const file = place === "passphrase" ? undefined : read(this.#path(name, EXTENSION[place]));
    if (file === undefined)
      throw new AttestError("key-missing", `no such file: ${this.#path(name, "pub")}, which belongs beside the key`);
    const told = place === "agent" ? parseKey(fromUtf8(file), this.#engine) : publicOf(secretKey(file), this.#engine);
    return { name, place, key: told };
  }

  #publicFile(name: string): PublicKey | undefined {
    const bytes = read(this.#path(name, "pub"));
    return bytes && parseKey(fromUtf8(bytes), this.#engine);
  }

  #path(name: string, extension: "pub" | (typeof EXTENSION)[KeystorePlace]): string {
    return join(this.#folder, `${name}.${extension}`);
  }
}

/** This key has no secret here that could get a passphrase. */
export const elsewhere = (name: string): AttestError =>
  new AttestError(
    "usage",
    `the secret of ${name} is in ssh-agent, not here`,
    "its passphrase is that of the file from which ssh-add took it: ssh-keygen -p -f FILE",
  );

function checkName(name: string): void {
  if (!KEY_NAME.test(name)) {
    throw new AttestError(
      "key-name",
      `a name has at most 64 lowercase letters, digits, '.', '_' and '-'; ${JSON.stringify(name)} is not one`,
    );
  }
}
