/**
 * A policy as a file: requirements for every document, and who may sign what. Unknown, empty or unsatisfiable members are refused, so that
 * no requirement is silently lost.
 *
 *     { "version": 1,
 *       "keys": { "lab": "ssh-ed25519 AAAA…" },
 *       "rules": [{ "subject": { "name": "app" }, "signers": ["lab"], "minSigners": 1 }],
 *       "require": { "validated": true, "evidence": true, "freshDays": 30, "minSigners": 1, "subjects": ["gitCommit:…"] } }
 */
import * as z from "zod/mini";
import type { Bytes } from "../bytes.js";
import type { Engine } from "../engine.js";
import { MAX_SIGNATURES } from "../statement/envelope.js";
import { AttestError } from "../errors.js";
import { isObject, parseJson } from "../json.js";
import { parseKey, type PublicKey } from "../keys/key.js";
import type { Policy, PolicyRule } from "./policy.js";
import { atLeast, atMost, faultIn, KEY_NAME } from "../schema.js";
import { asksForSubject } from "../statement/subject.js";

export interface PolicyFile {
  readonly policy: Policy;
  /** Keys by the author of the policy, who is the verifier's user. */
  readonly keys: readonly { readonly name: string; readonly key: PublicKey }[];
}

const VERSION = 1;
const DAY_MS = 86_400_000;
export const MAX_WITNESSES = 16;

const text = z.string().check(atLeast(1), atMost(1000));
const name = z.string().check(z.regex(KEY_NAME));
const from1 = (to: number) => z.int().check(z.gte(1), z.lte(to));
const some = <T extends z.ZodMiniType>(one: T) => z.array(one).check(atLeast(1));
/** `false` would look like a requirement but require nothing. */
const asked = z.optional(z.literal(true));

const rule = z.strictObject({
  subject: z.union([z.strictObject({ name: text }), z.strictObject({ uri: text })]),
  title: z.optional(text),
  signers: some(name),
  minSigners: z.optional(from1(MAX_SIGNATURES)),
});
const require = z.strictObject({
  validated: asked,
  evidence: asked,
  logged: asked,
  notRetracted: asked,
  noSkips: asked,
  noRetries: asked,
  witnessed: z.optional(from1(MAX_WITNESSES)),
  freshDays: z.optional(from1(36_500)),
  minSigners: z.optional(from1(MAX_SIGNATURES)),
  subjects: z.optional(
    some(
      z
        .string()
        .check(z.refine(asksForSubject, "expected gitCommit:HEX, gitTree:HEX, dirHash:HEX, sha256:HEX or a hex alone")),
    ),
  ),
  subjectOnly: asked,
});
const schema = z.strictObject({
  version: z.literal(VERSION),
  keys: z.optional(z.record(name, z.string())),
  rules: z.optional(some(rule)),
  require: z.optional(require),
});

/** @throws AttestError `policy-format`, `key-format` or a code of `parseJson` */
export function parsePolicy(bytes: Bytes, engine: Engine): PolicyFile {
  const value = parseJson(bytes);
  const version = isObject(value) ? value["version"] : undefined;
  if (typeof version === "number" && version > VERSION)
    throw refused(`a policy of version ${VERSION}`, `version ${version}: take a newer attest`);
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw refused("a policy", `at ${faultIn(parsed.error)}`);
  const { rules, require: all = {} } = parsed.data;
  if (rules === undefined && Object.keys(all).length === 0)
    throw refused("a policy with rules, or with something under require", "neither: it would let everything pass");
  if (all.subjectOnly === true && all.subjects === undefined)
    throw refused("require.subjects beside require.subjectOnly", "none");
  const keys = keysIn(parsed.data.keys, engine);
  const { freshDays, minSigners } = all;
  if (minSigners !== undefined && keys.length > 0 && minSigners > keys.length)
    throw refused(`require.minSigners of at most the ${keys.length} keys of the policy`, String(minSigners));
  return {
    keys,
    policy: {
      ...(all.validated && { validated: true }),
      ...(all.evidence && { evidence: true }),
      ...(all.logged && { logged: true }),
      ...(all.notRetracted && { notRetracted: true }),
      ...(all.noSkips && { noSkips: true }),
      ...(all.noRetries && { noRetries: true }),
      ...(all.witnessed !== undefined && { witnessed: all.witnessed }),
      ...(all.subjects && { subjects: all.subjects }),
      ...(all.subjectOnly && { subjectOnly: true }),
      ...(freshDays !== undefined && { maxAgeMs: freshDays * DAY_MS }),
      ...(minSigners !== undefined && { minSigners }),
      ...(rules && { rules: rules.map((one, at) => ruleOf(one, at, keys)) }),
    },
  };
}

function keysIn(lines: Readonly<Record<string, string>> | undefined, engine: Engine): PolicyFile["keys"] {
  if (lines === undefined) return [];
  const keys = Object.entries(lines).map(([name, line]) => ({ name, key: parseKey(line, engine) }));
  if (keys.length === 0) throw refused("keys", "none: leave the member out, or name one");
  const twice = keys.find(({ key }, at) => keys.findIndex((other) => other.key.keyid === key.keyid) !== at);
  if (twice !== undefined) throw refused("each key under one name", `that of ${twice.name} under two`);
  return keys;
}

function ruleOf(
  { signers, minSigners = 1, ...rest }: z.infer<typeof rule>,
  at: number,
  keys: PolicyFile["keys"],
): PolicyRule {
  const twice = signers.find((name, place) => signers.indexOf(name) !== place);
  if (twice !== undefined) throw refused(`each signer of rules.${at} once`, `${twice} twice`);
  if (minSigners > signers.length)
    throw refused(`minSigners of at most the ${signers.length} signers of rules.${at}`, String(minSigners));
  return {
    ...rest,
    minSigners,
    signers: signers.map((name) => {
      const known = keys.find((one) => one.name === name);
      if (known === undefined) throw refused(`the signers of rules.${at} among the keys of the policy`, name);
      return { name, keyid: known.key.keyid };
    }),
  };
}

const refused = (expected: string, found: string): AttestError =>
  new AttestError("policy-format", `expected ${expected}, found ${found}`, "docs/trust.md shows a whole policy");
