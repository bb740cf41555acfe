/** A registry of many documents, verified on all processors. */
import { AttestError } from "../core/errors.js";
import { isFolder } from "../node/files.js";
import type * as Pool from "../node/pool.js";
import { namesIn } from "../pipeline/load/load.js";
import { engine } from "./context.js";
import type { Answered, Task } from "./verify-worker.js";
import type { Asked, Form } from "./verify-request.js";
import type { Line } from "./verified-words.js";

/** A worker takes as long to start as some three hundred documents. */
const MANY = 1000;

const WORKER = new URL("./verify-worker.js", import.meta.url);

/** Undefined for anything but one registry's folder with many documents, and where there is one processor. */
export async function acrossCores(
  asked: Asked,
  form: Form,
  progress: (text: string, share: number) => void,
): Promise<AsyncGenerator<Line> | undefined> {
  const [folder, ...more] = asked.targets;
  if (folder === undefined || more.length > 0 || folder === "-" || !isFolder(folder)) return undefined;
  const names = await orNone(() => namesIn(folder, engine)); // what is wrong with it is told by the usual way
  if (names.length < MANY) return undefined;
  const pool = await import("../node/pool.js"); // few calls need it
  return pool.canPool(WORKER) ? lines(names, { asked, form }, progress, pool) : undefined;
}

async function orNone(act: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof AttestError) return [];
    throw error;
  }
}

async function* lines(
  names: readonly string[],
  data: Task,
  progress: (text: string, share: number) => void,
  { inPieces, pooled }: typeof Pool,
): AsyncGenerator<Line> {
  const pieces = inPieces(names);
  const started = performance.now();
  let [done, answers] = [0, 0];
  for await (const answered of pooled<readonly string[], Answered>({ module: WORKER, data, pieces })) {
    if ("fault" in answered) {
      const { code, message, hint } = answered.fault;
      throw new AttestError(code, message, hint);
    }
    yield* answered.lines;
    done += pieces[answers++]?.length ?? 0;
    const rate = Math.round((done / (performance.now() - started)) * 1000);
    progress(`${done} of ${names.length} documents, ${rate} a second`, done / names.length);
  }
}
