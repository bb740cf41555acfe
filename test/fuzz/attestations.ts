/** Attestations to be spoilt, signed anew with keys that a word gives; and what must hold of a report, whatever was done to them. */
import { getPublicKey, hashes, sign } from "@noble/ed25519";
import { sha512 } from "@noble/hashes/sha2.js";
import { isDeepStrictEqual } from "node:util";
import { fromUtf8, hex, utf8, type Bytes } from "../../src/core/bytes.js";
import { nobleEngine, type Engine } from "../../src/core/engine.js";
import { formatEnvelope, parseEnvelope } from "../../src/core/statement/envelope.js";
import type { Json, JsonObject } from "../../src/core/json.js";
import { publicKey } from "../../src/core/keys/key.js";
import type { Report } from "../../src/core/verify/report.js";
import { readStatement } from "../../src/core/statement/statement.js";
import { verify } from "../../src/core/verify/verify.js";
import { nodeEngine } from "../../src/node/engine.js";
import { counted, CRITERION, GOOD, numbersOf } from "../core/counting.js";
import { sites, yours } from "../core/looking.js";
import { dsse, NOW, result, signed, statement, type Signed, type TestSigner } from "../core/making.js";

hashes.sha512 = sha512;

/** The same key in every run, or a seed would not bring back its case; it signs nothing but what is made here. */
function signerOf(word: string): TestSigner {
  const secret = nodeEngine.sha256(utf8(word));
  return { key: publicKey(getPublicKey(secret), nodeEngine), sign: (message) => sign(message, secret) };
}
const [mine, theirs, unknown] = ["mine", "theirs", "unknown"].map(signerOf) as [TestSigner, TestSigner, TestSigner];

/** In every sentence of the statements, so that no report of an unsigned one may hold it. */
const SAID = "said-in-the-statement";
const sentences = {
  title: `${SAID} title`,
  hypothesis: `${SAID} caf\u00e9, cafe\u0301, \ud83d\ude00`,
  summary: `${SAID} \u001f \u007f \u202e \u2028 "quoted" \\ /`,
  sections: [{ heading: SAID, body: SAID }],
  notChecked: [SAID],
};
const failed = {
  id: "adds",
  claim: SAID,
  required: true,
  outcome: "failed",
  expected: SAID,
  observed: SAID,
  measurements: [{ name: "difference", value: 0.1, unit: SAID }],
};

const made: readonly [Signed, readonly TestSigner[]][] = (
  [
    [result(sentences), [mine]],
    [
      statement({
        predicate: {
          result: "FAILED",
          passedTests: [],
          warnedTests: [],
          failedTests: ["adds"],
          f3: { ...sentences, verdict: "REFUTED", checks: [failed] },
        },
      }),
      [mine],
    ],
    [result({ ...sentences, title: `${SAID} twice` }), [mine, theirs]],
    [result({ ...sentences, title: `${SAID} by them` }), [theirs]],
    [result({ ...sentences, title: `${SAID} by whom` }), [unknown]],
    [counted({ a: { criterion: CRITERION, measurements: numbersOf(GOOD) } }, { "observations.ndjson": GOOD }), [mine]],
    [{ ...statement(), predicateType: "urn:example:another:v1", predicate: { f3: { hypothesis: SAID } } }, [mine]],
  ] as [JsonObject, TestSigner[]][]
).map(([payload, signers]) => [signed(payload, signers), signers]);

/** Each of them in both formats. */
export const DOCUMENTS: readonly Bytes[] = made.flatMap(([one]) => [formatEnvelope(one), dsse(one)]);

/** Who signed what, by the bytes that were signed. */
const SIGNED = new Map(
  made.map(([{ payloadBytes, payload }, signers]) => [
    hex(payloadBytes),
    { payload, keyids: new Set(signers.map(({ key }) => key.keyid)) },
  ]),
);

export const KEYS = [yours(mine), sites(mine), sites(theirs)];
/** No sentence of a refusal may grow with the document. */
const MAX_DETAIL = 1000;

/** An engine that counts what it is asked. */
export class Counting implements Engine {
  readonly name = "counting";
  verified = 0;
  hashed = 0;
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }
  sha256(data: Bytes): Bytes {
    this.hashed += data.length;
    return this.#engine.sha256(data);
  }
  verify(key: Bytes, message: Bytes, signature: Bytes): boolean {
    this.verified += 1;
    return this.#engine.verify(key, message, signature);
  }
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

/** What a reader without any of our code takes the payload for. */
function meant(bytes: Bytes): Json {
  const { payload } = JSON.parse(fromUtf8(bytes)) as { payload: Json };
  if (typeof payload !== "string") return payload;
  return JSON.parse(Buffer.from(payload, "base64").toString("utf8")) as Json;
}

/** The report on a document, after everything was checked that must hold of any. */
export function judged(bytes: Bytes): Report {
  const engine = new Counting(nodeEngine);
  const report = verify(bytes, { engine, keys: KEYS, now: NOW });
  const text = JSON.stringify(report);

  must(engine.verified <= 16 * KEYS.length, `${engine.verified} signatures were tried`);
  must(engine.hashed <= 3 * bytes.length + 1000, `${engine.hashed} bytes were hashed, of ${bytes.length}`);
  must(text.length <= 10 * bytes.length + 20_000, `a report of ${text.length} characters on ${bytes.length} bytes`);

  if (report.signature !== "ok") {
    must(report.outcome !== "accepted", "it passes without a good signature");
    must(report.verdict === undefined && report.statement === undefined, "it says what nobody signed");
    const hinted = report.signers.some(({ keyid }) => keyid.includes(SAID));
    must(hinted || !text.includes(SAID), "a sentence of an unsigned document stands in the report");
    const longest = Math.max(...report.checks.map(({ detail }) => detail.length));
    must(longest <= MAX_DETAIL, `a sentence of ${longest} characters`);
    return report;
  }

  const { payloadBytes, signatures } = parseEnvelope(bytes);
  const original = SIGNED.get(hex(payloadBytes));
  if (original === undefined) throw new Error("a good signature on what was never signed");
  const good = report.signers.filter(({ signature }) => signature === "ok").map(({ keyid }) => keyid);
  must(good.length > 0 && good.every((keyid) => original.keyids.has(keyid)), "a good signature by who never signed");
  must(new Set(good).size === good.length && good.length <= signatures.length, "a signature counts twice");
  must(isDeepStrictEqual(meant(bytes), original.payload), "another reader sees another statement");
  if (report.outcome === "accepted") {
    must(good.includes(mine.key.keyid) && report.trust === "confirmed-by-you", "it passes by a key that nobody gave");
    must(isDeepStrictEqual(readStatement(original.payload), { statement: report.statement }), "it says something else");
  }
  return report;
}

/** The same document, by the engine that browsers have: the same report. */
export function agreed(bytes: Bytes, report: Report): void {
  const other = verify(bytes, { engine: nobleEngine, keys: KEYS, now: NOW });
  must(
    isDeepStrictEqual({ ...other, engine: report.engine }, report),
    `noble says ${other.signature}, OpenSSL ${report.signature}`,
  );
}
