/**
 * The reports that the runner wrote while the command ran: those that were named, else those in known places, else what it printed.
 * Whatever keeps one from being believed is a doubt, and a doubt is never a pass.
 */
import { readdirSync, statSync, type Stats } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { utf8, type Bytes } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import { readResults, type Results } from "../formats/results.js";
import { read, realFolder } from "../node/files.js";
import { isWithin } from "../node/programs.js";
import type { Piece } from "./attachments.js";
import { placesOf } from "./places.js";

export interface Report {
  /** For people: the file as it was named, or `stdout`. */
  readonly name: string;
  /** Redacted; undefined for one that is not there. */
  readonly bytes?: Bytes;
  readonly modified?: Date;
  /** Undefined for one that cannot be read. */
  readonly results?: Results;
  /** Why it is not to be relied on, a sentence each. */
  readonly doubts: readonly string[];
}

export interface Printed {
  readonly bytes: Bytes;
  readonly truncated: boolean;
}

/** Where runners write without being asked, or everybody's configuration tells them to. */
const PLACES: readonly (readonly [folder: string, name: RegExp])[] = [
  [".", /^(?:junit.*|.*[-_.]junit|TEST-.*|test-results?|test-report)\.xml$/i],
  [".", /^(?:ctrf-report.*|test-results|(?:jest|vitest)-results?)\.json$/i],
  [".", /^(?:test-results?|results)\.tap$/i],
  ["ctrf", /\.json$/],
  ["reports", /^(?:junit.*|TEST-.*)\.xml$/i],
  ["reports/junit", /\.xml$/],
  ["test-results", /\.xml$/],
  ["test-reports", /\.xml$/],
  ["target/surefire-reports", /^TEST-.*\.xml$/],
  ["target/failsafe-reports", /^TEST-.*\.xml$/],
  ["build/test-results/test", /^TEST-.*\.xml$/],
];

/** A file system may round a time down, to two seconds at worst (FAT). */
const ROUNDED_MS = 2000;

/** Looks at the places before the run, so that what lay there is told from what the run wrote. */
export class Reports {
  readonly #cwd: string;
  /** Which the project fills. */
  readonly #root: string;
  readonly #named: readonly string[];
  readonly #before: ReadonlyMap<string, string>;

  /** @param named paths, or `-` for what the command prints */
  constructor(cwd: string, named: readonly string[], root = cwd) {
    this.#cwd = cwd;
    this.#root = root;
    this.#named = named;
    const there = named.length > 0 ? named.filter((name) => name !== "-") : inKnownPlaces(cwd);
    this.#before = new Map(there.map((name) => [name, fingerprint(resolve(cwd, name))]));
  }

