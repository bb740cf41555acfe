/**
 * The lock of a log's writers: in the log's folder, which two machines may share, and for a key that is kept in the user's home also beside
 * that key, since two copies of a registry on one machine share it.
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
): Promise<T> => {
  const inFolder = (act: (still: Still) => Promise<T>): Promise<T> => store.exclusively(`${folder}/${PENDING}`, act);
  if (signer?.lock === undefined) return inFolder(act);
  return withLock(signer.lock, async ({ still }) => {
    if ((await store.list(folder)).length === 0) return await act(still); // nobody has begun it
    return await inFolder((also) =>
      act(() => {
        still();
        also();
      }),
    );
  });
};
