/** Runs programs for a user-defined scenario: their redacted output is evidence, and none outlives the run. */
import { fromUtf8, utf8 } from "../../core/bytes.js";
import { Capture, printedPiece } from "../command/output-capture.js";
import { runCommand } from "../command/command.js";
import type { Spawned } from "./define.js";
import { withoutKeys } from "../command/environment.js";
import type { Reply, Spawn } from "./host.js";
import { placesOf } from "../redaction/local-paths.js";
import { Redactor } from "../redaction/redact.js";
import { redact } from "../redaction/reveal.js";
import type { Probe } from "./scenario.js";
import { secretsIn } from "../redaction/secrets.js";

export class Spawner {
  readonly #probe: Probe;
  readonly #running = new Map<number, { readonly stop: AbortController; readonly ended: Promise<void> }>();
  readonly #names = new Map<string, number>();

  constructor(probe: Probe) {
    this.#probe = probe;
    probe.signal.addEventListener("abort", () => this.#stopAll(), { once: true });
  }

  start(spawn: Spawn, reply: (reply: Reply) => void): void {
    const stop = new AbortController();
    const { id } = spawn;
    const ended = this.#run(spawn, stop.signal).then(
      (spawned) => reply({ id, spawned }),
      (error: unknown) => reply({ id, fault: error instanceof Error ? error.message : String(error) }),
    );
    this.#running.set(id, { stop, ended: ended.finally(() => this.#running.delete(id)) });
    if (this.#probe.signal.aborted) stop.abort();
  }

  stop(id: number): void {
    this.#running.get(id)?.stop.abort();
  }

  /** Ends all of them and records their remaining output. */
  async end(): Promise<void> {
    this.#stopAll();
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  #stopAll(): void {
    for (const { stop } of this.#running.values()) stop.abort();
  }

  async #run({ command, cwd, env, timeoutMs, name, evidence = true }: Spawn, signal: AbortSignal): Promise<Spawned> {
    const called = this.#numbered(name ?? "process");
    const clean = redactor();
    const kept = { stdout: new Capture(clean()), stderr: new Capture(clean()) };
    const printed = { stdout: new Capture(AS_IT_IS()), stderr: new Capture(AS_IT_IS()) };
    const { exitCode, ended, ...how } = await runCommand(command, {
      cwd,
      env: { ...withoutKeys(process.env), ...env },
      timeoutMs,
      signal,
      output: (stream, chunk) => {
        printed[stream].write(chunk);
        if (evidence) kept[stream].write(chunk);
      },
    });
    const { wallMs, finishedAt, survivors = [] } = how;
    const timedOut = ended === "timeout";
    this.#probe.note("process", {
      name: called,
      command: cleanText(command.join(" ")),
      exitCode,
      signal: how.signal,
      wallMs,
      timedOut,
      ...(survivors.length > 0 && { survivors: survivors.join(", ") }),
    });
    if (evidence)
      for (const stream of ["stdout", "stderr"] as const) {
        const captured = kept[stream].end();
        if (captured.whole.size > 0)
          this.#probe.attach(printedPiece(`${called}.${stream}.txt`, stream, captured, finishedAt));
      }
    const [stdout, stderr] = [printed.stdout, printed.stderr].map((all) => new TextDecoder().decode(all.end().bytes));
    return { exitCode, signal: how.signal, timedOut, stdout: stdout ?? "", stderr: stderr ?? "", wallMs };
  }

  /** `node`, `node-2`, `node-3`: each piece of evidence needs its own name. */
  #numbered(name: string): string {
    const count = (this.#names.get(name) ?? 0) + 1;
    this.#names.set(name, count);
    return count === 1 ? name : `${name}-${count}`;
  }
}

/** For the scenario itself, which needs the unredacted output. */
const AS_IT_IS = (): Redactor => new Redactor([], { rules: [] });

/** Makes redactors; inspects the environment only once. */
function redactor(): () => Redactor {
  const secrets = secretsIn(process.env, []);
  const prepared = new Redactor(secrets, { places: placesOf(process.cwd()) });
  return () => prepared.another();
}

export const cleanText = (text: string): string => fromUtf8(redact(utf8(text), redactor()()).bytes);
