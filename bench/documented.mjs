/** Puts the figures of one run into docs/bench.md, and its picture beside it. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parsed } from "./measure.mjs";
import { plotOf } from "./plot.mjs";
import { tableLines } from "./report.mjs";

const DOCUMENT = fileURLToPath(new URL("../docs/bench.md", import.meta.url));
const [BEGIN, END] = ["<!-- figures -->", "<!-- /figures -->"];

/** @typedef {{ at: string, mode: string, machine: Record<string, string | number>, versions: Record<string, string>, spoilt: string[], rows: import("./report.mjs").Result[] }} Written by run.mjs */

/** @type {(path: string) => void} */
export function documented(path) {
  const { at, mode, machine, versions, spoilt, rows } = /** @type {Written} */ (parsed(readFileSync(path, "utf8")));
  const text = readFileSync(DOCUMENT, "utf8");
  const [before, rest = ""] = text.split(BEGIN);
  const [, after] = rest.split(END);
  if (before === undefined || after === undefined)
    throw new Error(`expected ${BEGIN} … ${END} in ${DOCUMENT}, found none`);
  const lines = [
    BEGIN,
    "",
    `Measured ${at.slice(0, 10)}, sizes: ${mode}; ${String(machine["processors"])} × ${String(machine["model"])}, ${String(machine["memoryGiB"])} GiB, ${String(machine["system"])}; node ${String(versions["node"])}, OpenSSL ${String(versions["openssl"])}, attest ${String(versions["attest"])}.`,
    ...(spoilt.length === 0 ? [] : ["", `Provisional, because ${spoilt.join("; ")}.`]),
    "",
    ...tableLines(rows),
    "",
    "![Each ratio beside its target](bench.svg)",
    "",
    END,
  ];
  writeFileSync(DOCUMENT, `${before}${lines.join("\n")}${after}`);
  writeFileSync(DOCUMENT.replace(/md$/, "svg"), plotOf(rows));
}
