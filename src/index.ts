/**
 * `@f3/attest` as a library: verify an attestation, read one, derive a verdict, define your own scenario.
 *
 * @example
 * import { nodeEngine, parseKey, verify } from "@f3/attest";
 * const key = parseKey("ssh-ed25519 AAAA…", nodeEngine);
 * const report = verify(bytes, { engine: nodeEngine, keys: [{ key, by: "you", source: "my notes" }], now: new Date() });
 * if (report.outcome === "accepted" && report.verdict === "VALIDATED") …
 *
 * @example
 * import { listFolder, startRun, TaskList, tasksFolder } from "@f3/attest";
 * const list = new TaskList(listFolder(tasksFolder(undefined, process.env), "demo"));
 * const { id } = await list.create({ subject: "Build it", description: "" });
 * const { runId, log } = await startRun(list, id, { command: ["make"] });   // outlives this process
 *
 * @example
 * import { defineScenario } from "@f3/attest";   // run it with: attest run ./my-scenario.js
 * export default defineScenario({
 *   title: "Addition",
 *   hypothesis: "Numbers are added.",
 *   checks: [{ id: "sum", claim: "One and one is two.", expected: "2" }],
 *   run: (probe) => probe.check("sum", 1 + 1 === 2, String(1 + 1)),
 * });
 */
export {
  summarize,
  type LogSummary,
  type NumberedEntry,
  type EntryFinding,
  type LoggedEntry,
  type PlanStatus,
} from "./core/log/summary.js";
export { openCheckpoint, parseCheckpoint, type Checkpoint, type OpenedCheckpoint } from "./core/log/checkpoint.js";
export { CODES, meaningOf, outcomeOf, type Code, type ReportOutcome } from "./core/codes.js";
export { nobleEngine, type Engine } from "./core/engine.js";
export {
  formatEnvelope,
  message,
  parseEnvelope,
  PAYLOAD_TYPE,
  type Envelope,
  type Signature,
} from "./core/statement/envelope.js";
export { AttestError } from "./core/errors.js";
export type { Criterion, Observation } from "./core/statement/criterion.js";
export { canonical, parseJson, type Json } from "./core/json.js";
export { NoticeSet } from "./core/verify/notice-set.js";
export type { Policy } from "./core/verify/policy.js";
export { formatKey, parseKey, type PublicKey, type Signer } from "./core/keys/key.js";
export { formatKeyring, parseKeyring, type KeyEntry, type Keyring, type NoteEntry } from "./core/keys/keyring.js";
export { formatEntry, entryOf, parseEntry, type LogEntry } from "./core/log/entry.js";
export type { LogEvidence, Served, Witnessed, Witnesses } from "./core/log/presence.js";
export { checkConsistency, checkInclusion, leafHash, type TreeHead } from "./core/log/merkle.js";
export { formatNoteKey, parseNoteKey, type NoteKey } from "./core/keys/note.js";
export { departures, readPlan, type PlanStatement } from "./core/statement/plan.js";
export { parseProof, type InclusionProof } from "./core/log/proof.js";
export type { AuditWord, Check, Report, SignatureWord, SignerReport, TrustWord } from "./core/verify/report.js";
export type { TrustedKey, SecondEngine } from "./core/verify/signatures.js";
export {
  draft,
  identify,
  readStatement,
  type Draft,
  type Findings,
  type ResultStatement,
} from "./core/statement/statement.js";
export { derive, type Derived, type Outcome, type Result, type Verdict } from "./core/statement/verdict.js";
export { verify, type VerifyOptions } from "./core/verify/verify.js";
export { parseAnyEnvelope } from "./formats/envelope-formats.js";
export {
  defineScenario,
  type AttachOptions,
  type ScenarioCheck,
  type ScenarioDefinition,
  type ScenarioProbe,
  type Spawned,
  type SpawnOptions,
} from "./harness/scenario/define.js";
export { nodeEngine } from "./node/engine.js";
export { verifyRegistry } from "./pipeline/verify/registry.js";
export type { RegistryOptions } from "./pipeline/verify/registry-request.js";
export type { Verified } from "./pipeline/verify/verify.js";
export { type Change, type NewTask, type TaskStatus, type Task } from "./tasks/document.js";
export { listFolder, listId, tasksFolder, type ListId, type ListSources } from "./tasks/list-id.js";
export type { ProgressState } from "./tasks/progress.js";
export {
  isLost,
  runOf,
  startRun,
  taskState,
  type TaskRunOptions,
  type RunRecord,
  type StartedRun,
  type TaskState,
} from "./tasks/run.js";
export { TaskList, type UpdateOptions } from "./tasks/task-list.js";
export { watchTask, type WatchOptions } from "./tasks/watch.js";
