/** `attest audit` as an auditor has it: a server that goes through every state, a clone, a folder of files, and a registry that says other things. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Look, LookState } from "../../src/core/audit/reference.js";
import type { RuleId } from "../../src/core/statement/audit-rules.js";
import type { EvidenceRef } from "../../src/core/statement/statement.js";
import { Keystore } from "../../src/keystore/keystore.js";
import { LogKeys } from "../../src/keystore/log-keys.js";
import { nodeEngine } from "../../src/node/engine.js";
import { announce } from "../../src/pipeline/run/announce.js";
import { Directory } from "../../src/store/directory.js";
import { Registry } from "../../src/store/registry.js";
import { attest, copyOf, workspace, type Ran, type Workspace } from "./attest.js";
import { drafted, lab, sha256 } from "./drafts.js";
import { repository } from "./git.js";
import { failure } from "../core/refusal.js";

const TEXT = "one line\nand another\n";
const answers = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>();
const asked: string[] = [];
let server: Server;
let origin: string;
let work: Workspace;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const answer = answers.get(request.url ?? "");
    if (answer === undefined) response.writeHead(404).end("nothing");
    else answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  work = workspace();
  await lab(work);
});
afterAll(() => server.close());

const text = (body: string, status = 200, headers: Record<string, string> = {}) => {
  return (_: IncomingMessage, response: ServerResponse): void =>
    void response.writeHead(status, { "content-type": "text/plain", ...headers }).end(body);
};

/** What the run itself recorded, so that its check is backed. */
const OUTPUT: EvidenceRef = {
  name: "output.txt",
  role: "output",
  digest: { sha256: sha256("4\n") },
  size: 2,
  sourceDateKind: "unknown",
};

const cited = (path: string, more: Partial<EvidenceRef> = {}): EvidenceRef => ({
  name: path.slice(1),
  uri: `http://${origin}${path}`,
  role: "source",
  mediaType: "text/plain",
  digest: { sha256: sha256(TEXT) },
  size: TEXT.length,
  sourceDateKind: "unknown",
  ...more,
});

/** Signs and publishes a statement with this evidence; those whose text is given are archived too. */
async function publish(
  at: Workspace,
  evidence: readonly EvidenceRef[],
  { archived = [TEXT], more = {}, subject }: { archived?: readonly string[]; more?: object; subject?: object[] } = {},
): Promise<string> {
  const made = drafted({ f3: { evidence: [OUTPUT, ...evidence], ...more } });
  const whole = subject === undefined ? made : { ...made, subject };
  for (const [number, body] of ["4\n", ...archived].entries()) at.write(`cited.evidence/${number}`, body);
  const ran = await at.attest("sign", at.write("cited.json", JSON.stringify(whole)), "--registry", "lab");
  expect(ran.code, ran.stderr).toBe(0);
  rmSync(at.path("cited.evidence"), { recursive: true, force: true });
  return at.path(ran.stdout.trim());
}

interface Answer {
  readonly documents: {
    readonly target: string;
    readonly looks: Look[];
    readonly open: string[];
    readonly findings: { rule: RuleId; level: string; pointer: string; detail: string }[];
  }[];
  readonly findings: { rule: RuleId; detail: string }[];
  readonly states: Record<LookState, number>;
  readonly exit: number;
}
const audit = (at: Workspace, ...more: readonly string[]): Promise<Ran> => at.attest("audit", ...more, "--json");
const told = (ran: Ran): Answer => ran.json() as unknown as Answer;
const of = (ran: Ran, file: string): Answer["documents"][number] => {
  const found = told(ran).documents.find(({ target }) => target.endsWith(file.split("/").at(-1) ?? ""));
  if (found === undefined) throw new Error(`${file} is not in ${ran.stdout}`);
  // The tested file is nowhere at hand, but where --files says so.
  return { ...found, looks: found.looks.filter(({ detail }) => !detail.startsWith("no folder is available")) };
};
const rules = (ran: Ran, file: string): RuleId[] => of(ran, file).findings.map(({ rule }) => rule);

