/** The content of a page, read once, in the form the verifier needs. It uses neither page nor browser, so that tests can call it. */
import { bundledEntries, bundledPlans } from "../src/core/verify/bundled.js";
import { fromBase64, utf8, type Bytes } from "../src/core/bytes.js";
import type { Engine } from "../src/core/engine.js";
import { parseEnvelope, type Envelope } from "../src/core/statement/envelope.js";
import { orUndefined } from "../src/core/errors.js";
import { EMPTY_KEYRING, parseKeyring, type Keyring, type LogName } from "../src/core/keys/keyring.js";
import { enteredIn } from "../src/core/log/read-all.js";
import { evidenceFrom } from "../src/core/log/whole-log-evidence.js";
import { NoticeSet } from "../src/core/verify/notice-set.js";
import { keyHistory, type KeyHistory } from "../src/core/verify/key-history.js";
import type { LogEvidence, RememberedLog } from "../src/core/log/presence.js";
import { formatNoteKey } from "../src/core/keys/note.js";
import { originOf } from "../src/core/origin.js";
import { logNamed } from "../src/core/statement/payload.js";
import { knownFrom, type TrustedKey } from "../src/core/verify/signatures.js";
import type { VerifyOptions } from "../src/core/verify/verify.js";
import type { LogText, PageData } from "../src/formats/page-data.js";
import { parseAnyEnvelope } from "../src/formats/envelope-formats.js";
import type { LogState } from "../src/view/ledger.js";
import { stateOf } from "./ledger.js";

/** The browser's memory of a log, if available. */
export type Recall = (named: LogName) => RememberedLog | undefined;

type Around = Pick<
  VerifyOptions,
  "keys" | "seen" | "owners" | "proven" | "atHand" | "parse" | "log" | "notices" | "planned" | "entries" | "packed"
>;

interface Read {
  readonly of: readonly TrustedKey[];
  /** By documents alone, and including log entries. */
  readonly history: KeyHistory;
  readonly entered: KeyHistory;
  readonly state: LogState;
}

export class Carried {
  readonly data: PageData;
  readonly keyring: Keyring;
  readonly notices: NoticeSet;
  /** The logs listed in the page's keyring. */
  readonly logs: readonly LogName[];
  /** The keys listed on the page. */
  readonly listed: readonly TrustedKey[];
  /** Reads a document's format. A registry's documents have one format, as for the command line. */
  readonly parse: (bytes: Bytes) => Envelope;
  readonly #planned: NonNullable<VerifyOptions["planned"]>;
  readonly #engine: Engine;
  #known: Read | undefined;

  /** @throws AttestError if the keyring cannot be read: its revocations would be lost */
  constructor(data: PageData, engine: Engine) {
    const { keyring, notices, plans, documents } = {
      keyring: undefined,
      notices: [],
      plans: [],
      documents: [],
      ...data,
    };
    this.data = data;
    this.#engine = engine;
    this.keyring = keyring === undefined ? EMPTY_KEYRING : parseKeyring(utf8(keyring), engine);
    this.notices = NoticeSet.read(notices.map(utf8), engine);
    this.logs = this.keyring.logs.map(({ key }) => ({ origin: key.name, key: formatNoteKey(key) }));
    this.listed = knownFrom(this.keyring, "site", `this ${data.kind === "pack" ? "file" : "site"}'s own keyring`);
    this.parse = data.kind === "verify" ? parseAnyEnvelope : parseEnvelope;
    this.#planned = bundledPlans([...plans, ...documents.map(({ text }) => text)], engine);
  }

  /** What notices and log entries say about the known keys. @throws AttestError `too-large` */
  history(yours: readonly TrustedKey[]): KeyHistory {
    return this.#read(yours).entered;
  }

  /** The state of the page's copy of the logs. */
  state(yours: readonly TrustedKey[]): LogState {
    return this.#read(yours).state;
  }

  /** Owners of the keys whose signatures on that payload are logged. */
  signersOf(digest: string, yours: readonly TrustedKey[]): string[] {
    const { state, entered } = this.#read(yours);
    const keyids = state.kind === "read" ? enteredIn(state.ledger.logs, undefined).signersOf?.(digest) : undefined;
    return (keyids ?? []).map((keyid) => entered.owners.of(keyid));
  }

  #read(yours: readonly TrustedKey[]): Read {
    if (this.#known?.of === yours) return this.#known;
    const known = [...yours, ...this.listed];
    const history = keyHistory(this.notices, known, this.#engine);
    const texts = "logs" in this.data ? this.data.logs : undefined;
    const state = stateOf(texts, this.keyring.logs, history, this.#engine);
    const entered =
      state.kind === "read"
        ? keyHistory(this.notices, known, this.#engine, enteredIn(state.ledger.logs, undefined).notices)
        : history;
    return (this.#known = { of: yours, history, entered, state });
  }

  /** What belongs to a document of the page itself. */
  around(bytes: Bytes, log: LogText | undefined, yours: readonly TrustedKey[], recall: Recall): Around {
    const { kind } = this.data;
    const { history, entered, state } = this.#read(yours);
    const { parse } = this;
    if (kind === "verify") return { ...history, parse };
    const envelope = orUndefined(() => parse(bytes));
    const named = envelope && logNamed(envelope.payload);
    const remembered = named && recall(named);
    const proof = log?.proof === undefined ? undefined : utf8(log.proof);
    const common = { parse, notices: this.notices, planned: this.#planned };
    const own = named !== undefined && this.logs.some(({ key }) => key === named.key);
    if (kind !== "pack" && state.kind === "read" && envelope !== undefined && (named === undefined || own)) {
      const found = evidenceFrom(state.ledger, envelope, { proof, remembered }, this.#engine);
      return { ...entered, ...common, entries: enteredIn(state.ledger.logs, named), ...(found && { log: found }) };
    }
    const marks = bundledEntries(envelope, log?.marks, this.logs, this.#engine);
    // As on the command line: a log that belongs to this registry by name or keyring, and whose entries the page lacks.
    const { origin = "" } = "about" in this.data ? (this.data.about ?? {}) : {};
    const mine = named !== undefined && (own || originOf(named.origin).startsWith(`${originOf(origin)}/`));
    const missing = kind !== "pack" && state.kind !== "long" && mine;
    const marked = {
      ...(marks.all.length === 0 ? history : keyHistory(this.notices, [...yours, ...this.listed], this.#engine, marks)),
      ...common,
      entries: { notices: marks, whole: false, missing },
    };
    if (kind === "pack") return { ...marked, packed: true, ...(named && proof && { log: { proof, remembered } }) };
    if (named === undefined) return marked;
    const damage = own && state.kind === "fault" ? state.fault.detail : undefined;
    // The signed log name counts: if the page shows nothing of that log, the report says so, whatever its keyring lists.
    const evidence: LogEvidence = {
      proof,
      remembered,
      withheld: true,
      served: damage === undefined ? servedIn(log?.served) : { checkpoint: new Uint8Array(), damage },
    };
    return { ...marked, log: evidence };
  }
}

const servedIn = (served: LogText["served"]): LogEvidence["served"] =>
  served && {
    checkpoint: utf8(served.checkpoint),
    proof: served.proof === undefined ? undefined : utf8(served.proof),
    sinceProof: orUndefined(() => served.sinceProof?.map(fromBase64)), // a malformed hash counts as a missing proof
    damage: served.damage,
  };
