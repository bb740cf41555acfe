/** A complete example: key, registry, run, signature, publication, site, and a stranger's verification. */
import { join } from "node:path";
import type { Engine } from "../../core/engine.js";
import { formatKey } from "../../core/keys/key.js";
import type { Report } from "../../core/verify/report.js";
import type { LogKeys } from "../../keystore/log-keys.js";
import type { Keystore, Passphrase, StoredKey } from "../../keystore/keystore.js";
import { TOOL } from "../../node/package.js";
import { buildSite } from "../../site/build.js";
import { openStore } from "../../store/open.js";
import { attestationPath, isResult, Registry, REGISTRY_FILE } from "../../store/registry.js";
import { announce, promised } from "./announce.js";
import { publish } from "../publish/publish.js";
import { runNamed } from "./built-in.js";
import { sign } from "../publish/sign.js";
import { DEFAULT_NAME, ensureKey, keyEntryOf } from "../publish/signers.js";
import { verifyAll } from "../verify/verify.js";

const SCENARIO = "task-aware-background";
const ABOUT = { origin: "demo.invalid", title: "Demonstration registry" };

export interface DemoOptions {
  readonly folder: string;
  readonly keystore: Keystore;
  readonly logKeys: LogKeys;
  readonly engine: Engine;
  readonly passphrase: Passphrase;
  readonly signal: AbortSignal;
  readonly progress: (text: string, share?: number) => void;
}

export interface Demo {
  readonly id: string;
  readonly digest: string;
  readonly report: Report;
  readonly attestation: string;
  readonly page: string;
  readonly site: string;
  readonly count: number;
  readonly key: StoredKey;
  readonly keyMade: boolean;
  readonly publicKey: string;
}

/** May be repeated: key and registry stay, and an attestation is added. */
export async function demo(options: DemoOptions): Promise<Demo> {
  const { folder, keystore, logKeys, engine, passphrase, signal, progress } = options;
  const store = await openStore(folder);
  const there = (await store.read(REGISTRY_FILE)) !== undefined;
  const { stored, made } = await demoKey(keystore, there ? await Registry.open(store, engine) : undefined);
  const registry = there
    ? await Registry.open(store, engine, (key) => logKeys.find(key))
    : await Registry.create(store, ABOUT, engine, logKeys);
  await registry.log.ready();
  await registry.listSigner(keyEntryOf(stored, new Date()));
  const signer = await keystore.signer(stored.name, passphrase);

  const { draft, evidence } = await runNamed(SCENARIO, {
    profile: undefined,
    engine,
    tool: TOOL,
    command: ["attest", "demo"],
    signal,
    progress,
    now: () => new Date(),
    announce: (outline) =>
      announce(outline, [], {
        registry,
        signer,
        engine,
        withinMs: promised(undefined),
        allowSecrets: [],
        now: () => new Date(),
        announcing: (id) => progress(`announced ${id} in the log, before it runs`),
      }),
  });
  progress("signing, publishing and building the site");
  const attestation = await sign(draft, signer, engine, new Date(), await registry.log.current());
  await publish(attestation, evidence, signer, registry);
  const site = join(folder, "site");
  await buildSite(registry, await openStore(site), engine, new Date());

  const path = join(folder, attestationPath(attestation.id));
  const [verified] = await verifyAll({ targets: [path], keys: [], keyrings: [], keystore, engine, now: new Date() });
  if (verified === undefined || "fault" in verified) throw verified?.fault ?? new Error("what was published is gone");
  return {
    id: attestation.id,
    digest: attestation.digest,
    report: verified.report,
    attestation: path,
    page: join(site, "attestations", `${attestation.id}.html`),
    site: join(site, "index.html"),
    count: (await registry.names()).filter(isResult).length,
    key: stored,
    keyMade: made,
    publicKey: formatKey(stored.key, stored.name),
  };
}

/** The key listed by this registry; else one without a passphrase, since nothing can be asked here; else a new one. */
async function demoKey(
  keystore: Keystore,
  registry: Registry | undefined,
): Promise<{ stored: StoredKey; made: boolean }> {
  const all = keystore.list();
  const listed = registry === undefined ? [] : (await registry.keyring()).signers.map(({ key }) => key.keyid);
  const known =
    all.find(({ key }) => listed.includes(key.keyid)) ?? all.find(({ place }) => place === "plain") ?? all[0];
  return known === undefined ? ensureKey(keystore, DEFAULT_NAME) : { stored: known, made: false };
}
