/** Answers of an ssh-agent, spoilt: keys are read from them as they were sent, or the agent is refused; nothing hangs, nothing else is thrown. */
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { concat, utf8, type Bytes } from "../../src/core/bytes.js";
import { AttestError } from "../../src/core/errors.js";
import { wire } from "../../src/core/keys/key.js";
import { agentSigner, identities } from "../../src/keystore/agent.js";
import { nodeEngine } from "../../src/node/engine.js";
import { temporary } from "../cli/attest.js";
import { signer } from "../core/making.js";
import { cases, mutations, SEED } from "./mutate.js";

const CASES = cases(1000);
const me = signer();
const message = utf8("a message");

const number = (value: number): Bytes => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
const string = (bytes: Bytes): Bytes => concat(number(bytes.length), bytes);
const listed = concat(
  ...[Uint8Array.of(12), number(3)],
  ...[wire(signer().key.bytes), utf8("another kind"), wire(me.key.bytes)].flatMap((blob) => [
    string(blob),
    string(utf8("a comment")),
  ]),
);
const signature = concat(Uint8Array.of(14), string(concat(string(utf8("ssh-ed25519")), string(me.sign(message)))));

let server: Server;
let answers: readonly Bytes[] = [];
const socket = join(temporary(), "agent");

beforeAll(async () => {
  // One connection, one question, one answer; then it hangs up, so that nobody waits for the rest of one that is too short.
  let at = 0;
  server = createServer((connection) => {
    connection.on("error", () => undefined);
    connection.once("data", (question) => {
      at = question[4] === 11 ? 0 : 1;
      connection.end(answers[at] ?? new Uint8Array());
    });
  }).listen(socket);
  await new Promise((resolve) => server.once("listening", resolve));
});
afterAll(() => void server.close());

/** What comes of it; an error that is not ours fails the test. */
async function attempt<T>(seed: number, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof AttestError && error.message.length < 1000) return undefined;
    throw new Error(`ATTEST_FUZZ_SEED=${seed}: ${String(error)}`, { cause: error });
  }
}

test("as they are, the keys are listed and the message is signed", async () => {
  answers = [string(listed), string(signature)];
  expect(await identities(socket, nodeEngine)).toHaveLength(2);
  const one = await agentSigner(me.key.keyid, socket, nodeEngine);
  expect(await one.sign(message)).toEqual(me.sign(message));
});

test(`${CASES} spoilt lists of keys, ATTEST_FUZZ_SEED=${SEED}`, async () => {
  for (const { seed, bytes } of mutations(SEED, [listed, signature], CASES)) {
    // The length before it fits, or does not.
    answers = [seed % 3 === 0 ? bytes : string(bytes)];
    const found = await attempt(seed, () => identities(socket, nodeEngine));
    for (const { key } of found ?? []) expect(key.bytes, `seed ${seed}`).toHaveLength(32);
  }
});

test(`${CASES} spoilt signatures, ATTEST_FUZZ_SEED=${SEED}`, async () => {
  answers = [string(listed), string(signature)];
  const one = await agentSigner(me.key.keyid, socket, nodeEngine);
  for (const { seed, bytes } of mutations(SEED, [signature, listed], CASES)) {
    answers = [new Uint8Array(), seed % 3 === 0 ? bytes : string(bytes)];
    const given = await attempt(seed, () => one.sign(message));
    if (given !== undefined) expect(given, `seed ${seed}`).toHaveLength(64);
  }
});
