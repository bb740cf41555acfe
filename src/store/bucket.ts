/**
 * A store in an S3 bucket, which many machines may write at once. There is one way to write: an object is made where none is (`If-None-Match:
 * *`). So a file that changes is kept in numbered versions (`bucket/versions.ts`), and a writer who is overtaken finds its number taken.
 *
 * The object at the path itself is a hint then: the newest bytes, for those who read by http, and the number to look from. It is overwritten,
 * so its number is only a start and its bytes are not used. A hint that was lost is written again by the next writer, and each writer looks
 * once more behind its own, so that the last one stays.
 *
 * A removed file has a last version that says so, and no object at its path. A file without versions, such as a mark, is only deleted.
 */
import { setTimeout as sleep } from "node:timers/promises";
import pLimit from "p-limit";
import { equal, utf8, type Bytes } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import type { FileDigest } from "../node/reading.js";
import { Turns } from "../node/turns.js";
import type { Created, Still, Store } from "./store.js";
import { parseBucketAddress, type BucketAddress } from "./bucket/address.js";
import { BucketClient, unsafe, type Found, type Marks } from "./bucket/client.js";
import type { Environment } from "./bucket/endpoint.js";
import { PATIENCE, pauseAfter, type Patience } from "./bucket/requests.js";
import { servedAlways, servedAs, servedShortly } from "./bucket/served.js";
import { fileOf, isVersions, newestVersion, versionPath } from "./bucket/versions.js";

/** Above every document and piece of evidence of this version. */
const MAX_READ = 64 * 1024 * 1024;
const NOTHING: Bytes = new Uint8Array();

/** Written at the first write of each process, and there once for all of them. */
const PROBE = ".create-only";
const PROBE_TEXT = utf8("The first writer asks whether the server would overwrite this, which it must refuse.\n");

const MAX_KEPT_BYTES = 64 * 1024;
const MAX_KEPT = 256;

/** How often a writer that is overtaken begins again. */
const MAX_TRIES = 64;

/** Files that are written at once. */
const AT_ONCE = 16;

/** By the place of a file. */
const turns = new Turns();

/** A file at some moment. */
interface State<T> {
  /** 0: the object at the path, or nothing at all. */
  readonly version: number;
  /** Undefined if the file is missing. */
  readonly found: T | undefined;
}

export class Bucket implements Store {
  readonly place: string;
  readonly remote = true;
  readonly shared = true;
  readonly #address: BucketAddress;
  readonly #client: BucketClient;
  readonly #patience: Patience;
  /** The newest version that was seen, by path. */
  readonly #seen = new Map<string, number>();
  /** Versions never change. Small ones that were read are kept, by their own path: a command reads a keyring many times. */
  readonly #kept = new Map<string, Found>();
  /** Those of one store do not overtake each other. */
  readonly #changes = new Turns();
  #probed: Promise<void> | undefined;

  /** @throws AttestError `usage` */
  constructor(target: string, environment: Environment, patience = PATIENCE) {
    this.#address = parseBucketAddress(target);
    this.#client = new BucketClient(this.#address, environment, patience);
    this.#patience = patience;
    this.place = this.#address.place;
  }

  async read(path: string, limit = MAX_READ): Promise<Bytes | undefined> {
    const { found } = await this.#now(checked(path), limit);
    if (found !== undefined && found.bytes === undefined)
      throw new AttestError("too-large", `${this.#client.placeOf(path)} has more than ${limit} bytes`);
    return found?.bytes;
  }

  async digest(path: string): Promise<FileDigest | undefined> {
    const { found } = await this.#newest(checked(path), (at) => this.#client.digest(at));
    return found && { sha256: found.sha256, size: found.size };
  }

  async list(folder: string): Promise<readonly string[]> {
    const names = new Set<string>();
    for await (const name of this.#client.names(checked(folder)))
      if (!isVersions(name) && name !== PROBE && isPart(name)) names.add(name);
    return [...names].sort();
  }

  async mustBeWritable(folder: string): Promise<void> {
    checked(folder);
    await this.#probe();
  }

  async create(path: string, bytes: Bytes): Promise<Created> {
    const file = checked(path);
    await this.#probe();
    return await this.#untilFirst(path, async () => {
      const [made, versioned] = await both(
        this.#client.create(file, bytes, servedAs(file)),
        this.#client.head(versionPath(file, 1)),
      );
      if (made && versioned === undefined) return "created";
      const { version, found } = await this.#now(file, bytes.length);
      if (found === undefined) {
        if (version === 0) return made ? "created" : undefined; // removed meanwhile
        return (await this.#append(file, version + 1, bytes)) ? "created" : undefined;
      }
      if (made) await this.#repairHint(file, version); // it was missing
      if (found.bytes !== undefined && equal(found.bytes, bytes))
        return made && version === 0 ? "created" : "identical";
      throw new AttestError(
        "file-exists",
        `${this.#client.placeOf(path)} exists already, with other bytes`,
        "nothing was overwritten",
      );
    });
  }

