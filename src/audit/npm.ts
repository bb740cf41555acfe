/** Whether a package has a newer version than the one that was tested, asked of the registry that the user has. */
import type { SemVer } from "semver";
import parse from "semver/functions/parse.js";
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
  const { name, tested } = wanted;
  const url = `${registry.replace(/\/+$/, "")}/${name.replace("/", "%2f")}`;
  const got = await fetcher.get(url, { accept: ACCEPT });
  if (got.kind !== "arrived") return { why: `the registry does not say: ${got.why}` };
  const latest = latestIn(got.bytes);
  if (latest === undefined) return { why: "the registry does not say: it names no latest version" };
  return { name, tested: tested.raw, latest: latest.raw, newer: latest.compare(tested) > 0 };
}

/** https://github.com/package-url/purl-spec: percent-encoded, qualifiers and subpath behind. */
function parsePurl(purl: string): { readonly name: string; readonly tested: SemVer } | undefined {
  const [, encoded = "", after = ""] = /^pkg:npm\/([^?#]+)@([^@/?#]+)(?:[?#].*)?$/i.exec(purl) ?? [];
  try {
    const [name, tested] = [decodeURIComponent(encoded), version(decodeURIComponent(after))];
    const part = name.slice(name.indexOf("/") + 1);
    return PACKAGE.test(name) && !part.startsWith(".") && tested !== null ? { name, tested } : undefined;
  } catch {
    return undefined; // a percent sign and no two digits
  }
}

function latestIn(bytes: Uint8Array): SemVer | undefined {
  try {
    const tags = asObject(asObject(parseForeignJson(fromUtf8(bytes)))["dist-tags"]);
    const latest = Object.hasOwn(tags, "latest") ? asText(tags["latest"]) : undefined;
    return latest === undefined ? undefined : (version(latest) ?? undefined);
  } catch (error) {
    if (error instanceof AttestError) return undefined;
    throw error;
  }
}

/** Semantic Versioning 2.0.0, without the leading "v" that the package allows. Build metadata does not affect the order. */
const version = (text: string): SemVer | null => (/^\d\S*$/.test(text) ? parse(text) : null);
