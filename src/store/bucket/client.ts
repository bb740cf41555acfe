/** A bucket's objects by requests of S3's REST API: five of them, and no write that overwrites without saying so. */
import { createHash, hash, randomBytes } from "node:crypto";
import pLimit from "p-limit";
import type { Bytes } from "../../core/bytes.js";
import { AttestError } from "../../core/errors.js";
import type { FileDigest } from "../../node/reading.js";
import type { BucketAddress } from "./address.js";
import { codeIn, MAX_ANSWER, pageIn, type Page } from "./answers.js";
import { credentialsIn, type FindCredentials } from "./credentials.js";
import { endpointOf, type Endpoint, type Environment } from "./endpoint.js";
import { profileIn } from "./profile.js";
import { bodyOf, isPassing, Passing, PATIENCE, persist, Unanswered, type Patience } from "./requests.js";

/** What an object says of itself, beside its bytes. */
export interface Marks {
  /** In a hint: the number of the newest version when it was written. */
  readonly version: number;
  /** The call that made the object, in nobody else's words. */
  readonly writer: string | undefined;
  /** The file was removed with this version. */
  readonly removed: boolean;
}

/** The bytes, or undefined for more than the limit. */
export interface Found extends Marks {
  readonly bytes: Bytes | undefined;
}

export type ObjectHeaders = Readonly<Record<string, string>>;

interface Ask {
  readonly method: "GET" | "HEAD" | "PUT" | "DELETE";
  /** Below the prefix; undefined for the bucket itself. */
  readonly path?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: ObjectHeaders;
  readonly body?: Bytes;
}

/** At once: a registry is read by the thousand. */
const AT_ONCE = 32;
/** For a file of any length. An endless one ends in time. */
const DIGEST_MS = 15 * 60_000;

export class BucketClient {
  readonly #address: BucketAddress;
  readonly #environment: Environment;
  readonly #patience: Patience;
  readonly #limit = pLimit(AT_ONCE);
  readonly #credentials: FindCredentials;
  readonly #signingKeys = new Map<string, ArrayBuffer>();
  #endpoint: Endpoint | undefined;

  constructor(address: BucketAddress, environment: Environment, patience: Patience = PATIENCE) {
    this.#address = address;
    this.#environment = environment;
    this.#patience = patience;
    this.#credentials = credentialsIn(environment);
  }