  async replace(path: string, bytes: Bytes, still?: Still): Promise<void> {
    const file = checked(path);
    const isSame = (now: Bytes | "large" | undefined): boolean =>
      now !== undefined && now !== "large" && equal(now, bytes);
    await this.#changed(file, bytes.length, (now) => (isSame(now) ? undefined : bytes), still);
  }

  async createEach(files: ReadonlyMap<string, Bytes>): Promise<void> {
    for (const path of files.keys()) checked(path);
    await each(files, ([path, bytes]) => this.create(path, bytes));
  }

  async replaceEach(files: ReadonlyMap<string, Bytes>, still?: Still): Promise<void> {
    for (const path of files.keys()) checked(path);
    await each(files, ([path, bytes]) => this.replace(path, bytes, still));
  }

  async update(path: string, change: (bytes: Bytes | undefined) => Bytes | undefined): Promise<void> {
    await this.#changed(checked(path), MAX_READ, (now) => {
      if (now === "large")
        throw new AttestError("too-large", `${this.#client.placeOf(path)} has more than ${MAX_READ} bytes`);
      return change(now);
    });
  }

  async remove(...paths: readonly string[]): Promise<void> {
    const files = paths.map(checked);
    await this.#probe();
    await each(files, (file) => this.#remove(file));
  }

  async #remove(file: string): Promise<void> {
    if ((await this.#client.head(versionPath(file, 1))) === undefined) return void (await this.#client.delete(file));
    await this.#untilFirst(file, async () => {
      const { version, found } = await this.#newest(file, (at) => this.#client.head(at));
      if (found === undefined) return await this.#hint(file, version).then(() => true);
      return (await this.#append(file, version + 1, undefined)) ? true : undefined;
    });
  }

  async discard(path: string): Promise<void> {
    const folder = checked(path);
    try {
      const files = new Set([folder]);
      for await (const name of this.#client.names(folder, true))
        if (name.split("/").every(isPart)) files.add(fileOf(`${folder}/${name}`));
      await this.remove(...files);
    } catch (error) {
      if (!(error instanceof AttestError)) throw error;
    }
  }

  /** In this process alone: a bucket has no locks, and writers on other machines are not kept out. */
  async exclusively<T>(path: string, act: (still: Still) => T | Promise<T>): Promise<T> {
    return await turns.take(`${this.place}/${checked(path)}`, async () => await act(() => undefined));
  }

  #now(file: string, limit: number): Promise<State<Found>> {
    return this.#newest(file, (at) => (at === file ? this.#client.get(at, limit) : this.#version(at, limit)));
  }

  /** @param use reads one object */
  async #newest<T extends Marks>(file: string, use: (path: string) => Promise<T | undefined>): Promise<State<T>> {
    const seen = this.#seen.get(file);
    const begun = seen === undefined ? await this.#looked(file, use) : { version: await this.#from(file, seen) };
    const { version } = begun;
    if (version === 0) return { version, found: "plain" in begun ? begun.plain : undefined };
    this.#seen.set(file, version);
    const newest = await use(versionPath(file, version));
    if (newest === undefined)
      throw new AttestError("network", `could not read ${this.#client.placeOf(file)}: its version ${version} vanished`);
    return { version, found: newest.removed ? undefined : newest };
  }

  /** The first look at a file. Most files have no version, which two requests show. */
  async #looked<T extends Marks>(
    file: string,
    use: (path: string) => Promise<T | undefined>,
  ): Promise<{ readonly version: number; readonly plain: T | undefined }> {
    const [plain, first] = await both(use(file), this.#client.head(versionPath(file, 1)));
    const hint = plain?.version ?? 0;
    if (first === undefined && hint === 0) return { version: 0, plain };
    return { version: await newestVersion(Math.max(hint, first === undefined ? 0 : 1), this.#exists(file)), plain };
  }

  /** The newest version, from one that is there. */
  async #from(file: string, version: number): Promise<number> {
    if ((await this.#client.head(versionPath(file, version + 1))) === undefined) return version;
    return await newestVersion(version + 1, this.#exists(file));
  }

  /** @param at the path of a version */
  async #version(at: string, limit: number): Promise<Found | undefined> {
    const kept = this.#kept.get(at);
    if (kept?.bytes !== undefined)
      return { ...kept, bytes: kept.bytes.length > limit ? undefined : kept.bytes.slice() };
    const found = await this.#client.get(at, limit);
    if (found?.bytes !== undefined) this.#keep(at, found, found.bytes);
    return found;
  }

  #keep(at: string, marks: Marks, bytes: Bytes): void {
    if (bytes.length > MAX_KEPT_BYTES) return;
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(at, { ...marks, bytes: bytes.slice() });
  }

  #exists(file: string): (version: number) => Promise<boolean> {
    return async (version) => (await this.#client.head(versionPath(file, version))) !== undefined;
  }

  /** @param change gets "large" in place of more than `limit` bytes; undefined leaves the file as it is */
  async #changed(
    file: string,
    limit: number,
    change: (now: Bytes | "large" | undefined) => Bytes | undefined,
    still?: Still,
  ): Promise<void> {
    await this.#probe();
    const attempt = (): Promise<true> =>
      this.#untilFirst(file, async () => {
        const { version, found } = await this.#now(file, limit);
        const next = change(found && (found.bytes ?? "large"));
        if (next === undefined) {
          await this.#repairHint(file, version);
          return true;
        }
        still?.();
        const made =
          version === 0 && found === undefined
            ? await this.#client.create(file, next, servedAs(file))
            : await this.#append(file, version + 1, next);
        return made ? true : undefined;
      });
    await this.#changes.take(file, attempt);
  }

  /** False if another writer has made that version. @param bytes undefined for a removal */
  async #append(file: string, version: number, bytes: Bytes | undefined): Promise<boolean> {
    const made = await this.#client.create(versionPath(file, version), bytes ?? NOTHING, {
      ...servedAlways(file),
      ...(bytes === undefined && { "x-amz-meta-removed": "1" }),
    });
    if (made) await this.#hint(file, version);
    return made;
  }

  async #repairHint(file: string, version: number): Promise<void> {
    if (version > 0 && (await this.#client.head(file))?.version !== version) await this.#hint(file, version);
  }

  /**
   * Writes the hint, and again if meanwhile another version came: its writer's hint may have been overwritten by this one. It keeps the
   * mark of the first object, whose maker may have lost the answer, and would take it for another's.
   */
  async #hint(file: string, from: number): Promise<void> {
    const writer = (await this.#client.head(file))?.writer;
    let version = from;
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const newest = await this.#version(versionPath(file, version), MAX_READ);
      if (newest?.removed === true) await this.#client.delete(file);
      else if (newest?.bytes !== undefined)
        await this.#client.put(file, newest.bytes, {
          ...servedShortly(file),
          "x-amz-meta-version": String(version),
          ...(writer !== undefined && { "x-amz-meta-writer": writer }),
        });
      this.#seen.set(file, version);
      const next = await this.#from(file, version);
      if (next === version) return;
      version = next;
    }
  }

  /** Repeats what another writer overtook. @param attempt undefined if it was */
  async #untilFirst<T>(path: string, attempt: () => Promise<T | undefined>): Promise<T> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const done = await attempt();
      if (done !== undefined) return done;
      await sleep(pauseAfter(tries, this.#patience));
    }
    throw new AttestError(
      "locked",
      `other writers of ${this.#client.placeOf(path)} were faster ${MAX_TRIES} times`,
      "run the same command again later",
    );
  }

  /** @throws AttestError `store-unsafe` for a server that overwrites */
  #probe(): Promise<void> {
    return (this.#probed ??= this.#probing().catch((error: unknown) => {
      this.#probed = undefined;
      throw error;
    }));
  }

  async #probing(): Promise<void> {
    const made = (): Promise<boolean> => this.#client.create(PROBE, PROBE_TEXT, servedAs(PROBE));
    if ((await made()) && (await made())) throw unsafe(this.#address);
  }
}

/** Several at once. It waits for all, also if one fails: nothing is written after the call. */
async function each<T>(all: Iterable<T>, act: (one: T) => Promise<unknown>): Promise<void> {
  const limit = pLimit(AT_ONCE);
  const ended = await Promise.allSettled(Array.from(all, (one) => limit(() => act(one))));
  for (const one of ended) if (one.status === "rejected") throw one.reason;
}

/** Of two requests at once. If both fail, the first says why: an answer to HEAD has no words. */
async function both<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([one, other]);
  return [await one, await other];
}

/** Whether a key's part can be the name of a file. A writer of the bucket chooses keys, and its server what it lists. */
const isPart = (name: string): boolean => !["", ".", ".."].includes(name) && !/[/\\\p{Cc}]/u.test(name);

/** Callers build paths only from digests and checked names; this checks again. @returns the path without empty parts; empty for the store */
function checked(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (path.startsWith("/") || parts.includes("..")) throw new Error(`a path must stay inside the store, found ${path}`);
  if (parts.some(isVersions) || parts[0] === PROBE)
    throw new Error(`a path must not be one of the store's own, found ${path}`);
  return parts.join("/");
}
