/**
 * A small S3 server in memory, on loopback: objects, conditions of creation, lists in pages. Its conditions are honest unless it is told to
 * ignore them, and it can be told to fail as servers and networks do. It does not check signatures: a real server does (`rgw.ts`).
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface StoredObject {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * What happens to a request. `lost`: done, and the answer does not arrive. `twice`: a proxy sends it twice, and the second answer arrives.
 * `short`: the body of the answer is cut off.
 */
export type Fault = "none" | "slow" | "lost" | "twice" | "short" | "reset" | 409 | 429 | 500 | 503;

export interface Request {
  readonly method: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
}

const KEPT = /^(?:content-type|cache-control|content-disposition|x-amz-meta-.*)$/;

export class MemoryS3 {
  readonly objects = new Map<string, StoredObject>();
  readonly requests: Request[] = [];
  /** Asked for each request, in order. */
  fault: (request: Request) => Fault | Promise<Fault> = () => "none";
  /** Overwrites, as servers do that do not know the condition. */
  ignoresConditions = false;
  /** Keys on one page of a list. */
  pageSize = 1000;
  /** The only access key that may do anything; undefined: everybody may read. */
  accessKey: string | undefined;
  readonly bucket: string;
  readonly #server: Server;

  constructor(bucket = "bucket") {
    this.bucket = bucket;
    this.#server = createServer((request, response) => {
      void this.#answer(request, response).catch(() => response.destroy());
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What a client needs to know. */
  get environment(): Record<string, string> {
    return { AWS_ENDPOINT_URL_S3: this.endpoint, AWS_ACCESS_KEY_ID: "AKMEMORY", AWS_SECRET_ACCESS_KEY: "secretmemory" };
  }

  text(key: string): string | undefined {
    return this.objects.get(key)?.body.toString();
  }

  get keys(): string[] {
    return [...this.objects.keys()].sort();
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const url = new URL(incoming.url ?? "/", "http://s3");
    const [bucket = "", ...parts] = url.pathname.slice(1).split("/").map(decodeURIComponent);
    const request: Request = {
      method: incoming.method ?? "",
      key: parts.join("/"),
      query: url.searchParams,
      headers: incoming.headers,
    };
    this.requests.push(request);
    const fault = await this.fault(request);
    if (typeof fault === "number") return void error(response, fault, "Failing");
    if (fault === "reset") return void response.destroy();
    if (fault === "slow") await sleep(Math.random() * 20);
    const act = (): Answer => this.#done(bucket, request, body);
    const answer = fault === "twice" ? (act(), act()) : act();
    if (fault === "lost") return void response.destroy();
    const { status, headers = {}, body: sent = Buffer.alloc(0) } = answer;
    if (fault === "short" && sent.length > 0 && request.method !== "HEAD") {
      response.writeHead(status, { ...headers, "content-length": sent.length });
      response.write(sent.subarray(0, Math.floor(sent.length / 2)), () => response.destroy());
      return;
    }
    response.writeHead(status, { ...headers, "content-length": sent.length });
    response.end(request.method === "HEAD" ? undefined : sent);
  }

  #done(bucket: string, request: Request, body: Buffer): Answer {
    if (bucket !== this.bucket) return refusal(404, "NoSuchBucket");
    const { method, key, query, headers } = request;
    const user = /Credential=([^/]+)\//.exec(headers.authorization ?? "")?.[1];
    const mayRead = this.accessKey === undefined || user === this.accessKey;
    if (user === undefined ? method !== "GET" && method !== "HEAD" : !mayRead) return refusal(403, "AccessDenied");
    if (!mayRead) return refusal(403, "AccessDenied");
    if (user !== undefined && headers["x-amz-content-sha256"] !== createHash("sha256").update(body).digest("hex"))
      return refusal(400, "XAmzContentSHA256Mismatch");
    if (key === "") return query.get("list-type") === "2" ? this.#list(query) : refusal(501, "NotImplemented");
    const there = this.objects.get(key);
    switch (method) {
      case "GET":
      case "HEAD":
        if (there === undefined) return refusal(404, "NoSuchKey");
        return { status: 200, headers: there.headers, body: there.body };
      case "PUT": {
        if (there !== undefined && headers["if-none-match"] === "*" && !this.ignoresConditions)
          return refusal(412, "PreconditionFailed");
        const kept = Object.entries(headers).flatMap(([name, value]) =>
          KEPT.test(name) && typeof value === "string" ? [[name, value] as const] : [],
        );
        this.objects.set(key, { body, headers: Object.fromEntries(kept) });
        return { status: 200 };
      }
      case "DELETE":
        this.objects.delete(key);
        return { status: 204 };
      default:
        return refusal(405, "MethodNotAllowed");
    }
  }

  #list(query: URLSearchParams): Answer {
    const [prefix, delimiter] = [query.get("prefix") ?? "", query.get("delimiter") ?? ""];
    const items = new Set<string>();
    for (const key of this.keys.filter((one) => one.startsWith(prefix))) {
      const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
      items.add(end < 0 ? key : key.slice(0, end + 1));
    }
    const from = Number(query.get("continuation-token") ?? "0");
    const page = [...items].slice(from, from + this.pageSize);
    const isFolder = (item: string): boolean => delimiter !== "" && item.endsWith(delimiter);
    const more = from + this.pageSize < items.size;
    const body = [
      '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
      `<EncodingType>url</EncodingType><IsTruncated>${more}</IsTruncated>`,
      ...(more ? [`<NextContinuationToken>${from + this.pageSize}</NextContinuationToken>`] : []),
      ...page.map((item) => {
        const name = encodeURIComponent(item).replaceAll("%20", "+");
        return isFolder(item)
          ? `<CommonPrefixes><Prefix>${name}</Prefix></CommonPrefixes>`
          : `<Contents><Key>${name}</Key></Contents>`;
      }),
      "</ListBucketResult>",
    ];
    return { status: 200, headers: { "content-type": "application/xml" }, body: Buffer.from(body.join("")) };
  }
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

const refusal = (status: number, code: string): Answer => ({
  status,
  body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>No.</Message></Error>`),
});

function error(response: ServerResponse, status: number, code: string): void {
  const { body } = refusal(status, code);
  response.writeHead(status).end(body);
}
