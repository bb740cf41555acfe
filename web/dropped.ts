/** Evidence files of the reader: hashed here slice by slice and compared with the signed digests. No file leaves the page. */
import { hex, type Bytes } from "../src/core/bytes.js";
import { nobleHashing } from "../src/core/engine.js";
import type { EvidenceRef } from "../src/core/statement/statement.js";
import type { VerifyOptions } from "../src/core/verify/verify.js";
import { printable } from "../src/view/printable.js";
import { givenSummary, isSame, stateAmong, type GivenFile } from "../src/view/given.js";
import { droppable, element, say, sayer } from "./tools.js";

/** A few milliseconds of work, so that the tab stays responsive. Memory use does not depend on the file's size. */
const SLICE = 1 << 20;
/** Limit for observations, which are kept for recomputing outcomes. */
const MAX_KEPT = 64 << 20;
/** Progress is first announced after a second, and then rarely enough to listen to. */
const FIRST_WORD = 1000;
const NEXT_WORD = 2000;

/** @param told called with the number of hashed bytes */
export async function hashOf(file: Blob, told: (done: number) => void = () => undefined): Promise<string> {
  const hash = nobleHashing();
  for (let at = 0; at < file.size; at += SLICE) {
    hash.update(new Uint8Array(await file.slice(at, at + SLICE).arrayBuffer()));
    told(Math.min(at + SLICE, file.size));
  }
  return hex(hash.digest());
}

/** The files given for one document. */
export class Dropped {
  evidence: readonly EvidenceRef[] = [];
  files: readonly GivenFile[] = [];
  readonly #kept = new Map<string, Bytes>();
  #queue: Promise<unknown> = Promise.resolve();

  /** Options for the verifier; empty before any file was given. Outcomes are recomputed once all observations are there. */
  options(): Pick<VerifyOptions, "archived" | "observations"> {
    if (this.files.length === 0) return {};
    const observations = this.evidence.filter(({ role }) => role === "observations");
    const whole = observations.length > 0 && observations.every(({ digest }) => this.#kept.has(digest.sha256 ?? ""));
    return {
      archived: stateAmong(this.evidence, this.files),
      ...(whole && { observations: (digest: string) => this.#kept.get(digest) }),
    };
  }

  /** Runs calls one after the other. Returns the result in words. */
  take(files: readonly File[], progress: (said: string) => void): Promise<string> {
    const taken = this.#queue.then(() => this.#take(files, progress));
    this.#queue = taken.catch(() => undefined);
    return taken;
  }

  async #take(files: readonly File[], progress: (said: string) => void): Promise<string> {
    let next = performance.now() + FIRST_WORD;
    const given: GivenFile[] = [];
    const unread: string[] = [];
    for (const file of files) {
      const { name, size } = file;
      try {
        const digest = await hashOf(file, (done) => {
          if (performance.now() < next) return;
          next = performance.now() + NEXT_WORD;
          progress(`hashing ${name}: ${Math.floor((100 * done) / size)} %`);
        });
        const one = { name, size, sha256: digest };
        await this.#keep(file, one);
        given.push(one);
        this.files = [...this.files.filter((other) => this.#stays(other, one)), one];
      } catch {
        unread.push(name); // a folder, or a deleted file
      }
    }
    const lost = unread.length === 0 ? "" : ` Could not be read: ${unread.join(", ")}.`;
    return `${given.length === 0 ? "" : givenSummary(this.evidence, this.files, given)}${lost}`.trim();
  }

  /** A file replaces an earlier one of the same name, unless the earlier one matched a piece of its own. */
  #stays(other: GivenFile, one: GivenFile): boolean {
    if (other.name !== one.name) return true;
    return other.sha256 !== one.sha256 && this.evidence.some((piece) => isSame(piece, other));
  }

  async #keep(file: File, given: GivenFile): Promise<void> {
    const wanted = this.evidence.some((piece) => piece.role === "observations" && isSame(piece, given));
    const kept = [...this.#kept.values()].reduce((sum, { length }) => sum + length, 0);
    if (!wanted || this.#kept.has(given.sha256) || kept + given.size > MAX_KEPT) return;
    this.#kept.set(given.sha256, new Uint8Array(await file.arrayBuffer())); // hashed again before use
  }

  async forget(): Promise<string> {
    await this.#queue;
    this.files = [];
    this.#kept.clear();
    return "Forgotten: the files that were given here no longer count.";
  }
}

const dropped = new WeakMap<object, Dropped>();

/** Stored per document: results for its files must not carry over to another. */
export function droppedOn(given: object): Dropped {
  const known = dropped.get(given) ?? new Dropped();
  dropped.set(given, known);
  return known;
}

/**
 * @param again verifies and shows the document again, including this field
 * @returns undefined if the document has no digest to compare with
 */
export function evidenceField(
  evidence: readonly EvidenceRef[],
  given: Dropped,
  again: () => Promise<void>,
): HTMLElement | undefined {
  given.evidence = evidence;
  if (evidence.every(({ digest }) => digest.sha256 === undefined)) return undefined;
  const input = element("input", { type: "file", id: "evidence-file", multiple: true });
  const label = element(
    "label",
    { htmlFor: "evidence-file" },
    "Choose the files, or drop them here. Each is hashed on this device and compared with the digests that were signed; nothing is sent.",
  );
  const forget = element("button", { type: "button", className: "quiet" }, "Forget these files");
  forget.addEventListener("click", () => void act(() => given.forget()));
  const field = element(
    "fieldset",
    { className: "pieces" },
    element("legend", {}, "Do you have the evidence?"),
    element("p", {}, label),
    element("div", { className: "field" }, input, ...(given.files.length === 0 ? [] : [forget])),
    sayer("evidence-said"),
  );
  const act = async (change: () => Promise<string>): Promise<void> => {
    await say("evidence-said", async () => {
      const said = await change();
      await inPlace(again);
      return said;
    });
  };
  const progress = (said: string): void => document.getElementById("evidence-said")?.replaceChildren(printable(said));
  const open = (files: FileList | null): void => {
    const list = [...(files ?? [])]; // the list is emptied after the event
    if (list.length > 0) void act(() => given.take(list, progress));
  };
  input.addEventListener("change", () => open(input.files));
  const tools = element("div", { className: "tools" }, field);
  return droppable(tools, open);
}

/** Everything is redrawn; this keeps the scroll position and moves the focus to the next step. */
async function inPlace(act: () => Promise<void>): Promise<void> {
  const input = (): HTMLElement | null => document.getElementById("evidence-file");
  const before = input()?.getBoundingClientRect().top;
  await act();
  input()?.focus({ preventScroll: true });
  const after = input()?.getBoundingClientRect().top;
  if (before !== undefined && after !== undefined) scrollBy({ top: after - before, behavior: "instant" });
}
