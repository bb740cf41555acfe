/** `attest audit`: whether evidence, log and dates still back what was signed. */
import { relative, sep } from "node:path";
import type { Command } from "commander";
import { Fetcher } from "../audit/fetcher.js";
import { GitClone } from "../audit/git.js";
import { factsOf } from "../core/audit/relations.js";
import { ruleOf, type Finding } from "../core/audit/rules.js";
import type { Bytes } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import { formatDot } from "../formats/dot.js";
import { LogMemory } from "../keystore/log-memory.js";
import { isFolder, replace } from "../node/files.js";
import { nearest, stateHome } from "../node/paths.js";
import { judge, junitFor, receiptFor, sarifFor, type JudgedAudit } from "../pipeline/audit-judged.js";
import { audit, type AuditRequest } from "../pipeline/audit.js";
import { auditHistory, keepRecord, type History } from "../pipeline/audits.js";
import { Currents } from "../pipeline/currents.js";
import { FetchOnce } from "../pipeline/fetch-once.js";
import { FilesAtHand } from "../pipeline/files-at-hand.js";
import { logPlace } from "../pipeline/log-place.js";
import { isResult } from "../store/registry.js";
import { auditWords } from "./audit-words.js";
import { collect, engine, logMemory, openRegistry, registryFolder, withExamples, withJson } from "./context.js";
import { answer, answerBytes, answerJson, Progress, talk } from "./ui.js";
import { keyRequest, withKeys, withNotices, withWitnesses, type KeyOptions, type WitnessOptions } from "./verify.js";

interface Options extends KeyOptions, WitnessOptions {
  readonly with?: readonly string[];
  readonly offline?: true;
  readonly allow?: readonly string[];
  readonly git?: string;
  readonly files?: string;
  readonly receipt?: string;
  readonly sarif?: string;
  readonly junit?: string;
  readonly graph?: string;
  readonly record?: true;
  readonly verbose?: true;
  readonly json?: true;
}

export function auditing(attest: Command): void {
  const command = attest
    .command("audit [target]")
    .description(
      "ask whether the evidence still says what the attestations say: a registry's folder (the nearest one, unless you say otherwise), a file, or an address",
    )
    .option(
      "--with <registry>",
      "another registry or file to compare with, not audited itself (several allowed)",
      collect,
    )
    .option("--offline", "make no request at all; what is at an address is not checked")
    .option("--allow <host:port>", "an address that may be asked although only this network reaches it", collect)
    .option(
      "--git <dir>",
      "a clone that has the commits which were tested (the one around the registry, unless you say otherwise)",
    )
    .option("--files <dir>", "a folder that has the files which are named by their name alone")
    .option(
      "--receipt <file>",
      "write what was checked and what could not be, for attest sign; the same audit gives the same bytes",
    )
    .option("--sarif <file>", "write the findings as SARIF 2.1.0, for code scanning")
    .option("--junit <file>", "write them as JUnit XML, for CI that shows tests")
    .option("--graph <file>", "write what refers to what in the language of Graphviz")
    .option("--record", "keep what was found in the registry, in attestations/audits")
    .option("--verbose", "list what is clean too");
  withExamples(
    withJson(withNotices(withWitnesses(withKeys(command)))),
    "attest audit demo --offline",
    "attest audit demo --offline --record; attest site build --registry demo",
    "attest audit demo --offline --receipt receipt.json; attest sign receipt.json --registry demo",
    "attest audit demo --offline --sarif audit.sarif --junit audit.xml",
  ).action(async (target: string | undefined, options: Options) => {
    const folder = target ?? registryFolder(undefined);
    const now = new Date();
    refuseTwice(options);
    const started = performance.now();
    const progress = new Progress();
    const registry = isFolder(folder) ? await openRegistry(folder) : undefined;
    const request = await requestFor(folder, options, now, (text, share) => {
      if (performance.now() - started > 1000) progress.say(text, share);
    });
    const total = (await registry?.names())?.filter(isResult).length;
    const made = judge(await audit({ ...request, total }).finally(() => progress.end()), engine, now);
    process.exitCode = made.exit;
    const history = registry && (await auditHistory(registry.store, engine));
    const offline = options.offline === true;
    if (options.record === true) {
      if (registry === undefined) throw noRegistry(folder);
      const waived = (finding: Finding): boolean => made.judged(finding).waived;
      talk(`kept in ${await keepRecord(registry, made.audit, { offline, now, engine, waived })}`);
    }
    const { receipt, sarif, junit, graph } = options;
    const origin = registry?.about.origin ?? folder;
    if (receipt !== undefined) write(receipt, receiptFor(made, { origin, offline, engine }));
    if (sarif !== undefined) write(sarif, sarifFor(made, folder, pathOf));
    if (junit !== undefined) write(junit, junitFor(made, folder, pathOf));
    if (graph !== undefined) write(graph, formatDot(made.audit.graph));
    if ([receipt, sarif, junit, graph].includes("-")) return;
    if (options.json) return answerJson(asJson(folder, made));
    answer(auditWords(made, { verbose: options.verbose === true, before: history ? words(history) : [] }));
  });
}

