/** A laboratory to look at: a registry with an attestation of every sort, its site, and that site over http and as files. */
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { fromUtf8, hex, utf8, type Bytes } from "../../src/core/bytes.js";
import { formatKey, type Signer } from "../../src/core/keys/key.js";
import { formatKeyring, EMPTY_KEYRING } from "../../src/core/keys/keyring.js";
import { draft, type CheckRecord, type Findings } from "../../src/core/statement/statement.js";
import { nodeEngine } from "../../src/node/engine.js";
import { sign, type Attestation } from "../../src/pipeline/publish/sign.js";
import { keyEntryOf } from "../../src/pipeline/publish/signers.js";
import { buildSite, type Built } from "../../src/site/build.js";
import { serveSite } from "../../src/site/serve.js";
import { Directory } from "../../src/store/directory.js";
import { attestationPath, Registry } from "../../src/store/registry.js";
import { signer } from "../core/making.js";

export const NOW = new Date("2026-03-02T00:00:00Z");
const SIGNED = new Date("2026-03-01T10:00:03Z");

export interface TestKey extends Signer {
  /** What its owner would hand out: the OpenSSH line. */
  readonly line: string;
}

export function testKey(name: string): TestKey {
  const made = signer();
  return {
    name,
    key: made.key,
    line: formatKey(made.key, `${name}@example.org`),
    sign: async (message) => made.sign(message),
  };
}

export const OUTPUT = utf8("2 + 2 = 4\n3 + 4 = 4 + 3\n");
const sha256 = hex(nodeEngine.sha256(OUTPUT));

const passed: CheckRecord = {
  id: "adds",
  claim: "Two and two make four",
  required: true,
  outcome: "passed",
  expected: "the sum is 4",
  observed: "the sum was 4",
  measurements: [{ name: "greatest error", value: 0.25, unit: "ulp" }],
};
const order: CheckRecord = {
  id: "commutes",
  claim: "The order of the summands does not matter",
  required: true,
  outcome: "passed",
  expected: "equal sums",
  observed: "sums that are equal",
};
const slow: CheckRecord = {
  id: "quick",
  claim: "It does not take long",
  required: false,
  outcome: "skipped",
  expected: "below a second",
  observed: "there was no clock at hand",
};

/** What a test of the plus sign found. */
export const findings = (changes: Partial<Findings["f3"]> = {}): Findings => ({
  subject: [{ name: "file:add.js", digest: { sha256: "aa11".repeat(16) } }],
  configuration: [{ name: "profile quick", digest: { sha256: "bb22".repeat(16) }, annotations: { rounds: 3 } }],
  f3: {
    title: "Addition adds",
    hypothesis: "The sum of two numbers is their sum, in either order.",
    summary:
      "Both required checks held.\n\n- `2 + 2` gave four\n- `3 + 4` gave the same as\n  `4 + 3`\n\nSee https://example.org/plus?round=3 for the method.",
    sections: [
      { heading: "How it was done", body: "By adding, and by looking:\n\n```\nnode add.js 2 2\n4\n```" },
      { heading: "Residue", body: "Nothing was left behind." },
    ],
    checks: [passed, order, slow],
    notChecked: ["Numbers beyond 2^53 were not tried.", "Subtraction was left for another day."],
    evidence: [
      {
        name: "output.txt",
        digest: { sha256 },
        size: OUTPUT.length,
        role: "output of the run",
        mediaType: "text/plain",
        sourceDate: "2026-03-01T10:00:01Z",
        sourceDateKind: "observed",
      },
      {
        name: "the method",
        uri: "https://example.org/plus",
        digest: { sha256: "dd44".repeat(16) },
        size: 4096,
        role: "reference",
        sourceDateKind: "unknown",
      },
    ],
    relations: [{ type: "verifies", target: "https://example.org/addition" }],
    run: {
      startedAt: "2026-03-01T10:00:00Z",
      finishedAt: "2026-03-01T10:00:02.5Z",
      command: ["node", "add.js"],
      exitCode: 0,
      environment: { platform: "some platform", runtime: "some runtime 1.2.3" },
    },
    ...changes,
  },
});

export const attest = (key: Signer, found: Findings, at = SIGNED): Promise<Attestation> =>
  sign(draft(found), key, nodeEngine, at);

/** One character of the claim changed after the signature, and nothing else. */
export const tamperedWith = ({ bytes }: Pick<Attestation, "bytes">): Bytes =>
  utf8(fromUtf8(bytes).replace("make four", "make five"));

