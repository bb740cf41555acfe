/** A proof of inclusion as a file: one spelling, nothing beside it. */
import { describe, expect, test } from "vitest";
import { base64, concat, equal, fromUtf8, utf8, type Bytes } from "../../../src/core/bytes.js";
import { openCheckpoint, sealCheckpoint } from "../../../src/core/log/checkpoint.js";
import { checkInclusion, leafHash, nodeHash } from "../../../src/core/log/merkle.js";
import { noteKey } from "../../../src/core/keys/note.js";
import { formatProof, parseProof } from "../../../src/core/log/proof.js";
import { engines } from "../engines.js";
import { signer } from "../making.js";
import { mangled, outcome } from "../mangling.js";
import { refusal } from "../refusal.js";

const engine = engines[0]!;
const sha256 = (data: Bytes): Bytes => engine.sha256(data);

const log = signer();
const key = noteKey("log.example/one", log.key.bytes, "ed25519", engine);
const [first, second, third] = ["a", "b", "c"].map((entry) => leafHash(utf8(entry), sha256)) as [Bytes, Bytes, Bytes];
const root = nodeHash(nodeHash(first, second, sha256), third, sha256);
const checkpoint = sealCheckpoint({ origin: key.name, size: 3, root }, key, (message) => log.sign(message));
const proof = { index: 1, hashes: [first, third], checkpoint };
const bytes = formatProof(proof);
const text = fromUtf8(bytes);

/** What a reader with the log's key makes of it. */
function proves(file: Bytes, leaf: Bytes): boolean {
  const { index, hashes, checkpoint: note } = parseProof(file);
  return checkInclusion(index, openCheckpoint(note, key, [], engine).checkpoint, leaf, hashes, sha256);
}

test("the file is that of the specification", () => {
  const lines = ["c2sp.org/tlog-proof@v1", "index 1", base64(first), base64(third), "", fromUtf8(checkpoint)];
  expect(text).toBe(lines.join("\n"));
});

test("there and back", () => {
  expect(parseProof(bytes)).toEqual(proof);
  for (const index of [0, 9, 2 ** 53 - 1])
    for (const hashes of [[], [first], Array.from({ length: 63 }, () => third)])
      expect(parseProof(formatProof({ index, hashes, checkpoint }))).toEqual({ index, hashes, checkpoint });
});

test("it proves its entry", () => {
  expect(proves(bytes, second)).toBe(true);
  expect(proves(bytes, third)).toBe(false);
});

test("mangled, it is refused, or spelled just so; and it proves nothing else", () => {
  for (const one of mangled(bytes)) {
    const again = outcome(() => formatProof(parseProof(one)));
    if (typeof again === "string") expect(again).toBe("proof-format");
    else {
      expect(equal(again, one)).toBe(true);
      // Ed25519 is slow, and of a file whose head is as it was it has the last word.
      if (equal(parseProof(one).checkpoint, checkpoint)) expect(proves(one, second)).toBe(false);
    }
  }
});

test("extra data is read, and proves nothing", () => {
  const extended = text.replace("index", "extra AAAA\nindex");
  const read = parseProof(utf8(extended));
  expect(read).toEqual({ ...parseProof(utf8(text)), extra: Uint8Array.of(0, 0, 0) });
  expect(fromUtf8(formatProof(read))).toBe(extended);
});

describe("what is no proof", () => {
  test.each([
    ["nothing", ""],
    ["a checkpoint alone", fromUtf8(checkpoint)],
    ["a proof without its checkpoint", text.slice(0, text.indexOf("\n\n") + 2)],
    ["another version", text.replace("@v1", "@v2")],
    ["extra data that is no base64", text.replace("index", "extra A\nindex")],
    ["extra data twice", text.replace("index", "extra AAAA\nextra AAAA\nindex")],
    ["extra data after the index", text.replace("index 1\n", "index 1\nextra AAAA\n")],
    ["no index", text.replace("index 1\n", "")],
    ["two of them", text.replace("index 1\n", "index 1\nindex 1\n")],
    ["an index of another spelling", text.replace("index 1", "index 01")],
    ["a negative one", text.replace("index 1", "index -1")],
    ["one beyond 2^53 - 1", text.replace("index 1", "index 9007199254740992")],
    ["a second space", text.replace("index 1", "index  1")],
    ["carriage returns", text.replaceAll("\n", "\r\n")],
    ["a line feed in front", `\n${text}`],
    ["a hash of 31 bytes", text.replace(base64(first), base64(first.subarray(1)))],
    ["a hash without its padding", text.replace(base64(first), base64(first).replace("=", ""))],
    ["a space after a hash", text.replace(base64(first), `${base64(first)} `)],
    ["64 hashes", text.replace(base64(first), Array.from({ length: 63 }, () => base64(first)).join("\n"))],
  ])("%s", (_, some) => {
    expect(refusal(() => parseProof(utf8(some))).code).toBe("proof-format");
  });

  test("bytes that are not UTF-8", () => {
    expect(refusal(() => parseProof(concat(Uint8Array.of(0xff), bytes))).code).toBe("proof-format");
  });

  test.each([
    { index: -1 },
    { index: 0.5 },
    { index: 2 ** 53 },
    { hashes: [first.subarray(1)] },
    { hashes: Array.from({ length: 64 }, () => first) },
    { checkpoint: utf8("no note") },
  ])("none is written of %o", (change) => {
    expect(refusal(() => formatProof({ ...proof, ...change })).code).toBe("proof-format");
  });
});
