/** What can be done to an attestation by somebody who knows what it is: its format, its signatures, what stands beside them. */
import { base64, utf8, type Bytes } from "../../src/core/bytes.js";
import { canonical, isObject, parseJson, readable, type Json, type JsonObject } from "../../src/core/json.js";
import type { Random } from "./random.js";
import { CHANGES, tree, written } from "./tree.js";

interface Open {
  payload: Json;
  payloadType: Json;
  signatures: Json[];
  [beside: string]: Json;
}

/** An attestation in either format, as plain JSON; undefined for any other document. */
function opened(file: Bytes): Open | undefined {
  const document = parseJson(file);
  if (!isObject(document) || !Array.isArray(document["signatures"])) return undefined;
  return { ...document, signatures: [...(document["signatures"] as Json[])] } as unknown as Open;
}

const decoded = (text: string): JsonObject => JSON.parse(Buffer.from(text, "base64").toString("utf8")) as JsonObject;
const statementOf = ({ payload }: Open): JsonObject =>
  typeof payload === "string" ? decoded(payload) : (payload as JsonObject);

const KEYIDS = ["", "SHA256:", "x".repeat(256), "x".repeat(257), "\u202e", null, 1, undefined] as const;
const TYPES = [
  ...[
    "application/vnd.in-toto+json ",
    "application/vnd.in-toto+JSON",
    "application/json",
    "",
    "application/vnd.in-toto+json\u0000",
  ],
  ...[null, ["application/vnd.in-toto+json"]],
];
const BESIDE: readonly [string, Json][] = [
  ["mediaType", "application/vnd.dev.sigstore.bundle.v0.3+json"],
  ["verificationMaterial", { publicKey: { hint: "x" } }],
  ["dsseEnvelope", {}],
  ["payload_", "x"],
  ["verdict", "VALIDATED"],
  ["cert", "x"],
  ["publicKey", "x"],
];

/** The same bytes, or not quite, in another spelling of base64. */
const spellings: readonly ((text: string) => string)[] = [
  (text) => text.replace(/=+$/, ""),
  (text) => text.replaceAll("+", "-").replaceAll("/", "_"),
  (text) => text.replace("+", "-"),
  (text) => `${text}=`,
  (text) => ` ${text}`,
  (text) => text.replace(/^.{40}/, "$&\n"),
  (text) => text.replace(/[AQgw](?==)/, (digit) => ({ A: "B", Q: "R", g: "h", w: "x" })[digit] ?? digit),
  (text) => Buffer.from(text, "base64").toString("hex"),
];

const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");

type Change = (mine: Open, random: Random, other: Open) => void;

const onSignature =
  (
    change: (signature: Record<string, Json | undefined>, random: Random, other: Record<string, Json>) => void,
  ): Change =>
  (mine, random, other) => {
    if (mine.signatures.length === 0) return;
    const at = random.below(mine.signatures.length);
    const copy = { ...(mine.signatures[at] as JsonObject) };
    change(copy, random, (other.signatures[0] ?? {}) as Record<string, Json>);
    mine.signatures[at] = copy;
  };
const onBytes = (change: (bytes: Buffer, random: Random) => void): Change =>
  onSignature((signature, random) => {
    const bytes = Buffer.from(text(signature["sig"]), "base64");
    change(bytes, random);
    signature["sig"] = bytes.toString("base64");
  });

const ENVELOPE: Readonly<Record<string, Change>> = {
  "a signature dropped": (mine, random) => void mine.signatures.splice(random.below(mine.signatures.length), 1),
  "all signatures dropped": (mine) => void (mine.signatures = []),
  "no signatures at all": (mine) => void Reflect.deleteProperty(mine, "signatures"),
  "a signature doubled": (mine, random) => void mine.signatures.push(random.pick(mine.signatures)),
  "seventeen signatures": (mine, random) =>
    void (mine.signatures = Array.from({ length: 17 }, () => random.pick(mine.signatures))),
  "another document's signatures": (mine, _, other) => void (mine.signatures = other.signatures),
  "another document's signatures too": (mine, _, other) => void mine.signatures.push(...other.signatures),
  "another document's signature": onSignature((signature, _, other) => void (signature["sig"] = other["sig"])),
  "another document's keyid": onSignature((signature, _, other) => void (signature["keyid"] = other["keyid"])),
  "another keyid": onSignature((signature, random) => void (signature["keyid"] = random.pick(KEYIDS))),
  "a signature respelled": onSignature(
    (signature, random) => void (signature["sig"] = random.pick(spellings)(text(signature["sig"]))),
  ),
  "a bit of a signature turned": onBytes((bytes, random) => {
    if (bytes.length > 0) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
  }),
  "a signature of zeros": onBytes((bytes) => void bytes.fill(0)),
  "a signature of the neutral point": onBytes((bytes) => void bytes.fill(0).fill(1, 0, 1)),
  "a member in a signature": onSignature((signature, random) => {
    const [name, value] = random.pick(BESIDE);
    signature[name] = value;
  }),
  "a member beside": (mine, random) => {
    const [name, value] = random.pick(BESIDE);
    mine[name] = value;
  },
  "another payloadType": (mine, random) => void (mine.payloadType = random.pick(TYPES)),
  "another document's payload": (mine, _, other) => void (mine.payload = other.payload),
  "another document's statement": (mine, _, other) => void (mine.payload = statementOf(other)),
  "the other format": (mine) =>
    void (mine.payload = typeof mine.payload === "string" ? decoded(mine.payload) : base64(canonical(mine.payload))),
  "the other format, its payload not canonical": (mine) =>
    void (mine.payload = base64(Buffer.from(JSON.stringify(statementOf(mine), null, 1)))),
  "a payload respelled": (mine, random) => {
    if (typeof mine.payload === "string") mine.payload = random.pick(spellings)(mine.payload);
  },
  "a change inside the payload of a DSSE envelope": (mine, random) => {
    const inner = { value: tree(statementOf(mine)) };
    random.pick(Object.values(CHANGES))(inner, random, undefined);
    mine.payload = base64(utf8(written(inner.value).replaceAll("\ud800", "")));
  },
};

/** A change to a file if it is an attestation; undefined where it is none, or no longer one that can be changed so. */
export function changedEnvelope(file: Bytes, random: Random, other: Bytes): { how: string; bytes: Bytes } | undefined {
  const [how, change] = random.pick(Object.entries(ENVELOPE));
  try {
    const [mine, second] = [opened(file), opened(other)];
    if (mine === undefined || second === undefined) return undefined;
    change(mine, random, second);
    const json = JSON.stringify(mine);
    return { how, bytes: random.once(2) ? utf8(json) : readable(JSON.parse(json) as Json) };
  } catch {
    return undefined;
  }
}
