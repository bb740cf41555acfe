/** What a worker does with a run that it has taken: runs it and publishes its result, or signs what another worker has run. */
import type { TrustedKey } from "../../core/verify/signatures.js";
import { AttestError } from "../../core/errors.js";
import type { Json } from "../../core/json.js";
import type { Signer } from "../../core/keys/key.js";
import { refuseSecrets } from "../../harness/redaction/scan.js";
import { secretsIn } from "../../harness/redaction/secrets.js";
import type { Settlement } from "../../queue/worker-session.js";
import { piecesOf } from "../load/evidence-folder.js";
import { answeredBy, answerPlan, finishAnswer } from "./answer.js";
import { unsignedAt } from "./places.js";
import { readPlanned, runPlanned, withAttempt, type PlannedRun, type World } from "./planned-run.js";
import { keepUnsigned, readUnsigned } from "./unsigned.js";
import { stopped, type Attempt } from "./worker.js";

export interface Hands {
  readonly world: Omit<World, "signal">;
  /** None: results go to a signer. */
  readonly signer: Signer | undefined;
  /** Whose plans are run; undefined for all keys that the registry lists. */
  readonly trusted: readonly TrustedKey[] | undefined;
  readonly allowSecrets: readonly string[];
}

const done = (result: string): Settlement => ({ how: "done", output: { result } });

/** For the queue `runs`. */
export async function runAndAnswer({ taken, signal, stillMine }: Attempt, hands: Hands): Promise<Settlement> {
  const { world, signer, allowSecrets } = hands;
  const { registry, engine } = world;
  const planned = await readPlanned(registry, taken.plan, { trusted: hands.trusted, engine, now: new Date() });
  const before = await alreadyAnswered(planned, hands);
  if (before !== undefined) return done(before);
  const { draft, evidence, secrets } = await runPlanned(planned, { ...world, signal });
  if (signal.aborted) throw stopped();
  const whole = withAttempt(draft, taken.machines);
  if (signer !== undefined && planned.keyids.includes(signer.key.keyid)) {
    const answer = { draft: whole, evidence, secrets, allowSecrets };
    return done(await answerPlan(planned, answer, { registry, engine, signer }, stillMine));
  }
  refuseSecrets(whole as Json, piecesOf(whole, evidence), secrets, allowSecrets);
  const statement = await keepUnsigned({ draft: whole, evidence }, planned, registry.store, engine);
  return { how: "unsigned", statement };
}

/** For the queue `unsigned`. Runs nothing. */
export async function checkAndSign({ taken, stillMine }: Attempt, hands: Hands): Promise<Settlement> {
  const { world, signer, allowSecrets } = hands;
  const { registry, engine, env, around } = world;
  if (signer === undefined) throw new Error("a signer has a key");
  const now = new Date();
  const trusted = [{ key: signer.key, by: "you" as const, source: "the signer" }];
  const planned = await readPlanned(registry, taken.plan, { trusted, engine, now });
  const before = await alreadyAnswered(planned, hands);
  if (before !== undefined) return done(before);
  const { statement = "" } = taken;
  const { draft, evidence } = await readUnsigned(statement, planned, { store: registry.store, engine, now });
  const secrets = secretsIn({ ...env, ...around }, []);
  const result = await answerPlan(
    planned,
    { draft, evidence, secrets, allowSecrets },
    { registry, engine, signer },
    stillMine,
  );
  await registry.store.discard(unsignedAt(planned.digest));
  return done(result);
}

/** By an attempt that was killed before it could say so. */
async function alreadyAnswered(
  planned: PlannedRun,
  { world: { registry, engine }, signer }: Hands,
): Promise<string | undefined> {
  const published = await answeredBy(registry, planned);
  if (signer === undefined || !planned.keyids.includes(signer.key.keyid)) return published;
  // Also if it is published: its entry in the log may be missing.
  return (await finishAnswer(planned, { registry, engine, signer })) ?? published;
}

/** @throws AttestError `key-missing` */
export function mustHaveSigner(signer: Signer | undefined): Signer {
  if (signer !== undefined) return signer;
  throw new AttestError(
    "key-missing",
    "attest worker --sign needs the key that announced the runs",
    "name it with --signer NAME",
  );
}
