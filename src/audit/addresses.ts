/** IP addresses that are not public, or lead to another machine for each user. They are never contacted. */
import ipaddr from "ipaddr.js";
import { isIP, isIPv4 } from "node:net";

/** Not in IANA's registries: only reachable inside Azure. */
const CLOUDS_OWN = "168.63.129.16";
/** Of IPv6 only global unicast is contacted (RFC 4291 section 2.4). */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");

/** Description of a refused address; undefined for a public one. */
export function refusedAddress(address: string): string | undefined {
  if (isIP(address) === 0 || address.includes("%")) return "no address, or one of the local link";
  // The library reads `::1.2.3.4` as `::ffff:1.2.3.4`. The URL parser gives each IPv6 address one spelling without dots.
  const spelled = isIPv4(address) ? address : new URL(`http://[${address}]`).hostname.slice(1, -1);
  const meant = ipaddr.process(spelled); // `::ffff:7f00:1` is 127.0.0.1 (RFC 4291 section 2.5.5.2)
  const range = meant.range();
  if (range !== "unicast") return `an address that is not public (${range})`;
  if (meant.toString() === CLOUDS_OWN) return "a cloud's own services";
  return meant instanceof ipaddr.IPv6 && !meant.match(GLOBAL_UNICAST) ? "not a global address" : undefined;
}
