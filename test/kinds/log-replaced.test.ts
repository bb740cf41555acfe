/**
 * Identity by key where the claim is about a place: a log is known by its origin, so that one which was made anew under another key, or is
 * not listed any more, is no first sight. Not for a verifier, and not for a witness.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { attest, copyOf, stranger, workspace, type Ran, type Workspace } from "../cli/attest.js";

const ORIGIN = "example.org/lab";
const LOG = `${ORIGIN}/attestations/log`;

let made: Workspace;
beforeAll(async () => {
  made = workspace();
  made.write("a.txt", "a\n");
  await lab("lab", "false");
  await lab("again", "true");
});

async function lab(folder: string, command: string): Promise<void> {
  expect((await made.attest("init", folder, "--origin", ORIGIN)).code).toBe(0);
  await made.attest("run", "--registry", folder, "--subject", "a.txt", "--", command);
}

/** Somebody who has the signer's key, a memory of their own, and the registry where it always is. */
function reader(): { work: Workspace; see: (...args: string[]) => Promise<Ran>; replace: () => void } {
  const work = copyOf(made);
  return {
    work,
    see: (...args) => attest(args, stranger(work)),
    replace: () => {
      rmSync(work.path("lab"), { recursive: true });
      renameSync(work.path("again"), work.path("lab"));
    },
  };
}
const KEY = ["--key", "lab/keys/signer.pub"];
const GATE = [...KEY, "--require", "validated,logged,not-retracted"];

describe("a log that was made anew under another key is not a first sight", () => {
  test.each<[string, string[]]>([
    ["to log check", ["log", "check", "lab"]],
    ["to verify", ["verify", "lab", ...KEY]],
    ["to audit", ["audit", "lab", "--offline", ...KEY]],
  ])("%s", async (_, look) => {
    const { see, replace } = reader();
    await see(...look);
    replace();
    expect((await see("log", "check", "lab")).stdout).toContain("[log-rewritten]");
    expect((await see("verify", "lab", ...GATE)).stdout).toContain("[log-rewritten]");
    expect((await see("verify", "lab", ...KEY)).code).toBe(5);
    expect((await see("audit", "lab", "--offline", ...KEY)).code).toBe(5);
  });

  test("to whoever has the document and its proof alone", async () => {
    const { work, see, replace } = reader();
    await see("verify", "lab", ...KEY);
    replace();
    const [name = ""] = readdirSync(work.path("lab/attestations")).filter((one) => /^test_.*json$/.test(one));
    for (const ending of ["json", "tlog-proof"])
      work.write(`alone.${ending}`, readFileSync(work.path("lab/attestations", name.replace(/json$/, ending))));
    const ran = await see("verify", "alone.json", ...KEY);
    expect([ran.code, ran.stdout.includes("[log-rewritten]")]).toEqual([5, true]);
  });

  test("and is accepted in one way: what was seen is forgotten", async () => {
    const { see, replace } = reader();
    await see("log", "check", "lab");
    replace();
    expect((await see("log", "check", "lab")).code).toBe(5);
    expect((await see("log", "forget", LOG)).stdout).toBe(`${LOG}\n`);
    expect((await see("log", "check", "lab")).code).toBe(0);
    expect((await see("verify", "lab", ...GATE)).code).toBe(0);
    expect((await see("log", "forget", "example.org/nowhere")).code).toBe(2);
  });

  test("by the user's own act it is one: who begins a log replaces what they saw", async () => {
    const { work } = reader();
    await work.attest("log", "check", "lab");
    rmSync(work.path("lab"), { recursive: true });
    await work.attest("init", "lab", "--origin", ORIGIN);
    expect((await work.attest("log", "check", "lab")).code).toBe(0);
  });
});

test("a registry that drops a log which was seen there is found out, whichever log its documents name", async () => {
  const { work, see } = reader();
  await work.attest("log", "start", "--registry", "lab", "--anyway", "--reason", "a new machine");
  await work.attest("run", "--registry", "lab", "--subject", "a.txt", "--", "true");
  await see("log", "check", "lab");
  const keyring = JSON.parse(readFileSync(work.path("lab/keys/keyring.json"), "utf8")) as { logs: unknown[] };
  work.write("lab/keys/keyring.json", JSON.stringify({ ...keyring, logs: keyring.logs.slice(0, 1) }));
  expect((await see("verify", "lab", ...KEY)).stdout).toContain("[log-backwards]");
  expect((await see("log", "check", "lab")).stdout).toContain("[log-backwards]");
});

describe("a witness binds an origin to a key for good, so it does not take the first that comes", () => {
  const witness = (see: (...args: string[]) => Promise<Ran>, folder: string, ...more: string[]): Promise<Ran> =>
    see("log", "witness", folder, "--name", "wit", "--output", "cosigned", ...more);

  test("whoever came first in a folder does not keep the name from the one whom the user means", async () => {
    const { see } = reader();
    expect((await witness(see, "again")).code).toBe(0);
    expect((await witness(see, "lab")).stderr).toContain("under another key before");
    expect((await witness(see, "lab", "--log-key", "lab/keys/log.vkey")).code).toBe(0);
    expect((await witness(see, "lab")).code).toBe(0); // it is known by now
    expect((await witness(see, "again")).stderr).toContain("under another key before");
    expect((await witness(see, "again", "--log-key", "again/keys/log.vkey")).code).toBe(5);
  });

  test("at an address that the log is not named after nothing is signed without the key from its user", async () => {
    const { work, see } = reader();
    const server = createServer((request, response) => {
      const path = work.path("again", `.${request.url ?? ""}`);
      if (existsSync(path)) response.end(readFileSync(path));
      else response.writeHead(404).end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const ran = await witness(see, url);
      expect([ran.code, existsSync(work.path("cosigned"))]).toEqual([2, false]);
      expect((await witness(see, url, "--log-key", "again/keys/log.vkey")).code).toBe(0);
    } finally {
      server.close();
    }
  });
});
