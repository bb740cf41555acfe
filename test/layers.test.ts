// The floors of the code and their rooms: reads the import graph of src/ and web/, and says why when an import goes where it must not.
import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";

type Sources = ReadonlyMap<string, string>;

// Top to bottom; those on one line are neighbours. An import goes to its own floor or down, never up or next door.
// `index` is src/index.ts, the public names.
const FLOORS = [
  ["cli", "web"],
  ["index"],
  ["pipeline"],
  ["scenarios"],
  ["harness"],
  ["site"],
  ["queue"],
  ["tasks", "keystore", "store", "audit"],
  ["node"],
  ["view"],
  ["formats"],
  ["core"],
];

// The rooms of the floors that have some, by the same rules; `.` is what lies on the floor itself. Other floors are one room, or rooms that
// may import each other as long as no circle comes of it.
const ROOMS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  core: [["audit"], ["verify"], ["log"], ["statement"], ["keys"], ["."]],
  pipeline: [["queue"], ["run"], ["publish", "audit"], ["verify", "log"], ["load"]],
  harness: [["scenario"], ["command", "sandbox"], ["subject", "redaction"], ["."]],
};
/** Files right in one room of these floors. With more, nobody finds anything. */
const MOST_FILES = 17;

// The floors that a browser runs too, each with the packages that it may import.
const CRYPTO_AND_JSON = [/^canonicalize$/, /^zod\/mini$/, /^@noble\/ed25519$/, /^@noble\/hashes\//];
const PURE: Readonly<Record<string, readonly RegExp[]>> = {
  core: CRYPTO_AND_JSON,
  formats: [...CRYPTO_AND_JSON, /^sarif$/], // types alone
  view: [],
  web: [],
};

// The one import that is computed: a scenario of the user's, which is on no floor.
const USERS = { file: "src/harness/scenario/host.ts", expression: "url" };

// What reads and writes files on a disk. A registry is reached through `Source` and `Store`, for it may lie elsewhere.
const DISK = [
  /^(?:node:)?fs(?:\/promises)?$/,
  /^src\/node\/(?:files|lock|reading)\.ts$/,
  /^src\/store\/directory\.ts$/,
];
// The floors above the store, and what else their files look for on a disk.
const ON_DISK: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  harness: { "src/harness/": "what is tested, its reports, and folders of a run" },
  scenarios: { "src/scenarios/": "folders of a run" },
  site: { "src/site/assets.ts": "the scripts and styles that come with this program" },
  pipeline: {
    "src/pipeline/load/evidence-folder.ts": "evidence beside a file outside of any registry",
    "src/pipeline/load/load.ts": "a document in a file outside of any registry, and whether a path is a folder",
    "src/pipeline/load/raw-folder.ts": "a folder that is no registry",
    "src/pipeline/load/trusted-keys.ts": "keys in files that the user names",
    "src/pipeline/log/witness.ts": "the lock beside the witness's key",
    "src/pipeline/audit/local-files.ts": "files that evidence cites",
    "src/pipeline/audit/staleness.ts": "an empty folder to ask npm from",
    "src/pipeline/verify/require.ts": "the files of which a gate asks whether they were tested",
    "src/pipeline/queue/archive.ts": "the files of a project, and a fresh folder for a run",
    "src/pipeline/queue/fetch-commit.ts": "a fresh folder for a run",
    "src/pipeline/queue/run-source.ts": "a fresh folder for a run",
    "src/pipeline/publish/evidence-capture.ts": "a statement that is not signed yet, and files to be evidence",
    "src/pipeline/publish/export.ts": "the exported files",
    "src/pipeline/run/command.ts": "the tested project",
    "src/pipeline/run/destination.ts": "a file for the result, outside of any registry",
    "src/pipeline/run/keep-unpublished.ts": "a result that could not be published",
    "src/pipeline/run/project.ts": "the tested project",
    "src/pipeline/run/reproduce.ts": "the tested project",
    "src/pipeline/run/scenario-file.ts": "a scenario of the user's",
  },
  index: {},
  cli: {
    "src/cli/audit.ts": "the record for the user, and whether a path is a folder",
    "src/cli/code-cache.ts": "a program of ours and the code cache beside it",
    "src/cli/context.ts": "files that the user names",
    "src/cli/cosign.ts": "the output that the user names",
    "src/cli/evidence-pack.ts": "the output that the user names",
    "src/cli/key-notices.ts": "the output that the user names",
    "src/cli/log-show.ts": "the output that the user names",
    "src/cli/log-witness.ts": "the output that the user names",
    "src/cli/passphrase.ts": "a passphrase in a file",
    "src/cli/run.ts": "the output that the user names",
    "src/cli/verify-resume.ts": "the lines that the user names",
    "src/cli/verify-many.ts": "whether a path is a folder, and the worker's own file",
    "src/cli/version.ts": "this program's own files",
    "src/cli/waive.ts": "whether a word names a file",
  },
};

