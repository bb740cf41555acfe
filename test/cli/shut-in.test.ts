/**
 * A sandbox that is none: what a command in `--sandbox` gets at when it sets about it, as root and as another user; what is found when
 * bubblewrap does less than it was asked for; and files that were open before.
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bubblewrapWorks, WITHOUT_BUBBLEWRAP } from "../bubblewrap.js";
import { attest, fault, MAIN, workspace, type Ran, type Surroundings, type Workspace } from "./attest.js";
import { repository, type Git } from "./git.js";

const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;
// Node itself may lie where that user cannot go: npx keeps the one it was asked for below the home directory.
const starts = (uid: number): boolean =>
  spawnSync(process.execPath, [MAIN, "--version"], { stdio: "ignore", cwd: "/", uid, gid: uid }).status === 0;
const users: readonly (readonly [string, number | undefined, boolean])[] = [
  [isRoot ? "as root" : "as who one is", undefined, bubblewrapWorks()],
  ...(isRoot ? [["as another user", NOBODY, bubblewrapWorks(NOBODY)] as const] : []),
];

let here: Workspace;
let git: Git;
const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => void server.close()));

beforeEach(async () => {
  here = workspace();
  git = repository(here);
  here.write("package.json", `{ "name": "shut" }\n`);
  git("add", "-A");
  git("commit", "-qm", "first");
  await here.attest("init", "lab", "--origin", "example.org/lab");
});

/** All of the workspace, for that user. */
function give(uid: number | undefined): Surroundings {
  if (uid === undefined) return here;
  for (const name of ["", ...readdirSync(here.root, { recursive: true, encoding: "utf8" })])
    lchownSync(join(here.root, name), uid, uid);
  return { ...here, uid };
}
const shut = (who: Surroundings, script: string, ...more: readonly string[]): Promise<Ran> =>
  attest(["run", "--sandbox", "--registry", "lab", ...more, "--", "sh", "-c", script], who);
const inUser = (...parts: readonly string[]): string => join(here.env["HOME"] ?? "", ...parts);

function secret(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "HIDDEN-CONTENT\n");
  return path;
}

