/** Keys in ssh-agent: a real agent that signs, refuses, is locked, restarted or gone; and answers that no agent should give. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { utf8 } from "../../src/core/bytes.js";
import { wire } from "../../src/core/keys/key.js";
import { agentSigner, identities } from "../../src/keystore/agent.js";
import { nodeEngine } from "../../src/node/engine.js";
import { attest, fault, temporary, workspace } from "../cli/attest.js";
import { lab, writeDraft } from "../cli/drafts.js";
import { naming } from "../core/refusal.js";

const there = spawnSync("ssh-agent", ["-h"]).error === undefined;

let folder: string;
let socket: string;
let agent: ChildProcess;

const begin = async (): Promise<void> => {
  agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  while (!existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, 10));
};
const end = async (): Promise<void> => {
  const ended = new Promise((resolve) => agent.once("exit", resolve));
  agent.kill("SIGKILL");
  await ended;
  execFileSync("rm", ["-f", socket]);
};
const add = (...args: readonly string[]): unknown =>
  execFileSync("ssh-add", args, { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: "ignore" });
const keygen = (name: string, type = "ed25519", comment = "someone@machine"): string => {
  execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", comment, "-f", join(folder, name)]);
  return join(folder, name);
};
const keyidOf = (path: string): string =>
  execFileSync("ssh-keygen", ["-lf", `${path}.pub`], { encoding: "utf8" }).split(" ")[1]!;

describe.runIf(there)("a key in ssh-agent", () => {
  beforeEach(async () => {
    folder = temporary();
    socket = join(folder, "agent");
    await begin();
  });
  afterEach(end);

  test("signs our message as it is; others and those of other types are passed over", async () => {
    const path = keygen("one");
    for (const other of [keygen("two"), keygen("three", "ecdsa"), path]) add(other);
    const signer = await agentSigner(keyidOf(path), socket, nodeEngine);
    const message = utf8("a message");
    const signature = await signer.sign(message);
    expect(nodeEngine.verify(signer.key.bytes, message, signature)).toBe(true);
    expect(signer.key.keyid).toBe(keyidOf(path));
    expect(signer.name).toBe("agent"); // the comment names a person and a machine
    expect(await identities(socket, nodeEngine)).toHaveLength(2);
  });

  test("may carry a comment that is a name", async () => {
    const path = keygen("one", "ed25519", "lab-2026");
    add(path);
    expect((await agentSigner(keyidOf(path), socket, nodeEngine)).name).toBe("lab-2026");
  });

  test("signs the largest message that is ever signed", async () => {
    const path = keygen("one");
    add(path);
    const message = new Uint8Array(60_100).fill(7);
    const signer = await agentSigner(keyidOf(path), socket, nodeEngine);
    expect(nodeEngine.verify(signer.key.bytes, message, await signer.sign(message))).toBe(true);
  });

  test("that was taken away in the meantime is refused", async () => {
    const path = keygen("one");
    add(path);
    const signer = await agentSigner(keyidOf(path), socket, nodeEngine);
    add("-D");
    await expect(signer.sign(utf8("m"))).rejects.toMatchObject({
      code: "agent-failed",
      message: expect.stringMatching(/a refusal/),
    });
  });

  test("of an agent that was restarted with it signs on", async () => {
    const path = keygen("one");
    add(path);
    const signer = await agentSigner(keyidOf(path), socket, nodeEngine);
    await end();
    await begin();
    add(path);
    expect(await signer.sign(utf8("m"))).toHaveLength(64);
  });

  test("signs a run, and no tested command sees the agent", async () => {
    const work = workspace();
    await lab(work);
    const path = keygen("one");
    add(path);
    const env = { ...work.env, SSH_AUTH_SOCK: socket };
    const signing = ["--signer", `agent:${keyidOf(path)}`, "--registry", "lab", "--json"];
    writeDraft(work, "statement", { title: "Another" });
    const ran = await attest(
      ["run", ...signing, "--subject", "statement.json", "--", "sh", "-c", 'test -z "$SSH_AUTH_SOCK"'],
      { cwd: work.cwd, env },
    );
    expect(ran.json()).toMatchObject({ verdict: "VALIDATED", keyid: keyidOf(path) });
    expect(readFileSync(work.path("lab/keys/agent.pub"), "utf8")).toContain("ssh-ed25519 ");
    const verified = await attest(["verify", ran.json()["path"] as string, "--key", `${path}.pub`], {
      cwd: work.cwd,
      env: work.env,
    });
    expect(verified.code, verified.stderr).toBe(0);
    expect(
      fault(
        await attest(["sign", "statement.json", "--signer", "agent:SHA256:none", "--registry", "lab"], {
          cwd: work.cwd,
          env,
        }),
      ).error,
    ).toMatch(naming("SHA256:none"));
    expect(
      fault(await attest(["sign", "statement.json", "--signer", "agent:SHA256:none", "--registry", "lab"], work)).error,
    ).toMatch(naming("SSH_AUTH_SOCK"));
  });
});

describe("an agent that", () => {
  /** Answers every question with these bytes; a fake, because no real one answers so. */
  const answering = async (bytes: Uint8Array): Promise<unknown> => {
    const path = join(temporary(), "agent");
    const server = createServer((connection) => void connection.once("data", () => connection.end(bytes))).listen(path);
    await new Promise((resolve) => server.once("listening", resolve));
    const fault = await identities(path, nodeEngine).catch((error: unknown) => error);
    server.close();
    return fault;
  };
  const lengthed = (...bytes: readonly number[]): Uint8Array => Uint8Array.of(0, 0, 0, bytes.length, ...bytes);

  test.each<[string, Uint8Array, RegExp]>([
    ["says nothing", new Uint8Array(), /truncated/],
    ["breaks off", Uint8Array.of(0, 0, 0, 9, 12), /truncated/],
    ["refuses", lengthed(5), /a refusal/],
    ["answers something else", lengthed(99), naming(99)],
    ["announces too much", Uint8Array.of(255, 0, 0, 0, 12), /an answer of \d+ bytes/],
    ["lists keys that it does not send", lengthed(12, 0, 0, 0, 2), /truncated/],
    ["sends a key that is longer than the answer", lengthed(12, 0, 0, 0, 1, 0, 0, 1, 0), /truncated/],
  ])("%s", async (_, bytes, message) => {
    expect(await answering(bytes)).toMatchObject({ code: "agent-failed", message: expect.stringMatching(message) });
  });

  test("offers a key of small order is not believed", async () => {
    const blob = wire(new Uint8Array(32));
    expect(await answering(lengthed(12, 0, 0, 0, 1, 0, 0, 0, blob.length, ...blob, 0, 0, 0, 0))).toMatchObject({
      code: "key-format",
    });
  });

  test("is not there", async () => {
    const missing = { code: "agent-failed", message: expect.stringMatching(/ENOENT/) };
    await expect(identities(join(temporary(), "none"), nodeEngine)).rejects.toMatchObject(missing);
    await expect(identities(undefined, nodeEngine)).rejects.toMatchObject({
      message: expect.stringMatching(naming("SSH_AUTH_SOCK")),
    });
  });
});
