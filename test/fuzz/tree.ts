/** JSON as it is written, not as it is meant: members keep their order and may repeat, numbers and strings keep their spelling. */
import { isObject, type Json } from "../../src/core/json.js";
import type { Random } from "./random.js";

/** A name, and what has none, are JSON text: quotes, escapes and all. */
export type Tree = { members: [name: string, value: Tree][] } | { items: Tree[] } | { raw: string };

export function tree(value: Json): Tree {
  if (Array.isArray(value)) return { items: (value as readonly Json[]).map(tree) };
  if (isObject(value)) {
    return { members: Object.entries(value).map(([name, inner]) => [JSON.stringify(name), tree(inner)]) };
  }
  return { raw: JSON.stringify(value) };
}

/** With nothing between the marks, with line feeds, or with white space of every sort. */
export function written(value: Tree, space: () => string = () => ""): string {
  const list = (open: string, parts: readonly string[], close: string): string =>
    open + parts.map((part) => space() + part + space()).join(",") + close;
  if ("raw" in value) return value.raw;
  if ("items" in value) return list("[", value.items.map((item) => written(item, space)), "]"); // prettier-ignore
  return list("{", value.members.map(([name, inner]) => `${name}${space()}:${space()}${written(inner, space)}`), "}"); // prettier-ignore
}

/** Every place of a tree, the root first; a place can be given another value. */
interface Place {
  readonly value: Tree;
  readonly set: (value: Tree) => void;
}

function places(root: { value: Tree }): Place[] {
  const found: Place[] = [];
  const walk = (value: Tree, set: (other: Tree) => void): void => {
    found.push({ value, set });
    if ("items" in value) value.items.forEach((item, at) => walk(item, (other) => (value.items[at] = other)));
    if ("members" in value) value.members.forEach((one) => walk(one[1], (other) => (one[1] = other)));
  };
  walk(root.value, (other) => (root.value = other));
  return found;
}

export function clone(value: Tree): Tree {
  if ("raw" in value) return { raw: value.raw };
  if ("items" in value) return { items: value.items.map(clone) };
  return { members: value.members.map(([name, inner]) => [name, clone(inner)]) };
}
const quoted = (text: string): string => JSON.stringify(text);

/** Names with a meaning in JavaScript, in other people's documents, and in ours. */
const NAMES = [
  "x".repeat(3000),
  ...["__proto__", "constructor", "prototype", "toJSON", "toString", "hasOwnProperty", "length", "then", "0", "-1", ""],
  ...["payload", "payloadType", "signatures", "keyid", "sig", "mediaType", "verificationMaterial", "dsseEnvelope"],
  ...["messageSignature", "cert", "publicKey", "payloadBytes", "_type", "predicateType", "predicate", "subject"],
  ...["digest", "sha256", "f3", "version", "verdict", "result", "checks", "outcome", "required", "signedAt", "log"],
  ...["name", "key", "validFrom", "validUntil", "revoked", "at", "reason", "signers", "logs", "witnesses", "note"],
].map(quoted);

const NUMBERS = [
  ...["0", "-0", "1", "-1", "1.0", "1e0", "10e-1", "0.1e1", "01", "+1", ".5", "1.", "0x1", "1_000", "1e400", "-1e400"],
  ...["9007199254740991", "9007199254740992", "9007199254740993", "1e21", "1e-7", "1E5", "5e-324", "1e-400", "NaN"],
  ...["Infinity", "0.30000000000000004", "0.1", "1".repeat(400), `0.${"0".repeat(400)}1`, "333333333.33333329"],
];

const STRINGS = [
  ...[
    "",
    "a",
    "\u00e9",
    "e\u0301",
    "\u212b",
    "\u00c5",
    "\ufb01",
    "\u202e",
    "\u2066x\u2069",
    "\u200b",
    "\ufeff",
    "\u2028",
  ],
  ...[
    "\ud83d\ude00",
    "\u0000",
    "\u001b[2J",
    "VALIDATED",
    "REFUTED",
    "PASSED",
    "passed",
    "failed",
    "skipped",
    "../../x",
  ],
  ...[
    "javascript:1",
    "2026-02-30T00:00:00Z",
    "2026-03-01T10:00:03z",
    "9999-12-31T23:59:59Z",
    "SHA256:",
    "x".repeat(3000),
  ],
].map(quoted);

/** What JSON has no room for: halves of pairs, controls as they are, escapes that there are not, quotes left open. */
const BROKEN_STRINGS = [
  ...[
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\ud83d"',
    '"\u0000"',
    '"\n"',
    '"\\x41"',
    '"\\u00"',
    '"\\',
    '"',
    "'a'",
    '"\\u{61}"',
  ],
  ...['"\\/"', '"\\u0061"', '"\\u001F"', '"\\U0061"'],
];

const OTHERS = [
  "null",
  "true",
  "false",
  "[]",
  "{}",
  "[[]]",
  "[null]",
  '{"":0}',
  "undefined",
  "True",
  "nul",
  "",
  "/**/1",
];
const VALUES = [...NUMBERS, ...STRINGS, ...BROKEN_STRINGS, ...OTHERS];

