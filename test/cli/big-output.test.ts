/** A command that prints more than is kept: what becomes of it, what it costs, and readers that are slow or leave. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import type { Draft } from "../../src/core/statement/statement.js";
import { copyOf, ended, start, type Workspace } from "./attest.js";
import { checked, MB, MOST, printerProject, whole } from "./big-output.js";

let project: Workspace;
beforeAll(async () => {
  project = await printerProject();
});

describe("a command that prints much", () => {
  test(
    "costs no more memory for 200 MB than for 50 MB, and its head and tail are kept",
    { timeout: 300_000 },
    async () => {
      const some = await checked(project, 50, "stdout");
      const more = await checked(project, 200, "stderr");
      if (some === undefined || more === undefined) {
        console.warn("this system does not show a process's memory");
        return;
      }
      expect({ some, more }).toSatisfy(() => Math.max(some, more) < MOST);
      // Kept whole, it would be 150 MB more; what the collector leaves lying is not much of that.
      expect(more - some).toBeLessThan(80 * MB);
    },
  );
});

describe("a reader", () => {
  const script = (here: Workspace): ReturnType<typeof start> =>
    start(["run", "--", process.execPath, "printer.mjs", "24", "stdout"], here);

  test("that is slow gets every byte, and makes the command wait", { timeout: 120_000 }, async () => {
    const here = copyOf(project);
    const child = script(here);
    const end = new Promise((resolve) => child.once("close", resolve));
    child.stderr?.resume();
    await new Promise((readable) => child.stdout?.once("readable", readable));
    // Of 24 MB, no more than pipes and buffers hold has been printed, however long nobody reads.
    await sleep(1500);
    expect(existsSync(here.path("printed"))).toBe(false);
    const hash = createHash("sha256");
    let size = 0;
    for await (const chunk of child.stdout ?? []) {
      hash.update(chunk as Buffer);
      size += (chunk as Buffer).length;
    }
    expect(await end).toBe(0);
    expect({ size, sha256: hash.digest("hex") }).toEqual(whole(24));
  });

  test("that leaves in the middle ends nothing: all of it is in the evidence", { timeout: 120_000 }, async () => {
    const here = copyOf(project);
    const child = start(["run", "--output", "out/a.json", "--", process.execPath, "printer.mjs", "6", "stdout"], here);
    child.stdout?.once("data", () => child.stdout?.destroy());
    const ran = await ended(child);
    expect(ran.code, ran.stderr).toBe(0);
    expect(existsSync(here.path("printed"))).toBe(true);
    const { payload } = JSON.parse(readFileSync(here.path("out/a.json"), "utf8")) as { payload: Draft };
    const evidence = payload.predicate.f3.evidence.find(({ role }) => role === "stdout");
    expect(evidence).toMatchObject({ size: 6 * MB, digest: { sha256: whole(6)?.sha256 } });
  });
});
