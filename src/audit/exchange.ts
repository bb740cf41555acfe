/**
 * One request and its answer, over a new connection to a preselected IP address: no name is resolved here. Apart from address and accepted
 * types all requests are equal, and none carries data of the user.
 */
import { request as requestHttp, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { request as requestHttps, type RequestOptions } from "node:https";
import { isIP } from "node:net";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, inflateRaw } from "node:zlib";
import type { Bytes } from "../core/bytes.js";
import { TOOL } from "../node/package.js";

const MAX_HEADERS = 16 * 1024;

export interface Question {
  readonly url: URL;
  /** The IP address to connect to, whatever the name resolves to now. */
  readonly address: string;
  readonly accept: string;
  /** In bytes, both as received and decoded. */
  readonly limit: number;
  /** How long the server may be silent. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Only for status 200; other bodies are not read. */
  readonly bytes: Bytes;
}

/** No answer, or an incomplete one. */
export class Unanswered extends Error {
  /** The connection broke before any byte arrived, so a retry may help. */
  readonly unheard: boolean;

  constructor(why: string, unheard = false) {
    super(why);
    this.unheard = unheard;
  }
}

/** The host of a URL, without the brackets of an IPv6 address. */
export const hostName = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, "");

/** @throws Unanswered */
export async function ask(question: Question): Promise<HttpAnswer> {
  const answer = await exchange(question);
  const { status, headers, bytes } = answer;
  return status === 200 ? { ...answer, bytes: await decoded(bytes, headers, question.limit) } : answer;
}

function exchange({ url, address, accept, limit, idleMs, signal }: Question): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const name = hostName(url);
    const request: ClientRequest = (url.protocol === "https:" ? requestHttps : requestHttp)({
      agent: false,
      method: "GET",
      host: address,
      path: `${url.pathname}${url.search}`,
      timeout: idleMs,
      signal,
      ...(url.port !== "" && { port: url.port }),
      servername: isIP(name) === 0 ? name : "",
      rejectUnauthorized: true,
      maxHeaderSize: MAX_HEADERS,
      insecureHTTPParser: false,
      headers: { host: url.host, "user-agent": TOOL, accept, "accept-encoding": "identity" },
    } satisfies RequestOptions);

    let answer: IncomingMessage | undefined;
    let fault: Unanswered | undefined;
    const body = new Gathered(limit);
    const end = (why: string, unheard = false): void => {
      fault ??= new Unanswered(why, unheard);
      request.destroy();
    };
    request.on("error", (error: NodeJS.ErrnoException) =>
      end(answer === undefined ? told(error) : "the answer broke off", answer === undefined && isConnection(error)),
    );
    request.on("timeout", () => end(`nothing came for ${idleMs / 1000} s`, request.socket?.connecting));
    request.on("upgrade", (_, socket) => {
      socket.destroy();
      end("the answer is another protocol");
    });
    request.on("response", (response) => {
      answer = response;
      response.on("error", () => end("the answer broke off"));
      if (response.statusCode !== 200) return void request.destroy();
      if (Number(response.headers["content-length"] ?? 0) > limit) return end(tooLarge(limit));
      response.on("data", (chunk: Buffer) => {
        if (!body.add(chunk)) end(tooLarge(limit));
      });
    });
    // Anything after the end of the answer that could break it has been reported before the connection closed.
    request.on("close", () => {
      const { statusCode: status = 0, headers = {}, complete = false } = answer ?? {};
      if (fault !== undefined && (answer === undefined || status === 200)) reject(fault);
      else if (answer === undefined || (status === 200 && !complete)) reject(new Unanswered("the answer broke off"));
      else resolve({ status, headers, bytes: body.bytes() });
    });
    request.end();
  });
}

const tooLarge = (limit: number): string => `more than ${limit} bytes`;

/** Prefers the code: a message may quote the server. */
const told = ({ code, message }: NodeJS.ErrnoException): string => code ?? message;
const isConnection = ({ code = "" }: NodeJS.ErrnoException): boolean => /^(?:ECONN|EPIPE|EHOST|ENET)/.test(code);

/** Collects chunks in one buffer: an array of one-byte chunks would take a hundred times their size. */
class Gathered {
  readonly #limit: number;
  #bytes = Buffer.alloc(0);
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Returns false and adds nothing if the limit would be exceeded. */
  add(chunk: Buffer): boolean {
    const length = this.#length + chunk.length;
    if (length > this.#limit) return false;
    if (length > this.#bytes.length) {
      const larger = Buffer.alloc(Math.min(this.#limit, Math.max(length, 2 * this.#bytes.length, 64 * 1024)));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    chunk.copy(this.#bytes, this.#length);
    this.#length = length;
    return true;
  }

  bytes(): Bytes {
    return new Uint8Array(this.#bytes.subarray(0, this.#length));
  }
}

type Decode = (bytes: Bytes, options: { readonly maxOutputLength: number }) => Promise<Buffer>;
const DECODERS: Readonly<Record<string, Decode>> = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  br: promisify(brotliDecompress),
  // With zlib's header as in RFC 9110 section 8.4.1.2, or without, as some servers send it.
  deflate: (bytes, options) => promisify(((bytes[0] ?? 0) & 15) === 8 ? inflate : inflateRaw)(bytes, options),
};

/** The request asks for no compression, but some servers compress anyway. */
async function decoded(bytes: Bytes, headers: IncomingHttpHeaders, limit: number): Promise<Bytes> {
  const coding = (headers["content-encoding"] ?? "identity").trim().toLowerCase();
  if (coding === "identity" || coding === "") return bytes;
  const decode = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined;
  if (decode === undefined) throw new Unanswered("an encoding that was not asked for, and that is not known here");
  try {
    return new Uint8Array(await decode(bytes, { maxOutputLength: limit }));
  } catch (error) {
    const large = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    throw new Unanswered(large ? `${tooLarge(limit)} when decoded` : `broken ${coding}`);
  }
}
