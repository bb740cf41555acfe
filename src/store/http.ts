/** Reads published bytes over http(s): with a size limit, without cookies or credentials, never redirected to another host. */
import { createHash } from "node:crypto";
import type { Bytes } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import { MAX_BYTES } from "../core/json.js";
import type { FileDigest } from "../node/reading.js";

const TIMEOUT_MS = 20_000;
const MAX_REDIRECTS = 5;

/** The bytes; undefined for 404 and 410. Throws `network` for any other failure, and `too-large`. */
export const fetchBytes = (url: URL, limit = MAX_BYTES): Promise<Bytes | undefined> =>
  fetched(url, (body) => capped(body, limit, url));

/** Digest of a file of any length in constant memory; undefined for 404 and 410. Throws `network`: an endless file, too, ends in time. */
export const digestAt = (url: URL): Promise<FileDigest | undefined> => fetched(url, hashed);

type Body = AsyncIterable<Uint8Array>;

async function fetched<T>(url: URL, use: (body: Body) => Promise<T>): Promise<T | undefined> {
  try {
    return await follow(url, use);
  } catch (error) {
    if (error instanceof AttestError) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw refused(url, cause instanceof Error ? cause.message : String(cause));
  }
}

const refused = (url: URL, what: string): AttestError =>
  new AttestError(
    "network",
    `could not fetch ${url.origin}${url.pathname}: ${what}`,
    "check the address, or save the file and verify the copy",
  );

async function follow<T>(url: URL, use: (body: Body) => Promise<T>): Promise<T | undefined> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  for (let at = url, hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
    const response = await fetch(at, { redirect: "manual", credentials: "omit", signal });
    const target = response.headers.get("location");
    if (response.ok && response.body !== null) return await use(response.body);
    await response.body?.cancel();
    if (response.status === 404 || response.status === 410) return undefined;
    if (response.status < 300 || response.status >= 400 || target === null)
      throw refused(url, `status ${response.status}`);
    const next = new URL(target, at);
    if (next.host !== url.host || (url.protocol === "https:" && next.protocol !== "https:")) {
      throw refused(url, `it redirects to ${next.origin}`);
    }
    at = next;
  }
  throw refused(url, `more than ${MAX_REDIRECTS} redirects`);
}

async function capped(body: Body, limit: number, url: URL): Promise<Bytes> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > limit) throw new AttestError("too-large", `${url.origin}${url.pathname} has more than ${limit} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

async function hashed(body: Body): Promise<FileDigest> {
  const whole = createHash("sha256");
  let size = 0;
  for await (const chunk of body) {
    whole.update(chunk);
    size += chunk.length;
  }
  return { sha256: whole.digest("hex"), size };
}
