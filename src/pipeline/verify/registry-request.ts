/** What `verifyRegistry` is asked, for its caller and its workers alike. */
import type { AttestError } from "../../core/errors.js";
import { LogMemory } from "../../keystore/log-memory.js";
import { nodeEngine } from "../../node/engine.js";
import type { VerifyRequest } from "./verify.js";

export interface RegistryOptions {
  /** Public key lines, files of them, or https addresses of such files: the keys that you know the signers by. */
  readonly keys?: readonly string[];
  /** Keyring files that you trust. */
  readonly keyrings?: readonly string[];
  /** Files with further notices. */
  readonly notices?: readonly string[];
  /** Key lines of witnesses whose time you trust, or files of them. */
  readonly witnesses?: readonly string[];
  /** Recompute every outcome with a criterion from the archived observations. */
  readonly recompute?: boolean;
  readonly now?: Date;
  /** A folder of your own, in which the state of logs is remembered: then a log that shrank or was rewritten is noticed. */
  readonly memory?: string;
  /** By default one for each processor. */
  readonly workers?: number;
}

export const requestOf = (folder: string, options: Omit<RegistryOptions, "workers">): VerifyRequest => ({
  targets: [folder],
  keys: options.keys ?? [],
  keyrings: options.keyrings ?? [],
  keystore: undefined,
  notices: options.notices ?? [],
  witnesses: options.witnesses ?? [],
  recompute: options.recompute ?? false,
  memory: options.memory === undefined ? undefined : new LogMemory(options.memory),
  engine: nodeEngine,
  now: options.now ?? new Date(),
});

/** An error between threads loses its class. */
export type Told = Pick<AttestError, "code" | "message"> & { readonly hint: string | undefined };
