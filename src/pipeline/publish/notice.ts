/** Makes, signs and publishes notices about keys and signatures, and updates the registry's keyring. */
import { hex, type Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import { parseKey, type PublicKey, type Signer } from "../../core/keys/key.js";
import type { LogName } from "../../core/keys/keyring.js";
import { keyHistory } from "../../core/verify/key-history.js";
import {
  MAX_REASON,
  noticeStatement,
  NOTICE_VERSION,
  rotation,
  successorOf,
  type Notice,
  type NoticeStatement,
} from "../../core/statement/notice.js";
import { Owners } from "../../core/keys/owner.js";
import { failures, type Report } from "../../core/verify/report.js";
import { identify } from "../../core/statement/statement.js";
import { uninterrupted } from "../../node/uninterrupted.js";
import { parseAnyEnvelope } from "../../formats/envelope-formats.js";
import type { Registry } from "../../store/registry.js";
import { seal } from "./seal.js";
import { nameIn, refuseEnded } from "./signers.js";

export interface SignedNotice {
  readonly id: string;
  readonly digest: string;
  /** The file `<id>.json` in the readable format. */
  readonly bytes: Bytes;
  readonly notice: Notice;
}

/**
 * @param log the log that should hold it
 * @throws AttestError `internal` if our own verifier would refuse the notice
 */
export async function signNotice(
  said: Notice,
  signers: readonly Signer[],
  engine: Engine,
  log?: LogName,
): Promise<SignedNotice> {
  if ("reason" in said && (!/\S/.test(said.reason) || said.reason.length > MAX_REASON))
    throw new AttestError(
      "usage",
      `a reason has 1 to ${MAX_REASON} characters, not ${said.reason.length}`,
      "everyone who reads the notice reads its reason",
    );
  const notice: Notice = log === undefined ? said : { ...said, log: { ...log } };
  return await sealNotice(noticeStatement(notice, engine), signers, engine);
}

/**
 * @param shorter the hint for a notice that is too large
 * @throws AttestError `internal` if our own verifier would refuse the notice; `payload-too-large`
 */
export async function sealNotice(
  statement: NoticeStatement,
  signers: readonly Signer[],
  engine: Engine,
  shorter?: string,
): Promise<SignedNotice> {
  const notice = statement.predicate;
  // Whether the signer is a successor of the revoked key is the registry's check.
  const from = notice.action === "revoke" ? [notice.key] : [];
  const owners = new Owners(from.flatMap((key) => signers.map(({ key: { keyid } }) => ({ from: key, to: keyid }))));
  const sealing = { signers, engine, owners, now: new Date(notice.signedAt), shorter };
  const { bytes, payloadBytes, fault } = await seal(statement, sealing);
  if (fault !== undefined) throw new AttestError("internal", `expected a notice that verifies, found ${fault.detail}`);
  return { ...identify(payloadBytes, engine, "note"), bytes, notice };
}

export interface RotateRequest {
  readonly from: Signer;
  readonly to: Signer;
  readonly reason: string;
  readonly engine: Engine;
  readonly now: () => Date;
}

export const signRotation = ({ from, to, reason, engine, now }: RotateRequest, log?: LogName): Promise<SignedNotice> =>
  signNotice(rotation(from.key, to.key, reason, now()), [from, to], engine, log);

/**
 * Changes the keyring first and chooses the time under its lock: no run signs with the old key after that, and no earlier run is overtaken.
 * Then publishes the notice; after an interruption the same call finishes the work.
 * @throws AttestError `key-missing` if the registry does not list the key, `key-retired` or `key-revoked` if it has ended
 */
export const rotateIn = (registry: Registry, request: RotateRequest): Promise<SignedNotice & { known: boolean }> =>
  uninterrupted(() => rotated(registry, request));

async function rotated(registry: Registry, request: RotateRequest): Promise<SignedNotice & { known: boolean }> {
  const { from, to, engine, now } = request;
  const keyring = await registry.keyring();
  await registry.mustList(from.key);
  const next = { name: nameIn(keyring, to.key, to.name, engine), key: to.key };
  const handedOver = await handOvers(registry, from.key, engine);
  const made = handedOver.find(
    ({ notice }) => notice.action === "rotate" && parseKey(notice.to, engine).keyid === to.key.keyid,
  );
  if (made === undefined && handedOver.length > 0) await refuseEnded(from, registry, engine);
  await registry.log.ready(); // refuse before writing anything
  try {
    const at = made?.notice.signedAt ?? (await registry.succeed(from.key, next, now));
    const signed = made ?? (await signRotation({ ...request, now: () => new Date(at) }, await registry.log.current()));
    await registry.publish({ ...signed, evidence: new Map() }); // completes an interrupted publication
    await registry.listSigner({ ...next, validFrom: at });
    await registry.amendSigner(from.key.keyid, (entry) =>
      entry.validUntil !== undefined && Date.parse(entry.validUntil) <= Date.parse(at)
        ? entry
        : { ...entry, validUntil: at },
    );
    return { ...signed, known: made !== undefined };
  } catch (error) {
    if (!(error instanceof AttestError) || error.code !== "publish-unfinished") throw error;
    throw new AttestError(
      error.code,
      error.message,
      "when that is fixed, run the same command again: it does the rest",
    );
  }
}

/** Published rotations between these two keys: a second one with another date would say nothing more. */
async function handOvers(registry: Registry, from: PublicKey, engine: Engine): Promise<SignedNotice[]> {
  const notices = await registry.markedNotices(["rotate"]);
  return notices.of("rotate").flatMap((one) => {
    const { notice, bytes, envelope } = one;
    const keys = [from, successorOf(notice, engine)];
    const both = notice.from === from.keyid && keys.every((key) => notices.signatureBy(key, one) !== undefined);
    return both ? [{ ...identify(envelope.payloadBytes, engine, "note"), bytes, notice }] : [];
  });
}

export interface RevokeRequest {
  readonly key: PublicKey;
  /** The key itself, or its successor. */
  readonly signer: Signer;
  readonly since: Date;
  readonly reason: string;
  readonly engine: Engine;
  readonly now: Date;
}

export const signRevocation = (
  { key, signer, since, reason, engine, now }: RevokeRequest,
  log?: LogName,
): Promise<SignedNotice> =>
  signNotice(
    {
      version: NOTICE_VERSION,
      action: "revoke",
      key: key.keyid,
      reason,
      since: since.toISOString(),
      signedAt: now.toISOString(),
    },
    [signer],
    engine,
    log,
  );

/** @throws AttestError `key-missing` if the registry does not list the key, `usage` if the signer is not entitled */
export async function revokeIn(registry: Registry, request: RevokeRequest): Promise<SignedNotice> {
  const { key, signer, since, reason, engine } = request;
  await registry.mustList(key);
  const signed = await signRevocation(request, await registry.log.current());
  const known = [{ key, by: "you" as const, source: "the registry" }];
  const heard = keyHistory((await registry.notices()).with([signed.bytes]), known, engine).keys;
  if (!heard.some((one) => one.key.keyid === key.keyid && one.entry?.revoked?.at === since.toISOString())) {
    throw new AttestError(
      "usage",
      `only ${key.keyid} or its successor can sign this, not ${signer.key.keyid}`,
      'it would have no effect; the operator of the registry can still write "revoked" into keys/keyring.json',
    );
  }
  await uninterrupted(async () => {
    await registry.publish({ ...signed, evidence: new Map() });
    await registry.amendSigner(key.keyid, (entry) =>
      entry.revoked !== undefined && Date.parse(entry.revoked.at) <= since.getTime()
        ? entry
        : { ...entry, revoked: { at: since.toISOString(), reason } },
    );
  });
  return signed;
}

/**
 * States that the signer saw each valid signature of a document, one notice per signature.
 * @throws AttestError the code of the failed check; `usage` if the signer would be its own witness
 */
export async function signReceipts(
  bytes: Bytes,
  report: Report,
  signer: Signer,
  engine: Engine,
  now: Date,
  log?: LogName,
): Promise<SignedNotice[]> {
  const { payloadBytes, signatures } = parseAnyEnvelope(bytes);
  const good = signatures.flatMap(({ sig }, at) => {
    const by = report.signers[at];
    return by?.signature === "ok" ? [{ sig, keyid: by.keyid }] : [];
  });
  if (report.signature !== "ok" || good.length === 0) {
    const fault = failures(report)[0];
    throw new AttestError(fault?.code ?? "internal", fault?.detail ?? "no signature is good");
  }
  const others = good.filter(({ keyid }) => keyid !== signer.key.keyid);
  if (others.length === 0) {
    throw new AttestError(
      "usage",
      `${signer.key.keyid} cannot sign a receipt for its own signature`,
      "you cannot witness your own signature; another key must sign, with --signer",
    );
  }
  return await Promise.all(
    others.map(({ sig }) =>
      signNotice(
        {
          version: NOTICE_VERSION,
          action: "receipt",
          signedAt: now.toISOString(),
          signature: hex(engine.sha256(sig)),
          payload: hex(engine.sha256(payloadBytes)),
        },
        [signer],
        engine,
        log,
      ),
    ),
  );
}
