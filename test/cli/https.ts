/** Files over https on this machine, with a certificate made at run time that only the program under test is told to trust. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

export type Answer = readonly [status: number, headers: Readonly<Record<string, string>>, body?: string | Uint8Array];

export interface Https {
  readonly port: number;
  readonly host: string;
  readonly server: Server;
  /** For the environment of the program. */
  readonly env: Readonly<Record<string, string>>;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
}

/** Why there can be none here; undefined where openssl can make a certificate. */
export const withoutOpenssl = (): string | undefined => {
  const { status, error } = spawnSync("openssl", ["version"]);
  return error === undefined && status === 0 ? undefined : "openssl is not installed";
};

export async function serve(folder: string, answers: (path: string) => Answer): Promise<Https> {
  const [key, cert] = [join(folder, "tls.key"), join(folder, "tls.crt")];
  const made = spawnSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
      ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
      ...["-keyout", key, "-out", cert],
    ],
    { encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`openssl made no certificate: ${made.stderr}`);
  const asked: string[] = [];
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    asked.push(request.url ?? "");
    const [status, headers, body = ""] = answers(request.url ?? "");
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return { port, server, asked, host: `127.0.0.1:${port}`, env: { NODE_EXTRA_CA_CERTS: cert } };
}
