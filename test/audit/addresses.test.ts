// The addresses that are never asked, each end of every range, and those beside them that are.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { refusedAddress } from "../../src/audit/addresses.js";

/** First and last of each range, and the addresses just outside of it that are not in another one. */
const RANGES: readonly (readonly [first: string, last: string, ...outside: string[]])[] = [
  ["0.0.0.0", "0.255.255.255", "1.0.0.0"],
  ["10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"],
  ["100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"],
  ["127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0"],
  ["168.63.129.16", "168.63.129.16", "168.63.129.15", "168.63.129.17"],
  ["169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0"],
  ["169.254.169.254", "169.254.169.254"],
  ["172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"],
  ["192.0.0.0", "192.0.0.255", "191.255.255.255", "192.0.1.0"],
  ["192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0"],
  ["192.88.99.0", "192.88.99.255", "192.88.98.255", "192.88.100.0"],
  ["192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"],
  ["198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0"],
  ["198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0"],
  ["203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0"],
  ["224.0.0.0", "255.255.255.255", "223.255.255.255"],
  ["::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::"],
  ["::1", "::1"],
  ["::8.8.8.8", "::808:808"],
  ["64:ff9b::7f00:1", "64:ff9b::808:808"],
  ["2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"],
  ["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db7:ffff::", "2001:db9::"],
  ["2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:ffff::", "2003::"],
  ["3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3ffe:ffff::", "3fff:1000::"],
  ["4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:ffff::"],
  ["fc00::", "fdff::", "2606:4700:4700::1111"],
  ["fe80::", "febf::"],
  ["ff02::1", "ff0e::1"],
];

test.each(RANGES)("%s to %s", (first, last, ...outside) => {
  for (const address of [first, last]) expect(refusedAddress(address), address).toEqual(expect.any(String));
  for (const address of outside) expect(refusedAddress(address), address).toBeUndefined();
});

describe("an address of IPv4 within one of IPv6 is judged as what it is", () => {
  test.each([["::ffff:127.0.0.1"], ["::ffff:7f00:1"], ["0:0:0:0:0:FFFF:A9FE:A9FE"], ["::ffff:10.1.2.3"]])(
    "%s",
    (it) => {
      expect(refusedAddress(it)).toEqual(expect.any(String));
    },
  );
  test("::ffff:8.8.8.8 is asked", () => expect(refusedAddress("::ffff:8.8.8.8")).toBeUndefined());
  test("for every address", () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(refusedAddress(`::ffff:${address}`)).toBe(refusedAddress(address));
      }),
    );
  });
});

test.each([[""], ["localhost"], ["fe80::1%eth0"], ["2606:4700::1%eth0"], ["127.1"], ["1.1.1.1 "], ["[::1]"]])(
  "%j is not asked, since it is no address",
  (text) => expect(refusedAddress(text)).toEqual(expect.any(String)),
);
