/** What a page carries, read once, as what the verifier is given beside a document. Nothing here touches the page or the browser, so that tests ask it too. */
import { bundledEntries, bundledPlans } from "../src/core/verify/bundled.js";
import { fromBase64, utf8, type Bytes } from "../src/core/bytes.js";
import type { Engine } from "../src/core/engine.js";
import { parseEnvelope, type Envelope } from "../src/core/statement/envelope.js";
import { orUndefined } from "../src/core/errors.js";
import { EMPTY_KEYRING, parseKeyring, type Keyring, type LogName } from "../src/core/keys/keyring.js";
import { enteredIn } from "../src/core/log/read-all.js";
import { evidenceFrom } from "../src/core/log/whole-log-evidence.js";
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

/** What this browser saw last of a log, if it is at hand. */
export type Recall = (named: LogName) => RememberedLog | undefined;

type Around = Pick<
  VerifyOptions,
  "keys" | "seen" | "owners" | "proven" | "atHand" | "parse" | "log" | "notices" | "planned" | "entries" | "packed"
>;

interface Read {
  readonly of: readonly TrustedKey[];
  /** By documents alone, and with what the log's entries say of keys. */
  readonly history: KeyHistory;
  readonly entered: KeyHistory;
  readonly state: LogState;
}

export class Carried {
  readonly data: PageData;
  readonly keyring: Keyring;
  readonly notices: readonly Bytes[];
  /** The logs that it lists. */
  readonly logs: readonly LogName[];
  /** The keys that the page lists. */
  readonly listed: readonly TrustedKey[];
  /** How a document's format is read: what a registry publishes has one, as the command line has it. */
  readonly parse: (bytes: Bytes) => Envelope;
  readonly #planned: NonNullable<VerifyOptions["planned"]>;
  readonly #engine: Engine;
  #known: Read | undefined;

  /** @throws AttestError where the keyring cannot be read: with it what it revokes would be lost */
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
    this.notices = notices.map(utf8);
    this.logs = this.keyring.logs.map(({ key }) => ({ origin: key.name, key: formatNoteKey(key) }));
    this.listed = knownFrom(this.keyring, "site", `this ${data.kind === "pack" ? "file" : "site"}'s own keyring`);
    this.parse = data.kind === "verify" ? parseAnyEnvelope : parseEnvelope;
    this.#planned = bundledPlans([...plans, ...documents.map(({ text }) => text)], engine);
  }

  /** What the notices, and the entries of the logs, say of the keys at hand. @throws AttestError `too-large` */
  history(yours: readonly TrustedKey[]): KeyHistory {
    return this.#read(yours).entered;
  }

  /** What the page's copy of the logs gives. */
  state(yours: readonly TrustedKey[]): LogState {
    return this.#read(yours).state;
  }

  /** Owners of the keys whose signatures of that payload the page's logs have. */
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

  /** For a document of the page's own, with what came beside it. */
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
    // As the command line has it: a log that is this registry's by its name or its keyring, and whose entries the page does not show.
    const { origin = "" } = "about" in this.data ? (this.data.about ?? {}) : {};
    const mine = named !== undefined && (own || originOf(named.origin).startsWith(`${originOf(origin)}/`));
    const missing = kind !== "pack" && state.kind !== "long" && mine;
    const marked = {
      ...(marks.length === 0 ? history : keyHistory(this.notices, [...yours, ...this.listed], this.#engine, marks)),
      ...{ ...common, entries: { notices: marks, whole: false, missing } },
    };
    if (kind === "pack") return { ...marked, packed: true, ...(named && proof && { log: { proof, remembered } }) };
    if (named === undefined) return marked;
    const damage = own && state.kind === "fault" ? state.fault.detail : undefined;
    // The log is asked for by the name that is signed: where a page shows nothing of it, that is said, whatever its keyring lists.
    const evidence: LogEvidence = {
      ...{ proof, remembered, withheld: true },
      served: damage === undefined ? servedIn(log?.served) : { checkpoint: new Uint8Array(), damage },
    };
    return { ...marked, log: evidence };
  }
}

const servedIn = (served: LogText["served"]): LogEvidence["served"] =>
  served && {
    checkpoint: utf8(served.checkpoint),
    proof: served.proof === undefined ? undefined : utf8(served.proof),
    sinceProof: orUndefined(() => served.sinceProof?.map(fromBase64)), // what is no hash is told as a proof that is missing
    damage: served.damage,
  };
