/**
 * Which IP addresses no stranger can reach, or reaches something else by than the next person: they are never asked. From the registries
 * "IANA IPv4 Special-Purpose Address Registry" and "IANA IPv6 Special-Purpose Address Registry" (RFC 6890).
 */
import { BlockList, isIPv4, isIPv6 } from "node:net";

const IPV4: Readonly<Record<string, string>> = {
  "0.0.0.0/8": "this machine",
  "10.0.0.0/8": "a private network",
  "100.64.0.0/10": "a provider's own network",
  "127.0.0.0/8": "this machine",
  "168.63.129.16/32": "a cloud's own services", // not in the registry: Azure answers its guests there, and nobody else
  "169.254.0.0/16": "the local link, where clouds keep their metadata",
  "172.16.0.0/12": "a private network",
  "192.0.0.0/24": "protocol assignments",
  "192.0.2.0/24": "documentation",
  "192.88.99.0/24": "a relay between IPv6 and IPv4",
  "192.168.0.0/16": "a private network",
  "198.18.0.0/15": "benchmarks",
  "198.51.100.0/24": "documentation",
  "203.0.113.0/24": "documentation",
  "224.0.0.0/4": "multicast",
  "240.0.0.0/4": "reserved",
};

/** Of IPv6 only global unicast is asked at all (RFC 4291 section 2.4), and of that not what leads elsewhere, or to nobody. */
const GLOBAL_UNICAST = "2000::/3";
const IPV6: Readonly<Record<string, string>> = {
  "2001::/23": "protocol assignments and tunnels",
  "2001:db8::/32": "documentation",
  "2002::/16": "a tunnel to an IPv4 address",
  "3fff::/20": "documentation",
};

function listOf(...ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = "", prefix] = range.split("/");
    list.addSubnet(network, Number(prefix), isIPv4(network) ? "ipv4" : "ipv6");
  }
  return list;
}

const lists = (table: Readonly<Record<string, string>>): readonly (readonly [BlockList, string])[] =>
  Object.entries(table).map(([range, what]) => [listOf(range), what]);

const REFUSED_IPV4 = lists(IPV4);
const REFUSED_IPV6 = lists(IPV6);
const GLOBAL = listOf(GLOBAL_UNICAST);

/** What it is, in words, where it is not asked; undefined for one that everybody reaches alike. */
export function refusedAddress(address: string): string | undefined {
  if (isIPv4(address)) return REFUSED_IPV4.find(([list]) => list.check(address, "ipv4"))?.[1];
  if (!isIPv6(address) || address.includes("%")) return "no address, or one of the local link";
  const mapped = mappedIn(address);
  if (mapped !== undefined) return refusedAddress(mapped);
  if (!GLOBAL.check(address, "ipv6")) return "not a global address";
  return REFUSED_IPV6.find(([list]) => list.check(address, "ipv6"))?.[1];
}

/** `::ffff:7f00:1` is 127.0.0.1 (RFC 4291 section 2.5.5.2); the URL parser gives every spelling this one. */
function mappedIn(address: string): string | undefined {
  const spelled = new URL(`http://[${address}]`).hostname;
  const [, high, low] = /^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/.exec(spelled) ?? [];
  if (high === undefined || low === undefined) return undefined;
  const [first, second] = [parseInt(high, 16), parseInt(low, 16)];
  return [first >> 8, first & 255, second >> 8, second & 255].join(".");
}
