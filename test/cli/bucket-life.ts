/** The life of a registry in a bucket, as people type it: of whatever server it is given. */
import { cpSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/core/json.js";
import { attest, attestProcess, workspace, type Ran, type Workspace } from "./attest.js";

const ok = (ran: Ran, code = 0): Ran => {
  expect(ran.code, ran.stdout + ran.stderr).toBe(code);
  return ran;
};

/** @param server what the environment says of it; a bucket of that name is there */
export function livesInABucket(bucket: string, server: () => Readonly<Record<string, string>>): void {
  const place = `s3://${bucket}/lab`;
  const at = (work: Workspace): Workspace => ({ ...work, env: { ...work.env, ...server() } });
  const published = (ran: Ran): string => {
    const { path } = ok(ran).json() as { path: string };
    expect(path).toMatch(new RegExp(`^${place}/attestations/(?:test|note)_[0-9a-f]{16}\\.json$`));
    return path;
  };
  const runs = (work: Workspace): Promise<Ran> =>
    attest(["run", "--registry", place, "--json", "--", process.execPath, "-e", ""], work);

  describe("a registry in a bucket", () => {
    test("from its making to an audit", async () => {
      const work = at(workspace());
      expect(ok(await attest(["init", place, "--origin", "example.org/lab", "--json"], work)).json()).toMatchObject({
        registry: place,
      });
      expect((await attest(["init", place, "--origin", "example.org/lab"], work)).code).toBe(2);

      const run = published(await runs(work));
      expect(ok(await attest(["verify", run], work)).stdout).toContain(run);
      expect(ok(await attest(["verify", place], work)).stdout).toContain(run);

      ok(await attest(["run", "--output", "elsewhere.json", "--", process.execPath, "-e", ""], work));
      const added = published(await attest(["add", "elsewhere.json", "--registry", place, "--json"], work));
      const receipt = work.path("receipt.json");
      ok(await attest(["audit", place, "--offline", "--receipt", receipt], work));
      const signed = published(await attest(["sign", receipt, "--registry", place, "--json"], work));
      ok(await attest(["verify", signed], work));

      for (const at of [0, 1])
        ok(await attest(["run", "--output", `${at}.json`, "--", process.execPath, "-e", ""], work));
      const several = ok(await attest(["add", "0.json", "1.json", "--registry", place, "--json"], work)).json();
      expect((several["documents"] as JsonObject[]).map(({ path }) => path)).toEqual(
        [0, 1].map(() => expect.stringMatching(new RegExp(`^${place}/attestations/`)) as string),
      );

      published(await attest(["retract", added, "--reason", "the control was miswired", "--json"], work));
      expect((await attest(["verify", added], work)).code).toBe(3);
      published(await attest(["key", "rotate", "signer", "second", "--registry", place, "--json"], work));
      const second = published(await runs(work));
      ok(await attest(["verify", second], work));

      const checked = ok(await attest(["log", "check", place, "--json"], work)).json();
      expect(checked).toMatchObject({ findings: [], target: place });
      expect((checked["logs"] as JsonObject[]).map(({ size }) => size)).toEqual([checked["size"]]);
      const audited = await attest(["audit", place, "--offline", "--record", "--json"], work);
      expect(audited.code, audited.stderr).toBe(5); // what was retracted
      expect(ok(await attest(["log", "complete", place, "--json"], work)).json()).toEqual({
        registry: place,
        entered: [],
      });

      ok(await attest(["publish", "--registry", place, "--to", "copy"], work));
      ok(await attest(["publish", "--registry", "copy", "--to", `${place}-copy`], work));
      for (const copy of ["copy", `${place}-copy`])
        expect(ok(await attest(["log", "check", copy, "--json"], work)).json()).toMatchObject({
          findings: [],
          size: checked["size"],
        });

      const pack = work.path("pack.html");
      ok(await attest(["evidence", "pack", second, "--output", pack], work));
      ok(await attest(["verify", pack], work));
      ok(await attest(["log", "prove", second, "--output", work.path("proof")], work));
      expect((await attest(["site", "build", "--registry", place], work)).code).toBe(2);
      ok(await attest(["site", "build", "--registry", place, "--output", work.path("site")], work));
      ok(await attest(["verify", work.path("site")], work), 3); // with what was retracted
    });

    test("written by several machines at once", async () => {
      const first = at(workspace());
      const other = `s3://${bucket}/shared`;
      ok(await attest(["init", other, "--origin", "example.org/shared"], first));
      const machines = [first, at(workspace()), at(workspace())];
      for (const machine of machines.slice(1)) cpSync(first.home, machine.home, { recursive: true });
      const call = (machine: Workspace, title: string): Promise<Ran> =>
        attestProcess(
          ["run", "--registry", other, "--json", "--title", title, "--", process.execPath, "-e", ""],
          machine,
        );
      const ran = await Promise.all(
        machines.flatMap((machine, at) => [call(machine, `a${at}`), call(machine, `b${at}`)]),
      );
      const paths = new Set(ran.map((one) => (ok(one).json() as { path: string }).path));
      expect(paths.size).toBe(6);
      expect(ok(await attest(["log", "check", other, "--json"], first)).json()).toMatchObject({
        findings: [],
        results: 6,
        size: 12,
      });
      ok(await attest(["verify", other], first));
    });
  });
}