describe.each(users)("%s", (_, uid, works) => {
  beforeEach((context) => {
    if (uid !== undefined && !starts(uid)) context.skip("NOT CHECKED: another user cannot start this Node here");
  });

  test("what is hidden stays so, whatever is unmounted", async (context) => {
    if (!works) context.skip(WITHOUT_BUBBLEWRAP);
    const hidden = [
      join(here.home, "keys/signer.pem"),
      secret(inUser("config/f3-attest/keys/a.pem")),
      secret(inUser(".config/f3-attest/keys/b.pem")),
      secret(inUser("state/f3-attest/log")),
      secret(inUser(".local/state/f3-attest/log")),
      secret(inUser(".ssh/id")),
      secret(inUser("gnupg/private-keys-v1.d/x")),
      secret(inUser("runtime/secret")),
      secret(inUser(".netrc")),
    ];
    const escape = hidden.map((path) => `umount ${dirname(path)}; umount -l ${path}; cat ${path}`);
    const nested = `unshare -Urm sh -c '${escape.join("; ")}'`;
    const remount = `mount -o remount,bind,rw /; mount -o remount,rw /; touch ${inUser("written")}`;
    const env = { ...here.env, GNUPGHOME: inUser("gnupg"), XDG_RUNTIME_DIR: inUser("runtime") };
    const ran = await shut({ ...give(uid), env }, `${escape.join("; ")}; ${nested}; ${remount}; true`, "--dry-run");
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stdout + ran.stderr).not.toMatch(/HIDDEN-CONTENT|PRIVATE KEY|age-encryption/);
    expect(existsSync(inUser("written"))).toBe(false);
  });

  test("credentials are hidden where a variable moves them, and what lies beside them is not", async (context) => {
    if (!works) context.skip(WITHOUT_BUBBLEWRAP);
    // In the project, which the command sees as it is: /tmp is another one in there.
    const inHome = (...parts: readonly string[]): string => here.path("home", ...parts);
    const moved: readonly (readonly [variable: string, value: string, ...hidden: readonly string[]])[] = [
      ["AWS_SHARED_CREDENTIALS_FILE", "moved/aws"],
      ["AWS_CONFIG_FILE", "moved/aws-config"],
      ["AZURE_CONFIG_DIR", "moved/azure", "moved/azure/tokens"],
      ["CARGO_HOME", "moved/cargo", "moved/cargo/credentials.toml", "moved/cargo/credentials"],
      ["CLOUDSDK_CONFIG", "moved/gcloud", "moved/gcloud/credentials.db"],
      ["COMPOSER_HOME", "moved/composer", "moved/composer/auth.json"],
      ["DOCKER_CONFIG", "moved/docker", "moved/docker/config.json"],
      ["GH_CONFIG_DIR", "moved/gh", "moved/gh/hosts.yml"],
      ["GOOGLE_APPLICATION_CREDENTIALS", "moved/google.json"],
      ["GRADLE_USER_HOME", "moved/gradle", "moved/gradle/gradle.properties"],
      ["NETRC", "moved/netrc"],
      ["npm_config_userconfig", "moved/npmrc"],
      ["NPM_CONFIG_USERCONFIG", "moved/npmrc-too"],
      ["PASSWORD_STORE_DIR", "moved/store", "moved/store/a.gpg"],
      ["PGPASSFILE", "moved/pgpass"],
      ["REGISTRY_AUTH_FILE", "moved/containers.json"],
      [
        "XDG_CONFIG_HOME",
        "moved/config",
        ...["gh/hosts.yml", "glab-cli/a", "git/credentials"].map((one) => `moved/config/${one}`),
      ],
      ["XDG_DATA_HOME", "moved/data", "moved/data/keyrings/a"],
    ];
    const env: Record<string, string> = { ...here.env, HOME: inHome(), HF_TOKEN_PATH: "/dev/null" };
    const hidden = [
      ...moved.flatMap(([name, value, ...files]) => {
        env[name] = inHome(value);
        return (files.length === 0 ? [value] : files).map((file) => secret(inHome(file)));
      }),
      ...["one", "two"].map((name) => secret(inHome("moved/kube", name))),
      // Beside a variable that says otherwise, the usual place.
      ...[".aws/credentials", ".cargo/credentials", ".pgpass", ".my.cnf", ".config/glab-cli/a"].map((name) =>
        secret(inHome(name)),
      ),
    ];
    env["KUBECONFIG"] = ["one", "two"].map((name) => inHome("moved/kube", name)).join(":");
    const kept = [
      "moved/cargo/bin/tool",
      "moved/config/other/settings",
      "moved/composer/vendor",
      "moved/gradle/caches",
    ];
    for (const name of kept) writeFileSync(secret(inHome(name)), "KEPT\n");
    const look = `cat ${hidden.join(" ")} >&2; cat ${kept.map((name) => inHome(name)).join(" ")} > seen && echo > /dev/null`;
    const ran = await shut({ ...give(uid), env }, look, "--dry-run");
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stdout + ran.stderr).not.toContain("HIDDEN-CONTENT");
    expect(readFileSync(here.path("seen"), "utf8")).toBe("KEPT\n".repeat(kept.length));
  });

  test("nor is the file of a passphrase in sight", async (context) => {
    if (!works) context.skip(WITHOUT_BUBBLEWRAP);
    const file = secret(inUser("passphrase"));
    const ran = await shut(give(uid), `cat ${file}; true`, "--dry-run", "--passphrase-file", file);
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stdout + ran.stderr).not.toContain("HIDDEN-CONTENT");
  });

  test("no capability is left, and none can be had again", async (context) => {
    if (!works) context.skip(WITHOUT_BUBBLEWRAP);
    const ran = await shut(give(uid), "grep -E '^(Cap|NoNew)' /proc/self/status >&2", "--dry-run");
    expect(ran.stderr.match(/^Cap\w+:\t0{16}$/gm)).toHaveLength(5);
    expect(ran.stderr).toMatch(/^NoNewPrivs:\t1$/m);
  });

  test("no git folder of the project and no published file can be written to, replaced or moved", async (context) => {
    if (!works) context.skip(WITHOUT_BUBBLEWRAP);
    for (const folder of ["../library", "nested"]) {
      const inner = repository(here, folder);
      here.write(`${folder}/a`, "1\n");
      inner("add", "-A");
      inner("commit", "-qm", "l");
    }
    git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", join(here.root, "library"), "sub");
    git("clone", "--quiet", "--bare", join(here.root, "library"), "bare.git");
    git("add", "sub", ".gitmodules");
    git("commit", "-qm", "second");
    here.write(".git/info/exclude", "nested\nbare.git\n");
    const places = [".git", ".git/modules/sub", "nested/.git", "bare.git", "lab", "lab/attestations", "lab/keys"];
    const script = [
      ...places.map((place) => `touch ${place}/written; mv ${place} ${place}.moved; rm -rf ${place}`),
      "echo gitdir: ../evil > sub/.git",
      "rm -f sub/.git",
      ...places.map((place) => `umount ${place}; touch ${place}/written`),
      "true",
    ].join("; ");
    const before = statSync(here.path("lab/attest.json")).ino;
    const ran = await shut(give(uid), script);
    expect(ran.code, ran.stderr).toBe(0);
    for (const place of places) {
      expect(existsSync(here.path(place, "written")), place).toBe(false);
      expect(existsSync(here.path(`${place}.moved`)), place).toBe(false);
      expect(existsSync(here.path(place)), place).toBe(true);
    }
    expect(readFileSync(here.path("sub/.git"), "utf8")).toMatch(/modules\/sub/);
    expect(statSync(here.path("lab/attest.json")).ino).toBe(before);
  });

  test("an agent's socket cannot be reached, wherever it lies", async (context) => {
    if (!works) context.skip(WITHOUT_BUBBLEWRAP);
    const socket = inUser("agent.sock");
    const server = createServer((connection) => connection.end("REACHED")).listen(socket);
    servers.push(server);
    await new Promise((resolve) => server.once("listening", resolve));
    if (uid !== undefined) chownSync(socket, uid, uid);
    const ask = `node -e "require('net').connect('${socket}').on('data', (d) => console.log(String(d))).on('error', (e) => console.log(e.code))"`;
    const env = { ...here.env, SSH_AUTH_SOCK: socket };
    const open = await attest(["run", "--dry-run", "--", "sh", "-c", ask], { ...give(uid), env });
    expect(open.stderr).toContain("REACHED"); // as it is without
    const ran = await shut({ ...give(uid), env }, ask, "--dry-run");
    expect(ran.stderr).toMatch(/E[A-Z]+/);
    expect(ran.stderr).not.toContain("REACHED");
  });

  test("a keystore cannot be made where one would be looked for", async (context) => {
    if (!works) context.skip(WITHOUT_BUBBLEWRAP);
    const { PATH = "", TMPDIR = "" } = here.env;
    const env = { PATH, TMPDIR, HOME: here.cwd };
    const places = [".config/f3-attest/keys", ".local/state/f3-attest/pins"];
    const script = places.map((place) => `mkdir -p ${place}; touch ${place}/evil`).join("; ");
    for (const before of ["", "mv .config moved; mv .local/state stated; mv .local localled; "]) {
      const ran = await shut({ ...give(uid), env }, before + script, "--dry-run");
      expect(ran.code, ran.stderr).toBe(0);
      for (const place of places) expect(existsSync(here.path(place)), before).toBe(false);
    }
  });

  test("no registry and no git folder is replaced by moving a folder that holds it", async (context) => {
    if (!works) context.skip(WITHOUT_BUBBLEWRAP);
    here.write(".git/info/exclude", "sites\nothers\n");
    await here.attest("init", "sites/one", "--origin", "example.org/one");
    repository(here, "others/one");
    const moves = ["sites", "others/one", "others"].map((folder) => `mv ${folder} moved`);
    const planted = ["sites/one/planted", "others/one/.git/planted"];
    moves.push(...planted.map((path) => `mkdir -p $(dirname ${path})`));
    const script = [...moves, ...planted.map((path) => `touch ${path}`), "true"].join("; ");
    const ran = await shut(give(uid), script, "--registry", "sites/one");
    expect(ran.code, ran.stderr).toBe(0);
    expect(planted.filter((path) => existsSync(here.path(path)))).toEqual([]);
    expect(existsSync(here.path("sites/one/attest.json"))).toBe(true);
  });

  test.each([[], ["--sandbox"]])("what was open before is closed to the command: %j", async (...more) => {
    if (more.length > 0 && !works) return expect.soft(works, WITHOUT_BUBBLEWRAP).toBe(works);
    const inherited = { 20: secret(inUser("open")), 40: secret(inUser("passphrase")), 41: here.home };
    const script =
      "cat /proc/self/fd/20 /proc/self/fd/40; ls /proc/self/fd/41; for f in /proc/$$/fd/*; do readlink $f; done; true";
    const ran = await attest(["run", "--dry-run", ...more, "--passphrase-fd", "40", "--", "sh", "-c", script], {
      ...give(uid),
      inherited,
    });
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stdout + ran.stderr).not.toMatch(/HIDDEN-CONTENT|^keys$|passphrase/m);
  });
});

