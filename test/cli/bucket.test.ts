/** A registry in a bucket, on a small server in memory. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MemoryS3 } from "../store/bucket/memory-s3.js";
import { attest, fault, workspace } from "./attest.js";
import { livesInABucket } from "./bucket-life.js";

const server = new MemoryS3("labs");
beforeAll(() => server.start());
afterAll(() => server.stop());

livesInABucket("labs", () => server.environment);

describe("refused with a reason", () => {
  const work = workspace();

  test.each<[string[], Record<string, string>, number, RegExp]>([
    [["verify", "s3://labs/none"], {}, 2, /no registry at s3:\/\/labs\/none/],
    [["verify", "s3://labs/none/attestations/test_0123456789abcdef.json"], {}, 2, /no registry/],
    [["verify", "s3://other/none"], {}, 4, /NoSuchBucket/],
    [["verify", "s3://LABS/none"], {}, 2, /3 to 63/],
    [["init", "s3://labs/new"], {}, 2, /--origin NAME is missing/],
    [["init", "s3://labs/new", "--origin", "example.org/new"], { AWS_ACCESS_KEY_ID: "" }, 2, /without its id/],
    [["log", "check", "s3://labs/none"], {}, 2, /no registry/],
    [
      ["verify", "s3://labs/none"],
      { AWS_PROFILE: "none", AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" },
      2,
      /AWS_PROFILE/,
    ],
  ])("%j with %j", async (words, variables, code, reason) => {
    const ran = await attest(words, { ...work, env: { ...work.env, ...server.environment, ...variables } });
    expect(ran.code).toBe(code);
    expect(fault(ran).error).toMatch(reason);
  });

  test("a server that overwrites, before anything is written", async () => {
    server.ignoresConditions = true;
    const ran = await attest(["init", "s3://labs/unsafe", "--origin", "example.org/unsafe"], {
      ...work,
      env: { ...work.env, ...server.environment },
    });
    server.ignoresConditions = false;
    expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining("If-None-Match")]);
    expect(server.keys.filter((key) => key.startsWith("unsafe/"))).toEqual(["unsafe/.create-only"]);
  });

  test("no secret is told or published", async () => {
    const { AWS_SECRET_ACCESS_KEY: secret = "" } = server.environment;
    const env = { ...work.env, ...server.environment };
    const ran = await attest(["init", "s3://labs/quiet", "--origin", "example.org/quiet"], { ...work, env });
    expect([ran.code, (ran.stdout + ran.stderr).includes(secret)]).toEqual([0, false]);
    const printing = [process.execPath, "-e", "console.log(process.env.AWS_SECRET_ACCESS_KEY)"]; // to whoever ran it
    expect((await attest(["run", "--registry", "s3://labs/quiet", "--", ...printing], { ...work, env })).code).toBe(0);
    for (const [key, { body, headers }] of server.objects)
      expect([key, (body.toString("latin1") + JSON.stringify(headers)).includes(secret)]).toEqual([key, false]);
  });
});
