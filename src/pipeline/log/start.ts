/** Starts a log for a registry without one and enters what is already published; or a new log after its key was lost. */
import type { Bytes } from "../../core/bytes.js";
import { parseEnvelope } from "../../core/statement/envelope.js";
import { AttestError } from "../../core/errors.js";
import { claimedTime } from "../../core/statement/payload.js";
import { uninterrupted } from "../../node/uninterrupted.js";
import { ATTESTATIONS, type Registry } from "../../store/registry.js";
import type { LogSigners, MakeLog } from "../../store/registry-log.js";

export interface StartRequest {
  readonly registry: Registry;
  readonly make: MakeLog;
  readonly signers: LogSigners;
  readonly now: Date;
  /** Why the old one ended; published in the keyring. */
  readonly reason?: string | undefined;
  /** Start a new one even if this machine has the old log's key. */
  readonly anyway: boolean;
}

export interface StartedLog {
  readonly origin: string;
  readonly key: string;
  /** The closed log, and its number of entries. */
  readonly closed?: { readonly origin: string; readonly size: number } | undefined;
  /** Ids that were entered, in order. */
  readonly entered: readonly string[];
  /** Files that are not attestations of this version, or that name another log. */
  readonly skipped: readonly string[];
}

/** @throws AttestError `log-exists`, `log-damaged` or `note-format` if the old log cannot be read */
export const startLog = (request: StartRequest): Promise<StartedLog> => uninterrupted(() => begun(request));

async function begun(request: StartRequest): Promise<StartedLog> {
  const { registry, make, signers, now, reason, anyway } = request;
  const last = (await registry.log.all()).at(-1);
  const held = last !== undefined && signers(last.key) !== undefined;
  if (held && !anyway) {
    throw new AttestError(
      "log-exists",
      `the registry has a log, and the key of ${last.key.name} is on this machine`,
      "publish as before: the log is still in use; --anyway starts a new log, which cannot be undone",
    );
  }
  if (held) await settled(registry);
  const shard = (await registry.log.all()).length - 1;
  const size = last && ((await registry.log.reader(shard, last.key))?.checkpoint.size ?? 0);
  await registry.log.start(make, now, reason);
  const current = await registry.log.current();
  const { documents, skipped } = last === undefined ? await published(registry) : { documents: [], skipped: [] };
  const entered = await registry.log.enter(documents);
  return {
    origin: current?.origin ?? "",
    key: current?.key ?? "",
    ...(last && { closed: { origin: last.key.name, size: size ?? 0 } }),
    entered,
    skipped: [...skipped, ...documents.flatMap(({ id }) => (entered.includes(id) ? [] : `${id}.json`))],
  };
}

/** First publishes what a killed writer had remembered. A log that cannot be continued is the reason for a new one. */
async function settled(registry: Registry): Promise<void> {
  try {
    await registry.log.ready();
  } catch (error) {
    if (!(error instanceof AttestError && (error.code === "log-fork" || error.code === "log-damaged"))) throw error;
  }
}

interface Published {
  readonly id: string;
  readonly bytes: Bytes;
  readonly at: number;
}

/** In order of claimed time; a plan before its result. */
async function published(registry: Registry): Promise<{ documents: Published[]; skipped: string[] }> {
  const documents: Published[] = [];
  const skipped: string[] = [];
  for (const name of await registry.names()) {
    try {
      const bytes = (await registry.store.read(`${ATTESTATIONS}/${name}`)) ?? new Uint8Array();
      const at = Date.parse(claimedTime(parseEnvelope(bytes).payload) ?? "");
      if (Number.isNaN(at)) skipped.push(name);
      else documents.push({ id: name.replace(/\.json$/, ""), bytes, at });
    } catch (error) {
      if (!(error instanceof AttestError)) throw error;
      skipped.push(name);
    }
  }
  const kind = ({ id }: Published): number => ["plan", "test", "note"].indexOf(id.slice(0, 4));
  const inOrder = documents.sort((a, b) => a.at - b.at || kind(a) - kind(b) || (a.id < b.id ? -1 : 1));
  return { documents: inOrder, skipped };
}
