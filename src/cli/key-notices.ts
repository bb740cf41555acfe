/** `attest key rotate · revoke`: signed notices about a key, published with its results. */
import type { Command } from "commander";
import { AttestError } from "../core/errors.js";
import { keyidInAgent } from "../keystore/agent.js";
import { timestamp } from "../core/schema.js";
import type { Signer } from "../core/keys/key.js";
import { create } from "../node/files.js";
import type { Destination } from "../pipeline/run/destination.js";
import { revokeIn, rotateIn, signRevocation, signRotation, type SignedNotice } from "../pipeline/publish/notice.js";
import { refuseEnded } from "../pipeline/publish/signers.js";
import { attestationPath } from "../store/registry.js";
import { engine, keystore } from "./context.js";
import {
  destinationOf,
  keyCalled,
  openSigner,
  signerCalled,
  registryOf,
  withDestination,
  withSigning,
  type SigningOptions,
} from "./destination.js";
import { withExamples, withJson } from "./options.js";
import { passphraseFrom } from "./passphrase.js";
import { answer, answerBytes, answerJson, talk } from "./ui.js";
import { fileAt } from "../store/open.js";

interface Options extends SigningOptions {
  readonly reason: string;
  readonly since?: string;
  readonly json?: true;
}

const REASON = "why, in words that everybody may read";

export function rotate(key: Command): void {
  const command = key
    .command("rotate <old> <new>")
    .description(
      "replace a key with a new one, made if it does not exist: both sign a notice, and the registry lists the new key",
    )
    .option("--reason <text>", REASON, "a planned change of keys");
  withExamples(withJson(withDestination(command)), "attest key rotate signer signer-2027").action(
    async (old: string, name: string, options: Options) => {
      const destination = await destinationOf(options);
      const passphrase = passphraseFrom(options); // shared by both keys, asked once
      const store = keystore();
      const from = await signerCalled(old, passphrase);
      if (old === name) throw new AttestError("usage", `${old} is named twice`, "attest key rotate OLD NEW");
      const there = store.list().some((one) => one.name === name);
      if (!there) await refuseEnded(from, registryOf(destination), engine); // before a key is made in vain
      const made = !there && keyidInAgent(name) === undefined;
      if (made) store.create(name);
      const to = await signerCalled(name, passphrase);
      const request = { from, to, reason: options.reason, engine, now: () => new Date() };
      const registry = registryOf(destination);
      const signed =
        registry === undefined ? { ...(await signRotation(request)), known: false } : await rotateIn(registry, request);
      const path = written(destination, signed);
      if (options.json)
        return answerJson({ id: signed.id, digest: signed.digest, from: from.key.keyid, to: to.key.keyid, path });
      tell(path, signed);
      talk(
        `${made ? "made" : "took"} the key ${name}, ${to.key.keyid}; ${old} is replaced by it${signed.known ? ", as before" : ""}`,
        ...(made && store.list().some((one) => one.name === old && one.place === "passphrase")
          ? [`it has no passphrase yet: attest key passphrase ${name}`]
          : []),
        registry === undefined
          ? "publish that file where your results are, as attestations/<id>.json"
          : `what ${old} signed stays good; from now on ${name} signs here. For another registry: the same again with --registry DIR`,
      );
    },
  );
}

export function revoke(key: Command): void {
  const command = key
    .command("revoke <name>")
    .description(
      "say that a key can no longer be relied on, because someone else may have it: signs a notice, and updates the registry's keyring",
    )
    .requiredOption("--reason <text>", REASON)
    .option("--since <time>", "the time from which its signatures do not count, RFC 3339 in UTC (now by default)");
  withExamples(
    withJson(withSigning(command)),
    'attest key revoke signer --reason "the laptop was stolen" --since 2026-11-20T00:00:00Z',
  ).action(async (name: string, options: Options) => {
    const now = new Date();
    const since = sinceOf(options.since, now);
    const destination = await destinationOf(options);
    const registry = registryOf(destination);
    const keyid = keyidInAgent(name);
    const listed = (await registry?.keyring())?.signers.find(
      (entry) => entry.name === name || entry.key.keyid === keyid,
    )?.key;
    const revoked = listed ?? (await keyCalled(name));
    const signer: Signer = await openSigner({ ...options, signer: options.signer ?? name }, registry);
    const request = { key: revoked, signer, since, reason: options.reason, engine, now };
    const signed = registry === undefined ? await signRevocation(request) : await revokeIn(registry, request);
    const path = written(destination, signed);
    if (options.json)
      return answerJson({ id: signed.id, digest: signed.digest, key: revoked.keyid, since: since.toISOString(), path });
    tell(path, signed);
    talk(
      `${name}, ${revoked.keyid}, is revoked from ${since.toISOString()} on`,
      "earlier signatures count only if someone else saw them in time (attest receipt); tell everyone who pinned the key",
    );
  });
}

function sinceOf(text: string | undefined, now: Date): Date {
  if (text === undefined) return now;
  if (!timestamp.safeParse(text).success)
    throw new AttestError("usage", `--since takes a time like 2026-11-20T00:00:00Z, not ${JSON.stringify(text)}`);
  if (Date.parse(text) > now.getTime())
    throw new AttestError(
      "usage",
      `--since takes a time in the past, not ${text}`,
      "a key that ends later is rotated: attest key rotate",
    );
  return new Date(text);
}

/** Undefined for stdout. In a registry it is already written. */
export function written(destination: Destination | undefined, { id, bytes }: SignedNotice): string | undefined {
  if (destination === undefined) return undefined;
  if (!("file" in destination)) return fileAt(destination.folder, attestationPath(id));
  create(destination.file, bytes);
  return destination.file;
}

export function tell(path: string | undefined, { bytes }: SignedNotice): void {
  if (path === undefined) answerBytes(bytes);
  else answer(path);
}
