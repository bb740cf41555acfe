/** Every option of every verb, once, where it alone makes the difference; an option that is new has no row here and is told. */
import { generateKeyPairSync } from "node:crypto";
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/core/json.js";
import { formatKey } from "../../src/core/keys/key.js";
import type { Draft, EvidenceRef } from "../../src/core/statement/statement.js";
import { Keystore } from "../../src/keystore/keystore.js";
import { nodeEngine } from "../../src/node/engine.js";
import {
  attest,
  attestProcess,
  copyOf,
  ended,
  fault,
  firstLine,
  start,
  colleague,
  stranger,
  workspace,
  type Ran,
  type Workspace,
} from "./attest.js";
import { repository } from "./git.js";
import { lab, locked, publish, secretOf, writeDraft } from "./drafts.js";
import { bringBack, keep, LOG, read } from "./log-lab.js";
import { manual } from "./manual.js";
import { NO_POSTGRES } from "../queue/postgres.js";
import { queueRows } from "./queue-options.js";

const PASSPHRASE = "correct horse battery staple";
const ROTATE = ["key", "rotate", "signer", "later"];
const REVOKE = ["key", "revoke", "signer", "--reason", "stolen"];
const RUN = ["run", "task-aware-background"];
/** A command over a file, which needs no repository. */
const TESTED = ["run", "--subject", "pw"];
/** In the form of one, and nobody's. */
const SECRET = `ghp_${"a1B2".repeat(9)}`;

let plain: Workspace;
let under: Workspace;

beforeAll(async () => {
  plain = workspace();
  await lab(plain);
  plain.write("pw", `${PASSPHRASE}\nanother line\n`);
  plain.write("notes.md", "seen\n");
  writeDraft(plain, "statement", { title: "Another" });
  await plain.attest("task", "create", "one", "--list", "demo");
  under = copyOf(plain);
  await lock(under);
});

/** Puts its key under the passphrase. */
const lock = (work: Workspace): Promise<void> => lockAs(work, "signer");
async function lockAs(work: Workspace, name: string): Promise<void> {
  const text = await locked(secretOf(work, name), PASSPHRASE);
  writeFileSync(join(work.home, "keys", `${name}.age`), text, { mode: 0o600 });
  rmSync(join(work.home, "keys", `${name}.pem`));
}

const ok = (ran: Ran, code = 0): Ran => {
  expect(ran.code, ran.stderr).toBe(code);
  return ran;
};
const refused = (ran: Ran, error: RegExp): unknown => expect(fault(ran).error).toMatch(error);

/** stdout is one JSON object, with it; without it, it is none. */
const asJson = async (work: Workspace, args: readonly string[], member: string, code = 0): Promise<JsonObject> => {
  const told = ok(await copyOf(work).attest(...args), code).stdout;
  expect(() => JSON.parse(told) as unknown).toThrow();
  const value = ok(await work.attest(...args, "--json"), code).json();
  expect(value).toHaveProperty(member);
  return value;
};

const attestations = (work: Workspace, registry = "lab"): number =>
  readdirSync(work.path(registry, "attestations")).filter((name) => /^test_.*\.json$/.test(name)).length;
/** The one attestation of the registry `lab`. */
const theOne = (work: Workspace): string => {
  const folder = work.path("lab", "attestations");
  return join(folder, readdirSync(folder).find((name) => name.startsWith("test_")) ?? "none");
};
const published = (work: Workspace): string =>
  join("lab/attestations", readdirSync(work.path("lab/attestations")).find((name) => name.startsWith("test_")) ?? "");
const second = (work: Workspace): string => formatKey(new Keystore(work.home, nodeEngine).create("second").key);

/** The call that makes a run again which is recorded for it, on a commit of its own. */
async function again(work: Workspace, ...options: readonly string[]): Promise<string[]> {
  work.write(".gitignore", "*\n");
  const git = repository(work);
  git("add", "-f", ".gitignore");
  git("commit", "-qm", "first");
  const ran = ok(await work.attest("run", "--registry", "lab", "--json", ...options, "--", "true")).json();
  return ["reproduce", ran["path"] as string];
}

/** The last option is given the number of an open file. That a process finds the ones that it inherits is in passphrase.test.ts. */
async function withOpenFile(work: Workspace, args: readonly string[]): Promise<Ran> {
  const file = openSync(work.path("pw"), "r");
  try {
    return await attest([...args, String(file)], work);
  } finally {
    closeSync(file);
  }
}

/** The key is locked: nothing without a passphrase, done with it. */
const unlocks = async (args: readonly string[], how: "file" | "fd", code = 0, made?: Workspace): Promise<void> => {
  const work = made ?? copyOf(under);
  if (args[0] !== "demo") refused(await work.attest(...args), /passphrase of the key (?:signer|second), found none/);
  ok(
    how === "file"
      ? await work.attest(...args, "--passphrase-file", "pw")
      : await withOpenFile(work, [...args, "--passphrase-fd"]),
    code,
  );
};

const CAPTURE = ["evidence", "add", "notes.md"];
/** Of the statement that is not signed yet. */
const evidenceOf = (work: Workspace): EvidenceRef[] =>
  (JSON.parse(readFileSync(work.path("statement.json"), "utf8")) as Draft).predicate.f3.evidence;

/** The one attestation of the registry. */
const attestation = (work: Workspace): string => {
  const names = readdirSync(work.path("lab/attestations")).filter((name) => /^test_.*json$/.test(name));
  return work.path(`lab/attestations/${names[0] ?? ""}`);
};

/** What the one notice of the registry says. */
const noticeIn = (work: Workspace): unknown => {
  const [name = ""] = readdirSync(work.path("lab/attestations")).filter((one) => /^note_.*json$/.test(one));
  const document = JSON.parse(readFileSync(work.path(`lab/attestations/${name}`), "utf8")) as JsonObject;
  return (document["payload"] as JsonObject)["predicate"];
};

/** Of a signature by somebody else, with a key that is locked. */
async function unlocksReceipt(option: "--passphrase-file" | "--passphrase-fd"): Promise<void> {
  const work = copyOf(under);
  const other = stranger(work);
  const line = ok(await attest(["key", "new", "other"], other)).stdout.trim();
  ok(await attest(["sign", work.path("statement.json"), "--output", work.path("his.json")], other));
  const how = option === "--passphrase-file" ? "file" : "fd";
  await unlocks(["receipt", "his.json", "--key", line, "--output", "out.json"], how, 0, work);
}

const tomorrow = (): string => new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);

/** `attest waive` of the one attestation with all that it needs, and without an option of these. */
function waiver(work: Workspace) {
  const options: Readonly<Record<string, string>> = {
    "--rule": "evidence-gone",
    "--reason": "a copy is kept",
    "--until": tomorrow(),
    "--registry": "lab",
  };
  const called = (given: Readonly<Record<string, string>>): string[] => [
    ...["waive", theOne(work)],
    ...Object.entries(given).flat(),
  ];
  return {
    all: called(options),
    with: (option: string, value: string): string[] => called({ ...options, [option]: value }),
    without: (option: string): string[] =>
      called(Object.fromEntries(Object.entries(options).filter(([name]) => name !== option))),
  };
}

async function unlocksWaiver(how: "file" | "fd"): Promise<void> {
  const work = copyOf(under);
  await unlocks(waiver(work).all, how, 0, work);
}

/** A key that openssl could have made. */
const foreign = (work: Workspace, passphrase?: string): string =>
  work.write(
    "theirs.pem",
    generateKeyPairSync("ed25519").privateKey.export({
      format: "pem",
      type: "pkcs8",
      ...(passphrase !== undefined && { cipher: "aes-256-cbc", passphrase }),
    }),
  );
const opens = async (work: Workspace, how: "file" | "fd"): Promise<void> => {
  const args = ["key", "import", foreign(work, PASSPHRASE), "--name", "taken"];
  refused(await work.attest(...args), /passphrase of the key in .*theirs\.pem, found none/);
  ok(
    how === "file"
      ? await work.attest(...args, "--passphrase-file", "pw")
      : await withOpenFile(work, [...args, "--passphrase-fd"]),
  );
  expect(readdirSync(join(work.home, "keys"))).toContain("taken.age");
};

const serving = async (work: Workspace, ...args: readonly string[]): Promise<string> => {
  const child = start(["site", "serve", ...args], work);
  const line = await firstLine(child);
  const answer = await fetch(line);
  child.kill("SIGTERM");
  ok(await ended(child));
  return `${new URL(line).host} ${String(answer.status)}`;
};

const UPDATE = ["task", "update", "1", "--list", "demo"];
const WAIT = ["task", "run", "--task", "1", "--wait", "--"];
const METADATA = ['a={"b":[1]}', "c=plain=text", "d=null", "e="].flatMap((pair) => ["--metadata", pair]);

const taskIn = (work: Workspace, id = "1", list = "user/.claude/tasks/demo"): JsonObject =>
  JSON.parse(readFileSync(join(work.root, list, `${id}.json`), "utf8")) as JsonObject;

const changes = async (work: Workspace, member: string, option: string, value: string): Promise<void> => {
  const before = taskIn(work);
  ok(await work.attest(...UPDATE, option, value));
  expect(taskIn(work)).toEqual({ ...before, [member]: value });
};

/** The three options by which every task verb finds its list: of two on the disk, the one that they name. */
function whichList(): Record<string, (work: Workspace) => Promise<unknown>> {
  const verbs: Readonly<Record<string, readonly string[]>> = {
    create: ["a"],
    get: ["1"],
    list: [],
    update: ["1", "--owner", "me"],
    watch: ["1", "--timeout", "60"],
    run: ["--task", "1", "--wait"],
  };
  const found = Object.entries(verbs).flatMap(([verb, args]) => {
    const command = verb === "run" ? ["--", "true"] : [];
    const asked = (work: Workspace, more: readonly string[], input = ""): Promise<Ran> =>
      attest(["task", verb, ...args, ...more, ...command], { ...work, input });
    /** A list of one task, which is completed. */
    const another = (work: Workspace, tasks: string): unknown =>
      work.write(join(tasks, "other/1.json"), JSON.stringify({ ...taskIn(work), status: "completed" }));
    const two = async (work: Workspace): Promise<void> => {
      another(work, "../user/.claude/tasks");
      utimesSync(work.path("../user/.claude/tasks/demo"), 1e9, 1e9); // the older one, however fast both were made
      refused(await asked(work, []), /no task list is named: 2 in .*, the latest first: other, demo$/);
    };
    return [
      [
        `task ${verb} --list`,
        async (work: Workspace) => {
          await two(work);
          ok(await asked(work, ["--list", "other"]));
        },
      ],
      [
        `task ${verb} --hook`,
        async (work: Workspace) => {
          await two(work);
          const hook = JSON.stringify({ session_id: "other", hook_event_name: "Stop" });
          refused(await asked(work, [], hook), /no task list is named/);
          refused(await asked(work, ["--hook"], "{}"), /hook input has no session_id/);
          ok(await asked(work, ["--hook"], hook));
        },
      ],
      [
        `task ${verb} --tasks`,
        async (work: Workspace) => {
          await two(work);
          another(work, "elsewhere");
          ok(await asked(work, ["--tasks", "elsewhere"]));
        },
      ],
    ] as const;
  });
  return Object.fromEntries(found);
}

