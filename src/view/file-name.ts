/** The file name for saving a piece of evidence. It comes from the document, and the reader's system chooses a program by its extension. */

/** Extensions that nothing executes and no browser renders as a page. XML reports and SVG may contain scripts. */
const PLAIN = /^(?:txt|log|json|ndjson|jsonl|csv|tsv|md|tap|png|jpe?g|gif|webp)$/i;
const MAX_LENGTH = 80;

/** A single path part in plain letters. An extension that is not plain gets a harmless one appended. */
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
