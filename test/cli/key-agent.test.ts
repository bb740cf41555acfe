/** A key that stays in ssh-agent, under a name: registered, listed, signed with; and every way in which a real agent does not do it. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { attest, copyOf, fault, workspace, type Ran, type Workspace } from "./attest.js";
import { lab, writeDraft } from "./drafts.js";
import { failure, naming, withCode } from "../core/refusal.js";

const there = ["ssh-agent", "ssh-add", "ssh-keygen"].every((tool) => spawnSync(tool, ["-h"]).error === undefined);
if (!there) console.warn("NOT CHECKED with ssh-agent: it is not here");

let made: Workspace;
let work: Workspace;
let socket = "";
let agent: ChildProcess;

beforeAll(async () => {
  made = workspace();
  await lab(made);
  writeDraft(made, "statement", { title: "Another" });
});

const begin = async (): Promise<void> => {
  agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore", env: { PATH: process.env["PATH"] } });
  while (!existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, 10));
};
const end = async (): Promise<void> => {
  const ended = new Promise((resolve) => agent.once("exit", resolve));
  agent.kill("SIGKILL");
  await ended;
  rmSync(socket, { force: true });
};

const add = (...args: readonly string[]): unknown =>
  execFileSync("ssh-add", args, { env: { PATH: process.env["PATH"], SSH_AUTH_SOCK: socket }, stdio: "ignore" });
function keygen(name: string, type = "ed25519"): { readonly path: string; readonly keyid: string } {
  const path = work.path(name);
  execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", "someone@machine", "-f", path]);
  const [, keyid = ""] = execFileSync("ssh-keygen", ["-lf", `${path}.pub`], { encoding: "utf8" }).split(" ");
  return { path, keyid };
}
const call = (...args: readonly string[]): Promise<Ran> =>
  attest(args, { cwd: work.cwd, env: { ...work.env, SSH_AUTH_SOCK: socket } });
const SIGN = ["sign", "statement.json", "--registry", "lab", "--signer", "held"];
const ok = (ran: Ran): Ran => {
  expect(ran.code, ran.stderr).toBe(0);
  return ran;
};

describe.skipIf(!there)(`a key in ssh-agent${there ? "" : " (NOT CHECKED: there is no ssh-agent here)"}`, () => {
  beforeEach(async () => {
    work = copyOf(made);
    socket = join(work.root, "agent");
    await begin();
  });
  afterEach(end);

  test("has a name and no secret here; it signs under it, and is told from the others", async () => {
    const { path, keyid } = keygen("one");
    for (const one of [path, keygen("rsa", "rsa").path]) add(one); // another type's is passed over
    const ran = ok(await call("key", "new", "held", "--agent"));
    expect(ran.stdout).toBe(`${readFileSync(`${path}.pub`, "utf8").split(" ").slice(0, 2).join(" ")} held\n`);
    expect(ran.stderr).toContain("The secret is in ssh-agent, and nowhere here.");
    expect(readdirSync(join(work.home, "keys"))).toEqual(["held.agent", "held.pub", "signer.pem", "signer.pub"]);
    expect(ok(await call("key", "list")).stdout).toContain(`held\t${keyid}\tin ssh-agent\n`);
    expect(ok(await call("key", "show", "held", "--json")).json()).toMatchObject({ place: "agent", encrypted: false });
    ok(await call(...SIGN));
    expect(readdirSync(work.path("lab/keys"))).toContain("held.pub");
    expect(ok(await work.attest("verify", "lab")).stdout).toContain("2 of 2 verified"); // known as one's own without the agent
  });

  test("is named by its fingerprint where there are several", async () => {
    const [one, two] = [keygen("one"), keygen("two")];
    for (const { path } of [one, two]) add(path);
    const refused = failure(await call("key", "new", "held", "--agent", "--json"));
    expect(refused).toEqual(withCode("usage", "ssh-agent", one.keyid, two.keyid));
    ok(await call("key", "new", "held", "--agent", two.keyid));
    expect(ok(await call("key", "show", "held", "--json")).json()).toMatchObject({ keyid: two.keyid });
  });

  test("never takes the place of another, nor has a passphrase of ours", async () => {
    add(keygen("one").path);
    expect(failure(await call("key", "new", "signer", "--agent", "--json"))).toEqual(withCode("key-exists", "signer"));
    ok(await call("key", "new", "held", "--agent"));
    expect(failure(await call("key", "new", "held", "--agent", "--json"))).toEqual(withCode("key-exists", "held"));
    work.write("pw", "a passphrase\n");
    for (const how of [["--new-passphrase-file", "pw"], ["--remove"]])
      expect(failure(await call("key", "passphrase", "held", ...how, "--json"))).toEqual(
        withCode("usage", "held", "ssh-agent"),
      );
  });

  test("is not registered: none there, not that one, no fingerprint, a locked agent, no agent", async () => {
    const { path, keyid } = keygen("one");
    const refused = async (error: RegExp, ...more: string[]): Promise<void> => {
      expect(fault(await call("key", "new", "held", "--agent", ...more)).error).toMatch(error);
    };
    await refused(/\bssh-agent\b.*\bno Ed25519\b/);
    add(path);
    await refused(naming(`"SHA256:${"A".repeat(43)}"`, "ssh-agent"), `SHA256:${"A".repeat(43)}`);
    await refused(naming("--agent", '"SHA256:short"'), "SHA256:short");
    lock();
    const locked = fault(await call("key", "new", "held", "--agent", keyid));
    expect([locked.error, locked.hint]).toEqual([
      expect.stringMatching(naming(`"${keyid}"`, "ssh-agent")),
      expect.stringContaining("ssh-add -X unlocks it"),
    ]);
    expect(fault(await work.attest("key", "new", "held", "--agent")).error).toMatch(naming("SSH_AUTH_SOCK"));
    await end();
    await refused(/ENOENT/);
    await begin();
    expect(readdirSync(join(work.home, "keys"))).toEqual(["signer.pem", "signer.pub"]);
  });

  test("does not sign: refused for want of a confirmation, locked, taken away, the agent gone or restarted without it", async () => {
    const { path, keyid } = keygen("one");
    add(path);
    ok(await call("key", "new", "held", "--agent"));
    const refused = async (error: RegExp): Promise<void> => {
      const ran = await call(...SIGN);
      expect(ran.code).toBe(2);
      expect(fault(ran).error).toMatch(error);
    };
    add("-D");
    const gone = naming(`"${keyid}"`, "ssh-agent");
    await refused(gone);
    add("-c", path); // and there is no program here to ask with
    await refused(/ssh-agent.*refus/);
    add("-D");
    add(path);
    ok(await call(...SIGN));
    lock();
    await refused(gone);
    await end();
    await refused(naming("ssh-agent", "ENOENT"));
    await begin();
    await refused(gone);
    add(path);
    ok(await call(...SIGN));
    expect(ok(await call("key", "show", "held", "--json")).json()).toMatchObject({ keyid });
  });

  test("whose marker names another key than its public line does not sign", async () => {
    const [one, two] = [keygen("one"), keygen("two")];
    for (const { path } of [one, two]) add(path);
    ok(await call("key", "new", "held", "--agent", one.keyid));
    writeFileSync(join(work.home, "keys/held.pub"), readFileSync(`${two.path}.pub`));
    expect(fault(await call(...SIGN)).error).toMatch(/public part of the key held, but another key's$/);
    rmSync(join(work.home, "keys/held.pub"));
    ok(await call(...SIGN));
  });
});

/** ssh-add asks for the passphrase of the lock on a terminal, or of this program. */
function lock(): void {
  work.write("ask", "#!/bin/sh\necho secret\n");
  execFileSync("chmod", ["755", work.path("ask")]);
  const env = {
    PATH: process.env["PATH"],
    SSH_AUTH_SOCK: socket,
    SSH_ASKPASS: work.path("ask"),
    SSH_ASKPASS_REQUIRE: "force",
  };
  execFileSync("ssh-add", ["-x"], { env, stdio: "ignore" });
}
