/** The reference implementation of Sigstore bundles reads ours as we mean it, and says no wherever we do. */
import { bundleFromJSON, bundleToJSON } from "@sigstore/bundle";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";
import { createPublicKey, type KeyObject } from "node:crypto";
import { describe, expect, test } from "vitest";
import { fromUtf8, utf8 } from "../../src/core/bytes.js";
import type { JsonObject } from "../../src/core/json.js";
import type { PublicKey } from "../../src/core/keys/key.js";
import { formatPem } from "../../src/formats/raw.js";
import { formatBundle } from "../../src/formats/sigstore.js";
import { parseAnyEnvelope } from "../../src/formats/envelope-formats.js";
import { refusal } from "../core/refusal.js";
import { good, me, other } from "./forms.js";

const NONE = { mediaType: "", tlogs: [], certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] };
const bundle = JSON.parse(fromUtf8(formatBundle(good))) as JsonObject;
const spki = (key: PublicKey): KeyObject => createPublicKey(Buffer.from(formatPem(key)));

/** "" when it verifies, else the code with which it does not. */
function theirs(
  document: JsonObject,
  keys: readonly PublicKey[],
  thresholds = { tlogThreshold: 0, tsaThreshold: 0 },
): string {
  try {
    const finder = (hint: string): { publicKey: KeyObject; validFor: () => boolean } => {
      const key = keys.find(({ keyid }) => keyid === hint);
      if (key === undefined) throw Object.assign(new Error(hint), { code: "PUBLIC_KEY_ERROR" });
      return { publicKey: spki(key), validFor: () => true };
    };
    new Verifier(toTrustMaterial(NONE, finder), thresholds).verify(toSignedEntity(bundleFromJSON(document)));
    return "";
  } catch (error) {
    return (error as { code?: string }).code ?? (error as Error).name;
  }
}

test("it verifies with the key of the hint, and with no other", () => {
  expect(theirs(bundle, [other.key, me.key])).toBe("");
  expect(theirs(bundle, [])).toBe("PUBLIC_KEY_ERROR");
  expect(theirs(bundle, [{ ...other.key, keyid: me.key.keyid }])).toBe("SIGNATURE_ERROR");
});

test("it has no time and no log entry, and whoever asks for one is told so", () => {
  expect(theirs(bundle, [me.key], { tlogThreshold: 0, tsaThreshold: 1 })).toBe("TIMESTAMP_ERROR");
  expect(theirs(bundle, [me.key], { tlogThreshold: 1, tsaThreshold: 0 })).not.toBe("");
});

test("what they read and write again is what we read", () => {
  const again = bundleToJSON(bundleFromJSON(bundle));
  expect(parseAnyEnvelope(utf8(JSON.stringify(again)))).toEqual({ ...good, format: "sigstore" });
});

describe("what they refuse, we refuse", () => {
  const { dsseEnvelope } = bundle as { dsseEnvelope: JsonObject & { signatures: readonly JsonObject[] } };
  const [mine] = dsseEnvelope.signatures;
  test.each<[string, JsonObject]>([
    ["two signatures", { dsseEnvelope: { ...dsseEnvelope, signatures: [mine!, mine!] } }],
    ["no signature", { dsseEnvelope: { ...dsseEnvelope, signatures: [] } }],
    ["no material", { verificationMaterial: {} }],
    ["another kind of document", { mediaType: "application/json" }],
  ])("%s", (_, changes) => {
    const changed = { ...bundle, ...changes };
    expect(theirs(changed, [me.key])).not.toBe("");
    expect(refusal(() => parseAnyEnvelope(utf8(JSON.stringify(changed)))).code).toMatch(/^(?:envelope|signature)-/);
  });
});
