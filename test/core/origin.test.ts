/** One place under every spelling that a client takes for it, and no other place. */
import { expect, test } from "vitest";
import { hostOf, originOf } from "../../src/core/origin.js";

test.each([
  ["https://Example.ORG/x", "example.org"],
  ["http://example.org.:8080/x", "example.org"],
  ["example.org/lab", "example.org"],
  ["example.org:8443/lab", "example.org"],
  ["https://b\u00fccher.example/", "xn--bcher-kva.example"],
  ["https://xn--BCHER-kva.example./", "xn--bcher-kva.example"],
  ["https://\uff45xample.org/", "example.org"], // a full-width letter
  ["https://0x7f.1/", "127.0.0.1"],
  ["https://2130706433/", "127.0.0.1"],
  ["https://127.0.0.1./", "127.0.0.1"],
  ["https://[::1]:443/", "[::1]"],
  ["https://[0:0:0:0:0:0:0:1]/", "[::1]"],
  ["https://[::ffff:127.0.0.1]/", "127.0.0.1"],
  ["https://example.org@evil.example/", "evil.example"],
  ["https://example.org\\@evil.example/", "example.org"],
  ["a log of no place", undefined],
  ["", undefined],
])("the host of %j is %j", (text, host) => expect(hostOf(text)).toBe(host));

test.each([
  ["https://Example.org:443/lab/", "example.org/lab"],
  ["http://example.org:80/lab", "example.org/lab"],
  ["example.org:443/lab", "example.org/lab"],
  ["example.org./lab", "example.org/lab"],
  ["https://example.org:8443/lab", "example.org:8443/lab"],
  ["https://example.org/a/../lab", "example.org/lab"],
  ["https://example.org/Lab", "example.org/Lab"],
  ["https://example.org/", "example.org"],
  ["a name of no place", "a name of no place"],
])("the origin of %j is %j", (text, origin) => expect(originOf(text)).toBe(origin));
