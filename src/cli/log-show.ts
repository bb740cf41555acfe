/** `attest log show` and `attest log prove`: the log's content, and the proof for one document. */
import { join } from "node:path";
import type { Command } from "commander";
import { base64 } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import { registryAround } from "../pipeline/load/load.js";
import { logPlace } from "../pipeline/log/source.js";
import { proveInLog as proveOne } from "../pipeline/log/prove.js";
import { plural, entryLine, OPEN_MEANS, openLine, overdue, showLogs, type LogShown } from "../pipeline/log/show.js";
import { create } from "../node/files.js";
import { idOf } from "../store/registry-log.js";
import { engine, openRegistry, readInput, registryArgument, registryFolder } from "./context.js";
import { withExamples, withJson } from "./options.js";
import { answer, answerBytes, answerJson, talk } from "./ui.js";
import { io } from "./io.js";

export function logShow(log: Command): void {
  const command = log
    .command("show [registry]")
    .description(
      "show a registry's log by its entries alone: announced tests, results, and missing results; a folder or an address",
    )
    .option("--open", "only the plans whose results never came, each of them");
  withExamples(withJson(command), "attest log show demo", "attest log show demo --open").action(
    async (target: string | undefined, { open, json }: { readonly open?: true; readonly json?: true }) => {
      const shown = await showLogs(await logPlace(registryArgument(target), engine, io().env), engine);
      const now = new Date();
      if (json) return answerJson(asJson(shown, now, open === true));
      if (open === true) return answer(openPlans(shown, now));
      answer([...shown.entries.map((entry) => entryLine(entry, shown.logs.length)), "", ...summary(shown, now)]);
      talk("as it is served, and not verified: attest log check does that");
    },
  );
}

function openPlans({ account, logs }: LogShown, now: Date): string[] {
  const { open, plans } = account;
  const late = open.filter((plan) => overdue(plan, now)).length;
  return [
    ...open.map((plan) => openLine(plan, now, logs.length)),
    ...(open.length === 0 ? [] : [""]),
    `${open.length} of ${plural(plans.length, "plan")} open, ${late} overdue`,
    ...OPEN_MEANS,
  ];
}

function summary({ account, logs }: LogShown, now: Date): string[] {
  const { plans, results, verdicts, unplanned, open, findings, size } = account;
  const by = Object.entries(verdicts).map(([verdict, count]) => `${count} ${verdict}`);
  const late = open.filter((plan) => overdue(plan, now)).length;
  return [
    ...logs.map(({ origin, size }) => `${origin}  ${plural(size, "entry", "entries")}`),
    ...(logs.length > 1 ? [`${plural(size, "entry", "entries")} together`] : []),
    `${plural(plans.length, "plan")}: ${plans.filter(({ state }) => state === "answered").length} answered, ${plans.filter(({ state }) => state === "abandoned").length} given up, ${open.length} open (${late} overdue)`,
    `${plural(results.length, "result")}: ${by.join(", ")}; ${unplanned} named no plan`,
    ...(findings.length === 0
      ? []
      : [`${plural(findings.length, "contradiction")} among the entries: attest log check says which`]),
    ...(open.length === 0 ? [] : ["attest log show --open lists the open plans, and says what they mean"]),
  ];
}

function asJson({ account, logs, entries }: LogShown, now: Date, onlyOpen: boolean): unknown {
  const { plans, results, verdicts, unplanned, open, findings, size } = account;
  return {
    logs,
    size,
    plans: plans.length,
    results: results.length,
    verdicts,
    unplanned,
    open: open.map((plan) => ({
      log: logs[plan.shard]?.origin,
      index: plan.index,
      id: idOf(plan.entry),
      keyid: plan.entry.keyid,
      announced: plan.entry.at,
      deadline: plan.entry.deadline,
      overdue: overdue(plan, now),
      ...(plan.result && { departed: idOf(plan.result.entry) }),
    })),
    means: OPEN_MEANS.join(" "),
    contradictions: findings.length,
    ...(!onlyOpen && {
      entries: entries.map(({ shard, index, entry }) => ({
        log: logs[shard]?.origin,
        index,
        id: idOf(entry),
        ...entry,
      })),
    }),
    exit: 0,
  };
}

export function logProve(log: Command): void {
  const command = log
    .command("prove <attestation>")
    .description("print a new proof that an attestation is in its registry's log, under the current checkpoint")
    .option("--registry <dir>", "the registry (by default the attestation's)")
    .option("--output <file>", "write the proof there instead of printing it");
  withExamples(
    withJson(command),
    "attest log prove demo/attestations/test_*.json",
    "attest log prove demo/attestations/test_*.json --output proof.tlog-proof",
  ).action(
    async (
      file: string,
      { registry, output, json }: { readonly registry?: string; readonly output?: string; readonly json?: true },
    ) => {
      const folder = registry ?? (file === "-" ? undefined : registryAround(file)) ?? registryFolder(undefined);
      const proven = await proveOne(await readInput(file), file, await openRegistry(folder), engine);
      const { origin, index, size, proof } = proven;
      if (output !== undefined && output !== "-") writeNew(output, proof);
      if (json) return answerJson({ origin, index, size, output, proof: base64(proof) });
      if (output === undefined || output === "-") answerBytes(proof);
      else answer(output);
      talk(`entry ${index} of ${origin}, which has ${plural(size, "entry", "entries")} now`);
    },
  );
}

/** Never overwrites a file of the user. */
export function writeNew(path: string, bytes: Uint8Array): void {
  try {
    create(join(path), bytes);
  } catch (error) {
    if (error instanceof AttestError && error.code === "file-exists")
      throw new AttestError("file-exists", `${path} exists already`, "name another file: nothing is overwritten");
    throw error;
  }
}