const WHY = {
  stray: "every file belongs to a floor, so that the rules hold for it",
  up: "an import goes only to the same floor or down, so that a floor can be understood without those above it",
  room: "a file of this floor lies in one of its rooms, so that one knows where to look for it, and where a new one belongs",
  many: `a room has at most ${MOST_FILES} files, so that it can be understood as a whole: some of them belong together elsewhere`,
  above: "a room imports only itself and the rooms below it, so that it can be understood without those above it",
  beside:
    "rooms side by side do not know each other, so that each can be replaced alone; what both need lives below, what joins them above",
  around: "folders in a circle can only be understood all at once: move the function that both need, not the rule",
  next: "floors side by side do not know each other, so that each can be replaced alone; what both need lives below, what joins them above",
  secrets: "pages are made from what is public; the code that makes them must not be able to reach a secret",
  page: "the browser verifier is core, formats and view and nothing else, so that page and command line cannot disagree",
  pure: "core, formats, view and web run unchanged in a browser; the world enters by parameter",
  computed: "an import whose target is computed escapes this test",
  disk: "a registry is read through Source and written through Store, so that it can lie elsewhere; for other files there is a list",
  cycle: "files in a circle can only be understood, loaded and tested all at once",
  terminal: "only src/cli prints or exits; everything else returns or throws, so that it can be used as a library",
};

/** All that is wrong with these files (paths as `src/core/json.ts`), a line each. */
function complaints(sources: Sources): string[] {
  const found: string[] = [];
  const graph = new Map<string, string[]>();
  for (const [file, source] of sources) {
    const { imports, computed, terminal } = read(file, source);
    const floor = floorOf(file);
    const say = (what: string, why: keyof typeof WHY): unknown => found.push(`${file} ${what}: ${WHY[why]}`);

    if (level(floor) < 0) say("is on no floor", "stray");
    if (ROOMS[floor] !== undefined && stair(floor, roomOf(file)) < 0) say("is in no room", "room");
    for (const expression of computed)
      if (file !== USERS.file || expression !== USERS.expression) say(`imports ${expression}`, "computed");
    if (floor !== "cli") for (const word of terminal) say(`mentions ${word}`, "terminal");

    for (const target of onDisk(file, imports, sources)) if (!mayLookOnDisk(file)) say(`imports ${target}`, "disk");

    const targets: string[] = [];
    for (const specifier of imports) {
      if (!specifier.startsWith(".")) {
        if (PURE[floor]?.some((allowed) => allowed.test(specifier)) === false) say(`imports ${specifier}`, "pure");
        continue;
      }
      const target = resolve(file, specifier, sources);
      targets.push(target);
      const why = forbidden(floor, floorOf(target)) ?? forbiddenRoom(file, target);
      if (why) say(`imports ${target}`, why);
    }
    graph.set(file, targets);
  }
  for (const cycle of cycles(graph)) found.push(`${cycle.join(" → ")} is a circle: ${WHY.cycle}`);
  for (const cycle of cycles(foldersOf(graph))) found.push(`${cycle.join(" → ")} is a circle: ${WHY.around}`);
  const files = new Map<string, number>();
  for (const folder of [...sources.keys()].map((file) => posix.dirname(file)))
    files.set(folder, (files.get(folder) ?? 0) + 1);
  for (const [folder, number] of files)
    if (ROOMS[floorOf(`${folder}/`)] !== undefined && number > MOST_FILES)
      found.push(`${folder} has ${number} files: ${WHY.many}`);
  return found;
}