/** One stdout holds one document. */
function refuseTwice({ receipt, sarif, junit, graph, json }: Options): void {
  const taken = [receipt === "-", sarif === "-", junit === "-", graph === "-", json === true].filter(Boolean).length;
  if (taken > 1)
    throw new AttestError(
      "usage",
      "expected one answer on stdout, found several among --json and --receipt, --sarif, --junit, --graph with -",
      "name files",
    );
}

const noRegistry = (target: string): AttestError =>
  new AttestError("usage", `expected a registry's folder to keep a record in, found ${target}`, "leave --record out");

const write = (path: string, bytes: Bytes): void => (path === "-" ? answerBytes(bytes) : replace(path, bytes));

/** As CI tells it: from where it was started, with slashes. */
const pathOf = (target: string): string =>
  isAddress(target) ? target : relative(".", target).split(sep).join("/") || ".";

async function requestFor(
  target: string,
  options: Options,
  now: Date,
  progress: NonNullable<AuditRequest["progress"]>,
): Promise<AuditRequest> {
  const { notice = [], witness = [], allow = [], files, git } = options;
  const offline = options.offline === true;
  const around = git ?? (isAddress(target) ? undefined : nearest(target, ".git"));
  const clone = around === undefined ? undefined : new GitClone(around, git !== undefined);
  const currents = new Currents({ clone, offline });
  return {
    ...keyRequest(options),
    ...{ target, now, notices: notice, witnesses: witness, memory: logMemory(), beside: options.with ?? [], progress },
    surroundings: {
      fetcher: offline ? undefined : new FetchOnce(new Fetcher({ allow })),
      clone,
      files: files === undefined ? undefined : new FilesAtHand(files),
    },
    currentOf: (statement) => currents.of(statement),
    ...(isFolder(target) && {
      logs: {
        ...{ place: await logPlace(target, engine), engine },
        memories: { logs: new LogMemory(stateHome()), registries: new LogMemory(stateHome(), "registries") },
      },
    }),
  };
}

const isAddress = (target: string): boolean => /^https?:/i.test(target);
const words = ({ kept, faults }: History): string[] => {
  const last = kept.at(-1);
  const times = kept.length === 1 ? "once" : `${kept.length} times`;
  return [
    ...faults.map((fault) => `the history of audits: ${fault}`),
    ...(last === undefined ? [] : [`audited before: ${times}, the last at ${last.record.at}`]),
  ];
};

function asJson(target: string, { audit: found, judged, idle, exit }: JudgedAudit): unknown {
  const { documents, findings, states, graph, logs, open } = found;
  const facts = factsOf(graph);
  const told = (finding: Finding): unknown => {
    const { waivers, waived } = judged(finding);
    return { ...finding, level: ruleOf(finding.rule).level, waived, ...(waivers.length > 0 && { waivers }) };
  };
  return {
    ...{ schema: "urn:f3-attest:audit-report:v1", target, engine: engine.name },
    documents: documents.map((one) => ({
      ...one,
      findings: one.findings.map(told),
      relations: facts.get(one.digest ?? ""),
    })),
    ...{ findings: findings.map(told), states, logs, relations: graph.edges, open, idleWaivers: idle, exit },
  };
}
