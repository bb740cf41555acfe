/**
 * Several files that are given to one command which writes. All are read and checked before anything is written; a bad one stops no other,
 * and is named in an error line of its own. The exit status is that of the first.
 */
import { AttestError } from "../core/errors.js";
import type { Json } from "../core/json.js";
import { asFault } from "../node/faults.js";
import { anywhere } from "../store/open.js";
import { registryFolder } from "./context.js";
import { exitOf } from "./exit-status.js";
import { exitWith } from "./io.js";
import { answer, answerJson, LateProgress, talk } from "./ui.js";

/** What is told of a file that went well. */
export interface Told {
  /** Where it was written. */
  readonly path: string;
  /** For people. */
  readonly line: string;
  readonly json: Readonly<Record<string, Json>>;
}

/** Refuses what holds for one file alone. @throws AttestError `usage` */
export function mustBeSeveral(files: readonly string[], what: string, output?: string): void {
  if (output !== undefined)
    throw new AttestError(
      "usage",
      `--output takes one attestation, found ${files.length} ${what}`,
      "publish them together in a registry with --registry DIR, or give one at a time",
    );
  if (files.filter((file) => file === "-").length > 1)
    throw new AttestError("usage", "- is given twice", "stdin is read once: name the other as a file");
}

/**
 * A file that lies in the registry of all.
 * @throws AttestError `registry-missing`; `usage` if they lie in several registries and none is named
 */
export function commonPlace(files: readonly string[], given: string | undefined): string | undefined {
  const [first, ...more] = files.filter((file) => file !== "-");
  const folder = first === undefined ? undefined : anywhere(registryFolder(given, first));
  const other = more.find((file) => anywhere(registryFolder(given, file)) !== folder);
  if (other === undefined) return first;
  throw new AttestError(
    "usage",
    `${first ?? ""} and ${other} lie in different registries`,
    "name the one to publish to with --registry DIR",
  );
}

/** Of each: what `act` returns for one that is good so far, or its fault. */
export async function eachGood<T, R>(
  all: readonly (T | AttestError)[],
  act: (one: T) => Promise<R>,
): Promise<readonly (R | AttestError)[]> {
  const done: (R | AttestError)[] = [];
  for (const one of all) {
    try {
      done.push(one instanceof AttestError ? one : await act(one));
    } catch (error) {
      const fault = asFault(error);
      if (fault.code === "internal") throw error;
      done.push(fault);
    }
  }
  return done;
}

/** The same for a call that takes all good ones at once and returns its answers in their order. */
export async function allGood<T, R>(
  all: readonly (T | AttestError)[],
  act: (good: readonly T[]) => Promise<readonly (R | AttestError)[]>,
): Promise<readonly (R | AttestError)[]> {
  const good = all.filter((one): one is T => !(one instanceof AttestError));
  const answers = (good.length === 0 ? [] : await act(good)).values();
  return all.map((one) => (one instanceof AttestError ? one : (answers.next().value as R | AttestError)));
}

/** Says how far it is once a second has passed. */
export async function withCount<T>(
  what: string,
  total: number,
  act: (progress: (done: number, phase?: string) => void) => Promise<T>,
): Promise<T> {
  const progress = new LateProgress();
  try {
    return await act((done, phase = what) => progress.say(`${phase} ${done} of ${total}`, done / total));
  } finally {
    progress.end();
  }
}

/** @param together what is said of all that went well */
export function tellEach(
  files: readonly string[],
  all: readonly (Told | AttestError)[],
  json: boolean,
  together: (good: number) => string,
): void {
  const faults = all.filter((one) => one instanceof AttestError);
  const exit = faults[0] === undefined ? 0 : exitOf(faults[0].code);
  exitWith(exit);
  const documents = all.map((one, at) => {
    const target = files[at] ?? "";
    if (!(one instanceof AttestError)) return { target, ...one.json, path: one.path };
    return { target, error: { code: one.code, message: one.message, hint: one.hint } };
  });
  if (json) return answerJson({ documents, exit });
  for (const [at, one] of all.entries())
    if (one instanceof AttestError) talk(`error: ${files[at] ?? ""}: ${one.message}`);
    else {
      answer(one.path);
      talk(one.line);
    }
  for (const hint of new Set(faults.flatMap(({ hint }) => hint ?? []))) talk(`hint: ${hint}`);
  if (faults.length < all.length) talk(together(all.length - faults.length));
}
