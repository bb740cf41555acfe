/** Shared by the commands: the engine, the user's keystore and the selected registry. */
import { dirname, resolve } from "node:path";
import type { Bytes } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import { Keystore } from "../keystore/keystore.js";
import { LogKeys } from "../keystore/log-keys.js";
import { LogMemory } from "../keystore/log-memory.js";
import { Pins } from "../keystore/pins.js";
import { nodeEngine } from "../node/engine.js";
import { isFolder } from "../node/files.js";
import { owned, readNamed } from "../node/reading.js";
import { ioError } from "../node/faults.js";
import { nearest, secretsHome, stateHome } from "../node/paths.js";
import { toRegistry, type OutputPlace } from "../pipeline/run/destination.js";
import { documentInBucket, isBucketAddress, openStore } from "../store/open.js";
import { ATTESTATIONS, MAKE_ONE, Registry, REGISTRY_FILE } from "../store/registry.js";
import type { Store } from "../store/store.js";
import type { LogKeyring, LogSigners } from "../store/registry-log.js";
import { io, oncePerCall } from "./io.js";
import { talk } from "./ui.js";

export const engine = nodeEngine;
export const keystore = (): Keystore => new Keystore(secretsHome(), engine, io().env["SSH_AUTH_SOCK"]);
export const logKeys = (): LogKeys => new LogKeys(secretsHome(), engine, io().env);
/** Finds the signer of a log, if this machine has its key. */
export const logSigners: LogSigners = (key) => logKeys().find(key);
/** The same, for commands that start a log: the user may replace what was seen under its name before. */
export function ownLogs(): LogKeyring {
  const keys = logKeys();
  return {
    find: (key) => keys.find(key),
    create: (origin) => {
      logMemory().forget(origin);
      return keys.create(origin);
    },
  };
}
export const logMemory = oncePerCall(
  () =>
    new LogMemory(stateHome(), {
      told: (why) => talk(`this log state is not remembered, so a log that shrinks would go unnoticed: ${why}`),
    }),
);
export const pins = (): Pins => new Pins(stateHome(), engine);

/** The registry named by `--registry`, else the nearest to `from`, else to the working directory. */
export function registryFolder(given: string | undefined, from?: string, name = "with --registry DIR"): string {
  const around = given ?? (from === undefined ? undefined : documentInBucket(from)?.registry);
  if (around !== undefined) return around;
  const near =
    (from === undefined ? undefined : nearest(isFolder(from) ? from : dirname(resolve(from)), REGISTRY_FILE)) ??
    nearest(".", REGISTRY_FILE);
  if (near === undefined) {
    throw new AttestError(
      "registry-missing",
      `no registry here or in a folder above: none has ${REGISTRY_FILE}`,
      `name one ${name}, or ${MAKE_ONE}`,
    );
  }
  return near;
}

/** For commands that take the registry as an argument. */
export const registryArgument = (given: string | undefined): string =>
  registryFolder(given, undefined, "by its folder");

/** A folder, or a bucket with the credentials of the one who calls. */
export const openPlace = (place: string): Promise<Store> => openStore(place, io().env);
export const openRegistry = async (place: string): Promise<Registry> =>
  await Registry.open(await openPlace(place), engine, logSigners);

/** The same, to publish to: refused beforehand where nothing can be written. */
export const openOutput = (folder: string): Promise<OutputPlace> => toRegistry(folder, engine, logSigners, io().env);

/** Read once, even if `-` is given several times. */
export const readStdin = oncePerCall(async (): Promise<Bytes> => {
  const chunks: Buffer[] = [];
  for await (const chunk of io().stdin) chunks.push(chunk as Buffer);
  const all = owned(Buffer.concat(chunks));
  for (const chunk of chunks) chunk.fill(0);
  return all;
});

/** A file, a document of a registry in a bucket, or stdin for `-`. */
export async function readInput(path: string): Promise<Bytes> {
  if (path === "-") return await readStdin();
  if (isBucketAddress(path)) return await readFromBucket(path);
  try {
    return readNamed(path);
  } catch (error) {
    if (error instanceof AttestError) throw error;
    throw ioError("read", path, error);
  }
}

async function readFromBucket(path: string): Promise<Bytes> {
  const named = documentInBucket(path);
  const bytes = named && (await (await openPlace(named.registry)).read(`${ATTESTATIONS}/${named.name}`));
  if (bytes === undefined) throw new AttestError("file-missing", `no such file: ${path}`, "check the path");
  return bytes;
}
