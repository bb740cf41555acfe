/** What runs in a browser: the engine of the pages on each vector, and the browser's own as it is asked there, after ours said yes. */
import { fromHex } from "../../src/core/bytes.js";
import { nobleEngine } from "../../src/core/engine.js";
import { subtle } from "../../web/opinion.js";
import type { Edge } from "./edges.js";

export interface Judged {
  /** A character for each vector: 1 for accepted, 0 for refused. */
  readonly noble: string;
  /** The same of WebCrypto, asked about those that noble accepts; - where it was not asked, ? where it cannot tell. */
  readonly second: string;
}

async function judge(edges: readonly Edge[]): Promise<Judged> {
  let [noble, second] = ["", ""];
  for (const { key, message, signature } of edges) {
    const question = [fromHex(key), fromHex(message), fromHex(signature)] as const;
    const accepted = nobleEngine.verify(...question);
    const answer = accepted ? await subtle(...question) : "not asked";
    noble += accepted ? "1" : "0";
    second += answer === "not asked" ? "-" : answer === undefined ? "?" : answer ? "1" : "0";
  }
  return { noble, second };
}
Object.assign(globalThis, { judge });
