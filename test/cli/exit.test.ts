/** Which status a command ends with: the table in the help, each row of it reached by real commands. */
import { copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exitOf, type ExitStatus } from "../../src/cli/exit-status.js";
import type { Code } from "../../src/core/codes.js";
import { formatKey } from "../../src/core/keys/key.js";
import { Keystore } from "../../src/keystore/keystore.js";
import { nodeEngine } from "../../src/node/engine.js";
import { BAD, counted, CRITERION, GOOD, numbersOf } from "../core/counting.js";
import { attest, copyOf, fault, stranger, workspace, type Ran, type Surroundings, type Workspace } from "./attest.js";
import { drafted, lab, sealed, secretOf, sha256, stamped } from "./drafts.js";

/** A registry with one attestation by a key of mine, to be spoilt by one test. */
interface Bench extends Workspace {
  readonly file: string;
  readonly other: Keystore;
}

type Asked = readonly string[] | (Partial<Surroundings> & { readonly args: readonly string[] });

let made: Workspace;
let published = "";
let server: Server;
let port = 0;
/** What it has at `/computed`. */
let served = Buffer.alloc(0);
/** An address with a port that was free a moment ago. */
let nobody = "";

beforeAll(async () => {
  made = workspace();
  published = basename((await lab(made)).file);
  new Keystore(join(made.root, "other"), nodeEngine).create("other");
  await made.attest("init", "empty", "--origin", "example.org/empty");
  server = createServer((request, response) => {
    const answers: Readonly<Record<string, [number, Record<string, string>]>> = {
      "/gone": [410, {}],
      "/fault": [500, {}],
      "/away": [302, { location: `http://localhost:${port}/fault` }],
      "/round": [302, { location: "/round" }],
    };
    if (request.url === "/computed") return void response.end(served);
    response.writeHead(...(answers[request.url ?? ""] ?? [404, {}])).end();
  });
  port = await listening(server);
  const closing = createServer();
  nobody = `http://127.0.0.1:${await listening(closing)}/attestations/test_0123456789abcdef.json`;
  await new Promise((done) => closing.close(done));
});

afterAll(() => server.close());

const listening = (one: Server): Promise<number> =>
  new Promise((done) => {
    one.listen(0, "127.0.0.1", () => done((one.address() as AddressInfo).port));
  });

const bench = (): Bench => {
  const work = copyOf(made);
  return {
    ...work,
    file: work.path("lab/attestations", published),
    other: new Keystore(join(work.root, "other"), nodeEngine),
  };
};

const ask = (work: Bench, asked: Asked, ...more: readonly string[]): Promise<Ran> => {
  const { args, ...surroundings } = "args" in asked ? asked : { args: asked };
  return attest([...args, ...more], { cwd: work.cwd, env: work.env, ...surroundings });
};

/** Every code that is not 0 by itself, of the documents or of the fault. */
function codes(ran: Ran): string[] {
  const { error, documents = [] } = ran.json() as {
    error?: { code: string };
    documents?: { report: { checks: { code: Code }[] } }[];
  };
  return error
    ? [error.code]
    : documents.flatMap(({ report }) => report.checks.map(({ code }) => code).filter((code) => exitOf(code) !== 0));
}

const edit = (file: string, from: string | RegExp, to: string): string => {
  const before = readFileSync(file, "utf8");
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  writeFileSync(file, after);
  return file;
};

/** A file outside of every registry. */
const aside = (work: Bench): string => {
  copyFileSync(work.file, work.path("aside.json"));
  return "aside.json";
};

const ofOther = (work: Bench): string => {
  const { bytes } = sealed(stamped(drafted()), readFileSync(join(work.other.folder, "other.pem"), "utf8"));
  return work.write("of-other.json", bytes);
};

const mine = (work: Bench, change: (payload: Payload) => unknown): string => {
  const payload = stamped(drafted()) as unknown as Payload;
  change(payload);
  return work.write("mine.json", sealed(payload as never, secretOf(work)).bytes);
};

