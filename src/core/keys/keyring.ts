/** `keys/keyring.json`: the signers, logs and witnesses that a registry or a person lists, with their validity. */
import * as z from "zod/mini";
import type { Engine } from "../engine.js";
import { AttestError } from "../errors.js";
import { parseJson, readable, type Json } from "../json.js";
import { formatKey, parseKey, type PublicKey } from "./key.js";
import { formatNoteKey, parseNoteKey, type NoteKey } from "./note.js";
import { faultIn, KEY_NAME, timestamp } from "../schema.js";
import { hex, type Bytes } from "../bytes.js";

/** A keyring comes from a server. A longer one would only keep a verifier busy. */
const MAX_SIGNERS = 1000;

export interface KeyEntry {
  readonly name: string;
  readonly key: PublicKey;
  /** RFC 3339, UTC. A signature with a claimed time outside [validFrom, validUntil] makes its key "retired". */
  readonly validFrom: string;
  readonly validUntil?: string | undefined;
  readonly revoked?: { readonly at: string; readonly reason: string } | undefined;
  readonly note?: string | undefined;
}

/** A log or a witness. Its key is a C2SP signed-note line, which includes its name. */
export interface NoteEntry {
  readonly name: string;
  readonly key: NoteKey;
  readonly validFrom: string;
  readonly validUntil?: string | undefined;
  readonly note?: string | undefined;
}

/** A log as a statement or a host names it: origin, and key as one line. */
export interface LogName {
  readonly origin: string;
  readonly key: string;
}

export interface Keyring {
  readonly signers: readonly KeyEntry[];
  /** In order; each continues the one before. They and their folders are called `log`, `log-2`, `log-3`. */
  readonly logs: readonly NoteEntry[];
  readonly witnesses: readonly NoteEntry[];
  /** How many witnesses must have seen a log before their time counts; 1 by default. */
  readonly quorum?: number | undefined;
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
const noteEntry = z.strictObject({
  name: z.string().check(z.regex(KEY_NAME)),
  key: z.string(),
  validFrom: timestamp,
  validUntil: z.optional(timestamp),
  note: z.optional(z.string()),
});
const schema = z.strictObject({
  signers: z.array(entry),
  logs: z.array(noteEntry),
  witnesses: z.array(noteEntry),
  quorum: z.optional(z.int().check(z.gte(1), z.lte(16))),
});

/** Name of a registry's log and of its folder; `shard` counts from 0. */
export const logFolderName = (shard: number): string => (shard === 0 ? "log" : `log-${shard + 1}`);

/** The inverse of `formatKeyring`. Throws `keyring-format`, `key-format` or a code of `parseJson`. */
export function parseKeyring(bytes: Bytes, engine: Engine): Keyring {
  const parsed = schema.safeParse(parseJson(bytes));
  if (!parsed.success)
    throw new AttestError("keyring-format", `expected a keyring, found at ${faultIn(parsed.error)}`);
  const { signers: listed, logs: shards, witnesses: seers } = parsed.data;
  const refused = (expected: string, found: string): AttestError =>
    new AttestError("keyring-format", `expected ${expected}, found ${found}`);
  for (const [what, count] of [
    ["signers", listed.length],
    ["logs", shards.length],
    ["witnesses", seers.length],
  ] as const)
    if (count > MAX_SIGNERS) throw refused(`at most ${MAX_SIGNERS} ${what}`, String(count));
  const signers = listed.map((signer) => ({ ...signer, key: parseKey(signer.key, engine) }));
  const noted = (type: NoteKey["type"], all: typeof shards): NoteEntry[] =>
    all.map((one) => {
      const key = parseNoteKey(one.key, engine);
      if (key.type !== type) throw refused(`a key of type ${type} for ${one.name}`, key.type);
      return { ...one, key };
    });
  const logs = noted("ed25519", shards);
  const witnesses = noted("cosignature-v1", seers);
  const misnamed = logs.find(({ name }, at) => name !== logFolderName(at));
  if (misnamed !== undefined) throw refused("the logs log, log-2, log-3 in their order", misnamed.name);
  // One key must have one purpose, or a signature for one could be passed off as a signature for the other.
  const raw = new Set<string>();
  for (const { name, key } of [...signers, ...logs, ...witnesses]) {
    const bytes = hex(key.bytes);
    if (raw.has(bytes)) throw refused("each name and each key once", `${name} or its key again`);
    raw.add(bytes);
  }
  for (const all of [signers, witnesses]) {
    const names = all.map(({ name }) => name);
    const twice = names.find((name, at) => names.indexOf(name) !== at);
    if (twice !== undefined) throw refused("each name and each key once", `${twice} or its key again`);
  }
  const { quorum } = parsed.data;
  if (quorum !== undefined && quorum > witnesses.length)
    throw refused(`a quorum of at most the ${witnesses.length} witnesses`, String(quorum));
  return { signers, logs, witnesses, ...(quorum !== undefined && { quorum }) };
}

const plain = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json;

export const formatKeyring = ({ signers, logs, witnesses, quorum }: Keyring): Bytes =>
  readable(
    plain({
      signers: signers.map(({ key, ...rest }) => ({ ...rest, key: formatKey(key) })),
      logs: logs.map(({ key, ...rest }) => ({ ...rest, key: formatNoteKey(key) })),
      witnesses: witnesses.map(({ key, ...rest }) => ({ ...rest, key: formatNoteKey(key) })),
      quorum,
    }),
  );

/** The logs in the form that statements use. */
export const logNames = (keyring: Pick<Keyring, "logs"> | undefined): readonly LogName[] =>
  (keyring?.logs ?? []).map(({ key }) => ({ origin: key.name, key: formatNoteKey(key) }));

/** Why the key signs nothing new, by this listing. */
export function hasEnded({
  name,
  validUntil,
  revoked,
}: Pick<KeyEntry, "name" | "validUntil" | "revoked">): AttestError {
  const [code, found] =
    revoked === undefined
      ? (["key-retired", `retired since ${validUntil ?? ""}`] as const)
      : (["key-revoked", `revoked from ${revoked.at} on`] as const);
  return new AttestError(
    code,
    `expected a key that the registry still lists, found ${name}, ${found}`,
    "sign with its successor: --signer NAME",
  );
}
