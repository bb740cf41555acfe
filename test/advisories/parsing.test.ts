/** What went wrong in other verifiers when they read, each under its name: advisories that could have been about this one. */
import { describe, expect, test } from "vitest";
import { base64, concat, fromUtf8, hex, utf8, type Bytes } from "../../src/core/bytes.js";
import { wire, parseKey, publicKey } from "../../src/core/keys/key.js";
import { EMPTY_KEYRING, formatKeyring, parseKeyring } from "../../src/core/keys/keyring.js";
import { canonical, parseJson, type Json } from "../../src/core/json.js";
import { digestSet } from "../../src/core/schema.js";
import { formatEnvelope } from "../../src/core/statement/envelope.js";
import { engines } from "../core/engines.js";
import { check, faults, idOf, look, sites, yours } from "../core/looking.js";
import { refusal } from "../core/refusal.js";
import { result, sealed, signed, signer, statement } from "../core/making.js";
import { SMALL_ORDER_MISSPELLED, TORSION, withOrderAdded } from "../core/torsion.js";
import { workspace } from "../cli/attest.js";

const me = signer();
const good = signed(statement(), [me]);
const file = formatEnvelope(good);
const codeOf = (text: string | Bytes): string =>
  refusal(() => parseJson(typeof text === "string" ? utf8(text) : text)).code;
const [first] = engines;

describe("the wrong thing checked", () => {
  test("CVE-2026-31830 sigstore-ruby: a subject that does not match is a refusal, at the door that everyone uses", () => {
    expect(look(file, [yours(me)], { policy: { subjects: ["aa11".repeat(16)] } }).outcome).toBe("accepted");
    const other = look(file, [yours(me)], { policy: { subjects: ["ab11".repeat(16)] } });
    expect([other.outcome, check(other, "policy").code]).toEqual(["untrusted", "policy-unmet"]);
  });

  test("CVE-2026-48816 sigstore-js: no time that nobody signed makes a key valid", () => {
    const retired = sites(me, { validUntil: "2026-02-01T00:00:00Z" });
    expect(look(file, [yours(me), retired]).trust).toBe("retired");
    const document = JSON.parse(fromUtf8(file)) as { signatures: object[] };
    const times = { integratedTime: "1767225600", signedAt: "2026-01-15T00:00:00Z" };
    const beside = [
      { ...document, ...times },
      { ...document, signatures: [{ ...document.signatures[0], ...times }] },
    ];
    for (const one of beside)
      expect(look(utf8(JSON.stringify(one)), [yours(me), retired])).toMatchObject({
        outcome: "error",
        trust: "not-checked",
      });
  });

  test("CVE-2026-24137 sigstore, CVE-2026-24686 go-tuf: no name and no digest of a document can be a path", () => {
    for (const name of ["../x", "a/b", "/etc/passwd", "..", "a\\b", "A", ""]) {
      const bytes = formatKeyring({
        ...EMPTY_KEYRING,
        signers: [{ name, key: me.key, validFrom: "2026-01-01T00:00:00Z" }],
      });
      expect(refusal(() => parseKeyring(bytes, first!)).code, name).toBe("keyring-format");
    }
    for (const sha256 of ["../../../etc/passwd", "aa/../".repeat(10) + "aaaa", "AA".repeat(32), "aa".repeat(31)])
      expect(digestSet.safeParse({ sha256 }).success).toBe(false);
    const evidence = { name: "../../outside", size: 1, role: "output", sourceDateKind: "unknown" };
    const asked: string[] = [];
    const archived = (sha256: string): "missing" => (asked.push(sha256), "missing");
    const bytes = sealed(result({ evidence: [{ ...evidence, digest: { sha256: "cc".repeat(32) } }] }), me);
    expect(look(bytes, [yours(me)], { archived }).outcome).toBe("accepted");
    expect(asked).toEqual(["cc".repeat(32)]);
  });
});

