/**
 * A statement names what ran: two contents never have one subject, and one content never has two, whatever git is told by its settings, its
 * attributes, its index or its objects.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { withCheckout } from "../../src/harness/subject/checkout.js";
import { digestsOf, Disk, pathsIn } from "../../src/harness/subject/content.js";
import { testedIn } from "../../src/harness/subject/subject.js";
import { temporary } from "../cli/attest.js";
import { NIGHT } from "../night.js";

const IDENTITY = { NAME: "a", EMAIL: "a@example.org" };
const ENV: Readonly<Record<string, string | undefined>> = {
  ...process.env,
  ...Object.fromEntries(
    ["AUTHOR", "COMMITTER"].flatMap((who) =>
      Object.entries(IDENTITY).map(([what, value]) => [`GIT_${who}_${what}`, value]),
    ),
  ),
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
};
const gitIn =
  (folder: string) =>
  (...args: readonly string[]): string =>
    execFileSync("git", ["-c", "protocol.file.allow=always", ...args], { cwd: folder, env: ENV, encoding: "utf8" });

/** A clone with a submodule `sub`, and beside it one that git does not know, `lib`. */
let base: string;

beforeAll(() => {
  const root = temporary();
  const put = (name: string, text: string): void => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  };
  put("other/s.txt", "one\n");
  put("other/.gitignore", "*.tmp\n");
  put("work/a.txt", "one\ntwo\n");
  put("work/dir/b.sh", "#!/bin/sh\n");
  put("work/win.bat", "echo\n");
  put("work/id.c", "/* $Id$ */\n");
  put("work/.gitattributes", "*.bat text eol=crlf\n*.c ident\n");
  put("work/.gitignore", "ignored\n");
  for (const name of ["other", "work"]) {
    const git = gitIn(join(root, name));
    git("init", "-q", "--template=");
    if (name === "work") {
      chmodSync(join(root, "work/dir/b.sh"), 0o755);
      symlinkSync("a.txt", join(root, "work/link"));
      git("submodule", "--quiet", "add", join(root, "other"), "sub");
    }
    git("add", "-A");
    git("commit", "-qm", name);
  }
  base = join(root, "base");
  gitIn(root)("clone", "-q", "--template=", "--recurse-submodules", join(root, "work"), base);
  gitIn(root)("clone", "-q", "--template=", join(root, "other"), join(base, "lib"));
});

interface Here {
  readonly folder: string;
  readonly git: (...args: readonly string[]) => string;
  readonly put: (name: string, text: string) => void;
}

const copied = (): Here => {
  const folder = join(temporary(), "p");
  cpSync(base, folder, { recursive: true, verbatimSymlinks: true });
  const put = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  const git = gitIn(folder);
  git("update-index", "-q", "--refresh"); // of a copy, no time in the index is right
  return { folder, git, put };
};
const done = ({ folder }: Here): void => rmSync(dirname(folder), { recursive: true });

const subjectOf = async (folder: string, settings = ""): Promise<string> => {
  const before = process.env["GIT_CONFIG_GLOBAL"];
  const file = join(temporary(), "settings");
  writeFileSync(file, settings);
  process.env["GIT_CONFIG_GLOBAL"] = file;
  try {
    return JSON.stringify((await testedIn(folder)).subjects("x"));
  } finally {
    if (before === undefined) delete process.env["GIT_CONFIG_GLOBAL"];
    else process.env["GIT_CONFIG_GLOBAL"] = before;
  }
};

