/** Converts a document to another format. Needs no key, since the signature stays the same. Verifies nothing. */
import { join } from "node:path";
import { equal, type Bytes } from "../../core/bytes.js";
import { formatEnvelope, type Envelope, type Signature } from "../../core/statement/envelope.js";
import { AttestError } from "../../core/errors.js";
import { knownFrom, type TrustedKey } from "../../core/verify/signatures.js";
import { formatDsse } from "../../formats/dsse.js";
import { formatRaw, RAW } from "../../formats/raw.js";
import { formatSignify, formatSignifyKey } from "../../formats/signify.js";
import { formatBundle } from "../../formats/sigstore.js";
import { create, isFolder } from "../../node/files.js";
import { read } from "../../node/reading.js";
import { oneDocument, type DocumentRequest } from "../load/load.js";
import { keysOf, type KeyRequest } from "../load/trusted-keys.js";

export const FORMATS = ["dsse", "sigstore", "signify", "raw"] as const;
export type ExportFormat = (typeof FORMATS)[number];

export interface Exported {
  /** The document; for `raw` its message, which needs the other files. */
  readonly files: readonly { readonly name: string; readonly bytes: Bytes }[];
  readonly keyids: readonly string[];
  /** Source of the exported key; undefined if no key is exported. */
  readonly keyFrom: string | undefined;
}

/** Reads one document from any kind of target. @throws AttestError `usage` if a registry holds several */
export async function readOne(
  target: string,
  request: DocumentRequest,
): Promise<{ readonly envelope: Envelope; readonly site: readonly TrustedKey[] }> {
  const one = await oneDocument(target, request);
  const site =
    one.site.keyring === undefined
      ? []
      : knownFrom(one.site.keyring, "site", one.site.source ?? "the registry's own keyring");
  return { envelope: one.parse(one.bytes), site };
}

/** The readable format, from any. */
export const importFrom = async (
  target: string,
  request: DocumentRequest,
): Promise<{ readonly bytes: Bytes; readonly envelope: Envelope }> => {
  const { envelope } = await readOne(target, request);
  return { bytes: formatEnvelope(envelope), envelope };
};

export interface ExportRequest extends DocumentRequest, KeyRequest {
  readonly target: string;
  readonly format: ExportFormat;
  /** Keyid of the wanted signature, or a name of its key known to the user or the registry. */
  readonly signer?: string | undefined;
}

/** @throws AttestError `usage` if the wanted signature is ambiguous, `key-missing`, and those of the formats */
export async function exportAs(request: ExportRequest): Promise<Exported> {
  const { format, signer } = request;
  const { envelope, site } = await readOne(request.target, request);
  const known = [...(await keysOf(request)), ...site];
  const signatures =
    format === "dsse" && signer === undefined ? envelope.signatures : [choose(envelope.signatures, signer, known)];
  const chosen = { ...envelope, signatures };
  const keyids = signatures.map(({ keyid }) => keyid ?? "");
  const own = known.find(({ key }) => key.keyid === signatures[0]?.keyid);
  const document = (bytes: Bytes): Exported => ({ files: [{ name: "", bytes }], keyids, keyFrom: undefined });
  if (format === "dsse") return document(formatDsse(chosen));
  if (format === "sigstore") return document(formatBundle(chosen));
  if (format === "signify") {
    const key = own === undefined ? [] : [{ name: ".pub", bytes: formatSignifyKey(own.key) }];
    return { files: [{ name: "", bytes: formatSignify(chosen) }, ...key], keyids, keyFrom: own?.source };
  }
  const { message, signature, key } = formatRaw(chosen, own?.key);
  const files = [
    { name: RAW.message, bytes: message },
    { name: RAW.signature, bytes: signature },
    ...(key === undefined ? [] : [{ name: RAW.key, bytes: key }]),
  ];
  return { files, keyids, keyFrom: own?.source };
}

function choose(signatures: readonly Signature[], signer: string | undefined, known: readonly TrustedKey[]): Signature {
  const nameOf = ({ keyid }: Signature): string => {
    const name = known.find((one) => one.key.keyid === keyid && one.name !== undefined)?.name;
    return `${keyid ?? "one without keyid"}${name === undefined ? "" : ` (${name})`}`;
  };
  const all = signatures.map(nameOf).join(", ");
  const wanted = known.filter(({ name }) => name === signer).map(({ key }) => key.keyid);
  const found =
    signer === undefined
      ? signatures
      : signatures.filter(({ keyid }) => keyid !== undefined && (keyid === signer || wanted.includes(keyid)));
  const [only, ...more] = found;
  if (only === undefined && signer !== undefined)
    throw new AttestError(
      "key-missing",
      `no signature is by ${signer}; the file has ${all === "" ? "no signature" : `signatures by ${all}`}`,
    );
  if (only === undefined) throw new AttestError("signature-missing", "there is no signature to export");
  if (more.length === 0) return only;
  throw new AttestError(
    "usage",
    `there are ${found.length} signatures, and this format holds one: ${found.map(nameOf).join(", ")}`,
    "name one with --signer SHA256:… or, where that says it, --signer NAME; --format dsse holds them all",
  );
}

/** Target paths: `raw` into a folder, others to the given path. signify's key file is named after the signature's. */
export const pathsOf = ({ files }: Exported, format: ExportFormat, output: string): string[] =>
  files.map(({ name }) => {
    if (format === "raw") return join(output, name);
    const beside = name === "" ? output : `${output.replace(/\.[^./\\]+$/, "")}${name}`;
    return name !== "" && beside === output ? `${output}${name}` : beside;
  });

/** Never overwrites other bytes; if one file is in the way, none is written. @throws AttestError `file-exists`, `io` */
export function writeAll(paths: readonly string[], files: Exported["files"]): void {
  const taken = paths.find((path, at) => {
    if (isFolder(path)) return true;
    const before = read(path);
    return before !== undefined && !equal(before, files[at]?.bytes ?? before);
  });
  if (taken !== undefined)
    throw new AttestError(
      "file-exists",
      `${taken} exists already, with other bytes`,
      "nothing was written; name another place with --output",
    );
  files.forEach(({ bytes }, at) => create(paths[at] ?? "", bytes));
}
