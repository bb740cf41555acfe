/** A keyring says whose keys, and from when to when: each key and each name once, and no member that this version does not know. */
import { describe, expect, test } from "vitest";
import { fromUtf8, utf8 } from "../../../src/core/bytes.js";
import { readable, type Json } from "../../../src/core/json.js";
import { formatKey } from "../../../src/core/keys/key.js";
import { EMPTY_KEYRING, formatKeyring, parseKeyring, type Keyring } from "../../../src/core/keys/keyring.js";
import { formatNoteKey, noteKey, type NoteKey, type NoteKeyType } from "../../../src/core/keys/note.js";
import { engines } from "../engines.js";
import { signer } from "../making.js";
import { refusal } from "../refusal.js";

const engine = engines[0]!;
const [one, other] = [signer().key, signer().key];
const since = "2026-01-01T00:00:00Z";

function noteOf(name: string, type: NoteKeyType): NoteKey {
  return noteKey(name, signer().key.bytes, type, engine);
}

const KEYRING: Keyring = {
  signers: [
    { name: "lab", key: one, validFrom: since },
    {
      name: "old.lab-2_a",
      key: other,
      validFrom: since,
      validUntil: "2026-02-01T00:00:00.123456789Z",
      revoked: { at: "2026-01-15T00:00:00Z", reason: "lost on a train" },
      note: "kept in the desk",
    },
  ],
  logs: [
    { name: "log", key: noteOf("example.org/lab/attestations/log", "ed25519"), validFrom: since, validUntil: since },
    { name: "log-2", key: noteOf("example.org/lab/attestations/log-2", "ed25519"), validFrom: since, note: "goes on" },
  ],
  witnesses: [{ name: "neighbour", key: noteOf("neighbour.example", "cosignature-v1"), validFrom: since }],
  quorum: 1,
};

test("there and back, in values and in bytes", () => {
  expect(parseKeyring(formatKeyring(KEYRING), engine)).toEqual(KEYRING);
  expect(formatKeyring(parseKeyring(formatKeyring(KEYRING), engine))).toEqual(formatKeyring(KEYRING));
  expect(parseKeyring(formatKeyring(EMPTY_KEYRING), engine)).toEqual(EMPTY_KEYRING);
});

test("what is undefined is left out", () => {
  const bytes = formatKeyring({
    ...EMPTY_KEYRING,
    signers: [{ name: "lab", key: one, validFrom: since, note: undefined, validUntil: undefined }],
  });
  expect(fromUtf8(bytes)).not.toMatch(/note|validUntil/);
  expect(parseKeyring(bytes, engine).signers[0]).toEqual({ name: "lab", key: one, validFrom: since });
});

test("the file holds lines that ssh-keygen reads", () => {
  expect(fromUtf8(formatKeyring(KEYRING))).toContain(`"key": "${formatKey(one)}"`);
});

describe("logs and witnesses", () => {
  const vkey = (type: NoteKeyType, name = "a"): string => formatNoteKey(noteOf(name, type));
  const log = (name: string, key = vkey("ed25519")): Json => ({ name, key, validFrom: since });
  const witness = (name: string, key = vkey("cosignature-v1")): Json => ({ name, key, validFrom: since });
  const read = (parts: Record<string, Json>): unknown =>
    parseKeyring(readable({ signers: [], logs: [], witnesses: [], ...parts }), engine);

  test("that is in order", () => {
    expect(
      read({ logs: [log("log"), log("log-2")], witnesses: [witness("a"), witness("b")], quorum: 2 }),
    ).toBeDefined();
  });

  test.each<[string, Record<string, Json>]>([
    ["a log of another name than its place gives", { logs: [log("lab")] }],
    ["a log that is missing in the row", { logs: [log("log"), log("log-3")] }],
    ["a log with the key of a witness", { logs: [log("log", vkey("cosignature-v1"))] }],
    ["a witness with the key of a log", { witnesses: [witness("a", vkey("ed25519"))] }],
    ["two witnesses of one name", { witnesses: [witness("a"), witness("a")] }],
    ["a quorum that nobody can meet", { witnesses: [witness("a")], quorum: 2 }],
    ["a quorum of nobody", { witnesses: [witness("a")], quorum: 0 }],
  ])("%s", (_, parts) => {
    expect(refusal(() => read(parts))).toMatchObject({ code: "keyring-format" });
  });

  test("one key in two places, whatever it is called there", () => {
    const bytes = signer().key.bytes;
    const [asLog, asWitness] = (["ed25519", "cosignature-v1"] as const).map((type) =>
      formatNoteKey(noteKey("a", bytes, type, engine)),
    );
    expect(refusal(() => read({ logs: [log("log", asLog)], witnesses: [witness("a", asWitness)] }))).toMatchObject({
      code: "keyring-format",
    });
  });
});

