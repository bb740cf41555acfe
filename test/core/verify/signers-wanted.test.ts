/** The signers that are wanted of a log give every document the status that all of its signers would. */
import fc from "fast-check";
import { expect, test } from "vitest";

import { Owners } from "../../../src/core/keys/owner.js";
import { handOversIn, signatureName, type EntryOf, type LogEntry } from "../../../src/core/log/entry.js";
import { beginning, LogFold, type FoldedLog, type Wanted } from "../../../src/core/log/fold.js";
import { NoticeEntries } from "../../../src/core/log/notice-entries.js";
import { readLog } from "../../../src/core/log/read-all.js";
import { hasSigners, signersWanted } from "../../../src/core/verify/signers-wanted.js";
import { NoticeSet } from "../../../src/core/verify/notice-set.js";
import { statusOf } from "../../../src/core/verify/retraction.js";
import { attestation, handOver, logOf, named, replacement, retraction, revocation, type Made } from "../histories.js";
import { engine, sites } from "../looking.js";
import { signer } from "../making.js";

const people = [signer(), signer(), signer()];
const documents = ["One", "Another"].map((title) => attestation(people[0]!, named(), title));
/** The same document with somebody else's signature, as the log has it. */
const signedBy = (one: Made, at: number): Made => {
  const leaf = { ...(one.leaf as EntryOf<"result">), keyid: people[at]!.key.keyid };
  return { ...one, leaf, leaves: [leaf] };
};
const person = fc.nat(2);
const document = fc.constantFrom(...documents);
/** Kept, since each is signed. */
const memo = new Map<string, Made>();
const once = (name: string, make: () => Made): Made => {
  const known = memo.get(name) ?? make();
  memo.set(name, known);
  return known;
};
const notice = fc.oneof(
  fc
    .tuple(document, person)
    .map(([one, by]) => once(`retract ${one.digest} ${by}`, () => retraction(one, people[by]!))),
  fc
    .tuple(document, person)
    .map(([one, by]) => once(`replace ${one.digest} ${by}`, () => replacement(one, people[by]!))),
  fc.tuple(person, person).map(([of, by]) => once(`revoke ${of} ${by}`, () => revocation(people[of]!, people[by]!))),
  fc
    .tuple(person, person)
    .filter(([from, to]) => from !== to)
    .map(([from, to]) => once(`rotate ${from} ${to}`, () => handOver(people[from]!, people[to]!))),
);
const shown = fc.record({
  logged: fc.array(
    fc.oneof(
      notice,
      fc.tuple(document, person).map(([one, by]) => signedBy(one, by)),
    ),
    { maxLength: 12 },
  ),
  /** Whose documents are there. */
  published: fc.array(notice, { maxLength: 4 }),
  known: fc.subarray([0, 1, 2]),
  signers: fc.subarray([0, 1, 2], { minLength: 1 }),
});

test("whatever was logged and published, and whoever's signature is shown", () => {
  let differing = 0;
  fc.assert(
    fc.property(shown, document, ({ logged, published, known, signers }, { digest }) => {
      const all = readLog(logOf(logged), [], engine);
      const entries = new NoticeEntries(all.notices.map(({ entry }) => entry));
      const notices = NoticeSet.read(
        published.map(({ bytes }) => bytes),
        engine,
      );
      const owners = new Owners(handOversIn(all.entries));
      const atHand = new Set(
        published.flatMap(({ leaves }) => leaves.flatMap((leaf) => (leaf.kind === "shard" ? [] : signatureName(leaf)))),
      );
      const wanted = signersWanted(notices, entries, { owners, atHand });
      const keys = known.map((at) => sites(people[at]!));
      const good = signers.map((at) => people[at]!.key.keyid);
      const status = ({ signers: by }: Pick<FoldedLog, "signers">): unknown =>
        statusOf(digest, [...good, ...(by.get(digest) ?? [])], { notices, entries, keys, owners, atHand });
      expect(status(folded(wanted, logged))).toEqual(status(all));
      expect(hasSigners(wanted, wanted, digest)).toBe(true);
      if (JSON.stringify(status({ signers: new Map() })) !== JSON.stringify(status(all))) differing += 1;
    }),
    { numRuns: 500 },
  );
  expect(differing).toBeGreaterThan(10); // the log's signers do matter
});

function folded(wanted: Wanted, logged: readonly Made[]): FoldedLog {
  const log = logOf(logged);
  const fold = new LogFold(engine, beginning(wanted));
  for (const entry of log.entries) fold.add(entry);
  return fold.under(log.key, readLog(log, [], engine).opened);
}

test("are not there if a look was told of less", () => {
  const none = signersWanted(NoticeSet.read([], engine), NoticeEntries.NONE);
  const about = (entries: readonly LogEntry[]): NoticeEntries =>
    new NoticeEntries(entries.flatMap((leaf) => (leaf.kind === "notice" ? leaf : [])));
  const [one, other] = documents as [Made, Made];
  const history = { owners: new Owners(), atHand: new Set<string>() };
  const retracted = signersWanted(NoticeSet.read([], engine), about([retraction(one, people[1]!).leaf]), history);
  expect(hasSigners(none, retracted, one.digest)).toBe(false);
  expect(hasSigners(none, retracted, other.digest)).toBe(true);
  expect(hasSigners("all", retracted, one.digest)).toBe(true);
  const byDocument = signersWanted(NoticeSet.read([retraction(one, people[1]!).bytes], engine), NoticeEntries.NONE);
  expect(hasSigners(none, byDocument, one.digest)).toBe(false);
  // A withheld revocation by a stranger may be of anyone's key.
  const revoked = signersWanted(NoticeSet.read([], engine), about([revocation(people[0]!, people[1]!).leaf]), history);
  expect(hasSigners(none, revoked, other.digest)).toBe(false);
  expect(hasSigners(revoked, revoked, other.digest)).toBe(true);
});