type Change = (root: { value: Tree }, random: Random, other: Tree | undefined) => void;

const onObject =
  (change: (members: [string, Tree][], random: Random, all: readonly Place[]) => void): Change =>
  (root, random) => {
    const all = places(root);
    const objects = all.flatMap(({ value }) => ("members" in value ? [value.members] : []));
    if (objects.length > 0) change(random.pick(objects), random, all);
  };
const onMember = (change: (members: [string, Tree][], at: number, random: Random) => void): Change =>
  onObject((members, random) => {
    if (members.length > 0) change(members, random.below(members.length), random);
  });
const onItems =
  (change: (items: Tree[], random: Random) => void): Change =>
  (root, random) => {
    const lists = places(root).flatMap(({ value }) =>
      "items" in value && value.items.length > 0 ? [value.items] : [],
    );
    if (lists.length > 0) change(random.pick(lists), random);
  };
const onRaw =
  (wanted: RegExp, change: (raw: string, random: Random) => string): Change =>
  (root, random) => {
    const fitting = places(root).filter(({ value }) => "raw" in value && wanted.test(value.raw));
    if (fitting.length === 0) return;
    const { value, set } = random.pick(fitting);
    if ("raw" in value) set({ raw: change(value.raw, random) });
  };

/** One character of a string's text as an escape, which means the same. */
const escaped = (raw: string, { below, once }: Random): string => {
  const plain = [...raw.matchAll(/(?<=^"|[^\\])[ -!#-[\]-~](?=.)/g)].map(({ index }) => index).filter((at) => at > 0);
  const at = plain[below(plain.length)];
  if (at === undefined) return raw;
  const code = raw.charCodeAt(at).toString(16).padStart(4, "0");
  return `${raw.slice(0, at)}\\u${once(2) ? code : code.toUpperCase()}${raw.slice(at + 1)}`;
};

const respelled = (raw: string, random: Random): string =>
  random.pick([
    `${raw}.0`,
    `${raw}e0`,
    `${raw}E+0`,
    `0${raw}`,
    `+${raw}`,
    `-${raw}`,
    `${raw}0`,
    `${raw}${"0".repeat(17)}e-17`,
    `${Number(raw) * 10}e-1`,
    `"${raw}"`,
  ]);

/** What can be done to JSON, by name. */
export const CHANGES: Readonly<Record<string, Change>> = {
  "a member added": onObject((members, random, all) => {
    const value = random.once(2) ? clone(random.pick(all).value) : { raw: random.pick(VALUES) };
    members.splice(random.below(members.length + 1), 0, [random.pick(NAMES), value]);
  }),
  "a member removed": onMember((members, at) => void members.splice(at, 1)),
  "a member renamed": onMember((members, at, random) => void (members[at]![0] = random.pick(NAMES))),
  "a name respelled": onMember((members, at, random) => void (members[at]![0] = escaped(members[at]![0], random))),
  "a member doubled": onMember((members, at, random) => {
    const [name, value] = members[at]!;
    const other = random.once(2) ? clone(value) : { raw: random.pick(VALUES) };
    members.splice(random.below(members.length + 1), 0, [random.once(3) ? escaped(name, random) : name, other]);
  }),
  "members in another order": onMember((members, at, random) => {
    const [moved] = members.splice(at, 1);
    members.splice(random.below(members.length + 1), 0, moved!);
  }),
  "an item removed": onItems((items, random) => void items.splice(random.below(items.length), 1)),
  "an item doubled": onItems((items, random) => void items.push(clone(random.pick(items)))),
  "items in another order": onItems((items, random) => void items.unshift(...items.splice(random.below(items.length)))),
  "a value of another type": (root, random) => random.pick(places(root)).set({ raw: random.pick(VALUES) }),
  "nested deeper": (root, random) => {
    const { value, set } = random.pick(places(root));
    let nested = value;
    const name = random.once(2) ? random.pick(NAMES) : undefined;
    for (let depth = random.pick([1, 2, 55, 64, 70]); depth > 0; depth -= 1)
      nested = name === undefined ? { items: [nested] } : { members: [[name, nested]] };
    set(nested);
  },
  "a number respelled": onRaw(/^-?\d/, respelled),
  "a number changed": onRaw(/^-?\d/, (_, random) => random.pick(NUMBERS)),
  "a string respelled": onRaw(/^"/, escaped),
  "a string in another normal form": onRaw(/^".*[^ -~]/, (raw, random) =>
    raw.normalize(random.pick(["NFC", "NFD", "NFKC"])),
  ),
  "a string with more in it": onRaw(
    /^"/,
    (raw, random) => raw.slice(0, -1) + random.pick([...STRINGS, ...BROKEN_STRINGS]).slice(1),
  ),
  "a string changed": onRaw(/^"/, (_, random) => random.pick([...STRINGS, ...BROKEN_STRINGS])),
  "a part from elsewhere": (root, random, other) => {
    const from = random.once(2) && other !== undefined ? { value: other } : root;
    random.pick(places(root)).set(clone(random.pick(places(from)).value));
  },
};
