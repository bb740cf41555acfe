/** What others say of an attestation stands on its page, by their own signatures: each is verified in the reader's browser. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DataOf } from "../../src/formats/page-data.js";
import type { Attestation } from "../../src/pipeline/publish/sign.js";
import { dataIn } from "./embedded.js";
import {
  attest,
  findings,
  pageOf,
  publish,
  removePlaces,
  serve,
  tamperedWith,
  testKey,
  type Published,
  type Served,
} from "./making.js";
import { inEveryMake, type View } from "./reading.js";

const [mine, his, hers, strangers] = [testKey("mine"), testKey("his"), testKey("hers"), testKey("strangers")];
let served: Served;
let published: Published;
let good: Attestation;
let crowded: Attestation;
const made: Record<string, Attestation> = {};

beforeAll(async () => {
  const at = (minute: number): Date => new Date(Date.UTC(2026, 2, 1, 11, minute));
  good = await attest(mine, findings());
  crowded = await attest(mine, findings({ title: "Many look at it", hypothesis: "Many." }));
  const to = (type: "reproduces" | "contradicts", { digest, id }: Attestation, title: string) =>
    findings({ title, hypothesis: title, evidence: [], relations: [{ type, target: id, digest: { sha256: digest } }] });
  made["his"] = await attest(his, to("reproduces", good, "His round"), at(1));
  made["again"] = await attest(his, to("reproduces", good, "His second round"), at(2));
  made["hers"] = await attest(hers, to("reproduces", good, "Her round"), at(3));
  made["contra"] = await attest(hers, to("contradicts", good, "Her doubts"), at(4));
  made["stranger"] = await attest(strangers, to("contradicts", good, "A stranger's doubts"), at(5));
  made["forged"] = await attest(hers, to("contradicts", good, "Two and two make four, or not"), at(6));
  const files = new Map([good, crowded, ...Object.values(made)].map((one) => [`${one.id}.json`, one.bytes]));
  files.set(`${made["forged"].id}.json`, tamperedWith(made["forged"]));
  for (let round = 0; round < 15; round += 1) {
    const one = await attest(his, to("reproduces", crowded, `Round ${round}`), at(10 + round));
    files.set(`${one.id}.json`, one.bytes);
  }
  published = await publish({ title: "Lab", listed: [mine, his, hers], files });
  served = await serve(published);
}, 60_000);
afterAll(() => {
  served.close();
  removePlaces();
});

const dataOf = (one: Attestation): DataOf<"attestation"> =>
  JSON.parse(dataIn(readFileSync(join(published.folder, pageOf(one)), "utf8"))) as DataOf<"attestation">;

test("a page carries what verified when the site was made, what speaks against it first, and not more than it should", () => {
  const named = (one: Attestation): string[] => dataOf(one).related.map(({ name }) => name.replace(".json", ""));
  expect(named(good)).toEqual([made["contra"], made["hers"], made["again"], made["his"]].map((one) => one!.id));
  expect([named(crowded).length, dataOf(crowded).moreRelated]).toEqual([12, 3]);
  expect(dataOf(made["his"]!).related).toEqual([]);
});

test("the text that was written at build time claims nothing of it", () => {
  const page = readFileSync(join(published.folder, pageOf(good)), "utf8");
  expect(/<main.*<\/main>/s.exec(page)![0]).not.toMatch(/Reproduced|Contradicted|other attestations/);
});

inEveryMake((read) => {
  const UNCONFIRMED = "Unchanged; signer not confirmed by you";
  const told = (view: View): Promise<string[]> => view.texts(".related li");

  test("counted by keys, linked, and right under the answers", async () => {
    await read(served.url("file", pageOf(good)), async (view) => {
      await view.headline(UNCONFIRMED);
      expect(await told(view)).toEqual([
        "Contradicted by 1 other key: Her doubts (VALIDATED)",
        "Claimed to be reproduced by 2 other keys that only this site lists: Her round (VALIDATED), His second round (VALIDATED), His round (VALIDATED)",
      ]);
      expect(await view.count(".answers + .related")).toBe(1);
      expect(await view.attribute(".related a", "href")).toBe(`${made["contra"]!.id}.html`);
      await view.send("key", mine.line);
      await view.headline("Signed, unchanged");
      expect(await told(view)).toHaveLength(2);
      await view.press("Change one letter and check again");
      await view.headline("Does not match its signature");
      expect(await told(view)).toEqual([]);
    });
  });

  test("one that was changed on its way to the reader is not counted", async () => {
    const changed = join(published.folder, "attestations/changed.html");
    const page = readFileSync(join(published.folder, pageOf(good)), "utf8");
    writeFileSync(changed, page.replaceAll("Her round", "Our round").replaceAll("Her doubts", "Our doubts"));
    await read(served.url("file", "attestations/changed.html"), async (view) => {
      await view.headline(UNCONFIRMED);
      expect(await told(view)).toEqual([
        "Claimed to be reproduced by 1 other key that only this site lists: His second round (VALIDATED), His round (VALIDATED)",
      ]);
    });
  });
});
