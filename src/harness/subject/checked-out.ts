/**
 * The bytes of a commit as git checks them out without any settings. The commit's own `.gitattributes` may demand other bytes than the
 * stored ones (line ends, an encoding, `$Id$`), and a git-lfs pointer stands for another file.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { AttestError } from "../../core/errors.js";
import { temporaryFolder } from "../../node/files.js";
import type { Repository } from "../../node/git.js";
import { Disk, type TreeEntry, type ObjectFormat } from "./content.js";

/** An entry of a tree: a file, a link, or a commit of another repository. */
export interface Committed {
  readonly mode: string;
  readonly id: string;
}

/** Files whose checked-out bytes differ from the stored ones. For a git-lfs file only the pointer's digest is known. */
export type CheckedOut = ReadonlyMap<string, Pick<TreeEntry, "blob"> | Pick<TreeEntry, "sha256">>;

const ATTRIBUTES = ["eol", "ident", "working-tree-encoding", "filter"];
/** https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md, without extensions. */
const POINTER = /^version https:\/\/git-lfs\.github\.com\/spec\/v1\noid sha256:([0-9a-f]{64})\nsize \d+\n$/;

/** @throws AttestError `subject-missing` if objects are missing */
export async function checkedOut(
  repository: Repository,
  committed: ReadonlyMap<string, Committed>,
  format: ObjectFormat,
): Promise<CheckedOut> {
  if (![...committed.keys()].some((path) => /(?:^|\/)\.gitattributes$/.test(path))) return new Map();
  const folder = temporaryFolder("index");
  try {
    const out = join(folder, "out");
    mkdirSync(out);
    // An empty work tree: then only the commit's own attributes apply.
    const env = { GIT_INDEX_FILE: join(folder, "index"), GIT_WORK_TREE: out };
    await repository.ask(["read-tree", "HEAD"], { env });
    const files = [...committed].flatMap(([path, { mode }]) => (mode.startsWith("100") ? [path] : []));
    const attributes = ["check-attr", "--cached", "-z", "--stdin", ...ATTRIBUTES];
    const said = (await repository.ask(attributes, { env, input: files.join("\0"), names: true })).split("\0");
    const others = new Set<string>();
    const pointers = new Set<string>();
    for (let at = 0; at + 2 < said.length; at += 3) {
      const [path = "", name = "", value = ""] = said.slice(at, at + 3);
      if (changes(name, value)) others.add(path);
      if (name === "filter" && value === "lfs") pointers.add(path);
    }
    if (others.size === 0) return new Map();
    await repository.ask(["checkout-index", "--quiet", "-z", "--stdin"], {
      env,
      input: [...others].join("\0"),
      names: true,
    });
    const read = await new Disk(out).read(others, format);
    return new Map(
      [...read].map(([path, { blob }]) => {
        const file = Buffer.from(`${Buffer.from(out).toString("latin1")}/${path}`, "latin1");
        const named = pointers.has(path) ? POINTER.exec(readFileSync(file, "latin1"))?.[1] : undefined;
        return [path, named === undefined ? { blob } : { sha256: named }];
      }),
    );
  } catch (error) {
    if (error instanceof AttestError) throw error;
    const { stderr = String(error) } = error as { stderr?: string };
    throw new AttestError(
      "subject-missing",
      `git could not check out what is committed: ${stderr.trim().split("\n")[0] ?? "it said nothing"}`,
      "look with: git fsck",
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const changes = (name: string, value: string): boolean =>
  name === "eol"
    ? value === "crlf"
    : name === "ident"
      ? value === "set"
      : name === "filter"
        ? value === "lfs"
        : !["unspecified", "unset", "set"].includes(value);
