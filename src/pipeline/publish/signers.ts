/** Which key signs: the named one, else the only one that fits; and its name in a registry. */
import { hex } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import type { PublicKey, Signer } from "../../core/keys/key.js";
import { hasEnded, type KeyEntry, type Keyring } from "../../core/keys/keyring.js";
import { keyHistory } from "../../core/verify/key-history.js";
import { knownFrom } from "../../core/verify/signatures.js";
import type { Keystore, StoredKey } from "../../keystore/keystore.js";
import type { Registry } from "../../store/registry.js";

export const DEFAULT_NAME = "signer";

/** @throws AttestError `key-missing` if there is none, `usage` if there are several */
export async function chooseSigner(
  keystore: Keystore,
  name: string | undefined,
  registry: Registry | undefined,
): Promise<StoredKey> {
  if (name !== undefined) return keystore.find(name);
  const all = keystore.list();
  const listed =
    registry === undefined ? [] : (await registry.keyring()).signers.filter(inForce).map(({ key }) => key.keyid);
  const here = all.filter(({ key }) => listed.includes(key.keyid));
  const choice = here.length === 1 ? here : all;
  const [only, ...more] = choice;
  if (only === undefined)
    throw new AttestError(
      "key-missing",
      `no signing key in ${keystore.folder}`,
      `make one with: attest key new ${DEFAULT_NAME}`,
    );
  if (more.length > 0)
    throw new AttestError(
      "usage",
      `several signing keys match: ${choice.map((stored) => stored.name).join(", ")}`,
      "name one with --signer NAME",
    );
  return only;
}

const inForce = ({ revoked, validUntil }: KeyEntry): boolean =>
  revoked === undefined && (validUntil === undefined || Date.parse(validUntil) > Date.now());

/** Refuses a key that the registry lists as ended. @throws AttestError `key-revoked`, `key-retired` */
export async function refuseEnded(
  { name, key }: Pick<Signer, "name" | "key">,
  registry: Registry | undefined,
  engine: Engine,
): Promise<void> {
  if (registry === undefined) return;
  const listed = knownFrom(await registry.keyring(), "site", "");
  const { keys } = keyHistory(
    await registry.markedNotices(["rotate", "revoke"]),
    [{ key, by: "you", source: "" }, ...listed],
    engine,
  );
  const entries = keys.flatMap((one) => (one.key.keyid === key.keyid && one.entry !== undefined ? [one.entry] : []));
  const entry = entries.find(({ revoked }) => revoked !== undefined) ?? entries.find((one) => !inForce(one));
  if (entry === undefined) return;
  throw hasEnded({ ...entry, name });
}

/** The key of that name; makes it if it is missing. */
export const ensureKey = (keystore: Keystore, name: string): { stored: StoredKey; made: boolean } => {
  const known = keystore.list().find((stored) => stored.name === name);
  return known === undefined ? { stored: keystore.create(name), made: true } : { stored: known, made: false };
};

/** The keyring entry of the user's own key. */
export const keyEntryOf = ({ name, key }: Pick<StoredKey, "name" | "key">, validFrom: Date): KeyEntry => ({
  name,
  key,
  validFrom: validFrom.toISOString(),
});

/** The registry's name for a key; else the wanted name, made unique if another key has it. */
export function nameIn({ signers }: Keyring, key: PublicKey, wanted: string, engine: Engine): string {
  const listed = signers.find((entry) => entry.key.keyid === key.keyid);
  if (listed !== undefined) return listed.name;
  const taken = signers.some(({ name }) => name === wanted);
  return taken ? `${wanted.slice(0, 55)}-${hex(engine.sha256(key.bytes)).slice(0, 8)}` : wanted;
}
