/** Every parser before spoilt documents of its own kind: it reads them, and gives back what it wrote, or refuses them in a sentence. */
import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "vitest";
import { base64, fromBase64, fromHex, fromUtf8, hex, utf8, type Bytes } from "../../src/core/bytes.js";
import { parseObservations } from "../../src/core/statement/criterion.js";
import { formatEnvelope, parseEnvelope } from "../../src/core/statement/envelope.js";
import { AttestError } from "../../src/core/errors.js";
import { canonical, parseJson, readable } from "../../src/core/json.js";
import { formatKey, parseKey } from "../../src/core/keys/key.js";
import { EMPTY_KEYRING, formatKeyring, parseKeyring } from "../../src/core/keys/keyring.js";
import { timestamp } from "../../src/core/schema.js";
import { nodeEngine } from "../../src/node/engine.js";
import { policyFrom } from "../../src/pipeline/verify/require.js";
import { GOOD } from "../core/counting.js";
import { signer } from "../core/making.js";
import { DOCUMENTS } from "./attestations.js";
import { cases, looking, mutations, SEED } from "./mutate.js";

const CASES = cases(1500);
const keys = [signer().key, signer().key, signer().key] as const;
const lines = keys.map((key) => formatKey(key, "someone"));
const since = { validFrom: "2026-01-01T00:00:00Z" };
const keyring = formatKeyring({
  ...EMPTY_KEYRING,
  signers: [
    { name: "one", key: keys[0], ...since, note: "a note" },
    { name: "two", key: keys[1], ...since, validUntil: "2027-01-01T00:00:00.5Z" },
    { name: "three", key: keys[2], ...since, revoked: { at: "2026-02-01T00:00:00Z", reason: "lost" } },
  ],
});
const JSON_TEXTS = ['{"b":1,"a":[true,null,"\u00e9\ud83d\ude00"],"\\u001f":0.1}', "[-1,5e-324,[[[]]]]", '"text"', "0"];

interface Parser {
  readonly name: string;
  readonly documents: readonly Bytes[];
  /** What the bytes say, or a refusal. */
  readonly parse: (bytes: Bytes) => unknown;
  /** The inverse, where there is one: what was read is written, and read again as the same. */
  readonly format?: (value: never) => Bytes;
}

/** One line for each; a parser whose inverse is given must be an identity on what it accepts. */
const PARSERS: readonly Parser[] = [
  { name: "parseJson", documents: JSON_TEXTS.map(utf8), parse: (bytes) => parseJson(bytes), format: readable },
  { name: "parseJson, canonical", documents: DOCUMENTS, parse: (bytes) => parseJson(bytes), format: canonical },
  { name: "parseEnvelope", documents: DOCUMENTS, parse: opened, format: formatEnvelope },
  {
    name: "parseKeyring",
    documents: [keyring],
    parse: (bytes) => parseKeyring(bytes, nodeEngine),
    format: formatKeyring,
  },
  {
    name: "parseKey",
    documents: lines.map(utf8),
    parse: (bytes) => parseKey(fromUtf8(bytes), nodeEngine),
    format: line,
  },
  { name: "parseObservations", documents: [utf8(GOOD)], parse: parseObservations },
  {
    name: "fromBase64",
    documents: texts((at) => base64(pattern(at))),
    parse: decoded(fromBase64),
    format: encoded(base64),
  },
  { name: "fromHex", documents: texts((at) => hex(pattern(at))), parse: decoded(fromHex), format: encoded(hex) },
];

function opened(bytes: Bytes): unknown {
  return { ...parseEnvelope(bytes), format: "whichever" };
}
function line(key: never): Bytes {
  return utf8(formatKey(key));
}
function pattern(length: number): Bytes {
  return Uint8Array.from({ length }, (_, at) => at * 37);
}
function texts(text: (length: number) => string): Bytes[] {
  return [0, 1, 2, 3, 32, 64, 100].map((length) => utf8(text(length)));
}
function decoded(decode: (text: string) => Bytes): (bytes: Bytes) => unknown {
  return (bytes) => decode(fromUtf8(bytes));
}
function encoded(encode: (bytes: Bytes) => string): (value: never) => Bytes {
  return (value) => utf8(encode(value));
}

/** What a call gives, or undefined where it refuses as it should: in one line that is no longer than can be read. */
function attempt(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof AttestError)) throw error;
    if (error.message.length > 1000)
      throw new Error(`a refusal of ${error.message.length} characters`, { cause: error });
    return undefined;
  }
}

describe.each(PARSERS)("$name", ({ documents, parse, format }) => {
  test("reads what was not spoilt", () => {
    for (const bytes of documents) expect(parse(bytes)).toBeDefined();
  });

  test(`${CASES} spoilt ones, ATTEST_FUZZ_SEED=${SEED}`, () => {
    for (const one of mutations(SEED, documents, CASES)) {
      looking(one, (bytes) => {
        const value = attempt(() => parse(bytes));
        if (value === undefined || format === undefined) return;
        if (!isDeepStrictEqual(parse(format(value as never)), value)) throw new Error("read again, it is another");
      });
    }
  });
});

test(`what JSON.parse reads otherwise is refused, ATTEST_FUZZ_SEED=${SEED}`, () => {
  for (const one of mutations(SEED, JSON_TEXTS.map(utf8), CASES)) {
    looking(one, (bytes) => {
      const value = attempt(() => parseJson(bytes));
      if (value !== undefined && !isDeepStrictEqual(JSON.parse(fromUtf8(bytes)), value))
        throw new Error("two readings");
    });
  }
});

test(`spelled dates, ATTEST_FUZZ_SEED=${SEED}`, () => {
  const dates = ["2026-03-01T10:00:03Z", "2024-02-29T23:59:59.123456789Z", "2026-12-31T00:00:00.5Z"];
  for (const one of mutations(SEED, dates.map(utf8), 4 * CASES)) {
    looking(one, (bytes) => {
      const text = Buffer.from(bytes).toString();
      if (!timestamp.safeParse(text).success) return;
      const second = new Date(text).toISOString().slice(0, 19);
      if (!text.startsWith(second) || !/^[\d-]{10}T[\d:.]+Z$/.test(text)) throw new Error(`it is ${second}`);
    });
  }
});

test(`what --require asks, ATTEST_FUZZ_SEED=${SEED}`, async () => {
  const lists = ["validated,fresh=30d,min-signers=2,evidence", `subject=${"a".repeat(40)},subject=package.json`];
  for (const one of mutations(SEED, lists.map(utf8), CASES)) {
    const policy: unknown = await policyFrom([Buffer.from(one.bytes).toString()]).catch((error: unknown) => error);
    looking(one, () => {
      if (policy instanceof AttestError) return;
      if (policy instanceof Error) throw policy;
      if (Object.keys(policy as object).length === 0) throw new Error("it asks for nothing");
    });
  }
});
