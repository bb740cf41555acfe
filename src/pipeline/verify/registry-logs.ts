/** The logs of the registry around a document, read once for all its documents. */
import { AttestError } from "../../core/errors.js";
import type { LogName } from "../../core/keys/keyring.js";
import { formatNoteKey } from "../../core/keys/note.js";
import { enteredIn, type ReadEntries, type ReadLog } from "../../core/log/read-all.js";
import { originOf } from "../../core/origin.js";
import type { Unread } from "../../store/log-source.js";
import type { LoadedRegistry, RegistryContext } from "../load/load.js";

const wholeLogs = new WeakMap<LoadedRegistry, Promise<readonly ReadLog[] | Unread>>();
const readLogs = new WeakMap<LoadedRegistry, readonly ReadLog[]>();

export function logsOf({ registry }: RegistryContext): Promise<readonly ReadLog[] | Unread> {
  if (registry === undefined) return Promise.resolve({ why: "no registry is available", long: false });
  const known = wholeLogs.get(registry);
  if (known !== undefined) return known;
  const made = reached(() => registry.logs.whole()).then((logs) => logs ?? { why: "it did not come", long: false });
  wholeLogs.set(registry, made);
  void made.then((logs) => "why" in logs || readLogs.set(registry, logs));
  return made;
}

/** The same, as far as `logsOf` has read them. */
export const logsRead = ({ registry }: RegistryContext): readonly ReadLog[] =>
  (registry && readLogs.get(registry)) ?? [];

/** The entries read for a document's log; or that a log of this registry should be shown and is not. */
export function enteredAt(
  { place, registry }: RegistryContext,
  logs: readonly ReadLog[] | Unread,
  named: LogName | undefined,
): ReadEntries {
  if (!("why" in logs) && logs.some(({ key }) => formatNoteKey(key) === named?.key)) return enteredIn(logs, named);
  const long = "why" in logs && logs.long;
  const listed = registry?.logs.logs.some(({ key }) => formatNoteKey(key) === named?.key) === true;
  const own = named !== undefined && place.origins.some((origin) => originOf(named.origin).startsWith(`${origin}/`));
  return { ...enteredIn("why" in logs ? [] : logs, undefined), whole: false, missing: !long && (listed || own) };
}

/** If it cannot be fetched now, the step is reported as not made. */
export async function reached<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof AttestError && error.code === "network") return undefined;
    throw error;
  }
}