describe("a server that goes through every state", () => {
  const flips: readonly [state: LookState, answer: (path: string) => void, exit: number, detail: RegExp][] = [
    ["same", (path) => answers.set(path, text(TEXT)), 0, /^$/],
    ["same-normalised", (path) => answers.set(path, text(TEXT.replaceAll("\n", "\r\n"))), 0, /line ends/],
    [
      "changed",
      (path) => answers.set(path, text(TEXT.replace("another", "a second"))),
      5,
      /^line 2: .*another.*second/,
    ],
    [
      "moved",
      (path) => {
        answers.set(path, text("", 301, { location: "/elsewhere" }));
        answers.set("/elsewhere", text(TEXT));
      },
      5,
      /now at http:.*\/elsewhere/,
    ],
    ["gone", (path) => answers.set(path, text("", 410)), 5, /410/],
    ["blocked", (path) => answers.set(path, text("", 403)), 5, /403/],
    ["not-checked", (path) => answers.set(path, (_, response) => void response.destroy()), 4, /./],
  ];

  test("gives all of them, one after the other, for one reference", async () => {
    const at = copyOf(work);
    const file = await publish(at, [cited("/flipped")]);
    for (const [state, flip, exit, detail] of flips) {
      flip("/flipped");
      const ran = await audit(at, file, "--allow", origin);
      const found = of(ran, file).looks.find(({ place }) => place === "address");
      expect(found?.state ?? "same", ran.stdout).toBe(state);
      expect(found?.detail ?? "").toMatch(detail);
      expect(ran.code, `${state} ${ran.stdout}`).toBe(exit);
    }
  }, 60_000);

  test("says where something changed only where a copy is at hand, and knows other line ends without one", async () => {
    const at = copyOf(work);
    const file = await publish(at, [cited("/a"), cited("/b")], { archived: [] });
    answers.set("/a", text("another text altogether"));
    answers.set("/b", text(TEXT.replaceAll("\n", "\r\n")));
    const { looks } = of(await audit(at, file, "--allow", origin), file);
    const found = looks.filter(({ place }) => place === "address");
    expect(found.map(({ state }) => state)).toEqual(["changed", "same-normalised"]);
    expect(found[0]?.detail).toContain("without a copy");
  });

  test("cannot say anything of what was never hashed", async () => {
    const at = copyOf(work);
    answers.set("/unhashed", text(TEXT));
    const file = await publish(at, [cited("/unhashed", { digest: { sha512: "ab".repeat(64) } })]);
    const ran = await audit(at, file, "--allow", origin);
    expect(of(ran, file).looks).toMatchObject([{ state: "never-hashed", place: "address" }]);
    expect(rules(ran, file)).toContain("evidence-unhashed");
  });

  test("asks no package registry that the publisher's own settings name, and hands nothing over to it", async () => {
    const at = copyOf(work);
    const taken: string[] = [];
    const sink = createServer((request, response) => {
      taken.push(request.url ?? "");
      response.end(JSON.stringify({ "dist-tags": { latest: "9.0.0" } }));
    });
    await new Promise<void>((resolve) => sink.listen(0, "127.0.0.1", resolve));
    const place = `http://127.0.0.1:${(sink.address() as AddressInfo).port}/`;
    const subject = [{ name: "package", uri: "pkg:npm/left@1.0.0", digest: { sha256: sha256("x") } }];
    const file = await publish(at, [], { subject });
    at.write(".npmrc", `registry=${place}\${F3_ATTEST_PASSPHRASE}/\n`);
    at.write("package.json", "{}");
    // Beside it the user's own, which is on a host that no stranger reaches and was not allowed: nothing leaves this machine.
    writeFileSync(join(at.env["HOME"] ?? "", ".npmrc"), "registry=http://127.0.0.1:9/\n");
    const env = { ...at.env, F3_ATTEST_PASSPHRASE: "hunter2" };
    expect((await attest(["audit", file], { cwd: at.cwd, env })).code).toBe(0);
    expect(taken).toEqual([]);
    // Started by a package manager, the variable is what that project's file says.
    const scripted = { ...env, npm_config_registry: place, npm_config_user_agent: "pnpm/9" };
    expect((await attest(["audit", file], { cwd: at.cwd, env: scripted })).code).toBe(0);
    expect(taken).toEqual([]);
    const named = await attest(["audit", file], { cwd: at.cwd, env: { ...env, npm_config_registry: place } });
    expect(named.stdout).toContain("tested was left 1.0.0, current is 9.0.0");
    expect(taken).toEqual(["/left"]);
    sink.close();
  }, 60_000);

  test("is not asked offline, nor without the auditor's word for a place where no stranger can look", async () => {
    const at = copyOf(work);
    answers.set("/quiet", text(TEXT));
    const file = await publish(at, [cited("/quiet")]);
    asked.length = 0;
    const offline = await audit(at, file, "--offline");
    expect(offline.code, offline.stdout).toBe(0);
    expect(of(offline, file).looks).toMatchObject([{ state: "not-checked", detail: "offline: no address was asked" }]);
    const refused = await audit(at, file);
    expect(of(refused, file).looks).toMatchObject([{ state: "blocked" }]);
    expect(refused.code).toBe(5);
    expect(asked).toEqual([]);
  });
});

