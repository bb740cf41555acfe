/**
 * A cited document of whatever kind → what it says of verdicts, exit codes and cases. It may be anybody's, and so may be what it is called:
 * whether it is JSON or XML is seen by its content. What cannot be read, or not to its end, is `unread`, and never taken for silence.
 */
import { isVerdict, type Cited, type Counts, type Saying } from "../core/audit/cited.js";
import { fromAnyBytes, fromUtf8, utf8, type Bytes } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import { isObject, type Json, type JsonObject } from "../core/json.js";
import type { EvidenceRef } from "../core/statement/statement.js";
import { OUTCOMES } from "../core/statement/verdict.js";
import { documentsIn } from "./documents.js";
import { asObject, parseForeignJson } from "./foreign-json.js";
import { parsePack } from "./pack.js";
import { isPage } from "./page.js";
import { readResults } from "./results.js";
import { parseAnyEnvelope } from "./envelope-formats.js";

/** Longer ones are not read for what they say; their digest is checked all the same. */
export const MAX_CITED = 16 * 1024 * 1024;

/** What a tested program prints, or an instrument: words there are nobody's verdict. */
const UNSPOKEN: ReadonlySet<string> = new Set(["stdout", "stderr", "observations", "observation", "script"]);

type Read = Omit<Cited, "pointer">;

/** @example readCited({ role: "record", … }, utf8('{"verdict":"VALIDATED"}')).sayings[0]?.value   // "VALIDATED" */
export function readCited({ role, mediaType = "" }: Pick<EvidenceRef, "role" | "mediaType">, bytes: Bytes): Read {
  if (UNSPOKEN.has(role)) return { sayings: [] };
  if (bytes.length > MAX_CITED) return unread(`it has ${bytes.length} bytes`);
  if (isPage(bytes)) return attempt(() => attestation(utf8(parsePack(bytes).text)));
  const opening = bytes.find((byte) => !BLANK.has(byte)) ?? 0;
  const prosaic = PROSE.test(mediaType);
  if (role === "report") {
    // What stands between a person's lines is an example.
    const read = MARKDOWN.test(mediaType) ? unread("a person wrote it") : attempt(() => report(bytes));
    if (STRUCTURED.has(opening))
      return both(
        read,
        attempt(() => json(bytes)),
      );
    if (read.unread === undefined || opening === MARKUP || !prosaic) return read;
    // A runner's report is a plain text too, and one that is not known may have been cut off. Markdown is what a person wrote.
    if (!MARKDOWN.test(mediaType)) return { ...attempt(() => prose(fromUtf8(bytes))), unread: read.unread };
  } else if (STRUCTURED.has(opening)) {
    const tried: Read[] = [];
    for (const way of [attestation, json, lines]) {
      const read = attempt(() => way(bytes));
      if (read.unread === undefined) return read;
      tried.push(read);
    }
    const part = tried.find(({ sayings }) => sayings.length > 0);
    if (part !== undefined) return part;
    // A text may begin with a bracket, and a document that was cut off is one no more: whatever it says in words, there may be more in it.
    const words = prosaic ? attempt(() => prose(fromUtf8(bytes))) : NOTHING;
    return { ...(tried[1] ?? NOTHING), sayings: words.sayings };
  }
  if (prosaic && opening !== MARKUP) return attempt(() => prose(fromUtf8(bytes)));
  return unread("it is of no form that says anything");
}

const NOTHING: Read = { sayings: [] };
/** What people write, and nothing else that begins with `text/`: tags and commas stand between the words of the others. */
const PROSE = /^text\/(?:plain|(?:x-)?markdown)(?:\s*;|$)/i;

const MARKDOWN = /markdown/i;

const unread = (why: string): Read => ({ sayings: [], unread: why });

/** A report, and what is said beside its cases. Of events, a line each, there is nothing beside them. */
const both = (report: Read, beside: Read): Read => ({
  ...report,
  sayings: beside.sayings.filter(({ root }) => root === true),
});

function attempt(read: () => Read): Read {
  try {
    return read();
  } catch (error) {
    if (error instanceof AttestError) return unread(error.message);
    throw error;
  }
}

