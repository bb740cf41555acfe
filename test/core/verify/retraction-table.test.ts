/**
 * How an attestation stands, in every combination of hand-over, retraction, log and witness: the word, the step's code and exit status, and
 * the exit status of a gate that asks for `not-retracted`. `verify`, the log's own account and a page go by one rule; a page that does not
 * read all entries may say less, and never something greener.
 */
import { expect, test } from "vitest";
import { EXIT } from "../../../src/cli/exit-status.js";
import { noteKey } from "../../../src/core/keys/note.js";
import type { Report } from "../../../src/core/verify/report.js";
import {
  atRegistry,
  attestation,
  handOver,
  logOf,
  named,
  onPage,
  operators,
  readLedgerOf,
  retraction,
  step,
  type Made,
  type Shown,
} from "../histories.js";
import { engine } from "../looking.js";
import { signer } from "../making.js";

const [me, heir, other, stranger, eve] = [signer(), signer(), signer(), signer(), signer()];
const signers = [me, heir, other, stranger];
const witness = { key: noteKey("eve", eve.key.bytes, "cosignature-v1", engine), by: eve };

const ROTATIONS = ["none", "one", "two", "withheld"] as const;
const RETRACTIONS = ["none", "signer", "successor", "stranger", "withheld"] as const;
const LOGS = ["whole", "unread", "replaced", "absent"] as const;
const WITNESSES = ["none", "before", "after"] as const;
type Cell = readonly [(typeof ROTATIONS)[number], (typeof RETRACTIONS)[number], (typeof LOGS)[number]];

/**
 * Hand-over: none; one, to the successor; two, the second to another key; or one whose file is kept back. Retraction: by whom; `withheld` is
 * the successor's, whose file is kept back. Log: whole; its entries not served; made anew under another key without what takes back, for a
 * reader who saw the old one; or none. A witness saw the log: never, before the retraction, or after it.
 */
function shown([rotation, retracted, log]: Cell, seen: (typeof WITNESSES)[number]): Shown {
  const document = attestation(me, log === "absent" ? undefined : named(operators[log === "replaced" ? 1 : 0]));
  const rotations = { none: [], one: [heir], two: [heir, other], withheld: [heir] }[rotation];
  const handed = rotations.map((to) => handOver(me, to));
  const by = { none: undefined, signer: me, successor: heir, stranger, withheld: heir }[retracted];
  const taken = by === undefined ? [] : [retraction(document, by)];
  const whole: Made[] = [document, ...handed, ...taken];
  const [old, now] = [[document, ...handed], log === "replaced" ? [document] : whole];
  const operator = operators[log === "replaced" ? 1 : 0];
  const cosigned = seen === "none" ? undefined : witness;
  return {
    document,
    signers,
    entries: log !== "unread",
    notices: [...(rotation === "withheld" ? [] : handed), ...(retracted === "withheld" ? [] : taken)],
    ...(log !== "absent" && { log: logOf(now, operator, seen === "after" ? cosigned : undefined) }),
    ...(log === "replaced" && {
      remembered: { key: named().key, checkpoint: logOf(old, operators[0], cosigned).checkpoint },
    }),
    policy: { notRetracted: true },
    ...(cosigned && { witnesses: [cosigned.key] }),
  };
}

const words = (report: Report): string =>
  `${report.standing?.word ?? "not known"} · ${step(report, "retraction")} · ${EXIT[report.outcome]}`;
/** Without a gate, then with one. */
const verdictOf = (of: (shown: Shown) => Report, all: Shown): string =>
  `${words(of({ ...all, policy: {} }))} · ${EXIT[of(all).outcome]}`;

