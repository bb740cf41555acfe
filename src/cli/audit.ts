/** `attest audit`: whether evidence, log and dates still support what was signed. */
import { relative, sep } from "node:path";
import type { Command } from "commander";
import { Fetcher } from "../audit/fetcher.js";
import { GitClone } from "../audit/git.js";
import { factsOf } from "../core/audit/relations.js";
import { ruleOf, type Finding } from "../core/statement/audit-rules.js";
import type { Bytes } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import { formatDot } from "../formats/dot.js";
import { isFolder, replace } from "../node/files.js";
import { nearest } from "../node/paths.js";
import { applyTo, junitFor, receiptFor, sarifFor, type JudgedAudit } from "../pipeline/audit/report.js";
import { audit, type Audit, type AuditRequest } from "../pipeline/audit/audit.js";
import { auditHistory, keepRecord, type AuditHistory } from "../pipeline/audit/history.js";
import { NewerVersions } from "../pipeline/audit/staleness.js";
import { CachingFetcher } from "../pipeline/audit/fetch-cache.js";
import { LocalFiles } from "../pipeline/audit/local-files.js";
import { logPlace } from "../pipeline/log/source.js";
import { documentInBucket, isAddress, isBucketAddress } from "../store/open.js";
import { ATTESTATIONS, isResult, REGISTRY_FILE } from "../store/registry.js";
import { auditWords } from "./audit-words.js";
import { engine, logMemory, openRegistry, registryArgument } from "./context.js";
import { EXIT, withExit } from "./exit-status.js";
import { exitWith, io } from "./io.js";
import { collect, withExamples, withJson } from "./options.js";
import { answer, answerBytes, answerJson, LateProgress, talk } from "./ui.js";
import {
  keyRequest,
  withKeys,
  withNotices,
  withWitnesses,
  type KeyOptions,
  type WitnessOptions,
} from "./key-options.js";

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
      "check that evidence, log and dates still support published attestations: a registry's folder (the nearest one by default), a file, or an address",
    )
    .option(
      "--with <registry>",
      "another registry or file to compare with, not audited itself (several allowed)",
      collect,
    )
    .option("--offline", "make no request; addresses are not checked")
    .option("--allow <host:port>", "permit an address in your own network", collect)
    .option("--git <dir>", "a clone with the tested commits (the one around the registry by default)")
    .option("--files <dir>", "a folder with the files that are only named")
    .option("--receipt <file>", "write an audit receipt for attest sign; the same audit gives the same bytes")
    .option("--sarif <file>", "write the findings as SARIF 2.1.0, for code scanning")
    .option("--junit <file>", "write them as JUnit XML, for CI that shows tests")
    .option("--graph <file>", "write the graph of relations for Graphviz")
    .option("--record", "keep the result in the registry, in attestations/audits")
    .option("--verbose", "list clean attestations too");
  withExamples(
    withJson(withNotices(withWitnesses(withKeys(command)))),
    "attest audit demo --offline",
    "attest audit demo --offline --record; attest site build --registry demo",
    "attest audit demo --offline --receipt receipt.json; attest sign receipt.json --registry demo",
    "attest audit demo --offline --sarif audit.sarif --junit audit.xml",
  ).action(async (target: string | undefined, options: Options) => {
    const folder = registryArgument(target);
    refuseAddress(folder);
    const now = new Date();
    refuseTwice(options);
    refuseOver(options, folder);
    const progress = new LateProgress();
    const registry = isRegistry(folder) ? await openRegistry(folder) : undefined;
    const request = await requestFor(folder, options, now, (text, share) => progress.say(text, share));
    const history = registry && (await auditHistory(registry.store, engine, now));
    const total = (await registry?.names())?.filter(isResult).length;
    const made = applyTo(
      await audit({ ...request, total, history: history?.faults }).finally(() => progress.end()),
      now,
    );
    exitWith(EXIT[made.outcome]);
    const offline = options.offline === true;
    const { receipt, sarif, junit, graph } = options;
    const origin = registry?.about.origin ?? folder;
    if (receipt !== undefined) write(receipt, receiptFor(made, { origin, offline, engine }));
    if (sarif !== undefined) write(sarif, sarifFor(made, folder, pathOf));
    if (junit !== undefined) write(junit, junitFor(made, folder, pathOf));
    if (graph !== undefined) write(graph, formatDot(made.audit.graph));
    if (options.record === true) {
      if (registry === undefined) throw noRegistry(folder);
      const waived = (finding: Finding): boolean => made.judged(finding).waived;
      talk(`kept in ${await keepRecord(registry, made.audit, { offline, now, engine, waived })}`);
    }
    if ([receipt, sarif, junit, graph].includes("-")) return;
    if (options.json) return answerJson(asJson(folder, made));
    const before = history === undefined ? [] : sinceThen(history, made.audit);
    answer(auditWords(made, { verbose: options.verbose === true, before }));
  });
}

