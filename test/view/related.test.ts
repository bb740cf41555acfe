/** What others say of an attestation: counted by keys that are not its signer's, and never by what was taken back. */
import { describe, expect, test } from "vitest";
import type { AttestationNode } from "../../src/core/audit/relations.js";
import type { TrustWord } from "../../src/core/verify/report.js";
import { relatedView } from "../../src/view/related.js";
import { textLines } from "../../src/view/text.js";

const ABOUT = "aa".repeat(32);
let made = 0;
const card = (
  changes: Partial<AttestationNode> & { readonly says?: AttestationNode["relations"][number]["type"] },
): AttestationNode => {
  const { says, ...rest } = changes;
  const digest = (made += 1).toString(16).padStart(64, "0");
  const relations = says === undefined ? [] : [{ type: says, target: "it", digest: { sha256: ABOUT } }];
  return {
    digest,
    id: `test_${digest.slice(0, 16)}`,
    title: `Number ${made}`,
    where: "",
    verdict: "VALIDATED",
    hypothesis: "It adds.",
    names: ["it"],
    signedAt: "2026-03-01T10:00:03Z",
    owners: ["me"],
    subjects: ["sha256:1"],
    relations,
    inForce: true,
    provenOwners: rest.owners ?? ["me"],
    entered: [],
    confirmed: rest.owners ?? ["me"],
    listed: [],
    ...rest,
  };
};
const about = card({ digest: ABOUT, id: `test_${ABOUT.slice(0, 16)}` });
const said = (others: readonly AttestationNode[], more = 0, trust: TrustWord = "confirmed-by-you"): string => {
  const view = relatedView({ about, others: others.map((one) => ({ card: one, trust })), more });
  return view === undefined ? "" : textLines(view, 400).join("\n");
};
const by = (
  owner: string,
  says: AttestationNode["relations"][number]["type"],
  changes: Partial<AttestationNode> = {},
): AttestationNode => card({ owners: [owner], says, ...changes });

describe("it says", () => {
  test("nothing where nobody says anything", () => {
    expect(said([])).toBe("");
    expect(said([card({ owners: ["you"] }), about])).toBe("");
  });

  test("by how many other keys it was reproduced: one key counts once, its signer's own not at all", () => {
    const one = by("you", "reproduces");
    expect(said([one])).toContain(`Reproduced by 1 other key, confirmed by you: ${one.title} (VALIDATED)`);
    expect(said([one, by("you", "reproduces"), by("her", "reproduces")])).toContain(
      "Reproduced by 2 other keys, confirmed by you: ",
    );
    expect(said([by("me", "reproduces")])).toMatch(/^- Run again by its own signer: /m);
    expect(said([by("me", "reproduces")])).not.toContain("Reproduced by");
    expect(said([by("you", "reproduces", { owners: ["me", "you"] })])).toContain(
      "Reproduced by 1 other key, confirmed by you: ",
    );
  });

  test("kind R: a key that only the publisher lists is the publisher's word, and one that is revoked is nobody's", () => {
    const one = by("you", "reproduces");
    const listed = by("you", "reproduces", { confirmed: [], listed: ["you"] });
    expect(said([listed], 0, "registry-only")).toContain(
      "Claimed to be reproduced by 1 other key that only this site lists: ",
    );
    expect(said([listed], 0, "registry-only")).not.toContain("Reproduced by");
    for (const trust of ["revoked", "retired", "unknown", "not-checked"] as const)
      expect(said([one], 0, trust)).toBe("");
  });

  test("kind R: a signer whom you confirmed makes no reproducer of another one who signed beside", () => {
    const beside = (changes: Partial<AttestationNode>): string =>
      said([by("me", "reproduces", { owners: ["me", "you"], confirmed: ["me"], ...changes })]);
    expect(beside({ listed: ["you"] })).toContain(
      "Claimed to be reproduced by 1 other key that only this site lists: ",
    );
    expect(beside({ listed: ["you"] })).not.toContain("Reproduced by");
    expect(beside({})).toMatch(/^- Run again by its own signer: /m); // the other key is revoked, or retired
  });

  test("no reproduction by who signed it too, where that signature was taken off and the log has it", () => {
    const one = by("you", "reproduces");
    const view = relatedView({
      about: { ...about, entered: ["you"] },
      others: [{ card: one, trust: "confirmed-by-you" }],
      more: 0,
    });
    expect(textLines(view!, 400).join("\n")).toMatch(/^- Run again by its own signer: /m);
  });

  test("that it was contradicted, also by a reproduction that came out otherwise", () => {
    expect(said([by("you", "contradicts"), by("her", "reproduces", { verdict: "INCONCLUSIVE" })])).toContain(
      "Contradicted by 2 other keys: ",
    );
    expect(said([by("you", "contradicts")])).not.toContain("Reproduced");
  });

  test("that the opposite was found of the same subject, whoever signed it, where the same was asked", () => {
    const opposite = card({ verdict: "REFUTED" });
    expect(said([opposite])).toContain(`The opposite verdict about the same subject: ${opposite.title} (REFUTED)`);
    expect(said([card({ verdict: "REFUTED", subjects: ["sha256:2"] })])).toBe("");
    expect(said([card({ verdict: "INCONCLUSIVE" })])).toBe("");
    expect(said([card({ verdict: "REFUTED", hypothesis: "It is fast." })])).toBe("");
    expect(said([by("you", "contradicts", { verdict: "REFUTED" })])).not.toContain("The opposite verdict"); // told already
  });

  test("that it was replaced, where its own signer says so", () => {
    expect(said([by("me", "supersedes")])).toContain("Replaced by its own signer: ");
    expect(said([by("you", "supersedes")])).toBe("");
  });

  test("what answers it", () => {
    expect(said([by("you", "answers")])).toContain("Answered by: ");
  });

  test("nothing by what its signer took back, and of what is not here only how much it is", () => {
    expect(said([by("you", "reproduces", { inForce: false })])).toBe("");
    expect(said([by("you", "reproduces")], 3)).toContain(
      "The publisher says that there are 3 more, which this page does not carry.",
    );
    expect(said([by("you", "reproduces")])).not.toContain("more");
  });
});

test("a title is text, and a link leads only to a page that is there", () => {
  const one = by("you", "reproduces", { title: "\u202eevil" });
  const view = (page: (id: string) => string | undefined): string =>
    JSON.stringify(
      relatedView(
        { about, others: [{ card: one, trust: "registry-only" }], more: 0 },
        { evidence: () => undefined, page },
      ),
    );
  expect(view(() => undefined)).not.toContain("href");
  expect(view((id) => `${id}.html`)).toContain(`"href":"${one.id}.html"`);
  expect(view(() => undefined)).toContain("\\\\u{202e}evil");
});
