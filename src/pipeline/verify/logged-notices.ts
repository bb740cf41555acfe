/** The notices that a registry's logs name: at an address nothing else lists them. */
import pLimit from "p-limit";
import type { Bytes } from "../../core/bytes.js";
import { AttestError } from "../../core/errors.js";
import type { EntryOf } from "../../core/log/entry.js";
import type { NoticeEntries } from "../../core/log/notice-entries.js";
import { MAX_NOTICES } from "../../core/verify/key-history.js";
import { MAX_NOTICE_BYTES, type NoticeSet } from "../../core/verify/notice-set.js";
import { attestationPath } from "../../store/paths.js";
import { idOf } from "../../store/registry-log.js";
import type { LoadedRegistry } from "../load/load.js";

/** Time limit for all notices of a registry together. */
const HEARING_MS = 20_000;
const AT_ONCE = 8;

export interface LoggedNotices {
  readonly notices: NoticeSet;
  /** Why some may be missing. */
  readonly unread?: string | undefined;
}

/**
 * Whatever fails or is late counts as not read, and is reported. That an entry names a notice adds no trust: it counts by its signatures.
 * @param known the notices that are there already
 * @param about payload digest of the only document that is asked about; notices about others are not read
 */
export async function loggedNotices(
  registry: LoadedRegistry,
  known: NoticeSet,
  entries: NoticeEntries,
  about?: string,
): Promise<LoggedNotices> {
  const there = new Set(known.all.map(({ digest }) => digest));
  const wanted = entries.all.filter((entry) => !there.has(entry.payload) && rankOf(entry, about) < RANKS);
  // Revocations and rotations first. Receipts last: there may be many, and they end no key.
  const ids = new Set(
    wanted.toSorted((a, b) => rankOf(a, about) - rankOf(b, about)).flatMap((entry) => idOf(entry) ?? []),
  );
  const until = Date.now() + HEARING_MS;
  const limit = pLimit(AT_ONCE);
  const read = async (id: string): Promise<Bytes | undefined> => {
    try {
      return Date.now() > until ? undefined : await registry.source.read(attestationPath(id), MAX_NOTICE_BYTES);
    } catch (error) {
      if (error instanceof AttestError) return undefined;
      throw error;
    }
  };
  const came = await Promise.all([...ids].slice(0, MAX_NOTICES).map((id) => limit(() => read(id))));
  const documents = came.flatMap((bytes) => bytes ?? []);
  const missing = ids.size - documents.length;
  return { notices: known.with(documents), ...(missing > 0 && { unread: `${missing} of ${ids.size} did not come` }) };
}

const RANKS = 3;
function rankOf({ action, about: of }: EntryOf<"notice">, about: string | undefined): number {
  if (action === "rotate" || action === "revoke") return 0;
  if (action === "receipt") return 2;
  return about === undefined || of === about ? 1 : RANKS;
}
