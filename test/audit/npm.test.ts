// The newest version of a package, as a registry on this machine says it.
import { describe, expect, test } from "vitest";
import { Fetcher } from "../../src/audit/fetcher.js";
import { currentVersion } from "../../src/audit/npm.js";
import { serve } from "./servers.js";

const registry = (body: unknown, status = 200) =>
  serve((_, response) => response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body)));

describe("a package", () => {
  test.each([
    ["pkg:npm/left@1.2.3", "/npm/left", "left", "1.3.0", true],
    ["pkg:npm/%40scope/name@1.2.3", "/npm/@scope%2fname", "@scope/name", "1.2.3", false],
    ["pkg:npm/@scope/name@1.2.3?arch=x#sub", "/npm/@scope%2fname", "@scope/name", "1.2.10", true],
    ["PKG:NPM/left@2.0.0-rc.1", "/npm/left", "left", "2.0.0", true],
    ["pkg:npm/left@2.0.0", "/npm/left", "left", "1.9.9", false],
    ["pkg:npm/left@1.2.3", "/npm/left", "left", "1.2.3+build", false],
    ["pkg:npm/left@1.2.3-alpha.2", "/npm/left", "left", "1.2.3-alpha.11", true],
  ])("%s", async (purl, path, name, latest, newer) => {
    const { at, host, asked, headers } = await registry({ "dist-tags": { latest, next: "99.0.0" } });
    const found = await currentVersion(purl, new Fetcher({ allow: [host] }), `${at}/npm/`);
    expect(found).toMatchObject({ name, latest, newer });
    expect(asked).toEqual([path]);
    expect(headers[0]?.accept).toMatch(/^application\/vnd\.npm\.install-v1\+json/);
  });

  test.each([
    ["pkg:npm/left"],
    ["pkg:npm/left@latest"],
    ["pkg:npm/left@^1.0.0"],
    ["pkg:npm/left@01.0.0"],
    ["pkg:npm/left@v1.0.0"],
    ["pkg:npm/left@1.0.0%20"],
    ["pkg:npm/left@1.0.9007199254740992"], // no registry takes it
    ["pkg:npm/../left@1.0.0"],
    ["pkg:npm/..@1.0.0"],
    ["pkg:npm/@a/..@1.0.0"],
    ["pkg:npm/a%2f..%2fb@1.0.0"],
    ["pkg:npm/a%0d%0ab@1.0.0"],
    ["pkg:npm/a%@1.0.0"],
    ["pkg:npm/a/b/c@1.0.0"],
    ["pkg:pypi/left@1.0.0"],
    ["git+https://example.org/left@1.0.0"],
    [""],
  ])("is none, and nobody is asked: %j", async (purl) => {
    const get = () => Promise.reject(new Error("asked"));
    expect(await currentVersion(purl, { get }, "http://example.org")).toBeUndefined();
  });

  test.each<[string, unknown, number]>([
    ["there is none", {}, 404],
    ["it does not say", {}, 200],
    ["it says nothing of use", { "dist-tags": { latest: 3 } }, 200],
    ["it says no version", { "dist-tags": { latest: "newest" } }, 200],
    ["it says none in the words of the standard", { "dist-tags": { latest: "v2.0.0" } }, 200],
    ["it says two things", '{"dist-tags":{"latest":"1.0.0","latest":"2.0.0"}}', 200],
    ["it is no JSON", "<html>", 200],
    ["only a prototype says so", '{"__proto__":{"dist-tags":{"latest":"9.0.0"}}}', 200],
  ])("of which %s", async (_, body, status) => {
    const { at, host } = await registry(body, status);
    const found = await currentVersion("pkg:npm/left@1.0.0", new Fetcher({ allow: [host] }), at);
    expect(found).toEqual({ why: expect.stringMatching(/^the registry does not say: /) as string });
  });

  test("whose registry is one that may not be asked", async () => {
    const { at, asked } = await registry({ "dist-tags": { latest: "9.0.0" } });
    expect(await currentVersion("pkg:npm/left@1.0.0", new Fetcher(), at)).toMatchObject({
      why: expect.stringMatching(/loopback/) as string,
    });
    expect(asked).toEqual([]);
  });
});