/** A registry is read from a folder; an address must name a document. */
function refuseAddress(target: string): void {
  if (!isAddress(target) || /\.json(?:[?#]|$)/.test(target)) return;
  throw new AttestError(
    "usage",
    `${target} is not the address of an attestation`,
    "an address ends in /attestations/<id>.json; a whole registry is audited from a copy of its folder",
  );
}

/** Output files must not overwrite what was audited. */
function refuseOver({ receipt, sarif, junit, graph }: Options, target: string): void {
  if (!isFolder(target)) return;
  for (const file of [receipt, sarif, junit, graph]) {
    const [first = ""] = file === undefined || file === "-" ? [".."] : relative(target, file).split(sep);
    if (![REGISTRY_FILE, "keys", ATTESTATIONS].includes(first)) continue;
    throw new AttestError("usage", `${file ?? ""} is part of what is audited`, "name a file outside of the registry");
  }
}

/** stdout takes one document. */
function refuseTwice({ receipt, sarif, junit, graph, json }: Options): void {
  const taken = [receipt === "-", sarif === "-", junit === "-", graph === "-", json === true].filter(Boolean).length;
  if (taken > 1)
    throw new AttestError(
      "usage",
      "only one of --json, --receipt -, --sarif -, --junit - and --graph - can go to stdout",
      "name a file for the others",
    );
}

const noRegistry = (target: string): AttestError =>
  new AttestError("usage", `--record needs a registry's folder, and ${target} is not one`, "leave --record out");

const write = (path: string, bytes: Bytes): void => (path === "-" ? answerBytes(bytes) : replace(path, bytes));

/** As CI expects it: relative to the start folder, with slashes. */
const pathOf = (target: string): string =>
  isAddress(target) || isBucketAddress(target) ? target : relative(".", target).split(sep).join("/") || ".";

async function requestFor(
  target: string,
  options: Options,
  now: Date,
  progress: NonNullable<AuditRequest["progress"]>,
): Promise<AuditRequest> {
  const { notice = [], witness = [], allow = [], files, git } = options;
  const offline = options.offline === true;
  const around = git ?? (isAddress(target) || isBucketAddress(target) ? undefined : nearest(target, ".git"));
  const clone = around === undefined ? undefined : await opened(new GitClone(around, git !== undefined));
  const fetcher = new CachingFetcher(new Fetcher({ allow })); // refuses malformed addresses
  const currents = new NewerVersions({
    clone,
    offline,
    registry: isFolder(target) ? target : undefined,
    env: io().env,
  });
  return {
    ...keyRequest(options),
    target,
    now,
    notices: notice,
    witnesses: witness,
    memory: logMemory(),
    beside: options.with ?? [],
    progress,
    surroundings: {
      fetcher: offline ? undefined : fetcher,
      clone,
      files: files === undefined ? undefined : new LocalFiles(files),
    },
    currentOf: (statement) => currents.of(statement),
    ...(isRegistry(target) && {
      logs: { place: await logPlace(target, engine, io().env), engine, memory: logMemory() },
    }),
  };
}

/** Fails if --git DIR is not a clone. A merely discovered one is ignored then. */
async function opened(clone: GitClone): Promise<GitClone | undefined> {
  try {
    await clone.ready();
    return clone;
  } catch (error) {
    if (clone.named || !(error instanceof AttestError)) throw error;
    return undefined;
  }
}

/** A folder or a bucket, and no document. */
const isRegistry = (target: string): boolean =>
  isBucketAddress(target) ? documentInBucket(target) === undefined : isFolder(target);

/** New findings since the last kept audit, and findings that are gone: the first thing to read in a weekly audit. */
function sinceThen({ kept }: AuditHistory, { documents }: Audit): string[] {
  const last = kept.at(-1)?.record;
  const times = kept.length === 1 ? "once" : `${kept.length} times`;
  if (last === undefined) return [];
  const spelled = (digest: string, { rule, pointer }: { readonly rule: string; readonly pointer: string }): string =>
    `${digest} ${rule} ${pointer}`;
  const before = new Set(
    Object.entries(last.documents).flatMap(([digest, { findings }]) => findings.map((one) => spelled(digest, one))),
  );
  const now = new Map(
    documents.flatMap(({ digest = "", id = "", findings }) =>
      findings.map((one) => [spelled(digest, one), `${one.rule} of ${id}`] as const),
    ),
  );
  const fresh = [...now].flatMap(([key, words]) => (before.has(key) ? [] : words));
  const gone = [...before].filter((key) => !now.has(key)).length;
  const more = fresh.length > NEW_NAMED ? `, and ${fresh.length - NEW_NAMED} more` : "";
  return [
    `audited before: ${times}, the last at ${last.at}`,
    fresh.length === 0
      ? `nothing new since then${gone === 0 ? "" : `, and ${gone} gone`}`
      : `new since then: ${fresh.slice(0, NEW_NAMED).join(", ")}${more}; gone: ${gone}`,
  ];
}
const NEW_NAMED = 5;

function asJson(target: string, { audit: found, judged, idle, outcome }: JudgedAudit): unknown {
  const { documents, findings, states, graph, logs, open } = found;
  const facts = factsOf(graph);
  const told = (finding: Finding): unknown => {
    const { waivers, waived } = judged(finding);
    return { ...finding, level: ruleOf(finding.rule).level, waived, ...(waivers.length > 0 && { waivers }) };
  };
  return {
    schema: "urn:f3-attest:audit-report:v1",
    target,
    engine: engine.name,
    documents: documents.map((one) => ({
      ...withExit(one),
      findings: one.findings.map(told),
      relations: facts.get(one.digest ?? ""),
    })),
    findings: findings.map(told),
    states,
    logs,
    relations: graph.edges,
    open,
    idleWaivers: idle,
    exit: EXIT[outcome],
  };
}
