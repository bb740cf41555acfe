/** Where reports are found, which of them are the run's own, and what is taken for one among what was printed. */
import { mkdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { utf8 } from "../../src/core/bytes.js";
import { Reports, type Report } from "../../src/harness/reports.js";
import { temporary } from "../cli/attest.js";

const JUNIT = `<testsuite tests="1"><testcase name="a"/></testsuite>`;
const TAP = "TAP version 13\n1..1\nok 1 - a\n";
const GO = `{"Action":"run","Package":"p","Test":"a"}\n{"Action":"pass","Package":"p","Test":"a"}\n{"Action":"pass","Package":"p"}\n`;
const JEST = JSON.stringify({
  ...{ numTotalTests: 1, numPassedTests: 1, numFailedTests: 0, numPendingTests: 0, success: true },
  testResults: [
    {
      name: "a.js",
      status: "passed",
      assertionResults: [{ fullName: "a", title: "a", status: "passed", ancestorTitles: [] }],
    },
  ],
});

let cwd: string;
const put = (name: string, text = JUNIT): void => {
  mkdirSync(dirname(join(cwd, name)), { recursive: true });
  writeFileSync(join(cwd, name), text);
};
beforeEach(() => {
  cwd = temporary();
});

/** What is found after a run that does this. */
function found(named: readonly string[], run: () => void, printed = "", truncated = false): Report[] {
  const reports = new Reports(cwd, named);
  const startedAt = new Date();
  run();
  return reports.collect(startedAt, { bytes: utf8(printed), truncated }, (bytes) => bytes);
}
const names = (reports: readonly Report[]): string[] => reports.map(({ name }) => name);
const doubts = (reports: readonly Report[]): string[] => reports.flatMap((report) => report.doubts);

describe("in known places", () => {
  test.each([
    "junit.xml",
    "test-results.xml",
    "TEST-sums.xml",
    "reports/junit.xml",
    "test-results/results.xml",
    "target/surefire-reports/TEST-org.example.Sums.xml",
    "build/test-results/test/TEST-Sums.xml",
  ])("%s is found when the run writes it", (name) => {
    const reports = found([], () => put(name));
    expect(names(reports)).toEqual([name]);
    expect(doubts(reports)).toEqual([]);
  });

  test("what lay there before is passed over, unless the run writes it anew", () => {
    put("junit.xml");
    put("TEST-old.xml");
    expect(names(found([], () => undefined))).toEqual([]);
    expect(names(found([], () => put("junit.xml", `${JUNIT} `)))).toEqual(["junit.xml"]);
  });

  test("one that is put there with an old time is not this run's", () => {
    const reports = found([], () => {
      put("old.txt");
      utimesSync(join(cwd, "old.txt"), 1e9, 1e9);
      renameSync(join(cwd, "old.txt"), join(cwd, "junit.xml"));
    });
    expect(doubts(reports)).toEqual(["it is older than the run: last written 2001-09-09T01:46:40.000Z"]);
  });

  test("all of them are read", () => {
    expect(
      names(found([], () => ["b", "a"].forEach((name) => put(`target/surefire-reports/TEST-${name}.xml`)))),
    ).toEqual(["target/surefire-reports/TEST-a.xml", "target/surefire-reports/TEST-b.xml"]);
  });
});

describe("by name", () => {
  test("only those, whatever else there is", () => {
    expect(names(found(["out/a.xml"], () => ["out/a.xml", "junit.xml"].forEach((name) => put(name)), TAP))).toEqual([
      "out/a.xml",
    ]);
  });

  test("one that is no regular file, or too large for a report, or none at all, is a doubt", () => {
    expect(doubts(found(["a.xml"], () => undefined))).toEqual(["the run did not write it"]);
    expect(doubts(found(["a.xml"], () => mkdirSync(join(cwd, "a.xml"))))).toEqual([
      "it holds no report that the run wrote",
    ]);
    expect(doubts(found(["b.xml"], () => symlinkSync("/dev/zero", join(cwd, "b.xml"))))).toEqual([
      `it is a link that leads out of the project: name it by its real path, "$(realpath b.xml)"`,
    ]);
  });
});

describe("is not kept as evidence", () => {
  const kept = (reports: readonly Report[]): unknown[] => reports.map(({ file }) => file?.bytes);

  test("what the run did not write, named or put there with an old time", () => {
    put("a.xml");
    put("old.xml");
    utimesSync(join(cwd, "old.xml"), 1e9, 1e9);
    expect(kept(found(["a.xml"], () => undefined))).toEqual([undefined]);
    expect(kept(found(["b.xml"], () => renameSync(join(cwd, "old.xml"), join(cwd, "b.xml"))))).toEqual([undefined]);
  });

  test("what lies outside of the project and is no report; nor is its beginning told", () => {
    const path = join(temporary(), "notes.txt");
    const reports = found([path], () => writeFileSync(path, "private notes"));
    expect(kept(reports)).toEqual([undefined]);
    expect(doubts(reports)).toEqual(["it lies outside of the project, and is no report that can be read"]);
    const report = join(temporary(), "a.xml");
    expect(kept(found([report], () => writeFileSync(report, JUNIT)))).toEqual([utf8(JUNIT)]);
  });

  test("what a link leads to, outside of the project, also when it was made by the run", () => {
    const path = join(temporary(), "a.xml");
    for (const name of ["a.xml", "reports/junit/b.xml"]) {
      const reports = found([name], () => {
        writeFileSync(path, JUNIT);
        mkdirSync(dirname(join(cwd, name)), { recursive: true });
        symlinkSync(path, join(cwd, name));
      });
      expect(kept(reports)).toEqual([undefined]);
      expect(doubts(reports).join()).toMatch(/a link that leads out/);
    }
    symlinkSync(dirname(path), join(cwd, "out"));
    expect(kept(found(["out/a.xml"], () => writeFileSync(path, `${JUNIT} `)))).toEqual([undefined]);
  });
});

describe("among what is printed", () => {
  const banner = "\n> sums@1.0.0 test\n> node --test\n\n";
  test.each([
    ["TAP", TAP],
    ["TAP after npm's banner", banner + TAP],
    ["go test -json", GO],
    ["go test -json after other lines", `go: downloading x\n${GO}`],
    ["JSON of jest", JEST],
    ["JSON of jest after npm's banner", banner + JEST],
  ])("%s is read", (_, printed) => {
    const [report, ...more] = found([], () => undefined, printed);
    expect(more).toEqual([]);
    expect(report).toMatchObject({ name: "stdout", doubts: [] });
    expect(report?.results?.cases.map(({ outcome }) => outcome)).toEqual(["passed"]);
  });

  test.each([
    ["nothing", ""],
    ["prose", "All is well.\nok, so far\n"],
    ["an object that is no report", `{"ok":true}\n`],
    ["an object that is a report's, in the middle of a line", `the file says: ${JEST}`],
    ["a plan without a test", "1..10\n"],
    ["lines of a log", "ok, so far\nok 200 GET /\nok\nok  \texample.org/m\t0.1s\nOK - done\nnot ok to proceed\n"],
    ["a mark inside of a line", "writes <testcase> and </testsuite>\n"],
    ["a document of something else", `<html>\n<p>1..2</p>\n</html>\n{"tests":[]}\n`],
  ])("%s is no report", (_, printed) => {
    expect(found([], () => undefined, printed)).toEqual([]);
  });

  test("several runners, one after the other", () => {
    const reports = found([], () => undefined, `${banner}${TAP}${banner}${TAP.replace("ok 1 - a", "not ok 1 - b")}`);
    expect(names(reports)).toEqual(["stdout, part 1", "stdout, part 2"]);
    expect(reports.flatMap(({ results }) => results?.cases.map(({ outcome }) => outcome))).toEqual([
      "passed",
      "failed",
    ]);
  });

  test("what is not whole is never believed", () => {
    expect(doubts(found([], () => undefined, TAP, true)).join()).toMatch(/not whole/);
    expect(doubts(found([], () => undefined, TAP.slice(0, -1)))).toHaveLength(1);
    expect(doubts(found([], () => undefined, TAP.replace("1..1", "1..2")))).toHaveLength(1);
  });

  test("a file comes before it", () => {
    expect(names(found([], () => put("junit.xml"), TAP))).toEqual(["junit.xml"]);
  });
});
