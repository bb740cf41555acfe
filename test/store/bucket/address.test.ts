/** Where a bucket is: addresses that users type, and endpoints from their environment. */
import { describe, expect, test } from "vitest";
import { AttestError } from "../../../src/core/errors.js";
import { parseBucketAddress } from "../../../src/store/bucket/address.js";
import { endpointOf, tokenServiceOf } from "../../../src/store/bucket/endpoint.js";

const fault = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    return error instanceof AttestError ? error.code : error;
  }
};

describe("s3://bucket/prefix", () => {
  test.each([
    ["s3://abc", "abc", "", "s3://abc"],
    ["s3://abc/", "abc", "", "s3://abc"],
    ["S3://a.b-c.d9/lab", "a.b-c.d9", "lab", "s3://a.b-c.d9/lab"],
    ["s3://abc/lab/2026/", "abc", "lab/2026", "s3://abc/lab/2026"],
    ["s3://abc/a b/é%2e", "abc", "a b/é%2e", "s3://abc/a b/é%2e"],
    [`s3://${"a".repeat(63)}/x`, "a".repeat(63), "x", `s3://${"a".repeat(63)}/x`],
  ])("%s", (target, bucket, prefix, place) => {
    expect(parseBucketAddress(target)).toEqual({ bucket, prefix, place });
  });

  test.each([
    "s3:abc",
    "s3:/abc",
    "s3://",
    "s3:///lab",
    "s3://ab",
    "s3://Abc",
    "s3://a_c",
    "s3://-abc",
    "s3://abc-",
    "s3://abc.",
    "s3://a..c",
    "s3://127.0.0.1",
    `s3://${"a".repeat(64)}`,
    "s3://abc//",
    "s3://abc//lab",
    "s3://abc/lab//x",
    "s3://abc/./x",
    "s3://abc/lab/..",
    "s3://abc/lab?x=1",
    "s3://abc/lab#x",
    "s3://abc/a\\b",
    "s3://abc/a\nb",
    "s3://abc/\ud800",
    `s3://abc/${"é".repeat(257)}`,
    "s3://abc:9000/lab",
  ])("refused: %j", (target) => {
    expect(fault(() => parseBucketAddress(target))).toBe("usage");
  });

  test("a secret in it is not repeated", () => {
    const told = (target: string): string => {
      try {
        return parseBucketAddress(target).place;
      } catch (error) {
        return JSON.stringify([(error as AttestError).message, (error as AttestError).hint]);
      }
    };
    for (const target of ["s3://AKIA:hunter2@abc/lab", "s3://abc/hunter2@x?", "s3://AKIA:hunter2@"])
      expect(told(target)).not.toContain("hunter2");
  });
});

describe("the endpoint", () => {
  const at = (env: Record<string, string>, bucket = "abc", region?: string): unknown =>
    fault(() => {
      const { address, region: found } = endpointOf(bucket, env, region);
      return `${address.href} ${found}`;
    });

  test.each<[Record<string, string>, string]>([
    [{ AWS_REGION: "eu-central-1" }, "https://abc.s3.eu-central-1.amazonaws.com/ eu-central-1"],
    [{ AWS_DEFAULT_REGION: "eu-west-1" }, "https://abc.s3.eu-west-1.amazonaws.com/ eu-west-1"],
    [{ AWS_REGION: "", AWS_DEFAULT_REGION: "eu-west-1" }, "https://abc.s3.eu-west-1.amazonaws.com/ eu-west-1"],
    [{ AWS_REGION: "cn-north-1" }, "https://abc.s3.cn-north-1.amazonaws.com.cn/ cn-north-1"],
    [{ AWS_ENDPOINT_URL: "http://127.0.0.1:7480" }, "http://127.0.0.1:7480/abc/ us-east-1"],
    [{ AWS_ENDPOINT_URL: "http://one", AWS_ENDPOINT_URL_S3: "https://two/s3" }, "https://two/s3/abc/ us-east-1"],
    [{ AWS_ENDPOINT_URL_S3: "https://r2.example", AWS_REGION: "auto" }, "https://r2.example/abc/ auto"],
    [
      { AWS_ENDPOINT_URL_S3: "https://s3.eu-west-1.amazonaws.com", AWS_REGION: "eu-west-1" },
      "https://abc.s3.eu-west-1.amazonaws.com/ eu-west-1",
    ],
    [{ AWS_ENDPOINT_URL_S3: "https://amazonaws.com.example" }, "https://amazonaws.com.example/abc/ us-east-1"],
  ])("%j", (env, expected) => {
    expect(at(env)).toBe(expected);
  });

  test("a name with dots stays in the path, where certificates fit", () => {
    expect(at({ AWS_REGION: "eu-west-1" }, "a.b")).toBe("https://s3.eu-west-1.amazonaws.com/a.b/ eu-west-1");
  });

  test("the profile's region counts last", () => {
    expect(at({}, "abc", "eu-west-2")).toBe("https://abc.s3.eu-west-2.amazonaws.com/ eu-west-2");
    expect(at({ AWS_REGION: "eu-west-1" }, "abc", "eu-west-2")).toContain("eu-west-1");
  });

  test.each<Record<string, string>>([
    {},
    { AWS_REGION: "evil.example/" },
    { AWS_REGION: "-x" },
    { AWS_ENDPOINT_URL: "s3.example" },
    { AWS_ENDPOINT_URL: "ftp://s3.example" },
    { AWS_ENDPOINT_URL: "https://me:secret@s3.example" },
    { AWS_ENDPOINT_URL: "https://s3.example/?x" },
    { AWS_ENDPOINT_URL_S3: "https://s3.eu-west-1.amazonaws.com" },
  ])("refused: %j", (env) => {
    expect(at(env)).toBe("usage");
  });

  test("a token is sent by https, or to this machine", () => {
    const service = (env: Record<string, string>): unknown => fault(() => tokenServiceOf(env).address.href);
    expect(service({ AWS_REGION: "eu-west-1" })).toBe("https://sts.eu-west-1.amazonaws.com/");
    expect(service({ AWS_ENDPOINT_URL: "http://127.0.0.1:1" })).toBe("http://127.0.0.1:1/");
    expect(service({ AWS_ENDPOINT_URL: "https://one.example", AWS_ENDPOINT_URL_STS: "https://two.example" })).toBe(
      "https://two.example/",
    );
    for (const address of ["http://sts.example", "http://127.0.0.1.example", "http://localhost.example"])
      expect(service({ AWS_ENDPOINT_URL_STS: address })).toBe("usage");
  });
});
