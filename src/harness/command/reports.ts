/**
 * The reports that the runner wrote while the command ran: named ones, else those in known places, else printed ones. Anything that makes a
 * report unreliable is a doubt, and a doubt is never a pass.
 */
import { inKnownPlaces } from "../report-places.js";
import { createHash } from "node:crypto";
import { statSync, type Stats } from "node:fs";
import { basename, dirname, extname, join, resolve, sep } from "node:path";
import { fromUtf8, utf8, type Bytes } from "../../core/bytes.js";
import { AttestError } from "../../core/errors.js";
import { documentsIn } from "../../formats/documents.js";
import { readResults, type Results } from "../../formats/results.js";
import { parseXml } from "../../formats/xml.js";
import { read, realFolder } from "../../node/reading.js";
import { errno, ioError } from "../../node/faults.js";
import { isWithin, real } from "../../node/programs.js";
import type { Piece } from "../attachments.js";
import { fingerprint } from "../subject/digest.js";
import { filesNamed, folderNamed } from "./report-patterns.js";
import { placesOf } from "../redaction/local-paths.js";
import { REDACTED } from "../redaction/redact.js";

export interface RunnerReport {
  /** For people: the given file name or `stdout`, with a number if it contains several. */
  readonly name: string;
  /** Redacted file. Undefined for printed or missing reports, and for all but the first report in one file. */
  readonly file?: { readonly name: string; readonly bytes: Bytes; readonly modified: Date };
  /** Other files with the same bytes: a copied report counts once. */
  readonly copies?: readonly string[];
  /** Undefined if it cannot be read. */
  readonly results?: Results;
  /** Reasons not to rely on it, a sentence each. Excess counters are in the results. */
  readonly doubts: readonly string[];
}

interface Bounded {
  readonly bytes: Bytes;
  readonly truncated: boolean;
}

/** The output as published and as printed. */
export interface Printed extends Bounded {
  readonly unredacted: Bounded;
}

/** A file system may round times down, by at most two seconds (FAT). */
const ROUNDED_MS = 2000;
/** Largest possible error of a time without a zone. */
const ANY_ZONE_MS = 36 * 60 * 60 * 1000;

/** Looks at the places before the run, to tell old files from those that the run writes. */
export class Reports {
  readonly #cwd: string;
  /** The project's folder. */
  readonly #root: string;
  readonly #named: readonly string[];
  readonly #before: ReadonlyMap<string, string>;

  /** @param named paths of files or folders, patterns, or `-` for the command's output */
  constructor(cwd: string, named: readonly string[], root = cwd) {
    this.#cwd = cwd;
    this.#root = root;
    this.#named = [...new Set(named)];
    const there = named.length > 0 ? filesAmong(cwd, named) : inKnownPlaces(cwd);
    this.#before = new Map(there.map((name) => [resolve(cwd, name), fingerprint(resolve(cwd, name))]));
  }

