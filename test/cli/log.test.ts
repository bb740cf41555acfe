/** The verbs of a log under test, as a person uses them: what it says, the proof of it, witnesses, and a log that is begun anew. */
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openCheckpoint } from "../../src/core/log/checkpoint.js";
import { parseKeyring } from "../../src/core/keys/keyring.js";
import { checkPresence } from "../../src/core/log/presence.js";
import { formatNoteKey, parseNote, parseNoteKey, type NoteKey } from "../../src/core/keys/note.js";
import { parseEnvelope } from "../../src/core/statement/envelope.js";
import { entryOf } from "../../src/core/log/entry.js";
import { hex } from "../../src/core/bytes.js";
import { parseProof } from "../../src/core/log/proof.js";
import { nodeEngine } from "../../src/node/engine.js";
import { serveSite } from "../../src/site/serve.js";
import { Directory } from "../../src/store/directory.js";
import { attest, copyFolder, copyOf, type Ran, type Workspace } from "./attest.js";
import { writeDraft } from "./drafts.js";
import { bringBack, edit, exchange, flip, forge, idAt, keep, leaves, LOG, names, read, run, told } from "./log-lab.js";
import { failure, withCode } from "../core/refusal.js";

let lab: Workspace;
const servers: Server[] = [];
beforeAll(async () => {
  lab = await told();
}, 60_000);
afterAll(() => {
  for (const server of servers) server.close();
});

const succeeded = (ran: Ran): Ran => {
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  return ran;
};
const logKey = (work: Workspace, shard = 0): NoteKey =>
  parseKeyring(read(work, "lab/keys/keyring.json"), nodeEngine).logs[shard]!.key;
const witnessKey = (work: Workspace, name = "eve"): NoteKey =>
  parseNoteKey(readFileSync(join(work.home, "witnesses", name, "key.vkey"), "utf8").trim(), nodeEngine);
const proofAt = (work: Workspace, index: number): string => `lab/attestations/${idAt(work, index)}.tlog-proof`;

