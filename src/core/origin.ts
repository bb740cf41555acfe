/**
 * Whether two things come from the same place. Who serves one port of a machine serves them all, so of hosts neither scheme nor port count;
 * a registry is its host with port and path. Spelled as every client understands it: lower case, ASCII (punycode), without the dot at the
 * end and the port that is meant anyhow, and an IP address in its one form.
 */

/** Some browsers write a space in a host as %20, where others find no address at all. */
const NO_HOST = /[\s%]/;

const parsed = (text: string): URL | undefined => {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  return url === undefined || NO_HOST.test(url.hostname) ? undefined : url;
};

/** An IPv4 address within IPv6 (RFC 4291, section 2.5.5.2) leads to the same machine. */
const MAPPED = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/;

function plain(hostname: string): string {
  const host = hostname.toLowerCase().replace(/\.+$/, "");
  const [, high, low] = MAPPED.exec(host) ?? [];
  if (high === undefined || low === undefined) return host;
  const [one, other] = [parseInt(high, 16), parseInt(low, 16)];
  return [one >> 8, one & 255, other >> 8, other & 255].join(".");
}

/** Of an address, or of the origin of a registry or a log; undefined where there is none to be seen. */
export function hostOf(text: string): string | undefined {
  const host = plain(parsed(text)?.hostname ?? "");
  return host === "" ? undefined : host;
}

/** `example.org:8443/lab`, of an address or of what a registry calls itself; what is neither stays as it is. */
export function originOf(text: string): string {
  const url = parsed(text);
  if (url === undefined || url.hostname === "") return text;
  const port = url.port === "" || url.port === "80" || url.port === "443" ? "" : `:${url.port}`;
  return plain(url.hostname) + port + url.pathname.replace(/\/+$/, "");
}
