/** Requirements: `--require validated,subject=app.tar.gz,fresh=30d`, and `--policy FILE`. Both must hold. */
import { isFile, isFolder } from "../../node/files.js";
import { nearest } from "../../node/paths.js";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import { both, type Policy } from "../../core/verify/policy.js";
import { parsePolicy } from "../../core/verify/policy-file.js";
import type { TrustedKey } from "../../core/verify/signatures.js";
import { asksForSubject } from "../../core/statement/subject.js";
import { digestsOf } from "../../harness/subject/content.js";
import { fileDigest } from "../../harness/subject/digest.js";
import { contentIn } from "../../harness/subject/subject.js";
import { ownFiles } from "../../store/own-files.js";
import { REGISTRY_FILE } from "../../store/registry.js";
import { requiredKey } from "../load/trusted-keys.js";

const KNOWN =
  "validated, subject=FILE, DIR or gitCommit:HEX, subject-only, fresh=30d, evidence, logged, witnessed or witnessed=N, not-retracted, no-skips, no-retries, min-signers=N";
const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Requirements without a value. */
const ALONE: ReadonlyMap<string, keyof Policy> = new Map([
  ["validated", "validated"],
  ["evidence", "evidence"],
  ["logged", "logged"],
  ["not-retracted", "notRetracted"],
  ["no-skips", "noSkips"],
  ["no-retries", "noRetries"],
  ["subject-only", "subjectOnly"],
]);

export interface Requirements {
  readonly policy?: Policy;
  /** From the policy file. They count as yours, since you gave the file. */
  readonly policyKeys?: readonly TrustedKey[];
}

/** @throws AttestError those of `policyFrom`; `policy-format` and `file-missing` for the file */
export async function askedFor(
  lists: readonly string[] | undefined,
  file: string | undefined,
  engine: Engine,
): Promise<Requirements> {
  const typed = lists === undefined ? undefined : await policyFrom(lists);
  if (file === undefined) return typed === undefined ? {} : { policy: typed };
  const { policy, keys } = parsePolicy(requiredKey(file, "a policy"), engine);
  return {
    policy: typed === undefined ? policy : both(typed, policy),
    policyKeys: keys.map(({ name, key }) => ({ key, by: "you", source: `--policy ${file}, ${name}`, name })),
  };
}

/** @throws AttestError `usage` if unknown, empty, repeated or missing; `subject-missing` for a missing file */
export async function policyFrom(lists: readonly string[]): Promise<Policy> {
  const words = lists.flatMap((list) => list.split(",")).map((word) => word.trim());
  const subjects: string[] = [];
  let policy: Policy = {};
  const seen = new Set<string>();
  for (const word of words) {
    const [, name = "", value] = /^([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
    const refused = (expected: string, found: string): AttestError =>
      new AttestError("usage", `--require takes ${expected}, not ${found}`, `it takes: ${KNOWN}`);
    if (name !== "subject" && seen.has(name)) throw refused("each requirement once", `${name} twice`);
    seen.add(name);
    const alone = ALONE.get(name);
    if (alone !== undefined) {
      if (value !== undefined) throw refused(`${name} alone`, JSON.stringify(word));
      policy = { ...policy, [alone]: true };
      continue;
    }
    switch (name) {
      case "witnessed":
        if (!/^(?:[1-9]|1[0-6])$/.test(value ?? "1")) throw refused("witnessed=N, from 1 to 16", JSON.stringify(word));
        policy = { ...policy, witnessed: Number(value ?? "1") };
        break;
      case "subject":
        if (value === undefined || value === "")
          throw refused("subject=FILE, subject=DIR or subject=gitCommit:HEX", JSON.stringify(word));
        subjects.push(await subjectFrom(value));
        break;
      case "fresh": {
        const [, count, unit = ""] = /^([1-9]\d{0,5})([mhd])$/.exec(value ?? "") ?? [];
        if (count === undefined) throw refused("fresh=30d, 12h or 90m", JSON.stringify(word));
        policy = { ...policy, maxAgeMs: Number(count) * (UNITS[unit] ?? 0) };
        break;
      }
      case "min-signers":
        if (!/^(?:[1-9]|1[0-6])$/.test(value ?? "")) throw refused("min-signers=N, from 1 to 16", JSON.stringify(word));
        policy = { ...policy, minSigners: Number(value) };
        break;
      default:
        throw refused("a known requirement", name === "" ? "nothing" : JSON.stringify(word));
    }
  }
  if (policy.subjectOnly === true && subjects.length === 0)
    throw new AttestError("usage", "subject-only in --require needs subject=… beside it", `it takes: ${KNOWN}`);
  return subjects.length === 0 ? policy : { ...policy, subjects };
}

/** All digests of the file or folder of that name; otherwise the text is a digest. */
async function subjectFrom(text: string): Promise<string> {
  const digest = asksForSubject(text);
  const there = isFile(text) || isFolder(text);
  if (digest && there && text.includes(":"))
    throw new AttestError("usage", `subject=${text} is both a digest and a file`, `the file is subject=./${text}`);
  if (digest && !there) return text;
  const digests = isFolder(text)
    ? await folderDigests(text)
    : { sha256: await fileDigest(text), sha512: await fileDigest(text, "sha512") };
  return Object.entries(digests)
    .map(([algorithm, value]) => `${algorithm}:${value}`)
    .join(" ");
}

/** With the name that `attest run` uses. */
async function folderDigests(folder: string): Promise<Readonly<Record<string, string>>> {
  const registry = nearest(folder, REGISTRY_FILE);
  const { content } = await contentIn(folder, { ours: registry === undefined ? [] : ownFiles(registry) });
  return { ...digestsOf(content) };
}
