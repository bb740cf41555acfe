/** Adds attestations that were signed elsewhere to a registry: checks all, then writes those that are good. */
import { AttestError, orFault } from "../../core/errors.js";
import { groupBy } from "../../core/group-by.js";
import { KEY_NAME } from "../../core/schema.js";
import { uninterrupted } from "../../node/uninterrupted.js";
import { attestationPath, type Registry } from "../../store/registry.js";
import type { UserKey } from "../load/trusted-keys.js";
import { Checks, type Added, type Addition, type AddRequest, type Submitted } from "./addition.js";
import { union } from "./cosign.js";
import { listFor } from "./publish.js";
import { nameIn } from "./signers.js";

/** @throws AttestError the code of the failed check, `file-exists`, `file-missing` */
export async function add(signed: Submitted, request: AddRequest): Promise<Added> {
  const [only] = await addAll([signed], request);
  if (only === undefined || only instanceof AttestError) throw only ?? new Error("nothing was added");
  return only;
}

/**
 * Checks all, then adds those that are good; for each of the others its fault.
 *
 * The key must be vouched for by the user (`--key`, `--keyring`, or an own key) or listed by the registry: writers of a registry decide who
 * is listed. Only keys of the first kind are added to the list.
 * @throws AttestError if nothing can be added to the registry
 */
export async function addAll(
  all: readonly Submitted[],
  request: AddRequest,
): Promise<readonly (Added | AttestError)[]> {
  const { registry, progress = () => undefined } = request;
  const checks = await Checks.begun(request);
  const checked: (Addition | AttestError)[] = [];
  for (const signed of all) {
    checked.push(await orFault(() => checks.addition(signed)));
    progress(checked.length, "checked");
  }
  const good = checked.filter((one): one is Addition => !(one instanceof AttestError));
  if (good.length > 0) {
    await registry.log.ready(); // refuse before writing anything
    await listSigners(good, request);
  }
  const published = await registry.publishAll(
    good.map(({ id, before, bytes, evidence }) => ({ id, bytes: before ?? bytes, evidence })),
    (done) => progress(done, "added"),
  );
  const faults = new Map(good.map((one, at) => [one, published[at]?.fault]));
  for (const one of good)
    if (!one.known && one.before !== undefined && faults.get(one) === undefined)
      faults.set(one, await orFault(() => addSignatures(one, registry)));
  return checked.map((one) => (one instanceof AttestError ? one : (faults.get(one) ?? one)));
}

/** Under a lock: signatures that others added meanwhile are kept. */
async function addSignatures({ id, bytes }: Addition, registry: Registry): Promise<undefined> {
  await uninterrupted(async () => {
    let had = bytes;
    await registry.store.update(attestationPath(id), (now = bytes) => union((had = now), bytes) ?? now);
    await registry.log.enterMore(had, bytes);
  });
  return undefined;
}

/** Each key once: from its first signature on, unless it had ended before the last. */
async function listSigners(all: readonly Addition[], { registry, engine }: AddRequest): Promise<void> {
  const signed = all.flatMap((one) =>
    one.vouched.map((known) => ({ known, signedAt: one.statement.predicate.f3.signedAt })),
  );
  for (const theirs of groupBy(signed, ({ known }) => [known.key.keyid]).values()) {
    const [{ known } = { known: undefined }] = theirs;
    if (known === undefined) continue;
    const name = nameIn(await registry.keyring(), known.key, wantedName(known), engine);
    await listFor(theirs, { name, key: known.key }, registry);
  }
}

/** The user's name for the key, else the comment in its line. */
function wantedName({ name, comment }: UserKey): string {
  const wanted = name ?? comment;
  return wanted !== undefined && KEY_NAME.test(wanted) ? wanted : "signer";
}
