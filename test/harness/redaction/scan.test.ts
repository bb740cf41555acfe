/** The last look before publishing: finds what looks like a secret wherever it stands, names the place, never the secret. */
import { describe, expect, test } from "vitest";
import type { Json } from "../../../src/core/json.js";
import { Redactor, RULES } from "../../../src/harness/redaction/redact.js";
import { redact } from "../../../src/harness/redaction/reveal.js";
import { checkRules, refuseSecrets, ruleNames, scan, type Evidence } from "../../../src/harness/redaction/scan.js";
import { rulesWithExamples } from "./tokens.js";
import { naming, refusal } from "../../core/refusal.js";

const secrets = [{ name: "DB_PASSWORD", value: "hunter2 & hunter3" }];
const evidence = (text: string, name = "stdout.txt"): Evidence => ({ name, bytes: Buffer.from(text) });

describe.each(rulesWithExamples)("$name", ({ name, examples, nearMisses }) => {
  const [example = "", nearMiss = ""] = [examples[0], nearMisses[0]];

  test("is found in evidence and statement, unless it is allowed", () => {
    const statement = { predicate: { f3: { summary: `it said ${example}` } } };
    const pieces = [evidence(`one\ntwo\n${example}\n`)];
    expect(scan(statement, pieces, [], [])).toEqual([
      { place: "the statement, predicate.f3.summary", rule: name },
      { place: "evidence stdout.txt, line 3", rule: name },
    ]);
    expect(scan(statement, pieces, [], [name])).toEqual([]);
    expect(scan({ said: nearMiss }, [evidence(nearMiss)], [], [])).toEqual([]);
  });

  test("is not found in what was redacted", () => {
    for (const text of examples) {
      const { bytes } = redact(Buffer.from(`a ${text} b\n"${text}" <${text}>`), new Redactor([]));
      expect(scan(null, [{ name: "a", bytes }], [], [])).toEqual([]);
    }
  });

  test("does not stand in the refusal", () => {
    const { code, message, hint } = refusal(() => refuseSecrets({ [example]: example }, [], [], []));
    expect(code).toBe("secret-found");
    expect(message).toContain(name);
    expect(hint).toContain(`--allow-secret ${name}`);
    expect(message + String(hint)).not.toMatch(/[A-Za-z0-9+/]{20}/);
    expect(message).not.toContain(example);
  });
});

describe("the value of a variable", () => {
  test.each([
    ["evidence report.json, line 2", null, [evidence(`{\n"a":"hunter2 \\u0026 hunter3"}`, "report.json")]],
    ["evidence report.xml, line 1", null, [evidence(`<a b="hunter2 &amp; hunter3"/>`, "report.xml")]],
    ["evidence a, line 4", null, [evidence(`\n\n\n${Buffer.from("x:hunter2 & hunter3").toString("base64")}`, "a")]],
    ["the statement, a[1].b", { a: [1, { b: "is hunter2 & hunter3" }] }, []],
    ["the statement, the name of a.[redacted]", { a: { "hunter2 & hunter3": 1 } }, []],
    ["the name of evidence [redacted].txt", null, [evidence("", "hunter2 & hunter3.txt")]],
  ] as [string, Json, Evidence[]][])("%s", (place, statement, pieces) => {
    const rule = "value of DB_PASSWORD";
    expect(scan(statement, pieces, secrets, [])).toEqual([{ place, rule }]);
    expect(scan(statement, pieces, secrets, [rule])).toEqual([]);
    const { code, message, hint } = refusal(() => refuseSecrets(statement, pieces, secrets, []));
    expect(code).toBe("secret-found");
    expect(message).toMatch(naming("DB_PASSWORD", place));
    expect(hint).toContain(`--allow-secret "${rule}"`);
  });

  test("that is allowed for one is not for another", () => {
    const both = [...secrets, { name: "OTHER", value: "something else" }];
    const pieces = [evidence("hunter2 & hunter3\nsomething else\nsomething else, something else")];
    expect(scan(null, pieces, both, ["value of DB_PASSWORD"])).toEqual([
      { place: "evidence stdout.txt, line 2", rule: "value of OTHER" },
      { place: "evidence stdout.txt, line 3", rule: "value of OTHER" },
    ]);
    expect(refusal(() => refuseSecrets(null, pieces, both, [])).message).toMatch(naming("DB_PASSWORD", "line 1", 2));
  });
});

test("one half in one string and one in the next is none", () => {
  expect(scan(["hunter2 & ", "hunter3"], [evidence("hunter2 "), evidence("& hunter3")], secrets, [])).toEqual([]);
});

test("what is clean is published", () => {
  const statement = { a: "0123456789abcdef".repeat(4), b: [true, null, 12345678901] };
  refuseSecrets(statement, [evidence("ok 1\n")], secrets, ["jwt", "value of WHATEVER"]);
});

test("a rule that does not exist is refused, and those that do are named", () => {
  for (const rule of ["jwts", "", "value of ", "*"]) {
    const { code, message, hint } = refusal(() => checkRules(["jwt", rule]));
    expect(code).toBe("usage");
    expect(message).toMatch(naming("--allow-secret", JSON.stringify(rule)));
    for (const { name } of RULES) expect(hint).toContain(name);
  }
  expect(refusal(() => refuseSecrets(null, [], [], ["jwts"])).code).toBe("usage");
  checkRules([...ruleNames(), "value of NAME"]);
});
