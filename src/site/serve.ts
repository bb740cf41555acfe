/** The site on a loopback port, with the headers that a host should send: evidence is downloaded, never rendered. */
import { createServer, type Server } from "node:http";
import { extname } from "node:path";
import type { Store } from "../store/store.js";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".json": "application/json",
  ".pub": "text/plain; charset=utf-8",
  ".vkey": "text/plain; charset=utf-8",
  ".tlog-proof": "text/plain; charset=utf-8",
};

const HEADERS = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "access-control-allow-origin": "*",
};

/** Listens on `host:port` (0 chooses one). Only GET and HEAD; only names that a site has. */
export function serveSite(site: Store, host: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    void (async () => {
      if (request.method !== "GET" && request.method !== "HEAD")
        return response.writeHead(405, { ...HEADERS, allow: "GET, HEAD" }).end();
      const path = pathOf(request.url ?? "/");
      const bytes = path === undefined ? undefined : await site.read(path).catch(() => undefined); // a folder is no page
      if (path === undefined || bytes === undefined)
        return response.writeHead(404, { ...HEADERS, "content-type": "text/plain" }).end("not found\n");
      const evidence = path.startsWith("attestations/evidence/");
      response.writeHead(200, {
        ...HEADERS,
        "content-length": bytes.length,
        "content-type": evidence ? "application/octet-stream" : (TYPES[extname(path)] ?? "application/octet-stream"),
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

function pathOf(url: string): string | undefined {
  try {
    const path = decodeURIComponent(new URL(`http://site${url}`).pathname).slice(1);
    const named = path === "" || path.endsWith("/") ? `${path}index.html` : path;
    return named.split("/").every((part) => /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(part)) ? named : undefined;
  } catch {
    return undefined;
  }
}
