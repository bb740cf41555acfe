/** The log's own page: fetches the log from beside it, computes everything again, and holds it against what was seen of it before. */
import { equal, utf8, type Bytes } from "../src/core/bytes.js";
import { openCheckpoint } from "../src/core/checkpoint.js";
import { nobleEngine } from "../src/core/engine.js";
import { AttestError } from "../src/core/errors.js";
import { grow } from "../src/core/growth.js";
import { EMPTY_KEYRING, parseKeyring, type Keyring } from "../src/core/keyring.js";
import { grownFrom, type Ledger, type WholeLog } from "../src/core/ledger.js";
import { historyOf } from "../src/core/lifecycle.js";
import { parseNoteKey, type NoteKey } from "../src/core/note.js";
import { knownFrom } from "../src/core/signatures.js";
import { parseEntries, TILE_WIDTH, tilePath } from "../src/core/tiles.js";
import { publishedFrom, type LogState } from "../src/view/ledger.js";
import { logPage } from "../src/view/log-page.js";
import type { PageData } from "../src/view/page-data.js";
import type { LogPageWord, MemoryWord } from "../src/view/log-words.js";
import { dom } from "./dom.js";
import { compareWithMemory, stateOf, stateOfLogs } from "./ledger.js";
import { selfTest } from "./opinion.js";
import { witnessField } from "./tools.js";

/** To read more than this takes a browser minutes. */
const MAX_FETCHED = 65_536;

const data = JSON.parse(document.getElementById("data")?.textContent ?? "") as PageData;
const main = document.getElementById("main") as HTMLElement;
const status = document.getElementById("status") as HTMLElement;

const keyring: Keyring = (() => {
  try {
    return parseKeyring(utf8(data.keyring ?? ""), nobleEngine);
  } catch {
    return EMPTY_KEYRING;
  }
})();
const history = historyOf(
  (data.notices ?? []).map(utf8),
  knownFrom(keyring, "site", "this site's own keyring"),
  nobleEngine,
);
let yours: readonly NoteKey[] = [];
const witnesses = (): readonly NoteKey[] => [
  ...yours,
  ...keyring.witnesses
    .map(({ key }) => key)
    .filter((key) => yours.every(({ id, name }) => id !== key.id || name !== key.name)),
];

interface Seen {
  readonly word: LogPageWord;
  readonly detail?: string | undefined;
  readonly logs: readonly WholeLog[];
  readonly memory?: MemoryWord | undefined;
}

function show({ word, detail, logs, memory }: Seen): void {
  const state: LogState =
    logs.length === 0
      ? stateOf(data.logs, keyring.logs, history, nobleEngine, witnesses())
      : stateOfLogs(logs, witnesses(), history, nobleEngine);
  const published = publishedFrom([], data.elsewhere);
  const { about = { title: "" } } = data;
  // What does not fit itself is told before where it came from.
  const fault = state.kind === "fault" ? state.fault : undefined;
  const said: LogPageWord =
    fault === undefined || word === "checking" ? word : fault.code === "leaf-format" ? "leaf-format" : "log-damaged";
  const embedded = word === "file" || word === "offline";
  const shown = {
    state,
    published,
    now: new Date(),
    memory: memory ?? (embedded ? remembered(state) : undefined),
  };
  main.replaceChildren(...logPage({ about, word: said, detail: fault?.detail ?? detail, shown, yours }).map(dom));
  main
    .querySelector(".signed")
    ?.after(witnessField((text) => takeWitness(text, { word, detail, logs, memory: shown.memory })));
  status.textContent = main.querySelector(".headline h2")?.textContent ?? "";
  if (said !== "checking") status.setAttribute("data-state", said);
}

const remembered = (state: LogState): MemoryWord | undefined =>
  state.kind === "read" ? compareWithMemory(state.ledger, nobleEngine) : undefined;

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

/** Every file of it, each against what the entries give. @throws AttestError, NotFetched */
async function fetchLog(key: NoteKey, folder: string): Promise<WholeLog> {
  const checkpoint = await get(`${folder}/checkpoint`);
  if (checkpoint === undefined) throw damaged(`the file ${folder}/checkpoint`, "none");
  const { size } = openCheckpoint(checkpoint, key, [], nobleEngine).checkpoint; // before its size is believed
  if (size > MAX_FETCHED) throw new NotFetched();
  const entries: Bytes[] = [];
  for (let index = 0; index * TILE_WIDTH < size; index += 1) {
    const width = Math.min(TILE_WIDTH, size - index * TILE_WIDTH);
    entries.push(...parseEntries(await tile(folder, tilePath({ level: "entries", index, width })), width));
  }
  const { files } = grow(0, entries, () => undefined, nobleEngine.sha256);
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

/** The logs that the page was built with are the beginning of what is served. */
function sinceBuilt(built: LogState, { logs }: Ledger): Pick<Seen, "word" | "detail"> {
  if (built.kind === "read")
    for (const [shard, before] of built.ledger.logs.entries()) {
      const now = logs[shard];
      const head = before.opened.checkpoint;
      const word = now === undefined ? "backwards" : grownFrom(head, now, nobleEngine);
      if (word === "backwards" || word === "rewritten")
        return {
          word: `log-${word}`,
          detail:
            word === "backwards"
              ? `it has ${now?.opened.checkpoint.size ?? 0} entries, and had ${head.size} when this page was built`
              : `its first ${head.size} entries are not those with which this page was built`,
        };
    }
  return { word: "verified" };
}

async function look(): Promise<Seen> {
  if (!/^https?:$/.test(location.protocol)) return { word: "file", logs: [] };
  try {
    const logs: WholeLog[] = [];
    for (const { name, key } of keyring.logs) logs.push(await fetchLog(key, `attestations/${name}`));
    const state = stateOfLogs(logs, [], history, nobleEngine);
    if (state.kind !== "read") return { word: "log-damaged", logs };
    const built = sinceBuilt(stateOf(data.logs, keyring.logs, history, nobleEngine), state.ledger);
    if (built.word !== "verified") return { ...built, logs };
    const memory = compareWithMemory(state.ledger, nobleEngine);
    if (memory === "backwards" || memory === "rewritten") return { word: `log-${memory}`, logs, memory };
    return { word: "verified", logs, memory };
  } catch (error) {
    if (error instanceof NotFetched) return { word: "offline", logs: [] };
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
  show({ word: "checking", logs: [] });
  show(await look());
}

void start();
