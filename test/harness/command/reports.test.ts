/** Where reports are found, which of them are the run's own, and what is taken for one among what was printed. */
import { chmodSync, mkdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { utf8 } from "../../../src/core/bytes.js";
import { ledOut, Reports, type RunnerReport } from "../../../src/harness/command/reports.js";
import { temporary } from "../../cli/attest.js";

const JUNIT = `<testsuite tests="1"><testcase name="a"/></testsuite>`;
/** With bytes that no other file has: copies count once. */
const another = (name: string): string => `${JUNIT}<!-- ${name} -->`;
const TAP = "TAP version 13\n1..1\nok 1 - a\n";
const GO = `{"Action":"run","Package":"p","Test":"a"}\n{"Action":"pass","Package":"p","Test":"a"}\n{"Action":"pass","Package":"p"}\n`;
const JEST = JSON.stringify({
  numTotalTests: 1,
  numPassedTests: 1,
  numFailedTests: 0,
  numPendingTests: 0,
  success: true,
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
function found(named: readonly string[], run: () => void, printed = "", truncated = false): RunnerReport[] {
  const reports = new Reports(cwd, named);
  const startedAt = new Date();
  run();
  return reports.collect(
    startedAt,
    { bytes: utf8(printed), truncated, unredacted: { bytes: utf8(printed), truncated } },
    (bytes) => bytes,
  );
}
const names = (reports: readonly RunnerReport[]): string[] => reports.map(({ name }) => name);
const doubts = (reports: readonly RunnerReport[]): string[] => reports.flatMap((report) => report.doubts);

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
      names(
        found([], () => ["b", "a"].forEach((name) => put(`target/surefire-reports/TEST-${name}.xml`, another(name)))),
      ),
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

describe("a report that is copied, or named in two ways", () => {
  const written = (): void => ["a", "b"].forEach((name) => put(`out/${name}.xml`));

  test.each([[["out/a.xml", "out/b.xml"]], [["out"]], [["out/*.xml", "out"]], [["out/a.xml", "out/b*"]]])(
    "%j counts once",
    (given) => {
      const reports = found(given, written);
      expect(names(reports)).toEqual(["out/a.xml"]);
      expect(reports[0]?.copies).toEqual(["out/b.xml"]);
      expect(doubts(reports)).toEqual([]);
    },
  );

  test("in a known place too", () => {
    const reports = found([], () => ["junit.xml", "reports/junit.xml"].forEach((name) => put(name)));
    expect(reports.map(({ name, copies }) => [name, copies])).toEqual([["junit.xml", ["reports/junit.xml"]]]);
  });

  test("of one file each part counts, however alike", () => {
    expect(names(found(["a.tap"], () => put("a.tap", TAP + TAP)))).toEqual(["a.tap, part 1", "a.tap, part 2"]);
  });
});

describe("by a pattern or a folder", () => {
  const FAILED = `<testsuite tests="1"><testcase name="b"><failure/></testcase></testsuite>`;

  test.each(["out/*.xml", "out/[ab].xml", "out/{a,b}.xml", "**/?.xml", "*/*", "out/**"])(
    "%s is looked at after the run",
    (given) => {
      put("out/a.xml", "old");
      put("out/old.xml");
      const reports = found([given], () => ["a", "b"].forEach((name) => put(`out/${name}.xml`, another(name))));
      expect(names(reports)).toEqual(["out/a.xml", "out/b.xml"]);
      expect(doubts(reports)).toEqual([]);
    },
  );

  test("a file that is there under that name is no pattern", () => {
    expect(names(found(["out/[a].xml"], () => ["[a]", "a"].forEach((name) => put(`out/${name}.xml`))))).toEqual([
      "out/[a].xml",
    ]);
  });

  test.each([
    ["out/*.xml", "no file fits it"],
    ["old/*.xml", "the run wrote none of the 1 that fit it"],
    ["old", "it holds no report that the run wrote"],
    ["out/*.json", "no file fits it"],
    ["*.xml/a", "no file fits it"],
  ])("%s, where there is none: %s", (given, sentence) => {
    put("old/a.xml");
    expect(doubts(found([given], () => put(".hidden/out/a.xml")))).toEqual([sentence]);
  });

  test("what a pattern fits is to be a report; what lies in a folder may be another document, but not half of one", () => {
    const write = (): void => {
      put("out/junit.xml");
      put("out/deep/b.tap", TAP);
      put("out/coverage.xml", "<coverage/>");
      put("out/coverage.json", `{"tests":1}`);
      put("out/notes.txt", "not ok 1 - x");
      put("out/node_modules/x/junit.xml", FAILED);
    };
    const writeWith = (half: string): void => {
      write();
      put("out/half.xml", half);
    };
    expect(names(found(["out"], write))).toEqual(["out/deep/b.tap", "out/junit.xml"]);
    expect(doubts(found(["out/*.xml"], write))).toEqual([expect.stringContaining("<coverage>")]);
    for (const half of ["", "<testsuite", `<testsuite><testcase name="a"/>`, "<coverage>"])
      expect(doubts(found(["out"], () => writeWith(half))), half).toHaveLength(1);
  });

  test("a file counts once, however often it is named", () => {
    const reports = found(["a.xml", "./a.xml", "*.xml", ".", "-", "-"], () => put("a.xml"), TAP);
    expect(names(reports).filter((name) => !name.includes("."))).toEqual(["stdout"]);
    expect(names(reports).filter((name) => name.includes("a.xml"))).toEqual(["a.xml"]);
  });

  test("a link to a folder is not followed, and no name of a pattern leads above it", () => {
    mkdirSync(join(cwd, "real"));
    symlinkSync(join(cwd, "real"), join(cwd, "link"));
    expect(names(found(["**/*.xml"], () => put("real/a.xml")))).toEqual(["real/a.xml"]);
    expect(doubts(found(["{..,x}/*.xml"], () => undefined))).toEqual(["no file fits it"]);
  });
});

describe("a link that leads out of the project", () => {
  test("is named before the run with the real path, as far as it is known by then", () => {
    const outside = temporary();
    symlinkSync(outside, join(cwd, "bazel-testlogs"));
    mkdirSync(join(cwd, "inside"));
    symlinkSync(join(cwd, "inside"), join(cwd, "link"));
    const named = [
      "bazel-testlogs/lib/test.xml",
      "bazel-testlogs/*.xml",
      "-",
      "link/a.xml",
      "not/there.xml",
      join(outside, "a.xml"),
    ];
    expect(ledOut(cwd, named, cwd).map((sentence) => sentence.split(": ")[1])).toEqual([
      join(outside, "lib/test.xml"),
      join(outside, "*.xml"),
    ]);
  });

  test("is a doubt that names the way out, also in a known place", () => {
    const outside = temporary();
    const reports = found([], () => {
      writeFileSync(join(outside, "a.xml"), JUNIT);
      symlinkSync(join(outside, "a.xml"), join(cwd, "junit.xml"));
    });
    expect(doubts(reports).join()).toContain(`"$(realpath junit.xml)"`);
    expect(
      names(found([join(outside, "a.xml")], () => writeFileSync(join(outside, "a.xml"), `${JUNIT} `))),
    ).toHaveLength(1);
  });
});

describe("where one may not look", () => {
  test("a path below a file is one that the run did not write", () => {
    put("file");
    expect(doubts(found(["file/junit.xml"], () => undefined))).toEqual(["the run did not write it"]);
    expect(doubts(found(["file/*.xml"], () => undefined))).toEqual(["no file fits it"]);
  });

  test("a folder that may not be entered costs no result", (context) => {
    if (process.getuid?.() === 0) context.skip("NOT CHECKED: root may enter every folder");
    mkdirSync(join(cwd, "out"));
    try {
      const close = (): void => {
        put("out/junit.xml");
        chmodSync(join(cwd, "out"), 0);
      };
      expect(doubts(found(["out/junit.xml"], close))).toEqual([expect.stringContaining("EACCES")]);
      expect(doubts(found(["out/*.xml"], () => undefined))).toEqual(["the folder out may not be looked into"]);
      expect(found([], () => undefined)).toEqual([]);
    } finally {
      chmodSync(join(cwd, "out"), 0o755);
    }
  });
});

describe("is not kept as evidence", () => {
  const kept = (reports: readonly RunnerReport[]): unknown[] => reports.map(({ file }) => file?.bytes);

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
    expect(doubts(reports)).toEqual(["it lies outside of the project, and is not a readable report"]);
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
    [
      "what prove prints without -v",
      "t/a.t .. ok\nAll tests successful.\nFiles=1, Tests=4,  0 wallclock secs\nResult: PASS\n",
    ],
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

  test.each([
    ["JUnit XML between other lines", `$ mocha\n${JUNIT}\nDone.\n`],
    ["XML with a declaration, on one line", `<?xml version="1.0"?><testsuites>${JUNIT}</testsuites>\n`],
    [
      "XML in which others are quoted",
      `<testsuite tests="1"><testcase name="a"><system-out><![CDATA[\n</testsuite>\n<testsuite>\nnot ok 1\n]]></system-out></testcase></testsuite>\n`,
    ],
    ["colours", `\u001b[2K\u001b[1G\u001b[32m${TAP}\u001b[0m`],
  ])("%s is read", (_, given) => {
    const reports = found([], () => undefined, given);
    expect(names(reports)).toEqual(["stdout"]);
    expect(reports[0]?.results?.cases.map(({ name, outcome }) => `${outcome} ${name}`)).toEqual(["passed a"]);
  });

  test.each([
    ["unnumbered points", "not ok - no database\nok 1 - adds\n1..1\n", 1],
    ["a bail-out", "Bail out! no database\nok 1 - adds\n1..1\n", 0],
    ["a package that could not be set up", `FAIL\texample.org/m [setup failed]\n${GO}`, 1],
    ["XML before TAP", `${JUNIT.replace("/>", "><failure/></testcase>")}\n${TAP}`, 1],
    ["TAP before XML", `not ok 1 - a\n1..1\n${JUNIT}\n`, 1],
    ["two suites on one line", `${JUNIT}<testsuite><testcase name="b"><failure/></testcase></testsuite>\n`, 1],
  ])("what stands before is a part of it: %s", (_, given, failures) => {
    const reports = found([], () => undefined, given);
    const cases = reports.flatMap(({ results }) => results?.cases ?? []);
    expect(cases.filter(({ outcome }) => outcome === "failed" || outcome === "errored")).toHaveLength(failures);
    if (failures === 0) expect(doubts(reports)).not.toEqual([]);
  });

  test.each([
    ["XML without an end", `<testsuite>\n<testcase name="a"/>\n`],
    ["XML without a beginning", `<testcase name="a"/>\n</testsuite>\n`],
    ["JSON without an end", JEST.slice(0, -1)],
    ["JSON without a beginning", `"numTotalTests": 1,\n"testResults": []\n}\n`],
    ["an event without an end", `${GO}{"Action":"fail","Pack\n`],
    ["a document type", `<!DOCTYPE x>\n${JUNIT}\n`],
  ])("a part of a report is a doubt: %s", (_, given) => {
    expect(doubts(found([], () => undefined, `hello\n${given}\nDone.\n`))).not.toEqual([]);
  });

  test("of a workspace, between npm's lines, each package is a report", () => {
    const bare = "ok 1 a\n1..1\n";
    const reports = found(
      [],
      () => undefined,
      `${banner}${bare}${banner}go: no tests\n${banner}${bare.replace("ok", "not ok")}`,
    );
    expect(names(reports)).toEqual(["stdout, part 1", "stdout, part 2"]);
    expect(doubts(reports)).toEqual([]);
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
