/** One attestation as its signer published it, and forgeries of it, each in every form, laid out as docs/formats.md has them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { formatEnvelope } from "../../src/core/statement/envelope.js";
import { formatKey } from "../../src/core/keys/key.js";
import { formatDsse } from "../../src/formats/dsse.js";
import { formatRaw, RAW } from "../../src/formats/raw.js";
import { formatSignify, formatSignifyKey } from "../../src/formats/signify.js";
import { formatBundle } from "../../src/formats/sigstore.js";
import { result, signed, signer, statement, type Signed, type TestSigner } from "../core/making.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const docs = readFileSync(join(root, "docs/formats.md"), "utf8");

/** The programs of the page, by their names. */
const programs = [...docs.matchAll(/^`([\w.-]+)`: .*\n\n```\w+\n([\s\S]*?)^```$/gm)].map(
  ([, name = "", text = ""]) => ({ name, text }),
);

export interface Recipe {
  readonly form: string;
  readonly tool: string;
  readonly command: string;
}

/** The rows of the table of tools. */
export const recipes: readonly Recipe[] = [...docs.matchAll(/^\| (\S.*?) \| (\S.*?) \| `([^`]+)` \|$/gm)].map(
  ([, form = "", tool = "", command = ""]) => ({
    form: form.replaceAll("`", ""),
    tool: tool.replaceAll("`", ""),
    command,
  }),
);

const places: string[] = [];
afterAll(() => places.forEach((place) => rmSync(place, { recursive: true, force: true })));

export const me = signer();
export const other = signer();
/** Characters of more than one byte: a length in characters would be another one. */
export const good = signed(result({ summary: "caf\u00e9, \ud83d\ude00" }), [me]);
const [mine] = good.signatures;
const flipped = mine!.sig.slice();
flipped[20]! ^= 0x10;

/** Everything that the page's commands name, in a folder of its own. */
export function laidOut(envelope: Signed, { key }: TestSigner): string {
  const folder = mkdtempSync(join(tmpdir(), "attest-interop-"));
  places.push(folder);
  const { message, signature, key: pem } = formatRaw(envelope, key);
  const files: Record<string, Uint8Array | string> = {
    "attestation.json": formatEnvelope(envelope),
    "attestation.dsse.json": formatDsse(envelope),
    "attestation.sigstore.json": formatBundle(envelope),
    "attestation.signify": formatSignify(envelope),
    "attestation.pub": formatSignifyKey(key),
    [`raw/${RAW.message}`]: message,
    [`raw/${RAW.signature}`]: signature,
    [`raw/${RAW.key}`]: pem!,
    "signer.pub": `${formatKey(key, "signer")}\n`,
    ...Object.fromEntries(programs.map(({ name, text }) => [name, text])),
  };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}

/** By what was done to it: the envelope, and whose key the verifier has. */
export const FORGED: readonly (readonly [string, Signed, TestSigner])[] = [
  [
    "a byte of the payload changed",
    { ...signed(result({ summary: "caf\u00e8, \ud83d\ude00" }), []), signatures: good.signatures },
    me,
  ],
  ["a byte of the signature changed", { ...good, signatures: [{ ...mine!, sig: flipped }] }, me],
  ["the payload of another", { ...signed(statement(), []), signatures: good.signatures }, me],
  ["another payloadType", { ...good, payloadType: "application/vnd.in-toto.json" }, me],
  ["another's signature", signed(good.payload, [other]), me],
  ["another's key", good, other],
];

export interface Ran {
  readonly code: number | null;
  readonly out: string;
}

/** As typed into a shell there: no network, no cache of the user's, and Debian's Python before any other. */
export function shell(command: string, cwd: string): Ran {
  const { PATH = "" } = process.env;
  const go = {
    GO111MODULE: "off",
    GOFLAGS: "",
    GOPROXY: "off",
    GOTOOLCHAIN: "local",
    GOCACHE: goCache(),
    GOPATH: join(cwd, "go"),
  };
  const done = spawnSync("bash", ["-euo", "pipefail", "-c", command], {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin:${PATH}`, HOME: cwd, LANG: "C.UTF-8", ...go },
  });
  return { code: done.status, out: done.stdout + done.stderr };
}

let cache: string | undefined;
/** One for all: the standard library is compiled once. */
function goCache(): string {
  if (cache === undefined) places.push((cache = mkdtempSync(join(tmpdir(), "attest-gocache-"))));
  return cache;
}
