/**
 * Signs with a key that stays in ssh-agent (draft-ietf-sshm-ssh-agent). An agent signs arbitrary bytes with Ed25519 as in RFC 8032, so its
 * answer is the signature over our message.
 */
import { createConnection } from "node:net";
import { concat, type Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { fromWire, publicKey, wire, type PublicKey, type Signer } from "../core/keys/key.js";
import { errno } from "../node/faults.js";
import { lengthed, Reader } from "./wire.js";

/** The fingerprint in `agent:SHA256:…`, which can be given instead of a key's name; undefined for a name. */
export const keyidInAgent = (name: string | undefined): string | undefined =>
  name?.startsWith("agent:") === true ? name.slice("agent:".length) : undefined;

const [FAILURE, REQUEST_IDENTITIES, IDENTITIES_ANSWER, SIGN_REQUEST, SIGN_RESPONSE] = [5, 11, 12, 13, 14];
/** OpenSSH's own message limit (MAX_AGENT_REPLY_LEN). */
const MAX_MESSAGE = 256 * 1024;
/** An agent may ask its user to confirm. */
const DEADLINE_MS = 60_000;

export interface Identity {
  readonly key: PublicKey;
  readonly comment: string;
}

/**
 * The signer for a key in the agent at `$SSH_AUTH_SOCK`.
 * @param keyid `SHA256:…`, as `ssh-add -l` prints it
 * @throws AttestError `key-missing` if the agent does not offer that key, `agent-failed`
 */
export async function agentSigner(keyid: string, socket: string | undefined, engine: Engine): Promise<Signer> {
  const found = (await identities(socket, engine)).find(({ key }) => key.keyid === keyid);
  if (found === undefined) throw notOffered(keyid);
  const { key, comment } = found;
  return { name: nameOf(comment), key, sign: async (message) => await sign(key, message, socket) };
}

/**
 * The agent's key with this fingerprint; without a fingerprint, its only Ed25519 key.
 * @throws AttestError `key-missing`, `agent-failed`; `usage` if it offers several
 */
export async function offered(
  keyid: string | undefined,
  socket: string | undefined,
  engine: Engine,
): Promise<PublicKey> {
  const all = (await identities(socket, engine)).map(({ key }) => key);
  if (keyid !== undefined) {
    const found = all.find((key) => key.keyid === keyid);
    if (found === undefined) throw notOffered(keyid);
    return found;
  }
  const [only, ...more] = all;
  if (only === undefined) throw notOffered();
  if (more.length > 0)
    throw new AttestError(
      "usage",
      `ssh-agent has several Ed25519 keys: ${all.map((key) => key.keyid).join(", ")}`,
      "name one with --agent SHA256:…; ssh-add -l says which is which",
    );
  return only;
}

const notOffered = (keyid?: string): AttestError =>
  new AttestError(
    "key-missing",
    keyid === undefined ? "ssh-agent has no Ed25519 key" : `ssh-agent has no Ed25519 key ${JSON.stringify(keyid)}`,
    "ssh-add -l lists what it offers, ssh-add FILE adds a key; a locked agent offers nothing: ssh-add -X unlocks it",
  );

/** The agent's Ed25519 keys. @throws AttestError `agent-failed` */
export async function identities(socket: string | undefined, engine: Engine): Promise<Identity[]> {
  const answer = await ask(socket, Uint8Array.of(REQUEST_IDENTITIES));
  if (answer.type !== IDENTITIES_ANSWER) throw refused(answer);
  const read = new Reader(answer.rest, brokenOff);
  return Array.from({ length: read.number() }, () => ({ blob: read.string(), comment: read.string() })).flatMap(
    ({ blob, comment }) => {
      const bytes = fromWire(blob);
      return bytes === undefined ? [] : [{ key: publicKey(bytes, engine), comment: Buffer.from(comment).toString() }];
    },
  );
}

async function sign(key: PublicKey, message: Bytes, socket: string | undefined): Promise<Bytes> {
  const flags = Uint8Array.of(0, 0, 0, 0);
  const request = concat(Uint8Array.of(SIGN_REQUEST), lengthed(wire(key.bytes)), lengthed(message), flags);
  const answer = await ask(socket, request);
  if (answer.type !== SIGN_RESPONSE) throw refused(answer);
  const read = new Reader(new Reader(answer.rest, brokenOff).string(), brokenOff);
  const [type, signature] = [Buffer.from(read.string()).toString(), read.string()];
  if (type !== "ssh-ed25519" || signature.length !== 64)
    throw failed(`a signature of type ${JSON.stringify(type)} with ${signature.length} bytes`);
  return signature;
}

/** One request per connection, so that a restarted agent causes no trouble. */
async function ask(socket: string | undefined, request: Bytes): Promise<{ type: number; rest: Bytes }> {
  if (socket === undefined || socket === "")
    throw failed("no SSH_AUTH_SOCK", "start one: eval $(ssh-agent); ssh-add KEY");
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    const connection = createConnection(socket);
    let received = Buffer.alloc(0);
    const end = (settle: () => void): void => {
      connection.destroy();
      settle();
    };
    connection.setTimeout(DEADLINE_MS, () => end(() => reject(failed("no answer from it"))));
    connection.once("error", (error) =>
      end(() => reject(failed(`${errno(error) ?? error.message} at ${socket}`, "is it still running? ssh-add -l"))),
    );
    connection.once("end", () => end(() => reject(brokenOff())));
    connection.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const length = received.length < 4 ? 0 : received.readUInt32BE(0);
      if (length > MAX_MESSAGE) end(() => reject(failed(`an answer of ${length} bytes`)));
      else if (length > 0 && received.length >= length + 4) end(() => resolve(received.subarray(4, length + 4)));
    });
    connection.write(lengthed(request));
  });
  return { type: bytes[0] ?? 0, rest: new Uint8Array(bytes.subarray(1)) };
}

const failed = (found: string, hint?: string): AttestError =>
  new AttestError("agent-failed", `expected an answer of ssh-agent, found ${found}`, hint);

const brokenOff = (): AttestError => failed("a truncated answer");

const refused = ({ type }: { readonly type: number }): AttestError =>
  type === FAILURE
    ? failed("a refusal", "it may be locked (ssh-add -X), want a confirmation, or have no such key by now (ssh-add -l)")
    : failed(`an answer of kind ${type}`);

/** A name for the registry. Other comments are not published: they usually contain `someone@machine`. */
const nameOf = (comment: string): string => (/^[a-z0-9][a-z0-9._-]{0,63}$/.test(comment) ? comment : "agent");