async function address(work: Workspace): Promise<string> {
  const server = await serveSite(new Directory(work.path("lab")), { host: "127.0.0.1", port: 0 });
  servers.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe("log show", () => {
  test("has an entry a line, newest last, and the counts", async () => {
    const { stdout, stderr } = succeeded(await lab.attest("log", "show", "lab"));
    const lines = stdout.split("\n");
    expect(lines.slice(0, 5).map((line) => line.replace(/\d{4}-\S+Z/g, "TIME").replace(/[\w/+]{8}$/, "KEY"))).toEqual([
      `0  plan    TIME  ${idAt(lab, 0)}  promised by TIME  SHA256:KEY`,
      `1  result  TIME  ${idAt(lab, 1)}  VALIDATED  names ${idAt(lab, 0)}  SHA256:KEY`,
      `2  plan    TIME  ${idAt(lab, 2)}  promised by TIME  SHA256:KEY`,
      `3  result  TIME  ${idAt(lab, 3)}  REFUTED  names ${idAt(lab, 2)}  SHA256:KEY`,
      `4  plan    TIME  ${idAt(lab, 4)}  promised by TIME  SHA256:KEY`,
    ]);
    expect(lines.slice(6)).toEqual([
      "example.org/lab/attestations/log  5 entries",
      "3 plans: 2 answered, 0 given up, 1 open (0 overdue)",
      "2 results: 1 VALIDATED, 0 INCONCLUSIVE, 1 REFUTED; 0 named no plan",
      "attest log show --open lists the open plans, and says what they mean",
      "",
    ]);
    expect(stderr).toBe("as it is served, and not verified: attest log check does that\n");
  });

  test("says of an open plan how old it is, how late, and what that does not mean", async () => {
    const work = copyOf(lab);
    const long = (leaf: ReturnType<typeof leaves>[number]): typeof leaf =>
      leaf.kind === "plan" ? { ...leaf, at: "2026-01-01T00:00:00Z", deadline: "2026-01-03T00:00:00Z" } : leaf;
    forge(work, leaves(work).map(long).slice(2));
    const { stdout } = succeeded(await work.attest("log", "show", "lab", "--open"));
    expect(stdout).toMatch(
      /^2 {2}plan_\w{16} {2}announced \d+ days ago \(claimed\), promised by 2026-01-03T00:00:00Z, \d+ days overdue, by SHA256:\S{8}\n/,
    );
    expect(stdout).toContain("1 of 2 plans open, 1 overdue");
    expect(stdout).toContain("Nothing is known of runs that were never announced.");
    expect(stdout).toContain("that a witness whom you trust cosigned, proves it to an outsider");
  });

  test("lists every open plan, however many", async () => {
    const work = copyOf(lab);
    const plan = leaves(work)[4]!;
    const many = Array.from({ length: 200 }, (_, at) => ({ ...plan, payload: String(at).padStart(64, "0") }));
    forge(work, many);
    const { stdout } = succeeded(await work.attest("log", "show", "lab", "--open"));
    expect(stdout.match(/^\d+ {2}plan_/gm)).toHaveLength(200);
    const json = (await work.attest("log", "show", "lab", "--open", "--json")).json();
    expect(json["open"]).toHaveLength(200);
    expect(json).not.toHaveProperty("entries");
  });

  test("in JSON is one object, with all entries", async () => {
    expect(succeeded(await lab.attest("log", "show", "lab", "--json")).json()).toMatchObject({
      size: 5,
      plans: 3,
      results: 2,
      unplanned: 0,
      contradictions: 0,
      exit: 0,
      logs: [{ origin: "example.org/lab/attestations/log", size: 5 }],
      open: [{ index: 4, id: idAt(lab, 4), overdue: false }],
      entries: leaves(lab).map((leaf, index) => ({ index, ...leaf })),
    });
  });
});

describe("log prove", () => {
  test("gives a proof under the checkpoint that is published now", async () => {
    const file = `lab/attestations/${idAt(lab, 1)}.json`;
    const { stdout, stderr } = succeeded(await lab.attest("log", "prove", file));
    expect(stderr).toBe("entry 1 of example.org/lab/attestations/log, which has 5 entries now\n");
    const { payload, payloadBytes, signatures } = parseEnvelope(read(lab, file));
    const [{ keyid = "", sig } = { sig: new Uint8Array() }] = signatures;
    const leaf = entryOf({ payload, digest: hex(nodeEngine.sha256(payloadBytes)), keyid, sig }, nodeEngine)!;
    const key = logKey(lab);
    const view = checkPresence(
      { origin: key.name, key: formatNoteKey(key) },
      { proof: Buffer.from(stdout) },
      nodeEngine,
    );
    expect(view.find(leaf)).toEqual({ index: 1, size: 5 });
  });

  test("into a file, which is not overwritten", async () => {
    const work = copyOf(lab);
    const args = ["log", "prove", `lab/attestations/${idAt(lab, 1)}.json`, "--output", "proof"];
    expect(succeeded(await work.attest(...args)).stdout).toBe("proof\n");
    expect(parseProof(read(work, "proof")).index).toBe(1);
    forge(work, leaves(work).slice(0, 3));
    expect(failure(await work.attest(...args, "--json"))).toEqual(withCode("file-exists", "proof"));
  });

  test("says so where it is not in the log", async () => {
    const work = copyOf(lab);
    const file = `lab/attestations/${idAt(lab, 3)}.json`;
    forge(work, leaves(work).slice(0, 3));
    const ran = await work.attest("log", "prove", file, "--json");
    expect(ran.code).toBe(5);
    expect(failure(ran)).toEqual(withCode("log-missing", `${idAt(lab, 3)}.json`, "example.org/lab"));
    expect(failure(ran).hint).toContain("attest add FILE");
  });
});

describe("a witness", () => {
  const bear = (work: Workspace, target = "lab", ...more: readonly string[]): Promise<Ran> =>
    work.attest("log", "witness", target, "--name", "eve", "--log-key", "lab/keys/log.vkey", ...more);

  test("cosigns at an address, and prints what it cosigned", async () => {
    const work = copyOf(lab);
    const { stdout, stderr } = succeeded(await bear(work, await address(work)));
    const key = witnessKey(work);
    const opened = openCheckpoint(Buffer.from(stdout), logKey(work), [key], nodeEngine);
    expect(opened.checkpoint.size).toBe(5);
    expect(opened.cosigned).toHaveLength(1);
    expect(stderr).toContain(
      `made the witness key eve, on this machine; its public line is\n  ${formatNoteKey(key)}\n`,
    );
    expect(stderr).toContain("seen for the first time");
    expect(stderr).toContain(`attest verify FILE --witness ${formatNoteKey(key)}`);
    expect(stderr).toContain("attest log accept FILE --registry DIR");
    const mode = (...parts: string[]): number => statSync(join(work.home, "witnesses", ...parts)).mode & 0o777;
    expect([mode(), mode("eve"), mode("eve", "key.pem")]).toEqual([0o700, 0o700, 0o600]);
  });

  test("cosigns a log that goes on, under the key that the user gave", async () => {
    const work = copyOf(lab);
    succeeded(await bear(work, "lab", "--output", "one"));
    await run(work, "true");
    const ran = succeeded(await bear(work, "lab", "--output", "two", "--json"));
    expect(ran.json()).toMatchObject({
      witness: "eve",
      made: false,
      size: 7,
      before: 5,
      logKeyFrom: "you",
      output: "two",
    });
    expect(openCheckpoint(read(work, "two"), logKey(work), [witnessKey(work)], nodeEngine).cosigned).toHaveLength(1);
    const another = formatNoteKey({ ...logKey(work), name: "other" });
    expect(failure(await bear(work, "lab", "--log-key", another, "--json")).code).toBe("note-format");
  });

  test.each<[string, string, (work: Workspace) => void]>([
    ["backwards", "log-backwards", (work) => bringBack(work, "before")],
    ["rewritten", "log-rewritten", (work) => forge(work, leaves(work).reverse())],
    ["rewritten and grown", "log-rewritten", (work) => forge(work, [...leaves(work).reverse(), leaves(work)[0]!])],
    [
      "without its tiles",
      "log-damaged",
      (work) => {
        forge(work, [...leaves(work), leaves(work)[0]!]);
        rmSync(work.path(LOG, "tile/0"), { recursive: true });
      },
    ],
    ["with a checkpoint that nobody signed", "log-damaged", (work) => edit(work, `${LOG}/checkpoint`, exchange(-6))],
  ])("signs nothing for a log that is %s, and remembers what it was", async (_, code, spoil) => {
    const work = copyOf(lab);
    keep(work, "before");
    await run(work, "true");
    keep(work, "good");
    succeeded(await bear(work, "lab", "--output", "one"));
    spoil(work);
    const ran = await bear(work, "lab", "--output", "two", "--json");
    expect(ran.code).toBe(5);
    expect(ran.json()).toMatchObject({ error: { code }, exit: 5 });
    expect(existsSync(work.path("two"))).toBe(false);
    bringBack(work, "good");
    succeeded(await bear(work, "lab", "--output", "two"));
  });

  test("puts its word into a registry on this disk, where the proofs carry it and the log goes on", async () => {
    const work = copyOf(lab);
    const { stdout } = succeeded(await bear(work));
    expect(stdout).toContain("example.org/lab/attestations/log with 5 entries, cosigned by eve");
    expect(stdout).toContain("5 proofs updated to it");
    const witnesses = [witnessKey(work)];
    for (const index of [0, 1, 2, 3, 4]) {
      const { checkpoint } = parseProof(read(work, proofAt(work, index)));
      expect(openCheckpoint(checkpoint, logKey(work), witnesses, nodeEngine).cosigned).toHaveLength(1);
    }
    const before = read(work, proofAt(work, 1));
    expect((await run(work, "true")).code).toBe(0);
    expect(read(work, proofAt(work, 1))).toEqual(before);
    const checked = succeeded(await work.attest("log", "check", "lab"));
    expect(checked.stdout).toContain("clean: 7 entries");
  });

  test("whose word is of an earlier state counts for the proofs alone, from stdin too, and only once", async () => {
    const work = copyOf(lab);
    succeeded(await bear(work, "lab", "--output", "cosigned"));
    await run(work, "true");
    const { cwd } = work;
    const nobody = { ...work.env, F3_ATTEST_HOME: join(work.root, "nobody") };
    const accept = (): Promise<Ran> =>
      attest(["log", "accept", "-", "--registry", "lab", "--witness", "cosigned.vkey", "--json"], {
        cwd,
        env: nobody,
        input: read(work, "cosigned"),
      });
    expect(succeeded(await accept()).json()).toMatchObject({ size: 5, published: false, cosigners: ["eve"] });
    expect(parseNote(read(work, `${LOG}/checkpoint`)).signatures).toHaveLength(1);
    const cosigned = [0, 1, 2, 3, 4, 5, 6].map(
      (index) => parseNote(parseProof(read(work, proofAt(work, index))).checkpoint).signatures.length,
    );
    expect(cosigned).toEqual([2, 2, 2, 2, 2, 1, 1]);
    expect((await accept()).json()["proofs"]).toEqual([]);
    succeeded(await work.attest("log", "check", "lab"));
  });

  test("whose word is of another log is not taken", async () => {
    const work = copyOf(lab);
    succeeded(await bear(work, "lab", "--output", "cosigned"));
    const accept = (): Promise<Ran> => work.attest("log", "accept", "cosigned", "--registry", "lab", "--json");
    const all = leaves(work);
    forge(work, all.slice(0, 3));
    expect((await accept()).json()).toMatchObject({ error: { code: "log-backwards" }, exit: 5 });
    forge(work, [...all].reverse());
    expect((await accept()).json()).toMatchObject({ error: { code: "log-rewritten" }, exit: 5 });
    forge(work, all);
    edit(work, "cosigned", flip(60));
    expect((await accept()).code).not.toBe(0);
    await work.attest("init", "other", "--origin", "example.org/other");
    succeeded(await bear(work, "other", "--log-key", "other/keys/log.vkey", "--output", "theirs"));
    const ran = await work.attest("log", "accept", "theirs", "--registry", "lab", "--json");
    expect(ran.json()).toMatchObject({ error: { code: "checkpoint-format" }, exit: 2 });
  });
});

describe("a registry on a machine that has not the log's key", () => {
  /** The same files and signing keys, and nothing of the log. */
  function elsewhere(): Workspace {
    const work = copyOf(lab);
    renameSync(join(work.home, "logs"), join(work.root, "logs-kept"));
    return work;
  }

  test("publishes nothing, and says what helps; with the key's folder it works", async () => {
    const work = elsewhere();
    const before = names(work, /./);
    const ran = await run(work, "true", "--json");
    expect(ran.code).toBe(2);
    expect(ran.json()).toMatchObject({
      error: { code: "log-key-missing", hint: expect.stringContaining("copy its folder below logs/") as string },
    });
    expect(names(work, /./)).toEqual(before);
    copyFolder(join(work.root, "logs-kept"), join(work.home, "logs"));
    succeeded(await run(work, "true"));
    succeeded(await work.attest("log", "check", "lab"));
  });

  test("begins a new log where the key is lost, which binds the old one", async () => {
    const work = elsewhere();
    const hint = (await run(work, "true")).stderr;
    expect(hint).toContain("begin a new log: attest log start");
    const ran = succeeded(await work.attest("log", "start", "--registry", "lab", "--reason", "a lost disk"));
    expect(ran.stdout).toBe("example.org/lab/attestations/log-2\n");
    expect(ran.stderr).toContain("example.org/lab/attestations/log is closed with 5 entries");
    expect(ran.stderr).toContain(`its key has no other copy than the one in ${join(work.home, "logs")}`);
    const { logs } = parseKeyring(read(work, "lab/keys/keyring.json"), nodeEngine);
    expect(logs.map(({ name, note }) => [name, note])).toEqual([
      ["log", "a lost disk"],
      ["log-2", undefined],
    ]);
    succeeded(await run(work, "true"));
    const old = `lab/attestations/${idAt(work, 1)}.json`;
    succeeded(await work.attest("verify", old));
    succeeded(await work.attest("log", "prove", old));
    const [fresh] = leaves(work, "lab/attestations/log-2");
    expect(fresh).toMatchObject({ kind: "shard", origin: "example.org/lab/attestations/log", size: 5 });
    const shown = succeeded(await work.attest("log", "show", "lab")).stdout;
    expect(shown).toContain(
      "log-2 0  shard  goes on from example.org/lab/attestations/log, which ended with 5 entries",
    );
    expect(shown).toContain("8 entries together");
    expect(succeeded(await work.attest("log", "check", "lab")).stdout).toContain("clean: 8 entries");
    expect(succeeded(await work.attest("log", "check", await address(work))).stdout).toContain("clean: 8 entries");
  });

  describe("afterwards each thing done to one of the logs has its word", () => {
    let two: Workspace;
    beforeAll(async () => {
      two = elsewhere();
      copyFolder(join(two.root, "logs-kept"), join(two.root, "old-keys"));
      succeeded(await two.attest("log", "start", "--registry", "lab"));
      await run(two, "true");
      succeeded(await two.attest("log", "check", "lab"));
    });
    const keyring = (work: Workspace, change: (logs: unknown[]) => unknown[]): void => {
      const path = work.path("lab/keys/keyring.json");
      const all = JSON.parse(readFileSync(path, "utf8")) as { logs: unknown[] };
      writeFileSync(path, JSON.stringify({ ...all, logs: change(all.logs) }));
    };
    test.each<[string, string, (work: Workspace) => void]>([
      [
        "the new one removed",
        "log-backwards",
        (work) => {
          keyring(work, (logs) => logs.slice(0, 1));
          rmSync(work.path("lab/attestations/log-2"), { recursive: true });
        },
      ],
      [
        "the new one's folder removed",
        "log-backwards",
        (work) => rmSync(work.path("lab/attestations/log-2"), { recursive: true }),
      ],
      ["the old one's folder removed", "log-backwards", (work) => rmSync(work.path(LOG), { recursive: true })],
      [
        "the old one shortened",
        "log-backwards",
        (work) => {
          copyFolder(join(work.root, "old-keys"), join(work.home, "logs"));
          forge(work, leaves(work).slice(0, 4));
        },
      ],
      [
        "the old one rewritten",
        "log-rewritten",
        (work) => {
          copyFolder(join(work.root, "old-keys"), join(work.home, "logs"));
          forge(work, leaves(work).reverse());
        },
      ],
      [
        "the old one gone on with",
        "log-account",
        (work) => {
          copyFolder(join(work.root, "old-keys"), join(work.home, "logs"));
          forge(work, [
            ...leaves(work),
            { ...leaves(work)[4]!, payload: "0".repeat(64) } as ReturnType<typeof leaves>[number],
          ]);
        },
      ],
    ])("%s: %s", async (_, code, spoil) => {
      const work = copyOf(two);
      spoil(work);
      const ran = await work.attest("log", "check", "lab");
      expect(ran.code, ran.stdout).toBe(5);
      expect(ran.stdout).toContain(`[${code}]`);
      if (code === "log-account") return;
      rmSync(`${work.root}/user`, { recursive: true }); // what entry 0 of the new log binds needs no memory
      expect((await work.attest("log", "check", "lab")).code).toBe(5);
    });
  });

  test("is not begun anew by mistake", async () => {
    const work = copyOf(lab);
    const ran = await work.attest("log", "start", "--registry", "lab", "--json");
    expect(ran.json()).toMatchObject({ error: { code: "log-exists" }, exit: 2 });
    succeeded(await work.attest("log", "start", "--registry", "lab", "--anyway"));
    succeeded(await work.attest("log", "check", "lab"));
  });
});

describe("a registry that never had a log", () => {
  test("enters what is published, in the order of its claimed times, and nothing that names a log that is gone", async () => {
    const work = copyOf(lab);
    const gone = names(work, /^(?:plan|test)_.*\.json$/);
    rmSync(work.path(LOG), { recursive: true });
    rmSync(join(work.home, "logs"), { recursive: true });
    for (const name of names(work, /\.tlog-proof$/)) rmSync(work.path("lab/attestations", name));
    const path = work.path("lab/keys/keyring.json");
    const keyring = JSON.parse(readFileSync(path, "utf8")) as object;
    writeFileSync(path, JSON.stringify({ ...keyring, logs: [] }));
    const ids: string[] = [];
    for (const title of ["One", "Another", "A third"]) {
      writeDraft(work, "statement", { title });
      ids.push(
        succeeded(await work.attest("sign", "statement.json", "--registry", "lab", "--json")).json()["id"] as string,
      );
    }
    const shown = await work.attest("log", "show", "lab", "--json");
    expect(shown.json()).toMatchObject({ error: { code: "no-attestations" }, exit: 3 });
    const ran = succeeded(await work.attest("log", "start", "--registry", "lab", "--json")).json();
    expect(ran).toMatchObject({ entered: ids });
    expect([...(ran["skipped"] as string[])].sort()).toEqual(gone);
    expect(ids.map((_, index) => idAt(work, index))).toEqual(ids);
    const { stdout } = succeeded(await work.attest("log", "show", "lab"));
    expect(stdout).toContain("3 results: 3 VALIDATED, 0 INCONCLUSIVE, 0 REFUTED; 3 named no plan");
    const checked = await work.attest("log", "check", "lab");
    expect(checked.stdout.match(/which is not listed here under that key \[log-missing\]$/gm)).toHaveLength(
      gone.length,
    );
    for (const name of gone) rmSync(work.path("lab/attestations", name));
    succeeded(await run(work, "true"));
    succeeded(await work.attest("log", "check", "lab"));
  });
});

test("a signature whose document names no key, or another one, is entered under the key that made it", async () => {
  const work = copyOf(lab);
  succeeded(await work.attest("run", "--subject", "a.txt", "--output", "out.json", "--", "true"));
  succeeded(await work.attest("export", "out.json", "--format", "dsse", "--output", "dsse.json"));
  const envelope = JSON.parse(readFileSync(work.path("dsse.json"), "utf8")) as {
    signatures: { keyid?: string; sig: string }[];
  };
  writeFileSync(
    work.path("out.json"),
    JSON.stringify({ ...envelope, signatures: envelope.signatures.map(({ sig }) => ({ sig })) }),
  );
  succeeded(await work.attest("add", "out.json", "--registry", "lab"));
  expect(leaves(work)[5]).toMatchObject({ kind: "result", keyid: (leaves(work)[0] as { keyid: string }).keyid });
  succeeded(await work.attest("log", "check", "lab"));
});
