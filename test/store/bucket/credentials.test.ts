/** Credentials: where they come from, in which order, and that nothing repeats them. */
import fc from "fast-check";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { utf8 } from "../../../src/core/bytes.js";
import { AttestError } from "../../../src/core/errors.js";
import { Bucket } from "../../../src/store/bucket.js";
import { credentialsIn } from "../../../src/store/bucket/credentials.js";
import { credentials, DocumentedSts, refusal } from "./documented-sts.js";
import { MemoryS3 } from "./memory-s3.js";

const sts = new DocumentedSts();
const server = new MemoryS3();
beforeAll(() => Promise.all([sts.start(), server.start()]));
afterAll(() => Promise.all([sts.stop(), server.stop()]));

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "attest-aws-"));
  sts.asked.length = sts.next.length = 0;
  [sts.token, sts.lifetime] = ["token", 3_600_000];
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

type Variables = Record<string, string>;
const file = (name: string, text: string): string => {
  const path = join(home, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  return path;
};
const profiles = (text: string, config = ""): void => {
  file(".aws/credentials", text);
  file(".aws/config", config);
};
const found = async (env: Variables): Promise<unknown> => {
  try {
    const { accessKeyId, secretAccessKey, sessionToken } = (await credentialsIn({ HOME: home, ...env })()) ?? {};
    return accessKeyId === undefined
      ? undefined
      : [accessKeyId, secretAccessKey, ...(sessionToken === undefined ? [] : [sessionToken])];
  } catch (error) {
    return error instanceof AttestError ? error.code : error;
  }
};
const PAIR = { AWS_ACCESS_KEY_ID: "AKENV", AWS_SECRET_ACCESS_KEY: "secretenv" };
const identity = (): Variables => ({
  AWS_WEB_IDENTITY_TOKEN_FILE: file("token", `${sts.token}\n`),
  AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/lab",
  AWS_ENDPOINT_URL_STS: sts.endpoint,
});

describe("the environment", () => {
  test("a pair, with a session's token or without", async () => {
    expect(await found(PAIR)).toEqual(["AKENV", "secretenv"]);
    expect(await found({ ...PAIR, AWS_SESSION_TOKEN: "s==" })).toEqual(["AKENV", "secretenv", "s=="]);
    expect(await found({ ...PAIR, AWS_SESSION_TOKEN: "" })).toEqual(["AKENV", "secretenv"]);
  });

  test("goes before a web identity, and that before a profile", async () => {
    profiles("[default]\naws_access_key_id = AKFILE\naws_secret_access_key = secretfile\n");
    expect(await found({ ...PAIR, ...identity() })).toEqual(["AKENV", "secretenv"]);
    expect(await found(identity())).toEqual(["AKSTS1", "secretsts1", "session/sts=="]);
    expect(await found({})).toEqual(["AKFILE", "secretfile"]);
  });

  test("half a pair is a mistake, and not nobody", async () => {
    expect(await found({ AWS_ACCESS_KEY_ID: "AKENV" })).toBe("usage");
    expect(await found({ AWS_SECRET_ACCESS_KEY: "secretenv" })).toBe("usage");
  });
});

describe("profiles", () => {
  test("without any, nobody", async () => {
    expect(await found({})).toBeUndefined();
    profiles("", "[default]\nregion = eu-west-1\n");
    expect(await found({})).toBeUndefined();
  });

  test("credentials go before config, comments and nested settings are no settings", async () => {
    profiles(
      "# a comment\r\n[ lab ]\r\naws_access_key_id=AKLAB\r\n; another\r\nAWS_SECRET_ACCESS_KEY  =  secret=lab==  \r\n",
      "[profile lab]\naws_access_key_id = AKCONFIG\ns3 =\n  aws_session_token = nested\n[lab]\naws_session_token = elsewhere\n",
    );
    expect(await found({ AWS_PROFILE: "lab" })).toEqual(["AKLAB", "secret=lab=="]);
    expect(await found({})).toBeUndefined();
  });

  test("a profile in config alone, and files at other places", async () => {
    const config = file(
      "other/config",
      "[profile lab]\naws_access_key_id = A\naws_secret_access_key = B\naws_session_token = C\n",
    );
    const shared = file("other/credentials", "[default]\naws_access_key_id = D\naws_secret_access_key = E\n");
    const env = { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: shared };
    expect(await found({ ...env, AWS_PROFILE: "lab" })).toEqual(["A", "B", "C"]);
    expect(await found(env)).toEqual(["D", "E"]);
  });

  test("one that is named and missing, and kinds that this program does not know, are mistakes", async () => {
    expect(await found({ AWS_PROFILE: "lab" })).toBe("usage");
    profiles("", "[profile lab]\nsso_session = work\n[profile role]\nrole_arn = arn\nsource_profile = lab\n");
    expect(await found({ AWS_PROFILE: "lab" })).toBe("usage");
    expect(await found({ AWS_PROFILE: "role" })).toBe("usage");
  });

  test("a region of the profile's is the bucket's", async () => {
    profiles("[default]\naws_access_key_id = A\naws_secret_access_key = B\n", "[default]\nregion = no region\n");
    const error = await new Bucket("s3://bucket/lab", { HOME: home }).read("a").catch((one: unknown) => one);
    expect(error).toMatchObject({ code: "usage" });
  });
});

describe("a web identity", () => {
  test("is exchanged once, by all who ask, and again before it expires, with the token that is there then", async () => {
    let now = Date.now();
    const find = credentialsIn({ HOME: home, ...identity() }, () => now);
    const all = await Promise.all([find(), find(), find()]);
    expect([all.map((one) => one?.accessKeyId), sts.asked.length]).toEqual([["AKSTS1", "AKSTS1", "AKSTS1"], 1]);
    now += 54 * 60_000;
    expect((await find())?.accessKeyId).toBe("AKSTS1");
    sts.token = "rotated";
    identity();
    now += 2 * 60_000;
    expect((await find())?.accessKeyId).toBe("AKSTS2");
    expect(sts.asked[1]?.get("WebIdentityToken")).toBe("rotated");
  });

  test("signs with the session's token", async () => {
    server.requests.length = 0;
    await new Bucket("s3://bucket/lab", { HOME: home, AWS_ENDPOINT_URL_S3: server.endpoint, ...identity() }).read("a");
    expect(server.requests.length).toBeGreaterThan(0);
    for (const { headers } of server.requests) {
      expect(headers["x-amz-security-token"]).toBe("session/sts==");
      expect(headers.authorization).toMatch(/Credential=AKSTS1\/.*SignedHeaders=[^,]*x-amz-security-token/);
    }
  });

  test("a failure is not kept", async () => {
    const find = credentialsIn({ HOME: home, ...identity() });
    sts.next.push(refusal(403, "AccessDenied", "no"));
    await expect(find()).rejects.toMatchObject({ code: "network" });
    expect((await find())?.accessKeyId).toBe("AKSTS2");
  });

  test.each([
    [500, "InternalFailure"],
    [503, "ServiceUnavailable"],
    [400, "IDPCommunicationError"],
  ])("an answer %i %s is asked again", async (status, code) => {
    sts.next.push(refusal(status, code, ""));
    expect(await found(identity())).toEqual(["AKSTS2", "secretsts2", "session/sts=="]);
  });

  test("without a role, a token or an answer there are none", async () => {
    expect(await found({ ...identity(), AWS_ROLE_ARN: "" })).toBe("usage");
    expect(await found({ ...identity(), AWS_WEB_IDENTITY_TOKEN_FILE: join(home, "none") })).toBe("io");
    expect(await found({ ...identity(), AWS_WEB_IDENTITY_TOKEN_FILE: file("empty", "\n") })).toBe("io");
    const whole = credentials("A", "B", "C", "2030-01-01T00:00:00Z");
    for (const body of [
      "",
      "{}",
      whole.slice(0, -10),
      whole.replace(/<Expiration>.*<\/Expiration>/, ""),
      whole.replace(">A<", "><"),
    ]) {
      sts.next.push({ status: 200, body });
      expect(await found(identity()), body).toMatch(/^(?:network|usage)$/);
    }
  });
});

describe("nothing repeats them", () => {
  const SECRETS = ["q7Zk9Xw2LmB4", "v3Rt8Yp5NcH6", "j1Gs0Kd4WfM9"];
  const parts = SECRETS.flatMap((one) => Array.from({ length: one.length - 4 }, (_, at) => one.slice(at, at + 5)));
  const told = (value: unknown): string =>
    inspect(value, { depth: 20, showHidden: true }) + JSON.stringify(value) + String(value);

  test("neither an error, whatever is wrong with them, nor the store itself", async () => {
    const char = fc.constantFrom("\n", "\r", "\0", " ", "é", "\u{1f511}", "\t", "<", "%", "");
    const broken = (secret: string): fc.Arbitrary<string> =>
      fc.tuple(fc.nat(secret.length), char).map(([at, one]) => secret.slice(0, at) + one + secret.slice(at));
    const answers = fc.constantFrom(
      [200, credentials("AK", SECRETS[0]!, SECRETS[1]!, "2030-01-01T00:00:00Z")],
      [200, `<x>${SECRETS.join()}`],
      [400, refusal(400, "InvalidIdentityToken", SECRETS.join()).body],
      [400, `<ErrorResponse><Error><Code>${SECRETS.join("&#10;")}</Code></Error></ErrorResponse>`],
    ) as fc.Arbitrary<[number, string]>;
    server.accessKey = "another";
    await fc.assert(
      fc.asyncProperty(
        broken(SECRETS[0]!),
        broken(SECRETS[1]!),
        broken(SECRETS[2]!),
        answers,
        fc.nat(2),
        async (secret, session, token, answer, way) => {
          sts.next.splice(0, sts.next.length, { status: answer[0], body: answer[1] });
          if (way === 1)
            profiles(
              `[default]\naws_access_key_id = AK\naws_secret_access_key = ${secret}\naws_session_token = ${session}\n`,
            );
          else profiles("");
          const variables: Variables = {
            AWS_ACCESS_KEY_ID: "AK",
            AWS_SECRET_ACCESS_KEY: secret,
            AWS_SESSION_TOKEN: session,
          };
          const env = [variables, {}, { ...identity(), AWS_WEB_IDENTITY_TOKEN_FILE: file("token", token) }][way];
          const store = new Bucket("s3://bucket/lab", { HOME: home, AWS_ENDPOINT_URL_S3: server.endpoint, ...env });
          const outcomes = await Promise.allSettled([store.read("a"), store.create("b", utf8("1"))]);
          const all = told([store, ...outcomes]);
          expect(parts.filter((one) => all.includes(one))).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
    server.accessKey = undefined;
  });
});
