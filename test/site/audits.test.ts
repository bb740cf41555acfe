/** From the records of audits that lie beside a registry to its pages: the same bytes every time, and no record can keep a site from being built. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { STATES, type Look } from "../../src/core/audit/reference.js";
import {
  auditsOf,
  formatRecord,
  RECORD_SCHEMA,
  recordName,
  streakOf,
  type AuditRecord,
} from "../../src/core/audit/record.js";
import { fromUtf8, hex, utf8 } from "../../src/core/bytes.js";
import { parseEnvelope } from "../../src/core/statement/envelope.js";
import { nodeEngine } from "../../src/node/engine.js";
import { auditText, readAudits } from "../../src/site/audits.js";
import { buildSite } from "../../src/site/build.js";
import { Directory } from "../../src/store/directory.js";
import type { DataOf } from "../../src/formats/page-data.js";
import { lab, pageOf, place, removePlaces, type Lab } from "../web/making.js";

let made: Lab;
let digest: string;
let audits: string;
beforeAll(async () => {
  made = await lab();
  digest = hex(nodeEngine.sha256(parseEnvelope(made.good.bytes).payloadBytes));
  audits = join(made.home, "attestations/audits");
  mkdirSync(audits);
}, 60_000);
afterAll(removePlaces);

const ARCHIVE = { pointer: "/predicate/f3/evidence/0", place: "archive" } as const;
/** The archived copies of two pieces, the address of one, the address that the relation leads to, and the file that was tested. */
const PLACES = 5;

const record = (at: Date, documents: AuditRecord["documents"]): AuditRecord => ({
  schema: RECORD_SCHEMA,
  at: at.toISOString(),
  origin: "lab.example.org/adding",
  offline: false,
  engine: "node",
  logs: [],
  documents,
});
/** When all of it has been. */
const LATER = new Date(Date.UTC(2026, 11, 1));
const month = (number: number): Date => new Date(Date.UTC(2026, number, 3, 4, 5));
const one = (
  at: Date,
  looks: readonly Look[],
  findings: AuditRecord["documents"][string]["findings"] = [],
  references = PLACES,
): AuditRecord => record(at, { [digest]: { references, looks: [...looks], findings } });
/** Each naming the one before it. */
const keep = (all: readonly AuditRecord[], folder = audits): void => {
  let previous: string | undefined;
  for (const record of all) {
    const bytes = formatRecord({ ...record, ...(previous !== undefined && { previous }) });
    writeFileSync(join(folder, recordName(new Date(record.at))), bytes);
    previous = hex(nodeEngine.sha256(bytes));
  }
};

const build = async (): Promise<{
  folder: string;
  warnings: readonly string[];
  page: string;
  data: DataOf<"attestation">;
}> => {
  const folder = place();
  const { warnings } = await buildSite(made.registry, new Directory(folder), nodeEngine, LATER);
  const html = readFileSync(join(folder, pageOf(made.good)), "utf8");
  const [page] = /<main.*<\/main>/s.exec(html)!;
  const [data] = /(?<=<script type="application\/json" id="data">).*(?=<\/script>)/.exec(html)!;
  return { folder, warnings, page, data: JSON.parse(data) as DataOf<"attestation"> };
};

describe("a site", () => {
  test("without records says so, once, and carries nothing", async () => {
    const { page, data, warnings } = await build();
    expect(page.split("Not audited since publication, according to this site.")).toHaveLength(2);
    expect([data.audit, warnings]).toEqual([undefined, []]);
  });

  test("shows how each place was found last, since when, and what was found, and publishes the records", async () => {
    const gone: Look = {
      pointer: "/predicate/f3/evidence/1",
      place: "address",
      state: "gone",
      detail: "404 <Not Found>",
    };
    const finding = { rule: "evidence-gone", pointer: gone.pointer };
    keep([one(month(2), []), one(month(3), []), one(month(4), [gone], [finding])]);
    const { folder, page, data, warnings } = await build();
    expect(warnings).toEqual([]);
    expect(page).toMatch(/archived copy: <strong>unchanged<\/strong>.{1,40}at 3 audits since <time[^>]*>3 March 2026</);
    expect(page).toMatch(/at its address: <strong>gone<\/strong>.{1,40}at the audit of <time[^>]*>3 May 2026</);
    expect(page).toContain("404 &lt;Not Found&gt;");
    expect(page).toContain("the evidence is gone, and there is no archived copy");
    expect(data.audit).toMatchObject({ audits: 3, findings: [finding] });
    expect(data.audit?.streaks).toHaveLength(PLACES);
    const published = join(folder, "attestations/audits");
    for (const name of readdirSync(audits))
      expect(readFileSync(join(published, name))).toEqual(readFileSync(join(audits, name)));
    expect(readFileSync(join(folder, pageOf(made.refuted)), "utf8")).toContain("Not audited since publication");
  });

  test("gives the same bytes again", async () => {
    const [first, second] = [await build(), await build()];
    expect(second.page).toBe(first.page);
  });

  test("of a damaged record says so to its builder, and is whole without it", async () => {
    const damaged = "2026-01-01T00-00-00.000Z.json";
    writeFileSync(join(audits, damaged), '{"schema":"urn:f3-attest:audit:v1"}');
    mkdirSync(join(audits, "2026-01-02T00-00-00.000Z.json"));
    writeFileSync(join(audits, "notes.txt"), "not a record");
    const { folder, warnings, data } = await build();
    expect(warnings).toEqual([
      expect.stringContaining(`attestations/audits/${damaged}: `),
      expect.stringContaining("attestations/audits/2026-01-02T00-00-00.000Z.json"),
    ]);
    expect(data.audit?.audits).toBe(3);
    expect(readdirSync(join(folder, "attestations/audits"))).not.toContain("notes.txt");
  });
});