/** Each makes another content of the one above; no two make the same. */
const CONTENTS: Readonly<Record<string, (here: Here) => void>> = {
  "as it is": () => undefined,
  "other text": ({ put }) => put("a.txt", "one\nten\n"),
  "line ends": ({ put }) => put("a.txt", "one\r\ntwo\r\n"),
  "one line end": ({ put }) => put("a.txt", "one\r\ntwo\n"),
  "a line end less than its attribute asks": ({ put }) => put("win.bat", "echo\n"),
  "other text under an attribute": ({ put }) => put("win.bat", "echo 1\r\n"),
  "an identity that is not expanded": ({ put }) => put("id.c", "/* $Id$ */\n"),
  "an identity of somebody else": ({ put }) => put("id.c", "/* $Id: 1 $ */\n"),
  "an x bit more": ({ folder }) => chmodSync(join(folder, "a.txt"), 0o755),
  "an x bit less": ({ folder }) => chmodSync(join(folder, "dir/b.sh"), 0o644),
  "a link to elsewhere": ({ folder }) => {
    rmSync(join(folder, "link"));
    symlinkSync("win.bat", join(folder, "link"));
  },
  "a file with what the link says": ({ folder, put }) => {
    rmSync(join(folder, "link"));
    put("link", "a.txt");
  },
  "a link instead of a folder": ({ folder }) => {
    renameSync(join(folder, "dir"), join(folder, "ignored"));
    symlinkSync("ignored", join(folder, "dir"));
  },
  "a name in another case": ({ folder }) => renameSync(join(folder, "a.txt"), join(folder, "A.txt")),
  "both names": ({ put }) => put("A.txt", "one\ntwo\n"),
  "a file less": ({ folder }) => rmSync(join(folder, "a.txt")),
  "a file more": ({ put }) => put("new.test", "1"),
  "a file more, deep": ({ put }) => put("dir/deep/new.test", "1"),
  "a file whose name is no text": ({ folder }) => writeFileSync(Buffer.from(`${folder}/\xff`, "latin1"), "1"),
  "a file whose name is no other text": ({ folder }) => writeFileSync(Buffer.from(`${folder}/\xfe`, "latin1"), "1"),
  "other text in the submodule": ({ put }) => put("sub/s.txt", "two\n"),
  "a file more in the submodule": ({ put }) => put("sub/new.test", "1"),
  "the submodule is not there": ({ folder }) => {
    rmSync(join(folder, "sub"), { recursive: true });
    mkdirSync(join(folder, "sub"));
  },
  "other text in a clone": ({ put }) => put("lib/s.txt", "two\n"),
  "a file more in a clone": ({ put }) => put("lib/new.test", "1"),
  "a clone in the clone": ({ folder, put }) => {
    gitIn(folder)("init", "-q", "lib/inner");
    put("lib/inner/x", "1");
  },
  "no clone": ({ folder }) => rmSync(join(folder, "lib"), { recursive: true }),
};

/** None changes the content; what git says of it, or where it keeps what it knows, is another. */
const CIRCUMSTANCES: Readonly<Record<string, (here: Here) => void>> = {
  nothing: () => undefined,
  "assume-unchanged": ({ git }) => git("update-index", "--assume-unchanged", "a.txt", "win.bat", "id.c"),
  "skip-worktree": ({ git }) => git("update-index", "--skip-worktree", "a.txt", "dir/b.sh", "link"),
  staged: ({ git }) => git("add", "a.txt", "win.bat", ":/dir"),
  "taken out of the index": ({ git }) => git("rm", "-q", "--cached", "a.txt", "win.bat"),
  "an index that is gone": ({ folder }) => rmSync(join(folder, ".git/index")),
  "attributes and excludes of this clone": ({ folder }) => {
    mkdirSync(join(folder, ".git/info"), { recursive: true });
    writeFileSync(join(folder, ".git/info/attributes"), "* text=auto eol=crlf ident\n*.bat -text\n");
    writeFileSync(join(folder, ".git/info/exclude"), "*.test\nlib\nA.txt\n");
  },
  "settings of this clone": ({ git }) => {
    const set = ["core.autocrlf=true", "core.fileMode=false", "core.ignoreCase=true", "core.symlinks=false"];
    for (const one of [...set, "core.eol=crlf", "status.showUntrackedFiles=no", "diff.ignoreSubmodules=all"])
      git("config", ...one.split("="));
    git("config", "submodule.sub.ignore", "all");
  },
  "an untracked cache": ({ git }) => git("update-index", "--force-untracked-cache"),
  "a split index": ({ git }) => git("update-index", "--split-index"),
  "intent to add": ({ git }) => git("add", "--intent-to-add", ":/"),
  packed: ({ git }) => git("gc", "-q"),
  "sparse, with all files there": ({ folder, git }) => {
    cpSync(join(folder, "dir"), join(folder, ".git/dir"), { recursive: true });
    git("sparse-checkout", "set", "--no-cone", "/*", "!/dir/");
    cpSync(join(folder, ".git/dir"), join(folder, "dir"), { recursive: true });
  },
};

const SETTINGS = [
  "",
  "[core]\n\tautocrlf = true\n\tsafecrlf = true\n\tfileMode = false\n",
  "[core]\n\tautocrlf = input\n\teol = crlf\n\tignoreCase = true\n\tprecomposeUnicode = true\n",
  "[core]\n\texcludesFile = EXCLUDES\n\tattributesFile = ATTRIBUTES\n",
  `[filter "lfs"]\n\tclean = tr a-z A-Z\n\tsmudge = cat\n[status]\n\tshowUntrackedFiles = no\n[diff]\n\texternal = false\n\tnoprefix = true\n`,
];

