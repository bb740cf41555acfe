/** The log page: fetches the log beside it, recomputes everything, and compares it with this browser's memory. */
import { equal, type Bytes } from "../src/core/bytes.js";
import { openCheckpoint } from "../src/core/log/checkpoint.js";
import { nobleEngine } from "../src/core/engine.js";
import { AttestError } from "../src/core/errors.js";
import { append } from "../src/core/log/append.js";
import { consistencySince, resummarize, type Logs, type WholeLog } from "../src/core/log/read-all.js";
import { parseNoteKey, type NoteKey } from "../src/core/keys/note.js";
import type { KeyHistory } from "../src/core/verify/key-history.js";
import { parseEntries, TILE_WIDTH, tilePath } from "../src/core/log/tiles.js";
import { departedAmong, publishedFrom, type LogState, type Published } from "../src/view/ledger.js";
import { logPage } from "../src/view/log-page.js";
import type { LogPageWord, MemoryWord } from "../src/view/log-words.js";
import { dom } from "./dom.js";
import { mounted, refuse } from "./frame.js";
import { compareWithMemory, missedBy, stateOf, stateOfLogs } from "./ledger.js";
import { selfTest } from "./opinion.js";
import { witnessField } from "./tools.js";

/** More entries would take a browser minutes. */
const MAX_FETCHED = 65_536;

const { carried, main, status, fault: unread } = mounted(nobleEngine);
const { keyring } = carried;
const data = carried.data.kind === "log" ? carried.data : undefined;
const history = (): KeyHistory => carried.history([]);
const built = (witnesses: readonly NoteKey[] = []): LogState =>
  stateOf(data?.logs, keyring.logs, history(), nobleEngine, witnesses);

let yours: readonly NoteKey[] = [];
const witnesses = (): readonly NoteKey[] => [
  ...yours,
  ...keyring.witnesses
    .map(({ key }) => key)
    .filter((key) => yours.every(({ id, name }) => id !== key.id || name !== key.name)),
];

interface Seen {
  readonly word: LogPageWord;
  /** Whether the page's built-in copy was compared with the fetched log. */
  readonly compared?: boolean;
  readonly detail?: string | undefined;
  readonly logs: readonly WholeLog[];
  readonly memory?: MemoryWord | undefined;
}

function show(seen: Seen): void {
  const { word, detail, compared, logs, memory } = seen;
  const published = publishedFrom([], data);
  const read = logs.length === 0 ? built(witnesses()) : stateOfLogs(logs, witnesses(), history(), nobleEngine);
  const state = held(read, published);
  const about = data?.about ?? { title: "" };
  // An inconsistent log is reported before a wrong origin.
  const fault = state.kind === "fault" ? state.fault : undefined;
  const said: LogPageWord =
    fault === undefined || word === "checking" ? word : fault.code === "leaf-format" ? "leaf-format" : "log-damaged";
  const embedded = word === "file" || word === "offline" || word === "nothing";
  const shown = { state, published, now: new Date(), memory: memory ?? (embedded ? remembered(state) : undefined) };
  main.replaceChildren(
    ...logPage({ about, word: said, detail: fault?.detail ?? detail, compared, shown, yours }).map(dom),
  );
  main.querySelector(".signed")?.after(witnessField((text) => takeWitness(text, { ...seen, memory: shown.memory })));
  status.textContent = main.querySelector(".headline h2")?.textContent ?? "";
  if (said !== "checking") status.setAttribute("data-state", said);
}

/** This page carries no document, so the published list is believed, and withheld documents do not count. */
const held = (state: LogState, published: Published): LogState =>
  state.kind !== "read"
    ? state
    : {
        kind: "read",
        ledger: resummarize(state.ledger, { ...history(), departed: departedAmong(state.ledger, [], published) }),
      };

const remembered = (state: LogState): MemoryWord | undefined =>
  state.kind === "read" ? compareWithMemory(state.ledger, nobleEngine) : missedBy(state, carried.logs, nobleEngine);

async function takeWitness(text: string, seen: Seen): Promise<string> {
  const key = parseNoteKey(text.trim(), nobleEngine);
  if (key.type !== "cosignature-v1")
    throw new AttestError("note-format", `expected the key of a witness, found one of type ${key.type}`);
  yours = [...yours.filter(({ id }) => id !== key.id), key];
  show(seen);
  const counts = main.querySelector(".signed")?.textContent.includes("by the key that you gave") === true;
  if (!counts) throw new AttestError("key-unknown", `${key.name} did not sign this state of the log`);
  return `${key.name} counts as a witness, on this page`;
}

