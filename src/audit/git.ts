/** A clone that the auditor has: whether an object is still in it, byte for byte, and what came after a commit. It is only read; nothing is fetched. */
import { createHash, type Hash } from "node:crypto";
import { text } from "node:stream/consumers";
import { AttestError } from "../core/errors.js";
import { gitPlaceOf, Repository } from "../node/git.js";

export type GitObject = "commit" | "tree" | "blob";
/** `not-checked`: it is not there, but the clone does not claim to have everything. */
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
  /** Whether the user said that it is the one, and it was not merely found. */
  readonly named: boolean;
  /** Many attestations are about few commits. */
  readonly #states = new Map<string, Promise<GitState>>();
  #repository: Promise<Repository> | undefined;

  constructor(folder: string, named = true) {
    this.#folder = folder;
    this.named = named;
  }

  /** @throws AttestError `io` where there is no clone */
  async has(object: GitObject, id: string): Promise<GitState> {
    const repository = await this.#opened();
    const asked = `${object} ${id}`;
    const state = this.#states.get(asked) ?? look(repository, object, id);
    this.#states.set(asked, state);
    return await state;
  }

  /**
   * The newest version that came after a commit: by its tag, prereleases aside, or what is checked out where no tag did; undefined where
   * nothing came after it, or the commit is not there.
   * @param without paths from the top that are no part of what was tested: a registry is committed after its runs
   * @throws AttestError `io` where there is no clone
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

  /** Throws `io` where there is none. */
  async ready(): Promise<void> {
    await this.#opened();
  }

  /** The folder at the top of its work tree. @throws AttestError `io` where it has none */
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
  child.on("error", () => undefined); // that there is no git has been told
  child.stdin.on("error", () => undefined);
  child.stdin.end(`${id}\n`);
  const [found, complaints] = await Promise.all([
    hashed(child.stdout as AsyncIterable<Buffer>, id),
    text(child.stderr),
  ]);
  // Of what is damaged, git says that it is missing, and on the other stream why; of what it may not fetch, too.
  if (found === undefined) return !repository.isWhole ? "not-checked" : complaints === "" ? "gone" : "changed";
  if (found.id !== id || found.type !== object) return "gone"; // a shorter id in a clone with longer ones, or a ref of that name
  return found.hash === id ? "same" : "changed";
}

/** `<id> <type> <size>`, a line feed, the content and a line feed (git-cat-file(1)); an id is the hash of `<type> <size>`, a zero byte and the content. */
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
