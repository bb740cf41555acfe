/** `attest key`: signing keys of the user, outside every repository. */
import type { Command } from "commander";
import { AttestError } from "../core/errors.js";
import { formatKey } from "../core/key.js";
import type { StoredKey } from "../keystore/keystore.js";
import { DEFAULT_NAME } from "../pipeline/signers.js";
import { revoke, rotate } from "./key-notices.js";
import { keystore, withExamples, withJson, withPassphrase } from "./context.js";
import { firstLine, onTerminal, passphraseFrom, type PassphraseOptions } from "./passphrase.js";
import { answer, answerJson, talk } from "./ui.js";

const described = ({ name, key, encrypted }: StoredKey) => ({
  name,
  keyid: key.keyid,
  publicKey: formatKey(key, name),
  encrypted,
});

/** What the owner hands out: the line, and what to type with it. */
function handOut(stored: StoredKey, json: true | undefined): void {
  if (json) return answerJson(described(stored));
  const line = formatKey(stored.key, stored.name);
  answer(line);
  talk(
    `fingerprint ${stored.key.keyid}`,
    "",
    "Give that line to whoever is to check your results, over a way that they trust. They type:",
    "",
    `  attest verify FILE --key '${line}'`,
  );
}

export function key(attest: Command): void {
  const verb = attest.command("key").description("make and show signing keys; they lie outside every repository");
  withExamples(verb, "attest key new", "attest key list", "attest key show signer");

  withExamples(
    withJson(
      verb.command("new [name]").description(`make a signing key (named ${DEFAULT_NAME} unless you say otherwise)`),
    ),
    "attest key new",
    "attest key new lab-2026",
  ).action((name: string | undefined, { json }: { json?: true }) => {
    const store = keystore();
    const stored = store.create(name ?? DEFAULT_NAME);
    handOut(stored, json);
    if (!json)
      talk(
        "",
        `The secret is in ${store.folder}, without a passphrase. To set one: attest key passphrase ${stored.name}`,
      );
  });

  withExamples(
    withJson(verb.command("list").description("list your signing keys")),
    "attest key list",
    "attest key list --json",
  ).action(({ json }: { json?: true }) => {
    const store = keystore();
    const all = store.list();
    if (json) return answerJson({ keys: all.map(described) });
    answer(
      ...all.map(
        (stored) => `${stored.name}\t${stored.key.keyid}\t${stored.encrypted ? "under a passphrase" : "no passphrase"}`,
      ),
    );
    if (all.length === 0) talk(`no keys in ${store.folder}; make one with: attest key new`);
  });

  withExamples(
    withJson(verb.command("show [name]").description("print the public line of a key, and how it is used to verify")),
    "attest key show",
    "attest key show signer",
  ).action((name: string | undefined, { json }: { json?: true }) => handOut(keystore().find(name ?? onlyName()), json));

  const passphrase = verb
    .command("passphrase [name]")
    .description("put a key under a passphrase, or under another one");
  passphrase.option("--new-passphrase-file <file>", "read the new passphrase from the first line of a file");
  withExamples(
    withPassphrase(withJson(passphrase)),
    "attest key passphrase signer",
    "attest key passphrase signer --new-passphrase-file FILE",
  ).action(
    async (name: string | undefined, options: PassphraseOptions & { json?: true; newPassphraseFile?: string }) => {
      const stored = keystore().find(name ?? onlyName());
      const changed = await keystore().encrypt(
        stored.name,
        await newPassphrase(options.newPassphraseFile),
        passphraseFrom(options, "present passphrase: "),
      );
      if (options.json) answerJson(described(changed));
      else
        talk(
          `the key ${changed.name} is now under a passphrase; \`age -d\` opens ${keystore().folder}/${changed.name}.age as well`,
        );
    },
  );
  rotate(verb);
  revoke(verb);
}

function onlyName(): string {
  const names = keystore()
    .list()
    .map(({ name }) => name);
  const [only, ...more] = names;
  if (only === undefined || more.length > 0) {
    if (only !== undefined)
      throw new AttestError(
        "usage",
        `expected the name of a key, found several: ${names.join(", ")}`,
        "name one of them",
      );
    return DEFAULT_NAME; // which is not there, and `find` says so
  }
  return only;
}

async function newPassphrase(file: string | undefined): Promise<string> {
  if (file !== undefined) return firstLine(file, "its file");
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new AttestError(
      "key-locked",
      "expected a new passphrase, found no terminal to ask on",
      "give it with --new-passphrase-file FILE",
    );
  }
  const first = await onTerminal("new passphrase: ");
  if (first !== (await onTerminal("the same again: ")))
    throw new AttestError(
      "key-locked",
      "expected the same passphrase twice, found two",
      "nothing was changed; run the same command again",
    );
  return first;
}
