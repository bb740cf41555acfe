/** At an address only a log lists the notices: where it cannot be read, nothing is said of what retracts a document, whether or not it names a log. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readable } from "../../../src/core/json.js";
import { formatKey } from "../../../src/core/keys/key.js";
import { EMPTY_KEYRING, formatKeyring, type NoteEntry } from "../../../src/core/keys/keyring.js";
import { noteKey } from "../../../src/core/keys/note.js";
import { publicOf } from "../../../src/keystore/secret.js";
import { nodeEngine } from "../../../src/node/engine.js";
import { verifyAll } from "../../../src/pipeline/verify/verify.js";
import { idOf } from "../../core/looking.js";
import { sealed, signer, statement } from "../../core/making.js";

const me = signer();
const file = sealed(statement(), me);
const path = `/attestations/${idOf(file)}.json`;
let logs: readonly NoteEntry[] = [];
let server: Server;
let address = "";

beforeAll(async () => {
  server = createServer(({ url }, response) => {
    const files: Record<string, Uint8Array> = {
      [path]: file,
      "/attest.json": readable({ origin: "example.org/lab", title: "Lab" }),
      "/keys/keyring.json": formatKeyring({ ...EMPTY_KEYRING, logs }),
    };
    const found = files[url ?? ""];
    if (found === undefined) response.writeHead(404).end();
    else response.end(found);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
});
afterAll(() => server.close());

async function retraction(): Promise<unknown> {
  const [one] = await verifyAll({
    targets: [address],
    keys: [formatKey(me.key)],
    keyrings: [],
    keystore: { list: () => [] },
    engine: nodeEngine,
    now: new Date("2026-12-01T00:00:00Z"),
  });
  if (one === undefined || "fault" in one) throw new Error(JSON.stringify(one));
  return one.report.checks.find(({ name }) => name === "retraction");
}

test("no log is listed", async () => {
  expect(await retraction()).toMatchObject({ status: "not-checked", code: "standing-unread" });
});

test("a log is listed, and nothing of it is there", async () => {
  const name = "example.org/lab/attestations/log";
  const key = noteKey(
    name,
    publicOf(generateKeyPairSync("ed25519").privateKey, nodeEngine).bytes,
    "ed25519",
    nodeEngine,
  );
  logs = [{ name: "log", key, validFrom: "2026-01-01T00:00:00Z" }];
  expect(await retraction()).toMatchObject({ status: "not-checked", code: "standing-unread" });
});
