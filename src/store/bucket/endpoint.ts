/** Where a bucket is asked, and where a token is exchanged: as the environment says. */
import { AttestError } from "../../core/errors.js";

/** The variables of a process. They are passed in, so that a caller decides whose they are. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** An empty variable counts as unset, as it does for other programs. */
export const valueOf = (env: Environment, ...names: readonly string[]): string | undefined =>
  names.map((name) => env[name]).find((value) => value !== undefined && value !== "");

export interface Endpoint {
  /** Of the bucket: it ends in a slash, and keys follow. Or of a service. */
  readonly address: URL;
  readonly region: string;
}

/** Servers other than Amazon's mostly do not look at the region, but signatures need one. */
const ANY_REGION = "us-east-1";

/**
 * @param profileRegion the region that the user's profile names
 * @throws AttestError `usage`
 */
export function endpointOf(bucket: string, env: Environment, profileRegion?: string): Endpoint {
  const region = regionOf(env, profileRegion);
  const given = addressIn(env, "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL");
  if (given === undefined) {
    if (region === undefined) throw noRegion();
    return { address: atAmazon(`https://s3.${region}.${domainOf(region)}/`, bucket), region };
  }
  if (/(?:^|\.)amazonaws\.com(?:\.cn)?$/.test(given.hostname)) {
    if (region === undefined) throw noRegion();
    return { address: atAmazon(given.href, bucket), region };
  }
  return { address: new URL(`${given.href}${bucket}/`), region: region ?? ANY_REGION };
}

/** Where a token is exchanged for credentials. The token alone grants them, so it crosses no network in clear. @throws AttestError `usage` */
export function tokenServiceOf(env: Environment, profileRegion?: string): Endpoint {
  const region = regionOf(env, profileRegion);
  const given = addressIn(env, "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL");
  if (given !== undefined) {
    if (given.protocol !== "https:" && !/^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(given.hostname))
      throw new AttestError(
        "usage",
        `the token service ${given.origin} is asked without https`,
        "name an https address",
      );
    return { address: given, region: region ?? ANY_REGION };
  }
  if (region === undefined) throw noRegion();
  return { address: new URL(`https://sts.${region}.${domainOf(region)}/`), region };
}

const domainOf = (region: string): string => (region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com");

/** Names with dots do not fit Amazon's certificates, so these stay in the path. */
function atAmazon(service: string, bucket: string): URL {
  const at = new URL(service);
  if (bucket.includes(".")) at.pathname = `/${bucket}/`;
  else at.hostname = `${bucket}.${at.hostname}`;
  return at;
}

/** It becomes part of a host's name. */
function regionOf(env: Environment, profileRegion: string | undefined): string | undefined {
  const region = valueOf(env, "AWS_REGION", "AWS_DEFAULT_REGION") ?? profileRegion;
  if (region !== undefined && !/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/.test(region))
    throw new AttestError("usage", "the name of the region in AWS_REGION is malformed", "it is like eu-central-1");
  return region;
}

const noRegion = (): AttestError =>
  new AttestError(
    "usage",
    "the region of the bucket is unknown",
    "set AWS_REGION, or AWS_ENDPOINT_URL_S3 for a server that is not Amazon's",
  );

/** The first of these variables, as an address that ends in a slash. */
function addressIn(env: Environment, ...names: readonly string[]): URL | undefined {
  const name = names.find((one) => valueOf(env, one) !== undefined);
  if (name === undefined) return undefined;
  const text = valueOf(env, name) ?? "";
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // Not quoted: it may have a password.
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.username + url.password + url.search + url.hash !== ""
  )
    throw new AttestError(
      "usage",
      `${name} is not the http(s) address of a server`,
      "it is like https://s3.example.org",
    );
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}
