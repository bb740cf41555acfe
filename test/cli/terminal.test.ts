/** What a stranger wrote is looked at, never obeyed: no text of a document moves a cursor, turns the reading order or poses as ours. */
import { writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { attest, copyOf, stranger, workspace, type Ran, type Workspace } from "./attest.js";
import { drafted, lab, sha256 } from "./drafts.js";

/** A line that would be ours, if the document could begin one. */
const POSING = "  trust      confirmed by you (posing)";
const EVIL = `x\u001b[2J\u001b]0;t\u0007\u009b31m\u202ey\u2066\u200b\ufeff\r\n${POSING}\n\u2028z\u0085`;
// Whatever Unicode calls a control or a format character, and the separators of lines; a line feed is ours when it ends a line of ours.
const RAW = /[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|(?!\n)\p{Cc}/u;

let made: Workspace;
let file = "";

beforeAll(async () => {
  made = workspace();
  await lab(made);
  const text = { claim: EVIL, expected: EVIL, observed: EVIL };
  const draft = drafted({
    title: EVIL,
    f3: {
      hypothesis: EVIL,
      summary: EVIL,
      sections: [{ heading: EVIL, body: `${EVIL}\n\n- ${EVIL}\n\n\`${EVIL}\`\n\n\`\`\`\n${EVIL}\n\`\`\`` }],
      checks: [
        { id: "a", required: true, outcome: "passed", ...text, measurements: [{ name: EVIL, value: 1, unit: EVIL }] },
      ],
      notChecked: [EVIL],
      evidence: [
        {
          name: EVIL,
          role: EVIL,
          mediaType: EVIL,
          digest: { sha256: sha256("4\n") },
          size: 2,
          sourceDateKind: "unknown",
        },
      ],
      relations: [{ type: "verifies", target: EVIL }],
      run: {
        startedAt: "2026-03-01T10:00:00Z",
        finishedAt: "2026-03-01T10:00:02Z",
        command: [EVIL],
        environment: { [EVIL]: EVIL },
        seed: EVIL,
      },
    },
  });
  const changed = {
    ...draft,
    subject: [{ name: EVIL, digest: { sha256: sha256("a"), [EVIL]: EVIL } }],
    predicate: { ...draft.predicate, url: EVIL, configuration: [{ name: EVIL, annotations: { [EVIL]: EVIL } }] },
  };
  made.write("evil.json", JSON.stringify(changed));
  made.write("evil.evidence/output.txt", "4\n");
  const ran = await made.attest("sign", "evil.json", "--registry", "lab");
  expect(ran.code, ran.stderr).toBe(0);
  file = ran.stdout.trim();
});

function harmless(ran: Ran): void {
  expect(ran.stdout).not.toMatch(RAW);
  expect(ran.stderr).not.toMatch(RAW);
  expect((ran.stdout + ran.stderr).split("\n")).not.toContain(POSING);
}

describe("printed", () => {
  test.each<[string, (work: Workspace) => string[], number]>([
    ["verify", () => ["verify", file], 0],
    ["verify --verbose", () => ["verify", file, "--verbose"], 0],
    ["verify of several", () => ["verify", "lab", "--verbose"], 0],
    ["show", () => ["show", file], 0],
    [
      "verify, with evidence that was changed",
      ({ path }) => {
        const piece = path("lab/attestations/evidence/sha256", sha256("4\n").slice(0, 2), sha256("4\n"));
        writeFileSync(piece, "5\n");
        return ["verify", file];
      },
      5,
    ],
    ["sign", () => ["sign", "evil.json", "--registry", "lab"], 0],
    ["site build", () => ["site", "build", "--registry", "lab"], 0],
    ["a file with such a name", ({ write }) => ["verify", write(EVIL.replaceAll("/", ""), "{}")], 2],
    ["a file that is not there", () => ["verify", EVIL], 2],
    ["a verb that is none", () => [EVIL], 2],
    ["a key that is none", () => ["verify", file, "--key", EVIL], 2],
    ["a name that is none", () => ["key", "new", EVIL], 2],
  ])("%s", async (_, args, code) => {
    const work = copyOf(made);
    const ran = await work.attest(...args(work));
    expect(ran.code, ran.stderr).toBe(code);
    harmless(ran);
  });

  test("what the text was can still be seen", async () => {
    expect((await made.attest("show", file)).stdout).toContain(
      "x\\u{1b}[2J\\u{1b}]0;t\\u{7}\\u{9b}31m\\u{202e}y\\u{2066}\\u{200b}\\u{feff}",
    );
  });
});

test("as JSON, the text is escaped where a terminal could obey it", async () => {
  for (const args of [
    ["show", file, "--json"],
    ["verify", file, "--json"],
    ["sign", "evil.json", "--registry", "lab", "--json"],
  ]) {
    const ran = await copyOf(made).attest(...args);
    expect(ran.stdout).not.toMatch(RAW);
    expect(ran.json()).toBeTypeOf("object");
  }
});

test("the same in lines of JSON", async () => {
  const work = copyOf(made);
  const piece = work.path("lab/attestations/evidence/sha256", sha256("4\n").slice(0, 2), sha256("4\n"));
  writeFileSync(piece, "5\n"); // the report names it
  const ran = await work.attest("verify", "lab", "--ndjson");
  expect([ran.code, ran.stdout]).toEqual([5, expect.not.stringMatching(RAW)]);
  const said = ran.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.stringify(JSON.parse(line)));
  expect(said.filter((line) => line.includes("\u202ey")).length).toBeGreaterThan(0);
});

test("a stranger who is not trusted cannot pretend to be", async () => {
  const ran = await attest(["verify", file], stranger(made));
  expect(ran.code).toBe(3);
  expect(ran.stdout.split("\n").filter((line) => line.startsWith("  trust "))).toEqual([
    "  trust      only known from this site (the registry's own keyring)",
  ]);
});
