/** Shows a verified statement as an article. Only used for what `verify` returned as `statement`. */
import { wording } from "../core/statement/criterion.js";
import type { Report } from "../core/verify/report.js";
import type { CheckRecord, Descriptor, F3, ResultStatement } from "../core/statement/statement.js";
import {
  auditedOf,
  evidencePointer,
  auditFindingsView,
  NEVER_AUDITED,
  othersView,
  OWN_RECORD,
  type AuditShown,
} from "./audited.js";
import { figuresView } from "./figure.js";
import { compareGiven, givenLine, type GivenFile } from "./given.js";
import { exact, withUnit } from "./number.js";
import { prose } from "./prose.js";
import { NO_PLAN } from "./log-words.js";
import { toDocument, logLine, type PackedWord, type PageLinks } from "./standing.js";
import { date, facts, h, link, local, table, with_, type Child, type Element } from "./tree.js";
import { countedWording, OUTCOME, SOURCE_DATE } from "./words.js";

const size = (bytes: number): string => (bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} KiB`);
export const digestText = (digest: Descriptor["digest"]): string =>
  Object.entries(digest ?? {})
    .map(([algorithm, value]) => `${algorithm}:${String(value)}`)
    .join(" ");

/** @param gone whether its signer retracted it: the verdict stays readable, but no longer holds */
export function titleView({ predicate: { f3 } }: ResultStatement, gone = false): Element {
  const { word, sentence } = countedWording(f3.verdict, f3.checks);
  return h(
    "header",
    "title",
    h("p", "kicker", "Test result"),
    h("h1", "", f3.title),
    h("p", `verdict-line ${word.toLowerCase()}${gone ? " gone" : ""}`, h("strong", "stamp", word), " ", sentence),
    h("p", "lede", h("em", "", "Hypothesis. "), f3.hypothesis),
  );
}

/** What is available to compare the evidence with. */
export interface Backing {
  /** The publisher's audit record; undefined for an unpublished document. */
  readonly audit?: AuditShown | undefined;
  /** The reader's files; undefined if the page takes none. */
  readonly files?: readonly GivenFile[] | undefined;
}

export function articleView(
  statement: ResultStatement,
  report: Report,
  place?: PageLinks,
  backing: Backing = {},
): Element[] {
  const { predicate, subject } = statement;
  const { f3 } = predicate;
  return [
    h("section", "prose", h("h2", "", "Summary"), prose(f3.summary)),
    ...figuresView(f3.figures ?? [], f3.checks),
    ...f3.sections.map(({ heading, body }) => h("section", "prose", h("h2", "", heading), prose(body))),
    checksView(f3),
    h(
      "section",
      "not-checked",
      h("h2", "", "What the run did not examine"),
      f3.notChecked.length === 0
        ? h("p", "", "The statement names nothing.")
        : h(
            "ul",
            "",
            f3.notChecked.map((line) => h("li", "", line)),
          ),
    ),
    evidenceView(statement, place, backing),
    datesView(f3, report),
    h(
      "section",
      "relations",
      h("h2", "", "What was tested, and how it relates"),
      facts("", [
        ...subject.map((item): [string, Child] => [
          "subject",
          [item.name ?? item.uri ?? "unnamed", " ", h("code", "digest", digestText(item.digest))],
        ]),
        ...f3.relations.map((relation): [string, Child] => [
          relation.type,
          relation.type === "planned-by" && relation.digest?.sha256 !== undefined
            ? toDocument("plan", relation.digest.sha256, place)
            : [link(relation.target, relation.target), " ", h("code", "digest", digestText(relation.digest))],
        ]),
        ...predicate.configuration.map((item): [string, Child] => [
          "configuration",
          [item.name ?? item.uri ?? "unnamed", " ", h("code", "digest", digestText(item.digest)), annotations(item)],
        ]),
        ...(f3.relations.some(({ type }) => type === "planned-by")
          ? []
          : [["plan", `no plan: ${NO_PLAN}`] as [string, Child]]),
      ]),
    ),
    runView(f3),
    identityView(report),
  ];
}

export const annotations = ({ annotations: given }: Descriptor): string =>
  given === undefined
    ? ""
    : ` (${Object.entries(given)
        .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
        .join(", ")})`;

const checksView = ({ checks }: F3): Element =>
  h(
    "section",
    "checks",
    h("h2", "", "Checks"),
    h("p", "note", "The verdict follows from the required checks alone."),
    table(
      "",
      ["Check", "Outcome", "Expected", "Observed"],
      checks.map((check) => [
        [
          h("p", "claim", check.claim),
          h("p", "id", h("code", "", check.id), check.required ? " · required" : " · not required"),
        ],
        h("span", `outcome ${check.outcome}`, OUTCOME[check.outcome]),
        expectedView(check),
        [check.observed, measurementsView(check)],
      ]),
    ),
  );

/** The criterion as data decides. The publisher's own words follow only if they differ. */
export function expectedView({ criterion, expected }: Pick<CheckRecord, "criterion" | "expected">): Child {
  if (criterion === undefined) return expected;
  const words = wording(criterion);
  const claim = wording({ ...criterion, needs: [] });
  return [
    h("span", "holds", claim),
    h("span", "given", words.slice(claim.length)),
    [words, ""].includes(expected.trim())
      ? undefined
      : h("p", "id", "in the publisher's words: ", h("bdi", "", expected)),
  ];
}

const measurementsView = ({ measurements = [] }: CheckRecord): Child =>
  measurements.length === 0
    ? undefined
    : facts(
        "measurements",
        measurements.map(({ name, value, unit }) => [name, withUnit(exact(value), unit)]),
      );

function evidenceView(statement: ResultStatement, place: PageLinks | undefined, { audit, files }: Backing): Element {
  const { evidence } = statement.predicate.f3;
  const { pieces } = compareGiven(evidence, files ?? []);
  const audited = audit === undefined || audit === "none" ? [] : auditedOf(statement, audit);
  const rows = evidence.map((item, at): Child[] => {
    const { sha256 } = item.digest;
    const path = sha256 === undefined ? undefined : place?.evidence(sha256);
    const bytes = sha256 === undefined ? digestText(item.digest) : path === undefined ? sha256 : local(path, sha256);
    return [
      [
        h("p", "claim", item.name),
        h("p", "id", `${item.role} · ${item.mediaType ?? "type not stated"} · ${size(item.size)}`),
        item.uri === undefined ? undefined : h("p", "id", link(item.uri, item.uri)),
      ],
      [
        item.sourceDate === undefined ? "unknown" : date(item.sourceDate),
        h("p", "id", item.sourceDate === undefined ? "" : SOURCE_DATE[item.sourceDateKind]),
      ],
      [h("code", "digest", bytes), packedLine(place?.packed?.(sha256)), givenLine(pieces[at], item)],
      ...(typeof audit === "object" ? [audited.find(({ pointer }) => pointer === evidencePointer(at))?.lines] : []),
    ];
  });
  return h(
    "section",
    `evidence${typeof audit === "object" ? " looked-at" : ""}`,
    h("h2", "", "Evidence"),
    h(
      "p",
      "note",
      "Each piece is identified by the SHA-256 of its bytes, so anyone with the bytes can compare. The source date is their age.",
    ),
    table("", ["Piece", "Source date", "SHA-256", ...(typeof audit === "object" ? ["When last audited"] : [])], rows),
    audit === undefined
      ? undefined
      : h(
          "p",
          "note record",
          audit === "none"
            ? NEVER_AUDITED
            : `${OWN_RECORD}${files === undefined ? "." : "; what you drop in below is compared here."}`,
        ),
    typeof audit === "object" ? [othersView(audited), auditFindingsView(audit, audited)] : undefined,
  );
}

const PACKED: Readonly<Record<PackedWord, string>> = {
  there: "in this pack",
  same: "in this pack: the signed bytes",
  changed: "in this pack, but not the signed bytes",
  missing: "not in this pack",
};

const packedLine = (word: PackedWord | undefined): Child =>
  word === undefined ? undefined : h("p", `packed ${word}`, PACKED[word]);

function datesView({ evidence, run, signedAt }: F3, report: Report): Element {
  const sources = evidence.flatMap(({ sourceDate }) => sourceDate ?? []).sort();
  const [first, last] = [sources[0], sources.at(-1)];
  const unknown = evidence.length - sources.length;
  const source: Child[] =
    first === undefined || last === undefined
      ? ["unknown"]
      : first === last
        ? [date(first)]
        : [date(first), " to ", date(last)];
  return h(
    "section",
    "dates",
    h("h2", "", "Four dates"),
    facts("timeline", [
      ["evidence dated", [...source, unknown > 0 ? ` (${unknown} of ${evidence.length} unknown)` : ""]],
      ["work done", [date(run.startedAt), " to ", date(run.finishedAt)]],
      ["signed", [date(signedAt), ", claimed by the signer; no third party saw it"]],
      ["logged", logLine(report)],
    ]),
  );
}

const runView = ({ run }: F3): Element =>
  h(
    "section",
    "run",
    h("h2", "", "The run"),
    facts("", [
      ...(run.command === undefined ? [] : [["command", h("code", "", run.command.join(" "))] as [string, Child]]),
      ...(run.exitCode === undefined ? [] : [["exit code", String(run.exitCode)] as [string, Child]]),
      ...(run.seed === undefined ? [] : [["seed", run.seed] as [string, Child]]),
      ...Object.entries(run.environment).map(([name, value]): [string, Child] => [name, value]),
    ]),
  );

const identityView = ({ id, digest, signers, checks }: Report): Element =>
  h(
    "section",
    "identity",
    h("h2", "", "Identity"),
    facts("", [
      ["id", [h("code", "", id ?? ""), " (a label; the digest is the identity)"]],
      ["digest", h("code", "digest", `sha256:${digest ?? ""}`)],
      ...signers
        .filter(({ signature }) => signature === "ok")
        .map(({ keyid, name, note }): [string, Child] => [
          "signed with",
          [
            h("code", "digest", keyid),
            name === undefined ? "" : ` listed as “${name}”`,
            note === undefined ? "" : h("p", "note", note),
          ],
        ]),
      ["signature", h("code", "digest", checks.find(({ name }) => name === "signature")?.values["signature"] ?? "")],
    ]),
  );

/**
 * Commands that check the same as the page, for readers who do not trust the page. Only a key that the reader confirmed is filled in: a key
 * from the page would let the page prove itself.
 */
export function commandsView(
  file: string,
  confirmedKey: string | undefined,
  checks: readonly CheckRecord[] = [],
): Element {
  const command = (text: string): Element => with_("pre", { class: "command" }, text);
  // The sender chooses the file's name, and a shell would run `a; b.json`.
  const name = /^\w[\w.-]*$/.test(file) ? file : "FILE";
  const verify = `npx @f3/attest verify ${name} --key '${confirmedKey ?? "KEY"}'`;
  const recomputable = checks.filter(({ criterion }) => criterion !== undefined).length;
  return h(
    "section",
    "commands",
    h("h2", "", "Check it without this page"),
    h(
      "p",
      "",
      "A page that contains both the document and its verifier is a convenience, not a proof. Verify with your own copy of the command line:",
    ),
    command(verify),
    recomputable === 0
      ? undefined
      : [
          h(
            "p",
            "",
            `${recomputable} of ${checks.length} checks state their criterion as data, over observations that are among the evidence. Given that evidence as well, as in a copy of the whole registry, the command line computes these outcomes again:`,
          ),
          command(`${verify} --recompute`),
        ],
    confirmedKey === undefined
      ? h("p", "note", "KEY stands for the signer's public key line. Get it from another source than this page.")
      : undefined,
  );
}
