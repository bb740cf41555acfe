/** What went wrong in other verifiers when they fetched: endless data, and addresses that lead elsewhere. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { fetchBytes } from "../../src/store/http.js";
import { workspace, type Ran } from "../cli/attest.js";
import { formatEnvelope } from "../../src/core/statement/envelope.js";
import { MAX_BYTES } from "../../src/core/json.js";
import { formatKey } from "../../src/core/keys/key.js";
import { signed, signer, statement } from "../core/making.js";
import { idOf } from "../core/looking.js";
import { naming } from "../core/refusal.js";

const me = signer();
const file = formatEnvelope(signed(statement(), [me]));
const path = `/attestations/${idOf(file)}.json`;

let server: Server;
let port = 0;
/** What was asked of the one host, and of another, which is the same machine under its other name. */
let asked: IncomingMessage[] = [];
const elsewhere = (): IncomingMessage[] => asked.filter(({ headers }) => headers.host !== `127.0.0.1:${port}`);
let sent = 0;

const CHUNK = Buffer.alloc(1 << 20, 0x20);
function endless(response: ServerResponse): void {
  const more = (): void => {
    if (response.destroyed) return;
    sent += CHUNK.length;
    response.write(CHUNK, more);
  };
  more();
}

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request);
    const { pathname } = new URL(request.url ?? "", "http://localhost");
    const away = (location: string): unknown =>
      response.writeHead(302, { location, "set-cookie": "a=b; Path=/" }).end();
    if (pathname === path) response.setHeader("set-cookie", "a=b; Path=/").end(file);
    else if (pathname === "/endless.json") endless(response);
    else if (pathname === "/away.json") away(`http://localhost:${port}${path}`);
    else if (pathname === "/port.json") away(`http://127.0.0.1:${port + 1}${path}`);
    else if (pathname === "/protocol.json") away("file:///etc/passwd");
    else if (pathname === "/here.json") away(path);
    else if (pathname === "/round.json") away("/round.json");
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
  sent = 0;
});

const verify = (address: string): Promise<Ran> => workspace().attest("verify", address, "--key", formatKey(me.key));
const at = (where: string): string => `http://127.0.0.1:${port}${where}`;

test("the address of an attestation is verified as the file is", async () => {
  const ran = await verify(at(path));
  expect(ran.code, ran.stderr).toBe(0);
});

test("CVE-2023-46737, CVE-2024-29902, CVE-2024-29903 cosign, CVE-2024-45395 sigstore-go: endless data ends at the limit", async () => {
  const ran = await verify(at("/endless.json"));
  expect([ran.code, ran.stderr]).toEqual([2, expect.stringMatching(naming(MAX_BYTES))]);
  // What lay in the pipe was sent, and no more.
  expect(sent).toBeLessThan(4 * MAX_BYTES);
  await expect(fetchBytes(new URL(at("/endless.json")), 1000)).rejects.toMatchObject({ code: "too-large" });
});

test.each(["/away.json", "/port.json", "/protocol.json"])(
  "peer#30 rekor CVE-2026-24117: a redirect to another host, port or protocol is not followed: %s",
  async (where) => {
    const ran = await verify(at(where));
    expect([ran.code, ran.stderr]).toEqual([4, expect.stringMatching(/it redirects to/)]);
    expect(elsewhere()).toEqual([]);
    expect(asked).toHaveLength(1);
  },
);

test("peer#30: a redirect on the same host is followed, round and round it is not", async () => {
  expect((await fetchBytes(new URL(at("/here.json"))))?.length).toBe(file.length);
  expect((await verify(at("/round.json"))).code).toBe(4);
  expect(asked.length).toBeLessThan(20);
});

test("peer#30: no cookie and no credentials are sent, also where a cookie was given", async () => {
  await verify(at("/here.json"));
  await fetchBytes(new URL(at("/here.json")));
  expect(asked.length).toBeGreaterThan(3);
  for (const { headers } of asked) {
    expect(headers).not.toHaveProperty("cookie");
    expect(headers).not.toHaveProperty("authorization");
    expect(headers).not.toHaveProperty("referer");
  }
});

test("peer#30: an address with a password in it is refused before anyone is asked", async () => {
  const ran = await verify(at(path).replace("//", "//someone:secret@"));
  expect(ran.code).not.toBe(0);
  expect(asked).toEqual([]);
});

test("peer#30: only the document, its registry's keyring, its name and its log are asked for, never an address that the document names", async () => {
  await verify(at(path));
  expect(asked.map(({ url }) => url)).toEqual([path, "/keys/keyring.json", "/attest.json"]);
});