describe("what is refused", () => {
  const entry = { name: "lab", key: formatKey(one), validFrom: since };
  const ring = (...signers: Json[]): Json => ({ signers, logs: [], witnesses: [] });

  test("the entry by itself is not", () => {
    expect(parseKeyring(readable(ring(entry)), engine).signers).toHaveLength(1);
  });

  test.each<[string, Json]>([
    ["no object", []],
    ["null", null],
    ["no signers", { logs: [], witnesses: [] }],
    ["no logs", { signers: [], witnesses: [] }],
    ["a member too many", { signers: [], logs: [], witnesses: [], keys: [] }],
    ["signers by name", { signers: { lab: entry }, logs: [], witnesses: [] }],
    ["an unknown member of an entry: it could be a limit", ring({ ...entry, validFor: ["drafts"] })],
    ["an unknown member of a revocation", ring({ ...entry, revoked: { at: since, reason: "", by: "me" } })],
    ["a revocation without a date", ring({ ...entry, revoked: { reason: "lost" } })],
    ["a revocation that is only true", ring({ ...entry, revoked: true })],
    ["no name", ring({ key: entry.key, validFrom: since })],
    ["no key", ring({ name: "lab", validFrom: since })],
    ["no date", ring({ name: "lab", key: entry.key })],
    ["null where a date may be absent", ring({ ...entry, validUntil: null })],
    ["one key under two names", ring(entry, { ...entry, name: "lab2" })],
    ["one key under two names, once with a comment", ring(entry, { ...entry, name: "lab2", key: `${entry.key} me` })],
    ["one name for two keys", ring(entry, { ...entry, key: formatKey(other) })],
    ...["", "Lab", "-lab", ".lab", "../lab", "a/b", "lab ", "l\u00e4b", "a".repeat(65)].map((name): [string, Json] => [
      `the name ${JSON.stringify(name)}`,
      ring({ ...entry, name }),
    ]),
    ...[
      "",
      "2026-01-01",
      "2026-01-01T00:00:00",
      "2026-01-01T00:00:00+00:00",
      "2026-01-01T00:00:00z",
      "2026-01-01t00:00:00Z",
      "2026-01-01 00:00:00Z",
      "2026-13-01T00:00:00Z",
      "2026-01-32T00:00:00Z",
      "2026-01-01T24:00:00Z",
      "2026-01-01T00:60:00Z",
      "2026-01-01T00:00:60Z",
      "2026-01-01T00:00:00.Z",
      "2026-01-01T00:00:00.1234567890Z",
      "2026-1-1T00:00:00Z",
      "2026-01-01T00:00:00Z\n",
      "+02026-01-01T00:00:00Z",
      // Some engines take these for a day in March, others for none.
      "2026-02-29T00:00:00Z",
      "2026-02-30T00:00:00Z",
      "2026-04-31T00:00:00Z",
    ].map((validFrom): [string, Json] => [`the date ${JSON.stringify(validFrom)}`, ring({ ...entry, validFrom })]),
  ])("%s", (_, value) => {
    expect(refusal(() => parseKeyring(readable(value), engine)).code).toBe("keyring-format");
  });

  test("a key that is none", () => {
    expect(refusal(() => parseKeyring(readable(ring({ ...entry, key: "ssh-ed25519 AAAA" })), engine)).code).toBe(
      "key-format",
    );
  });

  test("JSON that can be read in two ways", () => {
    const twice = `{"signers":[{"name":"lab","name":"lab2","key":${JSON.stringify(entry.key)},"validFrom":"${since}"}],"logs":[],"witnesses":[]}`;
    expect(refusal(() => parseKeyring(utf8(twice), engine)).code).toBe("json-duplicate");
  });
});

test("a leap day is a day", () => {
  const bytes = formatKeyring({
    ...EMPTY_KEYRING,
    signers: [{ name: "lab", key: one, validFrom: "2028-02-29T23:59:59Z" }],
  });
  expect(parseKeyring(bytes, engine).signers).toHaveLength(1);
});
