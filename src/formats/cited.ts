/** A cited document of whatever kind → what it says of verdicts, exit codes and cases. It may be anybody's: what cannot be read says nothing. */
import { COUNTED, isVerdict, type Cited, type Counts, type Saying } from "../core/audit/cited.js";
import { fromUtf8, utf8, type Bytes } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import { isObject, type Json, type JsonObject } from "../core/json.js";
import type { EvidenceRef } from "../core/statement.js";
import { parseForeignJson } from "./foreign-json.js";
import { parsePack } from "./pack.js";
import { isPage } from "./page.js";
import { readResults } from "./results.js";
import { parseSkin } from "./skins.js";

/** Longer ones are not read for what they say; their digest is checked all the same. */
export const MAX_CITED = 16 * 1024 * 1024;

/** What a tested program prints, or an instrument: words there are nobody's verdict. */
const UNSPOKEN: ReadonlySet<string> = new Set(["stdout", "stderr", "observations", "observation", "script"]);

type Read = Omit<Cited, "pointer">;

/** @example readCited({ role: "record", … }, utf8('{"verdict":"VALIDATED"}')).sayings[0]?.value   // "VALIDATED" */
export function readCited({ role, mediaType = "" }: Pick<EvidenceRef, "role" | "mediaType">, bytes: Bytes): Read {
  if (UNSPOKEN.has(role)) return { sayings: [] };
  if (bytes.length > MAX_CITED) return unread(`it has ${bytes.length} bytes`);
  const tried: Read[] = [];
  const ways: (() => Read | undefined)[] = [];
  if (isPage(bytes)) ways.push(() => attestation(utf8(parsePack(bytes).text)));
  // An audit reads thousands of pieces: what cannot be JSON is not tried as such.
  const structured = OPENING.has(bytes.find((byte) => !BLANK.has(byte)) ?? 0);
  if (role === "report") ways.push(() => both(report(bytes), structured ? attempt(() => json(bytes)) : undefined));
  else if (structured)
    ways.push(
      () => attestation(bytes),
      () => json(bytes),
      () => lines(bytes),
    );
  if (/^text\//.test(mediaType)) ways.push(() => prose(fromUtf8(bytes)));
  for (const way of ways) {
    const read = attempt(way);
    if (read !== undefined && read.unread === undefined) return read;
    if (read !== undefined) tried.push(read);
  }
  return tried.at(-1) ?? unread("it is of no form that says anything");
}

const unread = (why: string): Read => ({ sayings: [], unread: why });

/** A report, and what is said beside its cases. */
const both = (report: Read, beside: Read | undefined): Read => ({
  ...report,
  ...(beside && { sayings: beside.sayings.filter(({ root }) => root === true) }),
});

function attempt(read: () => Read | undefined): Read | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof AttestError) return unread(error.message);
    throw error;
  }
}

/** "{" and "[". */
const OPENING: ReadonlySet<number> = new Set([0x7b, 0x5b]);
/** White space of JSON, and what a byte order mark is made of. */
const BLANK: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]);

/** Its own word, whether or not it verifies: that is asked of it where it is audited itself. */
function attestation(bytes: Bytes): Read {
  return { sayings: sayingsIn(parseSkin(bytes).payload, "/payload") };
}

function report(bytes: Bytes): Read {
  const { cases } = readResults(bytes);
  const counted = COUNTED.map((name) => [name, cases.filter(({ outcome }) => outcome === name).length]);
  return { sayings: [], counts: Object.fromEntries(counted) as Counts };
}

function json(bytes: Bytes): Read {
  const value = parseForeignJson(fromUtf8(bytes).replace(/^\ufeff/, ""));
  return { sayings: sayingsIn(value, ""), listing: isListing(value) };
}

/** NDJSON: events of one run, a line each. */
function lines(bytes: Bytes): Read | undefined {
  const all = fromUtf8(bytes).trim().split("\n");
  if (all.length > 100_000 || all[0]?.startsWith("{") !== true) return undefined;
  return {
    sayings: all.flatMap((line, at): Saying[] => {
      const event = parseForeignJson(line);
      const ended = isObject(event) && event["event"] === "exit" ? event["code"] : undefined;
      const exit: Saying[] =
        typeof ended === "number" ? [{ what: "exit code", where: `line ${at + 1}`, value: ended }] : [];
      return [...exit, ...sayingsIn(event, `line ${at + 1} `)];
    }),
  };
}

const EXIT = new Set(["exitCode", "exit_code", "exitStatus", "exit_status"]);
const MAX_SAYINGS = 1000;

function sayingsIn(whole: Json, from: string): Saying[] {
  const sayings: Saying[] = [];
  const walk = (value: Json, pointer: string): void => {
    if (sayings.length >= MAX_SAYINGS) return;
    if (Array.isArray(value)) (value as readonly Json[]).forEach((item, at) => walk(item, `${pointer}/${at}`));
    if (!isObject(value)) return;
    for (const [name, member] of Object.entries(value)) {
      const where = `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      const root = value === whole ? { root: true as const } : {};
      if (name === "verdict" && typeof member === "string" && isVerdict(member))
        sayings.push({ what: "verdict", where: labelled(value, where), value: member, ...root });
      else if (EXIT.has(name) && typeof member === "number")
        sayings.push({ what: "exit code", where: labelled(value, where), value: member, ...root });
      else walk(member, where);
    }
  };
  walk(whole, from);
  return sayings;
}

/** The record's own words for the place, where it has some. */
const labelled = (around: JsonObject, where: string): string =>
  typeof around["where"] === "string" ? `${where}, ${around["where"].slice(0, 80)}` : where;

const IDS = ["id", "name", "title", "path", "digest", "test", "check", "case", "claim"];

/** Verdicts of several things, each of which has a name of its own. */
function isListing(value: Json): boolean {
  if (Array.isArray(value)) return (value as readonly Json[]).some(isListing);
  if (!isObject(value)) return false;
  const members = Object.values(value);
  const items = members.flatMap((member) => (Array.isArray(member) ? (member as readonly Json[]) : []));
  const named = [...items, ...members].filter(
    (item) => isObject(item) && "verdict" in item && IDS.some((id) => id in item),
  );
  return named.length > 1 || members.some((member) => isListing(member));
}

/** "Result: INCONCLUSIVE", "Status: ✅ VALIDATED": a line that says how something came out, and not a sentence that speaks of it. */
function prose(text: string): Read {
  const said =
    /(?:^|[^\p{L}])(?:result|status|verdict)\s*:[^\p{L}\n]{0,20}(VALIDATED|INCONCLUSIVE|REFUTED)(?!\p{L})/giu;
  return {
    sayings: text.split("\n").flatMap((line, at) =>
      [...line.matchAll(said)].flatMap(([, word = ""]): Saying[] => {
        const value = word.toUpperCase();
        return isVerdict(value) ? [{ what: "verdict", where: `line ${at + 1}`, value }] : [];
      }),
    ),
  };
}