const onDisk = (file: string, imports: readonly string[], sources: Sources): string[] =>
  imports
    .map((specifier) => (specifier.startsWith(".") ? resolve(file, specifier, sources) : specifier))
    .filter((target) => DISK.some((one) => one.test(target)));

const mayLookOnDisk = (file: string): boolean => {
  const listed = ON_DISK[floorOf(file)];
  return listed === undefined || Object.keys(listed).some((name) => file.startsWith(name));
};

function forbidden(from: string, to: string): keyof typeof WHY | undefined {
  if (from === to) return undefined;
  if (from === "site" && to === "keystore") return "secrets";
  if (from === "web" && !["core", "formats", "view"].includes(to)) return "page";
  if (level(to) < 0) return "stray";
  if (level(to) < level(from)) return "up";
  return level(to) === level(from) ? "next" : undefined;
}

function forbiddenRoom(from: string, to: string): keyof typeof WHY | undefined {
  const floor = floorOf(from);
  const [here, there] = [roomOf(from), roomOf(to)];
  if (floor !== floorOf(to) || ROOMS[floor] === undefined || here === there) return undefined;
  if (stair(floor, there) < stair(floor, here)) return "above";
  return stair(floor, there) === stair(floor, here) ? "beside" : undefined;
}

const stair = (floor: string, room: string): number => (ROOMS[floor] ?? []).findIndex((rooms) => rooms.includes(room));

/** `src/core/log/tiles.ts` is in the room `log`, `src/core/json.ts` in `.`, the floor itself. */
const roomOf = (file: string): string => {
  const [, , room, deeper] = file.split("/");
  return deeper === undefined ? "." : (room ?? ".");
};

/** The same graph between the folders of one floor. */
function foldersOf(graph: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  const folders = new Map<string, Set<string>>();
  for (const [file, targets] of graph) {
    const from = posix.dirname(file);
    const to = folders.get(from) ?? new Set();
    for (const target of targets)
      if (floorOf(target) === floorOf(file) && posix.dirname(target) !== from) to.add(posix.dirname(target));
    folders.set(from, to);
  }
  return new Map([...folders].map(([folder, to]) => [folder, [...to]]));
}

const level = (floor: string): number => FLOORS.findIndex((floors) => floors.includes(floor));

/** `src/core/json.ts` is on core, `src/index.ts` on index, `web/main.ts` on web; what lies elsewhere, on a floor that does not exist. */
function floorOf(file: string): string {
  const [top, next = ""] = file.split("/");
  return top === "web" ? "web" : top === "src" ? next.replace(/\.ts$/, "") : file;
}

/** Specifiers name the compiled file. */
function resolve(file: string, specifier: string, sources: Sources): string {
  const path = posix.join(posix.dirname(file), specifier);
  const source = path.replace(/\.js$/, ".ts");
  return sources.has(source) ? source : path;
}

/** What a file imports, of types or values, statically or not, and what it says to the terminal. */
function read(file: string, source: string): { imports: string[]; computed: string[]; terminal: string[] } {
  const imports: string[] = [];
  const computed: string[] = [];
  const terminal: string[] = [];
  const imported = (node: ts.Node | undefined): unknown =>
    node && (ts.isStringLiteralLike(node) ? imports.push(node.text) : computed.push(node.getText()));
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) imported(node.moduleSpecifier);
    else if (ts.isExternalModuleReference(node)) imported(node.expression);
    else if (ts.isImportTypeNode(node))
      imported(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      imported(node.arguments[0]);
    else if (ts.isIdentifier(node) && node.text === "console") terminal.push("console");
    else if (
      ts.isPropertyAccessExpression(node) &&
      /^exit(?:Code)?$/.test(node.name.text) &&
      /\bprocess$/.test(node.expression.getText())
    )
      terminal.push(`process.${node.name.text}`);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true));
  if (imports.some((specifier) => /^(?:node:)?console$/.test(specifier))) terminal.push("console");
  return { imports, computed, terminal };
}

