/** A laboratory whose registry has a log: what was announced, what came of it, what was taken back, and what is kept from the reader. */
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bytes } from "../../src/core/bytes.js";
import { cosign, sealCheckpoint, withSignatures } from "../../src/core/log/checkpoint.js";
import { append } from "../../src/core/log/append.js";
import type { Signer } from "../../src/core/keys/key.js";
import type { NoteEntry } from "../../src/core/keys/keyring.js";
import { parseEntry } from "../../src/core/log/entry.js";
import type { LogSigner } from "../../src/core/log/log-signer.js";
import { formatNoteKey, parseNote, type NoteKey } from "../../src/core/keys/note.js";
import { formatProof } from "../../src/core/log/proof.js";
import { proveInclusion } from "../../src/core/log/tiles.js";
import type { Notice } from "../../src/core/statement/notice.js";
import type { Findings, Relation } from "../../src/core/statement/statement.js";
import { draft } from "../../src/core/statement/statement.js";
import { LogKeys } from "../../src/keystore/log-keys.js";
import { nodeEngine } from "../../src/node/engine.js";
import { signNotice, type SignedNotice } from "../../src/pipeline/publish/notice.js";
import { announce } from "../../src/pipeline/run/announce.js";
import { sign, type Attestation } from "../../src/pipeline/publish/sign.js";
import { keyEntryOf } from "../../src/pipeline/publish/signers.js";
import { buildSite, type Built } from "../../src/site/build.js";
import { Directory } from "../../src/store/directory.js";
import { proofPath } from "../../src/store/paths.js";
import { attestationPath, Registry } from "../../src/store/registry.js";
import { idOf } from "../../src/store/registry-log.js";
import { formatPageData, type DataOf, type PageData, type PageKind } from "../../src/formats/page-data.js";
import { dataIn, withData } from "./embedded.js";
import { findings, NOW, OUTPUT, place, serve, testKey, type Published, type Served, type TestKey } from "./making.js";

const DAY_MS = 86_400_000;
const EPOCH = Date.parse("2026-03-01T09:00:00Z");

/** A registry that can be published to, and built as often as a test likes. */
export class Laboratory {
  readonly home = place();
  readonly #secrets = place();
  readonly mine = testKey("lab-2026");
  readonly another = testKey("other");
  readonly #keys = new LogKeys(this.#secrets, nodeEngine, {});
  #minutes = 0;
  registry!: Registry;

  static async open(): Promise<Laboratory> {
    const made = new Laboratory();
    const keys = made.#keys;
    const about = { origin: "lab.example.org/adding", title: "Laboratory of Addition" };
    await Registry.create(new Directory(made.home), about, nodeEngine, keys);
    made.registry = await Registry.open(new Directory(made.home), nodeEngine, (key) => keys.find(key));
    for (const key of [made.mine, made.another])
      await made.registry.listSigner(keyEntryOf(key, new Date("2026-01-01T00:00:00Z")));
    return made;
  }

  /** Each thing that happens here happens a few minutes after the one before. */
  #now(): Date {
    this.#minutes += 5;
    return new Date(EPOCH + this.#minutes * 60_000);
  }

  async plan(found: Findings, withinMs = DAY_MS): Promise<Relation> {
    const { f3, subject, configuration } = found;
    const checks = f3.checks.map(({ id, claim, required, expected }) => ({ id, claim, required, expected }));
    const outline = {
      subject,
      title: f3.title,
      hypothesis: f3.hypothesis,
      checks,
      configuration,
      command: ["node", "add.js"],
    };
    const relation = await announce(outline, [], {
      registry: this.registry,
      signer: this.mine,
      engine: nodeEngine,
      withinMs,
      allowSecrets: [],
      now: () => this.#now(),
      announcing: () => undefined,
    });
    return relation!;
  }

  async result(found: Findings, plan?: Relation): Promise<Attestation> {
    const made = await this.#signed(found, plan);
    const [output] = made.statement.predicate.f3.evidence;
    const evidence = new Map(output === undefined ? [] : [[output.digest.sha256!, OUTPUT]]);
    await this.registry.publish({ ...made, evidence });
    return made;
  }

