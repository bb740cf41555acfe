/** Verification as the tests ask for it: the first engine at hand, a fixed clock, and keys with the reason to know them. */
import type { Bytes } from "../../src/core/bytes.js";
import type { Code } from "../../src/core/codes.js";
import { parseEnvelope } from "../../src/core/statement/envelope.js";
import type { KeyEntry } from "../../src/core/keys/keyring.js";
import { failures, type Check, type CheckName, type Report } from "../../src/core/verify/report.js";
import type { TrustedKey } from "../../src/core/verify/signatures.js";
import { identify } from "../../src/core/statement/statement.js";
import { verify, type VerifyOptions } from "../../src/core/verify/verify.js";
import { engines } from "./engines.js";
import { NOW, type TestSigner } from "./making.js";

export const engine = engines[0]!;

export const yours = ({ key }: TestSigner): TrustedKey => ({ key, by: "you", source: "--key" });

/** Listed by the place that serves the document. */
export const sites = ({ key }: TestSigner, entry: Partial<KeyEntry> = {}): TrustedKey => ({
  key,
  by: "site",
  source: "the registry's keyring",
  name: "lab",
  entry: { name: "lab", key, validFrom: "2026-01-01T00:00:00Z", ...entry },
});

export const look = (bytes: Bytes, keys: readonly TrustedKey[], options: Partial<VerifyOptions> = {}): Report =>
  verify(bytes, { engine, keys, now: NOW, ...options });

export function check(report: Report, name: CheckName): Check {
  const found = report.checks.find((one) => one.name === name);
  if (found === undefined) throw new Error(`the report has no check ${name}`);
  return found;
}

/** Which checks keep the exit status from being 0, and their codes. */
export const faults = (report: Report): [CheckName, Code][] => failures(report).map(({ name, code }) => [name, code]);

/** The checks in order: "+" passed, "!" failed, "." not checked. */
export const marks = (report: Report): string =>
  report.checks.map(({ status }) => ({ passed: "+", failed: "!", "not-checked": "." })[status]).join("");

export const idOf = (bytes: Bytes): string => identify(parseEnvelope(bytes).payloadBytes, engine).id;