/** Each circle once, as the files on the way round. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) found.push([...path.slice(at), file]);
    if (at >= 0 || done.has(file)) return;
    for (const target of graph.get(file) ?? []) walk(target, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  return found;
}

async function project(): Promise<Sources> {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const files = await Promise.all(
    ["src", "web"].map(async (top) =>
      (await readdir(join(root, top), { recursive: true })).map((file) => posix.join(top, file)),
    ),
  );
  const sources = files.flat().filter((file) => file.endsWith(".ts"));
  return new Map(
    await Promise.all(sources.map(async (file) => [file, await readFile(join(root, file), "utf8")] as const)),
  );
}

/**
 * The house as a Mermaid graph: floors, and the rooms of those that have some; an arrow for each import between two of them, but for those
 * that follow from others.
 */
function picture(sources: Sources): string {
  const node = (file: string): string => {
    const floor = floorOf(file);
    return ROOMS[floor] === undefined ? floor : `${floor}/${roomOf(file)}`;
  };
  const graph = new Map<string, Set<string>>();
  for (const [file, source] of sources) {
    const from = node(file);
    const to = graph.get(from) ?? new Set();
    for (const specifier of read(file, source).imports)
      if (specifier.startsWith(".") && node(resolve(file, specifier, sources)) !== from)
        to.add(node(resolve(file, specifier, sources)));
    graph.set(from, to);
  }
  const reach = (from: string): Set<string> =>
    new Set([...(graph.get(from) ?? [])].flatMap((next) => [next, ...reach(next)]));
  const id = (name: string): string => name.replace("/.", "").replaceAll("/", "_");
  const lines = ["graph TD"];
  for (const floor of FLOORS.flat()) {
    const rooms = [...graph.keys()].filter((name) => name.startsWith(`${floor}/`)).sort();
    if (rooms.length === 0) lines.push(`  ${floor}`);
    else {
      lines.push(`  subgraph ${floor}_ [src/${floor}]`);
      for (const name of rooms) lines.push(`    ${id(name)}[${name.endsWith("/.") ? floor : roomOf(`src/${name}/x`)}]`);
      lines.push("  end");
    }
  }
  for (const [from, targets] of [...graph].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const implied = new Set([...targets].flatMap((target) => [...reach(target)]));
    for (const to of [...targets].sort()) if (!implied.has(to)) lines.push(`  ${id(from)} --> ${id(to)}`);
  }
  return lines.join("\n");
}

// `npx vitest run --project node test/layers.test.ts -u` draws it again.
test("the architecture shows the house as it is", async () => {
  const path = fileURLToPath(new URL("../docs/architecture.md", import.meta.url));
  const drawn = readFileSync(path, "utf8").replace(/(?<=```mermaid\n)[^]*?(?=\n```)/, picture(await project()));
  expect(drawn).toContain("graph TD");
  await expect(drawn).toMatchFileSnapshot(path);
});

test("src and web keep to their floors", async () => {
  const sources = await project();
  expect(sources.size).toBeGreaterThan(0);
  expect(complaints(sources)).toEqual([]);
});

test("no file is listed that leaves the disk alone", async () => {
  const sources = await project();
  const looking = [...sources].filter(([file, source]) => onDisk(file, read(file, source).imports, sources).length > 0);
  const listed = Object.values(ON_DISK).flatMap((floor) => Object.keys(floor));
  expect(listed.filter((name) => !looking.some(([file]) => file.startsWith(name)))).toEqual([]);
});