interface Payload {
  predicateType: string;
  predicate: {
    result: string;
    passedTests: string[];
    f3: { version: number; verdict: string; title?: string; signedAt: string; run: { startedAt: string } };
  };
}

/** An attestation of mine whose one check is computed, with the observations beside it that its evidence names. */
function computed(work: Bench, stated: string, observed: string): string {
  const payload = counted(
    { a: { criterion: CRITERION, measurements: numbersOf(stated) } },
    { "observations.ndjson": observed },
  );
  const digest = sha256(observed);
  work.write(`computed.evidence/sha256/${digest.slice(0, 2)}/${digest}`, observed);
  return work.write("computed.json", sealed(payload, secretOf(work)).bytes);
}

const keyring = (work: Bench): string => work.path("lab/keys/keyring.json");
const evidence = (work: Bench): string => {
  const { sha256 } =
    /"(?<sha256>[0-9a-f]{64})"\s*\},\s*"name": "output\.txt"/.exec(readFileSync(work.file, "utf8"))?.groups ?? {};
  return work.path("lab/attestations/evidence/sha256", String(sha256).slice(0, 2), String(sha256));
};

describe.each<[ExitStatus, string, [what: string, code: Code | undefined, ask: (work: Bench) => Asked][]]>([
  [
    0,
    "verified, and the policy is met",
    [
      ["a file, by a key of mine", undefined, ({ file }) => ["verify", file]],
      ["a registry, by a key of mine", undefined, () => ["verify", "lab"]],
      ["from stdin", undefined, ({ file }) => ({ args: ["verify", "-"], input: readFileSync(file) })],
      [
        "by the key in a file",
        undefined,
        (work) => ({ ...stranger(work), args: ["verify", work.file, "--key", "lab/keys/signer.pub"] }),
      ],
      [
        "by the key's line",
        undefined,
        (work) => ({
          ...stranger(work),
          args: ["verify", work.file, "--key", readFileSync(work.path("lab/keys/signer.pub"), "utf8")],
        }),
      ],
      [
        "by a key that is one of several",
        undefined,
        (work) => ({
          ...stranger(work),
          args: ["verify", work.file, "--key", formatKey(work.other.find("other").key), "--key", "lab/keys/signer.pub"],
        }),
      ],
      [
        "by a keyring",
        undefined,
        (work) => ({ ...stranger(work), args: ["verify", work.file, "--keyring", "lab/keys/keyring.json"] }),
      ],
      ["outside of a registry, without its evidence", undefined, (work) => ["verify", aside(work)]],
      [
        "computed again from its observations",
        undefined,
        (work) => ["verify", computed(work, GOOD, GOOD), "--recompute"],
      ],
      ["numbers of which nobody asks", undefined, (work) => ["verify", computed(work, GOOD, BAD)]],
      ["a failed test, signed", undefined, (work) => ["verify", mine(work, () => undefined)]],
    ],
  ],
  [
    1,
    "does not verify",
    [
      [
        "an edited payload",
        "signature-bad",
        (work) => ["verify", edit(work.file, "Addition adds", "Addition subtracts")],
      ],
      [
        "an edited payload, by the key of the site",
        "signature-bad",
        (work) => ({ ...stranger(work), args: ["verify", edit(work.file, "Addition adds", "Addition subtracts")] }),
      ],
      ["an edited file in a registry", "signature-bad", (work) => (edit(work.file, '"4"', '"5"'), ["verify", "lab"])],
      [
        "a file under another's id",
        "name-mismatch",
        ({ file, path }) => {
          renameSync(file, path("lab/attestations/test_0123456789abcdef.json"));
          return ["verify", "lab"];
        },
      ],
      [
        "a file under a name that is no id, in a registry",
        "name-mismatch",
        ({ file, path }) => {
          renameSync(file, path("lab/attestations/mine.json"));
          return ["verify", "lab/attestations/mine.json"];
        },
      ],
      [
        "no signature",
        "signature-missing",
        (work) => ["verify", edit(work.file, /"signatures": \[[^\]]*\]/, '"signatures": []')],
      ],
      [
        "a verdict that the checks do not give",
        "verdict-mismatch",
        (work) => ["verify", mine(work, ({ predicate }) => (predicate.f3.verdict = "REFUTED"))],
      ],
      [
        "a result that they do not give",
        "result-mismatch",
        (work) => ["verify", mine(work, ({ predicate }) => (predicate.result = "FAILED"))],
      ],
      [
        "a list that they do not give",
        "tests-mismatch",
        (work) => ["verify", mine(work, ({ predicate }) => (predicate.passedTests = []))],
      ],
      [
        "an outcome that its measurements do not permit",
        "outcome-mismatch",
        (work) => ["verify", computed(work, BAD, BAD)],
      ],
      [
        "no complete statement",
        "schema",
        (work) => ["verify", mine(work, ({ predicate }) => delete predicate.f3.title)],
      ],
    ],
  ],
  [
    2,
    "usage, malformed input, files",
    [
      ["no JSON", "json-syntax", ({ write }) => ["verify", write("junk.json", "not an attestation")]],
      ["no attestation", "envelope-unknown", ({ write }) => ["verify", write("junk.json", "{}")]],
      [
        "the keyring, which is no attestation",
        "envelope-unknown",
        ({ path }) => ["verify", path("lab/keys/keyring.json")],
      ],
      ["nothing on stdin", "json-syntax", () => ["verify", "-"]],
      ["a member twice", "json-duplicate", (work) => ["verify", edit(work.file, "{", '{"payload": {},')]],
      ["a file that is not there", "file-missing", () => ["verify", "nowhere.json"]],
      ["a folder that is no registry", "registry-missing", () => ["verify", "lab/keys"]],
      ["an option that is none", "usage", ({ file }) => ["verify", file, "--kee"]],
      ["a verb that is none", "usage", () => ["verfy"]],
      ["nothing to verify", "usage", () => ["verify"]],
      ["a key that is not there", "file-missing", ({ file }) => ["verify", file, "--key", "nowhere.pub"]],
      [
        "a keyring that is none",
        "keyring-format",
        ({ file, write }) => ["verify", file, "--keyring", write("ring.json", "{}")],
      ],
      [
        "a registry that says what it cannot be",
        "registry-format",
        ({ write }) => (write("lab/attest.json", '{"origin":"https://example.org","title":"a"}'), ["verify", "lab"]),
      ],
      ["a test that is none", "scenario-unknown", () => ["run", "nothing"]],
      [
        "a profile that is none",
        "scenario-unknown",
        () => ["run", "task-aware-background", "--profile", "nothing", "--registry", "lab"],
      ],
      [
        "a driver that is none",
        "scenario-unknown",
        () => ["run", "task-aware-background", "--driver", "nothing", "--registry", "lab"],
      ],
      [
        "a driver without its program",
        "driver-missing",
        () => ["run", "task-aware-background", "--driver", "claude-code=nowhere", "--registry", "lab"],
      ],
      ["an address that is none", "usage", () => ["verify", "http://"]],
      ["an address where nothing is", "file-missing", () => ["verify", `http://127.0.0.1:${port}/nowhere`]],
      ["an address where nothing is any more", "file-missing", () => ["verify", `http://127.0.0.1:${port}/gone`]],
    ],
  ],
  [
    3,
    "no accepted key, or the policy is not met",
    [
      [
        "a key that only the site knows",
        "key-registry-only",
        (work) => ({ ...stranger(work), args: ["verify", work.file] }),
      ],
      [
        "the same for the whole registry",
        "key-registry-only",
        (work) => ({ ...stranger(work), args: ["verify", "lab"] }),
      ],
      ["someone else's key", "key-unknown", (work) => ["verify", ofOther(work)]],
      ["no key at all", "key-unknown", (work) => ({ ...stranger(work), args: ["verify", aside(work)] })],
      [
        "someone else's key given",
        "key-unknown",
        (work) => ({
          ...stranger(work),
          args: ["verify", aside(work), "--key", formatKey(work.other.find("other").key)],
        }),
      ],
      [
        "a key that the registry revoked, though it is mine",
        "key-revoked",
        (work) => (
          edit(
            keyring(work),
            /("signers": [^]*?)"validFrom"/,
            '$1"revoked": {"at": "2026-01-01T00:00:00Z", "reason": "lost"}, "validFrom"',
          ),
          ["verify", work.file]
        ),
      ],
      [
        "a key that it retired before, though it is mine",
        "key-retired",
        (work) => (
          edit(
            keyring(work),
            /("signers": [^]*?)"validFrom": "[^"]*"/,
            '$1"validFrom": "2020-01-01T00:00:00Z", "validUntil": "2021-01-01T00:00:00Z"',
          ),
          ["verify", work.file]
        ),
      ],
      ["a registry without attestations", "no-attestations", () => ["verify", "empty"]],
      ["a keyring without keys", "no-attestations", ({ file }) => ["verify", file, "--keyring", "empty.json"]],
    ],
  ],
  [
    4,
    "a requested check could not be made",
    [
      [
        "a statement of a newer version",
        "version-newer",
        (work) => ["verify", mine(work, ({ predicate }) => (predicate.f3.version = 2))],
      ],
      [
        "a statement of another kind",
        "predicate-type",
        (work) => ["verify", mine(work, (payload) => (payload.predicateType = "urn:example:other"))],
      ],
      [
        "nothing that was computed, asked to be computed again",
        "recompute-impossible",
        ({ file }) => ["verify", file, "--recompute"],
      ],
      [
        "observations that are gone, asked to be computed again",
        "recompute-impossible",
        (work) => {
          const file = computed(work, GOOD, GOOD);
          rmSync(work.path("computed.evidence"), { recursive: true });
          return ["verify", file, "--recompute"];
        },
      ],
      [
        "observations that are not at hand for an address",
        "recompute-impossible",
        (work) => {
          served = readFileSync(computed(work, GOOD, GOOD));
          return ["verify", `http://127.0.0.1:${port}/computed`, "--recompute"];
        },
      ],
      [
        "observations that are not at hand for what comes from stdin",
        "recompute-impossible",
        (work) => ({ args: ["verify", "-", "--recompute"], input: readFileSync(computed(work, GOOD, GOOD)) }),
      ],
      ["nobody answers", "network", () => ["verify", nobody]],
      ["the answer is a fault of theirs", "network", () => ["verify", `http://127.0.0.1:${port}/fault`]],
      ["the answer leads round in a circle", "network", () => ["verify", `http://127.0.0.1:${port}/round`]],
      ["the answer leads to another host", "network", () => ["verify", `http://127.0.0.1:${port}/away`]],
    ],
  ],
  [
    5,
    "audit findings",
    [
      [
        "evidence that was changed",
        "evidence-changed",
        (work) => (writeFileSync(evidence(work), "5\n"), ["verify", work.file]),
      ],
      [
        "observations that give other numbers, asked to be computed again",
        "recompute-mismatch",
        (work) => ["verify", computed(work, GOOD, BAD), "--recompute"],
      ],
      [
        "an end before the start",
        "time-order",
        (work) => ["verify", mine(work, ({ predicate }) => (predicate.f3.run.startedAt = "2026-03-01T10:00:02.001Z"))],
      ],
      [
        "a signature of tomorrow",
        "time-future",
        (work) => ["verify", mine(work, ({ predicate }) => (predicate.f3.signedAt = "9999-01-01T00:00:00Z"))],
      ],
    ],
  ],
])("%i: %s", (exit, _, rows) => {
  test.each(rows)("%s", async (_what, code, prepare) => {
    const work = bench();
    work.write("empty.json", '{"signers": [], "logs": [], "witnesses": []}');
    const asked = prepare(work);
    const json = await ask(work, asked, "--json");
    expect({ exit: json.code, codes: codes(json), said: json.json()["exit"] }, json.stderr).toEqual({
      exit,
      codes: code === undefined ? [] : [code],
      said: exit,
    });
    expect(json.stdout.endsWith("}\n")).toBe(true);

    const { error } = json.json() as { error?: { message: string; hint?: string } };
    if (error === undefined) return expect(json.stderr).toBe("");
    const told = await ask(work, asked);
    expect(told.code).toBe(exit);
    expect(fault(told)).toEqual({ error: error.message, hint: error.hint });
  });
});