  /** @param clean redacts what is published; outcomes are read from the original */
  collect(startedAt: Date, stdout: Printed, clean: (bytes: Bytes) => Bytes): RunnerReport[] {
    const printed = (): RunnerReport[] => {
      const from = ({ bytes, truncated }: Bounded): RunnerReport[] => {
        const found = documentsIn(bytes);
        const documents = found.length === 0 && this.#named.length > 0 ? [bytes] : found;
        return readAll("stdout", documents, startedAt, truncated ? [CUT] : []);
      };
      return publishable(from(stdout.unredacted), from(stdout), clean);
    };
    const seen = new Set<string>();
    const copies = new Map<string, string[]>();
    const readFile: ReadFile = (name, inFolder) => {
      const path = resolve(this.#cwd, name);
      if (seen.has(path)) return undefined;
      seen.add(path);
      const [first, ...more] = this.#file(name, startedAt, clean, inFolder);
      if (first?.file === undefined) return first === undefined ? [] : [first, ...more];
      const digest = createHash("sha256").update(first.file.bytes).digest("hex");
      const known = copies.get(digest);
      known?.push(first.name);
      if (known !== undefined) return undefined;
      const own: string[] = [];
      copies.set(digest, own);
      return [{ ...first, copies: own }, ...more];
    };
    if (this.#named.length > 0)
      return this.#named.flatMap((name) => (name === "-" ? printed() : this.#all(name, readFile, clean)));
    const fresh = inKnownPlaces(this.#cwd).filter((name) => this.#isFresh(name));
    return fresh.length > 0 ? fresh.flatMap((name) => readFile(name) ?? []) : printed();
  }

  #isFresh(name: string): boolean {
    const path = resolve(this.#cwd, name);
    return fingerprint(path) !== this.#before.get(path);
  }

  /** For a folder or pattern, the files written by the run. */
  #all(given: string, readFile: ReadFile, clean: (bytes: Bytes) => Bytes): RunnerReport[] {
    const { kind, files, closed } = filesNamed(this.#cwd, given);
    if (kind === "file") return readFile(given) ?? [];
    const fresh = files.filter((name) => this.#isFresh(name)).map((name) => readFile(name, kind === "folder"));
    const reports = fresh.flatMap((file) => file ?? []);
    const isEmpty = fresh.every((file) => file?.length === 0);
    const none =
      kind === "folder"
        ? "it holds no report that the run wrote"
        : files.length === 0
          ? "no file fits it"
          : `the run wrote none of the ${files.length} that fit it`;
    const doubts = [
      ...closed.map((folder) => `the folder ${folder} may not be looked into`),
      ...(isEmpty && closed.length === 0 ? [none] : []),
    ].map((sentence) => asText(clean(utf8(sentence))));
    return doubts.length === 0 ? reports : [...reports, { name: asText(clean(utf8(given))), doubts }];
  }

  /** @param inFolder it was found, not named, and may not be a report */
  #file(given: string, startedAt: Date, clean: (bytes: Bytes) => Bytes, inFolder = false): RunnerReport[] {
    const path = resolve(this.#cwd, given);
    const name = asText(clean(utf8(given)));
    const doubt = (sentence: string): RunnerReport[] => [{ name, doubts: [sentence] }];
    const isInside = isWithin(path, this.#root);
    if (inFolder && !REPORT.test(path)) return [];
    try {
      // A link out of the project would publish a foreign file.
      const folder = isInside ? this.#root : dirname(path);
      const stats = statOf(path);
      if (stats === undefined) return doubt("the run did not write it");
      if (!isWithin(realFolder(path), folder))
        return doubt(`it is a link that leads out of the project: name it by its real path, "$(realpath ${name})"`);
      // Old files are not published as output of this run.
      if (!this.#isFresh(given) || stats.mtimeMs < startedAt.getTime() - ROUNDED_MS)
        return doubt(`it is older than the run: last written ${stats.mtime.toISOString()}`);
      const written = read(path, { within: folder }) ?? new Uint8Array();
      if (inFolder && documentsIn(written).length === 0 && isSomethingElse(written)) return [];
      const bytes = clean(written);
      const from = (given: Bytes): RunnerReport[] => {
        const found = documentsIn(given);
        return readAll(name, found.length === 0 ? [given] : found, startedAt, []);
      };
      const reports = publishable(from(written), from(bytes), clean);
      // A file outside of the project without a report was probably named by mistake: quote nothing of it.
      if (!isInside && reports.every(({ results }) => results === undefined))
        return doubt("it lies outside of the project, and is not a readable report");
      const [first, ...more] = reports.map((report) => placeless(report, this.#root, clean));
      return first === undefined ? [] : [{ ...first, file: { name, bytes, modified: stats.mtime } }, ...more];
    } catch (error) {
      if (!(error instanceof AttestError)) throw error;
      return doubt(error.message.replaceAll(path, name).replaceAll(this.#root, "."));
    }
  }
}

/** Undefined if the file was read before, under any name. */
type ReadFile = (name: string, inFolder?: boolean) => RunnerReport[] | undefined;

/** File extensions of reports, in a folder with other files. */
const REPORT = /\.(?:xml|json|jsonl|ndjson|tap)$/i;

/** A complete document of another kind. */
function isSomethingElse(bytes: Bytes): boolean {
  try {
    const text = fromUtf8(bytes);
    if (text.trimStart().startsWith("<")) parseXml(text);
    else JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A sentence per path that links out of the project. Can be reported before a long run. */
export const ledOut = (cwd: string, named: readonly string[], root: string): string[] =>
  named.flatMap((name) => {
    const folder = folderNamed(name);
    const path = resolve(cwd, folder);
    const place = realWay(path);
    if (name === "-" || !path.startsWith(root.endsWith(sep) ? root : root + sep) || isWithin(place, root)) return [];
    const way = resolve(place, name.slice(folder.length + 1));
    return [`a link leads ${name} out of the project, so it will not be read; name it by its real path: ${way}`];
  });

/** The real path, even if its last parts do not exist yet. */
function realWay(path: string): string {
  const there = real(path);
  return there !== path || path === dirname(path) ? there : join(realWay(dirname(path)), basename(path));
}

function readAll(
  name: string,
  documents: readonly Bytes[],
  startedAt: Date,
  doubts: readonly string[],
): RunnerReport[] {
  return documents.map((bytes, at) =>
    readOne(documents.length === 1 ? name : `${name}, part ${at + 1}`, bytes, startedAt, doubts),
  );
}

function readOne(name: string, bytes: Bytes, startedAt: Date, doubts: readonly string[]): RunnerReport {
  try {
    const results = readResults(bytes);
    return {
      name,
      results,
      doubts: [
        ...doubts,
        ...tooEarly(results, startedAt),
        ...results.discrepancies,
        ...(results.cases.length === 0 ? ["it lists no test"] : []),
      ],
    };
  } catch (error) {
    if (!(error instanceof AttestError)) throw error;
    return { name, doubts: [...doubts, error.message] };
  }
}

/**
 * The publishable form of reports that were read from the originals. If redaction changed no outcome, it is the content of the redacted
 * bytes. Otherwise a secret value occurs in the report's structure (a variable may contain `failures`): then the original outcomes are
 * used, and every text that may contain part of a value is dropped.
 */
function publishable(
  written: readonly RunnerReport[],
  shown: readonly RunnerReport[],
  clean: (bytes: Bytes) => Bytes,
): RunnerReport[] {
  const told = (reports: readonly RunnerReport[]): string =>
    JSON.stringify(
      reports.map(({ results, doubts }) => [
        results?.format,
        results?.cases.map(({ outcome, retried }) => [outcome, retried]),
        doubts.length,
        results?.overcounts?.length,
        results?.retriedToo,
      ]),
    );
  if (told(written) === told(shown)) return [...shown];
  // A cut text may end in half a value that no search finds; doubts quote parts of the report of any length.
  const tidy = (text: string): string => (text.includes("…") ? REDACTED : asText(clean(utf8(text))));
  return written.map(({ name, results, doubts }) => ({
    name,
    doubts: doubts.length === 0 ? [] : [untold(doubts.length)],
    ...(results !== undefined && {
      results: {
        ...results,
        ...(results.tool !== undefined && { tool: tidy(results.tool) }),
        discrepancies: [],
        ...(results.overcounts !== undefined && { overcounts: [untold(results.overcounts.length)] }),
        cases: results.cases.map(({ name: own, suite, outcome, retried, durationMs }) => ({
          name: tidy(own),
          ...(suite !== undefined && { suite: tidy(suite) }),
          outcome,
          ...(retried && { retried }),
          ...(durationMs !== undefined && { durationMs }),
        })),
      },
    }),
  }));
}

const untold = (count: number): string =>
  `${count} ${count === 1 ? "fault" : "faults"} cannot be shown: a removed value is also a word of the report's format`;

function tooEarly(results: Results, run: Date): string[] {
  const before = (time: string | undefined, slack: number): boolean =>
    time !== undefined && Date.parse(time) < run.getTime() - slack;
  if (before(results.startedAt, ROUNDED_MS))
    return [`it says that its tests began before the run: ${String(results.startedAt)}`];
  const local = results.startedLocally;
  if (!before(local, ANY_ZONE_MS)) return [];
  return [`it says that its tests began before the run, in any time zone: ${String(local).slice(0, -1)}`];
}

/** Paths that were encoded with entities or escapes become visible only after parsing. */
function placeless(report: RunnerReport, root: string, clean: (bytes: Bytes) => Bytes): RunnerReport {
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
  const overcounts = report.results.overcounts?.map(tidy);
  return {
    ...report,
    doubts: report.doubts.map(tidy),
    results: { ...report.results, ...(overcounts && { overcounts }), cases },
  };
}

const CUT =
  "it is not whole: more was printed than is kept; let the runner write it into a file, and name that with --report";

const asText = (bytes: Bytes): string => new TextDecoder().decode(bytes);

/** The files that exist now among the named ones. */
export const filesAmong = (cwd: string, named: readonly string[]): string[] =>
  named.filter((name) => name !== "-").flatMap((name) => filesNamed(cwd, name).files);

/** Undefined if nothing exists. @throws AttestError `io` if it is unreadable */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (errno(error) === "ENOTDIR") return undefined;
    throw ioError("read", path, error);
  }
}

/** More are combined into one file, because each piece needs space in the statement. */
const MOST_PIECES = 20;

/** The report files as evidence. Printed output already is evidence. */
export function reportPieces(reports: readonly RunnerReport[]): Piece[] {
  const files = reports.flatMap(({ file }) => (file === undefined ? [] : [file]));
  const piece = (name: string, mediaType: string, bytes: Bytes, date: Date): Piece => ({
    name,
    role: "report",
    mediaType,
    bytes,
    source: { date, kind: "file-mtime" },
  });
  if (files.length > MOST_PIECES) {
    const texts = Object.fromEntries(files.map(({ name, bytes }) => [name, new TextDecoder().decode(bytes)]));
    const latest = new Date(Math.max(...files.map(({ modified }) => modified.getTime())));
    return [piece("reports.json", "application/json", utf8(JSON.stringify(texts)), latest)];
  }
  return files.map(({ name, bytes, modified }) =>
    piece(basename(name), MEDIA_TYPES[extname(name)] ?? "text/plain", bytes, modified),
  );
}

const MEDIA_TYPES: Readonly<Record<string, string>> = { ".json": "application/json", ".xml": "application/xml" };
