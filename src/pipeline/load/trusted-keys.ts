/** The sources of the keys that the user trusts, and the documents for which each counts. A document never adds one. */
import { fromUtf8, isUtf16, type Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import { MAX_BYTES } from "../../core/json.js";
import type { KeyLines } from "../../core/keys/key-lines.js";
import { parseKeyring, type LogName } from "../../core/keys/keyring.js";
import { hostOf, originOf } from "../../core/origin.js";
import { knownFrom, type TrustedKey } from "../../core/verify/signatures.js";
import { readPublicKeys } from "../../formats/public-key.js";
import type { StoredKey } from "../../keystore/keystore.js";
import type { Pin } from "../../keystore/pins.js";
import { isFolder } from "../../node/files.js";
import { read } from "../../node/reading.js";
import { fetchBytes } from "../../store/http.js";

export interface KeyRequest {
  /** Public key lines, key files, or https addresses of key files, given by the user. */
  readonly keys: readonly string[];
  readonly keyrings: readonly string[];
  readonly keystore: { list: () => readonly Pick<StoredKey, "name" | "key">[] } | undefined;
  readonly pins?: readonly Pin[] | undefined;
  /** From a policy file. */
  readonly policyKeys?: readonly TrustedKey[] | undefined;
  readonly engine: Engine;
  readonly now: Date;
}

/** A key given by the user, and where it counts. */
export interface UserKey extends TrustedKey {
  /** The comment after the key. */
  readonly comment?: string | undefined;
  /** The key's server, by `hostOf`: for documents from the same host it is no independent confirmation. */
  readonly host?: string;
  /** The only registry for which it was pinned. */
  readonly origin?: string | undefined;
}

/** What is known about a document's location; empty for a file outside of a registry. */
export interface Location {
  /** By `hostOf`: the hosts that may have put a key there. */
  readonly hosts: readonly string[];
  /** By `originOf`: the address, and the registry's own name. */
  readonly origins: readonly string[];
  /** It does not state its name as a registry must. Then it may be anyone's, and any host may be its own. */
  readonly unknown?: true;
}

/** Prefix of the source of keys whose secret the user has. */
export const KEYSTORE = "your keystore";

export const NO_LOCATION: Location = { hosts: [], origins: [] };

/**
 * A location by stated name and address; the name is undefined if missing. On this disk it has no address, but its name tells the host that
 * serves it or that it was copied from.
 */
export function locationOf(called: string | undefined, address?: string): Location {
  const names = [address, called].flatMap((name) => name ?? []);
  return {
    hosts: names.flatMap((name) => hostOf(name) ?? []),
    origins: names.map(originOf),
    ...(called === undefined && { unknown: true }),
  };
}

/** The operator of a document's log publishes it, whatever the name of the surrounding registry or pack. */
export function locationWith(log: LogName | undefined, place: Location): Location {
  const host = log && hostOf(log.origin);
  return host === undefined || place.hosts.includes(host) ? place : { ...place, hosts: [...place.hosts, host] };
}

/** @throws AttestError `key-format`, `keyring-format`, `file-missing`, `usage`, `network`, `too-large` */
export async function keysOf({
  keys,
  keyrings,
  keystore,
  pins = [],
  policyKeys = [],
  engine,
  now,
}: KeyRequest): Promise<UserKey[]> {
  const given: UserKey[] = [];
  for (const text of keys) given.push(...(await keysFrom(text, engine, now)));
  const listed = keyrings.flatMap((path) => {
    const keyring = parseKeyring(requiredKey(path, "a keyring"), engine);
    if (keyring.signers.length === 0 && keyring.witnesses.length === 0) {
      throw new AttestError(
        "no-attestations",
        `the keyring ${path} lists no signer`,
        "an empty keyring confirms nothing",
      );
    }
    return knownFrom(keyring, "you", `--keyring ${path}`);
  });
  const own = (keystore?.list() ?? []).map(({ name, key }): UserKey => ({
    key,
    by: "you",
    source: `${KEYSTORE}, ${name}`,
    name,
  }));
  const pinned = pins.map(({ name, key, origin }): UserKey => ({
    key,
    by: "you",
    source: `your pin ${name}`,
    name,
    origin,
  }));
  return [...given, ...policyKeys, ...listed, ...own, ...pinned];
}

/**
 * The keys that count at a location. A pin for a registry counts only there, and a key from the location's own host is only the site's
 * word.
 */
export const knownAt = (given: readonly UserKey[], place: Location): TrustedKey[] =>
  given
    .filter(({ origin }) => origin === undefined || isAt(origin, place))
    .map(({ host, ...known }) =>
      host !== undefined && (place.unknown === true || place.hosts.includes(host)) ? { ...known, by: "site" } : known,
    );

/** Whether a pin's registry is this one. */
export const isAt = (origin: string, { origins }: Location): boolean => origins.includes(originOf(origin));

/** The keys given with `--key` and `attest trust add`: a line, a file, or an https address. */
export async function keysFrom(text: string, engine: Engine, now: Date): Promise<UserKey[]> {
  if (/^https?:\/\//i.test(text)) return await keysAt(text, engine, now);
  const line = isLine(text);
  const read = line ? text : textOf(requiredKey(text, "a public key line, or a file with one", MAX_KEY_FILE), text);
  return given(readPublicKeys(read, line ? "the text given" : text, engine), "--key");
}

/** @throws AttestError `key-format`, with a hint about editors on Windows */
function textOf(bytes: Bytes, place: string): string {
  if (isUtf16(bytes))
    throw new AttestError(
      "key-format",
      `expected public keys as text in ${place}, found UTF-16`,
      "save the file as UTF-8",
    );
  return fromUtf8(bytes);
}

const MAX_KEY_FILE = 64 * 1024;

async function keysAt(address: string, engine: Engine, now: Date): Promise<UserKey[]> {
  const refused = (found: string): AttestError =>
    new AttestError(
      "usage",
      `expected an https address of public keys, found ${found}`,
      "over plain http anyone on the way could replace the key",
    );
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined) throw refused("none that can be read");
  if (url.protocol !== "https:") throw refused(url.protocol.slice(0, -1));
  if (url.username !== "" || url.password !== "") throw refused("one with a user name or a password in it");
  const place = url.origin + url.pathname; // a query may contain secrets
  const bytes = await fetchBytes(url, MAX_KEY_FILE);
  if (bytes === undefined) {
    throw new AttestError("file-missing", `no public keys at ${place}`, "check the address");
  }
  const found = readPublicKeys(textOf(bytes, place), place, engine);
  return given(found, `--key ${place}, fetched ${now.toISOString()}`).map((one) => ({
    ...one,
    host: hostOf(url.href) ?? "",
  }));
}

const given = ({ lines, skipped }: KeyLines, source: string): UserKey[] =>
  lines.map(({ key, comment }) => ({
    key,
    by: "you",
    source: skipped === 0 ? source : `${source}, ${skipped} other ${skipped === 1 ? "line" : "lines"} skipped`,
    comment,
  }));

/** Anything that is clearly not a path is treated as a key line: it could be a secret, which no message may repeat. */
const isLine = (text: string): boolean =>
  /[\r\n]|PRIVATE KEY|SECRET-KEY|^\s*(?:ssh|ecdsa|sk)-\S+\s|\sssh-ed25519\s/.test(text) || text.length > 1000;

export function requiredKey(path: string, what: string, limit = MAX_BYTES): Bytes {
  const bytes = isFolder(path) ? undefined : read(path, { limit });
  if (bytes === undefined) {
    throw new AttestError(
      "file-missing",
      `no such file: ${path}; expected ${what}`,
      what === "a policy" ? "check the path" : "check the path; a key may also be given as the line itself, in quotes",
    );
  }
  return bytes;
}
