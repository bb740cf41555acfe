/** The auditor's clone: whether an object is still in it, byte for byte, and what came after a commit. Read-only; nothing is fetched. */
import { createHash, type Hash } from "node:crypto";
import { text } from "node:stream/consumers";
import { AttestError } from "../core/errors.js";
import { gitPlaceOf, Repository } from "../node/git.js";

export type GitObject = "commit" | "tree" | "blob";
/** `not-checked`: the object is missing, but the clone is not complete. */
export type GitState = "same" | "changed" | "gone" | "not-checked";

export interface Newer {
  readonly kind: "tag" | "head";
  readonly name: string;
  readonly commit: string;
}

const ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const VERSION_TAG = /^v?\d+(?:\.\d+)*$/;

export class GitClone {
  readonly #folder: string;
  /** Whether the user named this clone, or it was only discovered. */
  readonly named: boolean;
  /** Cached: many attestations share few commits. */
  readonly #states = new Map<string, Promise<GitState>>();
  #repository: Promise<Repository> | undefined;

  constructor(folder: string, named = true) {
    this.#folder = folder;
    this.named = named;
  }

  /** @throws AttestError `io` if there is no clone */
  async has(object: GitObject, id: string): Promise<GitState> {
    const repository = await this.#opened();
    const asked = `${object} ${id}`;
    const state = this.#states.get(asked) ?? look(repository, object, id);
    this.#states.set(asked, state);
    return await state;
  }

  /**
   * The newest version after a commit: the newest tag that is not a prerelease, or HEAD without such a tag. Undefined if nothing came after
   * it or the commit is missing.
   * @param without paths to ignore, relative to the top: a registry is committed after its runs
   * @throws AttestError `io` if there is no clone
   */
  async newerThan(commit: string, without: readonly string[] = []): Promise<Newer | undefined> {
    if ((await this.has("commit", commit)) !== "same") return undefined;
    const format = "--format=%(refname:strip=2)%09%(objectname)%09%(*objectname)";
    const tags = await this.#git(
      "for-each-ref",
      "--sort=-version:refname",
      `--contains=${commit}`,
      format,
      "refs/tags",
    );
    for (const line of tags.split("\n")) {
      const [name = "", object = "", peeled = ""] = line.split("\t");
      const at = peeled === "" ? object : peeled;
      if (VERSION_TAG.test(name) && at !== commit && (await this.#differ(commit, at, without)))
        return { kind: "tag", name, commit: at };
    }
    const head = await this.#git("rev-parse", "--verify", "--quiet", "HEAD^{commit}").catch(() => commit);
    if (head === commit) return undefined;
    const after = await this.#git("merge-base", "--is-ancestor", commit, head).catch(() => undefined);
    return after === undefined ? undefined : { kind: "head", name: "HEAD", commit: head };
  }

  async #differ(one: string, other: string, without: readonly string[]): Promise<boolean> {
    const paths = without.map((path) => `:(top,exclude,literal)${path}`);
    const same = this.#git("diff-tree", "-r", "--quiet", one, other, "--", ":(top)", ...paths);
    return await same.then(
      () => false,
      () => true,
    );
  }

  /** Throws `io` if there is no clone. */
  async ready(): Promise<void> {
    await this.#opened();
  }

  /** Top folder of the work tree. @throws AttestError `io` if there is none */
  async top(): Promise<string> {
    return (await this.#opened()).root;
  }

  async #git(...args: readonly string[]): Promise<string> {
    return (await (await this.#opened()).ask(args)).trim();
  }

  async #opened(): Promise<Repository> {
    return await (this.#repository ??= this.#open());
  }

  async #open(): Promise<Repository> {
    const place = gitPlaceOf(this.#folder);
    if (place !== undefined) return await Repository.open(place);
    throw new AttestError("io", `no git clone at ${this.#folder}`, "name one with --git DIR");
  }
}

async function look(repository: Repository, object: GitObject, id: string): Promise<GitState> {
  if (!ID.test(id)) return "gone";
  const child = repository.start(["cat-file", "--batch"]);
  child.on("error", () => undefined); // a missing git has been reported
  child.stdin.on("error", () => undefined);
  child.stdin.end(`${id}\n`);
  const [found, complaints] = await Promise.all([
    hashed(child.stdout as AsyncIterable<Buffer>, id),
    text(child.stderr),
  ]);
  // git reports a damaged object as missing, with the reason on stderr. The same for objects that it may not fetch.
  if (found === undefined) return !repository.isWhole ? "not-checked" : complaints === "" ? "gone" : "changed";
  if (found.id !== id || found.type !== object) return "gone"; // a shorter id in a SHA-256 clone, or a ref of that name
  return found.hash === id ? "same" : "changed";
}

/**
 * `<id> <type> <size>`, line feed, content, line feed (git-cat-file(1)). An id is the hash of `<type> <size>`, a zero byte and the content.
 */
async function hashed(
  output: AsyncIterable<Buffer>,
  id: string,
): Promise<{ readonly id: string; readonly type: string; readonly hash: string } | undefined> {
  let head = Buffer.alloc(0);
  let hash: Hash | undefined;
  let left = 0;
  let [found, type]: (string | undefined)[] = [];
  for await (let chunk of output) {
    if (hash === undefined) {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\n");
      if (end < 0) continue;
      let size: string | undefined;
      [found, type, size] = head.toString("latin1", 0, end).split(" ");
      if (size === undefined) break;
      hash = createHash(id.length === 40 ? "sha1" : "sha256").update(`${type ?? ""} ${size}\0`);
      left = Number(size);
      chunk = head.subarray(end + 1);
    }
    const content = chunk.subarray(0, left);
    hash.update(content);
    left -= content.length;
  }
  if (hash === undefined || found === undefined || type === undefined) return undefined;
  return { id: found, type, hash: left === 0 ? hash.digest("hex") : "" };
}
