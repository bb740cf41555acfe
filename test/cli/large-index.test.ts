/** A registry at an address: its index is a convenience, and a document verifies without it. */
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import { MAX_BYTES } from "../../src/core/json.js";
import { attest, copyOf, stranger, workspace, type Workspace } from "./attest.js";
import { lab } from "./drafts.js";

let made: Workspace;
let name = "";
let line = "";
beforeAll(async () => {
  made = workspace();
  name = basename((await lab(made)).file);
  line = (await made.attest("key", "show", "signer")).stdout.trim();
});

let server: Server | undefined;
afterEach(() => server?.close());

/** The lab's files over http, with another index. */
async function served(work: Workspace, index: readonly [status: number, body: string]): Promise<string> {
  server = createServer((request, response) => {
    const path = (request.url ?? "").slice(1);
    if (path === "attestations/index.json") return void response.writeHead(index[0]).end(index[1]);
    const file = work.path("lab", path);
    if (existsSync(file)) response.end(readFileSync(file));
    else response.writeHead(404).end();
  });
  await new Promise<void>((done) => server?.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/attestations/${name}`;
}

const retraction = ({ json }: { json: () => unknown }): unknown => {
  const { documents } = json() as { documents: { report: { checks: { name: string; status: string }[] } }[] };
  return documents[0]?.report.checks.find((check) => check.name === "retraction")?.status;
};

test.each<[what: string, index: readonly [number, string]]>([
  ["larger than a verifier takes", [200, `[${" ".repeat(MAX_BYTES)}]`]],
  ["that is no JSON", [200, "<!doctype html>"]],
  ["that the server fails to give", [500, ""]],
  ["that is not there", [404, ""]],
])("an index %s", async (_, index) => {
  const ran = await attest(["verify", await served(made, index), "--key", line, "--json"], stranger(made));
  expect(ran.code, ran.stderr).toBe(0);
  expect(retraction(ran)).toBe("passed"); // the log's entries say it
});

test("nor does an index that is too large hide a retraction", async () => {
  const work = copyOf(made);
  expect((await work.attest("retract", `lab/attestations/${name}`, "--reason", "Wrong.")).code).toBe(0);
  const address = await served(work, [200, `[${" ".repeat(MAX_BYTES)}]`]);
  const ran = await attest(["verify", address, "--key", line, "--json"], stranger(work));
  expect(retraction(ran)).toBe("failed");
});