/** Publishes a result that cites an address beside its own output. */
async function cite(work: Workspace, uri: string): Promise<void> {
  const drafted = JSON.parse(readFileSync(writeDraft(work, "citing", { title: "Citing" }), "utf8")) as {
    predicate: { f3: { evidence: JsonObject[] } };
  };
  const [output = {}] = drafted.predicate.f3.evidence;
  drafted.predicate.f3.evidence.push({ ...output, name: "cited", role: "source", uri });
  ok(await work.attest("sign", work.write("citing.json", JSON.stringify(drafted)), "--registry", "lab"));
}
const WITNESS = ["log", "witness", "lab", "--name", "eve", "--log-key", "lab/keys/log.vkey"];
const ANEW = ["log", "start", "--anyway"];

/** The line of a witness who has cosigned the log of `lab`. */
const witnessed = async (work: Workspace): Promise<string> =>
  ok(await work.attest(...WITNESS, "--json")).json()["vkey"] as string;

/** The id of a plan whose run was killed. */
async function opened(work: Workspace): Promise<string> {
  await work.attestProcess(...TESTED, "--registry", "lab", "--", "/bin/sh", "-c", "kill -9 $PPID");
  const shown = ok(await work.attest("log", "show", "lab", "--open", "--json")).json();
  return (shown["open"] as readonly { readonly id: string }[])[0]?.id ?? "none";
}

/** What the three verbs that say something afterwards have in common. */
function remarks(): Record<string, (work: Workspace) => Promise<unknown>> {
  const idOf = (file: string): string => basename(file, ".json");
  const verbs: Readonly<Record<string, (work: Workspace) => Promise<string[]>>> = {
    retract: (work) => Promise.resolve([idOf(published(work))]),
    supersede: async (work) => {
      const old = idOf(published(work));
      return [old, "--by", idOf(await publish(work, "lab", { title: "A better one" }))];
    },
    abandon: async (work) => [await opened(work)],
  };
  const found = Object.entries(verbs).flatMap(([verb, about]): [string, (work: Workspace) => Promise<unknown>][] => {
    const bare = async (work: Workspace): Promise<string[]> => [verb, ...(await about(work))];
    const asked = async (work: Workspace): Promise<string[]> => [
      ...(await bare(work)),
      ...["--reason", "a slip", "--registry", "lab"],
    ];
    const unlocked = async (work: Workspace, how: "file" | "fd"): Promise<void> => {
      const args = await asked(work);
      await lock(work);
      await unlocks(args, how, 0, work);
    };
    return [
      [
        `${verb} --reason`,
        async (work: Workspace) => {
          const args = [...(await bare(work)), "--registry", "lab"];
          refused(await work.attest(...args), /'--reason <text>' not specified/);
          ok(await work.attest(...args, "--reason", "a slip"));
          expect(noticeIn(work)).toMatchObject({ action: verb, reason: "a slip" });
        },
      ],
      [
        `${verb} --registry`,
        async (work: Workspace) => {
          const args = [...(await bare(work)), "--reason", "a slip"];
          refused(await work.attest(...args), /no registry here/);
          ok(await work.attest(...args, "--registry", "lab"));
          expect(noticeIn(work)).toHaveProperty("action", verb);
        },
      ],
      [
        `${verb} --signer`,
        async (work: Workspace) => {
          const args = await asked(work);
          second(work);
          const other = await work.attest(...args, "--signer", "second", "--json");
          if (verb === "abandon") expect(ok(other, 2).json()).toHaveProperty("error.code", "usage");
          else expect(ok(other).json()).toHaveProperty("heeded", false);
          expect(ok(await work.attest(...args, "--json")).json()).toHaveProperty("heeded", true);
        },
      ],
      [`${verb} --json`, async (work: Workspace) => asJson(work, await asked(work), "heeded")],
      [`${verb} --passphrase-file`, (work: Workspace) => unlocked(work, "file")],
      [`${verb} --passphrase-fd`, (work: Workspace) => unlocked(work, "fd")],
    ];
  });
  return Object.fromEntries(found);
}

/** A pack of the one attestation of `lab`, by somebody who has no key. */
const packing = (work: Workspace, ...options: readonly string[]): Promise<Ran> =>
  attest(["evidence", "pack", ...options], stranger(work));

