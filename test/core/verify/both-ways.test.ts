/** Nothing is bought by checking less: the verifier without its short ways gives the same report of any document, whatever befell it. */
import { readdirSync, readFileSync } from "node:fs";
import * as fc from "fast-check";
import { expect, test, vi } from "vitest";
import { concat, fromAnyBytes, utf8, type Bytes } from "../../../src/core/bytes.js";
import { parseKeyring } from "../../../src/core/keys/keyring.js";
import { knownFrom } from "../../../src/core/verify/signatures.js";
import type { Report } from "../../../src/core/verify/report.js";
import { verify } from "../../../src/core/verify/verify.js";
import { nodeEngine } from "../../../src/node/engine.js";
import { yours } from "../looking.js";
import { dsse, sealed, signed, signer, statement } from "../making.js";
import { attestation, logOf, named, proofOf } from "../histories.js";
import { NIGHT } from "../../night.js";

interface Case {
  readonly name?: string;
  readonly document: Bytes;
  readonly proof?: Bytes;
}

const me = signer();
const root = new URL("../../../", import.meta.url);
const published = new URL("attestations/", root);
const bytesAt = (path: string, base: URL): Bytes => new Uint8Array(readFileSync(new URL(path, base)));
/** In a log of ten. */
const logged = Array.from({ length: 10 }, (_, at) => attestation(me, named(), `Addition adds ${at}`));
const log = logOf(logged);
const cases: readonly Case[] = [
  { document: sealed(statement(), me) },
  { document: dsse(signed(statement(), [me])) },
  ...readdirSync(published)
    .filter((name) => /^test_.*\.json$/.test(name))
    .map((name) => ({ name, document: bytesAt(name, published) })),
  ...logged.slice(0, 3).map((made) => ({ document: made.bytes, proof: proofOf(made, log)! })),
];
const keys = [
  yours(me),
  ...knownFrom(parseKeyring(bytesAt("keys/keyring.json", root), nodeEngine), "you", "--keyring"),
];

type Verify = typeof verify;
const report = (by: Verify, { name, document, proof }: Case): Report =>
  by(document, {
    engine: nodeEngine,
    keys,
    now: new Date("2030-01-01T00:00:00Z"),
    ...(name !== undefined && { fileName: name }),
    ...(proof && { log: { proof } }),
  });

/** Every text by the parser that goes character by character, every note and key parsed each time. */
async function slowly(): Promise<Verify> {
  vi.resetModules();
  vi.doMock("../../../src/core/json-scan.js", () => ({ canonicalIn: () => undefined }));
  vi.doMock("../../../src/core/remembering.js", () => ({ rememberingTexts: <T>(parse: T): T => parse }));
  try {
    return (await import("../../../src/core/verify/verify.js")).verify;
  } finally {
    vi.doUnmock("../../../src/core/json-scan.js");
    vi.doUnmock("../../../src/core/remembering.js");
    vi.resetModules();
  }
}

const TEXTS = [" ", "\n", ",", '"', "\\", "{", "}", "[]", "0", "-0", "1e0", "1.0", "9007199254740993", "null", "true"];
const SPELLINGS = [
  '"a":1,',
  "\\u0061",
  "\\/",
  "\u00e9",
  "e\u0301",
  "\ufeff",
  "\uffff",
  "\u{1f600}",
  "\ud800",
  "=",
  "+",
  "_",
];
const MEMBERS = ['"payload":{},', '"f3":{},', '"verdict":"VALIDATED",', '"__proto__":1,', '"keyid":"",'];

type Change = (bytes: Bytes) => Bytes;
const place = fc.nat({ max: 1_000_000 });
const at = (place: number, { length }: Bytes): number => Math.floor((place / 1_000_001) * (length + 1));
const spliced = (bytes: Bytes, from: number, to: number, put: Bytes): Bytes =>
  concat(bytes.subarray(0, from), put, bytes.subarray(to));

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(place, fc.nat({ max: 255 })).map(
    ([where, byte]): Change =>
      (bytes) =>
        spliced(bytes, at(where, bytes), at(where, bytes) + 1, Uint8Array.of(byte)),
  ),
  fc.tuple(place, fc.constantFrom(...TEXTS, ...SPELLINGS, ...MEMBERS)).map(
    ([where, text]): Change =>
      (bytes) =>
        spliced(bytes, at(where, bytes), at(where, bytes), utf8(text)),
  ),
  // Between two members, where more of the texts are still JSON.
  fc.tuple(place, fc.constantFrom(...TEXTS, ...SPELLINGS, ...MEMBERS)).map(([where, text]): Change => (bytes) => {
    const comma = bytes.indexOf(0x2c, at(where, bytes));
    return comma < 0 ? bytes : spliced(bytes, comma + 1, comma + 1, utf8(text));
  }),
  fc.tuple(place, fc.nat({ max: 40 })).map(
    ([where, length]): Change =>
      (bytes) =>
        spliced(bytes, at(where, bytes), at(where, bytes) + length, new Uint8Array()),
  ),
  fc.tuple(place, place, fc.nat({ max: 200 })).map(
    ([from, to, length]): Change =>
      (bytes) =>
        spliced(bytes, at(to, bytes), at(to, bytes), bytes.slice(at(from, bytes), at(from, bytes) + length)),
  ),
);

/** Whole spellings of the same value. */
const respelled: fc.Arbitrary<Change> = fc.constantFrom<Change>(
  (bytes) => bytes,
  (bytes) => orSame(bytes, (value) => JSON.stringify(value)),
  (bytes) => orSame(bytes, (value) => JSON.stringify(value, undefined, "\t")),
  (bytes) => utf8(fromAnyBytes(bytes).replace(/\n\s*/g, "")),
  (bytes) => utf8(fromAnyBytes(bytes).replaceAll("\n", "\r\n")),
);

function orSame(bytes: Bytes, spell: (value: unknown) => string): Bytes {
  try {
    return utf8(spell(JSON.parse(fromAnyBytes(bytes))));
  } catch {
    return bytes;
  }
}

test("the published documents, as they are", async () => {
  const slow = await slowly();
  expect(slow).not.toBe(verify);
  for (const one of cases) expect(report(slow, one), one.name).toEqual(report(verify, one));
  expect(cases.filter((one) => report(verify, one).signature === "ok").length).toBe(cases.length);
});

test("whatever befell a document or its proof", { timeout: 900_000 }, async () => {
  const slow = await slowly();
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(
      fc.constantFrom(...cases),
      respelled,
      fc.array(change, { maxLength: 3 }),
      fc.boolean(),
      (one, spell, changes, ofProof) => {
        const changed = (bytes: Bytes): Bytes => changes.reduce((now, act) => act(now), bytes);
        const document = ofProof && one.proof ? one.document : changed(spell(one.document));
        const proof = ofProof && one.proof ? changed(one.proof) : one.proof;
        const befallen: Case = { ...one, document, ...(proof && { proof }) };
        const quick = report(verify, befallen);
        expect(report(slow, befallen)).toEqual(quick);
        const code = quick.checks.find(({ status }) => status === "failed")?.code ?? quick.outcome;
        seen.set(code, (seen.get(code) ?? 0) + 1);
      },
    ),
    { numRuns: NIGHT ? 100_000 : 2_000 },
  );
  // What was made has many faults, and is not all refused at the first character.
  for (const code of ["accepted", "json-syntax", "json-duplicate", "signature-bad", "log-unproven"])
    expect([...seen.keys()]).toContain(code);
});