  /** Undefined if there is no such object. @throws AttestError `network` */
  get(path: string, limit: number): Promise<Found | undefined> {
    return this.#read({ method: "GET", path }, async (response) => {
      const isLarge = Number(response.headers.get("content-length") ?? 0) > limit;
      if (isLarge) await response.body?.cancel();
      return { ...marksOf(response), bytes: isLarge ? undefined : await bodyOf(response, limit) };
    });
  }

  /** @throws AttestError `network` */
  head(path: string): Promise<Marks | undefined> {
    return this.#read({ method: "HEAD", path }, async (response) => marksOf(response));
  }

  /** In constant memory, for any length. @throws AttestError `network` */
  digest(path: string): Promise<(Marks & FileDigest) | undefined> {
    const patience = { ...this.#patience, attemptMs: Math.max(this.#patience.attemptMs, DIGEST_MS) };
    return this.#read(
      { method: "GET", path },
      async (response) => {
        const whole = createHash("sha256");
        let size = 0;
        for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
          whole.update(chunk);
          size += chunk.length;
        }
        return { ...marksOf(response), sha256: whole.digest("hex"), size };
      },
      patience,
    );
  }

  /**
   * Makes an object that is not there yet. Whether this call made it: one that made it and lost the answer finds its own mark.
   * @throws AttestError `io`, `store-unsafe`
   */
  async create(path: string, bytes: Bytes, headers: ObjectHeaders): Promise<boolean> {
    const writer = randomBytes(16).toString("hex");
    const made = await this.#write(
      { method: "PUT", path, body: bytes, headers: { ...headers, "if-none-match": "*", "x-amz-meta-writer": writer } },
      412,
    );
    return made || (await this.head(path))?.writer === writer;
  }

  /** Overwrites. For hints alone. @throws AttestError `io` */
  async put(path: string, bytes: Bytes, headers: ObjectHeaders): Promise<void> {
    await this.#write({ method: "PUT", path, body: bytes, headers });
  }

  /** A missing object is no error. @throws AttestError `io` */
  async delete(path: string): Promise<void> {
    await this.#write({ method: "DELETE", path }, 404);
  }

  /**
   * Names below a folder, in no order: of what is right in it, or with `deep` of all below it. Left out is what no registry has, and a server
   * may name: parts such as `..`.
   * @param folder empty for all below the prefix
   * @throws AttestError `network`, `too-large`
   */
  async *names(folder: string, deep = false): AsyncGenerator<string> {
    const prefix = this.#keyOf(folder === "" ? "" : `${folder}/`);
    const inside = (key: string): string => {
      if (!key.startsWith(prefix)) throw this.#refused("read", folder, "its list has keys of elsewhere");
      return key.slice(prefix.length);
    };
    let next: string | undefined;
    let [found, pages] = [0, 0];
    do {
      const page = await this.#page(folder, {
        "list-type": "2",
        "encoding-type": "url",
        prefix,
        ...(!deep && { delimiter: "/" }),
        ...(next !== undefined && { "continuation-token": next }),
      });
      const names = [...page.keys, ...page.folders]
        .filter(({ length }) => length <= MAX_KEY) // none of ours is longer, and a server may send what it likes
        .map((key) => inside(key).replace(/\/$/, ""));
      yield* names.filter((name) => isPlain(name) && (deep || !name.includes("/")));
      found += page.keys.length + page.folders.length;
      if (found > MAX_NAMES)
        throw new AttestError("too-large", `${this.placeOf(folder)} has more than ${MAX_NAMES} names`);
      // A page can be empty, where objects were deleted.
      if (page.next !== undefined && (page.next === next || (pages += 1) > MAX_PAGES))
        throw this.#refused("read", folder, "its list does not go on");
      next = page.next;
    } while (next !== undefined);
  }

  async #page(folder: string, query: Readonly<Record<string, string>>): Promise<Page> {
    const page = await this.#read({ method: "GET", query }, async (response) => {
      const read = pageIn(await bodyOf(response, MAX_ANSWER));
      if (read === undefined) throw new Passing("its list cannot be read");
      return read;
    });
    if (page === undefined) throw this.#refused("read", folder, "the bucket is missing");
    return page;
  }

  placeOf(path: string): string {
    return path === "" ? this.#address.place : `${this.#address.place}/${path}`;
  }

  /** Undefined for 404. */
  #read<T>(ask: Ask, use: (response: Response) => Promise<T>, patience = this.#patience): Promise<T | undefined> {
    return this.#asked("read", ask, patience, async (response) => {
      if (response.ok) return await use(response);
      const code = await this.#code(response);
      // S3 has one status for a missing object and a missing bucket. An answer to HEAD has no body.
      if (response.status === 404 && code !== "NoSuchBucket") return undefined;
      throw this.#refusedBy(response, code, "read", ask.path);
    });
  }

  /** False for the status `except`. */
  async #write(ask: Ask, except?: number): Promise<boolean> {
    if ((await this.#credentials()) === undefined)
      throw new AttestError(
        "io",
        `could not write ${this.placeOf(ask.path ?? "")}: there are no credentials`,
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
      );
    return await this.#asked("write", ask, this.#patience, async (response) => {
      if (response.ok) {
        await bodyOf(response, MAX_ANSWER); // so that the connection can be used again
        return true;
      }
      const code = await this.#code(response);
      if (response.status === except && code !== "NoSuchBucket") return false;
      if (response.status === 501 && ask.headers?.["if-none-match"] !== undefined) throw unsafe(this.#address, code);
      throw this.#refusedBy(response, code, "write", ask.path);
    });
  }

  /** The code of a refusal. @throws Passing if the request can be sent again */
  async #code(response: Response): Promise<string | undefined> {
    const code = codeIn(await bodyOf(response, MAX_ANSWER));
    // RequestTimeout, a 400, is S3's word for a body that did not arrive.
    if (isPassing(response.status) || code === "RequestTimeout")
      throw new Passing(`the server answers ${code ?? `status ${response.status}`}`);
    return code;
  }

  async #asked<T>(verb: Verb, ask: Ask, patience: Patience, answer: (response: Response) => Promise<T>): Promise<T> {
    try {
      return await this.#limit(() => persist(async (signal) => await answer(await this.#sent(ask, signal)), patience));
    } catch (error) {
      if (error instanceof Unanswered) throw this.#refused(verb, ask.path ?? "", error.message);
      throw error;
    }
  }

  /** Signed anew at each attempt: a signature holds for some minutes. */
  async #sent({ method, path, query = {}, headers = {}, body }: Ask, signal: AbortSignal): Promise<Response> {
    const { address, region } = (this.#endpoint ??= this.#located());
    const url = new URL(address);
    if (path !== undefined) url.pathname += this.#keyOf(path).split("/").map(encoded).join("/");
    url.search = Object.entries(query)
      .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
      .join("&");
    const unsigned = { ...headers, "x-amz-content-sha256": hash("sha256", body ?? new Uint8Array(), "hex") };
    const credentials = await this.#credentials();
    const init = {
      method,
      redirect: "manual",
      credentials: "omit",
      signal,
      ...(body !== undefined && { body: new Uint8Array(body) }),
    } as const;
    if (credentials === undefined) return await fetch(url, { ...init, headers });
    const { AwsV4Signer } = await import("aws4fetch"); // few calls sign
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    const signed = await new AwsV4Signer({
      method,
      url: url.href,
      headers: unsigned,
      accessKeyId,
      secretAccessKey,
      ...(sessionToken !== undefined && { sessionToken }),
      service: "s3",
      region,
      cache: this.#signingKeys,
    }).sign();
    signed.headers.set("accept-encoding", "identity"); // after signing: proxies change it
    return await fetch(url, { ...init, headers: signed.headers });
  }

  #located(): Endpoint {
    return endpointOf(this.#address.bucket, this.#environment, profileIn(this.#environment).get("region"));
  }

  #keyOf(path: string): string {
    const { prefix } = this.#address;
    return prefix === "" ? path : `${prefix}/${path}`;
  }

  #refused(verb: Verb, path: string, why: string, hint?: string): AttestError {
    return new AttestError(verb === "read" ? "network" : "io", `could not ${verb} ${this.placeOf(path)}: ${why}`, hint);
  }

  #refusedBy({ status, headers }: Response, code: string | undefined, verb: Verb, path = ""): AttestError {
    const region = headers.get("x-amz-bucket-region") ?? "";
    const elsewhere = status >= 300 && status < 400;
    const hint = elsewhere
      ? /^[a-z0-9-]{1,32}$/.test(region)
        ? `the bucket lies in another region: set AWS_REGION=${region}`
        : "the bucket lies in another region, or at another endpoint"
      : status === 403
        ? REFUSED[verb]
        : code === "NoSuchBucket"
          ? "make the bucket first, with a program of its provider; attest makes none"
          : undefined;
    return this.#refused(verb, path, `the server answers ${code ?? `status ${status}`}`, hint);
  }
}

