/** Work that is not done twice: the proofs of a registry name the same few checkpoints, under the same few keys. */
import { equal, hex, type Bytes } from "./bytes.js";
import type { Engine } from "./engine.js";

const MOST = 64;
/** A checkpoint has less. A document is verified once anyway, and would be kept in memory. */
const MAX_MESSAGE = 4096;

interface Answer {
  readonly key: Bytes;
  readonly message: Bytes;
  readonly good: boolean;
}

/** The same parser, which gives the same object for the same text. What it throws is not kept. */
export function rememberingTexts<T extends object>(parse: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const parsed = parse(text);
    if (text.length > MAX_MESSAGE) return parsed;
    makeRoom(known);
    known.set(text, parsed);
    return parsed;
  };
}

/** An engine with the same answers for the same bytes of key, message and signature. */
export function remembering(engine: Engine): Engine {
  const answers = new Map<string, Answer>();
  return {
    ...engine,
    verify(key, message, signature) {
      if (message.length > MAX_MESSAGE) return engine.verify(key, message, signature);
      const name = hex(signature);
      const known = answers.get(name);
      if (known !== undefined && equal(known.key, key) && equal(known.message, message)) return known.good;
      const good = engine.verify(key, message, signature);
      makeRoom(answers);
      answers.set(name, { key: key.slice(), message: message.slice(), good });
      return good;
    },
  };
}

function makeRoom(known: Map<string, unknown>): void {
  const [oldest] = known.size < MOST ? [] : known.keys();
  if (oldest !== undefined) known.delete(oldest);
}
