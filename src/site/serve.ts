/**
 * Serves the site on this machine with the headers a host should send: evidence is downloaded, never rendered. The content may be
 * unpublished, so pages of other origins cannot read it, and foreign host names are refused (DNS rebinding).
 */
import { createServer, type Server } from "node:http";
import { extname } from "node:path";
import { CONTENT_TYPES } from "../formats/content-types.js";
import type { Store } from "../store/store.js";

const HEADERS = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};
const FOR_ANYBODY = { ...HEADERS, "access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin" };

/** Browsers resolve these only to this machine. */
const LOOPBACK: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

export interface Serving {
  /** Address to listen on. */
  readonly host: string;
  /** 0 chooses a free port. */
  readonly port: number;
  /** Further accepted host names. */
  readonly names?: readonly string[];
  /** Whether pages of other origins may read it. */
  readonly cors?: boolean;
}

/** Only GET and HEAD, only names that a site has. */
export function serveSite(site: Store, { host, port, names = [], cors = false }: Serving): Promise<Server> {
  const headers = cors ? FOR_ANYBODY : HEADERS;
  const known = new Set([...LOOPBACK, bracketed(host), ...names].map((name) => name.toLowerCase()));
  const server = createServer((request, response) => {
    void (async () => {
      if (!known.has(nameIn(request.headers.host)))
        return response.writeHead(421, { ...headers, "content-type": "text/plain" }).end("not served by this name\n");
      if (request.method !== "GET" && request.method !== "HEAD")
        return response.writeHead(405, { ...headers, allow: "GET, HEAD" }).end();
      const path = pathOf(request.url ?? "/");
      const bytes = path === undefined ? undefined : await site.read(path).catch(() => undefined); // a folder is not a page
      if (path === undefined || bytes === undefined)
        return response.writeHead(404, { ...headers, "content-type": "text/plain" }).end("not found\n");
      const evidence = path.startsWith("attestations/evidence/");
      response.writeHead(200, {
        ...headers,
        "content-length": bytes.length,
        "content-type": evidence
          ? "application/octet-stream"
          : (CONTENT_TYPES[extname(path)] ?? "application/octet-stream"),
        ...(evidence && {
          "content-disposition": "attachment",
          "content-security-policy": "sandbox; default-src 'none'",
        }),
      });
      return response.end(request.method === "HEAD" ? undefined : bytes);
    })().catch(() => response.destroy());
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}

const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host);

/** Without the port, which a tunnel may change. */
const nameIn = (header = ""): string => /^(\[[0-9a-f:.]+\]|[^:]+)(?::\d+)?$/i.exec(header)?.[1]?.toLowerCase() ?? "";

function pathOf(url: string): string | undefined {
  try {
    const path = decodeURIComponent(new URL(`http://site${url}`).pathname).slice(1);
    const named = path === "" || path.endsWith("/") ? `${path}index.html` : path;
    return named.split("/").every((part) => /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(part)) ? named : undefined;
  } catch {
    return undefined;
  }
}
