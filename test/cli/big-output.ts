/** A command that prints as much as it is told, and what is published of it: for the tests of long output. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Draft } from "../../src/core/statement/statement.js";
import { KEPT } from "../../src/harness/command/output-capture.js";
import type { Stream } from "../../src/harness/command/command.js";
import { copyOf, start, workspace, type Ran, type Workspace } from "./attest.js";
import { repository } from "./git.js";

export const MB = 1024 * 1024;
/** Of memory, for the process itself, whatever it is given to read. */
export const MOST = 350 * MB;

/** Numbered lines of 64 bytes, a mebibyte at a time, as fast as they are taken; and says when it is done. */
const PRINTER = `
import { writeFileSync } from "node:fs";
const [mebibytes, stream] = process.argv.slice(2);
const block = (from) => Buffer.from(Array.from({ length: 16384 }, (_, at) => String(from + at).padStart(63, ".") + "\\n").join(""));
for (let at = 0; at < Number(mebibytes); at += 1)
  await new Promise((done) => process[stream].write(block(at * 16384), done));
writeFileSync("printed", mebibytes);
`;
const line = (number: number): string => `${String(number).padStart(63, ".")}\n`;
const block = (at: number): string => Array.from({ length: 16384 }, (_, n) => line(at * 16384 + n)).join("");

/** A repository with the printer and a registry in it. */
export async function printerProject(): Promise<Workspace> {
  const project = workspace();
  const git = repository(project);
  project.write("printer.mjs", PRINTER);
  project.write(".gitignore", "printed\n");
  git("add", "-A");
  git("commit", "-qm", "first");
  await project.attest("init", "--origin", "example.org/lab");
  return project;
}

interface Measured {
  readonly ran: Ran;
  /** The most that the process held, so far as it was seen; undefined where the system does not show it. */
  readonly peak: number | undefined;
}

/** With `--json`, so that what the command prints on either stream is ours to read on stderr. */
async function printing(here: Workspace, mebibytes: number, stream: Stream): Promise<Measured> {
  const child = start(["run", "--json", "--", process.execPath, "printer.mjs", String(mebibytes), stream], here);
  let peak: number | undefined;
  const look = (): void => {
    try {
      const kibibytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${String(child.pid)}/status`, "utf8"))?.[1];
      if (kibibytes !== undefined) peak = Number(kibibytes) * 1024;
    } catch {
      // it has ended, or this system has no such folder
    }
  };
  const timer = setInterval(look, 20);
  try {
    // Nobody keeps what was printed.
    child.stderr?.resume();
    const json: Buffer[] = [];
    child.stdout?.on("data", (chunk: Buffer) => json.push(chunk));
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
      child.once("close", (exit, by) => resolve([exit, by])),
    );
    const stdout = Buffer.concat(json).toString();
    return { ran: { code, signal, stdout, stderr: "", json: () => JSON.parse(stdout) as never }, peak };
  } finally {
    clearInterval(timer);
  }
}

interface Kept {
  readonly bytes: Buffer;
  readonly size: number;
  readonly truncated: { readonly size: number; readonly sha256: string } | undefined;
}

/** What was published of a stream. */
function kept(here: Workspace, ran: Ran, stream: Stream): Kept {
  const { path } = ran.json() as { path: string };
  const { payload } = JSON.parse(readFileSync(path, "utf8")) as { payload: Draft };
  const evidence = payload.predicate.f3.evidence.find(({ role }) => role === stream);
  const sha256 = evidence?.digest.sha256 ?? "";
  const bytes = readFileSync(join(here.path("attestations"), "evidence", "sha256", sha256.slice(0, 2), sha256));
  expect(createHash("sha256").update(bytes).digest("hex")).toBe(sha256);
  const { truncated } = (evidence?.annotations ?? {}) as { truncated?: Kept["truncated"] };
  return { bytes, size: evidence?.size ?? 0, truncated };
}

/** Of what is printed. */
export function whole(mebibytes: number): Kept["truncated"] {
  const hash = createHash("sha256");
  for (let at = 0; at < mebibytes; at += 1) hash.update(block(at));
  return { size: mebibytes * MB, sha256: hash.digest("hex") };
}

/** Head and tail as they were printed, and the size and digest of all of it; gives the most memory that was seen. */
export async function checked(project: Workspace, mebibytes: number, stream: Stream): Promise<number | undefined> {
  const here = copyOf(project);
  const { ran, peak } = await printing(here, mebibytes, stream);
  expect(ran.json()).toMatchObject({ verdict: "VALIDATED" });
  expect(ran.code).toBe(0);
  const { bytes, size, truncated } = kept(here, ran, stream);
  expect(truncated).toEqual(whole(mebibytes));
  const gap = `\n[${mebibytes * MB - 2 * KEPT} bytes are not kept here]\n`;
  expect(size).toBe(bytes.length);
  expect(bytes.length).toBe(2 * KEPT + gap.length);
  expect(bytes.subarray(0, KEPT).toString()).toBe(Array.from({ length: 4 }, (_, at) => block(at)).join(""));
  expect(bytes.subarray(KEPT, KEPT + gap.length).toString()).toBe(gap);
  const tail = Array.from({ length: 4 }, (_, at) => block(mebibytes - 4 + at)).join("");
  expect(bytes.subarray(-KEPT).toString()).toBe(tail);
  return peak;
}
