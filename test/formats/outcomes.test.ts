/** A report is never made better than it is: what is not known is errored, and what it says twice and differently is said. */
import { describe, expect, test } from "vitest";
import { outcomes, read } from "./reading.js";

type Members = Record<string, unknown>;

const ctrf = (tests: Members[], summary: Members = {}): string =>
  JSON.stringify({
    results: {
      summary: { tests: tests.length, passed: 0, failed: 0, skipped: 0, pending: 0, other: 0, ...summary },
      tests,
    },
  });

const jest = (files: Members[], counts: Members = {}): string =>
  JSON.stringify({
    numTotalTests: 0,
    numPassedTests: 0,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    success: true,
    ...counts,
    testResults: files,
  });

const go = (...events: Members[]): string =>
  events.map((event) => `${JSON.stringify({ Package: "p", ...event })}\n`).join("");

const PASSED = "All tests successful.\n";

type Row = [what: string, report: string, cases: string[], discrepancies: RegExp[]];

describe.each<[format: string, rows: Row[]]>([
  [
    "CTRF",
    [
      ["a pass", ctrf([{ name: "a", status: "passed" }], { passed: 1 }), ["passed a"], []],
      ["pending", ctrf([{ name: "a", status: "pending" }], { pending: 1 }), ["skipped a"], []],
      ["other", ctrf([{ name: "a", status: "other" }], { other: 1 }), ["errored a"], []],
      ["an unknown status", ctrf([{ name: "a", status: "PASSED" }], { other: 1 }), ["errored a"], []],
      ["no status", ctrf([{ name: "a" }], { other: 1 }), ["errored a"], []],
      ["a status out of Object", ctrf([{ name: "a", status: "constructor" }], { other: 1 }), ["errored a"], []],
      ["a test that is none", ctrf([null as never], { other: 1 }), ["errored unnamed"], []],
      [
        "counts of others",
        ctrf([{ name: "a", status: "passed" }], { passed: 2 }),
        ["passed a"],
        [/2 passed, and lists 1/],
      ],
      ["more than it lists", ctrf([], { tests: 3 }), [], [/counts 3 tests, and lists 0/]],
      ["a count that is none", ctrf([], { failed: "0" }), [], [/does not say how many are failed/]],
      ["no summary", JSON.stringify({ results: { tests: [] } }), [], Array<RegExp>(6).fill(/does not say how many/)],
      [
        "a pass at the second attempt",
        ctrf([{ name: "a", status: "passed", flaky: true }], { passed: 1 }),
        ["passed again a"],
        [],
      ],
      [
        "equal names",
        ctrf(
          ["passed", "failed", "passed"].map((status) => ({ name: "a", status })),
          { passed: 2, failed: 1 },
        ),
        ["passed a", "failed a (2)", "passed a (3)"],
        [/"a" stands 3 times, and 1 of them did not pass/],
      ],
      [
        "equal names, and one that is named like the second",
        ctrf(
          ["a", "a (2)", "a"].map((name) => ({ name, status: "passed" })),
          { passed: 3 },
        ),
        ["passed a", "passed a (2)", "passed a (3)"],
        [],
      ],
    ],
  ],
  [
    "jest and vitest",
    [
      [
        "a file that did not load",
        jest([{ name: "/x/a.js", status: "failed", assertionResults: [] }], { success: false }),
        ["errored a.js"],
        [/"a.js" failed without/],
      ],
      [
        "a file of which nothing is said",
        jest([{ name: "a.js" }], { success: false }),
        ["errored a.js"],
        [/"a.js" failed/],
      ],
      [
        "an unknown status",
        jest([{ status: "failed", assertionResults: [{ title: "a", status: "ok" }] }], {
          numTotalTests: 1,
          numFailedTests: 1,
          success: false,
        }),
        ["errored a"],
        [],
      ],
      ["success without it", jest([], { success: false }), [], [/says false of its success/]],
      ["success unsaid", jest([], { success: null }), [], [/says null of its success/]],
      ["an interruption", jest([], { wasInterrupted: true }), [], [/interrupted/]],
      [
        "more broken files than it lists",
        jest([], { numRuntimeErrorTestSuites: 1 }),
        [],
        [/counts 1 files that could not run, and lists 0/],
      ],
      ["a count that is missing", jest([], { numTotalTests: undefined }), [], [/lacks its count numTotalTests/]],
      [
        "no count of what is to do, as before jest 24",
        jest([{ name: "./f.js", status: "passed", assertionResults: [{ title: "a", status: "passed" }] }], {
          numTotalTests: 1,
          numPassedTests: 1,
          numTodoTests: undefined,
        }),
        ["passed f.js > a"],
        [],
      ],
      [
        "no count of what is to do, and one that is",
        jest([{ name: "f", status: "passed", assertionResults: [{ title: "a", status: "todo" }] }], {
          numTotalTests: 1,
          numTodoTests: undefined,
        }),
        ["skipped f > a"],
        [/counts 0 skipped, and lists 1/],
      ],
      [
        "a file that passed with a test that failed",
        jest([{ name: "f", status: "passed", assertionResults: [{ title: "a", status: "failed" }] }], {
          numTotalTests: 1,
          numFailedTests: 1,
          success: false,
        }),
        ["failed f > a"],
        [/the file "f" is passed, with a test in it that is not/],
      ],
      [
        "a pass at the second attempt",
        jest([{ status: "passed", assertionResults: [{ title: "a", status: "passed", retryReasons: ["x"] }] }], {
          numTotalTests: 1,
          numPassedTests: 1,
        }),
        ["passed again a"],
        [],
      ],
    ],
  ],
  [
    "JUnit",
    [
      ["cases under the root", `<testsuites><testcase name="a"/></testsuites>`, ["passed a"], []],
      [
        "suites in suites",
        `<testsuites><testsuite name="s"><testsuite name="t"><testcase name="a"/></testsuite></testsuite></testsuites>`,
        ["passed s > t > a"],
        [],
      ],
      [
        "failure before skipped",
        `<testsuite><testcase name="a"><skipped/><failure/></testcase></testsuite>`,
        ["failed a"],
        [],
      ],
      [
        "failure before error",
        `<testsuite><testcase name="a"><error/><failure/></testcase></testsuite>`,
        ["failed a"],
        [],
      ],
      [
        "a failure that is to do",
        `<testsuite><testcase name="a"><skipped type="todo"/><failure/></testcase></testsuite>`,
        ["skipped a"],
        [],
      ],
      ["an unknown mark", `<testsuite><testcase name="a"><Failure/></testcase></testsuite>`, ["errored a"], []],
      [
        "a case in a case",
        `<testsuite><testcase name="a"><testcase name="b"><failure/></testcase></testcase></testsuite>`,
        ["errored a"],
        [/"a" contains further tests/],
      ],
      ["an unknown status", `<testsuite><testcase name="a" status="maybe"/></testsuite>`, ["errored a"], []],
      ["a failing status", `<testsuite><testcase name="a" status="FAILED"/></testsuite>`, ["failed a"], []],
      [
        "a passing status and a failure",
        `<testsuite><testcase name="a" status="passed"><failure/></testcase></testsuite>`,
        ["failed a"],
        [],
      ],
      [
        "a disabled test of googletest",
        `<testsuite><testcase name="a" status="notrun" result="suppressed"/></testsuite>`,
        ["skipped a"],
        [],
      ],
      ["a failure in an attribute", `<testsuite><testcase name="a" failure="x"/></testsuite>`, ["failed a"], []],
      [
        "a suite that failed",
        `<testsuites><testsuite name="s"><error message="x"/></testsuite></testsuites>`,
        ["errored s"],
        [/"s" failed as a whole/],
      ],
      ["a case without a name", `<testsuite><testcase/></testsuite>`, ["passed unnamed"], []],
      [
        "an unknown part",
        `<testsuite name="s"><Testcase name="a"/></testsuite>`,
        [],
        [/"s" has an unknown part <Testcase>/],
      ],
      [
        "a test in a test that failed",
        `<testsuite><testcase name="a"><failure/><testcase name="b"><failure/></testcase></testcase></testsuite>`,
        ["failed a"],
        [/"a" contains further tests/],
      ],
      [
        "counts of others",
        `<testsuite name="s" tests="2"><testcase name="a"/></testsuite>`,
        ["passed s > a"],
        [/counts 2 tests, and lists 1/],
      ],
      [
        "a failure that is only counted",
        `<testsuite name="s" tests="1" failures="0" errors="1"><testcase name="a"/></testsuite>`,
        ["passed s > a"],
        [/counts 1 failures and errors, and lists 0/],
      ],
      ["a count that is none", `<testsuite name="s" failures="-1"/>`, [], [/counts "-1" failures/]],
      [
        "errors that are called failures",
        `<testsuite name="s" tests="1" failures="0" errors="1"><testcase name="a"><failure/></testcase></testsuite>`,
        ["failed s > a"],
        [],
      ],
      [
        "a pass at the second attempt",
        `<testsuite><testcase name="a"><flakyFailure/></testcase></testsuite>`,
        ["passed again a"],
        [],
      ],
    ],
  ],
  [
    "TAP",
    [
      ["no numbers", "1..2\nok\nnot ok\n", ["passed unnamed", "failed unnamed (2)"], [/"unnamed" stands 2 times/]],
      [
        "directives",
        "1..4\nok 1 a # SKIP x\nnot ok 2 b # todo\nnot ok 3 c \\# TODO\nnot ok 4 d #TODOS\n",
        ["skipped a", "skipped b", "failed c # TODO", "skipped d"],
        [],
      ],
      ["all skipped", "1..0 # SKIP no network\n", ["skipped all tests"], []],
      ["nothing at all", "1..0\n", [], []],
      ["too few", "1..3\nok 1 a\nok 2 b\n", ["passed a", "passed b"], [/plans 3 tests, and lists 2/]],
      ["too many", "1..1\nok 1 a\nok 2 b\n", ["passed a", "passed b"], [/plans 1 tests, and lists 2/]],
      ["any order", "1..3\nok 2 b\nok 3 c\nok 1 a\n", ["passed b", "passed c", "passed a"], []],
      ["a number above the plan", "1..2\nok 1 a\nok 3 b\n", ["passed a", "passed b"], [/1 to 2, and lists a test 3/]],
      ["the number zero", "1..1\nok 0 a\n", ["passed a"], [/1 to 1, and lists a test 0/]],
      ["a number of many digits", "1..1\nok 12345678901 a\n", ["passed a"], [/lists a test 12345678901/]],
      ["numbers for some", "1..3\nok a\nok 2 b\nok c\n", ["passed a", "passed b", "passed c"], []],
      [
        "a number above the plan of a subtest",
        "1..1\n    1..2\n    ok 1 b\n    ok 3 c\nok 1 a\n",
        ["passed a > b", "passed a > c", "passed a"],
        [/"a" plans 1 to 2, and lists a test 3/],
      ],
      ["a plan in the middle", "ok 1 a\n1..2\nok 2 b\n", ["passed a", "passed b"], [/stands between two tests/]],
      [
        "a plan in the middle of a subtest",
        "1..1\n    ok 1 b\n    1..2\n    ok 2 c\nok 1 a\n",
        ["passed a > b", "passed a > c", "passed a"],
        [/stands between two tests/],
      ],
      [
        "a plan before the point of its subtests",
        "    1..1\n    ok 1 b\n1..1\nok 1 a\n",
        ["passed a > b", "passed a"],
        [/between subtests and their point/],
      ],
      ["a plan that does not begin at one", "2..3\nok 2 a\nok 3 b\n", ["passed a", "passed b"], [/has no plan/]],
      ["a plan with a reason", "1..1 # the quick ones\nok 1 a\n", ["passed a"], []],
      [
        "directives, whatever follows the word",
        "1..6\nok 1 a # Skipped: x\nok 2 b # SKIP\nok 3 #SkIp x\nnot ok 4 c # todo: x\nok 5 d # TODO\nnot ok 6 e # SKIP\n",
        ["skipped a", "skipped b", "skipped #3", "skipped c", "skipped d", "skipped e"],
        [],
      ],
      [
        "the specification's examples of escaping",
        [
          "1..8\nok 1 - hello # todo\nok 2 - hello \\# todo\nok 3 - hello # todo hash \\# character\nok 4 - hello # todo hash # c",
          "ok 5 - hello \\\\# todo hash \\# c\nok 6 - hello \\\\# todo hash # c\nok 7 - hello # description # todo",
          "ok 8 - hello \\\\\\\\\\\\\\# todo\n",
        ].join("\n"),
        [
          ...["skipped hello", "passed hello # todo", "skipped hello (2)", "skipped hello (3)"],
          ...["skipped hello \\", "skipped hello \\ (2)", "passed hello # description # todo"],
          "passed hello \\\\\\# todo",
        ],
        [],
      ],
      [
        "an address",
        "1..1\nnot ok 1 https://example.org/#skip is one\n",
        ["failed https://example.org/#skip is one"],
        [],
      ],
      [
        "what is not ok, whatever stands after it",
        "1..1\nok 1 a\nnot ok: b\n",
        ["passed a", "failed : b"],
        [/lists 2/],
      ],
      ["a word that begins with ok", "1..1\nok 1 a\nok, so far\nokay\n", ["passed a"], []],
      ["a description of a number", "1..1\nok 1 - 2 is even\n", ["passed 2 is even"], []],
      ["a bail-out in another case", "1..1\nok 1 a\nBAIL OUT! fire\n", ["passed a"], [/bailed out: "fire"/]],
      ["a bail-out alone", "Bail out!\n", [], [/bailed out/, /has no plan/]],
      [
        "a bail-out of a subtest",
        "1..1\n    1..1\n    ok 1 b\n    Bail out! fire\nok 1 a\n",
        ["passed a > b", "passed a"],
        [/bailed out: "fire"/],
      ],
      [
        "a subtest that is to do",
        "1..1\n    1..2\n    not ok 1 b\n    ok 2 c\nnot ok 1 a # TODO\n",
        ["skipped a > b", "passed a > c", "skipped a"],
        [],
      ],
      [
        "subtests that are summed up under another name",
        "1..1\n# Subtest: b\n    1..1\n    ok 1 c\nok 1 - a\n",
        ["passed a > c", "passed a"],
        [/subtests of "b" are summed up as "a"/],
      ],
      [
        "subtests that the next ones come after",
        "1..1\n# Subtest: a\n    1..1\n    ok 1 c\n# Subtest: b\nok 1 - a\n",
        ["passed a > c", "passed a"],
        [/before "b" have no point/, /subtests of "b" are summed up as "a"/],
      ],
      [
        "subtests of subtests, of which the outer begin with the inner",
        "        ok 1 - c\n        1..1\n    ok 1 - b\n    1..1\nok 1 - a\n1..1\n",
        ["passed a > b > c", "passed a > b", "passed a"],
        [],
      ],
      [
        "braces on a line of their own, after the diagnostics",
        "1..1\nnot ok 1 a\n  ---\n  x: 1\n  ...\n{\n    1..1\n    not ok 1 b\n}\n",
        ["failed a > b", "failed a"],
        [],
      ],
      ["what is no TAP", "1..1\nhello\n  ok 1 b\n\tok 1 c\nok 1 a\n", ["passed a"], []],
      [
        "the same where the report is strict",
        "1..1\npragma +strict\nhello\n# fine\n\nok 1 a\n",
        ["passed a"],
        [/not TAP.*"hello"/],
      ],
      [
        "a pragma of a subtest",
        "1..1\npragma -strict\n    1..1\n    pragma +strict, -bail\n    ok 1 b\nok 1 a\nhello\n",
        ["passed a > b", "passed a"],
        [],
      ],
      ["diagnostics after a comment", "1..1\nok 1 a\n# why\n\n  ---\n  not ok 2 b\n\n  ...\n", ["passed a"], []],
      ["a carriage return for a line feed", "1..1\r50 %\rnot ok 1 a\r\n", ["failed a"], []],
      ["two versions", "TAP version 14\n1..1\nok 1 a\nTAP version 14\n", ["passed a"], [/version stands twice/]],
      ["no plan", "ok 1 a\n", ["passed a"], [/the report has no plan/]],
      ["two plans", "1..1\nok 1 a\n1..1\n", ["passed a"], [/a plan stands twice/]],
      ["one number twice", "1..2\nok 1 a\nok 1 b\n", ["passed a", "passed b"], [/two tests one number/]],
      ["a bail-out", "1..1\nok 1 a\nBail out! fire\n", ["passed a"], [/bailed out: "fire"/]],
      ["a last line without an end", "1..1\nok 1 a", ["passed a"], [/the last line has no end/]],
      ["an unknown version", "TAP version 15\n1..1\nok 1 a\n", ["passed a"], [/unknown version, "15"/]],
      ["points in a diagnostic block", "1..1\nok 1 a\n  ---\n  not ok 2 b\n  ...\n", ["passed a"], []],
      ["a diagnostic block without an end", "1..1\nok 1 a\n  ---\n  x: 1\n", ["passed a"], [/block has no end/]],
      [
        "a diagnostic block that a point ends",
        "1..2\nok 1 a\n  ---\nnot ok 2 b\n",
        ["passed a", "failed b"],
        [/block has no end/],
      ],
      ["what is no diagnostic block", "1..2\nok 1 a\nhello\n  ---\nnot ok 2 b\n", ["passed a", "failed b"], []],
      [
        "a pass over a failure",
        "1..1\n    1..1\n    not ok 1 b\nok 1 a\n",
        ["failed a > b", "passed a"],
        [/"a" passed, with a subtest that did not/],
      ],
      [
        "subtests that nothing sums up",
        "1..1\nok 1 a\n    not ok 1 b\n    1..1\n",
        [
          "passed a",
          "failed subtests without a result of their own > b",
          "errored subtests without a result of their own",
        ],
        [/plans 1 tests, and lists 2/],
      ],
      ["braces", "1..1\nnot ok 1 a {\n    1..1\n    not ok 1 b\n}\n", ["failed a > b", "failed a"], []],
      [
        "braces without an end",
        "1..1\nok 1 a {\n    1..1\n    ok 1 b\n",
        [
          "passed a",
          "passed subtests without a result of their own > b",
          "errored subtests without a result of their own",
        ],
        [/subtests of "a" have no end/, /lists 2/],
      ],
      [
        "node:test: a suite whose hook failed",
        "1..1\n    ok 1 b\n    1..1\nnot ok 1 a\n  ---\n  type: 'suite'\n  ...\n",
        ["passed a > b", "errored a"],
        [],
      ],
      [
        "node:test: a value that poses as a suite",
        "1..1\nnot ok 1 a\n  ---\n  expected:\n    type: 'suite'\n  ...\n",
        ["failed a"],
        [],
      ],
      [
        "node:test: counts of others",
        "1..1\nok 1 a\n# tests 1\n# suites 0\n# pass 0\n# fail 1\n# cancelled 0\n",
        ["passed a"],
        [/counts 0 passed/, /counts 1 failed/],
      ],
    ],
  ],
  [
    "prove -v",
    [
      [
        "one file",
        `t/a.t .. \n1..2\nok 1 - a\nok 2 # skip x\nok\n${PASSED}Files=1, Tests=2,  0 wallclock secs\nResult: PASS\n`,
        ["passed t/a.t > a", "skipped t/a.t > #2"],
        [],
      ],
      [
        "with the time, tests without numbers, a file that is skipped, what others print",
        `> p@1 test\n[16:07:58] t/a.t ... \nTAP version 14\nok\n1..1\nok      370 ms ( 0.00 usr)\n[16:07:58]\nt/bb.t .. skipped: no net\n` +
          `${PASSED}Files=2, Tests=1,  0 wallclock secs\nResult: PASS\ndone\n`,
        ["passed t/a.t", "skipped t/bb.t"],
        [],
      ],
      [
        "a failure",
        "t/a.t .. \nnot ok 1 - a\n1..1\nDubious, test returned 1 (wstat 256, 0x100)\nFailed 1/1 subtests \n\nTest Summary Report\nFiles=1, Tests=1,  0\nResult: FAIL\n",
        ["failed t/a.t > a"],
        [],
      ],
      [
        "a file that ended badly, and all its tests passed",
        "t/a.t .. \n1..1\nok 1\nDubious, test returned 3 (wstat 768, 0x300)\nAll 1 subtests passed \nFiles=1, Tests=1,  0\nResult: FAIL\n",
        ["passed t/a.t > #1", "errored t/a.t"],
        [],
      ],
      [
        "a file that printed nothing",
        "t/a.t .. No subtests run \nFiles=1, Tests=0,  0\nResult: FAIL\n",
        ["errored t/a.t"],
        [],
      ],
      [
        "a file that is missing",
        `t/a.t .. \n1..1\nok 1 a\nok\n${PASSED}Files=2, Tests=3,  0\nResult: PASS\n`,
        ["passed t/a.t > a"],
        [/counts 2 files, and lists 1/, /counts 3 tests, and lists 1/],
      ],
      [
        "a verdict that is missing, and a result that does not fit",
        "t/a.t .. \n1..1\nok 1 a\nFiles=1, Tests=1,  0\nResult: PASS\n",
        ["passed t/a.t > a", "errored t/a.t"],
        [/does not say what became of "t\/a.t"/, /says "PASS"/],
      ],
      [
        "no result, and a test before the first file",
        "not ok 1\nt/a.t .. \n1..1\nok 1 a\nok\nFiles=1, Tests=1,  0\n",
        ["passed t/a.t > a"],
        [/before the first file/, /result is missing/],
      ],
    ],
  ],
  [
    "go test",
    [
      [
        "no final result",
        go({ Action: "run", Test: "A" }, { Action: "pass" }),
        ["errored p > A"],
        [/"p" passed, with a test in it that did not/],
      ],
      [
        "an unknown action",
        go({ Action: "run", Test: "A" }, { Action: "passed", Test: "A" }, { Action: "fail" }),
        ["errored p > A"],
        [/unknown action: "passed"/],
      ],
      [
        "two final results",
        go({ Action: "fail", Test: "A" }, { Action: "pass", Test: "A" }, { Action: "fail" }),
        ["failed p > A"],
        [/"p A" has two results, failed and passed/],
      ],
      [
        "a test that runs twice",
        go(
          ...[1, 2].flatMap(() => [
            { Action: "run", Test: "A" },
            { Action: "pass", Test: "A" },
          ]),
          { Action: "pass" },
        ),
        ["passed p > A", "passed p > A (2)"],
        [],
      ],
      [
        "a package without a result",
        go({ Action: "run", Test: "A" }, { Action: "pass", Test: "A" }),
        ["passed p > A", "errored p"],
        [/"p" has no result/],
      ],
      ["a package that failed alone", go({ Action: "fail" }), ["errored p"], [/"p" failed without/]],
      ["a package without tests", go({ Action: "start" }, { Action: "skip" }), [], []],
      [
        "a pass over a failure",
        go({ Action: "fail", Test: "A" }, { Action: "pass" }),
        ["failed p > A"],
        [/"p" passed, with a test/],
      ],
      [
        "a build that failed",
        go(
          { Package: undefined, ImportPath: "q [q.test]", Action: "build-output", Output: "x" },
          { Package: undefined, ImportPath: "q [q.test]", Action: "build-fail" },
          { Package: "q", Action: "fail", FailedBuild: "q [q.test]" },
        ),
        ["errored q"],
        [/"q" failed without/],
      ],
      [
        "a build that printed",
        go({ Package: undefined, ImportPath: "q", Action: "build-output", Output: "warning" }, { Action: "pass" }),
        [],
        [],
      ],
      [
        "a line that is no event",
        `${go({ Action: "start" })}boom\n${go({ Action: "pass" })}`,
        [],
        [/line 2 is not an event: "boom"/],
      ],
      ["what others print before and after", `hello\n{"level":"info"}\n${go({ Action: "pass" })}done\n`, [], []],
      ["a failure that is told after the events", `${go({ Action: "pass" })}FAIL\n`, [], [/line 2 .*"FAIL"/]],
      ["a part of an event", `${go({ Action: "pass" })}on":"fail","Test":"A"}\n`, [], [/line 2 is not an event/]],
      [
        "results that go kept",
        go(
          { Action: "run", Test: "A" },
          { Action: "pass", Test: "A" },
          { Action: "output", Output: "ok  \tp\t(cached)\n" },
          { Action: "pass" },
        ),
        ["passed p > A"],
        [/"p" was not tested by this run.*-count=1/],
      ],
    ],
  ],
])("%s", (_, rows) => {
  test.each(rows)("%s", (__, report, cases, said) => {
    const results = read(report);
    expect(outcomes(results)).toEqual(cases);
    expect(results.discrepancies).toEqual(said.map((sentence): unknown => expect.stringMatching(sentence)));
  });
});