  /** Many at once, which share a checkpoint. */
  async results(all: readonly Findings[]): Promise<void> {
    const entered: Promise<unknown>[] = [];
    for (const found of all) {
      const { id, bytes } = await this.#signed(found);
      await this.registry.store.create(attestationPath(id), bytes);
      entered.push(this.registry.log.enter([{ id, bytes }]));
    }
    await Promise.all(entered);
    await this.registry.complete([]);
  }

  async #signed(found: Findings, plan?: Relation): Promise<Attestation> {
    const at = this.#now();
    const begun = new Date(at.getTime() - 60_000).toISOString();
    const { f3, ...rest } = found;
    const run = { ...f3.run, startedAt: begun, finishedAt: at.toISOString() };
    const evidence = f3.evidence.map((piece) => ({
      ...piece,
      ...(piece.sourceDate !== undefined && { sourceDate: begun }),
    }));
    const relations = [...f3.relations, ...(plan === undefined ? [] : [plan])];
    const whole = { ...rest, f3: { ...f3, run, evidence, relations } };
    return await sign(draft(whole), this.mine, nodeEngine, at, await this.registry.log.current());
  }

  async say(
    said:
      | { action: "retract" | "abandon"; about: string; reason: string }
      | { action: "supersede"; about: string; by: string; reason: string },
    by: Signer = this.mine,
  ): Promise<SignedNotice> {
    const notice = { version: 1, signedAt: this.#now().toISOString(), ...said } as Notice;
    const signed = await signNotice(notice, [by], nodeEngine, await this.registry.log.current());
    await this.registry.publish({ ...signed, evidence: new Map() });
    return signed;
  }

  /** As an operator who would rather not have published it. */
  async withhold({ id }: { readonly id: string }): Promise<void> {
    rmSync(join(this.home, attestationPath(id)));
    rmSync(join(this.home, attestationPath(id).replace(/json$/, "tlog-proof")));
  }

  async build(folder = join(this.home, "site")): Promise<Published> {
    const built: Built = await buildSite(this.registry, new Directory(folder), nodeEngine, NOW);
    return { home: this.home, folder, registry: this.registry, built };
  }

  async #log(): Promise<{ key: NoteKey; signer: LogSigner; entries: Bytes[]; checkpoint: Bytes }> {
    const [{ key }] = (await this.registry.log.all()) as [NoteEntry];
    const reader = await this.registry.log.reader(0);
    const entries: Bytes[] = [];
    for await (const bundle of reader!.bundles()) entries.push(...bundle.entries);
    return { key, signer: this.#keys.find(key)!, entries, checkpoint: reader!.bytes };
  }

  /** The site of an operator who signed another history with the same key: tiles, proofs and pages all agree with it. */
  async forge(change: (entries: Bytes[]) => readonly Bytes[]): Promise<string> {
    const { key, signer, entries } = await this.#log();
    const home = place();
    cpSync(this.home, home, { recursive: true, filter: (path) => !/[/\\](?:site|log)$/.test(path) });
    const forged = change([...entries]);
    const { files, head } = append(0, forged, () => undefined, nodeEngine.sha256);
    const checkpoint = sealCheckpoint({ origin: key.name, ...head }, key, signer.sign);
    const store = new Directory(home);
    for (const { path, bytes } of files) await store.replace(`attestations/log/${path}`, bytes);
    await store.replace("attestations/log/checkpoint", checkpoint);
    const tiles = new Map(files.map(({ path, bytes }) => [path, bytes]));
    for (const [index, entry] of forged.entries()) {
      const hashes = proveInclusion(index, head.size, (path) => tiles.get(path), nodeEngine.sha256);
      const id = idOf(parseEntry(entry))!;
      if ((await store.read(attestationPath(id))) !== undefined)
        await store.replace(proofPath(id), formatProof({ index, hashes, checkpoint }));
    }
    const folder = place();
    await buildSite(await Registry.open(store, nodeEngine), new Directory(folder), nodeEngine, NOW);
    return folder;
  }

  /** A witness's line under the checkpoint of a built site; returns its key. */
  async witness(folder: string, at: Date): Promise<string> {
    const { checkpoint } = await this.#log();
    const { key, sign: signed } = this.#keys.create("witness.example.net", "cosignature-v1");
    const line = cosign(parseNote(checkpoint), key, at.getTime() / 1000, signed);
    await new Directory(folder).replace("attestations/log/checkpoint", withSignatures(checkpoint, [line]));
    return formatNoteKey(key);
  }
}

