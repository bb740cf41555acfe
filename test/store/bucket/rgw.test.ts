/** A bucket as a store, on a real S3 server. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromUtf8, utf8 } from "../../../src/core/bytes.js";
import { AttestError } from "../../../src/core/errors.js";
import { Bucket } from "../../../src/store/bucket.js";
import { keepsTheContract } from "../contract.js";
import { missingForRgw, startRgw, type Rgw } from "./rgw.js";

const missing = missingForRgw();

describe.skipIf(missing !== undefined)(`on Ceph's gateway${missing === undefined ? "" : ` (${missing})`}`, () => {
  let server: Rgw;
  let number = 0;
  beforeAll(async () => {
    server = await startRgw();
    await server.makeBucket("attest");
  });
  afterAll(() => server.stop());
  const open = (prefix: string): Bucket => new Bucket(`s3://attest/${prefix}`, server.environment);

  describe("keeps the contract of stores", () => {
    keepsTheContract(() => open(`contract/${(number += 1)}`));
  });

  test("of many machines one makes a file, and no update is lost", async () => {
    const machines = Array.from({ length: 8 }, () => open("many"));
    const made = await Promise.all(machines.map((store) => store.create("a", utf8("1"))));
    expect(made.filter((one) => one === "created")).toHaveLength(1);
    await Promise.all(
      machines.map((store) => store.update("b", (bytes) => utf8(`${bytes === undefined ? "" : fromUtf8(bytes)}.`))),
    );
    expect(fromUtf8((await open("many").read("b")) ?? utf8(""))).toBe(".".repeat(machines.length));
  });

  test("names with every character that signatures encode", async () => {
    const store = open("names");
    const names = ["a b", "a+b", "a%20b", "é", "!'()*", '&<>"', "~-_.", "a=b,c;d:e@f$g"].sort();
    for (const name of names) await store.replace(`x/${name}`, utf8(name));
    for (const name of names) await store.replace(`x/${name}`, utf8(`${name}!`));
    expect(await store.list("x")).toEqual(names);
    for (const name of names) expect(fromUtf8((await store.read(`x/${name}`)) ?? utf8(""))).toBe(`${name}!`);
  });

  test("more names than one page has", async () => {
    const store = open("pages");
    const names = Array.from({ length: 1100 }, (_, at) => String(at).padStart(5, "0"));
    await Promise.all(names.map((name) => store.create(`x/${name}`, utf8(""))));
    expect(await store.list("x")).toEqual(names);
  });

  test("what nobody may read without credentials is no empty registry", async () => {
    const { AWS_ENDPOINT_URL_S3 = "" } = server.environment;
    const store = new Bucket("s3://attest/lab", { AWS_ENDPOINT_URL_S3 });
    expect(await store.read("a").catch((error: unknown) => error)).toMatchObject({ code: "network" });
  });

  test("a wrong secret is refused, and not told", async () => {
    const secret = "wrongsecretwrongsecret";
    const store = new Bucket("s3://attest/lab", { ...server.environment, AWS_SECRET_ACCESS_KEY: secret });
    const error = await store.read("a").catch((one: unknown) => one as AttestError);
    expect(error).toBeInstanceOf(AttestError);
    expect(error).toMatchObject({
      code: "network",
      message: expect.stringContaining("SignatureDoesNotMatch") as string,
    });
    expect(JSON.stringify(error) + String((error as AttestError).stack)).not.toContain(secret);
  });
});