describe("what lies at hand", () => {
  test("an archived piece that was changed, and one that was removed", async () => {
    const at = copyOf(work);
    const [changed, removed] = ["first piece", "second piece"];
    const evidence = [changed, removed].map((body, place): EvidenceRef => ({
      name: `${place}.txt`,
      role: "output",
      digest: { sha256: sha256(body) },
      size: body.length,
      sourceDateKind: "unknown",
    }));
    const file = await publish(at, evidence, { archived: [changed, removed] });
    const path = (body: string): string =>
      at.path("lab/attestations/evidence/sha256", sha256(body).slice(0, 2), sha256(body));
    appendFileSync(path(changed), "!");
    rmSync(path(removed));
    const ran = await audit(at, file, "--offline");
    expect(of(ran, file).looks.map(({ state }) => state)).toEqual(["changed", "gone"]);
    expect(rules(ran, file)).toEqual(["archive-changed", "archive-gone"]);
    expect(ran.code).toBe(5);
  });

  test("a tested file by its name in a folder: the same, another one, under another name, not there", async () => {
    const at = copyOf(work);
    const file = await publish(at, [], { subject: [{ name: "tool.js", digest: { sha256: sha256("tool") } }] });
    const looked = async (): Promise<[string[], number | null]> => {
      const ran = await audit(at, file, "--offline", "--files", "tools");
      return [rules(ran, file), ran.code];
    };
    at.write("tools/deep/tool.js", "tool");
    expect(await looked()).toEqual([[], 0]);
    at.write("tools/deep/tool.js", "a later tool");
    expect(await looked()).toEqual([["subject-other"], 5]);
    at.write("tools/renamed.js", "tool");
    expect(await looked()).toEqual([["evidence-moved"], 5]);
    rmSync(at.path("tools/renamed.js"));
    rmSync(at.path("tools/deep/tool.js"));
    expect(await looked()).toEqual([["evidence-gone"], 5]);
  });

  test("a tested commit in a clone, and a tag that came after it", async () => {
    const at = copyOf(work);
    const clone = repository(at, "clone");
    const commit = (body: string): string => {
      at.write("clone/a.txt", body);
      clone("add", ".");
      clone("commit", "-qm", body);
      return clone("rev-parse", "HEAD").out.trim();
    };
    const subject = [{ name: "project", digest: { gitCommit: commit("one") } }];
    const file = await publish(at, [], { subject });
    const looked = async (...more: string[]): Promise<[RuleId[], LookState[], number | null]> => {
      const ran = await audit(at, file, "--offline", ...more);
      return [rules(ran, file), of(ran, file).looks.map(({ state }) => state), ran.code];
    };
    expect(await looked()).toEqual([[], ["not-checked"], 0]);
    expect(await looked("--git", "clone")).toEqual([[], [], 0]);
    commit("two");
    clone("tag", "v2.0.0");
    expect(await looked("--git", "clone")).toEqual([["subject-newer"], [], 5]);
    repository(at, "other");
    expect(await looked("--git", "other")).toEqual([["evidence-gone"], ["gone"], 5]);
  });
});