const good: Record<string, string> = {
  "src/cli/main.ts": `import { run } from "../pipeline/run/run.js"; console.log(run); process.exitCode = 1;`,
  "src/index.ts": `export { run } from "./pipeline/run/run.js"; export * from "./core/json.js";`,
  "src/pipeline/run/run.ts": `import { run } from "../../scenarios/x/index.js"; import { open } from "../../keystore/file.js";`,
  "src/scenarios/x/index.ts": `import type { Scenario } from "../../harness/scenario.js";`,
  "src/harness/scenario.ts": `import { directory } from "../store/directory.js";`,
  "src/site/page.ts": `import { openStore } from "../store/open.js"; import { tree } from "../view/tree.js";`,
  "src/store/open.ts": `export * from "./directory.js";`,
  "src/store/directory.ts": `import { write } from "../node/files.js"; const later = await import("node:fs");`,
  "src/keystore/file.ts": `import * as age from "age-encryption";`,
  "src/node/files.ts": `import fs from "node:fs"; // console, process.exit and "import(x)" may be talked about`,
  "src/view/tree.ts": `import { parse } from "../core/json.js";`,
  "src/core/json.ts": `import canonicalize from "canonicalize"; import * as z from "zod/mini"; import "./bytes.js";`,
  "src/core/bytes.ts": `import { sha256 } from "@noble/hashes/sha2.js"; import * as ed from "@noble/ed25519";`,
  "web/main.ts": `import { tree } from "../src/view/tree.js"; import "./view.js";`,
  "web/view.ts": `export {};`,
};