test("a registry whose evidence is gone still verifies: what is not there was not checked", async () => {
  const work = bench();
  rmSync(evidence(work));
  const ran = await work.attest("verify", "lab");
  expect(ran.code).toBe(0);
  expect(ran.stdout).toMatch(/^ {2}not checked: evidence, recompute, plan, policy$/m);
});

describe("of several, the first of 2, 1, 3, 4, 5", () => {
  const targets: Readonly<Record<number, (work: Bench) => string>> = {
    0: ({ file }) => file,
    1: ({ write, file }) => write("edited.json", readFileSync(file, "utf8").replace("Addition", "Subtraction")),
    2: ({ write }) => write("junk.json", "{}"),
    3: ofOther,
    4: ({ write, ...work }) =>
      write("newer.json", readFileSync(mine({ write, ...work }, ({ predicate }) => (predicate.f3.version = 2)))),
    5: ({ write, ...work }) =>
      write(
        "late.json",
        readFileSync(mine({ write, ...work }, ({ predicate }) => (predicate.f3.signedAt = "9999-01-01T00:00:00Z"))),
      ),
  };

  test.each<[ExitStatus[], ExitStatus]>([
    [[0, 5], 5],
    [[5, 4, 0], 4],
    [[4, 3], 3],
    [[5, 3, 4], 3],
    [[3, 1, 5], 1],
    [[1, 4], 1],
    [[2, 1], 2],
    [[5, 4, 3, 1, 2, 0], 2],
  ])("documents: %j: %i", async (statuses, worst) => {
    const work = bench();
    const ran = await work.attest("verify", "--json", ...statuses.map((status) => targets[status]!(work)));
    expect(ran.code).toBe(worst);
    expect(ran.json()["exit"]).toBe(worst);
    expect((ran.json()["documents"] as { report: { exit: number } }[]).map(({ report }) => report.exit)).toEqual(
      statuses,
    );
  });

  // What could not be read at all must neither hide what was found about the rest, nor be hidden by it.
  test.each<[string, number, (work: Bench) => string[]]>([
    ["an address that nobody answers, and an edited file", 1, (work) => [nobody, targets[1]!(work)]],
    ["an edited file, and an address that nobody answers", 1, (work) => [targets[1]!(work), nobody]],
    ["an address that nobody answers, and a registry without attestations", 3, () => [nobody, "empty"]],
    ["a registry without attestations, and an edited file", 1, (work) => ["empty", targets[1]!(work)]],
    ["a file that is not there, and a good one", 2, ({ file }) => ["nowhere.json", file]],
    ["an address that nobody answers, and a good file", 4, ({ file }) => [nobody, file]],
  ])("%s: %i", async (_, exit, prepare) => {
    const work = bench();
    expect((await work.attest("verify", ...prepare(work))).code).toBe(exit);
  });

  test("one line for each, and how many of them verified", async () => {
    const work = bench();
    const ran = await work.attest("verify", work.file, targets[3]!(work), targets[1]!(work));
    const lines = ran.stdout.split("\n").filter((line) => /^(?:VALIDATED {3}|NOT ACCEPTED) /.test(line));
    expect(lines.map((line) => line.split(" ")[0])).toEqual(["VALIDATED", "NOT", "NOT"]);
    expect(ran.stdout).toMatch(/\n1 of 3 verified with a key that you confirmed: 1 VALIDATED\n$/);
  });
});
