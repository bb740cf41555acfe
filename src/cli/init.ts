/** `attest init`: makes a registry, and a signing key if there is none. */
import type { Command } from "commander";
import { join } from "node:path";
import { commandLine } from "../node/command-line.js";
import { AttestError } from "../core/errors.js";
import { keyidInAgent } from "../keystore/agent.js";
import type { StoredKey } from "../keystore/keystore.js";
import { inGit, remoteOrigin, testCommand } from "../pipeline/run/project.js";
import { ensureKey, chooseSigner, DEFAULT_NAME, keyEntryOf } from "../pipeline/publish/signers.js";
import { fileAt, isBucketAddress } from "../store/open.js";
import { GIT_ATTRIBUTES } from "../store/git-attributes.js";
import { REGISTRY_FILE, Registry } from "../store/registry.js";
import { keyCalled } from "./destination.js";
import { engine, keystore, logKeys, ownLogs, openPlace } from "./context.js";
import { withExamples, withJson } from "./options.js";
import { answer, answerJson, talk } from "./ui.js";

interface Options {
  readonly origin?: string;
  readonly title?: string;
  readonly signer?: string;
  readonly json?: true;
}

export function init(attest: Command): void {
  const command = attest
    .command("init [dir]")
    .description("make a registry: a folder of attestations that any static host can serve, or s3://bucket/prefix")
    .option("--origin <name>", "its address without a scheme: example.org/lab (git's remote origin by default)")
    .option("--title <text>", "its title on its pages (the origin by default)")
    .option(
      "--signer <name>",
      "the key that it lists first: a name, or agent:SHA256:… for one in ssh-agent; made if you have no key at all",
    );
  withExamples(withJson(command), "attest init lab --origin example.org/lab --title 'Our lab'").action(
    async (dir: string | undefined, options: Options) => {
      const store = keystore();
      const folder = dir ?? ".";
      const origin = options.origin ?? (isBucketAddress(folder) ? undefined : await remoteOrigin(folder));
      if (origin === undefined) {
        throw new AttestError(
          "usage",
          "--origin NAME is missing, and there is no git remote to take it from",
          "it says where the registry will be published: example.org/lab",
        );
      }
      // Refuse first, before anything is made: check the named signer, then the registry, then make a key.
      const known =
        options.signer !== undefined && keyidInAgent(options.signer) !== undefined
          ? { name: "agent", key: await keyCalled(options.signer) }
          : store.list().length === 0
            ? undefined
            : await chooseSigner(store, options.signer, undefined);
      if (known === undefined) store.ready(options.signer ?? DEFAULT_NAME);
      let made: StoredKey | undefined;
      const signer = (): Pick<StoredKey, "name" | "key"> =>
        known ?? (made ??= ensureKey(store, options.signer ?? DEFAULT_NAME).stored);
      const registry = await Registry.create(
        await openPlace(folder),
        { origin, title: options.title ?? origin },
        engine,
        ownLogs(),
        () => keyEntryOf(signer(), new Date()),
      );
      const [log] = await registry.log.all();
      const logKeyFile = log === undefined ? undefined : join(logKeys().folderOf(log.key), "key.pem");
      if (options.json)
        return answerJson({
          registry: folder,
          ...registry.about,
          signer: signer().name,
          keyid: signer().key.keyid,
          keyMade: made !== undefined,
          log: (await registry.log.current())?.key,
          logKey: logKeyFile,
        });
      answer(folder);
      talk(
        `made a registry for ${registry.about.origin}; signer ${signer().name} ${signer().key.keyid}${made ? ", a new key" : ""}`,
        `its log signs with a key of its own, ${logKeyFile}`,
        "",
        ...nextSteps(folder, store.folder),
      );
    },
  );
}

/** A project with tests or a repository gets its own tests; an empty folder gets the built-in test. */
function nextSteps(folder: string, secrets: string): string[] {
  const tested = testCommand(".");
  const committed = !isBucketAddress(folder) && inGit(folder);
  const paths = [GIT_ATTRIBUTES, REGISTRY_FILE, "keys", "attestations"].map((name) =>
    commandLine([fileAt(folder, name)]),
  );
  return [
    "Next, here:",
    `  attest run ${folder === "." ? "" : `--registry ${commandLine([folder])} `}-- ${tested ?? "COMMAND"}`,
    ...(committed ? [`  git add ${paths.join(" ")}`] : []),
    ...(tested === undefined || committed ? [""] : []),
    ...(tested === undefined ? ["COMMAND is what runs your tests, for example npm test or pytest."] : []),
    ...(committed ? [`Nothing there is secret; your key is in ${secrets}.`] : []),
  ];
}
