/** A variable is a secret unless it is known to be harmless. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { secretsIn } from "../../../src/harness/redaction/secrets.js";

const folder = mkdtempSync(join(tmpdir(), "secrets-"));
afterAll(() => rmSync(folder, { recursive: true }));

const values = (name: string, value: string, named: string[] = []): string[] =>
  secretsIn({ [name]: value }, named).map((secret) => secret.value);

test.each<[name: string, value: string]>([
  ["SOMETHING", "whatever-1"],
  ["COMPANY_NAME", "some words"],
  ["NODE_AUTH_TOKEN", "abcdefgh"],
  ["GITHUB_TOKEN", "abcdefgh"],
  ["npm_config__authToken", "abcdefgh"],
  ["npm_config_//registry.example.org/:_authToken", "abcdefgh"],
  ["CI_JOB_TOKEN", "abcdefgh"],
  ["RUNNER_SECRET", "abcdefgh"],
  ["GITLAB_PAT", "abcdefgh"],
  ["SSH_PRIVATE_KEY", "abcdefgh"],
  ["DB_PASSWORD", "1234567890"],
  ["MY_PWD", "abcdefgh"],
  ["F3_ATTEST_PASSPHRASE", "12345678"],
  ["F3_ATTEST_ANYTHING", "/no/such/file"],
  ["OTHER", "/no/such/file"],
  ["RELATIVE", "src/harness"],
])("%s=%s is one", (name, value) => {
  expect(secretsIn({ [name]: value }, [])).toEqual([{ name, value }]);
});

test.each<[name: string, value: string]>([
  ["SHORT_TOKEN", "1234567"],
  ["PATH", "/no/such/folder:also/this"],
  ["PWD", "/no/such/folder"],
  ["Path", "C:\\no\\such"],
  ["LC_ALL", "de_DE.UTF-8"],
  ["NODE_OPTIONS", "--max-old-space-size=4096"],
  ["npm_package_name", "@scope/package"],
  ["npm_package_author_name", "Some Body"],
  ["GITHUB_REPOSITORY", "owner/repository"],
  ["XDG_SESSION_TYPE", "something"],
  ["PORT_OF_SOMETHING", "1234567890"],
  ["RATIO", "-3.14159265"],
  ["F3_ATTEST_HOME", folder],
  ["SSH_AUTH_SOCK", folder],
  ["MY_FOLDERS", `${folder}${delimiter}${tmpdir()}`],
  ["PART_OF_A_MARK", "redacted"],
])("%s=%s is none", (name, value) => {
  expect(secretsIn({ [name]: value }, [])).toEqual([]);
});

test("what is not set is none", () => {
  expect(secretsIn({ SOMETHING: undefined, OTHER: "" }, [])).toEqual([]);
});

describe("a variable that is recorded", () => {
  test("is no secret", () => {
    expect(values("BROWSER_VERSION", "browser 123", ["BROWSER_VERSION"])).toEqual([]);
  });
  test("unless it is called so, or is one of ours", () => {
    expect(values("API_TOKEN", "abcdefgh", ["API_TOKEN"])).toEqual(["abcdefgh"]);
    expect(values("F3_ATTEST_SOMETHING", "abcdefgh", ["F3_ATTEST_SOMETHING"])).toEqual(["abcdefgh"]);
  });
});

describe("parts that leak alone", () => {
  test.each<[value: string, parts: string[]]>([
    ["postgres://someuser:hunter2hunter2@db/x", ["hunter2hunter2"]],
    ["postgres://someuser:hunter%402hunter@db/x", ["hunter%402hunter", "hunter@2hunter"]],
    ["https://someuser:100%sure-of-it@db/x", ["100%sure-of-it"]],
    ["https://averylongtokenthatisnoname:x@host", ["averylongtokenthatisnoname"]],
    ["Server=db;User=someuser;Password=hunter2hunter2;", ["hunter2hunter2"]],
    ["https://host/?token=hunter2hunter2&x=1", ["hunter2hunter2"]],
    ["https://someuser:short@host", []],
    ["one line of the value\nshort\r\n  and one more line  \n", ["one line of the value", "and one more line"]],
    ["-----BEGIN SOMETHING-----\nabcdefghijklmnop\n-----END SOMETHING-----", ["abcdefghijklmnop"]],
  ])("%j", (value, parts) => {
    expect(values("SOMETHING", value)).toEqual([value, ...parts]);
  });

  test("also of a variable that is harmless otherwise", () => {
    expect(values("CI_REPOSITORY_URL", "https://ci:hunter2hunter2@host/a.git")).toEqual(["hunter2hunter2"]);
    expect(values("npm_config_proxy", "http://someuser:hunter2hunter2@proxy:8080")).toEqual(["hunter2hunter2"]);
  });
});

test("the same value twice is told once", () => {
  const line = "a line of some length";
  expect(values("SOMETHING", `${line}\n${line}`)).toEqual([`${line}\n${line}`, line]);
});
