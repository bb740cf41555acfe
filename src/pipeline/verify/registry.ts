/** A registry of any size, verified on all processors: for programs that use the library. `attest verify DIR` prints the same reports. */
import { availableParallelism } from "node:os";
import { AttestError } from "../../core/errors.js";
import { nodeEngine } from "../../node/engine.js";
import { canPool, inPieces, pooled } from "../../node/pool.js";
import { namesIn } from "../load/load.js";
import { requestOf, type RegistryOptions, type Told } from "./registry-request.js";
import type { RegistryAnswer } from "./registry-worker.js";
import { effective, verifyEach, type Verified } from "./verify.js";

/** Fewer documents are verified before a worker has started. */
const MANY = 1000;
const WORKER = new URL("./registry-worker.js", import.meta.url);

/**
 * One answer for each document, in the order of the file names, each as soon as it and all before it are there. A file that cannot be read
 * stops no other: its answer has a `fault`.
 * @throws AttestError `registry-missing`, `registry-format`, `no-attestations`; for your own keys `key-format`, `keyring-format`, `file-missing`
 * @example
 * for await (const one of verifyRegistry("lab", { keys: ["lab/keys/signer.pub"] }))
 *   console.log(one.target, "report" in one ? one.report.outcome : one.fault.code);
 */
export async function* verifyRegistry(folder: string, options: RegistryOptions = {}): AsyncGenerator<Verified> {
  const names = await namesIn(folder, nodeEngine);
  const { workers = availableParallelism(), now = new Date(), ...rest } = options;
  const asked = { ...rest, now };
  const isMany = workers >= 2; // not so for NaN, with which nothing would be verified
  if (!isMany || names.length < MANY || !canPool(WORKER)) {
    for await (const { verified, read } of verifyEach(requestOf(folder, asked))) {
      if ("fault" in verified && verified.target === folder) throw verified.fault;
      yield* read === undefined ? [verified] : effective(read.document, verified);
    }
    return;
  }
  const pieces = inPieces(names);
  const data = { folder, asked };
  for await (const found of pooled<readonly string[], RegistryAnswer>({
    module: WORKER,
    data,
    pieces,
    workers: Math.min(workers, pieces.length),
  })) {
    if ("fault" in found) throw told(found.fault);
    for (const one of found.answers) yield "fault" in one ? { ...one, fault: told(one.fault) } : one;
  }
}

const told = ({ code, message, hint }: Told): AttestError => new AttestError(code, message, hint);
