/**
 * Reads verdicts, exit codes and test counts from a cited document of any kind. The document and its name are untrusted, so JSON and XML
 * are recognized by content. What cannot be read completely is marked `unread`, never treated as empty.
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

/** Longer documents are not read; only their digest is checked. */
export const MAX_CITED = 16 * 1024 * 1024;

/** Roles that hold the output of tested programs or instruments: words there are not verdicts. */
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
    // JSON or XML in Markdown is an example.
    const read = MARKDOWN.test(mediaType) ? unread("a person wrote it") : attempt(() => report(bytes));
    if (STRUCTURED.has(opening))
      return both(
        read,
        attempt(() => json(bytes)),
      );
    if (read.unread === undefined || opening === MARKUP || !prosaic) return read;
    // An unknown plain text may be a truncated report. Markdown is written by a person.
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
    // A text may begin with a bracket, and truncated JSON does too. Read its words, but mark it as unread.
    const words = prosaic ? attempt(() => prose(fromUtf8(bytes))) : NOTHING;
    return { ...(tried[1] ?? NOTHING), sayings: words.sayings };
  }
  if (prosaic && opening !== MARKUP) return attempt(() => prose(fromUtf8(bytes)));
  return unread("its form has no text that can be read");
}

const NOTHING: Read = { sayings: [] };
/** Text written by people. In other `text/` types, tags or commas stand between the words. */
const PROSE = /^text\/(?:plain|(?:x-)?markdown)(?:\s*;|$)/i;

const MARKDOWN = /markdown/i;

const unread = (why: string): Read => ({ sayings: [], unread: why });

/** Joins a report with what the document says beside its cases. */
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
/** White space of JSON, and the bytes of a byte order mark. */
const BLANK: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]);

/** Its own verdict, verified or not. Verification is part of its own audit. */
function attestation(bytes: Bytes): Read {
  return heard((said) => said.hear(parseAnyEnvelope(bytes).payload, "/payload"));
}

/** Reads test reports as a run does: several may stand in one file, between other lines. */
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

/** A run with many reports packs their texts into one file, by name. */
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

/** NDJSON: one event per line. */
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
/** Keeps different values only, so that repetitions cannot push a value over the limit. */
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

/** The record's own name for the place, if it has one. */
const labelled = (around: JsonObject, where: string): string =>
  typeof around["where"] === "string" ? `${where}, ${around["where"].slice(0, 80)}` : where;

const IDS = ["id", "name", "title", "path", "digest", "test", "check", "case", "claim"];

/** A listing has verdicts of several things, each with a name. */
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

/** "Result: INCONCLUSIVE", "Status: ✅ VALIDATED": matches lines that state a result, not sentences about one. */
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