test("what was open before is closed to a command that goes on in the background", async () => {
  const inherited = { 40: secret(inUser("passphrase")) };
  expect((await here.attest("task", "create", "look", "--list", "demo")).stdout).toMatch(/^1\b/);
  const script = `cat /proc/self/fd/40 > ${here.path("got")}; true`;
  const ran = await attest(["task", "run", "--task", "1", "--list", "demo", "--wait", "--", "sh", "-c", script], {
    ...here,
    inherited,
  });
  expect(ran.code, ran.stderr).toBe(0);
  expect(readFileSync(here.path("got"), "utf8")).toBe("");
});

/** A program called bwrap that does less than it is asked for. */
function lesser(change: string): Surroundings {
  const path = join(here.root, "bin/bwrap");
  mkdirSync(dirname(path), { recursive: true });
  const real = spawnSync("sh", ["-c", "command -v bwrap"], { encoding: "utf8" }).stdout.trim();
  writeFileSync(path, `#!/bin/bash\nreal=${real}\n[ "$1" = --version ] && exec $real --version\n${change}\n`);
  chmodSync(path, 0o755);
  return { ...here, env: { ...here.env, PATH: `${dirname(path)}:${here.env["PATH"] ?? ""}` } };
}
const without = (name: string, arity: number): string =>
  `args=(); while [ $# -gt 0 ]; do if [ "$1 $2" = "${name}" ] || [ "$1" = "${name}" ]; then shift ${arity}; else args+=("$1"); shift; fi; done; exec $real "\${args[@]}"`;

