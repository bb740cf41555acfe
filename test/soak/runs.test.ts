/** Runs in a loop, each killed at a random moment: nothing that was acknowledged is lost, nothing is there twice, and the log is one. */
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { ended, start, workspace } from "../cli/attest.js";

const RUNS = Number(process.env["ATTEST_RUNS"] ?? 10_000);

interface Checked {
  readonly exit: number;
  readonly results: number;
  readonly plans: number;
  readonly findings: readonly unknown[];
}

test(
  `${RUNS} runs, killed at any moment`,
  async () => {
    const work = workspace();
    work.write("subject.txt", "what is tested");
    expect((await work.attest("init", "lab", "--origin", "example.org/lab")).code).toBe(0);
    const RUN = ["run", "--registry", "lab", "--subject", "subject.txt", "--json", "--", "true"];
    const began = performance.now();
    expect((await work.attest(...RUN)).code).toBe(0);
    const long = (performance.now() - began) * 2; // some come through

    const acknowledged: string[] = [];
    let killed = 0;
    for (let run = 0; run < RUNS; run += 1) {
      const child = start(RUN, work);
      const end = ended(child);
      const over = new AbortController();
      sleep(Math.random() * long, undefined, { signal: over.signal }).then(
        () => child.kill("SIGKILL"),
        () => undefined,
      );
      const ran = await end;
      over.abort();
      if (ran.signal === "SIGKILL") killed += 1;
      else expect(ran.code, ran.stderr).toBe(0);
      // Told before it was killed, or not killed at all: it must be there.
      const path = /"path": "([^"]+)"/.exec(ran.stdout)?.[1];
      if (path !== undefined) acknowledged.push(path);
    }
    expect((await work.attest(...RUN)).code).toBe(0);
    const checked = (await work.attest("log", "check", "lab", "--json")).json() as unknown as Checked;
    const lost = acknowledged.filter((path) => !existsSync(work.path(path)));
    console.log(
      `${RUNS} runs, ${killed} killed: ${checked.plans} plans, ${checked.results} results, ${acknowledged.length} acknowledged, ${lost.length} lost, ${checked.findings.length} findings`,
    );
    expect({ lost, findings: checked.findings, exit: checked.exit }).toEqual({ lost: [], findings: [], exit: 0 });
    expect((await work.attest("verify", "lab")).code).toBe(0);
  },
  24 * 3_600_000,
);
