/** Where a signed result goes: a registry, or a file with its evidence beside it. */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import type { Signer } from "../../core/keys/key.js";
import { create, mustBeWritable } from "../../node/files.js";
import { fileAt, openStore, type Environment } from "../../store/open.js";
import { attestationPath, ATTESTATIONS, KEYRING, Registry } from "../../store/registry.js";
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
  mustBeWritable(dirname(resolve(file)));
  return { file };
}

/** @throws AttestError `registry-missing`, `registry-format`, `io` */
export async function toRegistry(
  folder: string,
  engine: Engine,
  logSigners: LogSigners,
  environment?: Environment,
): Promise<OutputPlace> {
  const store = await openStore(folder, environment);
  const registry = await Registry.open(store, engine, logSigners);
  for (const place of [".", ATTESTATIONS, dirname(KEYRING)]) await store.mustBeWritable(place);
  return { folder, registry };
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
  return fileAt(destination.folder, attestationPath(attestation.id));
}
