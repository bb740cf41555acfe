/** Fetches one commit from its public address, and checks it out in a fresh folder. */
import { execFile } from "node:child_process";
import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { AttestError } from "../../core/errors.js";
import { withCheckout } from "../../harness/subject/checkout.js";
import { temporaryFolder } from "../../node/files.js";
import { programOutside } from "../../node/programs.js";

export interface GitSource {
  readonly address: string;
  readonly commit: string;
  readonly tree: string;
}

const FETCH_MS = 10 * 60_000;
const ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** No password, no option, no other protocol: git's `ext::` runs a program. Without encryption only within this machine. */
const ADDRESS =
  /^(?:https:\/\/[a-z0-9.-]+(?::\d+)?|ssh:\/\/(?:[a-z0-9._-]+@)?[a-z0-9][a-z0-9.-]*(?::\d+)?|http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?)\/[A-Za-z0-9._~%+/-]+$/;

export const isGitSource = ({ address, commit, tree }: GitSource): boolean =>
  ADDRESS.test(address) && ID.test(commit) && ID.test(tree);

/** An address that a worker can fetch from: without user and password, unless it is ssh. Undefined for a path of this machine. */
export function fetchAddress(remote: string): string | undefined {
  const [, user = "", host = "", path = ""] =
    /^(?:([a-z0-9._-]+)@)?([a-z0-9.-]+\.[a-z]+):(?!\/)(.+)$/i.exec(remote) ?? [];
  const whole = host === "" ? remote : `ssh://${user === "" ? "" : `${user}@`}${host.toLowerCase()}/${path}`;
  const address = whole.replace(/^(https?:\/\/)[^@/]*@/, "$1");
  return ADDRESS.test(address) ? address : undefined;
}

/**
 * Git checks each byte that it fetches against the commit's id, and the commit's tree is compared before anything runs.
 * @param name of the folder: projects without a manifest are called after it
 * @throws AttestError `run-refused`, `network`, `not-reproducible` for another tree
 */
export async function withFetched<T>(
  source: GitSource,
  name: string,
  signal: AbortSignal,
  act: (folder: string) => Promise<T>,
): Promise<T> {
  const { address, commit, tree } = source;
  if (!isGitSource(source)) throw new AttestError("run-refused", "the plan names no commit that a worker may fetch");
  const fetched = temporaryFolder("fetch");
  try {
    await git(
      ["init", "--quiet", "--bare", "--template=", ...(commit.length === 64 ? ["--object-format=sha256"] : []), "."],
      fetched,
      signal,
    );
    const options = ["--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"];
    await git(["fetch", ...options, "--", address, `${commit}:refs/heads/fetched`], fetched, signal).catch(
      (error: unknown) => {
        if (signal.aborted) throw error;
        const [line = ""] = ((error as { stderr?: string }).stderr ?? String(error)).trim().split("\n").slice(-1);
        throw new AttestError("network", `git could not fetch ${commit.slice(0, 12)} from ${address}: ${line}`);
      },
    );
    return await withCheckout(
      fetched,
      { commit, tree },
      async (folder) => {
        // Where it came from is a part of its name.
        appendFileSync(join(folder, ".git/config"), `[remote "origin"]\n\turl = ${address}\n`);
        return await act(folder);
      },
      name,
    );
  } finally {
    rmSync(fetched, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** With the user's own settings, for credentials; nothing of a project is near. */
async function git(args: readonly string[], cwd: string, signal: AbortSignal): Promise<void> {
  const program = programOutside("git", process.env, []);
  if (program === undefined) throw new AttestError("io", "git is not installed", "install git");
  const kept = Object.entries(process.env).filter(([key]) => !/^(?:GIT_(?!SSH)|F3_ATTEST_)/i.test(key));
  const env = {
    ...Object.fromEntries(kept),
    GIT_TERMINAL_PROMPT: "0",
    GIT_ALLOW_PROTOCOL: "https:ssh:http",
    LC_ALL: "C",
  };
  await new Promise<void>((done, failed) => {
    execFile(program, [...args], { cwd, env, signal, timeout: FETCH_MS, maxBuffer: 1024 * 1024 }, (error, _, stderr) =>
      error === null ? done() : failed(Object.assign(new Error(error.message), { stderr })),
    );
  });
}
