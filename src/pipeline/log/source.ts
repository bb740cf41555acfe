/** Where a registry's logs are read: its folder, or its address. The content is unverified. */
import type { Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import { parseKeyring, type Keyring } from "../../core/keys/keyring.js";
import { isAddress, openSource, openStore, type Environment } from "../../store/open.js";
import { KEYRING, parseAbout, Registry, REGISTRY_FILE } from "../../store/registry.js";
import type { Source } from "../../store/source.js";

export interface LogPlace {
  readonly target: string;
  /** Read through a server: its keyring is only its own word. */
  readonly remote: boolean;
  /** The registry's own name. */
  readonly origin: string;
  readonly keyring: Keyring;
  /** Reads a path below the registry's folder. @throws AttestError `network`, `io`, `too-large` */
  readonly read: (path: string) => Promise<Bytes | undefined>;
  /** Ids of the documents that can be listed: none at an address, whose log names them. */
  readonly ids: readonly string[];
  /** File names in a folder; absent if they cannot be listed. */
  readonly list?: (folder: string) => Promise<readonly string[]>;
}

/** @throws AttestError `registry-missing`, `registry-format`, `keyring-format`, `usage`, `network` */
export async function logPlace(target: string, engine: Engine, environment?: Environment): Promise<LogPlace> {
  if (isAddress(target)) return await served(target, await openSource(target), engine);
  const registry = await Registry.open(await openStore(target, environment), engine);
  return await logPlaceOf(registry, registry.store.remote ? registry.store.place : target);
}

export async function logPlaceOf(registry: Registry, target: string): Promise<LogPlace> {
  const { store } = registry;
  return {
    target,
    remote: store.remote,
    origin: registry.about.origin,
    keyring: await registry.keyring(),
    read: (path) => store.read(path),
    ids: (await registry.names()).map(idIn),
    list: (folder) => store.list(folder),
  };
}

async function served(target: string, source: Source, engine: Engine): Promise<LogPlace> {
  const about = await source.read(REGISTRY_FILE);
  const keyring = await source.read(KEYRING);
  if (about === undefined || keyring === undefined) {
    throw new AttestError(
      "registry-missing",
      `no registry at ${target}: ${about === undefined ? REGISTRY_FILE : KEYRING} is missing`,
      `name the address below which ${REGISTRY_FILE} lies`,
    );
  }
  return {
    target,
    remote: true,
    origin: parseAbout(about).origin,
    keyring: parseKeyring(keyring, engine),
    read: (path) => source.read(path),
    ids: [],
  };
}

const idIn = (name: string): string => name.replace(/\.json$/, "");

/** @throws AttestError `no-attestations` for a registry without a log */
export function mustHaveLog({ keyring, target }: LogPlace): void {
  if (keyring.logs.length > 0) return;
  throw new AttestError(
    "no-attestations",
    `the keyring of ${target} lists no log`,
    "nothing was checked, which is not a pass; begin one with: attest log start",
  );
}
