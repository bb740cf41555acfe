/** The evidence in a pack: hashed here slice by slice before anything is said about it, and saved as a file, never rendered. */
import { envelopeIn } from "../src/core/verify/bundled.js";
import { equal, fromBase64, hex, type Bytes } from "../src/core/bytes.js";
import { nobleHashing } from "../src/core/engine.js";
import { AttestError } from "../src/core/errors.js";
import { readStatement, type EvidenceRef } from "../src/core/statement/statement.js";
import type { VerifyOptions } from "../src/core/verify/verify.js";
import { pieceIn } from "../src/formats/pack.js";
import { safeName } from "../src/view/file-name.js";
import type { DataOf } from "../src/formats/page-data.js";
import { printable } from "../src/view/printable.js";
import type { PageLinks } from "../src/view/standing.js";

/** Characters of base64: whole quanta, and a few milliseconds of work. */
const SLICE = 4 * 2 ** 18;
/** Longest blocking time. After a second the page shows progress. */
const BUSY_MS = 40;
const QUIET_MS = 1000;
/** Limit for recomputing observations at each verification. */
const MAX_RECOMPUTED = 8 * 2 ** 20;

type Texts = DataOf<"pack">["packed"];

export interface Packed {
  /** Whether these bytes are the pack's document. */
  readonly holds: (bytes: Bytes) => boolean;
  readonly options: (bytes: Bytes) => Pick<VerifyOptions, "archived" | "observations">;
  readonly word: NonNullable<PageLinks["packed"]>;
  /** File name of the pack. */
  readonly file: string;
  /** Adds a save button to each piece with the signed digest. */
  readonly offer: (main: HTMLElement, evidence: readonly EvidenceRef[]) => void;
}

/** @param say called if it takes a while, with hashed and total bytes */
export async function openPacked(
  texts: Texts,
  document: Bytes,
  say: (done: number, all: number) => void,
): Promise<Packed> {
  const sizes = await hashAll(texts, say);
  const word: Packed["word"] = (sha256 = "") =>
    !Object.hasOwn(texts, sha256) ? "missing" : sizes.has(sha256) ? "same" : "changed";
  const archived: NonNullable<VerifyOptions["archived"]> = (sha256, size) => {
    const found = word(sha256);
    if (found === "missing") return found;
    return sizes.get(sha256) === size ? "same" : "changed";
  };
  return {
    holds: (bytes) => equal(bytes, document),
    options: (bytes) => ({ archived, ...observationsFor(bytes, texts, sizes) }),
    word,
    file: ownName(),
    offer: (main, evidence) => {
      const lines = main.querySelectorAll(".evidence .packed");
      for (const [at, { name, digest }] of evidence.entries())
        if (word(digest.sha256) === "same") lines[at]?.append(" ", saver(name, texts, digest.sha256 ?? ""));
    },
  };
}

/** Sizes of the pieces that match their digest. */
async function hashAll(texts: Texts, say: (done: number, all: number) => void): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  const all = Object.values(texts).reduce((sum, { length }) => sum + length, 0);
  const started = performance.now();
  let last = started;
  let before = 0;
  const breathe = async (at: number): Promise<void> => {
    const now = performance.now();
    if (now - last < BUSY_MS) return;
    if (now - started > QUIET_MS) say(((before + at) * 3) / 4, (all * 3) / 4);
    await new Promise((resolve) => setTimeout(resolve, 0));
    last = performance.now();
  };
  for (const [sha256, text] of Object.entries(texts)) {
    const found = await hashOne(text, breathe);
    if (found?.sha256 === sha256) sizes.set(sha256, found.size);
    before += text.length;
  }
  return sizes;
}

/** Undefined for invalid base64. */
async function hashOne(
  text: string,
  breathe: (at: number) => Promise<void>,
): Promise<{ readonly sha256: string; readonly size: number } | undefined> {
  const hashing = nobleHashing();
  let size = 0;
  for (let at = 0; at < text.length; at += SLICE) {
    const slice = text.slice(at, at + SLICE);
    if (at + SLICE < text.length && slice.endsWith("=")) return undefined;
    try {
      const bytes = fromBase64(slice);
      hashing.update(bytes);
      size += bytes.length;
    } catch (error) {
      if (error instanceof AttestError) return undefined;
      throw error;
    }
    await breathe(at);
  }
  return { sha256: hex(hashing.digest()), size };
}

/** Only if there is something to recompute, everything is available, and it is quick. Otherwise the step is not requested. */
function observationsFor(
  bytes: Bytes,
  texts: Texts,
  sizes: ReadonlyMap<string, number>,
): Pick<VerifyOptions, "observations"> {
  const read = readStatement(envelopeIn(bytes)?.payload);
  if ("fault" in read) return {};
  const { checks, evidence } = read.statement.predicate.f3;
  const pieces = evidence.filter(({ role }) => role === "observations");
  const found = pieces.map(({ digest: { sha256 = "" } }) => sizes.get(sha256) ?? Infinity);
  const some = pieces.length > 0 && checks.some(({ criterion }) => criterion !== undefined);
  if (!some || found.reduce((sum, size) => sum + size, 0) > MAX_RECOMPUTED) return {};
  return { observations: (sha256) => pieceIn(texts, sha256) };
}

function ownName(): string {
  try {
    return decodeURIComponent(location.pathname.split("/").at(-1) ?? "");
  } catch {
    return "";
  }
}

/** The browser gets it as plain bytes, whatever type the document claims. */
function saver(name: string, texts: Texts, sha256: string): HTMLElement {
  const button = Object.assign(document.createElement("button"), {
    type: "button",
    className: "quiet",
    textContent: "Save this piece",
    title: printable(name),
  });
  button.setAttribute("aria-label", `Save this piece: ${printable(name)}`);
  button.addEventListener("click", () => {
    const bytes = new Uint8Array(pieceIn(texts, sha256) ?? []);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
    link.download = safeName(name);
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  });
  return button;
}
