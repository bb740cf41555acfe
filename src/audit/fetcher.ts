/**
 * Fetches addresses that a stranger wrote. It contacts no private address, checks redirects equally, sends nothing of the user, and needs
 * bounded time and memory whatever the server does.
 */
import { lookup } from "node:dns/promises";
import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";
import type { Fetched, Hop } from "../core/audit/fetched.js";
import { AttestError } from "../core/errors.js";
import { refusedAddress } from "./addresses.js";
import { ask, hostName, Unanswered, type HttpAnswer } from "./exchange.js";
import { Turns } from "./turns.js";

/** Resolves all addresses of a name. */
export type Resolve = (name: string) => Promise<readonly string[]>;

export interface FetcherOptions {
  /** Exact `host:port` values that the user allowed, wherever they lead. */
  readonly allow?: readonly string[];
  /** Limit per answer; 64 MiB by default. */
  readonly maxBytes?: number;
  /** Limit per address, including redirects and retries, but without waiting for a turn. */
  readonly timeoutMs?: number;
  /** How long the server may be silent. */
  readonly idleMs?: number;
  readonly maxRedirects?: number;
  /** Simultaneous requests, in total and per host. */
  readonly concurrency?: number;
  readonly perHost?: number;
  /** Number of retries if a server is busy. */
  readonly retries?: number;
  readonly resolve?: Resolve;
}

export interface GetOptions {
  readonly limit?: number;
  readonly accept?: string;
}

const REDIRECTS = [301, 302, 303, 307, 308];
const BUSY = [429, 503];
const GONE = [404, 410];
const BARRED = [401, 403, 407, 451];
/** Headers about the kind and date of the bytes; they tell nothing about the requester. */
const KEPT = [
  ...["content-type", "content-length", "content-encoding", "content-language", "content-disposition"],
  ...["date", "etag", "last-modified"],
];
const BACKOFF_MS = 500;
const MAX_PAUSE_MS = 10_000;

/** Why there are no bytes. */
class Stop extends Error {
  readonly kind: "blocked" | "failed";

  constructor(kind: "blocked" | "failed", why: string) {
    super(why);
    this.kind = kind;
  }
}

/** Remaining time and retries of one call. */
interface Errand {
  readonly accept: string;
  readonly limit: number;
  leftMs: number;
  busy: number;
  broken: number;
}

export class Fetcher {
  readonly #allowed: ReadonlySet<string>;
  readonly #turns: Turns;
  readonly #options: Required<Omit<FetcherOptions, "allow" | "concurrency" | "perHost">>;

