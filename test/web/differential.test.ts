/** Two readers of one thing: whatever becomes of a page's data or of a pack on its way, the page is never greener than the command line. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromUtf8, utf8 } from "../../src/core/bytes.js";
import { orUndefined } from "../../src/core/errors.js";
import { verify } from "../../src/core/verify/verify.js";
import { formatPageData, parsePageData, type PageData } from "../../src/formats/page-data.js";
import { nodeEngine } from "../../src/node/engine.js";
import { makePack } from "../../src/pipeline/publish/pack.js";
import { verifyAll, type Verified } from "../../src/pipeline/verify/verify.js";
import { buildSite } from "../../src/site/build.js";
import { packPage } from "../../src/site/pack.js";
import { Directory } from "../../src/store/directory.js";
import { attestationPath, Registry } from "../../src/store/registry.js";
import { headlineOf, type Tone } from "../../src/view/headline.js";
import { Carried } from "../../web/carried.js";
import { openPacked } from "../../web/packed.js";
import { SEED } from "../fuzz/mutate.js";
import { random, type Random } from "../fuzz/random.js";
import { dataIn, withData } from "./embedded.js";
import { copyOf, loggedLab, type LoggedLab } from "./logged.js";
import { NOW, pageOf, place, removePlaces, serve } from "./making.js";
import { inEveryMake } from "./reading.js";

const CASES = 1000;

/** What a reader is told, by whichever way: 2 and bad for what cannot be read. */
interface Told {
  /** Why it could not be read. */
  readonly fault?: string;
  readonly outcome: string;
  readonly tone: Tone;
  readonly digest?: string | undefined;
}
const UNREADABLE: Told = { outcome: "error", tone: "bad" };

let made: LoggedLab;
let key = { by: "you" as const, source: "", key: undefined as never };
const request = { keyrings: [], keystore: undefined, engine: nodeEngine, now: NOW };

/** As the page's own script goes about it, with a key that its reader gave, and nothing remembered. */
async function byPage(spelled: string): Promise<Told> {
  const data = orUndefined(() => parsePageData(spelled));
  if (data?.kind !== "attestation" && data?.kind !== "pack") return UNREADABLE;
  const carried = orUndefined(() => new Carried(data, nodeEngine));
  if (carried === undefined) return UNREADABLE;
  const [{ name, text, log }] = data.documents;
  const bytes = utf8(text);
  const packed = data.kind === "pack" ? await openPacked(data.packed, bytes, () => undefined) : undefined;
  const around = orUndefined(() => carried.around(bytes, log, [key], () => undefined));
  if (around === undefined) return UNREADABLE;
  const report = verify(bytes, { ...around, ...packed?.options(bytes), engine: nodeEngine, now: NOW, fileName: name });
  return { outcome: report.outcome, tone: headlineOf(report).tone, digest: report.digest };
}

const told = (one: Verified | undefined): Told =>
  one === undefined || "fault" in one
    ? { ...UNREADABLE, ...(one && { fault: one.fault.code }) }
    : { outcome: one.report.outcome, tone: headlineOf(one.report).tone, digest: one.report.digest };

async function byCommandLine(target: string): Promise<Told> {
  const [one] = await verifyAll({ ...request, keys: [made.mine.line], targets: [target] });
  return told(one);
}

const greener = (page: Told, line: Told): boolean =>
  (page.tone === "good" && line.tone !== "good") || (page.outcome === "accepted" && line.outcome !== "accepted");

type Loose = Record<string, unknown> | unknown[];
const isLoose = (value: unknown): value is Loose => typeof value === "object" && value !== null;

/** Everything in it that has members. */
function* within(value: unknown): Generator<Loose> {
  if (!isLoose(value)) return;
  yield value;
  for (const inner of Object.values(value)) yield* within(inner);
}

