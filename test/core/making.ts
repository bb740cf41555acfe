/** What the tests of core sign: keys made anew in every run, one complete statement, and the files that hold it. */
import { getPublicKey, hashes, sign, utils } from "@noble/ed25519";
import { sha512 } from "@noble/hashes/sha2.js";
import { base64, type Bytes } from "../../src/core/bytes.js";
import { nobleEngine } from "../../src/core/engine.js";
import { formatEnvelope, message, PAYLOAD_TYPE, type Envelope } from "../../src/core/statement/envelope.js";
import { canonical, isObject, readable, type Json, type JsonObject } from "../../src/core/json.js";
import { publicKey, type PublicKey } from "../../src/core/keys/key.js";

hashes.sha512 = sha512;

export interface TestSigner {
  readonly key: PublicKey;
  sign(message: Bytes): Bytes;
}

export function signer(): TestSigner {
  const secret = utils.randomSecretKey();
  return { key: publicKey(getPublicKey(secret), nobleEngine), sign: (signed) => sign(signed, secret) };
}

/** Every text in it is long enough to be looked for in a report. */
const STATEMENT = {
  _type: "https://in-toto.io/Statement/v1",
  subject: [{ name: "file:add.js", digest: { sha256: "aa11".repeat(16) }, annotations: { stars: 3 } }],
  predicateType: "https://in-toto.io/attestation/test-result/v0.1",
  predicate: {
    result: "PASSED",
    configuration: [{ name: "profile quick", digest: { sha256: "bb22".repeat(16) } }],
    url: "urn:example:where-it-ran",
    passedTests: ["adds-two-numbers", "adds-in-any-order"],
    warnedTests: ["adds-quickly"],
    failedTests: [],
    f3: {
      version: 1,
      title: "Addition adds",
      hypothesis: "The sum of two numbers is their sum.",
      summary: "It is: caf\u00e9, \ud83d\ude00,\u001f\nand a second line.",
      sections: [{ heading: "How it was done", body: "By adding." }],
      verdict: "VALIDATED",
      checks: [
        {
          id: "adds-two-numbers",
          claim: "2 and 2 make 4",
          required: true,
          outcome: "passed",
          expected: "four, that is",
          observed: "four, as hoped",
        },
        {
          id: "adds-in-any-order",
          claim: "The order does not matter",
          required: true,
          outcome: "passed",
          expected: "equal sums",
          observed: "sums that are equal",
          measurements: [{ name: "greatest difference", value: 0.25, unit: "units in the last place" }],
        },
        {
          id: "adds-quickly",
          claim: "It does not take long",
          required: false,
          outcome: "skipped",
          expected: "not long",
          observed: "there was no clock",
        },
      ],
      notChecked: ["numbers beyond 2^53"],
      evidence: [
        {
          name: "output.txt",
          digest: { sha256: "cc33".repeat(16) },
          size: 12,
          role: "output of the run",
          sourceDate: "2026-03-01T10:00:01Z",
          sourceDateKind: "observed",
        },
      ],
      relations: [{ type: "verifies", target: "urn:example:addition" }],
      run: {
        startedAt: "2026-03-01T10:00:00Z",
        finishedAt: "2026-03-01T10:00:02.5Z",
        command: ["some-program", "add.js"],
        exitCode: 0,
        environment: { runtime: "some runtime 1.2.3" },
      },
      signedAt: "2026-03-01T10:00:03Z",
    },
  },
} as const satisfies JsonObject;

/** A clock for the verifier: some time after `signedAt`. */
export const NOW = new Date("2026-03-02T00:00:00Z");

/** Objects are merged member by member, everything else is replaced, what is undefined is left out. */
export interface Changes {
  readonly [member: string]: Json | Changes | undefined;
}

/**
 * A result that verifies, but for the changes.
 * @example statement({ predicate: { f3: { version: 2 } } })
 */
export const statement = (changes: Changes = {}): JsonObject => merged(STATEMENT, changes);

/** The same with changes in `predicate.f3`. */
export const result = (changes: Changes): JsonObject => statement({ predicate: { f3: changes } });

function merged(base: JsonObject, changes: Changes): JsonObject {
  const out: Record<string, Json> = { ...base };
  for (const [member, change] of Object.entries(changes)) {
    const old = out[member];
    if (change === undefined) Reflect.deleteProperty(out, member);
    else if (isObject(old) && isObject(change as Json)) out[member] = merged(old, change as Changes);
    else out[member] = change as Json;
  }
  return out;
}

export type Signed = Omit<Envelope, "format">;

/** What the signers would publish; nothing about the payload is checked here. */
export function signed(payload: JsonObject, signers: readonly TestSigner[], payloadType = PAYLOAD_TYPE): Signed {
  const payloadBytes = canonical(payload);
  const over = message(payloadType, payloadBytes);
  return {
    payload,
    payloadBytes,
    payloadType,
    signatures: signers.map((one) => ({ keyid: one.key.keyid, sig: one.sign(over) })),
  };
}

/** The published file: the readable format. */
export const sealed = (payload: JsonObject, ...signers: TestSigner[]): Bytes =>
  formatEnvelope(signed(payload, signers));

/** The same signatures in a DSSE envelope. */
export const dsse = ({ payloadBytes, payloadType, signatures }: Signed): Bytes =>
  readable({
    payload: base64(payloadBytes),
    payloadType,
    signatures: signatures.map(({ keyid, sig }) => ({ ...(keyid !== undefined && { keyid }), sig: base64(sig) })),
  });
