/**
 * What an audit found as SARIF 2.1.0 (OASIS), for code scanning and for editors: one run, every rule that there is, a result for each
 * finding. The same findings give the same bytes.
 */
import type { Log, Message, ReportingDescriptor, Result } from "sarif";
import { RULE_IDS, ruleOf } from "../core/statement/audit-rules.js";
import { waiverWords, type JudgedFinding } from "../core/audit/waiver.js";
import type { Bytes } from "../core/bytes.js";
import { readable } from "../core/json.js";
import { lines } from "./text.js";

export interface SarifInput extends JudgedFinding {
  /** Of the attestation's file, relative to the folder that is scanned, with slashes; or the address that it came from. */
  readonly uri: string;
}

export interface SarifTool {
  readonly name: string;
  readonly version: string;
}

const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/** @param notChecked what could not be looked at, a sentence each: no result, and not left out either (section 3.20.21) */
export function formatSarif(
  findings: readonly SarifInput[],
  { name, version }: SarifTool,
  notChecked: readonly string[] = [],
): Bytes {
  const inOrder = [...findings].sort((a, b) => compare(keyOf(a), keyOf(b)));
  const seen = new Map<string, number>();
  const results = inOrder.map((one) => {
    const print = fingerprint(one);
    const times = (seen.get(print) ?? 0) + 1;
    seen.set(print, times);
    return result(one, `${print}:${times}`);
  });
  return readable({
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: lines(name), version: lines(version), rules: RULE_IDS.map(rule) } },
        invocations: [
          {
            executionSuccessful: true,
            toolExecutionNotifications: [...new Set(notChecked.map(lines))].sort(compare).map((text) => ({
              level: "warning",
              message: message(`not checked: ${text}`),
            })),
          },
        ],
        results,
      },
    ],
  } satisfies Log);
}

const rule = (id: (typeof RULE_IDS)[number]) => {
  const { level, means, advice } = ruleOf(id);
  return {
    id,
    shortDescription: { text: means },
    help: { text: advice },
    defaultConfiguration: { level },
  } satisfies ReportingDescriptor;
};

function result({ finding, waivers, waived, uri }: SarifInput, print: string) {
  const { rule, pointer, detail } = finding;
  const honoured = waivers.filter(({ standing }) => standing === "honoured");
  // A reader may take any suppression for one that holds, so a waiver that is not heeded is told in words alone.
  const idle = waivers.filter(({ standing }) => standing !== "honoured").map(waiverWords);
  return {
    ruleId: rule,
    ruleIndex: RULE_IDS.indexOf(rule),
    level: ruleOf(rule).level,
    message: message([detail === "" ? ruleOf(rule).means : detail, ...idle].join("\n")),
    locations: [
      {
        // Line 1 of what has one reader by pointer: GitHub shows nothing of a result without a line.
        physicalLocation: { artifactLocation: { uri: reference(uri) }, region: { startLine: 1 } },
        ...(pointer !== "" && { logicalLocations: [{ fullyQualifiedName: lines(pointer) }] }),
      },
    ],
    partialFingerprints: { "attestFinding/v1": print },
    // On all results or on none (section 3.27.23).
    suppressions: waived
      ? [...new Set(honoured.map(waiverWords).map(lines))].map((justification) => ({
          ...{ kind: "external" as const, status: "accepted" as const, justification },
        }))
      : [],
  } satisfies Result;
}

/** A message can hold placeholders and links (sections 3.11.5 and 3.11.6); a text that quotes a document must make none. */
const message = (text: string) =>
  ({
    text: lines(text)
      .replace(/\{(\d+)\}/g, "{{$1}}")
      .replaceAll("](", "] ("),
  }) satisfies Message;

/** What stays the same when the wording of a detail changes. */
const fingerprint = ({ finding: { about, rule, pointer } }: SarifInput): string => `${about}:${rule}:${lines(pointer)}`;

const keyOf = (one: SarifInput): string =>
  JSON.stringify([one.uri, one.finding.about, RULE_IDS.indexOf(one.finding.rule) + 100, one.finding, one.waivers]);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A path as a relative reference, in which a colon would begin a scheme; an address as it is, with nothing in it that ends it. */
function reference(uri: string): string {
  const whole = uri.replace(/[\p{Cs}\p{Noncharacter_Code_Point}]/gu, "\ufffd");
  return /^https?:\/\//i.test(whole)
    ? whole.replace(/[^!#-;=?-Z_a-z~[\]]/gu, encodeURIComponent)
    : whole.split("/").map(encodeURIComponent).join("/");
}
