/** Whatever a report says, there is a headline for it, a tone that fits, and four answers. */
import { describe, expect, test } from "vitest";
import { utf8, type Bytes } from "../../src/core/bytes.js";
import { CODES, outcomeOf, type Code } from "../../src/core/codes.js";
import {
  CHECK_NAMES,
  type AuditWord,
  type Check,
  type Report,
  type SignatureWord,
  type TrustWord,
} from "../../src/core/verify/report.js";
import { wording, type Criterion } from "../../src/core/statement/criterion.js";
import { readStatement, type ResultStatement } from "../../src/core/statement/statement.js";
import type { Outcome } from "../../src/core/statement/verdict.js";
import type { VerifyOptions } from "../../src/core/verify/verify.js";
import type { TrustedKey } from "../../src/core/verify/signatures.js";
import { headlineOf } from "../../src/view/headline.js";
import { answersView, headlineView, stepsView } from "../../src/view/report.js";
import { articleView, commandsView, titleView } from "../../src/view/statement.js";
import { textLines } from "../../src/view/text.js";
import { countsWording, inShort, verdictLine, verdictWording } from "../../src/view/words.js";
import { look, sites, yours } from "../core/looking.js";
import { result, sealed, signed, signer, statement } from "../core/making.js";
import { formatEnvelope } from "../../src/core/statement/envelope.js";

const [me, other] = [signer(), signer()];
const good = sealed(statement(), me);

describe("the headline", () => {
  const forged = formatEnvelope({
    ...signed(result({ title: "Forged" }), [me]),
    signatures: signed(statement(), [me]).signatures,
  });
  const unsigned = formatEnvelope({ ...signed(statement(), [me]), signatures: [] });

  test.each<[word: string, tone: string, bytes: Bytes, keys: TrustedKey[], options?: Partial<VerifyOptions>]>([
    ["Signed, unchanged", "good", good, [yours(me)]],
    ["Signed by “mine”, unchanged", "good", good, [{ ...yours(me), name: "mine" }]],
    ["Signed, unchanged", "good", good, [yours(me), { ...sites(me), name: "your bank" }]],
    ["Unchanged; signer not confirmed by you", "open", good, [sites(me)]],
    ["Unchanged, but the key is retired", "open", good, [sites(me, { validUntil: "2026-01-02T00:00:00Z" }), yours(me)]],
    [
      "Unchanged, but the key is revoked",
      "bad",
      good,
      [sites(me, { revoked: { at: "2026-01-02T00:00:00Z", reason: "lost" } }), yours(me)],
    ],
    ["Signer unknown", "open", good, []],
    ["Signer unknown", "open", good, [yours(other)]],
    ["Not signed", "bad", unsigned, [yours(me)]],
    ["Does not match its signature", "bad", forged, [yours(me)]],
    ["Could not check", "open", good, [yours(me)], { second: { name: "another", verify: () => false } }],
    ["Not readable as an attestation", "bad", utf8("hello"), [yours(me)]],
    ["Not readable as an attestation", "bad", utf8("{}"), [yours(me)]],
    ["This verifier is too old for this file", "open", sealed(result({ version: 2 }), me), [yours(me)]],
    [
      "This verifier is too old for this file",
      "open",
      sealed(statement({ predicateType: "urn:example:another:v1" }), me),
      [sites(me)],
    ],
    ["Signed, but it contradicts itself", "bad", sealed(result({ verdict: "REFUTED" }), me), [yours(me)]],
    ["Signed, but it contradicts itself", "bad", sealed(result({ title: "" }), me), [sites(me)]],
    ["Signed, but it contradicts itself", "bad", good, [yours(me)], { fileName: "test_0123456789abcdef.json" }],
    [
      "Signed, unchanged — but it is dated in the future",
      "open",
      sealed(result({ signedAt: "2126-02-01T00:00:00Z" }), me),
      [yours(me)],
    ],
    ["Signed, unchanged — but its evidence was changed", "open", good, [yours(me)], { archived: () => "changed" }],
    [
      "Unchanged; signer not confirmed by you — but its evidence was changed",
      "open",
      good,
      [sites(me)],
      { archived: () => "changed" },
    ],
  ])("%s: %s", (word, tone, bytes, keys, options) => {
    const report = look(bytes, keys, options);
    expect([headlineOf(report).word, headlineOf(report).tone]).toEqual([word, tone]);
    expect(textLines(headlineView(report)).join("\n")).not.toContain("undefined");
  });
});