  constructor({ allow = [], concurrency = 8, perHost = 2, ...options }: FetcherOptions = {}) {
    this.#allowed = new Set(allow.map(allowance));
    this.#turns = new Turns(concurrency, perHost);
    this.#options = {
      maxBytes: 64 * 1024 * 1024,
      timeoutMs: 30_000,
      idleMs: 10_000,
      maxRedirects: 10,
      retries: 2,
      resolve: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
      ...options,
    };
  }

  /** Never throws because of the address or the server. */
  async get(address: string, { limit = Infinity, accept = "*/*" }: GetOptions = {}): Promise<Fetched> {
    const { maxBytes, timeoutMs, retries } = this.#options;
    const errand = { accept, limit: Math.min(limit, maxBytes), leftMs: timeoutMs, busy: retries, broken: 1 };
    const hops: Hop[] = [];
    try {
      for (let url = permitted(address); ;) {
        const answer = await this.#answer(url, errand);
        if (!REDIRECTS.includes(answer.status)) return judged(answer, url, hops);
        url = this.#next(url, answer, hops);
      }
    } catch (error) {
      if (error instanceof Stop) return { kind: error.kind, why: error.message, hops };
      if (error instanceof Unanswered) return { kind: "failed", why: error.message, hops };
      throw error;
    }
  }

  /** Resolves the name once; a retry uses the next of the checked addresses. */
  async #answer(url: URL, errand: Errand): Promise<HttpAnswer> {
    let addresses: readonly string[] | undefined;
    for (let attempt = 0; ; attempt += 1) {
      let pause = BACKOFF_MS * 2 ** attempt;
      const over = (): boolean => pause > Math.min(MAX_PAUSE_MS, errand.leftMs);
      try {
        const answer = await this.#turns.take(url.hostname, () =>
          this.#inTime(errand, async (signal) => {
            addresses ??= await this.#addresses(url);
            signal.throwIfAborted(); // name resolution can take long
            const address = addresses[attempt % addresses.length] ?? "";
            return await ask({ url, address, signal, idleMs: this.#options.idleMs, ...errand });
          }),
        );
        if (!BUSY.includes(answer.status) || errand.busy === 0) return answer;
        errand.busy -= 1;
        pause = wantedPause(answer.headers) ?? pause;
        if (over()) return answer;
      } catch (error) {
        if (!(error instanceof Unanswered && error.unheard) || errand.broken === 0 || over()) throw error;
        errand.broken -= 1;
      }
      await this.#inTime(errand, (signal) => later(pause, signal));
    }
  }

  /** @throws Stop */
  async #addresses(url: URL): Promise<readonly string[]> {
    const host = hostName(url);
    const found = isIP(host) === 0 ? await this.#resolved(host) : [host];
    if (this.#allowed.has(hostAndPort(url))) return found;
    for (const address of found) {
      const what = refusedAddress(address);
      if (what !== undefined) throw new Stop("blocked", `${url.host} leads to ${what}`);
    }
    return found;
  }

  async #resolved(name: string): Promise<readonly string[]> {
    const found = await this.#options.resolve(name).catch((error: unknown) => {
      throw new Stop("failed", `${name} was not found: ${(error as NodeJS.ErrnoException).code ?? "no answer"}`);
    });
    if (found.length === 0) throw new Stop("failed", `${name} has no address`);
    return found;
  }

  #next(url: URL, { status, headers: { location } }: HttpAnswer, hops: Hop[]): URL {
    if (hops.length === this.#options.maxRedirects) throw new Stop("failed", `more than ${hops.length} redirects`);
    if (location === undefined) throw new Stop("failed", `status ${status}, and nothing that it leads to`);
    const target = Buffer.from(location, "latin1").toString("utf8"); // Node decodes headers as latin-1
    const next = URL.canParse(target, url.href) ? new URL(target, url) : undefined;
    if (next === undefined) throw new Stop("failed", `status ${status}, and it leads to no address`);
    hops.push({ url: next.href, status });
    if (url.protocol === "https:" && next.protocol === "http:")
      throw new Stop("blocked", "a redirect from https to http");
    return permitted(next.href);
  }

  /** Aborts the work when the errand's time is over. */
  async #inTime<T>(errand: Errand, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const started = performance.now();
    const abort = new AbortController();
    const over = new Promise<never>((_, reject) => {
      abort.signal.addEventListener("abort", () =>
        reject(new Stop("failed", `took longer than ${this.#options.timeoutMs / 1000} s`)),
      );
    });
    const timer = setTimeout(() => abort.abort(), Math.max(0, errand.leftMs));
    try {
      return await Promise.race([over, work(abort.signal)]);
    } finally {
      clearTimeout(timer);
      errand.leftMs -= performance.now() - started;
    }
  }
}

/** @throws Stop */
function permitted(address: string): URL {
  if (!URL.canParse(address)) throw new Stop("failed", "no address that can be read");
  const url = new URL(address);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new Stop("blocked", `${url.protocol} is neither http nor https`);
  if (url.username !== "" || url.password !== "")
    throw new Stop("blocked", "an address with a user's name or password in it");
  return url;
}

function judged({ status, headers, bytes }: HttpAnswer, url: URL, hops: readonly Hop[]): Fetched {
  if (status === 200) return { kind: "arrived", url: url.href, hops, bytes, headers: kept(headers) };
  const kind = GONE.includes(status) ? "gone" : BARRED.includes(status) ? "blocked" : "failed";
  return { kind, why: `status ${status}`, hops };
}

const kept = (headers: IncomingHttpHeaders): Readonly<Record<string, string>> =>
  Object.fromEntries(
    KEPT.flatMap((name) => {
      const value = headers[name];
      return typeof value === "string" ? [[name, value]] : [];
    }),
  );

/** In milliseconds. RFC 9110 section 10.2.3: seconds, or a date. */
function wantedPause({ "retry-after": wanted = "" }: IncomingHttpHeaders): number | undefined {
  if (/^\d+$/.test(wanted)) return Number(wanted) * 1000;
  const at = Date.parse(wanted);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

const later = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", () => clearTimeout(timer));
  });

const hostAndPort = ({ hostname, port, protocol }: URL): string =>
  `${hostname}:${port === "" ? (protocol === "https:" ? 443 : 80) : port}`;

/** Normalized as a URL. @throws AttestError `usage` */
function allowance(text: string): string {
  const [, host = "", port = ""] = /^([^/@?#\\]+):(\d{1,5})$/.exec(text) ?? [];
  if (host === "" || Number(port) > 65_535 || !URL.canParse(`http://${host}`))
    throw new AttestError("usage", `${JSON.stringify(text)} is not HOST:PORT`, "for example 127.0.0.1:8080");
  return `${new URL(`http://${host}`).hostname}:${Number(port)}`;
}