class NotFetched extends Error {}

async function get(path: string): Promise<Bytes | undefined> {
  const response = await fetch(path, { cache: "no-store", credentials: "omit", redirect: "error" }).catch(() => {
    throw new NotFetched();
  });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new NotFetched();
  return new Uint8Array(await response.arrayBuffer());
}

const damaged = (expected: string, found: string): AttestError =>
  new AttestError("log-damaged", `expected ${expected}, found ${found}`);

/** Fetches every file and compares it with the entries. @throws AttestError, NotFetched */
async function fetchLog(key: NoteKey, folder: string): Promise<WholeLog> {
  const checkpoint = await get(`${folder}/checkpoint`);
  if (checkpoint === undefined) throw damaged(`the file ${folder}/checkpoint`, "none");
  const { size } = openCheckpoint(checkpoint, key, [], nobleEngine).checkpoint; // the size is only believed after this
  if (size > MAX_FETCHED) throw new NotFetched();
  const entries: Bytes[] = [];
  for (let index = 0; index * TILE_WIDTH < size; index += 1) {
    const width = Math.min(TILE_WIDTH, size - index * TILE_WIDTH);
    entries.push(...parseEntries(await tile(folder, tilePath({ level: "entries", index, width })), width));
  }
  const { files } = append(0, entries, () => undefined, nobleEngine.sha256);
  for (const { path, bytes } of files) {
    if (path.startsWith("tile/entries/")) continue;
    if (!equal(await tile(folder, path), bytes)) throw damaged(`${path} to hold the hashes of the entries`, "others");
  }
  return { key, checkpoint, entries };
}

async function tile(folder: string, path: string): Promise<Bytes> {
  const bytes = await get(`${folder}/${path}`);
  if (bytes === undefined) throw damaged(`the file ${path} of the log`, "none");
  return bytes;
}

/** The built-in logs must be the beginning of the served ones. */
function sinceBuilt(built: LogState, { logs }: Logs): Pick<Seen, "word" | "detail" | "compared"> {
  if (built.kind === "read")
    for (const [shard, before] of built.ledger.logs.entries()) {
      const now = logs[shard];
      const head = before.opened.checkpoint;
      const word = now === undefined ? "backwards" : consistencySince(head, now);
      if (word === "backwards" || word === "rewritten")
        return {
          word: `log-${word}`,
          detail:
            word === "backwards"
              ? `it has ${now?.opened.checkpoint.size ?? 0} entries, and had ${head.size} when this page was built`
              : `its first ${head.size} entries are not those with which this page was built`,
        };
    }
  return { word: "verified", compared: built.kind === "read" };
}

/** If nothing could be fetched, the built-in copy is used, if there is one. */
const alone = (word: LogPageWord): Seen => ({ word: built().kind === "withheld" ? "nothing" : word, logs: [] });

async function look(): Promise<Seen> {
  if (keyring.logs.length === 0) return { word: "nothing", logs: [] };
  if (!/^https?:$/.test(location.protocol)) return alone("file");
  try {
    const logs: WholeLog[] = [];
    for (const { name, key } of keyring.logs) logs.push(await fetchLog(key, `attestations/${name}`));
    const state = stateOfLogs(logs, [], history(), nobleEngine);
    if (state.kind !== "read") return { word: "log-damaged", logs };
    const since = sinceBuilt(built(), state.ledger);
    if (since.word !== "verified") return { ...since, logs };
    const memory = compareWithMemory(state.ledger, nobleEngine);
    if (memory === "backwards" || memory === "rewritten") return { word: `log-${memory}`, logs, memory };
    return { ...since, logs, memory };
  } catch (error) {
    if (error instanceof NotFetched) return alone("offline");
    if (error instanceof AttestError) return { word: "log-damaged", detail: error.message, logs: [] };
    throw error;
  }
}

async function start(): Promise<void> {
  if (!selfTest()) {
    main.replaceChildren(
      "This verifier failed its own test, so it shows nothing. Use another browser, or the command line.",
    );
    return;
  }
  if (unread !== undefined || data === undefined)
    throw unread ?? new AttestError("page-format", "expected the log's page");
  show({ word: "checking", logs: [] });
  show(await look());
}

start().catch((error: unknown) => refuse(error, { main, status }));