describe("texts and figures", () => {
  const first = (members: Members): unknown =>
    read(ctrf([{ name: "a", status: "failed", ...members }], { failed: 1 })).cases[0];

  test.each([
    [{ name: "  a\tb\r\nc  " }, { name: "a b c" }],
    [{ name: "\ud800a\u0000b\u001b[31mc\u001b[0m\u009b\uffff" }, { name: "\ufffda\ufffdbc\ufffd\ufffd" }],
    [{ name: "x".repeat(5000) }, { name: `${"x".repeat(999)}…` }],
    [{ name: `${"x".repeat(998)}\ud83d\ude00yy` }, { name: `${"x".repeat(998)}…` }],
    [{ message: "a\r\n\tb\u0007" }, { message: "a\n\tb\ufffd" }],
    [{ suite: ["s", "t", "t"] }, { name: "s > t > a", suite: "s > t" }],
    [{ filePath: "/srv/sample/a.js" }, { file: "a.js" }],
    [{ filePath: "C:\\Users\\someone\\a.js" }, { file: "a.js" }],
    [{ filePath: "src/a.js" }, { file: "src/a.js" }],
    [{ duration: 0.12345 }, { durationMs: 0.123 }],
    [{ duration: -1 }, {}],
    [{ duration: "1" }, {}],
  ])("%j", (members, expected) => {
    expect(first(members)).toEqual({ name: "a", outcome: "failed", ...expected });
  });

  test("absolute paths lose what they have in common", () => {
    const files = ["/srv/x/test/a.js", "/srv/x/test/b/c.js"].map((filePath) => ({
      name: filePath,
      status: "failed",
      filePath,
    }));
    expect(read(ctrf(files, { failed: 2 })).cases.map(({ file, name }) => [file, name])).toEqual([
      ["a.js", "a.js"],
      ["b/c.js", "b/c.js"],
    ]);
  });

  test.each([
    ["1,234.5", 1_234_500],
    ["0.001", 1],
    ["0,005", undefined],
    ["-1", undefined],
    ["1e400", undefined],
  ])("%s seconds", (time, durationMs) => {
    expect(read(`<testsuite><testcase name="a" time="${time}"/></testsuite>`).cases[0]?.durationMs).toBe(durationMs);
  });

  test.each([
    ["adds # in 20 ms", "adds", 20],
    ["adds # time=1.5ms", "adds", 1.5],
    ["adds # in 20 ms or so", "adds # in 20 ms or so", undefined],
    ['it\'s "odd" # name # in 15 ms', 'it\'s "odd" # name', 15],
  ])("the point %s", (point, name, durationMs) => {
    expect(read(`TAP version 13\n1..1\nok 1 ${point}\n`).cases[0]).toMatchObject({ name });
    expect(read(`TAP version 13\n1..1\nok 1 ${point}\n`).cases[0]?.durationMs).toBe(durationMs);
  });

  test.each([
    ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02T03:04:05.5+02:00", "2026-01-02T01:04:05.500Z"],
    ["2026-01-02T03:04:05", undefined],
    ["Fri, 02 Jan 2026 03:04:05 GMT", "2026-01-02T03:04:05.000Z"],
    ["2026-99-02T03:04:05Z", undefined],
  ])("the time %s", (time, startedAt) => {
    expect(read(`<testsuite timestamp="${time}"/>`).startedAt).toBe(startedAt);
  });
});
