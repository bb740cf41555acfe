/** What a JSON text holds, and which texts its strings may not have (RFC 7493 section 2.1). */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json };
export type JsonObject = { readonly [member: string]: Json };

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A quick test. Only if it matches, the slower exact test runs. */
const SUSPECT = /[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]/;
/** RFC 7493 section 2.1: no lone surrogates, and no noncharacters of any plane. */
const UNFIT = /[\p{Cs}\p{Noncharacter_Code_Point}]/u;

export function textFault(text: string): string | undefined {
  const [found] = SUSPECT.test(text) ? (UNFIT.exec(text) ?? []) : [];
  if (found === undefined) return undefined;
  return /\p{Cs}/u.test(found)
    ? "half a surrogate pair"
    : `U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase()}, which is not a character`;
}
