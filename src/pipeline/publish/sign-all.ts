/** Signs statements and audit receipts that were written elsewhere, any number with one opened key. Nothing is written here. */
import type { Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { orFault, type AttestError } from "../../core/errors.js";
import type { Json } from "../../core/json.js";
import type { Signer } from "../../core/keys/key.js";
import type { LogName } from "../../core/keys/keyring.js";
import type { Notice } from "../../core/statement/notice.js";
import type { ResultStatement } from "../../core/statement/statement.js";
import { refuseSecrets } from "../../harness/redaction/scan.js";
import type { Secret } from "../../harness/redaction/secrets.js";
import { Gatherer, piecesOf } from "../load/evidence-folder.js";
import { isNoticeDraft, signAuditReceipt } from "./audit-receipt.js";
import type { Signed } from "./publish.js";
import { sign } from "./sign.js";

export interface Unsigned {
  /** From a file that anyone may have written. */
  readonly draft: Json;
  /** The folder that holds the evidence. */
  readonly evidence: string | undefined;
}

export interface Signing {
  readonly signer: Signer;
  readonly engine: Engine;
  readonly now: Date;
  /** The log that should hold what is signed. */
  readonly log: LogName | undefined;
  /** Values that must not be published, and rules that are allowed. */
  readonly secrets: readonly Secret[];
  readonly allowSecrets: readonly string[];
}

/** Of a statement or of a notice, with what it takes to publish it. */
export type SignedDocument = Signed & { readonly digest: string } & (
    { readonly statement: ResultStatement } | { readonly notice: Notice }
  );

const NONE: ReadonlyMap<string, Bytes> = new Map();

/** @throws AttestError as `sign` and `signAuditReceipt`; `file-missing` for evidence, `secret-found` */
export async function signDraft(
  { draft, evidence: from }: Unsigned,
  { signer, engine, now, log, secrets, allowSecrets }: Signing,
  gatherer = new Gatherer(engine),
): Promise<SignedDocument> {
  if (isNoticeDraft(draft)) {
    const signed = await signAuditReceipt(draft, signer, engine, now, log);
    refuseSecrets(signed.notice as Json, [], secrets, allowSecrets);
    return { ...signed, evidence: NONE, signedAt: signed.notice.signedAt };
  }
  const signed = await sign(draft, signer, engine, now, log);
  const { evidence: named, signedAt } = signed.statement.predicate.f3;
  const evidence = gatherer.gather(from, named);
  refuseSecrets(signed.statement as Json, piecesOf(signed.statement, evidence), secrets, allowSecrets);
  return { ...signed, evidence, signedAt };
}

/**
 * Each, or the fault of the one that cannot be signed.
 * @param progress called with the number of those that are done
 */
export async function signAll(
  all: readonly Unsigned[],
  signing: Signing,
  progress: (done: number) => void = () => undefined,
): Promise<readonly (SignedDocument | AttestError)[]> {
  const gatherer = new Gatherer(signing.engine);
  const signed: (SignedDocument | AttestError)[] = [];
  for (const one of all) {
    signed.push(await orFault(() => signDraft(one, signing, gatherer)));
    progress(signed.length);
  }
  return signed;
}
