/** Reads one log completely: opens its checkpoint, hashes its entries again, and compares each tile with them. */
import { equal, type Bytes } from "../../core/bytes.js";
import { openCheckpoint, type OpenedCheckpoint } from "../../core/log/checkpoint.js";
import type { Code } from "../../core/codes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import type { NoteEntry, LogName } from "../../core/keys/keyring.js";
import { parseEntry, type LogEntry } from "../../core/log/entry.js";
import { formatNoteKey } from "../../core/keys/note.js";
import { RebuiltTree } from "../../core/log/rebuild.js";
import { newTiles, parseEntries, TILE_WIDTH, tilePath, type Tile } from "../../core/log/tiles.js";
import { readEntries } from "../../store/log-reader.js";
import { logFolder } from "../../store/paths.js";
import type { LogPlace } from "./source.js";

export interface LogFinding {
  readonly code: Code;
  /** One sentence. */
  readonly detail: string;
  readonly log?: string;
  readonly entry?: number;
  readonly id?: string;
}

export interface Shard {
  /** From 0. */
  readonly number: number;
  readonly listed: NoteEntry;
  readonly named: LogName;
  /** The published note, verbatim; undefined if missing or not signed by the log's key. */
  readonly bytes?: Bytes | undefined;
  readonly opened?: OpenedCheckpoint | undefined;
  /** Each readable entry at its index. */
  readonly leaves: readonly (LogEntry | undefined)[];
  readonly regrown: RebuiltTree;
  /** The entries match the signed root. Only then do they show earlier states of the log. */
  readonly whole: boolean;
  readonly findings: readonly LogFinding[];
}

export interface Reading {
  readonly engine: Engine;
  /** `share` is the finished part, 0 to 1. */
  readonly progress?: (text: string, share?: number) => void;
}

/** @throws AttestError `network`, `io`, `too-large` */
export async function readShard(
  place: LogPlace,
  number: number,
  listed: NoteEntry,
  { engine, progress }: Reading,
): Promise<Shard> {
  const log = listed.key.name;
  const findings: LogFinding[] = [];
  const find = (detail: string, entry?: number, code: Code = "log-damaged"): void =>
    void findings.push({ code, detail, log, ...(entry !== undefined && { entry }) });
  const read = (path: string): Promise<Bytes | undefined> => place.read(`${logFolder(number)}/${path}`);
  const regrown = new RebuiltTree(engine.sha256);
  const leaves: (LogEntry | undefined)[] = [];
  const named = { origin: log, key: formatNoteKey(listed.key) };
  const bytes = await read("checkpoint");
  const opened = bytes && (await orFinding(() => open(bytes, listed, place, engine), find));
  if (bytes === undefined) find(`the log ${log} has no checkpoint`);
  if (opened === undefined) return { number, listed, named, leaves, regrown, whole: false, findings };

  const { size, root } = opened.checkpoint;
  for (let index = 0; index * TILE_WIDTH < size; index += 1) {
    const width = Math.min(TILE_WIDTH, size - index * TILE_WIDTH);
    const path = tilePath({ level: "entries", index, width });
    const bundle = await orFinding(async () => bundleOf(await readEntries(read, path, width), path, width), find);
    if (bundle === undefined) break; // later entries have no position
    for (const entry of bundle) {
      regrown.add(entry);
      const at = leaves.length;
      leaves.push(
        await orFinding(
          () => parseEntry(entry),
          (detail) => find(detail, at),
        ),
      );
    }
    progress?.(`reading ${log}`, (index * TILE_WIDTH + width) / size);
  }
  if (regrown.size === size) {
    for (const tile of newTiles(0, size).filter(({ level }) => level !== "entries"))
      await checkTile(tile, regrown, read, find);
    await checkEarlier(place, number, regrown, find);
  }
  const whole = regrown.size === size && equal(regrown.head.root, root);
  if (regrown.size === size && !whole) find(`the entries of ${log} do not give the root that its checkpoint states`);
  return { number, listed, named, bytes, opened, leaves, regrown, whole, findings };
}

type Find = (detail: string, entry?: number, code?: Code) => void;
type Fetch = (path: string) => Promise<Bytes | undefined>;

/** A failed request is not a finding, but a check that could not be made. */
async function orFinding<T>(act: () => T | Promise<T>, find: Find): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof AttestError) || error.code === "network") throw error;
    find(error.message);
    return undefined;
  }
}

const open = (bytes: Bytes, { key }: NoteEntry, { keyring }: LogPlace, engine: Engine): OpenedCheckpoint =>
  openCheckpoint(
    bytes,
    key,
    keyring.witnesses.map((witness) => witness.key),
    engine,
  );

function bundleOf(bytes: Bytes | undefined, path: string, width: number): Bytes[] {
  if (bytes === undefined) throw new AttestError("log-format", `expected the file ${path}, found none`);
  try {
    return parseEntries(bytes, width);
  } catch (error) {
    if (error instanceof AttestError) throw new AttestError(error.code, `${path}: ${error.message}`);
    throw error;
  }
}

async function checkTile(tile: Tile, regrown: RebuiltTree, read: Fetch, find: Find): Promise<void> {
  const path = tilePath(tile);
  const expected = regrown.tile(tile) ?? new Uint8Array();
  let bytes = await read(path);
  if (bytes === undefined && tile.width < TILE_WIDTH)
    bytes = (await read(tilePath({ ...tile, width: TILE_WIDTH })))?.slice(0, expected.length);
  if (bytes === undefined) find(`expected the file ${path}, found none`);
  else if (bytes.length !== expected.length)
    find(`expected ${path} to be of ${expected.length} bytes, found ${bytes.length}`);
  else if (!equal(bytes, expected)) find(`${path} does not hold the hashes that the entries give`);
}

/** Checks partial tiles of earlier sizes, which readers of an earlier checkpoint use. Only a folder can list them. */
async function checkEarlier(place: LogPlace, number: number, regrown: RebuiltTree, find: Find): Promise<void> {
  if (place.list === undefined) return;
  for (const tile of newTiles(0, regrown.size)) {
    if (tile.level === "entries" || tile.width === TILE_WIDTH) continue;
    const folder = tilePath(tile).replace(/\/\d+$/, "");
    for (const name of await place.list(`${logFolder(number)}/${folder}`)) {
      const width = Number(name);
      const expected = regrown.tile({ ...tile, width });
      if (width >= tile.width || expected === undefined) continue; // left by a writer that was killed before its checkpoint
      const bytes = await place.read(`${logFolder(number)}/${folder}/${name}`);
      if (bytes === undefined || !equal(bytes, expected))
        find(`${folder}/${name} does not hold the hashes that the entries give`);
    }
  }
}

/** `log-2 entry 7`, or `entry 7` if there is one log. */
export const entryName = (index: number, shards: number, shard: number): string =>
  shards > 1 ? `entry ${index} of ${logFolder(shard).split("/").at(-1) ?? ""}` : `entry ${index}`;