type Verb = "read" | "write";

const REFUSED: Readonly<Record<Verb, string>> = {
  read: "look at the credentials; S3 answers so for a missing object, too, unless s3:ListBucket is allowed",
  write: "look at the credentials, and whether they may write",
};

const isPlain = (name: string): boolean => !name.split("/").some((part) => ["", ".", ".."].includes(part));

/** The most that one folder may list: a server could go on forever. */
const MAX_NAMES = 5_000_000;
/** As S3 has it, in bytes; ours are ASCII. */
const MAX_KEY = 1024;
const MAX_PAGES = 10_000;

export const unsafe = ({ place }: BucketAddress, found = "status 200"): AttestError =>
  new AttestError(
    "store-unsafe",
    `the server of ${place} overwrites: it answers ${found} to a write that must not replace (If-None-Match: *)`,
    "two writers could undo each other; take a server that keeps that condition, as S3 and Ceph do",
  );

/** RFC 3986, as signatures of version 4 want it. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);

export const MAX_VERSION = 999_999_999_999;

function marksOf({ headers }: Response): Marks {
  const version = headers.get("x-amz-meta-version") ?? "";
  return {
    version: /^[1-9]\d{0,11}$/.test(version) ? Number(version) : 0,
    writer: headers.get("x-amz-meta-writer") ?? undefined,
    removed: headers.get("x-amz-meta-removed") !== null,
  };
}