/** For a test to spoil. */
export function copyOf(folder: string): string {
  const copy = place();
  cpSync(folder, copy, { recursive: true });
  return copy;
}

/** A page is read only, for everybody but a test. */
export type Open<T> = { -readonly [K in keyof T]: T[K] extends object | undefined ? Open<T[K]> : T[K] };

/** Who serves a site, and may exchange any of its files. */
export class Host {
  readonly folder: string;
  readonly #site: string;
  readonly #open: Served[] = [];

  constructor({ folder }: Pick<Published, "folder">) {
    this.#site = folder;
    this.folder = copyOf(folder);
  }

  put(site = this.#site): void {
    cpSync(site, this.folder, { recursive: true });
  }

  /** An address that no browser has been to: what one remembers, it remembers of an address. */
  async address(broken?: RegExp): Promise<(path: string) => string> {
    const served = await serve(this, broken);
    this.#open.push(served);
    return (path) => served.url("http", path);
  }

  /** A page whose data were changed; returns its path. */
  spoilt<K extends PageKind>(path: string, change: (data: Open<DataOf<K>>) => unknown): string {
    const page = readFileSync(join(this.#site, path), "utf8");
    const data = JSON.parse(dataIn(page)) as PageData;
    change(data as Open<DataOf<K>>);
    const name = path.replace(/[^/]+$/, "spoilt.html");
    writeFileSync(join(this.folder, name), withData(page, formatPageData(data)));
    return name;
  }

  close(): void {
    for (const served of this.#open) served.close();
  }
}

export interface LoggedLab extends Published {
  readonly lab: Laboratory;
  readonly mine: TestKey;
  readonly good: Attestation;
  readonly retracted: Attestation;
  readonly superseded: Attestation;
  readonly withheld: Attestation;
  readonly open: Relation;
  readonly abandoned: Relation;
}

/** Eleven entries: four plans, four results, four notices less one. */
export async function loggedLab(): Promise<LoggedLab> {
  const lab = await Laboratory.open();
  const failing = findings({ title: "Subtraction adds", hypothesis: "Less is more." });
  const [first, ...others] = failing.f3.checks;
  const refuted = {
    ...failing,
    f3: {
      ...failing.f3,
      checks: [{ ...first!, outcome: "failed" as const, observed: "the difference was 0" }, ...others],
    },
  };
  const superseded = await lab.result(findings({ title: "Addition adds, first try" }));
  const retracted = await lab.result(findings({ title: "Addition adds on Sundays" }));
  const good = await lab.result(findings(), await lab.plan(findings()));
  const withheld = await lab.result(refuted, await lab.plan(refuted));
  const open = await lab.plan(
    findings({ title: "Addition adds at night", hypothesis: "Darkness changes nothing." }),
    400 * DAY_MS,
  );
  const abandoned = await lab.plan(findings({ title: "Addition adds under water" }));
  const reason = "The clock of that machine was a day off, so it was no Sunday.";
  await lab.say({ action: "retract", about: retracted.digest, reason });
  await lab.say({
    action: "supersede",
    about: superseded.digest,
    by: good.digest,
    reason: "The second try was announced beforehand.",
  });
  await lab.say({ action: "abandon", about: abandoned.digest!["sha256"]!, reason: "The machine must not get wet." });
  await lab.say({ action: "retract", about: good.digest, reason: "I do not like it." }, lab.another);
  await lab.withhold(withheld);
  return { ...(await lab.build()), lab, mine: lab.mine, good, retracted, superseded, withheld, open, abandoned };
}
