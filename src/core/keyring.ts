/** `keys/keyring.json`: whose keys a registry, or a person, lists, and for which time. */
import * as z from "zod/mini";
import type { Engine } from "./engine.js";
import { AttestError } from "./errors.js";
import { parseJson, readable, type Json } from "./json.js";
import { formatKey, parseKey, type PublicKey } from "./key.js";
import { KEY_NAME, timestamp } from "./schema.js";
import type { Bytes } from "./bytes.js";

/** A keyring comes from whoever serves a registry: more keys than this would only keep a verifier busy. */
const MAX_SIGNERS = 1000;

export interface KeyEntry {
  readonly name: string;
  readonly key: PublicKey;
  /** RFC 3339, UTC. Outside [validFrom, validUntil] a signature's claimed time makes its key "retired". */
  readonly validFrom: string;
  readonly validUntil?: string | undefined;
  readonly revoked?: { readonly at: string; readonly reason: string } | undefined;
  readonly note?: string | undefined;
}

export interface Keyring {
  readonly signers: readonly KeyEntry[];
  /** Kept as they are: this version lists signers, and must not drop what a newer one wrote. */
  readonly logs: readonly Json[];
  readonly witnesses: readonly Json[];
}

export const EMPTY_KEYRING: Keyring = { signers: [], logs: [], witnesses: [] };

const entry = z.strictObject({
  name: z.string().check(z.regex(KEY_NAME)),
  key: z.string(),
  validFrom: timestamp,
  validUntil: z.optional(timestamp),
  revoked: z.optional(z.strictObject({ at: timestamp, reason: z.string() })),
  note: z.optional(z.string()),
});
const schema = z.strictObject({ signers: z.array(entry), logs: z.array(z.json()), witnesses: z.array(z.json()) });

/** The inverse of `formatKeyring`. Throws `keyring-format`, `key-format` or a code of `parseJson`. */
export function parseKeyring(bytes: Bytes, engine: Engine): Keyring {
  const parsed = schema.safeParse(parseJson(bytes));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new AttestError(
      "keyring-format",
      `expected a keyring, found at ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`,
    );
  }
  if (parsed.data.signers.length > MAX_SIGNERS) {
    throw new AttestError(
      "keyring-format",
      `expected at most ${MAX_SIGNERS} signers, found ${parsed.data.signers.length}`,
    );
  }
  const signers = parsed.data.signers.map((signer) => ({ ...signer, key: parseKey(signer.key, engine) }));
  const seen = new Set<string>();
  for (const { name, key } of signers) {
    if (seen.has(name) || seen.has(key.keyid)) {
      throw new AttestError("keyring-format", `expected each name and each key once, found ${name} or its key again`);
    }
    seen.add(name).add(key.keyid);
  }
  return { ...parsed.data, signers };
}

export const formatKeyring = (keyring: Keyring): Bytes =>
  readable({
    signers: keyring.signers.map((signer): Json => {
      const { key, ...rest } = signer;
      return JSON.parse(JSON.stringify({ ...rest, key: formatKey(key) })) as Json;
    }),
    logs: keyring.logs,
    witnesses: keyring.witnesses,
  });
