/** Announcing a run, from the command line: a plan where the result goes into a registry with a log, and what to say when it is not answered. */
import { AttestError } from "../core/errors.js";
import type { Signer } from "../core/key.js";
import type { Destination } from "../pipeline/destination.js";
import { announce, promised, withOpenPlan, type Announce } from "../pipeline/plan.js";
import { engine } from "./context.js";
import { registryOf } from "./destination.js";
import { talk } from "./ui.js";

export interface Announcing {
  readonly destination: Destination | undefined;
  readonly signer: Signer | undefined;
  readonly timeoutMs: number | undefined;
  readonly allowSecrets: readonly string[];
}

/** Runs `act` with what announces its plan; whatever goes wrong after that says that the plan stays open. */
export async function announcing<T>(
  { destination, signer, timeoutMs, allowSecrets }: Announcing,
  act: (announce: Announce | undefined) => Promise<T>,
): Promise<T> {
  const registry = registryOf(destination);
  if (registry === undefined || signer === undefined || (await registry.log.current()) === undefined)
    return await act(undefined);
  let plan: string | undefined;
  const announced = (id: string): void => {
    plan = id;
    talk(`announced ${id}: from now on a result that does not come would be missed`);
  };
  const request = { registry, signer, engine, withinMs: promised(timeoutMs), allowSecrets, announced };
  try {
    return await act((outline, secrets) => announce(outline, secrets, { ...request, now: () => new Date() }));
  } catch (error) {
    throw error instanceof AttestError && plan !== undefined ? withOpenPlan(error, plan) : error;
  }
}
