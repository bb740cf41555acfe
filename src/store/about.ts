/** `attest.json`: the file that makes a folder a registry. It holds the registry's address and title. */
import * as z from "zod/mini";
import type { Bytes } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import { isObject, parseJson, type Json } from "../core/json.js";
import { atLeast, atMost, faultIn } from "../core/schema.js";
import { REGISTRY_FILE } from "./paths.js";

/** Schemeless: example.org/lab. */
export const ORIGIN = /^[a-z0-9.-]+(?::\d+)?(?:\/[A-Za-z0-9._~-]+)*$/;

const about = z.strictObject({
  origin: z.string().check(z.regex(ORIGIN)),
  title: z.string().check(atLeast(1), atMost(200)),
});
export type About = z.infer<typeof about>;

/** `attest.json`. @throws AttestError `registry-format` or a code of `parseJson` */
export const parseAbout = (bytes: Bytes): About => readAbout(parseJson(bytes));

/** Names the character that is not allowed, and what to write instead. */
function whyNoOrigin(given: Json | undefined): string {
  const form = "an origin is a name without a scheme, like example.org/lab";
  if (typeof given !== "string") return form;
  const bare = given.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "");
  if (bare !== given) return `${form}: leave the scheme out`;
  const [host = "", ...path] = bare.split("/");
  const odd = /[^A-Za-z0-9.:-]/u.exec(host) ?? /[^A-Za-z0-9._~/-]/u.exec(path.join("/"));
  if (odd !== null) return `${form}; ${JSON.stringify(odd[0])} has no place in it; write - for it`;
  if (/[A-Z]/.test(host)) return `${form}; its host is in small letters: ${host.toLowerCase()}`;
  return path.includes("") ? `${form}, without an empty part between two / or at the end` : form;
}

export function readAbout(value: Json): About {
  const parsed = about.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AttestError(
    "registry-format",
    `expected origin and title in ${REGISTRY_FILE}; ${faultIn(parsed.error)}`,
    isObject(value) && parsed.error.issues[0]?.path.join(".") === "origin" ? whyNoOrigin(value["origin"]) : undefined,
  );
}
