/** Commands of the program that are killed at each of the calls with which they change the disk. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { attest, copyOf, type Ran, type Workspace } from "../cli/attest.js";

const PRELOAD = fileURLToPath(new URL("kill-at.mjs", import.meta.url));

export interface Call {
  /** From 1, in the order in which they begin. */
  readonly at: number;
  readonly name: string;
  readonly path: string;
  /** What a link or a renaming leads to. */
  readonly to?: string;
  /** The first of the folders that were made. */
  readonly made?: string;
}

export interface Point {
  /** From 1. */
  readonly at: number;
  readonly when: "before" | "half" | "after";
  readonly call: Call;
}

const run = (work: Workspace, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> =>
  attest(args, { cwd: work.cwd, env: { ...work.env, ...env }, node: ["--import", PRELOAD] });

/** The calls of a command that nothing disturbs, in the order in which they are done, in a copy of the workspace; paths are as seen from its working directory. */
export async function calls(work: Workspace, args: readonly string[]): Promise<Call[]> {
  const copy = copyOf(work);
  const log = join(copy.root, "calls");
  const ran = await run(copy, args, { KILL_LOG: log });
  expect(ran.code, ran.stderr).toBe(0);
  return readFileSync(log, "utf8")
    .trim()
    .split("\n")
    .map(
      (line) => JSON.parse(line, (_, value: unknown) => (isPath(value) ? relative(copy.cwd, value) : value)) as Call,
    );
}

const isPath = (value: unknown): value is string => typeof value === "string" && isAbsolute(value);

/** What a reader of the disk could tell: syncing is for power cuts, and a folder that is there is not made again. */
const changes = ({ name, made }: Call): boolean =>
  !name.startsWith("fsync") && (name !== "mkdirSync" || made !== undefined);

/**
 * Right before each call that changes something, in the middle of each write, and right after the last. Right after any other is the
 * same state as right before the next one, since each call that changes the disk is a point: those are not tried twice.
 */
export const points = (made: readonly Call[]): Point[] => {
  const all = made.map((call) => ({ at: call.at, call })).filter(({ call }) => changes(call));
  return [
    ...all.flatMap((point): Point[] => [
      { ...point, when: "before" },
      ...(point.call.name === "writeSync" ? [{ ...point, when: "half" } as const] : []),
    ]),
    ...all.slice(-1).map((point): Point => ({ ...point, when: "after" })),
  ];
};

/** The workspace as the killed command leaves it: a copy. */
export async function killedAt(
  work: Workspace,
  args: readonly string[],
  { at, when, call }: Point,
): Promise<Workspace> {
  const copy = copyOf(work);
  const ran = await run(copy, args, { KILL_AT: String(at), KILL_WHEN: when });
  expect({ at, when, call: call.name, signal: ran.signal, stdout: ran.stdout }).toEqual({
    at,
    when,
    call: call.name,
    signal: "SIGKILL",
    stdout: "",
  });
  return copy;
}

export interface Failure {
  /** From 1, of all calls. */
  readonly at: number;
  readonly errno: string;
  readonly call: Call;
}

const ERRNOS = ["ENOSPC", "EIO", "EACCES", "EROFS", "EDQUOT"];

/** Lets the calls of a command fail, one in each run, and looks at what it says and leaves; syncing too, since that is where a disk fails. */
export async function failing(
  work: Workspace,
  args: readonly string[],
  look: (left: Workspace, ran: Ran, failure: Failure) => Promise<void>,
  tries = TRIES,
): Promise<void> {
  const all = await calls(work, args);
  const waiting = spread(
    all.map((call): Failure => ({ at: call.at, errno: ERRNOS[call.at % ERRNOS.length] ?? "EIO", call })),
    tries,
  );
  await twoAtATime(waiting, async (failure) => {
    const copy = copyOf(work);
    const { at, errno, call } = failure;
    const ran = await run(copy, args, { KILL_AT: String(at), KILL_WHEN: "fail", KILL_ERRNO: errno });
    await tried(`${errno} at call ${at}, ${call.name} ${call.to ?? call.path}`, copy, () => look(copy, ran, failure));
  });
}

/** `npm run soak` sets it: every point, where `npm test` takes a part of them. */
const ALL = process.env["ATTEST_KILL"] === "all";
/** About how many points are tried, as far from each other as may be, besides the last, which is tried always. */
const TRIES = 4;
/** Where each look takes a second or more: it stretches a passphrase, or is several commands. */
export const FEW = 2;
/** Node 24 tries those that lie between the ones of Node 20. `.ci/run --all` runs both. */
const BETWEEN = Number.parseInt(process.versions.node, 10) % 8 === 0 ? 0 : 0.5;

/** All of them, or some that lie as far from each other as may be, and the last. */
function spread<T>(all: readonly T[], tries: number): T[] {
  const stride = Math.ceil(all.length / tries);
  const first = Math.floor(stride * BETWEEN);
  return all.filter((_, index) => ALL || index % stride === first || index === all.length - 1);
}

async function twoAtATime<T>(waiting: T[], act: (one: T) => Promise<void>): Promise<void> {
  const worker = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await act(one);
  };
  await Promise.all([worker(), worker()]);
}

async function tried(what: string, left: Workspace, look: () => Promise<void>): Promise<void> {
  try {
    await look();
  } catch (error) {
    throw new Error(what, { cause: error });
  }
  if (existsSync(left.root)) rmSync(left.root, { recursive: true });
}

/** Kills the command at the points, and looks at what is left; says how many points there are. */
export async function everywhere(
  work: Workspace,
  args: readonly string[],
  look: (left: Workspace, point: Point) => Promise<void>,
  tries = TRIES,
): Promise<number> {
  const all = points(await calls(work, args));
  await twoAtATime(spread(all, tries), async (point) => {
    const left = await killedAt(work, args, point);
    const { when, at, call } = point;
    await tried(`killed ${when} call ${at}, ${call.name} ${call.to ?? call.path}`, left, () => look(left, point));
  });
  return all.length;
}
