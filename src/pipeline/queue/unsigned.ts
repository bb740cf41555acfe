/**
 * A finished run on its way from a worker without the plan's key to a signer. Nothing that arrives is believed because a worker sent it: the
 * signer compares it with the plan that it announced itself, and signs only what a run writes. It never runs anything.
 *
 * What it cannot know is whether the worker ran the command at all, or what was printed.
 */
import { equal, type Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import { canonical, isObject, parseJson, type Json } from "../../core/json.js";
import { EXIT_CODE } from "../../harness/command/run-checks.js";
import {
  MAX_PAYLOAD,
  readStatement,
  type Descriptor,
  type Draft,
  type EvidenceRef,
  type Relation,
  type ResultStatement,
} from "../../core/statement/statement.js";
import type { Store } from "../../store/store.js";
import { checkChoices } from "../../harness/scenario/run.js";
import { scenarioNamed } from "../run/built-in.js";
import { askedIn } from "./asked.js";
import { keepPieces, readPiece, unsignedAt } from "./places.js";
import type { PlannedRun } from "./planned-run.js";

/** More than any run of ours writes. */
const MAX_PIECES = 300;
const MAX_EVIDENCE = 64 * 1024 * 1024;
const MAX_PROGRAMS = 100;
const MAX_FACTS = 200;
/** A clock may be wrong by so much. */
const SLACK_MS = 5 * 60_000;

/** Returns the statement's digest. */
export async function keepUnsigned(
  { draft, evidence }: { draft: Draft; evidence: ReadonlyMap<string, Bytes> },
  { digest }: PlannedRun,
  store: Store,
  engine: Engine,
): Promise<string> {
  const folder = unsignedAt(digest);
  const [statement = ""] = await keepPieces(store, folder, [canonical(draft as Json), ...evidence.values()], engine);
  return statement;
}

export interface Unsigned {
  readonly draft: Draft;
  readonly evidence: ReadonlyMap<string, Bytes>;
}

/** @throws AttestError `run-refused`, and `file-missing` for what has not arrived yet */
export async function readUnsigned(
  statement: string,
  planned: PlannedRun,
  { store, engine, now }: { store: Store; engine: Engine; now: Date },
): Promise<Unsigned> {
  const folder = unsignedAt(planned.digest);
  const bytes = await readPiece(store, folder, { sha256: statement, limit: MAX_PAYLOAD, engine });
  const draft = parseJson(bytes);
  const read = stamped(draft, now);
  mustBeOfRun(read, planned, await ownRelations(planned), now);
  const refs = read.predicate.f3.evidence;
  if (refs.reduce((sum, { size }) => sum + size, 0) > MAX_EVIDENCE) throw refused("more evidence than a run has");
  const evidence = new Map<string, Bytes>();
  for (const { name, digest, size } of refs) {
    const sha256 = digest.sha256 ?? "";
    const piece = evidence.get(sha256) ?? (await readPiece(store, folder, { sha256, limit: size, engine }));
    if (piece.length !== size) throw refused(`another size of ${name} than it has`);
    evidence.set(sha256, piece);
  }
  return { draft: draft as unknown as Draft, evidence };
}

/** As it will be read once it is signed: complete, and with no other member. */
function stamped(draft: Json, now: Date): ResultStatement {
  const predicate = isObject(draft) ? draft["predicate"] : undefined;
  const f3 = isObject(predicate) ? predicate["f3"] : undefined;
  if (!isObject(draft) || !isObject(predicate) || !isObject(f3)) throw refused("no statement");
  const whole = { ...draft, predicate: { ...predicate, f3: { ...f3, signedAt: now.toISOString() } } };
  const read = readStatement(whole);
  if ("fault" in read) throw refused(read.fault);
  if ("signedAt" in f3 || "log" in f3 || !equal(canonical(read.statement as Json), canonical(whole)))
    throw refused("members that a run does not write");
  return read.statement;
}

const same = (one: unknown, other: unknown): boolean => equal(canonical(one as Json), canonical(other as Json));

/** Beyond `departures`, which `answerPlan` looks for: nothing may stand in it that only another kind of statement has. */
function mustBeOfRun(
  { subject, predicate }: ResultStatement,
  { id, digest, plan }: PlannedRun,
  relations: readonly Relation[] | undefined,
  now: Date,
): void {
  const { f3, configuration, url } = predicate;
  const isScenario = relations !== undefined;
  if (!same(subject, plan.subject)) throw refused("another subject than the plan's");
  if (!isScenario && f3.title !== plan.predicate.title) throw refused("another title than the plan's");
  if (url !== undefined) throw refused("an address");
  const relation = { type: "planned-by", target: id, digest: { sha256: digest } };
  if (!same(f3.relations, [...(relations ?? []), relation])) throw refused("other relations than the one to its plan");
  const planned = plan.predicate.configuration;
  if (!same(configuration.slice(0, planned.length), planned)) throw refused("another configuration than the plan's");
  const programs = configuration.slice(planned.length);
  if (programs.length > MAX_PROGRAMS || !programs.every(isScenario ? isDriver : isProgram))
    throw refused("more in its configuration than programs");
  if (plan.predicate.checks.some(({ id: check }) => check === EXIT_CODE.id) && f3.run.exitCode === undefined)
    throw refused("no exit code");
  if (f3.evidence.length > MAX_PIECES || !f3.evidence.every(isObserved)) throw refused("evidence that no run collects");
  const facts = Object.entries(f3.run.environment);
  if (facts.length > MAX_FACTS) throw refused("more facts about the machine than a run records");
  const [from, to] = [Date.parse(f3.run.startedAt), Date.parse(f3.run.finishedAt)];
  if (to < from || to > now.getTime() + SLACK_MS) throw refused("a run that ended before it began, or later than now");
}

/** What a built-in scenario says of other documents, each time; undefined for a command, which says nothing. */
async function ownRelations({ plan }: PlannedRun): Promise<readonly Relation[] | undefined> {
  const wanted = askedIn(plan.predicate.configuration).run.scenario;
  if (wanted === undefined) return undefined;
  const scenario = await scenarioNamed(wanted.name);
  const { relations = [] } = checkChoices(scenario, { profile: wanted.profile });
  return [...scenario.relations, ...relations];
}

const hasOnly = (one: Descriptor, ...members: readonly string[]): boolean =>
  Object.keys(one).every((member) => members.includes(member));
const isProgram = (one: Descriptor): boolean =>
  hasOnly(one, "name", "digest", "annotations") &&
  one.digest !== undefined &&
  /^(?:program|interpreter|script) /.test(one.name ?? "");
/** Of a scenario: it may name a package. */
const isDriver = (one: Descriptor): boolean =>
  hasOnly(one, "name", "uri", "digest", "annotations") &&
  /^driver /.test(one.name ?? "") &&
  (one.uri ?? "pkg:").startsWith("pkg:");

/** Its bytes are there, from the time of the run, and nowhere else. */
const isObserved = ({ uri, content, downloadLocation, digest, sourceDateKind }: EvidenceRef): boolean =>
  uri === undefined &&
  content === undefined &&
  downloadLocation === undefined &&
  digest.sha256 !== undefined &&
  sourceDateKind !== "git-commit";

const refused = (found: string): AttestError =>
  new AttestError("run-refused", `expected the statement of a run, as a worker writes it, found ${found}`);
