/** Naming a plan is not answering it: a plan is answered by a result of the very test that was announced, and stays open until then, wherever it is told. */
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { parseEnvelope } from "../../src/core/envelope.js";
import type { PlanStatement } from "../../src/core/plan.js";
import { draft, type Draft, type Findings } from "../../src/core/statement.js";
import { copyOf, workspace, type Workspace } from "../cli/attest.js";
import { names, ok, publishAs } from "./lab.js";

let made: Workspace;
let id = "";
let digest = "";
let plan: PlanStatement;
/** A plan whose run was killed before it had a result. */
beforeAll(async () => {
  made = workspace();
  made.write("a.txt", "a\n");
  ok(await made.attest("init", "lab", "--origin", "example.org/lab"));
  await made.attest("run", "--registry", "lab", "--subject", "a.txt", "--", "/bin/sh", "-c", "kill -9 $PPID");
  const [name = ""] = names(made, /^plan_/);
  id = name.replace(/\.json$/, "");
  const envelope = parseEnvelope(new Uint8Array(readFileSync(made.path("lab/attestations", name))));
  digest = createHash("sha256").update(envelope.payloadBytes).digest("hex");
  plan = envelope.payload as unknown as PlanStatement;
});

/** What was announced, done; but for the changes. */
function answer(changes: Partial<Pick<Draft, "subject">> & { f3?: Partial<Findings["f3"]> } = {}): Draft {
  const { subject, predicate } = plan;
  const now = new Date().toISOString();
  return draft({
    subject: [...subject],
    configuration: [...predicate.configuration],
    ...changes,
    f3: {
      ...{ title: predicate.title, hypothesis: predicate.hypothesis, summary: "It came out so.", sections: [] },
      checks: predicate.checks.map((check) => ({ ...check, outcome: "passed", observed: check.expected })),
      ...{ notChecked: [], evidence: [] },
      relations: [{ type: "planned-by", target: id, digest: { sha256: digest } }],
      run: { startedAt: now, finishedAt: now, command: [...predicate.command], environment: {} },
      ...changes.f3,
    },
  });
}

/** In how many of the places that tell of open plans this one is told as open. */
async function openIn(work: Workspace): Promise<Record<string, boolean>> {
  ok(await work.attest("site", "build", "--registry", "lab", "--output", "site"));
  const index = readFileSync(work.path("site/index.html"), "utf8").replace(/<script[^]*/, "");
  const open = /<section class="open-plans">[^]*?<\/section>/.exec(index)?.[0] ?? "";
  const shown = (await work.attest("log", "show", "lab", "--json")).json();
  return {
    "log show": (await work.attest("log", "show", "lab", "--open")).stdout.includes(id),
    account: JSON.stringify(shown["open"]).includes(id),
    "log check": (await work.attest("log", "check", "lab")).stdout.includes(`open: `),
    "front page": open.includes(id),
  };
}
const everywhere = (open: boolean) => ({ "log show": open, account: open, "log check": open, "front page": open });

test("before it is answered it is open, and a result of the announced test answers it", async () => {
  const work = copyOf(made);
  expect(await openIn(work)).toEqual(everywhere(true));
  await publishAs(work, "signer", answer());
  expect(await openIn(work)).toEqual(everywhere(false));
  expect((await work.attest("log", "check", "lab")).code).toBe(0);
});

describe("a result of another test leaves it open", () => {
  const other = [{ name: "file:b.txt", digest: { sha256: "ab".repeat(32) } }];
  test.each<[string, () => Draft]>([
    ["of another subject", () => answer({ subject: other })],
    ["of another hypothesis", () => answer({ f3: { hypothesis: "Something succeeds." } })],
    ["of another command", () => answer({ f3: { run: { ...answer().predicate.f3.run, command: ["true"] } } })],
    [
      "without a check that was announced",
      () =>
        answer({
          f3: {
            checks: [
              { id: "other", claim: "Something", required: true, outcome: "passed", expected: "x", observed: "x" },
            ],
          },
        }),
    ],
  ])("%s", async (_, made_) => {
    const work = copyOf(made);
    const file = await publishAs(work, "signer", made_());
    expect(await openIn(work)).toEqual(everywhere(true));
    expect((await work.attest("verify", file)).stdout).toContain("[plan-departed]");
    expect((await work.attest("log", "check", "lab")).code).toBe(5);
  });

  test("though its document is kept back", async () => {
    const work = copyOf(made);
    rmSync(work.path(await publishAs(work, "signer", answer({ subject: other }))));
    expect(await openIn(work)).toEqual(everywhere(true));
  });

  test("and one that fits answers it afterwards", async () => {
    const work = copyOf(made);
    await publishAs(work, "signer", answer({ subject: other }));
    await publishAs(work, "signer", answer());
    expect((await openIn(work))["log show"]).toBe(false);
  });
});