/** "{", "[" and "<". */
const STRUCTURED: ReadonlySet<number> = new Set([0x7b, 0x5b]);
const MARKUP = 0x3c;
/** White space of JSON, and what a byte order mark is made of. */
const BLANK: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]);

/** Its own word, whether or not it verifies: that is asked of it where it is audited itself. */
function attestation(bytes: Bytes): Read {
  return heard((said) => said.hear(parseAnyEnvelope(bytes).payload, "/payload"));
}

/** Read as a run reads it: several may stand in one file, between other lines. */
function report(bytes: Bytes): Read {
  const found = documentsIn(bytes);
  const results = (found.length > 0 ? found : reportsIn(bytes)).map((one) => readResults(one));
  const counts = results.map(({ format, cases }) => {
    const counted = OUTCOMES.map((name) => [name, cases.filter(({ outcome }) => outcome === name).length]);
    return { format, counts: Object.fromEntries(counted) as Counts };
  });
  const [doubt] = results.flatMap(({ discrepancies, overcounts = [] }) => [...discrepancies, ...overcounts]);
  return { sayings: [], counts, ...(doubt !== undefined && { unread: doubt }) };
}

/** A run with many reports puts their texts into one file, by their names. */
function reportsIn(bytes: Bytes): readonly Bytes[] {
  if (!/^\s*\{/.test(fromAnyBytes(bytes.subarray(0, 100)))) return [bytes];
  const texts = Object.values(asObject(parseForeignJson(fromUtf8(bytes))));
  return texts.length > 0 && texts.every((one) => typeof one === "string")
    ? texts.flatMap((text) => documentsIn(utf8(text)))
    : [bytes];
}

function json(bytes: Bytes): Read {
  const value = parseForeignJson(fromUtf8(bytes).replace(/^\ufeff/, ""));
  return { ...heard((said) => said.hear(value, "")), listing: isListing(value) };
}

/** NDJSON: events of one run, a line each. */
function lines(bytes: Bytes): Read {
  return heard((said) => {
    for (const [at, line] of fromUtf8(bytes).trim().split("\n").entries()) {
      const event = parseForeignJson(line);
      const ended = isObject(event) && event["event"] === "exit" ? event["code"] : undefined;
      if (typeof ended === "number") said.add({ what: "exit code", where: `line ${at + 1}`, value: ended });
      said.hear(event, `line ${at + 1} `);
    }
  });
}

const EXIT = new Set(["exitCode", "exit_code", "exitStatus", "exit_status"]);
/** Values that differ: what is said again is heard once, so that nothing stands behind a thousand sayings of one thing. */
const MAX_SAYINGS = 1000;

function heard(listen: (said: Sayings) => void): Read {
  const said = new Sayings();
  listen(said);
  return { sayings: said.all, ...(said.more && { unread: `it says more than ${MAX_SAYINGS} different things` }) };
}

class Sayings {
  readonly #all = new Map<string, Saying>();
  more = false;

  get all(): Saying[] {
    return [...this.#all.values()];
  }

  add(saying: Saying): void {
    const { what, value, root } = saying;
    const key = `${what} ${value} ${String(root)}`;
    if (this.#all.has(key)) return;
    if (this.#all.size < MAX_SAYINGS) this.#all.set(key, saying);
    else this.more = true;
  }

  hear(whole: Json, from: string): void {
    const walk = (value: Json, pointer: string): void => {
      if (Array.isArray(value)) (value as readonly Json[]).forEach((item, at) => walk(item, `${pointer}/${at}`));
      if (!isObject(value)) return;
      for (const [name, member] of Object.entries(value)) {
        const where = `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
        const root = value === whole ? { root: true as const } : {};
        if (name === "verdict" && typeof member === "string" && isVerdict(member))
          this.add({ what: "verdict", where: labelled(value, where), value: member, ...root });
        else if (EXIT.has(name) && typeof member === "number")
          this.add({ what: "exit code", where: labelled(value, where), value: member, ...root });
        else walk(member, where);
      }
    };
    walk(whole, from);
  }
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