/** Hand-over, retraction, log | at a registry: word · code · exit status · the gate's| on the attestation's own page: the same. */
const TABLE = `
  none      none       whole    | in-force · ok · 0 · 0                      | not known · standing-unread · 0 · 4
  none      none       unread   | not known · entries-missing · 4 · 4        | not known · standing-unread · 0 · 4
  none      none       replaced | not known · standing-unread · 5 · 4        | not known · standing-unread · 5 · 4
  none      none       absent   | in-force · ok · 0 · 0                      | in-force · ok · 0 · 0
  none      signer     whole    | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  none      signer     unread   | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  none      signer     replaced | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  none      signer     absent   | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  none      successor  whole    | in-force · ok · 0 · 0                      | not known · standing-unread · 0 · 4
  none      successor  unread   | not known · entries-missing · 4 · 4        | not known · standing-unread · 0 · 4
  none      successor  replaced | not known · standing-unread · 5 · 4        | not known · standing-unread · 5 · 4
  none      successor  absent   | in-force · ok · 0 · 0                      | in-force · ok · 0 · 0
  none      stranger   whole    | in-force · ok · 0 · 0                      | not known · standing-unread · 0 · 4
  none      stranger   unread   | not known · entries-missing · 4 · 4        | not known · standing-unread · 0 · 4
  none      stranger   replaced | not known · standing-unread · 5 · 4        | not known · standing-unread · 5 · 4
  none      stranger   absent   | in-force · ok · 0 · 0                      | in-force · ok · 0 · 0
  none      withheld   whole    | undecided · retraction-undecided · 4 · 4   | undecided · retraction-undecided · 4 · 4
  none      withheld   unread   | not known · entries-missing · 4 · 4        | not known · standing-unread · 0 · 4
  none      withheld   replaced | not known · standing-unread · 5 · 4        | not known · standing-unread · 5 · 4
  none      withheld   absent   | in-force · ok · 0 · 0                      | in-force · ok · 0 · 0
  one       none       whole    | in-force · ok · 0 · 0                      | not known · standing-unread · 0 · 4
  one       none       unread   | not known · entries-missing · 4 · 4        | not known · standing-unread · 0 · 4
  one       none       replaced | not known · standing-unread · 5 · 4        | not known · standing-unread · 5 · 4
  one       none       absent   | in-force · ok · 0 · 0                      | in-force · ok · 0 · 0
  one       signer     whole    | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  one       signer     unread   | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  one       signer     replaced | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  one       signer     absent   | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  one       successor  whole    | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  one       successor  unread   | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  one       successor  replaced | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  one       successor  absent   | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  one       stranger   whole    | in-force · ok · 0 · 0                      | not known · standing-unread · 0 · 4
  one       stranger   unread   | not known · entries-missing · 4 · 4        | not known · standing-unread · 0 · 4
  one       stranger   replaced | not known · standing-unread · 5 · 4        | not known · standing-unread · 5 · 4
  one       stranger   absent   | in-force · ok · 0 · 0                      | in-force · ok · 0 · 0
  one       withheld   whole    | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  one       withheld   unread   | not known · entries-missing · 4 · 4        | not known · standing-unread · 0 · 4
  one       withheld   replaced | not known · standing-unread · 5 · 4        | not known · standing-unread · 5 · 4
  one       withheld   absent   | in-force · ok · 0 · 0                      | in-force · ok · 0 · 0
  two       none       whole    | in-force · ok · 0 · 0                      | not known · standing-unread · 0 · 4
  two       none       unread   | not known · entries-missing · 4 · 4        | not known · standing-unread · 0 · 4
  two       none       replaced | not known · standing-unread · 5 · 4        | not known · standing-unread · 5 · 4
  two       none       absent   | in-force · ok · 0 · 0                      | in-force · ok · 0 · 0
  two       signer     whole    | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  two       signer     unread   | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  two       signer     replaced | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  two       signer     absent   | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  two       successor  whole    | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  two       successor  unread   | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  two       successor  replaced | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  two       successor  absent   | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  two       stranger   whole    | in-force · ok · 0 · 0                      | not known · standing-unread · 0 · 4
  two       stranger   unread   | not known · entries-missing · 4 · 4        | not known · standing-unread · 0 · 4
  two       stranger   replaced | not known · standing-unread · 5 · 4        | not known · standing-unread · 5 · 4
  two       stranger   absent   | in-force · ok · 0 · 0                      | in-force · ok · 0 · 0
  two       withheld   whole    | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  two       withheld   unread   | not known · entries-missing · 4 · 4        | not known · standing-unread · 0 · 4
  two       withheld   replaced | not known · standing-unread · 5 · 4        | not known · standing-unread · 5 · 4
  two       withheld   absent   | in-force · ok · 0 · 0                      | in-force · ok · 0 · 0
  withheld  none       whole    | in-force · ok · 0 · 0                      | not known · standing-unread · 0 · 4
  withheld  none       unread   | not known · entries-missing · 4 · 4        | not known · standing-unread · 0 · 4
  withheld  none       replaced | not known · standing-unread · 5 · 4        | not known · standing-unread · 5 · 4
  withheld  none       absent   | in-force · ok · 0 · 0                      | in-force · ok · 0 · 0
  withheld  signer     whole    | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  withheld  signer     unread   | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  withheld  signer     replaced | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  withheld  signer     absent   | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  withheld  successor  whole    | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  withheld  successor  unread   | not known · entries-missing · 4 · 4        | not known · standing-unread · 0 · 4
  withheld  successor  replaced | not known · standing-unread · 5 · 4        | not known · standing-unread · 5 · 4
  withheld  successor  absent   | in-force · ok · 0 · 0                      | in-force · ok · 0 · 0
  withheld  stranger   whole    | in-force · ok · 0 · 0                      | not known · standing-unread · 0 · 4
  withheld  stranger   unread   | not known · entries-missing · 4 · 4        | not known · standing-unread · 0 · 4
  withheld  stranger   replaced | not known · standing-unread · 5 · 4        | not known · standing-unread · 5 · 4
  withheld  stranger   absent   | in-force · ok · 0 · 0                      | in-force · ok · 0 · 0
  withheld  withheld   whole    | retracted · retracted · 3 · 3              | retracted · retracted · 3 · 3
  withheld  withheld   unread   | not known · entries-missing · 4 · 4        | not known · standing-unread · 0 · 4
  withheld  withheld   replaced | not known · standing-unread · 5 · 4        | not known · standing-unread · 5 · 4
  withheld  withheld   absent   | in-force · ok · 0 · 0                      | in-force · ok · 0 · 0
`;

test.each(
  TABLE.trim()
    .split("\n")
    .map((row) => row.split("|").map((part) => part.trim()) as [string, string, string]),
)("%s", (row, registry, page) => {
  const [rotation, retracted, log] = row.split(/ +/) as unknown as Cell;
  for (const seen of WITNESSES) {
    const all = shown([rotation, retracted, log], seen);
    expect([seen, verdictOf(atRegistry, all)]).toEqual([seen, registry]);
    expect([seen, verdictOf(onPage, all)]).toEqual([seen, page]);
    if (log === "whole" && all.log !== undefined) {
      const { summary } = readLedgerOf(all.log);
      expect([seen, summary.retracted.has(all.document.digest)]).toEqual([seen, registry.startsWith("retracted")]);
    }
  }
});

test("has a row for every cell", () => {
  const cells = TABLE.trim()
    .split("\n")
    .map((row) => row.split("|")[0]?.trim().replace(/ +/g, " "));
  const all = ROTATIONS.flatMap((one) => RETRACTIONS.flatMap((two) => LOGS.map((three) => `${one} ${two} ${three}`)));
  expect(cells).toEqual(all);
});
