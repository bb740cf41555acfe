/**
 * Real reports, spoilt in every way that can be listed and in a hundred thousand that cannot: refused, or doubted, or no failure fewer
 * than before; and whatever is read of them, a command that failed is never VALIDATED.
 */
import * as fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Bytes } from "../../src/core/bytes.js";
import type { Verdict } from "../../src/core/statement/verdict.js";
import { readResults } from "../../src/formats/results.js";
import { attempt, failures, sound } from "../formats/reading.js";
import { judged, printed } from "../harness/judged.js";

const RUNS = 100_000;

const folder = new URL("../formats/golden/", import.meta.url);
const golden = readdirSync(folder)
  .filter((name) => !name.endsWith(".expected.json"))
  .map((name) => {
    const bytes = readFileSync(new URL(name, folder));
    return { name, bytes, text: bytes.toString(), before: readResults(bytes) };
  });
type Golden = (typeof golden)[number];
const all = golden.map((one) => [one.name, one] as const);

/** As a command would be judged that prints this and ends so. */
const verdictOf = (bytes: Bytes, exitCode: number): Verdict => judged(printed(bytes, ["-"]), exitCode).verdict;

/** Even where the command says that all is well: a failure that is gone has left a doubt. */
function missed({ before }: Golden, bytes: Bytes): string[] | undefined {
  const results = attempt(bytes);
  if (results === undefined || failures(results) >= failures(before)) return undefined;
  const doubts = new Set(before.discrepancies);
  return results.discrepancies.filter((sentence) => !doubts.has(sentence));
}

/** Where go has ended one package, and not begun the next, nothing tells that there was to be a next. */
const betweenPackages = ({ before, bytes }: Golden, length: number): boolean => {
  const last = bytes.subarray(0, length).toString().trimEnd().split("\n").at(-1) ?? "";
  return before.format === "go-test-json" && /"Elapsed":[\d.]+\}$/.test(last) && !last.includes('"Test"');
};

test.each(all)("%s lists failures, and is no pass", (_, { bytes, before }) => {
  expect(failures(before)).toBeGreaterThan(0);
  expect([0, 1].map((exit) => verdictOf(bytes, exit))).not.toContain("VALIDATED");
});

describe.each(all)("%s", (_, one) => {
  const { bytes, text } = one;
  const lines = text.split(/(?<=\n)/);

  test("cut off at every byte", () => {
    for (let length = 0; length < bytes.length; length += 1) {
      if (betweenPackages(one, length)) continue;
      const part = bytes.subarray(0, length);
      expect(missed(one, part), `cut at ${length}`).not.toEqual([]);
      expect(verdictOf(part, 1), `cut at ${length}`).not.toBe("VALIDATED");
    }
  });

  test("every bit of it changed", () => {
    const copy = Uint8Array.from(bytes);
    for (let at = 0; at < bytes.length; at += 1) {
      for (let bit = 1; bit < 256; bit <<= 1) {
        copy[at]! ^= bit;
        expect(missed(one, copy), `byte ${at} ^ ${bit}`).not.toEqual([]);
        copy[at]! ^= bit;
      }
    }
  });

  test("each line left out, doubled, or moved to each other place", () => {
    const read = (changed: readonly string[], what: string): void =>
      expect(missed(one, Buffer.from(changed.join(""))), what).not.toEqual([]);
    for (const [at, line] of lines.entries()) {
      // All that go before 1.20 says of a package that could not be built; and what makes of a failure one that is to do.
      if (/^FAIL\t.* \[build failed\]$|<skipped type="todo"/m.test(line)) continue;
      const rest = lines.toSpliced(at, 1);
      read(rest, `without ${line}`);
      read(lines.toSpliced(at, 0, line), `twice ${line}`);
      for (let to = 0; to < lines.length; to += 1) read(rest.toSpliced(to, 0, line), `${line} at ${to}`);
    }
  });

  // What go lists, it does not count; nor does node in its JUnit.
  const counts = one.before.format !== "go-test-json" && one.name !== "node-20.20.2.xml";
  test.runIf(counts)("each failing case left out whole", () => {
    const spoilt = [...withoutOne(one)];
    expect(spoilt.length).toBeGreaterThan(0);
    for (const changed of spoilt) {
      const results = attempt(Buffer.from(changed));
      if (results === undefined) continue;
      expect(failures(results)).toBeLessThanOrEqual(failures(one.before));
      expect(missed(one, Buffer.from(changed)), changed).not.toEqual([]);
    }
  });
});

const BAD = /<(?:failure|error)\b|"status": ?"failed"/;

/** The report without one of its failing cases, as a writer would have written it that forgot the case and not the counters. */
function* withoutOne({ before: { format }, text }: Golden): Generator<string> {
  const cases =
    format === "junit"
      ? /<testcase\b[^>]*?(?:\/>|>[^]*?<\/testcase>)/g
      : /^( *)not ok .*\n(?:\1 {2,4}---\n(?:\1 {2,4}.*\n)*?\1 {2,4}\.\.\.\n)?/gm;
  if (format === "junit" || format === "tap") {
    for (const { 0: found, index } of text.matchAll(cases))
      if (format === "tap" || BAD.test(found)) yield text.slice(0, index) + text.slice(index + found.length);
    return;
  }
  const [first, ...places] = listsIn(JSON.parse(text) as unknown);
  for (const path of first === undefined ? [] : [first, ...places]) {
    const copy = JSON.parse(text) as unknown;
    const list = path.slice(0, -1).reduce((value, key) => (value as Record<string, unknown>)[key], copy) as unknown[];
    list.splice(Number(path.at(-1)), 1);
    yield JSON.stringify(copy);
  }
}

