/** Where a log's writer keeps the last checkpoint that its key signed, so that the key never signs two logs. */
import type { Bytes } from "../core/bytes.js";
import type { LogSigner } from "../core/log/log-signer.js";
import { PENDING } from "./log-lock.js";
import type { Still, Store } from "./store.js";

export interface CheckpointMemory {
  last(): Promise<Bytes | undefined>;
  remember(checkpoint: Bytes, still: Still): Promise<void>;
  /** Called when the remembered checkpoint is published. */
  published(): Promise<void>;
}

/**
 * A machine without state for the key keeps the unpublished checkpoint in the log's folder until it is published. On a shared store the turn
 * says the same.
 */
export function memoryOf(signer: LogSigner, store: Store, folder: string): CheckpointMemory {
  if (signer.lock !== undefined)
    return {
      last: async () => signer.last(),
      remember: async (bytes, still) => signer.remember(bytes, still),
      published: async () => undefined,
    };
  if (store.shared)
    return {
      last: () => Promise.resolve(undefined),
      remember: async () => undefined,
      published: async () => undefined,
    };
  const pending = `${folder}/${PENDING}`;
  return {
    last: () => store.read(pending),
    remember: (bytes, still) => store.replace(pending, bytes, still),
    published: () => store.discard(pending),
  };
}
