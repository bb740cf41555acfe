/**
 * npm run bench: how fast this is beside what else does the same, in the same run. Prints TAP and a table, writes figures and plots below
 * bench/results, and ends with 1 where a target is not met. docs/bench.md says how to read it.
 *
 *     node bench/run.mjs [SUBJECT…] [--quick | --full] [--results DIR]
 *     node bench/run.mjs --list
 *     node bench/run.mjs --document FILE     puts the figures of that run into docs/bench.md
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { machine, spoiling, versions } from "./machine.mjs";
import { plotOf } from "./plot.mjs";
import { documented } from "./documented.mjs";
import { judged, tableLines, tapLines } from "./report.mjs";
import { sizesOf } from "./subject.mjs";

/** In the order of the table. Only the wanted ones are loaded: with a name it takes as long as that. */
const SUBJECTS = {
  message: () => import("./subjects/message.mjs"),
  document: () => import("./subjects/document.mjs"),
  json: () => import("./subjects/json.mjs"),
  start: () => import("./subjects/start.mjs"),
  many: () => import("./subjects/many.mjs"),
  "one-of-many": () => import("./subjects/one-of-many.mjs"),
  publish: () => import("./subjects/publish.mjs"),
  audit: () => import("./subjects/audit.mjs"),
  hashing: () => import("./subjects/hashing.mjs"),
  tree: () => import("./subjects/tree.mjs"),
  append: () => import("./subjects/append.mjs"),
  "locked-update": () => import("./subjects/locked-update.mjs"),
  overhead: () => import("./subjects/overhead.mjs"),
};
const NAMES = /** @type {(keyof typeof SUBJECTS)[]} */ (Object.keys(SUBJECTS));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    document: { type: "string" },
    results: { type: "string", default: fileURLToPath(new URL("results", import.meta.url)) },
  },
});
const unknown = positionals.filter((name) => !NAMES.some((known) => known === name));
if (unknown.length > 0) {
  process.stderr.write(`error: there is no subject ${unknown.join(", ")}\nhint: node bench/run.mjs --list\n`);
  process.exit(2);
}
if (values.list) say(...NAMES);
else if (values.document !== undefined) documented(values.document);
else await bench();

async function bench() {
  const mode = values.quick ? "quick" : values.full ? "full" : "usual";
  const sizes = sizesOf(mode);
  const wanted = NAMES.filter((name) => positionals.length === 0 || positionals.includes(name));
  const subjects = [];
  for (const name of wanted) {
    /** @type {import("./subject.mjs").Subject} */
    const subject = (await SUBJECTS[name]()).default;
    subjects.push({ subject, rows: subject.rows(sizes) });
  }
  const spoilt = spoiling();
  say("TAP version 14", `1..${subjects.reduce((sum, { rows }) => sum + rows.length, 0)}`);
  for (const sentence of spoilt) remark(`spoilt: ${sentence}`);
  const cache = fileURLToPath(new URL("../.cache/bench", import.meta.url));
  mkdirSync(cache, { recursive: true });
  const place = mkdtempSync(join(cache, "run-"));
  const began = new Date();
  /** @type {import("./report.mjs").Result[]} */
  const results = [];
  try {
    for (const { subject, rows } of subjects) {
      const missing = new Map(rows.map((row) => [row.id, row]));
      const own = join(place, subject.name);
      mkdirSync(own);
      for await (const [id, found] of subject.run({ ...sizes, place: own, say: remark })) {
        const row = missing.get(id);
        if (row === undefined) throw new Error(`${subject.name} has no row ${id}`);
        missing.delete(id);
        const result = judged(subject.name, row, found);
        results.push(result);
        say(...tapLines(result, results.length, values.quick));
      }
      if (missing.size > 0) throw new Error(`${subject.name} did not fill ${[...missing.keys()].join(", ")}`);
    }
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
  for (const line of ["", ...tableLines(results)]) remark(line);
  const written = {
    at: began.toISOString(),
    seconds: Math.round((Date.now() - began.getTime()) / 1000),
    mode,
    machine: machine(),
    versions: versions(),
    spoilt: [...new Set([...spoilt, ...spoiling()])],
    rows: results,
  };
  mkdirSync(values.results, { recursive: true });
  const path = join(values.results, `${began.toISOString().slice(0, 19).replaceAll(":", "")}.json`);
  writeFileSync(path, `${JSON.stringify(written, null, 1)}\n`);
  writeFileSync(path.replace(/json$/, "svg"), plotOf(results));
  remark("");
  remark(`figures: ${path}`);
  if (!values.quick && results.some(({ met }) => met === false)) process.exitCode = 1;
}

/** @type {(line: string) => void} */
function remark(line) {
  say(`# ${line}`.trimEnd());
}

/** @type {(...lines: readonly string[]) => void} */
function say(...lines) {
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}