describe("what a page is told", () => {
  const text = (records: readonly AuditRecord[]): ReturnType<typeof auditText> =>
    auditText({ names: [], records, warnings: [] }, digest, fromUtf8(made.good.bytes));

  test("says the same of each place as all the records do, in any number of them", () => {
    const state = fc.constantFrom(...STATES.filter((word) => word !== "same"), undefined);
    fc.assert(
      fc.property(fc.array(state, { minLength: 1, maxLength: 300 }), (states) => {
        const records = states.map((found, at) =>
          one(month(at), found === undefined ? [] : [{ ...ARCHIVE, state: found, detail: String(at) }]),
        );
        const told = text(records);
        const whole = streakOf(auditsOf(records, digest), ARCHIVE);
        const streak = told?.streaks.find(({ pointer, place }) => pointer === ARCHIVE.pointer && place === "archive");
        expect(streak).toEqual(whole && { ...ARCHIVE, ...whole });
        expect(told?.audits).toBe(states.length);
        expect(JSON.stringify(told).length).toBeLessThan(2000);
      }),
    );
  });

  test("an audit that did not look for every place says of none that it is the same", () => {
    expect(text([one(month(1), [], [], 0)])).toMatchObject({ audits: 1, streaks: [] });
    expect(text([one(month(1), []), one(month(2), [], [], PLACES - 1)])?.streaks[0]).toMatchObject({ audits: 1 });
  });

  test("nothing of a document that no audit names, or that is none", () => {
    expect(text([record(month(1), { ["ab".repeat(32)]: { references: 1, looks: [], findings: [] } })])).toBeUndefined();
    const damaged = auditText({ names: [], records: [one(month(1), [])], warnings: [] }, digest, "not a document");
    expect(damaged).toMatchObject({ audits: 1, streaks: [] });
  });
});

describe("of a history that was tampered with", () => {
  let folder: string;
  const read = (now = LATER): ReturnType<typeof readAudits> =>
    readAudits(new Directory(join(folder, "../..")), nodeEngine, now);
  const fileOf = (number: number): string => join(folder, recordName(month(number)));
  const shown = async (): Promise<number[]> => (await read()).records.map(({ at }) => new Date(at).getUTCMonth());
  beforeEach(() => {
    folder = join(place(), "attestations/audits");
    mkdirSync(folder, { recursive: true });
    keep(
      [1, 2, 3, 4].map((number) => one(month(number), [])),
      folder,
    );
  });

  test("nothing is amiss before", async () => {
    expect(await read()).toMatchObject({ warnings: [] });
    expect(await shown()).toEqual([1, 2, 3, 4]);
  });

  test("a record that is missing, or another one, ends what was before it", async () => {
    rmSync(fileOf(2));
    expect(await shown()).toEqual([3, 4]);
    expect((await read()).warnings).toEqual([
      expect.stringMatching(/2026-04-.* does not follow 2026-02-.*: a record is missing, or another$/),
      "the history of audits: not shown are 1 from before its last break",
    ]);
    writeFileSync(fileOf(3), formatRecord(one(month(3), [], [], 7)));
    expect(await shown()).toEqual([4]);
  });

  test("records that name nothing before them are one, however many", async () => {
    for (const number of [1, 2, 3, 4]) writeFileSync(fileOf(number), formatRecord(one(month(number), [])));
    expect(await shown()).toEqual([4]);
  });

  test("one under the name of another time is passed over", async () => {
    writeFileSync(fileOf(5), formatRecord(one(month(6), [])));
    expect(await shown()).toEqual([1, 2, 3, 4]);
    expect((await read()).warnings).toEqual([expect.stringContaining("is dated 2026-07")]);
  });

  test("one of a time that is yet to come is passed over, but for a clock's few minutes", async () => {
    const before = (minutes: number): Date => new Date(month(4).getTime() - minutes * 60_000);
    expect((await read(before(6))).records).toHaveLength(3);
    expect((await read(before(6))).warnings).toEqual([expect.stringContaining("is dated in the future")]);
    expect((await read(before(4))).records).toHaveLength(4);
  });
});

test("a file where the folder of records should be is told, too", async () => {
  const home = place();
  mkdirSync(join(home, "attestations"));
  writeFileSync(join(home, "attestations/audits"), utf8("x"));
  const { names, warnings } = await readAudits(new Directory(home), nodeEngine, LATER);
  expect([names, warnings.length]).toEqual([[], 1]);
});
