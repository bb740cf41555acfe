/** Statements without a run: small ones to be signed by the program, and ones that it would refuse, signed here with its key. */
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { armor, Encrypter } from "age-encryption";
import { formatEnvelope, message, PAYLOAD_TYPE } from "../../src/core/statement/envelope.js";
import { canonical, type JsonObject } from "../../src/core/json.js";
import { publicKey } from "../../src/core/keys/key.js";
import { draft, identify, type Draft, type Findings } from "../../src/core/statement/statement.js";
import type { Outcome } from "../../src/core/statement/verdict.js";
import { nodeEngine } from "../../src/node/engine.js";
import type { Workspace } from "./attest.js";

export interface Wanted {
  readonly title?: string;
  readonly outcome?: Outcome;
  /** By name. */
  readonly evidence?: Readonly<Record<string, string>>;
  readonly f3?: Partial<Findings["f3"]>;
}

export const sha256 = (text: string | Uint8Array): string => createHash("sha256").update(text).digest("hex");

export function drafted({
  title = "Addition adds",
  outcome = "passed",
  evidence = { "output.txt": "4\n" },
  f3 = {},
}: Wanted = {}): Draft {
  return draft({
    subject: [{ name: "add.js", digest: { sha256: sha256("add") } }],
    configuration: [],
    f3: {
      title,
      hypothesis: "The sum of two numbers is their sum.",
      summary: "It is.",
      sections: [],
      checks: [{ id: "adds", claim: "2 and 2 make 4.", required: true, outcome, expected: "4", observed: "4" }],
      notChecked: [],
      evidence: Object.entries(evidence).map(([name, text]) => ({
        name,
        role: "output",
        digest: { sha256: sha256(text) },
        size: Buffer.byteLength(text),
        sourceDateKind: "unknown",
      })),
      relations: [],
      run: { startedAt: "2026-03-01T10:00:00Z", finishedAt: "2026-03-01T10:00:02Z", environment: {} },
      ...f3,
    },
  });
}

/** `<name>.json`, and its evidence in the folder where `sign` looks for it. */
export function writeDraft(work: Workspace, name: string, wanted: Wanted = {}): string {
  for (const [file, text] of Object.entries(wanted.evidence ?? { "output.txt": "4\n" }))
    work.write(`${name}.evidence/${file}`, text);
  return work.write(`${name}.json`, JSON.stringify(drafted(wanted)));
}

/** Signed and published by the program; the attestation's file. */
export async function publish(
  work: Workspace,
  registry: string,
  wanted: Wanted = {},
  ...more: readonly string[]
): Promise<string> {
  const ran = await work.attest(
    "sign",
    writeDraft(work, "statement", wanted),
    "--registry",
    registry,
    "--json",
    ...more,
  );
  if (ran.code !== 0) throw new Error(`could not publish: ${ran.stderr}`);
  return work.path((ran.json() as { path: string }).path);
}

/** A registry `lab` with one attestation, and a key named `signer`. */
export async function lab(
  work: Workspace,
  wanted: Wanted = {},
): Promise<{ readonly registry: string; readonly file: string }> {
  const ran = await work.attest("init", "lab", "--origin", "example.org/lab");
  if (ran.code !== 0) throw new Error(`could not make a registry: ${ran.stderr}`);
  return { registry: work.path("lab"), file: await publish(work, "lab", wanted) };
}

/** The payload that `sign` would make of a draft. */
export const stamped = (unsigned: Draft, signedAt = "2026-03-01T10:00:03Z"): JsonObject =>
  ({
    ...unsigned,
    predicate: { ...unsigned.predicate, f3: { ...unsigned.predicate.f3, signedAt } },
  }) as unknown as JsonObject;

/** The secret as it lies on the disk. */
export const secretOf = ({ home }: Workspace, name = "signer"): string =>
  readFileSync(join(home, "keys", `${name}.pem`), "utf8");

/** Of the log of the only registry that was made there. */
export const logKeyOf = ({ home }: Workspace): string =>
  readFileSync(join(home, "logs", readdirSync(join(home, "logs"))[0] ?? "none", "key.pem"), "utf8");

/** A signature over anything at all: the program itself would check first. */
export function sealed(payload: JsonObject, pem: string): { readonly id: string; readonly bytes: Uint8Array } {
  const bytes = canonical(payload);
  const secret = createPrivateKey(pem);
  const key = publicKey(
    new Uint8Array(Buffer.from(createPublicKey(secret).export({ format: "jwk" }).x ?? "", "base64url")),
    nodeEngine,
  );
  const sig = new Uint8Array(sign(null, message(PAYLOAD_TYPE, bytes), secret));
  return {
    id: identify(bytes, nodeEngine).id,
    bytes: formatEnvelope({ payload, payloadType: PAYLOAD_TYPE, signatures: [{ keyid: key.keyid, sig }] }),
  };
}

/** The same kind of file that `key passphrase` writes, but cheap to open: the real one costs two seconds of work each time, by design. */
export async function locked(text: string, passphrase: string): Promise<string> {
  const encrypter = new Encrypter();
  encrypter.setScryptWorkFactor(8);
  encrypter.setPassphrase(passphrase);
  return armor.encode(await encrypter.encrypt(text));
}