describe("a registry", () => {
  test("in order is clean, and says how its references were found", async () => {
    const ran = await work.attest("audit", "lab", "--offline");
    expect(ran.code, ran.stdout).toBe(0);
    expect(ran.stdout).toMatch(/^ {2}█+ +\d+ the same$/m);
    expect(ran.stdout).toMatch(/\d+ of \d+ attestations? clean: 0 errors, 0 warnings\n$/);
  });

  test("without attestations is not clean: nothing was checked", async () => {
    const at = workspace();
    await at.attest("init", "empty", "--origin", "example.org/empty");
    const ran = await at.attest("audit", "empty", "--json");
    expect([ran.code, failure(ran).code]).toEqual([3, "no-attestations"]);
  });

  test("keeps each audit, and tells when one of them is missing", async () => {
    const at = copyOf(work);
    for (let time = 1; time <= 3; time += 1) {
      const ran = await at.attest("audit", "lab", "--offline", "--record");
      expect(ran.stderr).toMatch(/^kept in attestations\/audits\/20[\dTZ.-]+\.json$/m);
      const before = time === 2 ? "once" : "2 times";
      if (time > 1) expect(ran.stdout).toContain(`audited before: ${before}, the last at 20`);
    }
    const folder = at.path("lab/attestations/audits");
    const [, second = ""] = readdirSync(folder).sort();
    // A record of a time to come is told, and keeps nobody from keeping another one.
    writeFileSync(
      join(folder, "2999-01-01T00-00-00.000Z.json"),
      readFileSync(join(folder, second), "utf8").replace(/"at": "[^"]+"/, '"at": "2999-01-01T00:00:00.000Z"'),
    );
    const future = await at.attest("audit", "lab", "--offline", "--record");
    expect(future.stderr).toMatch(/^kept in /m);
    expect(future.stdout).toMatch(/history-broken: .*future/);
    rmSync(join(folder, "2999-01-01T00-00-00.000Z.json"));
    rmSync(join(folder, second));
    const ran = await at.attest("audit", "lab", "--offline");
    expect(ran.stdout).toMatch(/history-broken: attestations\/audits\/.* does not follow .*: a record is missing/);
  });

  test("in which one document was changed: the rest is audited, and that one says nothing", async () => {
    const at = copyOf(work);
    const file = await publish(at, []);
    writeFileSync(file, readFileSync(file, "utf8").replace("Addition adds", "Addition ADDS"));
    const ran = await audit(at, "lab", "--offline");
    expect(ran.code).toBe(1);
    expect(rules(ran, file)).toEqual(["unverified"]);
    expect(told(ran).documents.length).toBeGreaterThan(1);
    expect(ran.stdout).not.toContain("ADDS");
  });

  test("whose plan was never answered has a result missing, once its deadline has passed", async () => {
    const at = copyOf(work);
    const logs = new LogKeys(at.home, nodeEngine, {});
    const registry = await Registry.open(new Directory(at.path("lab")), nodeEngine, (key) => logs.find(key));
    const announced: string[] = [];
    await announce(
      {
        subject: [{ digest: { sha256: sha256("x") } }],
        title: "T",
        hypothesis: "H.",
        checks: [],
        configuration: [],
        command: ["true"],
      },
      [],
      {
        registry,
        signer: await new Keystore(at.home, nodeEngine).signer("signer", () => Promise.resolve(undefined)),
        engine: nodeEngine,
        withinMs: 60_000,
        allowSecrets: [],
        now: () => new Date(Date.now() - 86_400_000),
        announcing: (id) => announced.push(id),
      },
    );
    const ran = await audit(at, "lab", "--offline");
    expect(told(ran).findings).toMatchObject([
      { rule: "result-missing", detail: expect.stringContaining(announced[0] ?? "none") as string },
    ]);
    expect(ran.code).toBe(5);
  });

  test("that says the opposite of another one about the same subject: told of the audited one alone", async () => {
    const [at, elsewhere] = [copyOf(work), workspace()];
    const failed = drafted({ outcome: "failed" });
    await elsewhere.attest("init", "lab", "--origin", "example.org/elsewhere");
    elsewhere.write("output.txt", "4\n");
    const ran = await elsewhere.attest(
      "sign",
      elsewhere.write("failed.json", JSON.stringify(failed)),
      "--registry",
      "lab",
      "--evidence",
      ".",
    );
    expect(ran.code, ran.stderr).toBe(0);
    expect((await at.attest("audit", "lab", "--offline")).code).toBe(0);
    const compared = await audit(at, "lab", "--offline", "--with", elsewhere.path("lab"));
    expect(told(compared).documents.flatMap(({ findings }) => findings.map(({ rule }) => rule))).toEqual([
      "verdict-opposite",
    ]);
  });

  test("of our own says what its record says of the published test: one verdict on the page, another in its note", async () => {
    const at = workspace();
    const top = fileURLToPath(new URL("../..", import.meta.url));
    const ran = await at.attest("audit", top, "--offline", "--json");
    expect(ran.code, ran.stdout).toBe(5);
    const found = told(ran).documents.flatMap(({ findings }) => findings);
    expect(new Set(found.map(({ rule }) => rule))).toEqual(
      new Set(["cited-conflict", "relation-dangling", "verdict-opposite-target"]),
    );
    expect(found.find(({ rule }) => rule === "cited-conflict")?.detail).toMatch(
      /INCONCLUSIVE .*the page.* VALIDATED .*the note/,
    );
  });
});
