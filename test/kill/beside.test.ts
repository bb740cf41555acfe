/** Six runs at once, and beside them whatever else writes into a registry or reads it: nothing is lost, nothing is twice, and the log is one. */
import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { parseEnvelope } from "../../src/core/statement/envelope.js";
import { extensionOf } from "../../src/core/statement/payload.js";
import { failures, type Report } from "../../src/core/verify/report.js";
import { copyOf, workspace, type Ran, type Workspace } from "../cli/attest.js";
import { publish } from "../cli/drafts.js";

/** `npm run soak` sets it. */
const ROUNDS = process.env["ATTEST_KILL"] === "all" ? 20 : 1;
const RUNS = [1, 2, 3, 4, 5, 6].map((number) => `run ${number}`);

let made: Workspace;
let wrong = "";
beforeAll(async () => {
  made = workspace();
  made.write("subject.txt", "what is tested");
  expect((await made.attest("init", "lab", "--origin", "example.org/lab")).code).toBe(0);
  wrong = (await publish(made, "lab", { title: "Wrong" })).replace(/^.*\/|\.json$/g, "");
  const bear = "log witness lab --name eve --log-key lab/keys/log.vkey --output cosigned";
  expect((await made.attest(...bear.split(" "))).code).toBe(0);
});

const titles = (work: Workspace): string[] =>
  readdirSync(work.path("lab/attestations"))
    .filter((name) => /^test_.*\.json$/.test(name))
    .flatMap((name) => {
      const { payload } = parseEnvelope(readFileSync(work.path("lab/attestations", name)));
      return extensionOf(payload)["title"] as string;
    })
    .sort();

/** How many plans are open, and the codes of what does not verify. */
async function judged(work: Workspace): Promise<{ readonly open: number; readonly codes: readonly unknown[] }> {
  const log = await work.attest("log", "check", "lab", "--json");
  expect(log.code, log.stdout).toBe(0);
  const verified = await work.attest("verify", "lab", "--json");
  expect(verified.code, verified.stdout).toBe(3); // what was taken back
  const { documents } = verified.json() as unknown as { documents: readonly { report: Report }[] };
  const codes = documents.flatMap(({ report }) => failures(report).map(({ code }) => code));
  return { open: (log.json() as { open: unknown[] }).open.length, codes };
}

const runOf = (title: string): string[] => [
  ...["run", "--registry", "lab", "--subject", "subject.txt", "--title", title],
  ...["--", "sleep", "1"],
];

/** What its hint says: the key was handed over, before the run was announced or while its test ran. */
async function again(work: Workspace, words: readonly string[], { code, stderr }: Ran): Promise<void> {
  expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringMatching(/found signer, retired since /) });
  const plan = /attest abandon (plan_\w+)/.exec(stderr)?.[1];
  const typed = [
    ...(plan === undefined
      ? []
      : [["abandon", plan, "--reason", "overtaken", "--registry", "lab", "--signer", "next"]]),
    [words[0] ?? "", "--signer", "next", ...words.slice(1)],
  ];
  for (const one of typed) {
    const done = await work.attest(...one);
    expect(done.code, `${stderr}\n${done.stderr}`).toBe(0);
  }
}

test.each(Array.from({ length: ROUNDS }, (_, at) => at + 1))(
  "round %i",
  async () => {
    const work = copyOf(made);
    const beside = [
      "site build --registry lab --output site",
      "audit lab --offline --record",
      "key rotate signer next --registry lab --reason time",
      `retract ${wrong} --reason wrong --registry lab`,
      "log accept cosigned --registry lab",
    ];
    const [runs, others] = await Promise.all([
      Promise.all(RUNS.map((title) => work.attest(...runOf(title)))),
      Promise.all(beside.map((words) => work.attest(...words.split(" ")))),
    ]);
    for (const [at, ran] of others.entries()) {
      const words = beside[at]?.split(" ") ?? [];
      if (words[0] === "audit")
        expect([0, 5], ran.stdout).toContain(ran.code); // 5: what was taken back by then
      else if (ran.code !== 0) await again(work, words, ran);
    }
    for (const [at, ran] of runs.entries()) if (ran.code !== 0) await again(work, runOf(RUNS[at] ?? ""), ran);

    expect(titles(work)).toEqual(["Wrong", ...RUNS]);
    expect(await judged(work)).toEqual({ open: 0, codes: ["retracted"] });
    expect((await work.attest("site", "build", "--registry", "lab", "--output", "site")).code).toBe(0);
  },
  120_000,
);
