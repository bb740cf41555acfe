/** What a stranger does: take a file, a folder or an address, find keys for it, and verify. Nothing here can give trust away. */
import { dirname, join, relative, resolve, basename } from "node:path";
import { hex, utf8, type Bytes, fromUtf8 } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { parseKey } from "../core/key.js";
import { parseKeyring, type Keyring } from "../core/keyring.js";
import type { Report } from "../core/report.js";
import { knownFrom, type Known } from "../core/signatures.js";
import { verify } from "../core/verify.js";
import type { Keystore } from "../keystore/keystore.js";
import { isFolder, read } from "../node/files.js";
import { nearest } from "../node/paths.js";
import { Directory } from "../store/directory.js";
import { fetchBytes } from "../store/http.js";
import { ATTESTATIONS, evidencePath, KEYRING, Registry, REGISTRY_FILE } from "../store/registry.js";
import { readBeside } from "./evidence.js";

export interface VerifyRequest {
  /** Files, registry folders, http(s) addresses. */
  readonly targets: readonly string[];
  /** The bytes for the target `-`. */
  readonly stdin?: () => Promise<Bytes>;
  /** Public key lines or files of them, from the user. */
  readonly keys: readonly string[];
  readonly keyrings: readonly string[];
  readonly keystore: Keystore | undefined;
  readonly engine: Engine;
  readonly now: Date;
}

export interface Verified {
  /** As the user named it, or the path below the folder that the user named. */
  readonly target: string;
  readonly report: Report;
  readonly bytes: Bytes;
}

interface Document {
  readonly target: string;
  readonly bytes: Bytes;
  readonly fileName?: string;
  readonly named: boolean;
  readonly site?: Keyring | undefined;
  readonly archive?: (sha256: string) => Bytes | undefined;
}

/**
 * One report for each document. @throws AttestError for what cannot be read at all: `file-missing`, `registry-missing`, `network`,
 * `no-attestations`, `key-format`, `keyring-format`
 */
export async function verifyAll(request: VerifyRequest): Promise<Verified[]> {
  const yours = keysOf(request);
  const verified: Verified[] = [];
  for (const target of request.targets) {
    for (const document of await documents(target, request)) {
      const site = document.site === undefined ? [] : knownFrom(document.site, "site", "the registry's own keyring");
      const report = verify(document.bytes, {
        engine: request.engine,
        keys: [...yours, ...site],
        now: request.now,
        fileName: document.fileName,
        named: document.named,
        ...(document.archive && { archived: stateIn(document.archive, request.engine) }),
      });
      verified.push({ target: document.target, report, bytes: document.bytes });
    }
  }
  return verified;
}

/** Keys from `--key`, `--keyring` and the user's keystore: all of them given by the user, none by the document. */
export function keysOf({
  keys,
  keyrings,
  keystore,
  engine,
}: Pick<VerifyRequest, "keys" | "keyrings" | "keystore" | "engine">): Known[] {
  const given = keys.map((text): Known => ({
    key: parseKey(text.startsWith("ssh-") ? text : keyText(text), engine),
    by: "you",
    source: "--key",
  }));
  const listed = keyrings.flatMap((path) => {
    const keyring = parseKeyring(required(path, "a keyring"), engine);
    if (keyring.signers.length === 0)
      throw new AttestError(
        "no-attestations",
        `expected signers in the keyring ${path}, found none`,
        "an empty keyring confirms nothing",
      );
    return knownFrom(keyring, "you", `--keyring ${path}`);
  });
  const own = (keystore?.list() ?? []).map(({ name, key }): Known => ({
    key,
    by: "you",
    source: `your keystore, ${name}`,
    name,
  }));
  return [...given, ...listed, ...own];
}

const keyText = (path: string): string => fromUtf8(required(path, "a public key line, or a file with one"));

function required(path: string, what: string): Bytes {
  const bytes = isFolder(path) ? undefined : read(path);
  if (bytes === undefined)
    throw new AttestError(
      "file-missing",
      `expected ${what}, found no file ${path}`,
      "check the path; a key may also be given as the line itself, in quotes",
    );
  return bytes;
}

const stateIn =
  (archive: (sha256: string) => Bytes | undefined, engine: Engine) =>
  (sha256: string): "same" | "changed" | "missing" => {
    const bytes = archive(sha256);
    return bytes === undefined ? "missing" : hex(engine.sha256(bytes)) === sha256 ? "same" : "changed";
  };

async function documents(target: string, request: VerifyRequest): Promise<Document[]> {
  if (target === "-") return [{ target, bytes: (await request.stdin?.()) ?? utf8(""), named: false }];
  if (/^https?:\/\//i.test(target)) return [await fromAddress(target, request.engine)];
  if (isFolder(target)) return await fromFolder(target, request.engine);
  return [await fromFile(target, request.engine)];
}

async function fromFolder(folder: string, engine: Engine): Promise<Document[]> {
  const registry = await Registry.open(new Directory(folder), engine);
  const names = await registry.names();
  if (names.length === 0)
    throw new AttestError(
      "no-attestations",
      `expected attestations in ${join(folder, ATTESTATIONS)}, found none`,
      "nothing was checked, which is not a pass",
    );
  return await Promise.all(names.map((name) => fromFile(join(folder, ATTESTATIONS, name), engine)));
}

async function fromFile(path: string, engine: Engine): Promise<Document> {
  const bytes = read(path);
  if (bytes === undefined)
    throw new AttestError(
      "file-missing",
      `expected an attestation, found no file ${path}`,
      "check the path; to verify a whole registry, name its folder",
    );
  const root = nearest(dirname(resolve(path)), REGISTRY_FILE);
  const fileName = basename(path);
  if (root === undefined)
    return { target: path, bytes, fileName, named: false, archive: (sha256) => readBeside(path, sha256) };
  const registry = await Registry.open(new Directory(root), engine);
  return {
    target: path,
    bytes,
    fileName,
    named: relative(join(root, ATTESTATIONS), resolve(path)) === fileName,
    site: await registry.keyring(),
    archive: (sha256) => read(join(root, evidencePath(sha256))) ?? readBeside(path, sha256),
  };
}

/** A registry's address is what stands before `/attestations/`; its keyring is what the site says of itself, and no more. */
async function fromAddress(address: string, engine: Engine): Promise<Document> {
  const url = new URL(address);
  const bytes = await fetchBytes(url);
  if (bytes === undefined)
    throw new AttestError(
      "file-missing",
      `expected an attestation at ${address}, found nothing there`,
      "check the address: it ends in /attestations/<id>.json",
    );
  const fileName = decodeURIComponent(basename(url.pathname));
  const at = url.pathname.lastIndexOf(`/${ATTESTATIONS}/`);
  if (at < 0) return { target: address, bytes, fileName, named: false };
  const keyring = await fetchBytes(new URL(`${url.pathname.slice(0, at)}/${KEYRING}`, url));
  return { target: address, bytes, fileName, named: true, site: keyring && parseKeyring(keyring, engine) };
}
