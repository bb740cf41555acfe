/** Whether a package has a newer version than the one that was tested, asked of the registry that the user has. */
import { fromUtf8 } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import { asObject, asText, parseForeignJson } from "../formats/foreign-json.js";
import type { Fetcher } from "./fetcher.js";

export interface PublishedVersion {
  readonly name: string;
  readonly tested: string;
  /** What the registry calls so. */
  readonly latest: string;
  readonly newer: boolean;
}

const PACKAGE = /^(?:@[a-z0-9~._-]+\/)?[a-z0-9~._-]+$/i;
/** Semantic Versioning 2.0.0; what is said of the build does not count. */
const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;
const ACCEPT = "application/vnd.npm.install-v1+json, application/json;q=0.8";

/**
 * @param purl `pkg:npm/%40scope/name@1.2.3`
 * @param registry its address, as `npm config get registry` prints it
 * @returns undefined where that is no package of npm in one version; `why` where the registry does not say
 */
export async function currentVersion(
  purl: string,
  fetcher: Pick<Fetcher, "get">,
  registry: string,
): Promise<PublishedVersion | { readonly why: string } | undefined> {
  const wanted = parsePurl(purl);
  if (wanted === undefined) return undefined;
  const { name, version: tested } = wanted;
  const url = `${registry.replace(/\/+$/, "")}/${name.replace("/", "%2f")}`;
  const got = await fetcher.get(url, { accept: ACCEPT });
  if (got.kind !== "arrived") return { why: `the registry does not say: ${got.why}` };
  const latest = latestIn(got.bytes);
  if (latest === undefined) return { why: "the registry does not say: it names no latest version" };
  return { name, tested, latest, newer: compareVersions(latest, tested) > 0 };
}

/** https://github.com/package-url/purl-spec: percent-encoded, qualifiers and subpath behind. */
function parsePurl(purl: string): { readonly name: string; readonly version: string } | undefined {
  const [, encoded = "", after = ""] = /^pkg:npm\/([^?#]+)@([^@/?#]+)(?:[?#].*)?$/i.exec(purl) ?? [];
  try {
    const [name, version] = [decodeURIComponent(encoded), decodeURIComponent(after)];
    const part = name.slice(name.indexOf("/") + 1);
    return PACKAGE.test(name) && !part.startsWith(".") && VERSION.test(version) ? { name, version } : undefined;
  } catch {
    return undefined; // a percent sign and no two digits
  }
}

function latestIn(bytes: Uint8Array): string | undefined {
  try {
    const tags = asObject(asObject(parseForeignJson(fromUtf8(bytes)))["dist-tags"]);
    const latest = Object.hasOwn(tags, "latest") ? asText(tags["latest"]) : undefined;
    return latest !== undefined && VERSION.test(latest) ? latest : undefined;
  } catch (error) {
    if (error instanceof AttestError) return undefined;
    throw error;
  }
}

/** Below 0 where `a` is older, above it where it is newer. Semantic Versioning 2.0.0, section 11. */
export function compareVersions(a: string, b: string): number {
  const [, ...left] = VERSION.exec(a) ?? [];
  const [, ...right] = VERSION.exec(b) ?? [];
  const cores = [0, 1, 2].map((at) => compareNumbers(left[at] ?? "", right[at] ?? ""));
  return cores.find((order) => order !== 0) ?? comparePrereleases(left[3], right[3]);
}

/** Decimal numbers of any length, without zeros in front. */
const compareNumbers = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

function comparePrereleases(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  const [left, right] = [a.split("."), b.split(".")];
  for (const [at, one] of left.entries()) {
    const other = right[at];
    if (other === undefined) return 1;
    const [number, otherNumber] = [/^\d+$/.test(one), /^\d+$/.test(other)];
    const order =
      number && otherNumber
        ? compareNumbers(one, other)
        : number !== otherNumber
          ? Number(otherNumber) - Number(number)
          : one < other
            ? -1
            : Number(one > other);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}