const rows: Readonly<Record<string, (work: Workspace) => Promise<unknown>>> = {
  "demo --json": async (work) =>
    expect(ok(await work.attest("demo", "--json")).json()).toMatchObject({
      verdict: "INCONCLUSIVE",
      keyMade: false,
      exit: 0,
    }),
  "demo --passphrase-file": () => unlocks(["demo"], "file"),
  "demo --passphrase-fd": () => unlocks(["demo"], "fd"),

  "init --origin": async (work) => {
    ok(await work.attest("init", "new", "--origin", "example.org/new"));
    expect(JSON.parse(readFileSync(work.path("new/attest.json"), "utf8"))).toEqual({
      origin: "example.org/new",
      title: "example.org/new",
    });
  },
  "init --title": async (work) => {
    ok(await work.attest("init", "new", "--origin", "example.org", "--title", "Our lab"));
    expect(JSON.parse(readFileSync(work.path("new/attest.json"), "utf8"))).toEqual({
      origin: "example.org",
      title: "Our lab",
    });
  },
  "init --signer": async (work) => {
    const line = second(work);
    refused(await work.attest("init", "new", "--origin", "example.org"), /: second, signer$/m);
    expect(existsSync(work.path("new"))).toBe(false);
    ok(await work.attest("init", "new", "--origin", "example.org", "--signer", "second"));
    expect(readdirSync(work.path("new/keys"))).toEqual(["keyring.json", "log.vkey", "second.pub"]);
    expect(readFileSync(work.path("new/keys/second.pub"), "utf8")).toBe(`${line} second\n`);
  },
  "init --json": async (work) =>
    expect(await asJson(work, ["init", "new", "--origin", "example.org"], "keyid")).toMatchObject({
      registry: "new",
      origin: "example.org",
      signer: "signer",
      keyMade: false,
    }),

  "key new --json": async (work) =>
    expect(await asJson(work, ["key", "new", "third"], "publicKey")).toMatchObject({ name: "third", encrypted: false }),
  "key new --agent": async (work) => {
    refused(await work.attest("key", "new", "held", "--agent"), /found no SSH_AUTH_SOCK/); // a real one: key-agent.test.ts
    expect(existsSync(join(work.home, "keys/held.pem"))).toBe(false);
  },
  "key list --json": async (work) =>
    expect((await asJson(work, ["key", "list"], "keys"))["keys"]).toMatchObject([{ name: "signer" }]),
  "key show --json": async (work) =>
    expect(await asJson(work, ["key", "show"], "keyid")).toMatchObject({ name: "signer" }),
  "key passphrase --new-passphrase-file": async (work) => {
    refused(await work.attest("key", "passphrase"), /no terminal/);
    ok(await work.attest("key", "passphrase", "--new-passphrase-file", "pw"));
    expect(readdirSync(join(work.home, "keys"))).toEqual(["signer.age", "signer.pub"]);
  },
  "key passphrase --new-passphrase-fd": async (work) => {
    const fd = ["key", "passphrase", "--new-passphrase-fd"];
    refused(await attest([...fd, "three"], work), /--new-passphrase-fd .*"three"/);
    ok(await withOpenFile(work, fd));
    expect(readdirSync(join(work.home, "keys"))).toEqual(["signer.age", "signer.pub"]);
  },
  "key passphrase --remove": async () => {
    const work = copyOf(under);
    refused(await work.attest("key", "passphrase", "--passphrase-file", "pw"), /no terminal/);
    ok(await work.attest("key", "passphrase", "--passphrase-file", "pw", "--remove"));
    expect(readdirSync(join(work.home, "keys"))).toEqual(["signer.pem", "signer.pub"]);
  },
  "key passphrase --json": async (work) =>
    expect(ok(await work.attest("key", "passphrase", "--new-passphrase-file", "pw", "--json")).json()).toMatchObject({
      name: "signer",
      encrypted: true,
    }),
  "key passphrase --passphrase-file": () => unlocks(["key", "passphrase", "--new-passphrase-file", "pw"], "file"),
  "key passphrase --passphrase-fd": () => unlocks(["key", "passphrase", "--new-passphrase-file", "pw"], "fd"),

  "key rotate --reason": async (work) => {
    ok(await work.attest(...ROTATE, "--registry", "lab", "--reason", "a new machine"));
    expect(noticeIn(work)).toHaveProperty("reason", "a new machine");
  },
  "key rotate --registry": async (work) => {
    refused(await work.attest(...ROTATE), /no registry here/);
    ok(await work.attest(...ROTATE, "--registry", "lab"));
    expect(noticeIn(work)).toHaveProperty("action", "rotate");
  },
  "key rotate --output": async (work) => {
    expect(ok(await work.attest(...ROTATE, "--output", "out.json")).stdout).toBe("out.json\n");
    expect(JSON.parse(readFileSync(work.path("out.json"), "utf8"))).toHaveProperty(
      "payload.predicate.action",
      "rotate",
    );
  },
  "key rotate --json": async (work) =>
    expect(await asJson(work, [...ROTATE, "--registry", "lab"], "to")).toHaveProperty("from"),
  "key rotate --passphrase-file": () => unlocks([...ROTATE, "--registry", "lab"], "file"),
  "key rotate --passphrase-fd": () => unlocks([...ROTATE, "--registry", "lab"], "fd"),
  "key revoke --reason": async (work) => {
    refused(await work.attest("key", "revoke", "signer", "--registry", "lab"), /'--reason <text>' not specified/);
    ok(await work.attest(...REVOKE, "--registry", "lab"));
    expect(noticeIn(work)).toHaveProperty("reason", "stolen");
  },
  "key revoke --since": async (work) => {
    ok(await work.attest(...REVOKE, "--registry", "lab", "--since", "2026-01-02T00:00:00Z"));
    expect(noticeIn(work)).toHaveProperty("since", "2026-01-02T00:00:00.000Z");
  },
  "key revoke --signer": async (work) => {
    ok(await work.attest(...ROTATE, "--registry", "lab"));
    ok(await work.attest(...REVOKE, "--registry", "lab", "--signer", "later", "--json"));
  },
  "key revoke --registry": async (work) => {
    refused(await work.attest(...REVOKE), /no registry here/);
    ok(await work.attest(...REVOKE, "--registry", "lab"));
    expect(noticeIn(work)).toHaveProperty("action", "revoke");
  },
  "key revoke --output": async (work) => {
    expect(ok(await work.attest(...REVOKE, "--output", "out.json")).stdout).toBe("out.json\n");
    ok(await work.attest("verify", "lab"));
    ok(await work.attest("verify", "lab", "--notice", "out.json"), 3);
  },
  "key revoke --json": async (work) =>
    expect(await asJson(work, [...REVOKE, "--registry", "lab"], "since")).toHaveProperty("key"),
  "key revoke --passphrase-file": () => unlocks([...REVOKE, "--registry", "lab"], "file"),
  "key revoke --passphrase-fd": () => unlocks([...REVOKE, "--registry", "lab"], "fd"),

  "receipt --signer": async (work) => {
    const receipt = ["receipt", attestation(work), "--output", "out.json"];
    second(work);
    refused(await work.attest(...receipt), /: second, signer$/m);
    ok(await work.attest(...receipt, "--signer", "second"));
  },
  "receipt --registry": async (work) => {
    const other = stranger(work);
    const line = ok(await work.attest("key", "show")).stdout.trim();
    ok(await attest(["key", "new", "witness"], other));
    const receipt = ["receipt", attestation(work), "--key", line];
    ok(await attest(["init", work.path("other"), "--origin", "example.org/other"], other));
    ok(await attest([...receipt, "--registry", work.path("other")], other));
    expect(readdirSync(work.path("other/attestations")).filter((name) => /^note_.*\.json$/.test(name))).toHaveLength(1);
  },
  "receipt --output": async (work) => {
    second(work);
    ok(await work.attest("receipt", attestation(work), "--signer", "second", "--output", "out.json"));
    expect(JSON.parse(readFileSync(work.path("out.json"), "utf8"))).toHaveProperty(
      "payload.predicate.action",
      "receipt",
    );
  },
  "receipt --json": async (work) => {
    second(work);
    await asJson(work, ["receipt", attestation(work), "--signer", "second", "--registry", "lab"], "receipts");
  },
  "receipt --key": async (work) => {
    const [other, line] = [stranger(work), ok(await work.attest("key", "show")).stdout.trim()];
    ok(await attest(["key", "new", "witness"], other));
    work.write("out/one.json", readFileSync(attestation(work), "utf8"));
    const receipt = ["receipt", work.path("out/one.json"), "--output", work.path("receipt.json")];
    refused(await attest(receipt, other), /the key is unknown/);
    ok(await attest([...receipt, "--key", line], other));
  },
  "receipt --keyring": async (work) => {
    const other = stranger(work);
    ok(await attest(["key", "new", "witness"], other));
    work.write("out/one.json", readFileSync(attestation(work), "utf8"));
    const receipt = ["receipt", work.path("out/one.json"), "--output", work.path("receipt.json")];
    refused(await attest(receipt, other), /the key is unknown/);
    ok(await attest([...receipt, "--keyring", work.path("lab/keys/keyring.json")], other));
  },
  "receipt --notice": async (work) => {
    const [other, line] = [stranger(work), ok(await work.attest("key", "show")).stdout.trim()];
    ok(await attest(["key", "new", "witness"], other));
    ok(await work.attest(...ROTATE, "--output", "hand-over.json"));
    ok(await work.attest("sign", "statement.json", "--signer", "later", "--output", "one.json"));
    const receipt = ["receipt", work.path("one.json"), "--key", line, "--output", work.path("receipt.json")];
    refused(await attest(receipt, other), /the key is unknown/);
    ok(await attest([...receipt, "--notice", work.path("hand-over.json")], other));
  },
  "receipt --passphrase-file": () => unlocksReceipt("--passphrase-file"),
  "receipt --passphrase-fd": () => unlocksReceipt("--passphrase-fd"),

  "publish --to": async (work) => {
    refused(await work.attest("publish", "--registry", "lab"), /'--to <place>' not specified/);
    ok(await work.attest("publish", "--registry", "lab", "--to", "copy"));
    expect(existsSync(work.path("copy/attest.json"))).toBe(true);
  },
  "publish --registry": async (work) => {
    refused(await work.attest("publish", "--to", "copy"), /registry/);
    expect(ok(await work.attest("publish", "--to", "copy", "--registry", "lab")).stdout).toBe("copy\n");
  },
  "publish --json": async (work) => {
    const ran = ok(await work.attest("publish", "--to", "copy", "--registry", "lab", "--json"));
    expect(ran.json()).toMatchObject({ origin: "example.org/lab", to: "copy", documents: 1 });
  },

  ...remarks(),
  "supersede --by": async (work) => {
    const args = ["supersede", published(work), "--reason", "run again"];
    const { digest, id } = ok(await work.attest("sign", "statement.json", "--registry", "lab", "--json")).json();
    refused(await work.attest(...args), /'--by <id>' not specified/);
    ok(await work.attest(...args, "--by", id as string));
    expect(noticeIn(work)).toMatchObject({ action: "supersede", by: digest });
  },

  "waive --rule": async (work) => {
    refused(await work.attest(...waiver(work).without("--rule")), /'--rule <id>' not specified/);
    refused(await work.attest(...waiver(work).with("--rule", "evidence-lost")), /--rule takes the id of a rule/);
    ok(await work.attest(...waiver(work).all));
    expect(noticeIn(work)).toMatchObject({ action: "waive", rule: "evidence-gone" });
  },
  "waive --pointer": async (work) => {
    ok(await work.attest(...waiver(work).all, "--pointer", "/predicate/f3/evidence/0"));
    expect(noticeIn(work)).toHaveProperty("pointer", "/predicate/f3/evidence/0");
    refused(await work.attest(...waiver(work).all, "--pointer", "evidence"), /a JSON pointer/);
  },
  "waive --reason": async (work) => {
    refused(await work.attest(...waiver(work).without("--reason")), /'--reason <text>' not specified/);
    ok(await work.attest(...waiver(work).all));
    expect(noticeIn(work)).toHaveProperty("reason", "a copy is kept");
  },
  "waive --until": async (work) => {
    refused(await work.attest(...waiver(work).without("--until")), /'--until <date>' not specified/);
    ok(await work.attest(...waiver(work).all));
    expect(noticeIn(work)).toHaveProperty("until", `${tomorrow()}T23:59:59Z`);
  },
  "waive --registry": async (work) => {
    const { all, without } = waiver(work);
    const named = without("--registry").map((arg) => basename(arg, ".json"));
    refused(await work.attest(...named), /no registry here/);
    ok(await work.attest(...named, "--registry", "lab"));
    ok(await work.attest(...all));
  },
  "waive --output": async (work) => {
    ok(await work.attest(...waiver(work).without("--registry"), "--output", "out.json"));
    expect(JSON.parse(readFileSync(work.path("out.json"), "utf8"))).toHaveProperty("payload.predicate.action", "waive");
    expect(readdirSync(work.path("lab/attestations")).filter((name) => name.startsWith("note_"))).toEqual([]);
  },
  "waive --signer": async (work) => {
    second(work);
    const args = waiver(work).all;
    const keyid = async (...more: string[]): Promise<unknown> =>
      ok(await work.attest(...args, ...more, "--json")).json()["keyid"];
    expect(await keyid("--signer", "second")).not.toBe(await keyid("--signer", "signer"));
  },
  "waive --json": async (work) =>
    expect(await asJson(work, waiver(work).all, "until")).toMatchObject({ action: "waive", rule: "evidence-gone" }),
  "waive --passphrase-file": () => unlocksWaiver("file"),
  "waive --passphrase-fd": () => unlocksWaiver("fd"),

  "log show --open": async (work) => {
    const id = await opened(work);
    expect(ok(await work.attest("log", "show", "lab")).stdout).not.toContain("1 of 1 plan open");
    const { stdout } = ok(await work.attest("log", "show", "lab", "--open"));
    expect(stdout).toContain("1 of 1 plan open");
    expect(stdout.match(/^\d+ .*$/gm)).toEqual([expect.stringContaining(id), expect.any(String)]);
  },
  "log show --json": (work) => asJson(work, ["log", "show", "lab"], "entries"),
  "log prove --registry": async (work) => {
    work.write("alone.json", readFileSync(theOne(work)));
    refused(await work.attest("log", "prove", "alone.json"), /no registry here/);
    ok(await work.attest("log", "prove", "alone.json", "--registry", "lab"));
  },
  "log prove --output": async (work) => {
    const { stdout } = ok(await work.attest("log", "prove", published(work)));
    expect(ok(await work.attest("log", "prove", published(work), "--output", "proof")).stdout).toBe("proof\n");
    expect(readFileSync(work.path("proof"), "utf8")).toBe(stdout);
  },
  "log prove --json": (work) => asJson(work, ["log", "prove", published(work)], "proof"),
  "log check --from": async (work) => {
    keep(work, "before");
    ok(await work.attest("sign", "statement.json", "--registry", "lab"));
    work.write("kept", read(work, `${LOG}/checkpoint`));
    bringBack(work, "before");
    ok(await work.attest("log", "check", "lab"));
    expect(ok(await work.attest("log", "check", "lab", "--from", "kept"), 5).stdout).toContain("[log-backwards]");
  },
  "log check --json": (work) => asJson(work, ["log", "check", "lab"], "findings"),
  "log complete --json": (work) => asJson(work, ["log", "complete", "lab"], "entered"),
  "log witness --name": async (work) => {
    refused(await work.attest(...WITNESS.filter((word) => word !== "--name" && word !== "eve")), /'--name <name>' not/);
    ok(await work.attest(...WITNESS));
    expect(readdirSync(join(work.home, "witnesses"))).toEqual(["eve"]);
  },
  "log witness --log-key": async (work) => {
    ok(await work.attest("init", "other", "--origin", "example.org/other"));
    const without = WITNESS.slice(0, -2);
    refused(await work.attest(...without, "--log-key", "other/keys/log.vkey"), /under other keys/);
    expect(ok(await work.attest(...without, "--json")).json()).toHaveProperty("logKeyFrom", "folder");
    expect(ok(await work.attest(...WITNESS, "--json")).json()).toHaveProperty("logKeyFrom", "you");
    expect(ok(await work.attest(...without, "--json")).json()).toHaveProperty("logKeyFrom", "memory");
  },
  "log witness --output": async (work) => {
    const before = read(work, `${LOG}/checkpoint`);
    expect(ok(await work.attest(...WITNESS, "--output", "cosigned")).stdout).toBe("cosigned\n");
    expect(read(work, `${LOG}/checkpoint`)).toEqual(before);
    ok(await work.attest(...WITNESS));
    expect(read(work, `${LOG}/checkpoint`)).not.toEqual(before);
  },
  "log witness --json": (work) => asJson(work, WITNESS, "vkey"),
  "log forget --json": async (work) => {
    ok(await work.attest("log", "check", "lab"));
    await asJson(work, ["log", "forget", "example.org/lab"], "forgotten");
  },
  "log accept --registry": async (work) => {
    ok(await work.attest(...WITNESS, "--output", "cosigned"));
    refused(await work.attest("log", "accept", "cosigned"), /no registry here/);
    ok(await work.attest("log", "accept", "cosigned", "--registry", "lab"));
    expect(read(work, `${LOG}/checkpoint`)).toEqual(read(work, "cosigned"));
  },
  "log accept --witness": async (work) => {
    ok(await work.attest(...WITNESS, "--output", "cosigned"));
    renameSync(work.path("cosigned.vkey"), work.path("line"));
    refused(await work.attest("log", "accept", "cosigned", "--registry", "lab"), /by a witness that you named/);
    ok(await work.attest("log", "accept", "cosigned", "--registry", "lab", "--witness", "line"));
  },
  "log accept --json": async (work) => {
    ok(await work.attest(...WITNESS, "--output", "cosigned"));
    await asJson(work, ["log", "accept", "cosigned", "--registry", "lab"], "cosigners");
  },
  "log start --registry": async (work) => {
    refused(await work.attest(...ANEW), /no registry here/);
    expect(ok(await work.attest(...ANEW, "--registry", "lab")).stdout).toBe("example.org/lab/attestations/log-2\n");
  },
  "log start --reason": async (work) => {
    ok(await work.attest(...ANEW, "--registry", "lab", "--reason", "a lost disk"));
    expect(readFileSync(work.path("lab/keys/keyring.json"), "utf8")).toContain("a lost disk");
  },
  "log start --anyway": async (work) => {
    refused(await work.attest("log", "start", "--registry", "lab"), /the registry has a log/);
    ok(await work.attest("log", "start", "--registry", "lab", "--anyway"));
  },
  "log start --json": (work) => asJson(work, [...ANEW, "--registry", "lab"], "closed"),

  "verify --witness": async (work) => {
    const line = await witnessed(work);
    const gate = (...more: readonly string[]): Promise<Ran> =>
      work.attest("verify", "lab", "--require", "witnessed", ...more);
    ok(await gate(), 3);
    ok(await gate("--witness", line));
    ok(await gate("--witness", work.write("eve.vkey", `${line}\n`)));
    refused(await gate("--witness", "lab/keys/log.vkey"), /a witness has a key of type/);
    refused(await gate("--witness", "absent.vkey"), /no such file: absent/);
  },
  "show --witness": async (work) => {
    const line = await witnessed(work);
    expect(ok(await work.attest("show", "lab", "--json")).json()).not.toHaveProperty("report.logged.witnessed");
    const ran = ok(await work.attest("show", "lab", "--json", "--witness", line));
    expect(ran.json()).toHaveProperty("report.logged.witnessed.by", ["eve"]);
  },
  // Of a key that was revoked: it had signed before, which nobody but the witness says.
  "reproduce --witness": async (work) => {
    const asked = [...(await again(work)), "--dry-run"];
    const line = await witnessed(work);
    ok(await work.attest(...REVOKE, "--registry", "lab"));
    refused(await work.attest(...asked), /: the key is revoked/);
    ok(await work.attest(...asked, "--witness", line));
  },

  "verify --notice": async (work) => {
    ok(await work.attest(...REVOKE, "--output", "out.json"));
    refused(await work.attest("verify", attestation(work), "--notice", "absent.json"), /no such file: absent/);
    ok(await work.attest("verify", attestation(work)));
    ok(await work.attest("verify", attestation(work), "--notice", "out.json"), 3);
  },
  "show --notice": async (work) => {
    ok(await work.attest(...REVOKE, "--output", "out.json"));
    expect(ok(await work.attest("show", attestation(work))).stdout).toContain("confirmed by you");
    const told = ok(await work.attest("show", attestation(work), "--notice", "out.json")).stdout;
    expect(told).not.toContain("confirmed by you");
  },

  "trust add --origin": async (work) => {
    const line = ok(await work.attest("key", "show")).stdout.trim();
    ok(await attest(["trust", "add", "elsewhere", line, "--origin", "example.org/other"], stranger(work)));
    ok(await attest(["verify", "lab"], stranger(work)), 3);
    ok(await attest(["trust", "add", "here", line, "--origin", "example.org/lab"], stranger(work)));
    ok(await attest(["verify", "lab"], stranger(work)));
  },
  "trust add --json": async (work) =>
    expect(ok(await work.attest("trust", "add", "lab", "lab/keys/signer.pub", "--json")).json()).toMatchObject({
      name: "lab",
      added: true,
    }),
  "trust list --json": (work) => asJson(work, ["trust", "list"], "pins"),
  "trust remove --json": async (work) => {
    ok(await work.attest("trust", "add", "lab", "lab/keys/signer.pub"));
    expect(ok(await work.attest("trust", "remove", "lab", "--json")).json()).toMatchObject({ name: "lab" });
  },
  "key import --name": async (work) => {
    const file = foreign(work);
    refused(await work.attest("key", "import", file), /a key named signer/);
    ok(await work.attest("key", "import", file, "--name", "taken"));
    expect(readdirSync(join(work.home, "keys"))).toContain("taken.pem");
  },
  "key import --json": async (work) =>
    expect(await asJson(work, ["key", "import", foreign(work), "--name", "taken"], "keyid")).toMatchObject({
      name: "taken",
      place: "plain",
    }),
  "key import --passphrase-file": (work) => opens(work, "file"),
  "key import --passphrase-fd": (work) => opens(work, "fd"),
  "key export --format": async (work) => {
    refused(await work.attest("key", "export", "--format", "jwk"), /Allowed choices are openssh, pem/);
    expect(ok(await work.attest("key", "export")).stdout).toMatch(/^ssh-ed25519 \S+ signer\n$/);
    expect(ok(await work.attest("key", "export", "--format", "pem")).stdout).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
  },
  "key export --json": async (work) =>
    expect(await asJson(work, ["key", "export", "--format", "signify"], "text")).toMatchObject({ format: "signify" }),

  "run --profile": async (work) => {
    refused(
      await work.attest(...RUN, "--registry", "lab", "--profile", "nothing"),
      /a profile of task-aware-background, found "nothing"/,
    );
    const told = ok(await work.attest(...RUN, "--dry-run", "--profile", "proof-of-concept"), 1);
    expect(told.stdout).toContain('"--profile",\n          "proof-of-concept"');
  },
  "run --driver": async (work) => {
    refused(
      await work.attest(...RUN, "--dry-run", "--driver", "claude-code=nowhere/claude"),
      /a program at "nowhere\/claude", found none/,
    );
    const told = ok(await work.attest(...RUN, "--dry-run", "--driver", "fs", "--json"), 1).json();
    expect(told).toHaveProperty("statement.predicate.f3.run.command", ["attest", ...RUN, "--driver", "fs"]);
  },
  // The one shorter run that there is takes most of a minute: its cases are tested with the matrix.
  "run --quick": async (work) => {
    refused(
      await work.attest(...RUN, "--dry-run", "--quick"),
      /a shorter run of task-aware-background, found "--quick"/,
    );
    ok(await work.attest(...RUN, "--dry-run"), 1);
  },
  "run --report": async (work) => {
    const print = ["--", "echo", "fine"];
    const asked = [...TESTED, "--dry-run", "--json"];
    expect(ok(await work.attest(...asked, ...print)).stderr).toBe("fine\n");
    expect(ok(await work.attest(...asked, "--report", "-", ...print), 1).stdout).toContain("INCONCLUSIVE");
  },
  "run --subject": async (work) => {
    const subjectOf = (ran: Ran): unknown =>
      (JSON.parse(ok(ran).stdout) as { subject: { digest: object }[] }).subject[0]?.digest;
    expect(subjectOf(await work.attest("run", "--dry-run", "--", "true"))).toHaveProperty("dirHash");
    expect(subjectOf(await work.attest(...TESTED, "--dry-run", "--", "true"))).toHaveProperty("sha256");
  },
  "run --env": async (work) => {
    const told = (...more: readonly string[]): Promise<Ran> =>
      attest([...TESTED, "--dry-run", ...more, "--", "true"], { ...work, env: { ...work.env, FLAVOUR: "sweet" } });
    expect(ok(await told()).stdout).not.toContain("sweet");
    expect(ok(await told("--env", "FLAVOUR")).stdout).toContain('"$FLAVOUR": "sweet"');
  },
  "run --title": async (work) => {
    const told = ok(await work.attest(...TESTED, "--dry-run", "--title", "All is well", "--", "true"));
    expect(JSON.parse(told.stdout)).toHaveProperty("predicate.f3.title", "All is well");
  },
  "run --timeout": async (work) => {
    refused(await work.attest(...TESTED, "--dry-run", "--timeout", "soon", "--", "true"), /--timeout .*takes seconds/);
    ok(await work.attest(...TESTED, "--dry-run", "--timeout", "0.2", "--", "sleep", "60"), 143);
  },
  "run --no-skips": async (work) => {
    const print = ["--dry-run", "--", "printf", "TAP version 13\\n1..2\\nok 1 - a\\nok 2 - b # SKIP\\n"];
    ok(await work.attest(...TESTED, ...print));
    ok(await work.attest(...TESTED, "--no-skips", ...print), 1);
  },
  "run --allow-retries": async (work) => {
    const test = { name: "a", status: "passed", duration: 1, flaky: true };
    const summary = { tests: 1, passed: 1, failed: 0, skipped: 0, pending: 0, other: 0 };
    const print = [
      "--dry-run",
      "--",
      "echo",
      JSON.stringify({ results: { tool: { name: "t" }, summary, tests: [test] } }),
    ];
    ok(await work.attest(...TESTED, ...print), 1);
    ok(await work.attest(...TESTED, "--allow-retries", ...print));
  },
  "run --allow-counts": async (work) => {
    const print = (failures: number): string[] => [
      ...["--dry-run", "--", "echo"],
      `<testsuite name="s" tests="9" failures="${failures}"><testcase name="a"/></testsuite>`,
    ];
    ok(await work.attest(...TESTED, ...print(0)), 1);
    ok(await work.attest(...TESTED, "--allow-counts", ...print(0)));
    ok(await work.attest(...TESTED, "--allow-counts", ...print(1)), 1);
  },
  // What a command can and cannot do there is tested where bubblewrap is; here it is not to be had.
  "run --sandbox": async (work) => {
    const without = { ...work, env: { ...work.env, PATH: "/nowhere" } };
    const asked = [...TESTED, "--dry-run"];
    ok(await attest([...asked, "--", "/bin/true"], without));
    refused(await attest([...asked, "--sandbox", "--", "/bin/true"], without), /\bbubblewrap\b/);
  },
  "run --allow-secret": async (work) => {
    const asked = [...TESTED, "--dry-run", "--title", SECRET];
    refused(await work.attest(...asked, "--", "true"), /github-token/);
    refused(await work.attest(...asked, "--allow-secret", "no-rule", "--", "true"), /the name of a rule/);
    ok(await work.attest(...asked, "--allow-secret", "github-token", "--", "true"));
  },
  "run --registry": async (work) => {
    refused(await work.attest(...RUN), /no registry here/);
    ok(await work.attest(...RUN, "--registry", "lab"), 1);
    expect(attestations(work)).toBe(2);
  },
  "run --signer": async (work) => {
    second(work);
    ok(await work.attest(...RUN, "--registry", "lab", "--signer", "second"), 1);
    expect(readdirSync(work.path("lab/keys"))).toContain("second.pub");
  },
  "run --output": async (work) => {
    ok(await work.attest(...RUN, "--output", "out.json"), 1);
    expect(readdirSync(work.cwd)).toEqual(expect.arrayContaining(["out.json", "out.evidence"]));
    ok(await work.attest("verify", "out.json"));
    expect(attestations(work)).toBe(1);
  },
  "run --dry-run": async (work) => {
    const before = readdirSync(work.root, { recursive: true });
    const told = ok(await work.attest(...RUN, "--registry", "lab", "--dry-run"), 1);
    expect(JSON.parse(told.stdout)).toHaveProperty("predicate.f3.verdict", "INCONCLUSIVE");
    expect(told.stdout).not.toContain("signedAt");
    expect(readdirSync(work.root, { recursive: true })).toEqual(before);
  },
  "run --unsigned": async (work) => {
    refused(await work.attest(...RUN, "--unsigned"), /--unsigned needs --output/);
    const told = ok(await attestProcess([...RUN, "--unsigned", "--output", "out.json"], stranger(work)), 1);
    expect(JSON.parse(readFileSync(work.path("out.json"), "utf8"))).not.toHaveProperty("signatures");
    // What it says of other attestations takes effect by a signature: the words that allow it are told.
    const [, words = ""] = /attest sign (out\.json .*)$/m.exec(told.stderr) ?? [];
    ok(await work.attest("sign", ...words.split(" "), "--registry", "lab"));
  },
  "run --json": async (work) =>
    expect(await asJson(work, [...RUN, "--registry", "lab"], "digest", 1)).toMatchObject({
      verdict: "INCONCLUSIVE",
      exit: 1,
    }),
  "run --passphrase-file": () => unlocks([...RUN, "--registry", "lab"], "file", 1),
  "run --passphrase-fd": () => unlocks([...RUN, "--registry", "lab"], "fd", 1),

  "evidence add --statement": async (work) => {
    ok(await work.attest(...CAPTURE, "--statement", "statement.json"));
    expect(evidenceOf(work).map(({ name }) => name)).toEqual(["output.txt", "notes.md"]);
  },
  "evidence add --output": async (work) => {
    refused(await work.attest(...CAPTURE), /--statement FILE or --output DIR is missing/);
    refused(
      await work.attest(...CAPTURE, "--output", "out", "--statement", "statement.json"),
      /--statement .*cannot be used with .*--output/,
    );
    const [piece] = ok(await work.attest(...CAPTURE, "--output", "out")).json()["evidence"] as EvidenceRef[];
    const { sha256 = "" } = piece?.digest ?? {};
    expect(readFileSync(work.path("out/sha256", sha256.slice(0, 2), sha256), "utf8")).toBe("seen\n");
    expect(evidenceOf(work)).toHaveLength(1);
  },
  "evidence add --role": async (work) => {
    ok(await work.attest(...CAPTURE, "--statement", "statement.json", "--role", "record"));
    expect(evidenceOf(work)[1]).toMatchObject({ role: "record" });
    refused(
      await work.attest(...CAPTURE, "--statement", "statement.json", "--role", " "),
      /--role and --name cannot be empty/,
    );
  },
  "evidence add --name": async (work) => {
    ok(await work.attest(...CAPTURE, "--statement", "statement.json", "--name", "what was seen"));
    expect(evidenceOf(work)[1]).toMatchObject({ name: "what was seen" });
    refused(
      await work.attest(...CAPTURE, "pw", "--output", "out", "--name", "x"),
      /--name takes one source, and there are 2/,
    );
  },
  "evidence add --media-type": async (work) => {
    ok(await work.attest(...CAPTURE, "--statement", "statement.json", "--media-type", "text/markdown"));
    expect(evidenceOf(work)[1]).toMatchObject({ mediaType: "text/markdown" });
  },
  "evidence add --allow": async (work) => {
    const server = createServer((_, response) => response.end("seen\n"));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const add = ["evidence", "add", `http://${host}/`, "--statement", "statement.json"];
    const told = ok(await work.attest(...add), 4);
    expect(told.stderr).toMatch(/leads to .*loopback.*\nhint: .*--allow HOST:PORT/);
    ok(await work.attest(...add, "--allow", "other.example:80", "--allow", host));
    server.close();
    expect(evidenceOf(work)[1]).toMatchObject({ uri: `http://${host}/` });
  },
  "evidence add --json": async (work) =>
    expect(await asJson(work, [...CAPTURE, "--statement", "statement.json"], "evidence")).toMatchObject({ added: 1 }),

  "audit --with": async (work) => {
    ok(await work.attest("init", "other", "--origin", "example.org/other"));
    const failed = writeDraft(work, "failed", { outcome: "failed" });
    ok(await work.attest("sign", failed, "--registry", "other"));
    ok(await work.attest("audit", "lab", "--offline"));
    expect(ok(await work.attest("audit", "lab", "--offline", "--with", "other"), 5).stdout).toContain(
      "verdict-opposite",
    );
    refused(await work.attest("audit", "lab", "--offline", "--with", "absent.json"), /no such file: absent\.json/);
  },
  "audit --offline": async (work) => {
    const server = createServer((_, response) => response.end("4\n"));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    await cite(work, `http://${host}/`);
    let asked = 0;
    server.on("request", () => (asked += 1));
    ok(await work.attest("audit", "lab", "--allow", host, "--offline"));
    expect(asked).toBe(0);
    ok(await work.attest("audit", "lab", "--allow", host));
    expect(asked).toBe(1);
    server.close();
  },
  "audit --allow": async (work) => {
    const server = createServer((_, response) => response.end("4\n"));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    await cite(work, `http://${host}/`);
    expect(ok(await work.attest("audit", "lab"), 5).stdout).toContain("evidence-blocked");
    ok(await work.attest("audit", "lab", "--allow", "other.example:80", "--allow", host));
    refused(await work.attest("audit", "lab", "--offline", "--allow", "nonsense"), /nonsense/);
    server.close();
  },
  "audit --git": async (work) => {
    const git = repository(work, "clone");
    work.write("clone/a", "1");
    git("add", ".");
    git("commit", "-qm", "one");
    ok(await work.attest("audit", "lab", "--offline", "--git", "clone"));
    refused(await work.attest("audit", "lab", "--offline", "--git", "pw"), /./);
  },
  "audit --files": async (work) => {
    work.write("files/add.js", "another");
    expect(ok(await work.attest("audit", "lab", "--offline", "--files", "files"), 5).stdout).toContain("subject-other");
    refused(await work.attest("audit", "lab", "--offline", "--files", "absent"), /no such folder: absent/);
  },
  "audit --receipt": async (work) => {
    ok(await work.attest("audit", "lab", "--offline", "--receipt", "receipt.json"));
    expect(readFileSync(work.path("receipt.json"), "utf8")).toContain('"action": "audit"');
    refused(await work.attest("audit", "lab", "--receipt", "lab/attest.json"), /is part of what is audited/);
  },
  "audit --sarif": async (work) => {
    expect(ok(await work.attest("audit", "lab", "--offline", "--sarif", "-")).json()).toHaveProperty(
      "version",
      "2.1.0",
    );
    refused(await work.attest("audit", "lab", "--sarif", "-", "--junit", "-"), /can go to stdout/);
  },
  "audit --junit": async (work) => {
    ok(await work.attest("audit", "lab", "--offline", "--junit", "audit.xml"));
    expect(readFileSync(work.path("audit.xml"), "utf8")).toContain("<testsuites");
  },
  "audit --graph": async (work) => {
    expect(ok(await work.attest("audit", "lab", "--offline", "--graph", "-")).stdout).toMatch(/^digraph relations \{/);
  },
  "audit --record": async (work) => {
    ok(await work.attest("audit", "lab", "--offline"));
    expect(existsSync(work.path("lab/attestations/audits"))).toBe(false);
    ok(await work.attest("audit", "lab", "--offline", "--record"));
    expect(readdirSync(work.path("lab/attestations/audits"))).toHaveLength(1);
    refused(
      await work.attest("audit", attestation(work), "--offline", "--record"),
      /--record needs a registry's folder/,
    );
  },
  "audit --verbose": async (work) => {
    expect(ok(await work.attest("audit", "lab", "--offline")).stdout).not.toContain("/subject/0");
    expect(ok(await work.attest("audit", "lab", "--offline", "--verbose")).stdout).toMatch(
      /^clean +lab[^]*\/subject\/0, file/m,
    );
  },
  "audit --key": async (work) => {
    const audit = (...more: string[]): Promise<Ran> => attest(["audit", "lab", "--offline", ...more], stranger(work));
    expect(ok(await audit()).stdout).toContain("that you have not confirmed");
    expect(ok(await audit("--key", "lab/keys/signer.pub")).stdout).not.toContain("that you have not confirmed");
  },
  "audit --keyring": async (work) => {
    const given = ["audit", "lab", "--offline", "--keyring", "lab/keys/keyring.json"];
    expect(ok(await attest(given, stranger(work))).stdout).not.toContain("that you have not confirmed");
  },
  "audit --notice": async (work) => {
    ok(await work.attest(...REVOKE, "--output", "out.json"));
    ok(await work.attest("audit", "lab", "--offline"));
    expect(ok(await work.attest("audit", "lab", "--offline", "--notice", "out.json"), 5).stdout).toContain("key-ended");
  },
  "audit --witness": async (work) => {
    refused(
      await work.attest("audit", "lab", "--offline", "--witness", "lab/keys/log.vkey"),
      /a witness has a key of type/,
    );
    ok(await work.attest("audit", "lab", "--offline", "--witness", await witnessed(work)));
  },
  "audit --json": (work) => asJson(work, ["audit", "lab", "--offline"], "documents"),

  "sign --evidence": async (work) => {
    renameSync(work.path("statement.evidence"), work.path("elsewhere"));
    refused(await work.attest("sign", "statement.json", "--registry", "lab"), /statement\.evidence/);
    ok(await work.attest("sign", "statement.json", "--registry", "lab", "--evidence", "elsewhere"));
  },
  "sign --allow-relation": async (work) => {
    const relations = [{ type: "answers" as const, target: "x", digest: { sha256: "ab".repeat(32) } }];
    writeDraft(work, "related", { f3: { relations } });
    refused(await work.attest("sign", "related.json", "--registry", "lab"), /answers:abab/);
    const allowed = ["--allow-relation", `answers:${"ab".repeat(32)}`];
    ok(await work.attest("sign", "related.json", "--registry", "lab", ...allowed));
  },
  "sign --allow-secret": async (work) => {
    writeDraft(work, "secret", { title: SECRET });
    refused(await work.attest("sign", "secret.json", "--registry", "lab"), /github-token/);
    ok(await work.attest("sign", "secret.json", "--registry", "lab", "--allow-secret", "github-token"));
  },
  "sign --registry": async (work) => {
    refused(await work.attest("sign", "statement.json"), /no registry here/);
    ok(await work.attest("sign", "statement.json", "--registry", "lab"));
    expect(attestations(work)).toBe(2);
  },
  "sign --signer": async (work) => {
    second(work);
    ok(await work.attest("sign", "statement.json", "--registry", "lab", "--signer", "second"));
    expect(readdirSync(work.path("lab/keys"))).toContain("second.pub");
  },
  "sign --output": async (work) => {
    expect(ok(await work.attest("sign", "statement.json", "--output", "out.json")).stdout).toBe("out.json\n");
    ok(await work.attest("verify", "out.json"));
    expect(attestations(work)).toBe(1);
  },
  "sign --json": async (work) =>
    expect(await asJson(work, ["sign", "statement.json", "--registry", "lab"], "keyid")).toMatchObject({
      verdict: "VALIDATED",
    }),
  "sign --passphrase-file": () => unlocks(["sign", "statement.json", "--registry", "lab"], "file"),
  "sign --passphrase-fd": () => unlocks(["sign", "statement.json", "--registry", "lab"], "fd"),

  "add --evidence": async (work) => {
    writeDraft(work, "fresh", { evidence: { "output.txt": "not archived yet\n" } });
    ok(await work.attest("sign", "fresh.json", "--output", "out.json"));
    renameSync(work.path("out.evidence"), work.path("elsewhere"));
    refused(await work.attest("add", "out.json", "--registry", "lab"), /below out\.evidence: none has/);
    ok(await work.attest("add", "out.json", "--registry", "lab", "--evidence", "elsewhere"));
  },
  "add --registry": async (work) => {
    ok(await work.attest("sign", "statement.json", "--output", "out.json"));
    refused(await work.attest("add", "out.json"), /no registry here/);
    ok(await work.attest("add", "out.json", "--registry", "lab"));
    expect(attestations(work)).toBe(2);
  },
  "add --key": async (work) => {
    const line = second(work);
    ok(await work.attest("sign", "statement.json", "--output", "out.json", "--signer", "second"));
    const other = colleague(work);
    refused(await attest(["add", "out.json", "--registry", "lab"], other), /neither you nor the registry know/);
    ok(await attest(["add", "out.json", "--registry", "lab", "--key", line], other));
  },
  "add --keyring": async (work) => {
    second(work);
    ok(await work.attest("sign", "statement.json", "--output", "out.json", "--signer", "second"));
    ok(await work.attest("init", "other", "--origin", "example.org/other", "--signer", "second"));
    const keyring = JSON.parse(readFileSync(work.path("other/keys/keyring.json"), "utf8")) as JsonObject;
    const signers = (keyring["signers"] as JsonObject[]).map((one) => ({ ...one, validFrom: "2020-01-01T00:00:00Z" }));
    work.write("keyring.json", JSON.stringify({ ...keyring, signers }));
    ok(await attest(["add", "out.json", "--registry", "lab", "--keyring", "keyring.json"], colleague(work)));
    expect(readdirSync(work.path("lab/keys"))).toContain("second.pub");
  },
  "add --allow-secret": async (work) => {
    writeDraft(work, "secret", { title: SECRET });
    const signing = ["sign", "secret.json", "--output", "out.json"];
    ok(await work.attest(...signing, "--allow-secret", "github-token"));
    refused(await work.attest("add", "out.json", "--registry", "lab"), /github-token/);
    expect(attestations(work)).toBe(1);
    ok(await work.attest("add", "out.json", "--registry", "lab", "--allow-secret", "github-token"));
  },
  "add --json": async (work) => {
    ok(await work.attest("sign", "statement.json", "--output", "out.json"));
    expect(await asJson(work, ["add", "out.json", "--registry", "lab"], "keyid")).toMatchObject({ added: true });
  },

  "cosign --allow-relation": async (work) => {
    const relations = [{ type: "answers" as const, target: "x", digest: { sha256: "ab".repeat(32) } }];
    const allowed = ["--allow-relation", `answers:${"ab".repeat(32)}`];
    writeDraft(work, "related", { f3: { relations } });
    ok(await work.attest("sign", "related.json", "--output", "out.json", ...allowed));
    second(work);
    refused(await work.attest("cosign", "out.json", "--signer", "second"), /answers:abab/);
    ok(await work.attest("cosign", "out.json", "--signer", "second", ...allowed));
  },
  "cosign --signer": async (work) => {
    const file = published(work);
    second(work);
    expect(ok(await work.attest("cosign", file)).stderr).toContain("had signed it already");
    expect(ok(await work.attest("cosign", file, "--signer", "second")).stderr).toContain("2 valid signatures");
  },
  "cosign --output": async (work) => {
    const file = published(work);
    const before = readFileSync(work.path(file));
    second(work);
    ok(await work.attest("cosign", file, "--signer", "second", "--output", "out.json"));
    expect(readFileSync(work.path(file))).toEqual(before);
    ok(await work.attest("verify", "out.json", "--require", "min-signers=2"));
  },
  "cosign --key": async (work) => {
    const file = published(work);
    const other = colleague(work, "other");
    new Keystore(join(work.root, "other"), nodeEngine).create("other");
    refused(await attest(["cosign", file], other), /does not verify with a key that you trust/);
    ok(await attest(["cosign", file, "--key", "lab/keys/signer.pub"], other));
  },
  "cosign --keyring": async (work) => {
    const other = colleague(work, "other");
    new Keystore(join(work.root, "other"), nodeEngine).create("other");
    ok(await attest(["cosign", published(work), "--keyring", "lab/keys/keyring.json"], other));
  },
  "cosign --json": async (work) => {
    second(work);
    const told = await asJson(work, ["cosign", published(work), "--signer", "second"], "keyids");
    expect(told).toMatchObject({ added: true, verdict: "VALIDATED" });
  },
  "cosign --passphrase-file": async (work) => {
    second(work);
    await lockAs(work, "second");
    await unlocks(["cosign", published(work), "--signer", "second"], "file", 0, work);
  },
  "cosign --passphrase-fd": async (work) => {
    second(work);
    await lockAs(work, "second");
    await unlocks(["cosign", published(work), "--signer", "second"], "fd", 0, work);
  },

  "reproduce --repository": async (work) => {
    const moved = await again(work);
    work.write("../elsewhere/README", "");
    renameSync(work.path(".git"), work.path("../elsewhere/.git"));
    refused(await work.attest(...moved, "--dry-run"), /\bgit repository\b/);
    ok(await work.attest(...moved, "--dry-run", "--repository", "../elsewhere"));
  },
  "reproduce --setup": async (work) => {
    const asked = [...(await again(work)), "--dry-run"];
    refused(await work.attest(...asked, "--setup", "exit 3"), /the setup command failed with 3/);
    expect(ok(await work.attest(...asked, "--setup", "echo made")).stderr).toMatch(/^made\n/);
  },
  "reproduce --dry-run": async (work) => {
    const asked = await again(work);
    const before = attestations(work);
    expect(ok(await work.attest(...asked, "--dry-run")).stdout).toContain('"reproduces"');
    expect(attestations(work)).toBe(before);
    ok(await work.attest(...asked));
    expect(attestations(work)).toBe(before + 1);
  },
  "reproduce --allow-secret": async (work) => {
    const asked = [...(await again(work, "--title", SECRET, "--allow-secret", "github-token")), "--dry-run"];
    refused(await work.attest(...asked), /github-token/);
    ok(await work.attest(...asked, "--allow-secret", "github-token"));
  },
  "reproduce --registry": async (work) => {
    const [verb = "", path = ""] = await again(work);
    renameSync(work.path(path), work.path("out.json"));
    refused(await work.attest(verb, "out.json"), /no registry here/);
    ok(await work.attest(verb, "out.json", "--registry", "lab"));
  },
  "reproduce --signer": async (work) => {
    const asked = await again(work);
    second(work);
    ok(await work.attest(...asked, "--signer", "second"));
    expect(readdirSync(work.path("lab/keys"))).toContain("second.pub");
  },
  "reproduce --output": async (work) => {
    ok(await work.attest(...(await again(work)), "--output", "out.json"));
    expect(readdirSync(work.cwd)).toEqual(expect.arrayContaining(["out.json", "out.evidence"]));
  },
  "reproduce --key": async (work) => {
    const asked = [...(await again(work)), "--dry-run"];
    refused(await attest(asked, stranger(work)), /you do not trust the key/);
    ok(await attest([...asked, "--key", "lab/keys/signer.pub"], stranger(work)));
  },
  "reproduce --keyring": async (work) => {
    const asked = [...(await again(work)), "--dry-run"];
    ok(await attest([...asked, "--keyring", "lab/keys/keyring.json"], stranger(work)));
  },
  "reproduce --json": async (work) => {
    const told = ok(await work.attest(...(await again(work)), "--json")).json();
    expect(told).toMatchObject({ relation: "reproduces", differences: [], exit: 0 });
  },
  "reproduce --passphrase-file": async (work) => {
    const asked = await again(work);
    await lock(work);
    await unlocks(asked, "file", 0, work);
  },
  "reproduce --passphrase-fd": async (work) => {
    const asked = await again(work);
    await lock(work);
    await unlocks(asked, "fd", 0, work);
  },

  "verify --require": async (work) => {
    const digest = "[0-9a-f]{40}";
    const gate = (list: string): Promise<Ran> => work.attest("verify", "lab", "--require", list);
    ok(await gate("validated,fresh=30d,evidence,min-signers=1"));
    ok(await gate("min-signers=2"), 3);
    ok(await gate("logged,not-retracted"));
    ok(await gate("witnessed"), 3);
    ok(await work.attest("sign", "statement.json", "--output", "alone.json"));
    ok(await work.attest("verify", "alone.json"));
    for (const asked of ["logged", "witnessed", "not-retracted"])
      ok(await work.attest("verify", "alone.json", "--require", asked), 4); // of no registry: it could not be looked up
    ok(await gate("subject=pw"), 3);
    work.write("add.js", "add");
    ok(await gate("validated,subject=add.js"));
    writeDraft(work, "failed", { outcome: "failed" });
    ok(await work.attest("sign", "failed.json", "--registry", "lab"));
    ok(await work.attest("verify", "lab")); // a good signature
    ok(await gate("validated"), 3);
    for (const [list, found] of [
      ["", "nothing"],
      ["valid", '"valid"'],
      ["validated,", "nothing"],
      ["validated=yes", '"validated=yes"'],
      ["validated,validated", "validated twice"],
      ["fresh=30", '"fresh=30"'],
      ["fresh=0d", '"fresh=0d"'],
      ["min-signers=0", '"min-signers=0"'],
      ["subject=", '"subject="'],
      ["logged=yes", '"logged=yes"'],
      ["witnessed=0", '"witnessed=0"'],
      ["not-retracted=no", '"not-retracted=no"'],
    ] as const)
      refused(await gate(list), new RegExp(`^--require takes .*not ${found}$`));
    refused(await gate("subject=nothing.bin"), new RegExp(`no such file: nothing\\.bin$|${digest}`));
  },
  "verify --policy": async (work) => {
    const policy = (value: unknown): string => work.write("policy.json", JSON.stringify(value));
    policy({ version: 1, require: { validated: true } });
    ok(await work.attest("verify", "lab", "--policy", "policy.json"));
    ok(await work.attest("verify", "lab", "--policy", "policy.json", "--require", "min-signers=2"), 3);
    policy({ version: 1, require: { minSigners: 2 } });
    ok(await work.attest("verify", "lab", "--policy", "policy.json"), 3);
    refused(
      await work.attest("verify", "lab", "--policy", "policy.json", "--policy", "policy.json"),
      /--policy is given twice/,
    );
    refused(await work.attest("verify", "lab", "--policy", "nowhere.json"), /no such file: nowhere\.json/);
    policy({ version: 1 });
    refused(await work.attest("verify", "lab", "--policy", "policy.json"), /rules, or with something under require/);
  },
  "verify --recompute": async (work) => {
    ok(await work.attest(...RUN, "--output", "out.json"), 1);
    const plain = ok(await work.attest("verify", "out.json")).stdout;
    expect(plain).toMatch(/not checked: .*recompute/);
    expect(ok(await work.attest("verify", "out.json", "--recompute")).stdout).not.toMatch(/not checked: .*recompute/);
    ok(await work.attest("verify", "lab"));
    expect(ok(await work.attest("verify", "lab", "--recompute"), 4).stdout).toContain("[recompute-impossible]");
  },
  "verify --verbose": async (work) => {
    expect(ok(await work.attest("verify", "lab")).stdout).not.toContain("SHA-256");
    expect(ok(await work.attest("verify", "lab", "--verbose")).stdout).toMatch(/Canonical bytes[\s\S]*SHA-256/);
  },
  "verify --key": async (work) => {
    ok(await attest(["verify", "lab"], stranger(work)), 3);
    ok(await attest(["verify", "lab", "--key", "lab/keys/signer.pub"], stranger(work)));
  },
  "verify --keyring": async (work) =>
    ok(await attest(["verify", "lab", "--keyring", "lab/keys/keyring.json"], stranger(work))),
  "verify --json": (work) => asJson(work, ["verify", "lab"], "documents"),
  "verify --ndjson": async (work) => {
    const lines = ok(await work.attest("verify", "lab", "--ndjson"))
      .stdout.trimEnd()
      .split("\n");
    const { documents } = ok(await work.attest("verify", "lab", "--json")).json() as { documents: object[] };
    const decided = { sha256: expect.stringMatching(/^[0-9a-f]{64}$/), under: expect.stringMatching(/^[0-9a-f]{32}$/) };
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(documents.map((one) => ({ ...one, ...decided })));
  },
  "verify --resume": async (work) => {
    refused(await work.attest("verify", "lab", "--ndjson", "--verbose"), /'--ndjson' cannot be used with option/);
    expect((await work.attest("verify", "lab", "--ndjson", "--json")).json()).toMatchObject({
      error: { code: "usage" },
      exit: 2,
    });
    refused(await work.attest("verify", "lab", "--resume", "done.ndjson"), /--resume goes with --ndjson/);
    refused(await work.attest("verify", "lab", "--ndjson", "--resume", "none"), /no such file: none/);
    const before = ok(await work.attest("verify", "lab", "--ndjson")).stdout;
    work.write("done.ndjson", before);
    expect(ok(await work.attest("verify", "lab", "--ndjson", "--resume", "done.ndjson")).stdout).toBe("");
    const fresh = ["verify", "lab", "--ndjson", "--require", "fresh=1d"];
    const aged = work.write("aged.ndjson", ok(await work.attest(...fresh)).stdout);
    expect(ok(await work.attest(...fresh, "--resume", aged)).stdout, "an age passes").not.toBe("");
  },

  "show --key": async (work) => {
    expect(ok(await attest(["show", "lab"], stranger(work))).stdout).toContain("only known from this site");
    expect(ok(await attest(["show", "lab", "--key", "lab/keys/signer.pub"], stranger(work))).stdout).toContain(
      "confirmed by you",
    );
  },
  "show --keyring": async (work) =>
    expect(ok(await attest(["show", "lab", "--keyring", "lab/keys/keyring.json"], stranger(work))).stdout).toContain(
      "confirmed by you",
    ),
  "show --json": (work) => asJson(work, ["show", "lab"], "statement"),

  "export --format": async (work) => {
    refused(await work.attest("export", "lab"), /required option '--format <format>' not specified/);
    expect(ok(await work.attest("export", "lab", "--format", "dsse")).stdout).toContain('"payload": "eyJ');
  },
  "export --signer": async (work) => {
    refused(
      await work.attest("export", "lab", "--format", "dsse", "--signer", "second"),
      /\bby second; .* SHA256:\S{43} \(signer\)$/,
    );
    ok(await work.attest("export", "lab", "--format", "dsse", "--signer", "signer"));
  },
  "export --output": async (work) => {
    expect(ok(await work.attest("export", "lab", "--format", "dsse", "--output", "a.json")).stdout).toBe("a.json\n");
    expect(readFileSync(work.path("a.json"), "utf8")).toContain('"payload": "eyJ');
  },
  "export --key": async (work) => {
    const line = (await work.attest("key", "show")).stdout;
    work.write("alone.json", readFileSync(theOne(work)));
    const args = ["export", "alone.json", "--format", "raw", "--output", "raw"];
    ok(await attest(args, stranger(work)));
    expect(existsSync(work.path("raw/pub.pem"))).toBe(false);
    ok(await attest([...args, "--key", line], stranger(work)));
    expect(existsSync(work.path("raw/pub.pem"))).toBe(true);
  },
  "export --keyring": async (work) => {
    work.write("alone.json", readFileSync(theOne(work)));
    const args = ["export", "alone.json", "--format", "raw", "--output", "raw", "--keyring", "lab/keys/keyring.json"];
    ok(await attest(args, stranger(work)));
    expect(existsSync(work.path("raw/pub.pem"))).toBe(true);
  },
  "export --json": async (work) =>
    expect(await asJson(work, ["export", "lab", "--format", "raw", "--output", "raw"], "written")).toMatchObject({
      format: "raw",
      written: ["raw/message", "raw/signature", "raw/pub.pem"],
    }),
  "import --output": async (work) => {
    expect(ok(await work.attest("import", "lab", "--output", "a.json")).stdout).toBe("a.json\n");
    expect(readFileSync(work.path("a.json"))).toEqual(readFileSync(theOne(work)));
  },
  "import --json": async (work) =>
    expect(await asJson(work, ["import", "lab", "--output", "a.json"], "written")).toMatchObject({
      format: "readable",
    }),

  "site build --registry": async (work) => {
    refused(await work.attest("site", "build"), /no registry here/);
    expect(ok(await work.attest("site", "build", "--registry", "lab")).stdout).toBe("lab/site/index.html\n");
  },
  "site build --output": async (work) => {
    expect(ok(await work.attest("site", "build", "--registry", "lab", "--output", "public")).stdout).toBe(
      "public/index.html\n",
    );
    expect([existsSync(work.path("public/index.html")), existsSync(work.path("lab/site"))]).toEqual([true, false]);
  },
  "site build --json": (work) => asJson(work, ["site", "build", "--registry", "lab"], "pages"),
  "site serve --registry": async (work) => {
    ok(await work.attest("site", "build", "--registry", "lab"));
    expect(await serving(work, "--registry", "lab", "--port", "0")).toMatch(/^127\.0\.0\.1:\d+ 200$/);
  },
  "site serve --output": async (work) => {
    work.write("public/index.html", "<!doctype html>");
    expect(await serving(work, "--output", "public", "--port", "0")).toMatch(/ 200$/);
  },
  "site serve --port": async (work) => {
    work.write("public/index.html", "<!doctype html>");
    for (const port of ["x", "-1", "65536", ""])
      refused(await work.attest("site", "serve", "--output", "public", "--port", port), /a number from 0 to 65535/);
    expect(await serving(work, "--output", "public", "--port", "0")).not.toContain(":8080 ");
  },
  "site serve --host": async (work) => {
    work.write("public/index.html", "<!doctype html>");
    expect(await serving(work, "--output", "public", "--port", "0", "--host", "localhost")).toMatch(
      /^localhost:\d+ 200$/,
    );
  },
  "site serve --allow-host": async (work) => {
    work.write("public/index.html", "<!doctype html>");
    const asked = async (...more: readonly string[]): Promise<number> => {
      const child = start(["site", "serve", "--output", "public", "--port", "0", ...more], work);
      const { port } = new URL(await firstLine(child));
      const status = await new Promise<number>((resolve, reject) => {
        const asking = request({ host: "127.0.0.1", port, headers: { host: "lab.test" } }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        asking.on("error", reject).end();
      });
      child.kill("SIGTERM");
      ok(await ended(child));
      return status;
    };
    expect([await asked(), await asked("--allow-host", "lab.test")]).toEqual([421, 200]);
  },
  "site serve --cors": async (work) => {
    work.write("public/index.html", "<!doctype html>");
    const allowed = async (...more: readonly string[]): Promise<string | null> => {
      const child = start(["site", "serve", "--output", "public", "--port", "0", ...more], work);
      const answer = await fetch(await firstLine(child));
      await answer.arrayBuffer();
      child.kill("SIGTERM");
      ok(await ended(child));
      return answer.headers.get("access-control-allow-origin");
    };
    expect([await allowed(), await allowed("--cors")]).toEqual([null, "*"]);
  },

  "task create --description": async (work) => {
    ok(await work.attest("task", "create", "a", "--list", "demo", "--description", "all of it"));
    expect(taskIn(work, "2")).toMatchObject({ subject: "a", description: "all of it" });
  },
  "task create --active-form": async (work) => {
    ok(await work.attest("task", "create", "a", "--list", "demo", "--active-form", "doing a"));
    expect(taskIn(work, "2")).toMatchObject({ activeForm: "doing a" });
  },
  "task create --metadata": async (work) => {
    ok(await work.attest("task", "create", "a", "--list", "demo", ...METADATA));
    expect(taskIn(work, "2")["metadata"]).toEqual({ a: { b: [1] }, c: "plain=text", e: "" });
    refused(
      await work.attest("task", "create", "a", "--list", "demo", "--metadata", "=1"),
      /--metadata takes key=value/,
    );
  },
  "task create --json": async (work) => {
    expect(ok(await work.attest("task", "create", "a")).stdout).toBe("2\n");
    const ran = ok(await work.attest("task", "create", "a", "--json"));
    expect(ran.json()).toMatchObject({ list: "demo", task: { id: "3" } });
  },
  "task get --json": async (work) =>
    expect(await asJson(work, ["task", "get", "1"], "task")).toMatchObject({ state: "pending", task: { id: "1" } }),
  "task list --json": async (work) =>
    expect(await asJson(work, ["task", "list"], "tasks")).toMatchObject({ list: "demo", tasks: [{ id: "1" }] }),
  "task update --status": async (work) => {
    refused(await work.attest(...UPDATE), /nothing to change/);
    refused(await work.attest(...UPDATE, "--status", "done"), /Allowed choices are pending, in_progress, completed/);
    ok(await work.attest(...UPDATE, "--status", "completed"));
    expect(taskIn(work)["status"]).toBe("completed");
  },
  "task update --subject": (work) => changes(work, "subject", "--subject", "another"),
  "task update --description": (work) => changes(work, "description", "--description", "another"),
  "task update --active-form": (work) => changes(work, "activeForm", "--active-form", "another"),
  "task update --owner": (work) => changes(work, "owner", "--owner", "another"),
  "task update --metadata": async (work) => {
    ok(await work.attest(...UPDATE, ...METADATA));
    expect(taskIn(work)["metadata"]).toEqual({ a: { b: [1] }, c: "plain=text", e: "" });
    ok(await work.attest(...UPDATE, "--metadata", "a=null", "--metadata", "c=null"));
    expect(taskIn(work)["metadata"]).toEqual({ e: "" });
    refused(await work.attest(...UPDATE, "--metadata", "nothing"), /--metadata takes key=value, not "nothing"/);
  },
  "task update --fence": async (work) => {
    refused(await work.attest(...UPDATE, "--owner", "me", "--fence", "run_1"), /the run null, not to run_1/);
    ok(await work.attest(...UPDATE, "--metadata", "runId=run_1"));
    ok(await work.attest(...UPDATE, "--owner", "me", "--fence", "run_1"));
    expect(taskIn(work)["owner"]).toBe("me");
  },
  "task update --json": async (work) =>
    expect(await asJson(work, [...UPDATE, "--owner", "me"], "task")).toMatchObject({ task: { owner: "me" } }),
  "task watch --timeout": async (work) => {
    for (const time of ["0", "-1", "1s", "1e9", "2000001"])
      refused(await work.attest("task", "watch", "1", `--timeout=${time}`), /--timeout .*takes seconds/);
    const ran = ok(await work.attest("task", "watch", "1", "--timeout", "0.2"), 4);
    expect(ran.stdout).toBe("1\tpending\tone\n");
    expect(ran.stderr).toMatch(/^error: .*\btask 1\b.*\b0\.2 s\b.*\bpending\b/);
  },
  "task watch --json": async (work) => {
    ok(await work.attest(...UPDATE, "--status", "completed"));
    expect(await asJson(work, ["task", "watch", "1"], "task")).toMatchObject({ state: "completed", task: { id: "1" } });
  },
  "task run --task": async (work) => {
    refused(await work.attest("task", "run", "--", "true"), /required option '--task <id>' not specified/);
    refused(await work.attest("task", "run", "--task", "2", "--", "true"), /\btask 2\b/);
    ok(await work.attest(...WAIT, "true"));
    expect(taskIn(work)["status"]).toBe("completed");
  },
  "task run --wait": async (work) => {
    ok(await work.attest("task", "run", "--task", "1", "--", "sh", "-c", "exit 3"));
    ok(await work.attest("task", "watch", "1"), 1);
    ok(await work.attest(...WAIT, "sh", "-c", "exit 3"), 3);
  },
  "task run --log": async (work) => {
    ok(await work.attest("task", "run", "--task", "1", "--wait", "--log", "build.log", "--", "echo", "built"));
    expect(readFileSync(work.path("build.log"), "utf8")).toBe("built\n");
  },
  "task run --json": async (work) => {
    // What comes after -- is the command's, --json too.
    const told = ok(await work.attest(...WAIT, "sh", "-c", "exit 3", "--json"), 3).stdout;
    expect(told).toMatch(/^run_[0-9a-f]{16}\t\S+\.log\n$/);
    refused(await work.attest(...WAIT, "no-such-program", "--json"), /could not start no-such-program/);
    const ran = ok(await work.attest("task", "run", "--task", "1", "--wait", "--json", "--", "true"));
    expect(ran.json()).toMatchObject({ list: "demo", task: "1", exitCode: 0, exit: 0 });
  },
  ...whichList(),

  "evidence pack --registry": async (work) => {
    const id = basename(published(work), ".json");
    refused(await packing(work, id), /no registry here/);
    ok(await packing(work, id, "--registry", "lab"));
    expect(readFileSync(work.path(`${id}.html`), "utf8")).toMatch(/^<!doctype html>/);
  },
  "evidence pack --output": async (work) => {
    const { stdout } = ok(await packing(work, published(work), "--output", "-"));
    ok(await packing(work, published(work), "--output", "a.html"));
    expect(stdout === readFileSync(work.path("a.html"), "utf8")).toBe(true);
    expect(readdirSync(work.cwd).filter((name) => name.endsWith(".html"))).toEqual(["a.html"]);
  },
  "evidence pack --partial": async (work) => {
    rmSync(work.path("lab/attestations/evidence"), { recursive: true });
    refused(await packing(work, published(work)), /evidence is missing: output\.txt/);
    expect(ok(await packing(work, published(work), "--partial")).stderr).toContain("not in this pack: output.txt\n");
  },
  "evidence pack --key": async (work) => {
    work.write("alone.json", readFileSync(work.path(published(work))));
    const line = ok(await work.attest("key", "show")).stdout.trim();
    refused(await packing(work, "alone.json", "--partial"), /no signature is by a key/);
    ok(await packing(work, "alone.json", "--partial", "--key", line));
  },
  "evidence pack --keyring": async (work) => {
    work.write("alone.json", readFileSync(work.path(published(work))));
    refused(await packing(work, "alone.json", "--partial"), /no signature is by a key/);
    ok(await packing(work, "alone.json", "--partial", "--keyring", "lab/keys/keyring.json"));
  },
  "evidence pack --json": async (work) =>
    expect(await asJson(work, ["evidence", "pack", published(work)], "pack")).toMatchObject({
      evidence: [expect.stringMatching(/^[0-9a-f]{64}$/)],
      missing: [],
    }),

  ...queueRows,

  "version --json": (work) => asJson(work, ["version"], "engine"),
  " --version": async (work) => expect(ok(await work.attest("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/),
};

/** A run of the built-in test sleeps for two seconds: these are made side by side, which takes processes. */
const BUILT_IN =
  /^(?:demo|run --(?:profile|driver|quick|registry|signer|output|dry-run|unsigned|json|passphrase-\w+)$)/;
const slow = Object.keys(rows).filter((name) => BUILT_IN.test(name));
const lacking = (name: string): boolean => NO_POSTGRES !== undefined && name in queueRows;
const inProcesses = (work: Workspace): Workspace => ({ ...work, attest: work.attestProcess });

describe("each option", () => {
  test.each(Object.keys(rows).filter((name) => !slow.includes(name) && !lacking(name)))(
    "attest %s",
    async (name) => void (await rows[name]!(copyOf(plain))),
  );
});

describe.concurrent("each option of what takes a while", () => {
  test.each(slow)("attest %s", async (name) => void (await rows[name]!(inProcesses(copyOf(plain)))), 60_000);
});

test("there is no other option", async () => {
  const pages = await manual(plain);
  const declared = pages
    .flatMap(({ verb, options }) => options.map((option) => `${verb} ${option}`))
    .filter((name) => !name.endsWith(" --help"));
  expect(declared.sort()).toEqual(Object.keys(rows).sort());
});
