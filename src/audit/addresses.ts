/** Which IP addresses no stranger can reach, or reaches something else by than the next person: they are never asked. */
import ipaddr from "ipaddr.js";
import { isIP, isIPv4 } from "node:net";

/** In no registry of special addresses: Azure answers its guests there, and nobody else. */
const CLOUDS_OWN = "168.63.129.16";
/** Of IPv6 only this is asked at all (RFC 4291 section 2.4). */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");

/** What it is, in words, where it is not asked; undefined for one that everybody reaches alike. */
export function refusedAddress(address: string): string | undefined {
  if (isIP(address) === 0 || address.includes("%")) return "no address, or one of the local link";
  // The library takes `::1.2.3.4` for `::ffff:1.2.3.4`; the URL parser gives every address of IPv6 one spelling, in which nothing is dotted.
  const spelled = isIPv4(address) ? address : new URL(`http://[${address}]`).hostname.slice(1, -1);
  const meant = ipaddr.process(spelled); // `::ffff:7f00:1` is 127.0.0.1 (RFC 4291 section 2.5.5.2)
  const range = meant.range();
  if (range !== "unicast") return `an address that is not public (${range})`;
  if (meant.toString() === CLOUDS_OWN) return "a cloud's own services";
  return meant instanceof ipaddr.IPv6 && !meant.match(GLOBAL_UNICAST) ? "not a global address" : undefined;
}
