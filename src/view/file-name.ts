/** The name under which a piece of evidence is saved: it comes from the document, and the reader's system goes by its ending. */

/** What nothing runs that opens it, and no browser renders as a page: a report in XML or an SVG can hold scripts. */
const PLAIN = /^(?:txt|log|json|ndjson|jsonl|csv|tsv|md|tap|png|jpe?g|gif|webp)$/i;
const MAX_LENGTH = 80;

/** One part of a path, in plain letters; with an ending that is not plain it gets one that opens nothing. */
export function safeName(name: string): string {
  const last =
    name
      .slice(-2 * MAX_LENGTH)
      .split(/[/\\]/)
      .at(-1) ?? "";
  const plain = last.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[.-]+|[.-]+$/g, "");
  const [, stem = plain, ending = ""] = /^(.+)\.([A-Za-z0-9]+)$/.exec(plain) ?? [];
  const short = stem.slice(0, MAX_LENGTH).replace(/[.-]+$/, "");
  const whole = short === "" ? "evidence" : short;
  if (PLAIN.test(ending)) return `${whole}.${ending}`;
  return `${whole}${ending === "" ? "" : `.${ending.slice(0, 12)}`}.bin`;
}
