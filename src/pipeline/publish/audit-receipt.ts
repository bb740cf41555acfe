/** Turns an audit receipt into a signed notice: adds time and log, checks it, and verifies it before anyone sees it. */
import { equal } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import { canonical, isObject, type Json } from "../../core/json.js";
import type { Signer } from "../../core/keys/key.js";
import { NOTICE_TYPE, readNotice, type NoticeStatement } from "../../core/statement/notice.js";
import type { LogName } from "../../core/keys/keyring.js";
import { sealNotice, type SignedNotice } from "./notice.js";

/** The draft is a notice, not a result. */
export const isNoticeDraft = (draft: Json): boolean => isObject(draft) && draft["predicateType"] === NOTICE_TYPE;

/**
 * @param draft output of `receiptOf`, written by `attest audit --receipt`; others may have changed it since
 * @throws AttestError `usage` for another notice, `scenario-statement` for an incomplete draft, `payload-too-large`
 */
export async function signAuditReceipt(
  draft: Json,
  signer: Signer,
  engine: Engine,
  now: Date,
  log?: LogName,
): Promise<SignedNotice> {
  const predicate = isObject(draft) ? draft["predicate"] : undefined;
  if (!isObject(draft) || !isObject(predicate)) throw refused("expected a notice with a predicate, found none");
  const { action } = predicate;
  if (action !== "audit")
    throw new AttestError(
      "usage",
      `expected an audit receipt, found a notice whose action is ${JSON.stringify(action ?? null)}`,
      "of notices, attest sign takes only audit receipts; each other notice has its own command: attest --help",
    );
  for (const member of ["signedAt", "log"])
    if (member in predicate) throw refused(`expected a receipt without ${member}, which signing adds, found one`);
  const stamped = {
    ...draft,
    predicate: { ...predicate, signedAt: now.toISOString(), ...(log && { log: { ...log } }) },
  };
  const payload = canonical(stamped);
  const read = readNotice(stamped, engine);
  if ("fault" in read) throw refused(`expected a complete audit receipt; ${read.fault}`);
  const statement = { ...stamped, predicate: read.notice } as Json as NoticeStatement;
  if (!equal(canonical(statement as Json), payload))
    throw refused("expected only the members that a verifier reads, found others beside them");
  return await sealNotice(statement, [signer], engine, "attest audit --receipt writes one that is small enough");
}

const refused = (message: string): AttestError =>
  new AttestError("scenario-statement", message, "attest audit --receipt FILE writes one that can be signed");
