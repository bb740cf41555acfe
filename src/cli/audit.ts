/** `attest audit`: whether evidence, log and dates still back what was signed. */
import type { Command } from "commander";
import { Fetcher } from "../audit/fetcher.js";
import { ruleOf, type Finding } from "../core/audit/rules.js";
import { factsOf } from "../core/audit/relations.js";
import { isFolder } from "../node/files.js";
import { stateHome } from "../node/paths.js";
import { LogMemory } from "../keystore/log-memory.js";
import { audit as auditAll, exitOfAudit, type Audit, type AuditRequest } from "../pipeline/audit.js";
import { auditHistory, keepRecord } from "../pipeline/audits.js";
import { FetchOnce } from "../pipeline/fetch-once.js";
import { FilesAtHand } from "../pipeline/files-at-hand.js";
import { logPlace } from "../pipeline/log-place.js";
import { auditWords, type Told } from "./audit-words.js";
import { collect, engine, logMemory, openRegistry, registryFolder, withExamples, withJson } from "./context.js";
import { answer, answerJson, Progress, talk } from "./ui.js";
import { keyRequest, withKeys, withNotices, withWitnesses, type KeyOptions, type WitnessOptions } from "./verify.js";

interface Options extends KeyOptions, WitnessOptions {
  readonly with?: readonly string[];
  readonly offline?: true;
  readonly allow?: readonly string[];
  readonly files?: string;
  readonly record?: true;
  readonly verbose?: true;
  readonly json?: true;
}

export function audit(attest: Command): void {
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
    .option("--files <dir>", "a folder that has the files which are named by their name alone")
    .option("--record", "keep what was found in the registry, in attestations/audits")
    .option("--verbose", "list what is clean too");
  withExamples(
    withJson(withNotices(withWitnesses(withKeys(command)))),
    "attest audit demo --offline",
    "attest audit demo --record; attest site build --registry demo",
  ).action(async (target: string | undefined, options: Options) => {
    const folder = target ?? registryFolder(undefined);
    const now = new Date();
    const started = performance.now();
    const progress = new Progress();
    const request = await requestFor(folder, options, now, (text, share) => {
      if (performance.now() - started > 1000) progress.say(text, share);
    });
    const found = await auditAll(request).finally(() => progress.end());
    const told = (finding: Finding): Told => ({ finding, notes: [], waived: false });
    const all = [...found.findings, ...found.documents.flatMap(({ findings }) => findings)];
    const exit = exitOfAudit(found, () => true, all);
    process.exitCode = exit;
    const before = isRegistry(folder) ? await historyOf(folder) : [];
    if (options.record === true) talk(`kept in ${await keep(folder, found, request, now)}`);
    if (options.json) return answerJson(asJson(folder, found, exit));
    answer(auditWords(found, { told, verbose: options.verbose === true, before }));
  });
}

async function requestFor(
  target: string,
  options: Options,
  now: Date,
  progress: NonNullable<AuditRequest["progress"]>,
): Promise<AuditRequest> {
  const { notice = [], witness = [], allow = [], files, offline } = options;
  return {
    ...keyRequest(options),
    ...{ target, now, notices: notice, witnesses: witness, memory: logMemory(), beside: options.with ?? [], progress },
    surroundings: {
      fetcher: offline === true ? undefined : new FetchOnce(new Fetcher({ allow })),
      files: files === undefined ? undefined : new FilesAtHand(files),
    },
    ...(isFolder(target) && {
      logs: {
        ...{ place: await logPlace(target, engine), engine },
        memories: { logs: new LogMemory(stateHome()), registries: new LogMemory(stateHome(), "registries") },
      },
    }),
  };
}

const isRegistry = (target: string): boolean => isFolder(target);

async function historyOf(folder: string): Promise<string[]> {
  const { kept, faults } = await auditHistory((await openRegistry(folder)).store, engine);
  const last = kept.at(-1);
  return [
    ...faults.map((fault) => `the history of audits: ${fault}`),
    ...(last === undefined ? [] : [`audited before: ${kept.length} times, the last at ${last.record.at}`]),
  ];
}

async function keep(folder: string, found: Audit, { surroundings }: AuditRequest, now: Date): Promise<string> {
  const registry = await openRegistry(folder);
  const offline = surroundings.fetcher === undefined;
  return await keepRecord(registry, found, { offline, now, engine });
}

function asJson(target: string, found: Audit, exit: number): unknown {
  const { documents, findings, states, graph, logs, open } = found;
  const facts = factsOf(graph);
  const told = (finding: Finding): unknown => ({ ...finding, level: ruleOf(finding.rule).level });
  return {
    ...{ schema: "urn:f3-attest:audit-report:v1", target, engine: engine.name },
    documents: documents.map((one) => ({
      ...one,
      findings: one.findings.map(told),
      relations: facts.get(one.digest ?? ""),
    })),
    ...{ findings: findings.map(told), states, logs, open, exit },
  };
}