/** One thing that a host, or whoever hands a pack on, could do to the data; whether or not it is of its form afterwards. */
function spoil(data: Loose, other: Loose, { below, pick, once }: Random): void {
  const all = [...within(data)];
  const at = pick(all) as Record<string, unknown>;
  const names = Object.keys(at);
  if (once(8)) at["more"] = pick(["headline good", true, [], {}, 7]);
  if (names.length === 0) return;
  const name = pick(names);
  const before = at[name];
  const twin = [...within(other)].find((one) => !Array.isArray(one) && Object.hasOwn(one, name)) as
    typeof at | undefined;
  const changes: (() => unknown)[] = [
    () => (Array.isArray(at) ? at.splice(Number(name), 1) : Reflect.deleteProperty(at, name)),
    () => (at[name] = Array.isArray(before) ? [] : isLoose(before) ? {} : typeof before === "string" ? "" : 0),
    () => twin !== undefined && (at[name] = structuredClone(twin[name])),
    () => Array.isArray(at) && at.push(structuredClone(before)),
    () => Array.isArray(at) && at.reverse(),
    () => {
      if (typeof before !== "string" || before === "") return;
      const place = below(before.length);
      at[name] = before.slice(0, place) + pick(["A", "9", "\n", '"', ""]) + before.slice(place + 1);
    },
    () => {
      if (typeof before !== "string" || !before.startsWith("{")) return;
      const inner = orUndefined(() => JSON.parse(before) as Loose); // a keyring, a document, an entry
      if (inner === undefined) return;
      spoil(inner, inner, { below, pick, once });
      at[name] = JSON.stringify(inner, null, name === "text" ? 2 : undefined);
    },
  ];
  pick(changes)();
}

function spoilt(data: PageData, other: PageData, seed: number): string {
  const chance = random(seed);
  const loose = structuredClone(data) as unknown as Loose;
  for (let left = 1 + chance.below(3); left > 0; left -= 1)
    try {
      spoil(loose, other, chance);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error; // a text that was JSON before
    }
  return formatPageData(loose as unknown as PageData);
}

/** With all around it as its data gives it, where that can be read: else it would be refused for that alone. */
const packOf = (page: string, spelled: string): string => {
  const data = orUndefined(() => parsePageData(spelled));
  return data?.kind === "pack" ? packPage(data, nodeEngine) : withData(page, spelled);
};

const disk = place();
let pages: readonly { readonly page: string; readonly data: PageData }[];
let packs: typeof pages;

beforeAll(async () => {
  made = await loggedLab();
  key = { by: "you", source: "", key: made.mine.key as never };
  const read = (page: string): (typeof pages)[number] => ({ page, data: parsePageData(dataIn(page)) });
  pages = [made.good, made.retracted, made.superseded].map((one) =>
    read(readFileSync(join(made.folder, pageOf(one)), "utf8")),
  );
  const found = [];
  for (const one of [made.good, made.superseded]) {
    const target = join(made.home, attestationPath(one.id));
    const { bytes } = await makePack({ ...request, keys: [made.mine.line], target, partial: true });
    found.push(read(fromUtf8(bytes)));
  }
  packs = found;
}, 60_000);
afterAll(removePlaces);

describe("a page, and the registry that it was made of:", () => {
  test("as it was made, page and command line say the same", async () => {
    for (const [at, one] of [made.good, made.retracted, made.superseded].entries()) {
      const line = await byCommandLine(join(made.home, attestationPath(one.id)));
      expect(await byPage(dataIn(pages[at]!.page))).toEqual(line);
    }
  });

  test(`${CASES} times spoilt`, async () => {
    const honest = new Map<string | undefined, Told>();
    for (const name of await made.registry.names()) {
      const line = await byCommandLine(join(made.home, "attestations", name));
      honest.set(line.digest, line);
    }
    let read = 0;
    for (let at = 0; at < CASES; at += 1) {
      const { data } = pages[at % pages.length]!;
      const spelled = spoilt(data, pages[(at + 1) % pages.length]!.data, SEED + at);
      const page = await byPage(spelled);
      if (page.outcome !== "error") read += 1;
      if (greener(page, honest.get(page.digest) ?? UNREADABLE))
        throw new Error(`seed ${SEED + at}: ${JSON.stringify(page)}\n${spelled.slice(0, 4000)}`);
    }
    expect(read).toBeGreaterThan(CASES / 10);
  }, 300_000);
});

