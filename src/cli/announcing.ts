/**
 * A run from its announcement to its published result: signs a plan if the result goes into a registry with a log, and says what stands if
 * something fails.
 */
import { AttestError } from "../core/errors.js";
import type { Signer } from "../core/keys/key.js";
import type { Again } from "../pipeline/run/keep-unpublished.js";
import type { Destination } from "../pipeline/run/destination.js";
import { asFault } from "../node/faults.js";
import { abandoning, announce, promised, withOpenPlan, type Announce } from "../pipeline/run/announce.js";
import { publishStatus, targetIn } from "../pipeline/publish/retract.js";
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
  /** ` --registry DIR`, if it is not the nearest. */
  readonly again: Again;
}

/**
 * @param run runs the test and calls the given announcement; its errors say what happens to the plan
 * @param deliver signs and publishes the result, or keeps it aside; a single signal does not end it
 */
export async function announcing<R, T>(
  { destination, signer, timeoutMs, allowSecrets, again }: Announcing,
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
        talk(`announcing ${id}`);
      };
      const relation = await announce(outline, secrets, { ...request, announcing, now: () => new Date() });
      isPublic = true;
      talk(`announced ${plan ?? "nothing"}: from now on a missing result would be noticed`);
      return relation;
    });
  const standing = (): string =>
    plan === undefined
      ? "attest log check says what is published"
      : `attest log check says what is published; if ${plan} is open there, ${abandoning(plan, again.registry)}`;
  return await heldUntilSafe(standing, async () => {
    let result: R;
    try {
      result = await run(announced);
    } catch (thrown) {
      if (plan === undefined || request === undefined) throw thrown;
      const error = asFault(thrown);
      const began = isPublic && error.code !== "command-failed";
      if (!isPublic && error.code !== "publish-unfinished") throw error; // nothing of the plan exists
      if (!began && (await givenUp(plan, error.message, request)))
        throw error.cause instanceof AttestError ? error.cause : error;
      throw began
        ? withOpenPlan(error, plan, again.registry)
        : new AttestError(error.code, error.message, neverBegan(plan, again.registry), { cause: error });
    }
    return await deliver(result);
  });
}

/** Also enters the plan in the log, if that is what could not be written. */
const neverBegan = (plan: string, registry: string): string =>
  `its test never began; when that is fixed: ${abandoning(plan, registry)}`;

/** Abandons the plan of a test that never began. If that fails, tells the user how. */
async function givenUp(
  plan: string,
  why: string,
  { registry, signer }: { readonly registry: Registry; readonly signer: Signer },
): Promise<boolean> {
  try {
    const target = await targetIn(registry, plan, engine);
    const reason = `The test never began: ${why}`.slice(0, 500);
    await publishStatus({
      registry,
      action: "abandon",
      target,
      by: undefined,
      reason,
      signer,
      engine,
      now: new Date(),
    });
    talk(`abandoned ${plan}: its test never began`);
    return true;
  } catch (error) {
    if (error instanceof AttestError) return false;
    throw error;
  }
}
