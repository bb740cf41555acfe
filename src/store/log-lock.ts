/**
 * The lock of a log's writers. It lies beside the log's key in the user's home, since two copies of a registry on one machine share the key;
 * for a key from the environment, in the log's folder.
 */
import type { LogSigner } from "../core/log/log-signer.js";
import { withLock } from "../node/lock.js";
import type { Still, Store } from "./store.js";

/** The unpublished checkpoint of a machine that keeps no state for the key; beside the published one. */
export const PENDING = ".checkpoint";

/** @param signer undefined for someone who has no key */
export const whileWriting = <T>(
  store: Store,
  folder: string,
  signer: Pick<LogSigner, "lock"> | undefined,
  act: (still: Still) => Promise<T>,
): Promise<T> =>
  signer?.lock === undefined
    ? store.exclusively(`${folder}/${PENDING}`, act)
    : withLock(signer.lock, ({ still }) => act(still));
