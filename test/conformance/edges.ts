/** Ed25519 vectors on which implementations differ: other people's, from the folder in ATTEST_VECTORS, and the ones of ZIP 215. */
import { existsSync } from "node:fs";
import { hex, utf8 } from "../../src/core/bytes.js";
import { SMALL_ORDER_MISSPELLED, TORSION } from "../core/torsion.js";
import { folder, vector } from "./vectors.js";

/** In hex, so that a browser can be handed it as it is. */
export interface Edge {
  readonly key: string;
  readonly message: string;
  readonly signature: string;
}

export interface EdgeSet {
  readonly name: string;
  readonly edges: readonly Edge[];
  /** How many of them the one rule accepts: those of honest signers, and of mixed order where the equation holds. */
  readonly accepted: number;
}

/** Every key and every R of small order, in every spelling, with S = 0: a cofactored verifier accepts them all (zips.z.cash/zip-0215). */
function zip215(): Edge[] {
  const points = [...TORSION.map((point) => point.toBytes()), ...SMALL_ORDER_MISSPELLED].map(hex);
  const message = hex(utf8("Zcash"));
  return points.flatMap((key) => points.map((R) => ({ key, message, signature: R + "00".repeat(32) })));
}

interface Wycheproof {
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string };
    readonly tests: readonly { readonly msg: string; readonly sig: string }[];
  }[];
}
const wycheproof = ({ testGroups }: Wycheproof): Edge[] =>
  testGroups.flatMap(({ publicKey, tests }) =>
    tests.map(({ msg, sig }) => ({ key: publicKey.pk, message: msg, signature: sig })),
  );

type Speccheck = readonly { readonly message: string; readonly pub_key: string; readonly signature: string }[];
const speccheck = (cases: Speccheck): Edge[] =>
  cases.map(({ message, pub_key: key, signature }) => ({ key, message, signature }));

/** The one set whose messages are plain text. */
type Cctv = readonly { readonly key: string; readonly sig: string; readonly msg: string }[];
const cctv = (cases: Cctv): Edge[] =>
  cases.map(({ key, sig, msg }) => ({ key, message: hex(utf8(msg)), signature: sig }));

const read = (edges: (document: never) => Edge[], ...path: [string, string]): Edge[] | undefined =>
  existsSync(`${folder}/${path.join("/")}`)
    ? edges(JSON.parse(vector(...path).toString("utf8")) as never)
    : void console.warn(`ATTEST_VECTORS has no ${path.join("/")}: not checked`);

const found: readonly [name: string, edges: Edge[] | undefined, accepted: number][] = [
  ["zip215", zip215(), 0],
  ["wycheproof", read(wycheproof, "wycheproof", "ed25519_test.json"), 88],
  ["speccheck", read(speccheck, "speccheck", "cases.json"), 1],
  ["cctv", read(cctv, "cctv", "ed25519vectors.json"), 43],
];

export const EDGES: readonly EdgeSet[] = found.flatMap(([name, edges, accepted]) =>
  edges === undefined ? [] : [{ name, edges, accepted }],
);
