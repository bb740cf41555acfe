/** The summary of a registry's logs and documents, shared by `log show`, `log check` and `abandon`. */
import { summarize, type LogSummary, type NumberedEntry } from "../../core/log/summary.js";
import type { Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { keyHistory, type KeyHistory } from "../../core/verify/key-history.js";
import { NoticeSet } from "../../core/verify/notice-set.js";
import { knownFrom } from "../../core/verify/signatures.js";
import { ATTESTATIONS } from "../../store/paths.js";
import { departedAt } from "./departures.js";
import type { LogPlace } from "./source.js";

export interface LogsTold {
  readonly account: LogSummary;
  readonly history: KeyHistory;
}

type Place = Pick<LogPlace, "read" | "keyring" | "ids">;

/** @param entries entries of all its logs, in order @throws AttestError `network`, `io` */
export async function summaryAt(place: Place, entries: readonly NumberedEntry[], engine: Engine): Promise<LogsTold> {
  const history = await historyAt(place, engine, entries);
  const departed = await departedAt(place, entries, history.keys, engine);
  return { account: summarize(entries, { ...history, departed }), history };
}

/** What the available notices say about keys, listed or not. */
async function historyAt(place: Place, engine: Engine, entries: readonly NumberedEntry[]): Promise<KeyHistory> {
  const rotated = new Set(
    entries.flatMap(({ entry }) => (entry.kind === "notice" ? `note_${entry.payload.slice(0, 16)}` : [])),
  );
  for (const id of place.ids) if (id.startsWith("note_")) rotated.add(id);
  const notices: Bytes[] = [];
  for (const id of rotated) {
    const bytes = await place.read(`${ATTESTATIONS}/${id}.json`);
    if (bytes !== undefined) notices.push(bytes);
  }
  return keyHistory(
    NoticeSet.read(notices, engine),
    knownFrom(place.keyring, "site", "the registry's own keyring"),
    engine,
  );
}
