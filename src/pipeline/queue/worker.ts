/** A worker: takes runs as long as it may, does each of them, and gives back what it cannot finish. */
import { AttestError } from "../../core/errors.js";
import { asFault } from "../../node/faults.js";
import { planIdOf, type Taken, type WorkQueue } from "../../queue/job.js";
import { Supervisor } from "../../queue/supervisor.js";
import { WorkerSession, type Settlement } from "../../queue/worker-session.js";

/** What happened, for a log of lines. No value in it comes from a tested command. */
export interface WorkerEvent {
  readonly event:
    | "started"
    | "connected"
    | "disconnected"
    | "taken"
    | "lost"
    | "given-away"
    | "stopping"
    | "stopped"
    | "faulted"
    | "warned"
    | "listening"
    | Settlement["how"];
  readonly run?: string;
  readonly why?: string;
  readonly result?: string;
  readonly seconds?: number;
  readonly machine?: string;
  readonly attempt?: number;
  readonly port?: number;
}

/** One taken run: what does it asks `stillMine` right before it publishes, and ends early when the signal says so. */
export interface Attempt {
  readonly taken: Taken;
  readonly signal: AbortSignal;
  readonly stillMine: () => Promise<void>;
}

export interface WorkerOptions {
  readonly address: string;
  readonly queue: WorkQueue;
  readonly machine: string;
  readonly labels: readonly string[];
  readonly concurrency: number;
  /** Ends when there is nothing to take. */
  readonly once: boolean;
  /** How long runs may go on after the signal. */
  readonly graceMs: number;
  /** Aborting takes no more runs. */
  readonly signal: AbortSignal;
  readonly act: (attempt: Attempt) => Promise<Settlement>;
  readonly tell: (event: WorkerEvent) => void;
}

/** Ending commands takes up to six seconds. Then a database that does not answer is waited for no longer. */
const HANDING_BACK_MS = 15_000;

/** Faults of the run itself: another machine, or a later time, would not help. */
const FOR_GOOD = [
  "run-refused",
  "archive-format",
  "secret-found",
  "payload-too-large",
  "scenario-statement",
  "scenario-unknown",
  "too-large",
  "plan-answered",
  "usage",
];

/** Resolves when all of its runs have ended. @throws AttestError `queue-failed`, `queue-missing` at the beginning only */
export async function work(options: WorkerOptions): Promise<void> {
  await new Worker(options).work();
}

interface Running {
  readonly abort: AbortController;
  lost: boolean;
}

class Worker {
  readonly #options: WorkerOptions;
  readonly #running = new Map<string, Running>();
  #woken = false;
  #wake: () => void = () => undefined;
  #session!: WorkerSession;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  async work(): Promise<void> {
    const { address, machine, signal, tell } = this.#options;
    this.#session = await WorkerSession.open(address, {
      machine,
      onWake: () => this.#awake(),
      onLost: (taken) => this.#lost(taken),
      onConnection: (connected) => tell({ event: connected ? "connected" : "disconnected" }),
    });
    const supervisor = new Supervisor(address, ({ id, machine: loser }) =>
      tell({ event: "given-away", run: planIdOf(id), machine: loser }),
    );
    const awake = (): void => this.#awake();
    signal.addEventListener("abort", awake);
    tell({ event: "started", machine });
    try {
      await this.#takeAll();
      if (signal.aborted) await this.#stop();
    } finally {
      signal.removeEventListener("abort", awake);
      await supervisor.close();
      await this.#session.close();
      tell({ event: "stopped" });
    }
  }

  #awake(): void {
    this.#woken = true;
    this.#wake();
  }

  /** A call that comes while something else is done is not lost. */
  async #sleep(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#woken) resolve();
    });
    this.#woken = false;
  }

  async #takeAll(): Promise<void> {
    const { queue, labels, concurrency, once, signal } = this.#options;
    while (!signal.aborted) {
      if (this.#running.size < concurrency) {
        const taken = await this.#take(queue, labels);
        if (taken === "none" && once && this.#running.size === 0) return;
        if (taken === "refused") continue;
        if (typeof taken === "object") {
          this.#begin(taken);
          continue;
        }
      }
      await this.#sleep();
    }
  }

  /** `unknown`: the database does not answer now. */
  async #take(queue: WorkQueue, labels: readonly string[]): Promise<Taken | "none" | "refused" | "unknown"> {
    try {
      return (await this.#session.take(queue, labels)) ?? "none";
    } catch (error) {
      const fault = asFault(error);
      if (fault.code === "internal") throw error;
      this.#options.tell({ event: "faulted", why: fault.message });
      if (fault.code === "run-refused") return "refused";
      if (this.#options.once && fault.code !== "queue-failed") throw fault;
      return "unknown"; // it wakes us when it is there again
    }
  }

  #begin(taken: Taken): void {
    const running: Running = { abort: new AbortController(), lost: false };
    this.#running.set(keyOf(taken), running);
    void this.#do(taken, running).finally(() => {
      this.#running.delete(keyOf(taken));
      this.#awake();
    });
  }

  async #do(taken: Taken, running: Running): Promise<void> {
    const { act, tell } = this.#options;
    const [run, started] = [planIdOf(taken.id), performance.now()];
    tell({ event: "taken", run, attempt: taken.machines.length });
    const { signal } = running.abort;
    let settlement: Settlement;
    try {
      settlement = await act({ taken, signal, stillMine: () => this.#session.stillMine(taken) });
    } catch (error) {
      settlement = settlementOf(error, signal);
    }
    if (running.lost) return;
    try {
      await this.#session.settle(taken, settlement);
      const seconds = Math.round(performance.now() - started) / 1000;
      const told = "why" in settlement ? { why: settlement.why } : settlement.how === "done" ? settlement.output : {};
      tell({ event: settlement.how, run, seconds, ...told });
    } catch (error) {
      // Another has it by now, or it was settled before the connection broke.
      tell({ event: asFault(error).code === "run-lost" ? "lost" : "faulted", run, why: asFault(error).message });
    }
  }

  #lost(taken: Taken): void {
    const running = this.#running.get(keyOf(taken));
    this.#options.tell({ event: "lost", run: planIdOf(taken.id) });
    if (running === undefined) return;
    running.lost = true;
    running.abort.abort("SIGTERM");
  }

  async #stop(): Promise<void> {
    const { graceMs, tell } = this.#options;
    tell({ event: "stopping" });
    const late = setTimeout(() => {
      for (const { abort } of this.#running.values()) abort.abort("SIGTERM");
    }, graceMs);
    const over = setTimeout(() => this.#session.abandon(), graceMs + HANDING_BACK_MS);
    while (this.#running.size > 0) await this.#sleep();
    clearTimeout(late);
    clearTimeout(over);
  }
}

const keyOf = ({ id, retryCount }: Taken): string => `${id} ${retryCount}`;

function settlementOf(error: unknown, signal: AbortSignal): Settlement {
  if (signal.aborted) return { how: "returned", why: "the worker was stopped" };
  const fault = asFault(error);
  const why = `${fault.message} [${fault.code}]`.slice(0, 500);
  return { how: FOR_GOOD.includes(fault.code) ? "refused" : "failed", why };
}

/** Thrown by a run whose worker was stopped: a result that was cut short is not published. */
export const stopped = (): AttestError =>
  new AttestError("interrupted", "the worker was stopped", "the run goes to another");
