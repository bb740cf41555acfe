/** Where a signed result goes: a registry, or a file with its evidence beside it. */
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import type { Signer } from "../../core/keys/key.js";
import { create } from "../../node/files.js";
import { ioError } from "../../node/faults.js";
import { openStore } from "../../store/open.js";
import { attestationPath, ATTESTATIONS, Registry } from "../../store/registry.js";
import type { LogSigners } from "../../store/registry-log.js";
import { writeBeside } from "../load/evidence-folder.js";
import { publish } from "../publish/publish.js";
import type { Attestation } from "../publish/sign.js";

export interface OutputPlace {
  readonly folder: string;
  readonly registry: Registry;
}
export type Destination = { readonly file: string } | OutputPlace;

/** Refuses unusable targets beforehand, so that no test runs in vain. */
export function toFile(file: string): Destination {
  if (existsSync(file)) {
    throw new AttestError("file-exists", `${file} exists already`, "name another file: nothing is overwritten");
  }
  writable(nearestFolder(dirname(resolve(file))));
  return { file };
}

/** @throws AttestError `registry-missing`, `registry-format`, `io` */
export async function toRegistry(folder: string, engine: Engine, logSigners: LogSigners): Promise<OutputPlace> {
  const registry = await Registry.open(openStore(folder), engine, logSigners);
  for (const place of [folder, join(folder, ATTESTATIONS), join(folder, "keys")]) writable(nearestFolder(place));
  return { folder, registry };
}

/** The folder itself, or its nearest existing parent. */
const nearestFolder = (path: string): string =>
  existsSync(path) || path === dirname(path) ? path : nearestFolder(dirname(path));

function writable(folder: string): void {
  try {
    readdirSync(folder); // ENOTDIR for a file
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw ioError("write to", folder, error);
  }
}

/** Writes the evidence first, then the attestation. Returns the attestation's path. */
export async function deliver(
  destination: Destination,
  attestation: Attestation,
  evidence: ReadonlyMap<string, Bytes>,
  signer: Signer,
): Promise<string> {
  if ("file" in destination) {
    writeBeside(destination.file, evidence);
    create(destination.file, attestation.bytes);
    return destination.file;
  }
  await publish(attestation, evidence, signer, destination.registry);
  return join(destination.folder, attestationPath(attestation.id));
}