describe("every combination of words and codes", () => {
  const signatures: readonly SignatureWord[] = ["ok", "bad", "not-checked"];
  const trusts: readonly TrustWord[] = [
    "confirmed-by-you",
    "registry-only",
    "retired",
    "revoked",
    "unknown",
    "not-checked",
  ];
  const audits: readonly AuditWord[] = ["clean", "findings", "not-checked"];
  const one = (name: Check["name"], status: Check["status"], code: Code): Check => ({
    name,
    status,
    code,
    detail: "it was so",
    values: {},
  });

  function* reports(): Generator<Report> {
    for (const signature of signatures)
      for (const trust of trusts)
        for (const audit of audits)
          for (const code of CODES)
            for (const name of CHECK_NAMES)
              for (const status of ["passed", "failed", "not-checked"] as const)
                yield {
                  schema: "urn:f3-attest:report:v1",
                  signature,
                  trust,
                  audit,
                  signers: [],
                  checks: [one(name, status, code)],
                  engine: "any",
                  outcome: outcomeOf(code),
                };
  }

  test("has a headline in words", () => {
    for (const report of reports()) {
      const { word, sentence } = headlineOf(report);
      if (!/^[A-Z][\w ,;“”—]+$/.test(word) || !/^\S.*\.$/.test(sentence) || /undefined/.test(word + sentence))
        throw new Error(`${word}: ${sentence}\n${JSON.stringify(report)}`);
    }
  });

  test("kind Q: is green only for a good signature by a key that the reader confirmed, in a report without any finding", () => {
    for (const report of reports()) {
      const { tone, word } = headlineOf(report);
      const fine = report.signature === "ok" && report.trust === "confirmed-by-you" && report.outcome === "accepted";
      if (tone === "good" && !fine) throw new Error(JSON.stringify(report));
      if (!fine && /^(?:Signed|A signed \w+), unchanged$/.test(word)) {
        const [check] = report.checks;
        // What is no fault of the backing is told by the trust or by a step of its own.
        if (
          report.trust === "confirmed-by-you" &&
          ["time", "evidence", "recompute", "plan", "log", "retraction"].includes(check!.name)
        )
          throw new Error(JSON.stringify(report));
      }
    }
  });

  test("has four answers and its steps, without a gap", () => {
    for (const signature of signatures)
      for (const trust of trusts)
        for (const audit of audits) {
          const report: Report = {
            schema: "urn:f3-attest:report:v1",
            signature,
            trust,
            audit,
            signers: [],
            checks: CHECK_NAMES.map((name) => one(name, "passed", "ok")),
            engine: "any",
            outcome: "accepted",
          };
          const text = [answersView(report), stepsView(report)].flatMap((tree) => textLines(tree)).join("\n");
          expect(text).not.toMatch(/undefined|\[object/);
        }
  });
});

describe("the reason for a verdict", () => {
  const checks = (...outcomes: (readonly [Outcome, boolean])[]) =>
    outcomes.map(([outcome, required], at) => ({
      id: `c${at}`,
      claim: "x",
      required,
      outcome,
      expected: "",
      observed: "",
    }));

  test.each<[verdict: "VALIDATED" | "INCONCLUSIVE" | "REFUTED", sentence: string, checks: ReturnType<typeof checks>]>([
    ["VALIDATED", "The one required check passed.", checks(["passed", true], ["failed", false])],
    ["VALIDATED", "All 2 required checks passed.", checks(["passed", true], ["passed", true])],
    [
      "REFUTED",
      "1 of 3 required checks failed: the test speaks against the hypothesis.",
      checks(["failed", true], ["passed", true], ["skipped", true]),
    ],
    [
      "REFUTED",
      "2 of 2 required checks failed: the test speaks against the hypothesis.",
      checks(["failed", true], ["failed", true]),
    ],
    [
      "INCONCLUSIVE",
      "1 of 3 required checks passed, 1 skipped, 1 could not be made: neither shown nor refuted.",
      checks(["passed", true], ["skipped", true], ["errored", true]),
    ],
    [
      "INCONCLUSIVE",
      "0 of 1 required check passed, 1 could not be made: neither shown nor refuted.",
      checks(["errored", true]),
    ],
    ["INCONCLUSIVE", "No check was required, so nothing was shown either way.", checks(["passed", false])],
    ["INCONCLUSIVE", "No check was required, so nothing was shown either way.", []],
  ])("%s: %s", (verdict, sentence, given) => {
    expect(verdictWording(verdict, given)).toMatchObject({ word: verdict, sentence });
  });

  test("beside the word, how many came out how", () => {
    expect(countsWording(checks(["passed", true], ["failed", false], ["skipped", false]))).toBe(
      "1 passed, 1 failed, 1 skipped",
    );
    expect(countsWording(checks(["passed", true], ["failed", true]))).toBe("");
    expect(verdictLine("VALIDATED", checks(["passed", true], ["skipped", false]))).toBe(
      "VALIDATED 1 passed, 1 skipped",
    );
  });

  test.each([
    ["REFUTED", "1 of 2 required checks failed", checks(["failed", true], ["passed", true])],
    ["VALIDATED", "The one required check passed", checks(["passed", true])],
    ["INCONCLUSIVE", "0 of 1 required check passed, 1 skipped", checks(["skipped", true])],
    ["INCONCLUSIVE", "No check was required, so nothing was shown either way", checks()],
  ] as const)("%s in short: %s", (verdict, short, given) => {
    expect(inShort(verdictWording(verdict, given))).toBe(short);
  });
});

describe("the article", () => {
  const read = readStatement(statement());
  const whole = "statement" in read ? read.statement : undefined;
  const report = look(good, [yours(me)]);
  const text = articleView(whole!, report)
    .flatMap((tree) => textLines(tree))
    .join("\n");

  test("says everything that the statement says", () => {
    const f3 = whole!.predicate.f3;
    for (const said of [
      "caf\u00e9, \ud83d\ude00,\\u{1f}",
      f3.sections[0]!.heading,
      ...f3.checks.flatMap(({ id, claim, expected, observed }) => [id, claim, expected, observed]),
      "greatest difference  0.25 units in the last place",
      ...f3.notChecked,
      "output.txt",
      "12 bytes",
      "recorded during the run",
      "urn:example:addition",
      "some-program add.js",
      "some runtime 1.2.3",
      report.digest!,
      me.key.keyid,
    ])
      expect(text).toContain(said);
    expect(textLines(titleView(whole!)).join("\n")).toContain("All 2 required checks passed.");
  });

  test("an urn is not clickable, and evidence is linked only where it lies", () => {
    const flat = JSON.stringify(articleView(whole!, report, { evidence: () => undefined }));
    expect(flat).not.toContain("href");
    expect(JSON.stringify(articleView(whole!, report, { evidence: (sha256) => `evidence/${sha256}` }))).toContain(
      `"href":"evidence/${"cc33".repeat(16)}"`,
    );
  });
});

describe("a check with a criterion", () => {
  const criterion: Criterion = {
    measures: [{ name: "updates lost", of: "count", where: {} }],
    holds: [{ measure: "updates lost", is: "=", value: 0 }],
    needs: [{ measure: "updates", is: "≥", value: 1000 }],
  };
  const measurements = [
    { name: "updates lost", value: 0 },
    { name: "updates", value: 71385, unit: "in all" },
  ];
  const read = readStatement(statement());
  const article = (expected: string, changes: Partial<ResultStatement["predicate"]["f3"]> = {}): string => {
    if (!("statement" in read)) throw new Error(read.fault);
    const { predicate } = read.statement;
    const [check] = predicate.f3.checks;
    const f3 = { ...predicate.f3, checks: [{ ...check!, expected, criterion, measurements }], ...changes };
    return articleView({ ...read.statement, predicate: { ...predicate, f3 } }, look(good, [yours(me)]))
      .flatMap((tree) => textLines(tree, 200))
      .join("\n");
  };

  test("says what was expected by the criterion, whatever else the publisher says of it", () => {
    const words = "Expected: updates lost = 0, given updates ≥ 1000";
    expect(article("everything went well")).toContain(`${words} in the publisher's words: everything went well\n`);
    for (const same of [wording(criterion), ""]) expect(article(same)).toContain(`${words}\n`);
  });

  test("lists its measurements one under the other, every digit of them", () => {
    expect(article("")).toContain("      updates lost  0\n      updates       71,385 in all\n");
  });

  test("has its figures between the summary and the other sections", () => {
    const figures = [
      { title: "Losses", bars: [{ label: "of all", check: "adds-two-numbers", measurement: "updates" }] },
    ];
    const headings = article("", { figures }).match(/^(?:Summary|At a glance|How it was done|Checks)$/gm);
    expect(headings).toEqual(["Summary", "At a glance", "How it was done", "Checks"]);
  });

  test("of another statement that it answers, the relation says so", () => {
    expect(article("", { relations: [{ type: "answers", target: "urn:example:question" }] })).toMatch(
      /^answers +urn:example:question$/m,
    );
  });
});

describe("the command", () => {
  const command = (file: string, key?: string, checks?: Parameters<typeof commandsView>[2]): string =>
    textLines(commandsView(file, key, checks), 200).join("\n");

  test("goes on to the observations only where a criterion leads there", () => {
    const plain = { id: "a", claim: "x", required: true, outcome: "passed", expected: "", observed: "" } as const;
    const criterion: Criterion = { measures: [], holds: [{ measure: "n", is: "=", value: 0 }], needs: [] };
    expect(command("a.json", undefined, [plain])).not.toContain("--recompute");
    const said = command("a.json", "ssh-ed25519 AAAA", [plain, { ...plain, id: "b", criterion }]);
    expect(said).toContain("1 of 2 checks state their criterion as data");
    expect(said).toContain("npx @f3/attest verify a.json --key 'ssh-ed25519 AAAA' --recompute");
    expect(command("a b.json", undefined, [{ ...plain, criterion }])).toContain("verify FILE --key 'KEY' --recompute");
  });

  test("names the file, and the key that the reader confirmed", () => {
    const said = command("test_0123456789abcdef.json", "ssh-ed25519 AAAA");
    expect(said).toContain("npx @f3/attest verify test_0123456789abcdef.json --key 'ssh-ed25519 AAAA'");
    expect(said).not.toContain("KEY stands for");
  });

  test("leaves the place of the key open where the reader confirmed none", () => {
    expect(command("a.json")).toContain("npx @f3/attest verify a.json --key 'KEY'");
    expect(command("a.json")).toContain(
      "KEY stands for the signer's public key line. Get it from another source than this page.",
    );
  });

  test.each(["a b.json", "$(id).json", "a;b.json", "-rf", "`id`", "a\nb.json", "../a.json", "", "a'b"])(
    "never has %j in it",
    (file) => {
      expect(command(file)).toContain("verify FILE --key");
    },
  );
});