  /** @param clean takes secrets out: what is read is what will be published */
  collect(startedAt: Date, stdout: Printed, clean: (bytes: Bytes) => Bytes): Report[] {
    if (this.#named.length > 0)
      return this.#named.flatMap((name) => (name === "-" ? namedPrint(stdout) : [this.#file(name, startedAt, clean)]));
    const fresh = inKnownPlaces(this.#cwd).filter(
      (name) => fingerprint(resolve(this.#cwd, name)) !== this.#before.get(name),
    );
    return fresh.length > 0 ? fresh.map((name) => this.#file(name, startedAt, clean)) : printed(stdout);
  }

  #file(given: string, startedAt: Date, clean: (bytes: Bytes) => Bytes): Report {
    const path = resolve(this.#cwd, given);
    const name = new TextDecoder().decode(clean(utf8(given)));
    const isInside = isWithin(path, this.#root);
    try {
      // A link that leads out of the project would publish whatever it leads to.
      const folder = isInside ? this.#root : dirname(path);
      const stats = statOf(path);
      if (stats === undefined) return { name, doubts: ["the run did not write it"] };
      if (!isWithin(realFolder(path), folder)) read(path, { within: folder }); // which says so
      const untouched = fingerprint(path) === this.#before.get(given);
      // What the run did not write is not published as something that it wrote.
      if (untouched || stats.mtimeMs < startedAt.getTime() - ROUNDED_MS)
        return { name, doubts: [`it is older than the run: last written ${stats.mtime.toISOString()}`] };
      const bytes = clean(read(path, { within: folder }) ?? new Uint8Array());
      const report = readOne(name, bytes, startedAt, []);
      // Somebody's file, named by a slip of the pen: not even its beginning is told.
      if (!isInside && report.results === undefined)
        return { name, doubts: ["it lies outside of the project, and is no report that can be read"] };
      return { ...placeless(report, this.#root, clean), modified: stats.mtime };
    } catch (error) {
      if (!(error instanceof AttestError)) throw error;
      return { name, doubts: [error.message.replaceAll(path, name).replaceAll(this.#root, ".")] };
    }
  }
}

function readOne(name: string, bytes: Bytes, startedAt: Date | undefined, doubts: readonly string[]): Report {
  try {
    const results = readResults(bytes);
    const said = results.startedAt === undefined ? undefined : Date.parse(results.startedAt);
    const early = said !== undefined && startedAt !== undefined && said < startedAt.getTime() - ROUNDED_MS;
    return {
      name,
      bytes,
      results,
      doubts: [
        ...doubts,
        ...(early ? [`it says that its tests began before the run: ${String(results.startedAt)}`] : []),
        ...results.discrepancies,
        ...(results.cases.length === 0 ? ["it lists no test"] : []),
      ],
    };
  } catch (error) {
    if (!(error instanceof AttestError)) throw error;
    return { name, bytes, doubts: [...doubts, error.message] };
  }
}

/** Places that were spelled with entities or escapes come to light only when the report is read. */
function placeless(report: Report, root: string, clean: (bytes: Bytes) => Bytes): Report {
  if (report.results === undefined) return report;
  const places = placesOf(root).filter(({ text }) => text.length > 2);
  const tidy = (text: string): string =>
    places.some((place) => text.includes(place.text)) ? new TextDecoder().decode(clean(utf8(text))) : text;
  const cases = report.results.cases.map((each) => ({
    ...each,
    name: tidy(each.name),
    ...(each.suite !== undefined && { suite: tidy(each.suite) }),
    ...(each.message !== undefined && { message: tidy(each.message) }),
    ...(each.file !== undefined && { file: tidy(each.file) }),
  }));
  return { ...report, doubts: report.doubts.map(tidy), results: { ...report.results, cases } };
}

/** TAP, with its version, its plan or its first point; or an event of go's. */
const BEGINS =
  /^(?:TAP version 1[234][ \t]*\r?$|1\.\.\d+[ \t]*(?:#.*)?\r?$|(?:not )?ok \d+(?=[ \r\n])|\{"(?:Time|ImportPath|Action)":)/m;
/** What npm says before it runs a script. */
const BANNER = /^(?:\s*|> .*)$/;

/** A report among what was printed, if there is one: TAP and `go test -json` are written nowhere else. */
function printed(stdout: Printed): Report[] {
  const text = textOf(stdout.bytes);
  const from = BEGINS.exec(text)?.index ?? jsonFrom(text);
  if (from === undefined) return [];
  return documents(text.slice(from), stdout.truncated);
}

function namedPrint(stdout: Printed): Report[] {
  const found = printed(stdout);
  if (found.length > 0) return found;
  return [readOne("stdout", stdout.bytes, undefined, stdout.truncated ? [CUT] : [])];
}

const CUT =
  "it is not whole: more was printed than is kept; let the runner write it into a file, and name that with --report";

/** Several runners may have printed one after the other, as in a workspace. */
function documents(text: string, truncated: boolean): Report[] {
  const parts = text.split(/^(?=TAP version 1[234][ \t]*\r?$)/m);
  return parts.map((part, at) =>
    readOne(parts.length === 1 ? "stdout" : `stdout, part ${at + 1}`, utf8(part), undefined, truncated ? [CUT] : []),
  );
}

/** Where a JSON document begins that is all there is but for a banner, and that is a report. */
function jsonFrom(text: string): number | undefined {
  let from = 0;
  for (const line of text.split("\n", 20)) {
    if (!BANNER.test(line)) break;
    from += line.length + 1;
  }
  if (text[from] !== "{") return undefined;
  try {
    readResults(utf8(text.slice(from)));
    return from;
  } catch {
    return undefined;
  }
}

/** A program may print what it likes, also between two runners: what is no UTF-8 is replaced, colours are taken off. */
const textOf = (bytes: Bytes): string => new TextDecoder().decode(bytes).replace(/\u001b\[[\d;]*m/g, "");

/** Reports that lie where runners write them, by their paths from this folder. */
export function inKnownPlaces(cwd: string): string[] {
  return PLACES.flatMap(([folder, pattern]) => {
    try {
      return readdirSync(join(cwd, folder))
        .filter((name) => pattern.test(name))
        .sort()
        .map((name) => (folder === "." ? name : `${folder}/${name}`));
    } catch {
      return [];
    }
  });
}

/** Changes with every write, as far as a file system shows it. */
function fingerprint(path: string): string {
  const stats = statOf(path);
  return stats === undefined ? "" : [stats.dev, stats.ino, stats.size, stats.mtimeMs, stats.ctimeMs].join();
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

/** More than these go into one file: each takes its place in the statement. */
const MOST_PIECES = 20;

/** The files as evidence. What was printed is evidence already. */
export function reportPieces(reports: readonly Report[]): Piece[] {
  const files = reports.flatMap(({ name, bytes, modified }) =>
    bytes && modified ? [{ name, bytes, date: modified }] : [],
  );
  const piece = (name: string, mediaType: string, bytes: Bytes, date: Date): Piece => ({
    ...{ name, role: "report", mediaType, bytes },
    source: { date, kind: "file-mtime" },
  });
  if (files.length > MOST_PIECES) {
    const texts = Object.fromEntries(files.map(({ name, bytes }) => [name, new TextDecoder().decode(bytes)]));
    const latest = new Date(Math.max(...files.map(({ date }) => date.getTime())));
    return [piece("reports.json", "application/json", utf8(JSON.stringify(texts)), latest)];
  }
  return files.map(({ name, bytes, date }) =>
    piece(basename(name), MEDIA_TYPES[extname(name)] ?? "text/plain", bytes, date),
  );
}

const MEDIA_TYPES: Readonly<Record<string, string>> = { ".json": "application/json", ".xml": "application/xml" };
