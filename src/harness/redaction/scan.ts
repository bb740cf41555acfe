/**
 * The final check of everything to be published. Output has been redacted before; this covers the rest: reports, titles, attachments,
 * recorded variables. It names place and rule, never the secret.
 */
import { utf8 } from "../../core/bytes.js";
import { AttestError } from "../../core/errors.js";
import { isObject, type Json } from "../../core/json.js";
import { Redactor, RULES, valueRule, type Secret } from "./redact.js";
import { revealed, UNREAD } from "./reveal.js";

export interface SecretFinding {
  /** `evidence stdout.txt, line 12` or `the statement, predicate.f3.summary`. */
  readonly place: string;
  /** Name of a rule, or `value of NAME`. */
  readonly rule: string;
}

export interface Evidence {
  readonly name: string;
  readonly bytes: Uint8Array;
}

interface Met {
  readonly rule: string;
  readonly at: number;
}

/** Values of `--allow-secret`, which also accepts `value of NAME` for a variable. */
export const ruleNames = (): string[] => [...RULES.map(({ name }) => name), UNREAD];

const isValueRule = (rule: string): boolean => rule.startsWith(valueRule("")) && rule !== valueRule("");

/** Reports each rule once per evidence line and per string of the statement, including member and file names. */
export function scan(
  statement: Json,
  evidence: readonly Evidence[],
  secrets: readonly Secret[],
  allowed: readonly string[],
): SecretFinding[] {
  const allows = { rules: RULES.filter(({ name }) => !allowed.includes(name)) };
  const prepared = new Redactor(
    secrets.filter(({ name }) => !allowed.includes(valueRule(name))),
    allows,
  );
  /** The text itself, and as a reader would see it. */
  const look = (bytes: Uint8Array): { readonly shown: string; readonly met: readonly Met[] } => {
    const met: Met[] = [];
    const redactor = prepared.another((rule, at) => void met.push({ rule, at }));
    const shown = Buffer.concat([redactor.write(bytes), redactor.end()]);
    for (const { rule, ranges } of revealed(new Uint8Array(bytes), prepared))
      if (!allowed.includes(rule)) met.push({ rule, at: ranges[0]?.[0] ?? 0 });
    return { shown: shown.toString("utf8"), met: met.sort((a, b) => a.at - b.at) };
  };
  /** A name may be a secret too. */
  const shownName = (name: string): string => look(utf8(name)).shown;

  const findings = new Map<string, SecretFinding>();
  const find = (place: string, rule: string): unknown => findings.set(`${place}\n${rule}`, { place, rule });
  const findIn = (place: string, text: string): void => {
    for (const { rule } of look(utf8(text)).met) find(shownName(place), rule);
  };

  const walk = (value: Json, path: string): void => {
    if (typeof value === "string") findIn(`the statement, ${path}`, value);
    else if (Array.isArray(value)) (value as readonly Json[]).forEach((inner, at) => walk(inner, `${path}[${at}]`));
    else if (isObject(value))
      for (const [name, inner] of Object.entries(value)) {
        const member = path === "" ? name : `${path}.${name}`;
        findIn(`the statement, the name of ${member}`, name);
        walk(inner, member);
      }
  };
  walk(statement, "");

  for (const { name, bytes } of evidence) {
    findIn(`the name of evidence ${name}`, name);
    const place = `evidence ${shownName(name)}`;
    let [line, counted] = [1, 0];
    for (const { rule, at } of look(bytes).met) {
      for (; counted < at; counted += 1) if (bytes[counted] === 10) line += 1;
      find(`${place}, line ${line}`, rule);
    }
  }
  return [...findings.values()];
}

/** @throws AttestError `usage` for an unknown rule name */
export function checkRules(allowed: readonly string[]): void {
  const unknown = allowed.find((rule) => !ruleNames().includes(rule) && !isValueRule(rule));
  if (unknown === undefined) return;
  throw new AttestError(
    "usage",
    `--allow-secret takes the name of a rule, not ${JSON.stringify(unknown)}`,
    `one of ${ruleNames().join(", ")}, or "${valueRule("NAME")}" of a variable`,
  );
}

/** @throws AttestError `secret-found` for an apparent secret that is not allowed; `usage` for an unknown rule */
export function refuseSecrets(
  statement: Json,
  evidence: readonly Evidence[],
  secrets: readonly Secret[],
  allowed: readonly string[],
): void {
  checkRules(allowed);
  const [first, ...more] = scan(statement, evidence, secrets, allowed);
  if (first === undefined) return;
  const { rule, place } = first;
  const what = isValueRule(rule) ? `the ${rule}` : `what looks like a secret (${rule})`;
  throw new AttestError(
    "secret-found",
    `${what} in ${place}${more.length > 0 ? ` and ${more.length} more` : ""}: this looks like a secret`,
    `take it out; or, if it may be published: --allow-secret ${isValueRule(rule) ? JSON.stringify(rule) : rule}`,
  );
}
