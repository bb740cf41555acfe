/** A registry as its publisher may spoil it, and a reader who has the publisher's key from elsewhere. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { expect } from "vitest";
import type { JsonObject } from "../../src/core/json.js";
import type { Notice } from "../../src/core/statement/notice.js";
import { parseEnvelope } from "../../src/core/statement/envelope.js";
import type { PlanStatement } from "../../src/core/statement/plan.js";
import { draft, type Draft, type Findings } from "../../src/core/statement/statement.js";
import { Keystore } from "../../src/keystore/keystore.js";
import { LogKeys } from "../../src/keystore/log-keys.js";
import { nodeEngine } from "../../src/node/engine.js";
import { signNotice, signRotation } from "../../src/pipeline/publish/notice.js";
import { sign } from "../../src/pipeline/publish/sign.js";
import { Directory } from "../../src/store/directory.js";
import { Registry } from "../../src/store/registry.js";
import { attest, stranger, type Ran, type Workspace } from "../cli/attest.js";

export const ok = (ran: Ran, code = 0): Ran => {
  expect(ran.code, ran.stdout + ran.stderr).toBe(code);
  return ran;
};

export const ATTESTATIONS = "lab/attestations";
export const names = (work: Workspace, pattern: RegExp): string[] =>
  readdirSync(work.path(ATTESTATIONS)).filter((name) => pattern.test(name) && name.endsWith(".json"));

const payloadOf = (work: Workspace, name: string): JsonObject =>
  (JSON.parse(readFileSync(work.path(ATTESTATIONS, name), "utf8")) as { payload: JsonObject }).payload;

/** The files of notices with that action. */
function noticesOf(work: Workspace, action: Notice["action"]): string[] {
  const found = names(work, /^note_/).filter(
    (name) => (payloadOf(work, name)["predicate"] as JsonObject)["action"] === action,
  );
  expect(found).not.toEqual([]);
  return found.map((name) => work.path(ATTESTATIONS, name));
}

/** Keeps them back; their entries stay. */
export const withhold = (work: Workspace, action: Notice["action"]): void =>
  noticesOf(work, action).forEach((path) => rmSync(path));

/** Puts a bad signature by the same key before each good one. */
export function double(work: Workspace, action: Notice["action"]): void {
  for (const path of noticesOf(work, action)) {
    const document = JSON.parse(readFileSync(path, "utf8")) as { signatures: { keyid: string; sig: string }[] };
    const signatures = document.signatures.flatMap((one) => [{ ...one, sig: `${"A".repeat(86)}==` }, one]);
    writeFileSync(path, JSON.stringify({ ...document, signatures }));
  }
}

export const keystoreOf = (work: Workspace): Keystore => new Keystore(work.home, nodeEngine);
const noPassphrase = (): Promise<undefined> => Promise.resolve(undefined);

/** A hand-over that nobody publishes but who has both keys, and that no log has. */
export async function handOver(work: Workspace, from: string, to: string, now = new Date()): Promise<void> {
  const store = keystoreOf(work);
  if (store.list().every(({ name }) => name !== to)) store.create(to);
  const [old, next] = [await store.signer(from, noPassphrase), await store.signer(to, noPassphrase)];
  const { id, bytes } = await signRotation({
    from: old,
    to: next,
    reason: "planned",
    engine: nodeEngine,
    now: () => now,
  });
  writeFileSync(work.path(ATTESTATIONS, `${id}.json`), bytes);
}

/** A result that is signed and published by whoever has the keys, without the program's checks of what it says. Returns its file. */
export async function publishAs(work: Workspace, by: string, draft: Draft): Promise<string> {
  const logs = new LogKeys(work.home, nodeEngine, {});
  const registry = await Registry.open(new Directory(work.path("lab")), nodeEngine, (key) => logs.find(key));
  const signer = await keystoreOf(work).signer(by, noPassphrase);
  const signed = await sign(draft, signer, nodeEngine, new Date(), await registry.log.current());
  await registry.publish({ ...signed, evidence: new Map() });
  return `${ATTESTATIONS}/${signed.id}.json`;
}

/** A notice by that key, put beside the others without the program's help. */
export async function plant(work: Workspace, by: string, notice: Notice): Promise<void> {
  const signer = await keystoreOf(work).signer(by, noPassphrase);
  const { id, bytes } = await signNotice(notice, [signer], nodeEngine);
  writeFileSync(work.path(ATTESTATIONS, `${id}.json`), bytes);
}

/** Who has no key of their own, and a memory of their own. */
export const reader =
  (work: Workspace) =>
  (...args: readonly string[]): Promise<Ran> =>
    attest(args, stranger(work));

export const fileOf = (path: string): string => `${ATTESTATIONS}/${basename(path)}`;

export interface Unfinished {
  readonly id: string;
  readonly digest: string;
  /** As `--allow-relation` wants it. */
  readonly word: string;
  readonly plan: PlanStatement;
}

/** A registry `lab` with a plan whose run was killed before it had a result. */
export async function unfinished(work: Workspace): Promise<Unfinished> {
  work.write("a.txt", "a\n");
  ok(await work.attest("init", "lab", "--origin", "example.org/lab"));
  await work.attestProcess("run", "--registry", "lab", "--subject", "a.txt", "--", "/bin/sh", "-c", "kill -9 $PPID");
  const [name = ""] = names(work, /^plan_/);
  const { payload, payloadBytes } = parseEnvelope(new Uint8Array(readFileSync(work.path(ATTESTATIONS, name))));
  const digest = createHash("sha256").update(payloadBytes).digest("hex");
  const plan = payload as unknown as PlanStatement;
  return { id: name.replace(/\.json$/, ""), digest, word: `planned-by:${digest}`, plan };
}

export type Changes = Partial<Pick<Draft, "subject">> & { readonly f3?: Partial<Findings["f3"]> };

/** What was announced, done; but for the changes. */
export function answerTo(
  { id, digest, plan }: Pick<Unfinished, "id" | "digest" | "plan">,
  changes: Changes = {},
): Draft {
  const { subject, predicate } = plan;
  const now = new Date().toISOString();
  return draft({
    subject: [...subject],
    configuration: [...predicate.configuration],
    ...changes,
    f3: {
      title: predicate.title,
      hypothesis: predicate.hypothesis,
      summary: "It came out so.",
      sections: [],
      checks: predicate.checks.map((check) => ({ ...check, outcome: "passed", observed: check.expected })),
      notChecked: [],
      evidence: [],
      relations: [{ type: "planned-by", target: id, digest: { sha256: digest } }],
      run: { startedAt: now, finishedAt: now, command: [...predicate.command], environment: {} },
      ...changes.f3,
    },
  });
}
