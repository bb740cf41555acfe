/** What a stranger does: take files, folders or addresses, find keys for them, and verify. Nothing here can give trust away. */
import { hex, type Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { historyOf, type History } from "../core/lifecycle.js";
import type { Policy } from "../core/policy.js";
import type { Report } from "../core/report.js";
import { knownFrom } from "../core/signatures.js";
import { verify, type VerifyOptions } from "../core/verify.js";
import { documents, type Document, type DocumentRequest, type Site } from "./documents.js";
import { keysOf, knownAt, required, type Given, type KeyRequest } from "./keys.js";
import { changedKey } from "./pinned.js";

export interface VerifyRequest extends KeyRequest, DocumentRequest {
  /** Files, registry folders, http(s) addresses. */
  readonly targets: readonly string[];
  /** Files with notices that the registry at hand need not have: receipts, hand-overs, revocations. */
  readonly notices?: readonly string[];
  /** Compute every outcome that has a criterion from the archived observations again. */
  readonly recompute?: boolean;
  readonly policy?: Policy | undefined;
}

/** As the user named it, or the path below the folder that the user named; with a report, or with why there is none. */
export type Verified = { readonly target: string } & ({ readonly report: Report } | { readonly fault: AttestError });

/**
 * One answer for each document; what cannot be read at all (`file-missing`, `registry-missing`, `network`, `no-attestations`) does not
 * keep the others from being verified. @throws AttestError for the user's own keys: `key-format`, `keyring-format`, `file-missing`
 */
export async function verifyAll(request: VerifyRequest): Promise<Verified[]> {
  const yours = await keysOf(request);
  const notices = (request.notices ?? []).map((path) => required(path, "a notice"));
  const histories = new Map<Site, History>();
  const historyFor = (site: Site): History => {
    const listed = site.keyring === undefined ? [] : knownFrom(site.keyring, "site", "the registry's own keyring");
    const keys = [...knownAt(yours, site.place), ...listed];
    const known = histories.get(site) ?? historyOf([...notices, ...site.notices], keys, request.engine);
    histories.set(site, known);
    return known;
  };
  const verified: Verified[] = [];
  for (const target of request.targets) {
    try {
      for (const document of await documents(target, request))
        verified.push(...effective(document, verifyOne(document, yours, historyFor(document.site), request)));
    } catch (error) {
      if (!(error instanceof AttestError)) throw error;
      verified.push({ target, fault: error });
    }
  }
  return verified;
}

/** Anybody's notice may lie in a registry; one by a key that nobody here knows has no effect, and is no fault of the rest. */
function effective({ passedOver }: Document, verified: Verified): Verified[] {
  if (passedOver !== true) return [verified];
  return "fault" in verified || [3, 4].includes(verified.report.exit) ? [] : [verified];
}

function verifyOne(
  { target, bytes, site, ...document }: Document,
  yours: readonly Given[],
  { keys, seen }: History,
  { engine, now, recompute, policy }: VerifyRequest,
): Verified {
  const { archive } = document;
  const report = verify(bytes, {
    engine,
    now,
    parse: document.parse,
    keys,
    seen,
    fileName: document.fileName,
    named: document.named,
    ...(archive && { archived: stateIn(archive, engine) }),
    // A registry's notices are no tests that a gate could ask something of.
    ...(policy && document.passedOver !== true && { policy }),
    ...(recompute && { observations: archive ?? (() => undefined) }),
  });
  const stop = changedKey(yours, site, keys, report.signers);
  // What does not verify at all is worse news.
  return stop === undefined || report.exit === 1 || report.exit === 2 ? { target, report } : { target, fault: stop };
}

const stateIn =
  (archive: (sha256: string) => Bytes | undefined, engine: Engine): NonNullable<VerifyOptions["archived"]> =>
  (sha256, size) => {
    const bytes = archive(sha256);
    if (bytes === undefined) return "missing";
    return bytes.length === size && hex(engine.sha256(bytes)) === sha256 ? "same" : "changed";
  };