const settingsIn = (folder: string, text: string): string => {
  writeFileSync(join(folder, "excludes"), "*.test\n*.sh\nlib\nA.txt\n");
  writeFileSync(join(folder, "attributes"), "* text=auto eol=crlf ident filter=lfs working-tree-encoding=UTF-16\n");
  return text.replace("EXCLUDES", join(folder, "excludes")).replace("ATTRIBUTES", join(folder, "attributes"));
};

test("a clean clone is its commit, with what is beside it", async () => {
  const { folder } = copied();
  rmSync(join(folder, "lib"), { recursive: true });
  expect((await testedIn(folder)).changed).toBe(0);
});

test("two contents never have one subject", async () => {
  const seen = new Map<string, string>();
  for (const [name, make] of Object.entries(CONTENTS)) {
    const here = copied();
    make(here);
    const subject = await subjectOf(here.folder);
    done(here);
    expect(seen.get(subject), name).toBeUndefined();
    seen.set(subject, name);
  }
}, 120_000);

test("one content has one subject, and two have two, under any circumstances", async () => {
  const settings = temporary();
  const content = fc.constantFrom(...Object.keys(CONTENTS));
  const around = fc.record({
    circumstances: fc.constantFrom(...Object.keys(CIRCUMSTANCES)),
    setting: fc.constantFrom(...SETTINGS),
    first: fc.boolean(),
  });
  const made = async (
    name: string,
    { circumstances, setting, first }: { circumstances: string; setting: string; first: boolean },
  ): Promise<string> => {
    const here = copied();
    const [make, change] = [CONTENTS[name], CIRCUMSTANCES[circumstances]];
    const apply = (): void => {
      try {
        change?.(here);
      } catch {
        // Git refuses it for a file that is not there.
      }
    };
    if (first) apply();
    make?.(here);
    if (!first) apply();
    return await subjectOf(here.folder, settingsIn(settings, setting)).finally(() => done(here));
  };
  await fc.assert(
    fc.asyncProperty(content, content, around, around, async (one, other, here, there) => {
      expect((await made(one, here)) === (await made(one, there)), `${one}, twice`).toBe(true);
      expect((await made(one, here)) === (await made(other, there)), `${one}, ${other}`).toBe(one === other);
    }),
    { numRuns: NIGHT ? 12 : 4 },
  );
}, 240_000);

test("content that only a sparse checkout, or nobody, has taken away is named as gone", async () => {
  const [sparse, removed] = [copied(), copied()];
  sparse.git("sparse-checkout", "set", "--no-cone", "/*", "!/dir/");
  rmSync(join(removed.folder, "dir"), { recursive: true });
  expect(existsSync(join(sparse.folder, "dir"))).toBe(false);
  expect(await subjectOf(sparse.folder)).toBe(await subjectOf(removed.folder));
  expect((await testedIn(sparse.folder)).changed).not.toBe(0);
});

test("a shallow clone has the subject of the whole one", async () => {
  const { folder } = copied();
  rmSync(join(folder, "lib"), { recursive: true });
  const shallow = join(temporary(), "p");
  gitIn(folder)("clone", "-q", "--recurse-submodules", "--depth", "1", `file://${folder}`, shallow);
  expect(await subjectOf(shallow)).toBe(await subjectOf(folder));
});

test("what is checked out to run again has the submodule too, and so the subject of before", async () => {
  const { folder, git } = copied();
  rmSync(join(folder, "lib"), { recursive: true });
  const commit = git("rev-parse", "HEAD").trim();
  await withCheckout(folder, { commit, tree: undefined }, async (root) => {
    expect((await testedIn(root)).changed).toBe(0);
  });
});