describe.each(engines)("keys and curves, $name", (engine) => {
  const withSignature = (sig: Bytes): Bytes => formatEnvelope({ ...good, signatures: [{ keyid: me.key.keyid, sig }] });
  const sig = good.signatures[0]!.sig;

  test.each([
    ["CVE-2026-33895 node-forge, CVE-2024-42459 elliptic: S + L", withOrderAdded(sig), "signature-weak"],
    [
      "CVE-2024-48949 elliptic: S of L and more",
      concat(sig.subarray(0, 32), new Uint8Array(32).fill(0xff)),
      "signature-weak",
    ],
    ["CVE-2024-42459 elliptic: a byte too many", concat(sig, Uint8Array.of(0)), "signature-bad"],
    ["CVE-2024-42459 elliptic: a byte too few", sig.subarray(0, 63), "signature-bad"],
    ["CVE-2024-48949 elliptic: none", new Uint8Array(), "signature-bad"],
  ])("%s", (_, bytes, code) => {
    const report = look(withSignature(bytes), [yours(me)], { engine });
    expect([report.outcome, faults(report)]).toEqual(["invalid", [["signature", code]]]);
    expect(idOf(withSignature(bytes))).toBe(idOf(file)); // the identity is that of the payload, never of a signature
  });

  test("peer#22: a key of small order, which signs any message, is refused wherever a key is read", () => {
    const weak = [...TORSION.map((point) => point.toBytes()), ...SMALL_ORDER_MISSPELLED];
    expect(weak).toHaveLength(14);
    for (const key of weak) {
      const line = `ssh-ed25519 ${base64(wire(key))}`;
      const keyring = {
        signers: [{ name: "weak", key: line, validFrom: "2026-01-01T00:00:00Z" }],
        logs: [],
        witnesses: [],
      };
      expect(refusal(() => publicKey(key, engine)).code).toBe("key-format");
      expect(refusal(() => parseKey(line, engine)).code).toBe("key-format");
      expect(refusal(() => parseKeyring(utf8(JSON.stringify(keyring)), engine)).code).toBe("key-format");
      // And were one at hand all the same, no signature by it would do: S = 0 and any R of small order fit every message.
      const keyid = `SHA256:${hex(key)}`;
      for (const R of weak) {
        const bytes = formatEnvelope({ ...good, signatures: [{ keyid, sig: concat(R, new Uint8Array(32)) }] });
        const known = { key: { keyid, bytes: key }, by: "you" as const, source: "--key" };
        expect(look(bytes, [known], { engine })).toMatchObject({ outcome: "invalid", signature: "bad" });
      }
    }
  });

  test("peer#22: on the command line too", async () => {
    const away = workspace();
    away.write("one.json", file);
    const ran = await away.attest("verify", "one.json", "--key", `ssh-ed25519 ${base64(wire(TORSION[1]!.toBytes()))}`);
    expect([ran.code, ran.stderr]).toEqual([2, expect.stringMatching(/small order/)]);
  });
});

describe("one document, one reading", () => {
  test("peer#23 JSON.parse: a member twice is fatal at any depth, however its name is spelled", () => {
    expect(codeOf('{"verdict":"REFUTED","verdict":"VALIDATED"}')).toBe("json-duplicate");
    expect(codeOf('{"verdict":"REFUTED","v\\u0065rdict":"VALIDATED"}')).toBe("json-duplicate");
    expect(codeOf(`${"[".repeat(60)}{"a":1,"b":2,"a":1}${"]".repeat(60)}`)).toBe("json-duplicate");
  });

  test("peer#24 canonicalize: a number that another reader rounds is refused", () => {
    for (const number of ["9007199254740993", "9007199254740992", "-9007199254740993", "1e400", "1e30"])
      expect(codeOf(number)).toBe("json-number-range");
    for (const number of ["1.0", "1e0", "-0", "0.10", "1E5", "0.1000000000000000055"])
      expect(codeOf(number)).toBe("json-number-spelling");
    expect(parseJson(utf8("9007199254740991"))).toBe(Number.MAX_SAFE_INTEGER);
  });

  test("peer#25 json-canonicalization#36: half a pair is refused, and NFC and NFD stay two texts", () => {
    for (const text of ['"\\ud800"', '"\\udc00"', '"\\udc00\\ud800"', '{"\\ud800":1}'])
      expect(codeOf(text)).toBe("json-surrogate");
    expect(codeOf(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22))).toBe("not-utf8");
    expect(refusal(() => canonical("\ud800")).code).toBe("not-json");
    const composed = sealed(result({ title: "caf\u00e9" }), me);
    expect(idOf(composed)).not.toBe(idOf(sealed(result({ title: "cafe\u0301" }), me)));
    const respelled = utf8(fromUtf8(composed).normalize("NFD"));
    expect(look(respelled, [yours(me)])).toMatchObject({ outcome: "invalid", signature: "bad" });
  });

  test("peer#26 canonicalize: depth is limited before any recursion, and only plain values are made canonical", () => {
    for (const [open, close] of [
      ["[", "]"],
      ['{"a":', "}"],
    ] as const)
      expect(codeOf(open.repeat(200_000) + "1" + close.repeat(200_000))).toBe("json-depth");
    expect(codeOf("[".repeat(1_000_000))).toBe("json-depth");
    let deep: Json = 1;
    for (let depth = 0; depth < 20_000; depth += 1) deep = [deep];
    expect(refusal(() => canonical(deep)).code).toBe("not-json");
    for (const value of [{ a: undefined }, { toJSON: () => 1 }, new Date(), [undefined], new Map()])
      expect(refusal(() => canonical(value as unknown as Json)).code).toBe("not-json");
  });
});

// Thousands more, drawn anew in each run: test/fuzz.
test("CVE-2026-23991 go-tuf: what is malformed ends with exit 2 and one sentence, never with a panic", async () => {
  const away = workspace();
  const malformed = [
    "",
    "null",
    "[]",
    "{",
    '{"payload":{}}',
    '{"payload":null,"payloadType":1,"signatures":{}}',
    "\u0000",
    '"',
  ];
  for (const [at, text] of malformed.entries()) {
    away.write(`${at}.json`, text);
    const ran = await away.attest("verify", `${at}.json`, "--json");
    expect([ran.code, ran.json()["exit"]], text).toEqual([2, 2]);
  }
});
