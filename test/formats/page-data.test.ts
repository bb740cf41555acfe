/** The one form of page data: a member too many, one of another type, or another spelling is refused at every depth, for page and command line alike. */
import { describe, expect, test } from "vitest";
import { formatPageData, parsePageData, type PageData } from "../../src/formats/page-data.js";
import { outcome } from "../core/mangling.js";

const SHA = "ab".repeat(32);
const NAME = "test_0123456789abcdef.json";
const at = "2026-11-20T00:00:00Z";
const site = { about: { origin: "example.org/lab", title: "The lab" }, keyring: "{}", notices: ["a notice"] };
const mark = { leaf: "{}", proof: "a proof" };
const document = { name: NAME, text: "{}" };

const WHOLE: Readonly<Record<PageData["kind"], PageData>> = {
  verify: { kind: "verify" },
  index: {
    kind: "index",
    ...site,
    logs: [{ checkpoint: "one", entries: ["an entry"] }],
    documents: [document],
    pages: { at: 1, of: 2 },
    elsewhere: [NAME],
    departed: [SHA],
    plans: ["{}"],
  },
  log: { kind: "log", ...site, logs: 70_000, elsewhere: [NAME], departed: [SHA] },
  attestation: {
    kind: "attestation",
    ...site,
    logs: 300,
    evidence: [SHA],
    beside: [NAME, "log.json"],
    plans: ["{}"],
    documents: [
      {
        ...document,
        log: {
          proof: "a proof",
          marks: [mark],
          served: { checkpoint: "one", proof: "another", sinceProof: ["AAAA"], damage: "none" },
        },
      },
    ],
    answers: [document],
    related: [document],
    moreRelated: 3,
    audit: {
      at,
      audits: 2,
      findings: [{ rule: "evidence-gone", pointer: "", waived: true }],
      streaks: [{ pointer: "/subject/0", place: "archive", state: "same", detail: "", at, audits: 2, since: at }],
    },
  },
  pack: {
    kind: "pack",
    ...site,
    documents: [{ ...document, log: { proof: "a proof", marks: [mark] } }],
    plans: ["{}"],
    packed: { [SHA]: "AAAA" },
  },
};

type Loose = Record<string, unknown>;
/** Each object in it, by where it is. */
function* objects(value: unknown, path = ""): Generator<string> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield path;
  for (const [name, inner] of Object.entries(value)) yield* objects(inner, `${path}/${name}`);
}
const within = (value: unknown, path: string): Loose =>
  path
    .split("/")
    .slice(1)
    .reduce<unknown>((one, name) => (one as Loose)[name], value) as Loose;

const read = (data: unknown): unknown => outcome(() => parsePageData(formatPageData(data as PageData)));

describe.each(Object.entries(WHOLE))("kind P: of a page of kind %s", (_, data) => {
  test("what was written is read", () => {
    expect(read(data)).toEqual(data);
  });

  test("one member more is refused, wherever it stands", () => {
    for (const path of objects(data))
      for (const name of ["more", "__proto__", "class", "toString"]) {
        if (path.endsWith("/packed") && name === "more") continue; // it has names of its own: below
        const changed = structuredClone(data);
        Object.defineProperty(within(changed, path), name, { value: "headline good", enumerable: true });
        expect([path, name, read(changed)]).toEqual([path, name, "page-format"]);
      }
  });

  test("and so is one of another type", () => {
    for (const path of objects(data))
      for (const name of Object.keys(within(data, path))) {
        const changed = structuredClone(data);
        within(changed, path)[name] = { toString: "good" };
        expect([path, name, read(changed)]).toEqual([path, name, "page-format"]);
      }
  });

  test("and another spelling, in which a member could stand twice", () => {
    const spelled = formatPageData(data);
    for (const changed of [
      spelled.replace("{", '{"kind":"verify",'),
      spelled.replace("{", "{ "),
      `${spelled}\n`,
      spelled.replace('"kind"', '"\\u006bind"'),
    ])
      expect([changed.slice(0, 40), outcome(() => parsePageData(changed))]).toEqual([
        changed.slice(0, 40),
        "page-format",
      ]);
  });
});

test("kind O: a page of a site says of its keyring, its notices and its documents whether there are any", () => {
  for (const kind of ["index", "log", "attestation"] as const)
    for (const name of ["keyring", "notices", "about"]) {
      const changed: Loose = { ...WHOLE[kind] };
      Reflect.deleteProperty(changed, name);
      expect([kind, name, read(changed)]).toEqual([kind, name, "page-format"]);
    }
});

test("an audit's words are of a list, its counts are numbers, and evidence goes by digest", () => {
  const { attestation, pack } = WHOLE as unknown as {
    attestation: Loose & { audit: { streaks: Loose[] } };
    pack: Loose;
  };
  for (const change of [
    { state: "headline good" },
    { place: "the bureau" },
    { audits: "2" },
    { audits: -1 },
    { since: "x" },
  ])
    expect(
      read({
        ...attestation,
        audit: { ...attestation.audit, streaks: [{ ...attestation.audit.streaks[0], ...change }] },
      }),
    ).toBe("page-format");
  expect(read({ ...pack, packed: { more: "AAAA" } })).toBe("page-format");
  for (const name of ["javascript:alert(1)", "../test_0123456789abcdef.json", "log.json"])
    expect(read({ ...pack, documents: [{ ...document, name }] })).toBe("page-format");
});
