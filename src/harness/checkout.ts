/** A commit as it was recorded, in a temporary folder of its own: what a run is made again in. */
import { execFile } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { AttestError } from "../core/errors.js";
import { forGit } from "./environment.js";

const run = promisify(execFile);

export interface Wanted {
  readonly commit: string;
  readonly tree: string | undefined;
}

/**
 * Nothing of the user's repository is touched, and nothing is fetched: the objects must be there.
 * @throws AttestError `not-reproducible` where the commit is not, or has another tree
 */
export async function withCheckout<T>(
  repository: string,
  { commit, tree }: Wanted,
  act: (folder: string) => Promise<T>,
): Promise<T> {
  const parent = realpathSync(mkdtempSync(join(tmpdir(), "f3-attest-checkout-")));
  const folder = join(parent, "work");
  const env = forGit(process.env); // a hook's variables would name the user's own repository
  const git = async (cwd: string, ...args: readonly string[]): Promise<string> =>
    (await run("git", args, { cwd, env })).stdout.trim();
  const missing = (expected: string, found: string): AttestError =>
    new AttestError(
      "not-reproducible",
      `expected ${expected}, found ${found}`,
      "run it in a clone of the project that has the commit: git fetch, or --repository DIR",
    );
  try {
    const top = await git(repository, "rev-parse", "--show-toplevel").catch(() => {
      throw missing(`a git repository at ${repository}, with the commit ${commit}`, "none");
    });
    await git(top, "cat-file", "-e", `${commit}^{commit}`).catch(() => {
      throw missing(`the commit ${commit} in ${top}`, "no such commit");
    });
    await git(parent, "clone", "--quiet", "--no-checkout", "--shared", "--", top, folder);
    // What the clone calls origin is a place on this machine.
    await git(folder, "remote", "remove", "origin");
    await git(folder, "-c", "advice.detachedHead=false", "checkout", "--quiet", "--detach", commit);
    const found = await git(folder, "rev-parse", "HEAD^{tree}");
    if (tree !== undefined && found !== tree) throw missing(`the tree ${tree} in the commit ${commit}`, found);
    return await act(folder);
  } finally {
    rmSync(parent, { recursive: true, force: true, maxRetries: 3 });
  }
}