describe("the check itself", () => {
  const check = (changed: Record<string, string>): string[] =>
    complaints(new Map(Object.entries({ ...good, ...changed })));

  test("accepts a good graph", () => {
    expect(check({})).toEqual([]);
  });

  test.each<[what: string, file: string, source: string, importing: string, why: keyof typeof WHY]>([
    [
      "an import that goes up",
      "src/store/http.ts",
      `import "../harness/scenario.js";`,
      "src/harness/scenario.ts",
      "up",
    ],
    [
      "a type that comes from above",
      "src/core/a.ts",
      `import type { Tree } from "../view/tree.js";`,
      "src/view/tree.ts",
      "up",
    ],
    [
      "a type named in place",
      "src/core/a.ts",
      `export type A = import("../view/tree.js").Tree;`,
      "src/view/tree.ts",
      "up",
    ],
    [
      "a re-export from above",
      "src/harness/a.ts",
      `export * from "../pipeline/run/run.js";`,
      "src/pipeline/run/run.ts",
      "up",
    ],
    [
      "a dynamic import from above",
      "src/harness/a.ts",
      `await import("../pipeline/run/run.js");`,
      "src/pipeline/run/run.ts",
      "up",
    ],
    [
      "public names that include the command line",
      "src/index.ts",
      `export * from "./cli/main.js";`,
      "src/cli/main.ts",
      "up",
    ],
    ["a file that imports the public names", "src/pipeline/run/a.ts", `import "../../index.js";`, "src/index.ts", "up"],
    ["a neighbour", "src/store/s3.ts", `import "../keystore/file.js";`, "src/keystore/file.ts", "next"],
    [
      "a site that reaches for secrets",
      "src/site/a.ts",
      `import "../keystore/file.js";`,
      "src/keystore/file.ts",
      "secrets",
    ],
    ["a page that imports more than it may", "web/a.ts", `import "../src/node/files.js";`, "src/node/files.ts", "page"],
    ["a page with a package", "web/a.ts", `import "axe-core";`, "axe-core", "pure"],
    ["Node in core", "src/core/a.ts", `import { createHash } from "node:crypto";`, "node:crypto", "pure"],
    ["Node in core by its old name", "src/core/a.ts", `import { createHash } from "crypto";`, "crypto", "pure"],
    ["Node in formats", "src/formats/a.ts", `import "node:buffer";`, "node:buffer", "pure"],
    ["a registry's files", "src/pipeline/log/a.ts", `import { readFileSync } from "node:fs";`, "node:fs", "disk"],
    ["them by another name", "src/cli/a.ts", `import { readFile } from "fs/promises";`, "fs/promises", "disk"],
    ["them by ours", "src/site/a.ts", `import { write } from "../node/files.js";`, "src/node/files.ts", "disk"],
    ["a medium", "src/cli/a.ts", `import "../store/directory.js";`, "src/store/directory.ts", "disk"],
    ["the whole of zod in core", "src/core/a.ts", `import { z } from "zod";`, "zod", "pure"],
    ["a package in view", "src/view/a.ts", `import * as z from "zod/mini";`, "zod/mini", "pure"],
    [
      "an import of something outside",
      "src/cli/a.ts",
      `import json from "../../package.json";`,
      "package.json",
      "stray",
    ],
    ["an import that cannot be followed", "src/cli/a.ts", `await import(name);`, "name", "computed"],
  ])("finds %s", (_, file, source, importing, why) => {
    expect(check({ [file]: source })).toEqual([`${file} imports ${importing}: ${WHY[why]}`]);
  });

  test.each<[file: string, source: string, mentioning: string]>([
    ["src/pipeline/run/a.ts", `console.log(1);`, "console"],
    ["src/pipeline/run/a.ts", `globalThis.console.log(1);`, "console"],
    ["src/pipeline/run/a.ts", `import { log } from "node:console";`, "console"],
    ["src/harness/a.ts", `process.exit();`, "process.exit"],
    ["src/harness/a.ts", `globalThis.process.exitCode = 1;`, "process.exitCode"],
    ["web/a.ts", `console.log(1);`, "console"],
  ])("finds in %s: %s", (file, source, mentioning) => {
    expect(check({ [file]: source })).toEqual([`${file} mentions ${mentioning}: ${WHY.terminal}`]);
  });

  test.each<[what: string, file: string, source: string, importing: string, why: keyof typeof WHY]>([
    ["a room above", "src/core/log/a.ts", `import "../verify/b.js";`, "src/core/verify/b.ts", "above"],
    ["a room from the floor itself", "src/core/a.ts", `import "./log/b.js";`, "src/core/log/b.ts", "above"],
    ["a room beside", "src/pipeline/audit/a.ts", `import "../publish/b.js";`, "src/pipeline/publish/b.ts", "beside"],
  ])("finds %s", (_, file, source, importing, why) => {
    expect(check({ [file]: source, [importing]: "" })).toEqual([`${file} imports ${importing}: ${WHY[why]}`]);
  });

  test("lets a room import those below it", () => {
    const below = { "src/core/verify/a.ts": `import "../log/b.js"; import "../json.js";`, "src/core/log/b.ts": "" };
    expect(check(below)).toEqual([]);
  });

  test("finds a file in no room", () => {
    expect(check({ "src/core/other/a.ts": "", "src/pipeline/a.ts": "" })).toEqual([
      `src/core/other/a.ts is in no room: ${WHY.room}`,
      `src/pipeline/a.ts is in no room: ${WHY.room}`,
    ]);
  });

  test("finds a circle of folders, whose files are in none", () => {
    const around = {
      "src/site/a/one.ts": `import "../b/one.js";`,
      "src/site/b/one.ts": "",
      "src/site/b/two.ts": `import "../a/two.js";`,
      "src/site/a/two.ts": "",
    };
    expect(check(around)).toEqual([`src/site/a → src/site/b → src/site/a is a circle: ${WHY.around}`]);
  });

  test("finds a room with too many files", () => {
    const many = Object.fromEntries(Array.from({ length: MOST_FILES + 1 }, (_, at) => [`src/core/log/f${at}.ts`, ""]));
    expect(check(many)).toEqual([`src/core/log has ${MOST_FILES + 1} files: ${WHY.many}`]);
    delete many["src/core/log/f0.ts"];
    expect(check(many)).toEqual([]);
  });

  test("finds a file on no floor", () => {
    expect(check({ "src/utils/a.ts": "", "src/b.ts": "" })).toEqual([
      `src/utils/a.ts is on no floor: ${WHY.stray}`,
      `src/b.ts is on no floor: ${WHY.stray}`,
    ]);
  });

  test("finds a circle, once, and a file that imports itself", () => {
    const circle = {
      "src/core/a.ts": `import "./b.js";`,
      "src/core/b.ts": `import type { C } from "./c.js";`,
      "src/core/c.ts": `export * from "./a.js";`,
      "src/core/d.ts": `import "./a.js"; import "./d.js";`,
    };
    expect(check(circle)).toEqual([
      `src/core/a.ts → src/core/b.ts → src/core/c.ts → src/core/a.ts is a circle: ${WHY.cycle}`,
      `src/core/d.ts → src/core/d.ts is a circle: ${WHY.cycle}`,
    ]);
  });
});
