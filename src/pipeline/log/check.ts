/** Rebuilds a registry's logs from their entries and checks everything that depends on them. Faults are listed, never thrown. */
import { summarize, type LogSummary, type NumberedEntry } from "../../core/log/summary.js";
import type { Bytes } from "../../core/bytes.js";
import { outcomeOf, worst, type ReportOutcome } from "../../core/codes.js";
import { AttestError } from "../../core/errors.js";
import type { LogMemory } from "../../keystore/log-memory.js";
import { summaryAt, type LogsTold } from "./summary.js";
import { checkDocuments } from "./check-documents.js";
import { bindings, rememberLogs, sinceKept, sinceRemembered, totalOf } from "./check-history.js";
import { mustHaveLog, type LogPlace } from "./source.js";
import { entryName, readShard, type LogFinding, type Reading, type Shard } from "./read-shard.js";

export interface LogCheckRequest extends Reading {
  readonly place: LogPlace;
  /** What this verifier saw before. Updated if the check finds nothing. */
  readonly memory: LogMemory;
  /** A checkpoint that the user kept. */
  readonly from?: Bytes | undefined;
}

export interface LogCheck {
  readonly shards: readonly Shard[];
  /** Entries of all logs together. */
  readonly total: number;
  readonly account: LogSummary;
  /** In log order; findings without an entry first. */
  readonly findings: readonly LogFinding[];
  /** Number of entries that this verifier saw before; undefined at the first look. */
  readonly before: number | undefined;
  readonly outcome: ReportOutcome;
}

/** @throws AttestError `no-attestations` if there is no log; `checkpoint-format`, `note-format` for the kept checkpoint */
export async function checkLogs(request: LogCheckRequest): Promise<LogCheck> {
  const { place, memory, from, engine } = request;
  mustHaveLog(place);
  const shards: Shard[] = [];
  const unfetched = await orUnfetched(async () => {
    for (const [number, listed] of place.keyring.logs.entries())
      shards.push(await readShard(place, number, listed, request));
  });
  const all = unfetched.length === 0; // otherwise unfetched entries would seem to be missing
  const kept = from === undefined || !all ? [] : sinceKept(from, place, shards, engine);
  const seen = all ? sinceRemembered(place, shards, memory, engine) : { before: undefined, findings: [] };
  const entries = shards.flatMap(({ number, leaves }) =>
    leaves.flatMap((leaf, index): NumberedEntry[] =>
      leaf === undefined ? [] : [{ shard: number, index, entry: leaf }],
    ),
  );
  let told: LogsTold | undefined;
  const untold = await orUnfetched(async () => void (told = await summaryAt(place, entries, engine)));
  const account = told?.account ?? summarize(entries);
  let ofDocuments: readonly LogFinding[] = [];
  const unread = await orUnfetched(async () => {
    if (all) ofDocuments = await checkDocuments({ ...request, shards, keys: told?.history.keys ?? [] });
  });
  // Not with push(...): there may be as many as entries, and a call has fewer arguments.
  const findings = [
    ...unfetched,
    ...shards.flatMap((shard) => shard.findings),
    ...seen.findings,
    ...kept,
    ...bindings(shards),
    ...untold,
    ...account.findings.map(({ shard, index, detail }): LogFinding => ({
      code: "log-account",
      log: shards[shard]?.named.origin ?? "",
      entry: index,
      detail: `${entryName(index, shards.length, shard)}: ${detail}`,
    })),
    ...unread,
    ...ofDocuments,
  ];
  const outcome = worst(findings.map(({ code }) => outcomeOf(code)));
  if (findings.length === 0) rememberLogs(place, shards, memory);
  const order = ({ log, entry = -1 }: LogFinding): number =>
    shards.findIndex(({ named }) => named.origin === log) * 2 ** 40 + entry;
  return {
    shards,
    total: totalOf(shards),
    account,
    before: seen.before,
    outcome,
    findings: findings.sort((a, b) => order(a) - order(b)),
  };
}

/** If something cannot be fetched, only that check counts as not made. */
async function orUnfetched(act: () => Promise<void>): Promise<LogFinding[]> {
  try {
    await act();
    return [];
  } catch (error) {
    if (!(error instanceof AttestError) || error.code !== "network") throw error;
    return [{ code: "network", detail: error.message }];
  }
}
