/**
 * Whether two things come from the same place. One operator controls all ports of a machine, so a host ignores scheme and port; a registry
 * is host, port and path. The spelling is normalized as clients do: lowercase, punycode, no trailing dot, no default port, one form of each
 * IP address.
 */

/** Some browsers encode a space in a host as %20, others reject the address. */
const NO_HOST = /[\s%]/;

const parsed = (text: string): URL | undefined => {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  return url === undefined || NO_HOST.test(url.hostname) ? undefined : url;
};

/** An IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2) leads to the same machine. */
const MAPPED = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/;

function plain(hostname: string): string {
  const host = hostname.toLowerCase().replace(/\.+$/, "");
  const [, high, low] = MAPPED.exec(host) ?? [];
  if (high === undefined || low === undefined) return host;
  const [one, other] = [parseInt(high, 16), parseInt(low, 16)];
  return [one >> 8, one & 255, other >> 8, other & 255].join(".");
}

/** Host of an address or of an origin; undefined if there is none. */
export function hostOf(text: string): string | undefined {
  const host = plain(parsed(text)?.hostname ?? "");
  return host === "" ? undefined : host;
}

/** `example.org:8443/lab` from an address or an origin; anything else is returned unchanged. */
export function originOf(text: string): string {
  const url = parsed(text);
  if (url === undefined || url.hostname === "") return text;
  const port = url.port === "" || url.port === "80" || url.port === "443" ? "" : `:${url.port}`;
  return plain(url.hostname) + port + url.pathname.replace(/\/+$/, "");
}