test("a pointer of git-lfs means the file that it names", async () => {
  const { folder, git, put } = copied();
  const pointer =
    "version https://git-lfs.github.com/spec/v1\noid sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\nsize 5\n";
  put(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
  put("a.bin", pointer);
  git("add", ".gitattributes", "a.bin");
  git("commit", "-qm", "large");
  rmSync(join(folder, "lib"), { recursive: true });
  for (const name of ["win.bat", "id.c"]) rmSync(join(folder, name)); // they were under the attributes of before
  git("checkout", "-q", "--", "win.bat", "id.c");
  expect((await testedIn(folder)).changed).toBe(1); // it was not fetched
  put("a.bin", "hello");
  expect((await testedIn(folder)).changed).toBe(0);
  put("a.bin", "other");
  expect((await testedIn(folder)).changed).toBe(1);
});

test("a file that git ignores counts as soon as git knows it", async () => {
  const { folder, git, put } = copied();
  put("ignored", "1");
  const before = await subjectOf(folder);
  put("ignored", "2");
  expect(await subjectOf(folder)).toBe(before);
  git("add", "-f", "ignored");
  const staged = await subjectOf(folder);
  expect(staged).not.toBe(before);
  put("ignored", "1");
  expect(await subjectOf(folder)).not.toBe(staged);
});

describe("outside of git", () => {
  const GO = "/usr/share/gocode/src/golang.org/x/mod/sumdb/dirhash";
  const PROGRAM = `package main
import ("fmt"; "os"; "golang.org/x/mod/sumdb/dirhash")
func main() {
	for _, dir := range os.Args[1:] {
		hash, err := dirhash.HashDir(dir, "", dirhash.Hash1)
		if err != nil { panic(err) }
		fmt.Println(hash)
	}
}
`;

  test("Go's own dirhash, which in-toto means, gives the same number", async (context) => {
    const folder = temporary();
    writeFileSync(join(folder, "main.go"), PROGRAM);
    const env = {
      ...process.env,
      GO111MODULE: "off",
      GOPATH: "/usr/share/gocode",
      GOFLAGS: "",
      GOCACHE: join(folder, "cache"),
    };
    const built = existsSync(GO)
      ? spawnSync("go", ["build", "-o", join(folder, "dirhash"), join(folder, "main.go")], { env, encoding: "utf8" })
      : undefined;
    if (built?.status !== 0) return context.skip("NOT CHECKED: no Go with golang.org/x/mod here");
    const name = fc.string({
      unit: fc.constantFrom("a", "b", "B", ".", " ", "-", "é", "\\", "0"),
      minLength: 1,
      maxLength: 4,
    });
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
    const trees = fc.sample(fc.dictionary(path, fc.uint8Array({ maxLength: 40 }), { maxKeys: 12 }), 40);
    const folders = trees.map((files, at) => {
      const root = join(folder, "trees", String(at));
      mkdirSync(root, { recursive: true });
      for (const [file, bytes] of Object.entries(files))
        try {
          mkdirSync(dirname(join(root, file)), { recursive: true });
          writeFileSync(join(root, file), bytes);
        } catch {
          // a folder is there, or a file where a folder would be
        }
      return root;
    });
    const said = execFileSync(join(folder, "dirhash"), folders, { encoding: "utf8" }).trim().split("\n");
    for (const [at, root] of folders.entries()) {
      const disk = new Disk(root);
      const { dirHash = "" } = digestsOf(await disk.read(pathsIn(disk), "sha1"));
      expect(`h1:${Buffer.from(dirHash, "hex").toString("base64")}`, root).toBe(said[at]);
    }
  }, 120_000);

  test("git's own tree, where there are links and programs too", async () => {
    const { folder, git, put } = copied();
    put("dir.a", "x");
    put("dir-a/x", "x");
    rmSync(join(folder, "lib"), { recursive: true });
    for (const name of [".git", "sub/.git", "sub/.gitignore"]) rmSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, ".gitattributes"), "");
    const [{ digest } = {}] = (await testedIn(folder)).subjects("x");
    git("init", "-q");
    git("add", "-A", "-f");
    expect(digest?.["gitTree"]).toBe(git("write-tree").trim());
  });

  test("two contents never have one subject, whatever the links and bits are", async () => {
    const seen = new Set<string>();
    const plain = ["the submodule is not there", "no clone", "a clone in the clone"];
    for (const [name, make] of Object.entries(CONTENTS)) {
      const here = copied();
      make(here);
      if (plain.includes(name)) continue;
      for (const one of ["", "sub", "lib"]) rmSync(join(here.folder, one, ".git"), { recursive: true, force: true });
      const subject = await subjectOf(here.folder);
      done(here);
      expect(seen.has(subject), name).toBe(false);
      seen.add(subject);
    }
  }, 120_000);

  test("a name with a line feed, for which there is no dirHash", async () => {
    const folder = temporary();
    writeFileSync(join(folder, "a\nb"), "1");
    const [{ digest } = {}] = (await testedIn(folder)).subjects("x");
    expect(Object.keys(digest ?? {})).toEqual(["gitTree"]);
    expect(readFileSync(join(folder, "a\nb"), "utf8")).toBe("1");
  });
});
