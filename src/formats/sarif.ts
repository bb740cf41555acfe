/**
 * An audit's findings as SARIF 2.1.0 (OASIS), for code scanning and editors: one run, all rules, one result per finding. The same findings
 * give the same bytes.
 */
import type { Log, Message, ReportingDescriptor, Result } from "sarif";
import { RULE_IDS, ruleOf } from "../core/statement/audit-rules.js";
import { waiverWords, type JudgedFinding } from "../core/audit/waiver.js";
import type { Bytes } from "../core/bytes.js";
import { readable } from "../core/json.js";
import { lines } from "./text.js";

export interface SarifInput extends JudgedFinding {
  /** The attestation's file relative to the scanned folder, with slashes; or its address. */
  readonly uri: string;
}

export interface SarifTool {
  readonly name: string;
  readonly version: string;
}

const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/** @param notChecked what could not be checked, a sentence each; written as notifications (section 3.20.21) */
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
            toolExecutionNotifications: [...new Set(notChecked.map(lines))]
              .sort(compare)
              .map((text) => ({ level: "warning", message: message(`not checked: ${text}`) })),
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
  // Readers may accept any suppression, so an ineffective waiver is only mentioned in the text.
  const idle = waivers.filter(({ standing }) => standing !== "honoured").map(waiverWords);
  return {
    ruleId: rule,
    ruleIndex: RULE_IDS.indexOf(rule),
    level: ruleOf(rule).level,
    message: message([detail === "" ? ruleOf(rule).means : detail, ...idle].join("\n")),
    locations: [
      {
        // Always line 1: the position is a JSON pointer, but GitHub hides results without a line.
        physicalLocation: { artifactLocation: { uri: reference(uri) }, region: { startLine: 1 } },
        ...(pointer !== "" && { logicalLocations: [{ fullyQualifiedName: lines(pointer) }] }),
      },
    ],
    partialFingerprints: { "attestFinding/v1": print },
    // On all results or on none (section 3.27.23).
    suppressions: waived
      ? [...new Set(honoured.map(waiverWords).map(lines))].map((justification) => ({
          kind: "external" as const,
          status: "accepted" as const,
          justification,
        }))
      : [],
  } satisfies Result;
}

/** A message may contain placeholders and links (sections 3.11.5 and 3.11.6). Escape quoted text. */
const message = (text: string) =>
  ({
    text: lines(text)
      .replace(/\{(\d+)\}/g, "{{$1}}")
      .replaceAll("](", "] ("),
  }) satisfies Message;

/** Stays the same if the wording changes. */
const fingerprint = ({ finding: { about, rule, pointer } }: SarifInput): string => `${about}:${rule}:${lines(pointer)}`;

const keyOf = (one: SarifInput): string =>
  JSON.stringify([one.uri, one.finding.about, RULE_IDS.indexOf(one.finding.rule) + 100, one.finding, one.waivers]);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A path as a relative reference, where a colon would start a scheme; an address with its terminators escaped. */
function reference(uri: string): string {
  const whole = uri.replace(/[\p{Cs}\p{Noncharacter_Code_Point}]/gu, "\ufffd");
  return /^https?:\/\//i.test(whole)
    ? whole.replace(/[^!#-;=?-Z_a-z~[\]]/gu, encodeURIComponent)
    : whole.split("/").map(encodeURIComponent).join("/");
}
