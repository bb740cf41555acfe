/** A run from its announcement to its published result: a plan where the result goes into a registry with a log, and what stands if it fails. */
import { AttestError } from "../core/errors.js";
import type { Signer } from "../core/key.js";
import type { Destination } from "../pipeline/destination.js";
import { announce, promised, withOpenPlan, type Announce } from "../pipeline/plan.js";
import { remark, targetIn } from "../pipeline/remark.js";
import type { Registry } from "../store/registry.js";
import { engine } from "./context.js";
import { registryOf } from "./destination.js";
import { heldUntilSafe } from "./signals.js";
import { talk } from "./ui.js";

export interface Announcing {
  readonly destination: Destination | undefined;
  readonly signer: Signer | undefined;
  readonly timeoutMs: number | undefined;
  readonly allowSecrets: readonly string[];
}

/**
 * @param run runs the test with what announces its plan; what goes wrong there says what becomes of the plan
 * @param deliver signs and publishes what it gave, or keeps it aside; no single signal ends that
 */
export async function announcing<R, T>(
  { destination, signer, timeoutMs, allowSecrets }: Announcing,
  run: (announce: Announce | undefined) => Promise<R>,
  deliver: (result: R) => Promise<T>,
): Promise<T> {
  const registry = registryOf(destination);
  const request =
    registry === undefined || signer === undefined || (await registry.log.current()) === undefined
      ? undefined
      : { registry, signer, engine, withinMs: promised(timeoutMs), allowSecrets };
  let plan: string | undefined;
  let isPublic = false;
  const announced: Announce | undefined =
    request &&
    (async (outline, secrets) => {
      const announcing = (id: string): void => {
        plan = id;
        talk(`announced ${id}: from now on a result that does not come would be missed`);
      };
      const relation = await announce(outline, secrets, { ...request, announcing, now: () => new Date() });
      isPublic = true;
      return relation;
    });
  const standing = (): string =>
    plan === undefined
      ? "attest log check says what is published"
      : `attest log check says what is published; if ${plan} is open there, attest abandon ${plan} --reason TEXT gives it up`;
  return await heldUntilSafe(standing, async () => {
    let result: R;
    try {
      result = await run(announced);
    } catch (error) {
      if (!(error instanceof AttestError) || plan === undefined || request === undefined) throw error;
      const began = isPublic && error.code !== "command-failed";
      if (!isPublic && error.code !== "publish-unfinished") throw error; // nothing of the plan is there
      if (!began && (await givenUp(plan, error.message, request)))
        throw error.cause instanceof AttestError ? error.cause : error;
      throw withOpenPlan(error, plan);
    }
    return await deliver(result);
  });
}

/** A plan whose test never began is no promise to anybody; where that cannot be said now, the user is told how. */
async function givenUp(
  plan: string,
  why: string,
  { registry, signer }: { readonly registry: Registry; readonly signer: Signer },
): Promise<boolean> {
  try {
    const target = await targetIn(registry, plan, engine);
    const reason = `The test never began: ${why}`.slice(0, 500);
    await remark({ registry, action: "abandon", target, by: undefined, reason, signer, engine, now: new Date() });
    talk(`gave up ${plan}: its test never began`);
    return true;
  } catch (error) {
    if (error instanceof AttestError) return false;
    throw error;
  }
}