describe("a pack, which both read:", () => {
  test("as it was made, page and command line say the same", async () => {
    for (const [at, { page }] of packs.entries()) {
      const file = join(disk, `whole-${at}.html`);
      writeFileSync(file, page);
      expect(await byPage(dataIn(page))).toEqual(await byCommandLine(file));
    }
  });

  test(`${CASES} times spoilt`, async () => {
    let read = 0;
    const file = join(disk, "spoilt.html");
    for (let at = 0; at < CASES; at += 1) {
      const { page, data } = packs[at % packs.length]!;
      const spelled = spoilt(data, packs[(at + 1) % packs.length]!.data, SEED + at);
      writeFileSync(file, packOf(page, spelled));
      const [seen, line] = [await byPage(spelled), await byCommandLine(file)];
      if (line.outcome !== "error") read += 1;
      if (greener(seen, line) || (line.outcome === "error") !== (seen.outcome === "error"))
        throw new Error(`seed ${SEED + at}: ${JSON.stringify([seen, line])}\n${spelled.slice(0, 4000)}`);
    }
    expect(read).toBeGreaterThan(CASES / 10);
  }, 300_000);
});

/** What a host can do to a registry and then build its site again; the command line asks the same host. */
const HOSTS: readonly [what: string, change: (folder: string) => void][] = [
  ["as it is", () => undefined],
  ["without its notices", (folder) => drop(folder, /^note_/)],
  ["without its proofs", (folder) => drop(folder, /\.tlog-proof$/)],
  ["without its log", (folder) => rmSync(join(folder, "attestations/log"), { recursive: true })],
  [
    "without its log, and no keyring that lists one",
    (folder) => {
      HOSTS[3]![1](folder);
      unlisted(folder);
    },
  ],
  ["with a keyring that lists no log", unlisted],
  ["without its plans", (folder) => drop(folder, /^plan_/)],
];

function drop(folder: string, names: RegExp): void {
  for (const name of readdirSync(join(folder, "attestations")))
    if (names.test(name)) rmSync(join(folder, "attestations", name));
}
function unlisted(folder: string): void {
  const path = join(folder, "keys/keyring.json");
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, "utf8")) as object), logs: [] }));
}

describe("the same host, asked by both:", () => {
  test.each(HOSTS)("%s", async (_, change) => {
    const home = place();
    cpSync(made.home, home, { recursive: true, filter: (path) => !path.endsWith("/site") });
    change(home);
    const folder = join(home, "site");
    await buildSite(await Registry.open(new Directory(home), nodeEngine), new Directory(folder), nodeEngine, NOW);
    const served = await serve({ folder });
    try {
      for (const one of [made.good, made.retracted, made.superseded]) {
        const line = await byCommandLine(served.url("http", attestationPath(one.id)));
        const page = await byPage(dataIn(readFileSync(join(folder, pageOf(one)), "utf8")));
        expect([one.id, page, greener(page, line)]).toEqual([one.id, page, false]);
      }
    } finally {
      served.close();
    }
  });
});

describe("in a browser, some of them:", () => {
  inEveryMake((read) => {
    test("say what they say here", async () => {
      const folder = copyOf(made.folder);
      for (let at = 0; at < 8; at += 1) {
        const { page, data } = [...pages, ...packs][at % 5]!;
        const spelled = spoilt(data, data, at);
        const file = join(folder, "attestations", `spoilt-${at}.html`);
        writeFileSync(file, withData(page, spelled));
        const expected = await byPage(spelled);
        await read(pathToFileURL(file).href, async (view) => {
          await view.until("#status[data-outcome]");
          await view.send("key", made.mine.line);
          const [outcome, tone] = [await view.attribute("#status", "data-outcome"), await view.tone()];
          expect([at, outcome, tone]).toEqual([at, expected.outcome, expected.tone]);
        });
      }
    }, 60_000);
  });
});