/** Where in the document an element of a list is a test that failed. */
function listsIn(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...path, key];
    const { status, assertionResults } = (inner ?? {}) as { status?: unknown; assertionResults?: unknown };
    const failed = Array.isArray(value) && status === "failed" && assertionResults === undefined;
    return [...(failed ? [here] : []), ...listsIn(inner, here)];
  });
}

const WORDS = [
  "passed",
  "failed",
  "skipped",
  "pending",
  "todo",
  "not ok",
  "ok",
  "# SKIP",
  "# TODO",
  "pass",
  "fail",
  "skip",
];
const TOKENS = [
  ...[
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "&#0;",
    "<failure/>",
    "</testcase>",
    "<testsuite>",
    "</testsuites>",
    "<skipped/>",
  ],
  ...[
    "{",
    "}",
    "[",
    "]",
    '"',
    ",",
    "\\",
    "\n",
    "    ",
    "  ---\n",
    "  ...\n",
    " {\n",
    "}\n",
    "1..0\n",
    "1..3\n",
    "\r",
    "\0",
  ],
  ...[
    "not ok 1\n",
    "ok 1\n",
    "Bail out!\n",
    "TAP version 13\n",
    "__proto__",
    "null",
    "\\ud800",
    "1e999",
    "-0",
    "\ufeff",
    "\u2028",
  ],
  ...[`{"Action":"pass","Package":"p"}\n`, `{"Action":"run","Package":"p","Test":"T"}\n`],
];

type Change = (text: string, others: readonly string[]) => string;
const place = (text: string, at: number): number => at % (text.length + 1);
const CHANGES: readonly fc.Arbitrary<Change>[] = [
  fc.tuple(fc.nat(), fc.nat(400)).map(([at, length]): Change => {
    return (text) => text.slice(0, place(text, at)) + text.slice(place(text, at) + length);
  }),
  fc.tuple(fc.nat(), fc.nat(9)).map(([at, count]): Change => {
    return (text) => {
      const lines = text.split(/(?<=\n)/);
      return lines.toSpliced(at % lines.length, count).join("");
    };
  }),
  fc.tuple(fc.nat(), fc.nat(), fc.nat(9)).map(([from, to, count]): Change => {
    return (text) => {
      const lines = text.split(/(?<=\n)/);
      const copied = lines.slice(from % lines.length, (from % lines.length) + count);
      return lines.toSpliced(to % lines.length, 0, ...copied).join("");
    };
  }),
  fc.tuple(fc.nat(), fc.nat()).map(([some, other]): Change => {
    return (text) => {
      const lines = text.split(/(?<=\n)/);
      const [a, b] = [some % lines.length, other % lines.length];
      return lines
        .with(a, lines[b] ?? "")
        .with(b, lines[a] ?? "")
        .join("");
    };
  }),
  fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(([at, mask]): Change => {
    return (text) => {
      const bytes = Buffer.from(text);
      if (bytes.length > 0) bytes[at % bytes.length]! ^= mask;
      return bytes.toString("latin1") === text ? text : bytes.toString();
    };
  }),
  fc.nat().map(
    (at): Change =>
      (text) =>
        text.slice(0, place(text, at)),
  ),
  fc.nat().map(
    (at): Change =>
      (text) =>
        text.slice(place(text, at)),
  ),
  fc.tuple(fc.nat(), fc.nat(), fc.nat()).map(([which, at, from]): Change => {
    return (text, others) => {
      const other = others[which % others.length] ?? "";
      return text.slice(0, place(text, at)) + other.slice(place(other, from));
    };
  }),
  fc.tuple(fc.nat(), fc.constantFrom(...WORDS)).map(([which, word]): Change => {
    return (text) => {
      const found = [...text.matchAll(/\b(?:passed|failed|skipped|pending|todo|not ok|ok|pass|fail|skip)\b/g)];
      const { 0: old = "", index = 0 } = found[which % Math.max(1, found.length)] ?? {};
      return text.slice(0, index) + word + text.slice(index + old.length);
    };
  }),
  fc.tuple(fc.nat(), fc.nat(9)).map(([which, digit]): Change => {
    return (text) => {
      const found = [...text.matchAll(/\d+/g)];
      const { 0: old = "", index = 0 } = found[which % Math.max(1, found.length)] ?? {};
      return text.slice(0, index) + String(digit) + text.slice(index + old.length);
    };
  }),
  fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(...TOKENS), fc.string({ unit: "binary", maxLength: 8 }))).map(
    ([at, token]): Change =>
      (text) =>
        text.slice(0, place(text, at)) + token + text.slice(place(text, at)),
  ),
];

const formats = [...new Set(golden.map(({ before }) => before.format))].map(
  (format) => [format, golden.filter(({ before }) => before.format === format)] as const,
);

describe.each(formats)("%s", (_, own) => {
  const texts = golden.map(({ text }) => text);
  const changes = fc.array(fc.oneof(...CHANGES), { minLength: 1, maxLength: 5 });

  test("changed by chance: read soundly or refused, and no pass for a command that failed", () => {
    let read = 0;
    fc.assert(
      fc.property(fc.constantFrom(...own), changes, ({ text }, some) => {
        const bytes = Buffer.from(some.reduce((changed, change) => change(changed, texts), text));
        const results = attempt(bytes);
        if (results !== undefined) {
          read += 1;
          sound(results);
        }
        expect(verdictOf(bytes, 1)).not.toBe("VALIDATED");
      }),
      { numRuns: RUNS },
    );
    // Of refusals alone nothing would be learned.
    expect(read).toBeGreaterThan(RUNS / 100);
  });
});
