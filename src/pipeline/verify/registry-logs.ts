/** The logs of the registry around a document, read once for all its documents. */
import { AttestError } from "../../core/errors.js";
import type { LogName } from "../../core/keys/keyring.js";
import { formatNoteKey } from "../../core/keys/note.js";
import type { WantedSigners } from "../../core/log/fold.js";
import { NoticeEntries } from "../../core/log/notice-entries.js";
import type { RememberedLog } from "../../core/log/presence.js";
import { enteredIn, type ReadEntries } from "../../core/log/read-all.js";
import { originOf } from "../../core/origin.js";
import type { KeyHistory } from "../../core/verify/key-history.js";
import type { NoticeSet } from "../../core/verify/notice-set.js";
import { hasSigners, signersWanted, together } from "../../core/verify/signers-wanted.js";
import type { LogMemory } from "../../keystore/log-memory.js";
import type { KeptLog, SourcedLog, Unread } from "../../store/log-source.js";
import type { LoadedRegistry, RegistryContext } from "../load/load.js";
import type { Location } from "../load/trusted-keys.js";

export interface LogsRequest {
  /** What the user's verifier saw of logs before; updated with what it sees now. */
  readonly memory?: LogMemory | undefined;
  /** `all`: of every payload, for an audit, which compares them. Otherwise those that can matter for a document. */
  readonly signers?: "all";
  /** `share` is the finished part, 0 to 1. */
  readonly progress?: ((text: string, share?: number) => void) | undefined;
}

export class RegistryLogs {
  readonly #registry: LoadedRegistry | undefined;
  readonly #notices: NoticeSet;
  readonly #request: LogsRequest;
  readonly #remembered = new Map<string, RememberedLog | undefined>();
  readonly #kept = new Set<string>();
  readonly #beside = new Map<string, readonly LogName[]>();
  readonly #wanted = new WeakMap<KeyHistory, WantedSigners>();
  #folded: Promise<readonly SourcedLog[] | Unread> | undefined;
  #logs: readonly SourcedLog[] = [];

  /** @param notices all that are known beside the log */
  constructor(registry: LoadedRegistry | undefined, notices: NoticeSet, request: LogsRequest) {
    this.#registry = registry;
    this.#notices = notices;
    this.#request = request;
  }

  /** As far as they were read; none if they cannot be. */
  async read(): Promise<readonly SourcedLog[]> {
    this.#folded ??= this.#fold(signersWanted(this.#notices, NoticeEntries.NONE), true);
    const found = await this.#folded;
    return "why" in found ? [] : (this.#logs = found);
  }

  /** The same, without waiting. */
  get logs(): readonly SourcedLog[] {
    return this.#logs;
  }

  async #fold(wanted: WantedSigners, resume: boolean): Promise<readonly SourcedLog[] | Unread> {
    const { signers, progress, memory } = this.#request;
    const kept = (origin: string): KeptLog | undefined => {
      const seen = this.remembered(origin);
      return seen && { seen, state: resume && signers !== "all" ? memory?.recallEntries(origin) : undefined };
    };
    const found = await reached(async () => this.#registry?.logs.folded({ wanted: signers ?? wanted, kept, progress }));
    return found ?? { why: "there is no registry, or it did not come" };
  }

  /** Whether this is asked for the first time: what many documents show is kept once. */
  isFirst(name: string): boolean {
    const first = !this.#kept.has(name);
    this.#kept.add(name);
    return first;
  }

  /** The logs that the registry had when the verifier last looked, and those beside a log that it saw. */
  knownBeside(place: Location, origin: string): readonly LogName[] {
    const memory = this.#request.memory;
    const name = [...place.origins, origin].join(" ");
    const known =
      this.#beside.get(name) ??
      (memory === undefined
        ? []
        : [...place.origins.flatMap((one) => memory.logsOf(one) ?? []), ...memory.besides(origin)]);
    this.#beside.set(name, known);
    return known;
  }

  /** What the verifier saw of a log before this reading of it. */
  remembered(origin: string): RememberedLog | undefined {
    if (!this.#remembered.has(origin)) this.#remembered.set(origin, this.#request.memory?.recall(origin));
    return this.#remembered.get(origin);
  }

  /** What the logs say of a document; or that a log of this registry should be shown and is not. */
  async entered(
    { place, registry }: RegistryContext,
    named: LogName | undefined,
    digest: string,
    history: KeyHistory,
  ): Promise<ReadEntries> {
    const logs = await this.#withSigners(digest, history);
    const isIn = (keys: Iterable<string>): boolean => [...keys].includes(named?.key ?? "");
    if (isIn(logs.map(({ key }) => formatNoteKey(key)))) return enteredIn(logs, named);
    const listed = isIn((registry?.logs.logs ?? []).map(({ key }) => formatNoteKey(key)));
    const own = named !== undefined && place.origins.some((origin) => originOf(named.origin).startsWith(`${origin}/`));
    return { ...enteredIn(logs, undefined), whole: false, missing: listed || own };
  }

  /** Reads the logs again, once, if something is said of a document whose signers an earlier look did not keep. */
  async #withSigners(digest: string, history: KeyHistory): Promise<readonly SourcedLog[]> {
    const logs = await this.read();
    const { notices } = enteredIn(logs, undefined);
    const wanted = this.#wanted.get(history) ?? signersWanted(this.#notices, notices, history);
    this.#wanted.set(history, wanted);
    if (logs.every((log) => hasSigners(log.wanted, wanted, digest))) return logs;
    const all = logs.reduce((sum, log) => (log.wanted === "all" ? sum : together(sum, log.wanted)), wanted);
    this.#folded = this.#fold(all, false);
    return await this.read();
  }
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