export interface Published {
  /** The folder of the registry, and that of its site. */
  readonly home: string;
  readonly folder: string;
  readonly registry: Registry;
  readonly built: Built;
}

export interface Publication {
  readonly title: string;
  readonly listed: readonly (Signer & { readonly note?: string })[];
  /** By file name. */
  readonly files: ReadonlyMap<string, Bytes>;
}

const places: string[] = [];

export function place(): string {
  const made = mkdtempSync(join(tmpdir(), "f3-attest-web-"));
  places.push(made);
  return made;
}

export const removePlaces = (): void =>
  places.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true }));

/** Writes the files as a careless or hostile publisher could: whatever is in them. */
export async function publish({ title, listed, files }: Publication, home = place()): Promise<Published> {
  const store = new Directory(home);
  const signers = listed.map((key) => ({
    ...keyEntryOf(key, new Date("2026-01-01T00:00:00Z")),
    ...(key.note !== undefined && { note: key.note }),
  }));
  await store.create("keys/keyring.json", formatKeyring({ ...EMPTY_KEYRING, signers }));
  const registry = await Registry.create(store, { origin: "lab.example.org/adding", title }, nodeEngine);
  for (const [name, bytes] of files) await store.create(`attestations/${name}`, bytes);
  await store.create(`attestations/evidence/sha256/${sha256.slice(0, 2)}/${sha256}`, OUTPUT);
  await registry.complete([]);
  const folder = join(home, "site");
  return { home, folder, registry, built: await buildSite(registry, new Directory(folder), nodeEngine, NOW) };
}

export interface Lab extends Published {
  readonly mine: TestKey;
  readonly another: TestKey;
  readonly stranger: TestKey;
  readonly good: Attestation;
  readonly refuted: Attestation;
  readonly inconclusive: Attestation;
  /** By a key that the registry does not list. */
  readonly strangers: Attestation;
  /** Published, then changed; the id is that of the file. */
  readonly tampered: Attestation;
}

export async function lab(): Promise<Lab> {
  const [mine, another, stranger] = [testKey("lab-2026"), testKey("other"), testKey("stranger")];
  const good = await attest(mine, findings());
  const refuted = await attest(
    mine,
    findings({
      title: "Subtraction adds",
      hypothesis: "Less is more.",
      checks: [{ ...passed, outcome: "failed", observed: "the difference was 0" }, order],
    }),
    new Date("2026-03-01T11:00:00Z"),
  );
  const inconclusive = await attest(
    mine,
    findings({
      title: "Addition adds at night",
      checks: [passed, { ...order, outcome: "skipped", observed: "it was noon" }],
    }),
    new Date("2026-03-01T12:00:00Z"),
  );
  const strangers = await attest(
    stranger,
    findings({ title: "A stranger adds", hypothesis: "Strangers can add as well." }),
  );
  const tampered = await attest(
    mine,
    findings({ title: "Addition was tampered with", hypothesis: "Nobody looks twice." }),
  );
  const files = new Map([good, refuted, inconclusive, strangers].map((one) => [`${one.id}.json`, one.bytes]));
  files.set(`${tampered.id}.json`, tamperedWith(tampered));
  const published = await publish({
    title: "Laboratory of Addition",
    listed: [mine, { ...another, note: "kept in the desk" }],
    files,
  });
  return { ...published, mine, another, stranger, good, refuted, inconclusive, strangers, tampered };
}

export const pageOf = ({ id }: Pick<Attestation, "id">): string => attestationPath(id).replace(/json$/, "html");

/** How a reader may come to a page; `insecure` is http on a name, where browsers withhold `crypto.subtle`. */
export type Origin = "http" | "file" | "insecure";

export interface Served {
  readonly url: (origin: Origin, path: string) => string;
  readonly close: () => void;
}

/** @param broken at which addresses the connection ends without an answer */
export async function serve({ folder }: Pick<Published, "folder">, broken?: RegExp): Promise<Served> {
  const server = await serveSite(new Directory(folder), { host: "127.0.0.1", port: 0, names: ["attest.test"] });
  if (broken !== undefined)
    server.prependListener("request", ({ url = "", socket }) => {
      if (broken.test(url)) socket.destroy();
    });
  const { port } = server.address() as AddressInfo;
  const roots: Readonly<Record<Origin, string>> = {
    http: `http://127.0.0.1:${port}/`,
    file: pathToFileURL(`${folder}/`).href,
    insecure: `http://attest.test:${port}/`,
  };
  return {
    url: (origin, path) => roots[origin] + path,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
