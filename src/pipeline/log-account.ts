/** What a registry's logs say together, with the documents beside them: the one account that `log show`, `log check` and `abandon` go by. */
import { accountOf, type Account, type Entry } from "../core/account.js";
import type { Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { historyOf, type History } from "../core/lifecycle.js";
import { knownFrom } from "../core/signatures.js";
import { ATTESTATIONS } from "../store/paths.js";
import { departedAt } from "./departed.js";
import type { LogPlace } from "./log-place.js";

export interface Told {
  readonly account: Account;
  readonly history: History;
}

type Place = Pick<LogPlace, "read" | "keyring" | "ids" | "remote">;

/** @param entries of all of its logs, in order @throws AttestError `network`, `io` */
export async function accountAt(place: Place, entries: readonly Entry[], engine: Engine): Promise<Told> {
  const history = await historyAt(place, engine, entries);
  const departed = await departedAt(place, entries, history.keys, engine);
  return { account: accountOf(entries, { ...history, departed }), history };
}

/** What the notices that are there say of keys, whoever is listed. */
async function historyAt(place: Place, engine: Engine, entries: readonly Entry[]): Promise<History> {
  const rotated = new Set(
    entries.flatMap(({ leaf }) => (leaf.kind === "notice" ? `note_${leaf.payload.slice(0, 16)}` : [])),
  );
  for (const id of place.ids) if (id.startsWith("note_") && !place.remote) rotated.add(id);
  const notices: Bytes[] = [];
  for (const id of rotated) {
    const bytes = await place.read(`${ATTESTATIONS}/${id}.json`);
    if (bytes !== undefined) notices.push(bytes);
  }
  return historyOf(notices, knownFrom(place.keyring, "site", "the registry's own keyring"), engine);
}