describe.runIf(users[0]?.[2])("a sandbox that does less than it was asked for is none", () => {
  test.each<[string, string, () => string]>([
    [
      "no sandbox at all",
      "capabilities are left|can be written to",
      () => `while [ "$1" != -- ]; do shift; done; shift; exec "$@"`,
    ],
    ...(isRoot
      ? [
          ["capabilities", "capabilities are left", () => without("--cap-drop ALL", 2)] as [
            string,
            string,
            () => string,
          ],
        ]
      : []),
    [
      "the network",
      "there is a network",
      () =>
        `args=(); for a; do [ "$a" = --unshare-all ] && args+=(--unshare-pid) || args+=("$a"); done; exec $real "\${args[@]}"`,
    ],
    ["keys in sight", "is in sight", () => without(`--tmpfs ${here.home}`, 2)],
    ["a .git that can be written to", "can be written to", () => without(`--ro-bind ${here.path(".git")}`, 3)],
    [
      "a system that can be written to",
      "can be written to",
      () => `args=(); for a; do args+=("\${a/#--ro-bind/--bind}"); done; exec $real "\${args[@]}"`,
    ],
  ])("%s", async (_, found, change) => {
    const refused = fault(await shut(lesser(change()), "touch ran", "--dry-run"));
    expect(refused.error).toMatch(new RegExp(found));
    expect(refused.hint).toMatch(/leave --sandbox out/);
    expect(existsSync(here.path("ran"))).toBe(false);
  });
});
