/** What a stranger does: take files, folders or addresses, find keys for them, and verify. Nothing here can give trust away. */
import { basename, dirname, join, resolve } from "node:path";
import { hex, utf8, type Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { MAX_BYTES } from "../core/json.js";
import { parseKeyring, type Keyring } from "../core/keyring.js";
import type { Policy } from "../core/policy.js";
import type { Report } from "../core/report.js";
import { knownFrom } from "../core/signatures.js";
import { verify, type VerifyOptions } from "../core/verify.js";
import { isFolder, read } from "../node/files.js";
import { Directory } from "../store/directory.js";
import { fetchBytes } from "../store/http.js";
import { ATTESTATIONS, evidencePath, KEYRING, parseAbout, Registry, REGISTRY_FILE } from "../store/registry.js";
import { readBeside } from "./evidence.js";
import { keysOf, knownAt, NOWHERE, placeOf, type Given, type KeyRequest, type Whereabouts } from "./keys.js";
import { changedKey } from "./pinned.js";

export interface VerifyRequest extends KeyRequest {
  /** Files, registry folders, http(s) addresses. */
  readonly targets: readonly string[];
  /** The bytes for the target `-`. */
  readonly stdin?: () => Promise<Bytes>;
  /** Compute every outcome that has a criterion from the archived observations again. */
  readonly recompute?: boolean;
  readonly policy?: Policy | undefined;
}

/** As the user named it, or the path below the folder that the user named; with a report, or with why there is none. */
export type Verified = { readonly target: string } & ({ readonly report: Report } | { readonly fault: AttestError });

interface Document {
  readonly target: string;
  readonly bytes: Bytes;
  readonly fileName?: string;
  readonly named: boolean;
  /** What serves the document says of its own keys. */
  readonly site?: Keyring | undefined;
  readonly place: Whereabouts;
  readonly archive?: (sha256: string) => Bytes | undefined;
}

/**
 * One answer for each document; what cannot be read at all (`file-missing`, `registry-missing`, `network`, `no-attestations`) does not
 * keep the others from being verified. @throws AttestError for the user's own keys: `key-format`, `keyring-format`, `file-missing`
 */
export async function verifyAll(request: VerifyRequest): Promise<Verified[]> {
  const yours = await keysOf(request);
  const verified: Verified[] = [];
  for (const target of request.targets) {
    try {
      for (const document of await documents(target, request)) verified.push(verifyOne(document, yours, request));
    } catch (error) {
      if (!(error instanceof AttestError)) throw error;
      verified.push({ target, fault: error });
    }
  }
  return verified;
}

function verifyOne(
  { target, bytes, ...document }: Document,
  yours: readonly Given[],
  { engine, now, recompute, policy }: VerifyRequest,
): Verified {
  const site = document.site === undefined ? [] : knownFrom(document.site, "site", "the registry's own keyring");
  const { archive } = document;
  const report = verify(bytes, {
    engine,
    now,
    keys: [...knownAt(yours, document.place), ...site],
    fileName: document.fileName,
    named: document.named,
    ...(archive && { archived: stateIn(archive, engine) }),
    ...(policy && { policy }),
    ...(recompute && { observations: archive ?? (() => undefined) }),
  });
  const stop = changedKey(yours, document.place, document.site, report.signers);
  // What does not verify at all is worse news.
  return stop === undefined || report.exit === 1 || report.exit === 2 ? { target, report } : { target, fault: stop };
}

const stateIn =
  (archive: (sha256: string) => Bytes | undefined, engine: Engine): NonNullable<VerifyOptions["archived"]> =>
  (sha256, size) => {
    const bytes = archive(sha256);
    if (bytes === undefined) return "missing";
    return bytes.length === size && hex(engine.sha256(bytes)) === sha256 ? "same" : "changed";
  };

async function documents(target: string, request: VerifyRequest): Promise<Document[]> {
  if (target === "-") return [{ target, bytes: (await request.stdin?.()) ?? utf8(""), named: false, place: NOWHERE }];
  if (/^https?:/i.test(target)) return [await fromAddress(target, request)];
  if (isFolder(target)) return await fromFolder(target, request.engine);
  return [await fromFile(target, request.engine)];
}

async function fromFolder(folder: string, engine: Engine): Promise<Document[]> {
  const registry = await Registry.open(new Directory(folder), engine);
  const names = await registry.names();
  if (names.length === 0) {
    throw new AttestError(
      "no-attestations",
      `expected attestations in ${join(folder, ATTESTATIONS)}, found none`,
      "nothing was checked, which is not a pass",
    );
  }
  const site = await registry.keyring();
  return names.map((name) => inRegistry(folder, name, site, registry.about.origin));
}

/**
 * A file belongs to a registry only when it lies in that registry's own folder of attestations: a registry found anywhere above it
 * could have been planted there, to hide a revocation or to invent one.
 */
async function fromFile(path: string, engine: Engine): Promise<Document> {
  const folder = dirname(resolve(path));
  const root = dirname(folder);
  if (basename(folder) === ATTESTATIONS && read(join(root, REGISTRY_FILE)) !== undefined) {
    const registry = await Registry.open(new Directory(root), engine);
    return { ...inRegistry(root, basename(path), await registry.keyring(), registry.about.origin), target: path };
  }
  return {
    target: path,
    bytes: document(path),
    fileName: basename(path),
    named: false,
    place: NOWHERE,
    archive: (sha256) => readBeside(path, sha256),
  };
}

function inRegistry(root: string, fileName: string, site: Keyring, origin: string): Document {
  const store = new Directory(root);
  const target = join(root, ATTESTATIONS, fileName);
  return {
    target,
    bytes: document(target),
    fileName,
    named: true,
    site,
    place: placeOf(origin),
    archive: (sha256) => store.readNow(evidencePath(sha256)),
  };
}

function document(path: string): Bytes {
  const bytes = read(path, { limit: MAX_BYTES });
  if (bytes === undefined) {
    throw new AttestError(
      "file-missing",
      `expected an attestation, found no file ${path}`,
      "check the path; to verify a whole registry, name its folder",
    );
  }
  return bytes;
}

/** A registry's address is what stands before `/attestations/`; its keyring is what the site says of itself, and no more. */
async function fromAddress(address: string, { engine, pins = [] }: VerifyRequest): Promise<Document> {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const fileName = url === undefined ? undefined : lastPart(url.pathname);
  if (url === undefined || url.host === "" || fileName === undefined) {
    throw new AttestError(
      "usage",
      `expected an http(s) address, found ${JSON.stringify(address)}`,
      "an address ends in /attestations/<id>.json",
    );
  }
  const bytes = await fetchBytes(url);
  if (bytes === undefined) {
    throw new AttestError(
      "file-missing",
      `expected an attestation at ${address}, found nothing there`,
      "check the address: it ends in /attestations/<id>.json",
    );
  }
  const hosts = [url.hostname];
  const at = url.pathname.lastIndexOf(`/${ATTESTATIONS}/`);
  if (at < 0) return { target: address, bytes, fileName, named: false, place: { hosts, origins: [] } };
  const base = url.pathname.slice(0, at);
  const beside = async (path: string): Promise<Bytes | undefined> => {
    const other = new URL(url);
    other.pathname = `${base}/${path}`; // set, not resolved: a path that begins with // names another host
    other.search = "";
    return await fetchBytes(other);
  };
  const keyring = await beside(KEYRING);
  const site = keyring && parseKeyring(keyring, engine);
  // What it calls itself matters to a pin alone, as does a mirror's address: either names the registry for which a key was pinned.
  const about = pins.some(({ origin }) => origin !== undefined) ? await beside(REGISTRY_FILE) : undefined;
  const stated = about === undefined ? [] : [parseAbout(about).origin];
  const origins = [url.host + base, ...stated];
  return { target: address, bytes, fileName, named: true, site, place: { hosts, origins } };
}

function lastPart(path: string): string | undefined {
  try {
    return decodeURIComponent(basename(path));
  } catch {
    return undefined;
  }
}
