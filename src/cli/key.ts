/** `attest key`: the user's signing keys, outside of every repository. */
import { Option, type Command } from "commander";
import { AttestError } from "../core/errors.js";
import { formatKey } from "../core/keys/key.js";
import { formatPublicKey, PUBLIC_FORMATS, type PublicFormat } from "../formats/public-key.js";
import { keyidInAgent, offered } from "../keystore/agent.js";
import { elsewhere, type KeystorePlace, type StoredKey } from "../keystore/keystore.js";
import { DEFAULT_NAME } from "../pipeline/publish/signers.js";
import { io } from "./io.js";
import { revoke, rotate } from "./key-notices.js";
import { engine, keystore, readInput } from "./context.js";
import { withExamples, withJson, withPassphrase } from "./options.js";
import { newPassphrase, passphraseFrom, type PassphraseOptions } from "./passphrase.js";
import { answer, answerJson, talk } from "./ui.js";

const described = ({ name, key, place }: StoredKey) => ({
  name,
  keyid: key.keyid,
  publicKey: formatKey(key, name),
  encrypted: place === "passphrase",
  place,
});

const PLACE: Readonly<Record<KeystorePlace, string>> = {
  plain: "no passphrase",
  passphrase: "under a passphrase",
  agent: "in ssh-agent",
};

/** Where the secret is, in a sentence. */
function whereabouts({ name, place }: StoredKey): string {
  const file = `${keystore().folder}/${name}`;
  if (place === "agent") return "The secret is in ssh-agent, and nowhere here.";
  if (place === "passphrase") return `The secret is in ${file}.age, under a passphrase; \`age -d\` opens it too.`;
  return `The secret is in ${file}.pem, without a passphrase. To set one: attest key passphrase ${name}`;
}

/** What the owner hands out: the key line, and the command to use it. */
function handOut(stored: StoredKey, json: true | undefined): void {
  if (json) return answerJson(described(stored));
  const line = formatKey(stored.key, stored.name);
  answer(line);
  talk(
    `fingerprint ${stored.key.keyid}`,
    "",
    "Give that line to everyone who should check your results, over a channel that they trust. They type:",
    "",
    `  attest verify FILE --key '${line}'`,
    "",
    whereabouts(stored),
  );
}

export function key(attest: Command): void {
  const verb = attest.command("key").description("make and show signing keys, outside of every repository");
  withExamples(verb, "attest key new", "attest key list", "attest key show signer");

  const make = verb
    .command("new [name]")
    .description(`make a signing key (named ${DEFAULT_NAME} by default)`)
    .option(
      "--agent [fingerprint]",
      "give a name to the key that ssh-agent holds, SHA256:… or its only one, and keep no secret",
    );
  withExamples(withJson(make), "attest key new", "attest key new lab-2026").action(
    async (name: string | undefined, { json, agent }: { json?: true; agent?: true | string }) => {
      const [store, wanted] = [keystore(), name ?? DEFAULT_NAME];
      handOut(agent === undefined ? store.create(wanted) : await registered(wanted, agent), json);
    },
  );

  withExamples(
    withJson(verb.command("list").description("list your signing keys")),
    "attest key list",
    "attest key list --json",
  ).action(({ json }: { json?: true }) => {
    const store = keystore();
    const all = store.list();
    if (json) return answerJson({ keys: all.map(described) });
    answer(...all.map((stored) => `${stored.name}\t${stored.key.keyid}\t${PLACE[stored.place]}`));
    if (all.length === 0) talk(`no keys in ${store.folder}; make one with: attest key new`);
  });

  withExamples(
    withJson(verb.command("show [name]").description("print the public line of a key, and how it is used to verify")),
    "attest key show",
    "attest key show signer",
  ).action((name: string | undefined, { json }: { json?: true }) => handOut(keystore().find(name ?? onlyName()), json));

  const passphrase = verb
    .command("passphrase [name]")
    .description("set, change or remove a key's passphrase")
    .option("--new-passphrase-file <file>", "read the new passphrase from the first line of a file")
    .option("--new-passphrase-fd <n>", "read it from an open file descriptor")
    .addOption(
      new Option("--remove", "take the passphrase away: the secret is a plain file then").conflicts([
        "newPassphraseFile",
        "newPassphraseFd",
      ]),
    );
  withExamples(
    withPassphrase(withJson(passphrase)),
    "attest key passphrase signer",
    "attest key passphrase signer --new-passphrase-file FILE",
    "attest key passphrase signer --remove --passphrase-file FILE",
  ).action(async (name: string | undefined, options: ChangeOptions) => {
    const changed = await changePassphrase(keystore().find(name ?? onlyName()), options);
    if (options.json) answerJson(described(changed));
    else talk(whereabouts(changed));
  });

  const taken = verb
    .command("import <file>")
    .description("import an OpenSSH or PKCS#8 key; it keeps its passphrase; - is stdin")
    .option("--name <name>", `its new name (${DEFAULT_NAME} by default)`);
  withExamples(
    withPassphrase(withJson(taken)),
    "ssh-keygen -q -t ed25519 -N '' -f KEY && attest key import KEY --name lab-2026",
    "openssl genpkey -algorithm ed25519 | attest key import - --name lab-2027",
  ).action(async (file: string, options: PassphraseOptions & { json?: true; name?: string }) => {
    const [store, name] = [keystore(), options.name ?? DEFAULT_NAME];
    store.ready(name); // before anything is asked
    const { importKey } = await import("../keystore/imported.js");
    const passphrase = passphraseFrom(options, "passphrase of that key: ");
    const place = file === "-" ? "stdin" : file;
    handOut(await store.import(name, await importKey(await readInput(file), place, passphrase, engine)), options.json);
    if (!options.json && file !== "-")
      talk("", `${file} is still there, and signs as well as before: remove it once the key is kept safe elsewhere.`);
  });

  const given = verb
    .command("export [name]")
    .description("print the public key in another tool's format; never prints the secret")
    .addOption(new Option("--format <format>", "how").choices(PUBLIC_FORMATS).default("openssh"));
  withExamples(
    withJson(given),
    "attest key export signer --format pem > signer.pem && openssl pkey -pubin -in signer.pem -noout -text",
    "attest key export signer --format allowed-signers",
  ).action((name: string | undefined, { format, json }: { format: PublicFormat; json?: true }) => {
    const stored = keystore().find(name ?? onlyName());
    const text = formatPublicKey(format, stored.key, stored.name);
    if (json) answerJson({ name: stored.name, keyid: stored.key.keyid, format, text: `${text}\n` });
    else answer(...text.split("\n"));
  });
  rotate(verb);
  revoke(verb);
}

interface ChangeOptions extends PassphraseOptions {
  readonly json?: true;
  readonly remove?: true;
  readonly newPassphraseFile?: string;
  readonly newPassphraseFd?: string;
}

async function changePassphrase({ name, place }: StoredKey, options: ChangeOptions): Promise<StoredKey> {
  const { remove, newPassphraseFile, newPassphraseFd } = options;
  const present = passphraseFrom(options, "present passphrase: ");
  if (remove) return await keystore().decrypt(name, present);
  if (place === "agent") throw elsewhere(name);
  if (place === "passphrase") await present(); // people are asked for the old one first
  return await keystore().encrypt(name, await newPassphrase(newPassphraseFile, newPassphraseFd), present);
}

/** A name for a key that stays in ssh-agent. */
async function registered(name: string, fingerprint: true | string): Promise<StoredKey> {
  const store = keystore();
  store.ready(name);
  const keyid = fingerprint === true ? undefined : (keyidInAgent(fingerprint) ?? fingerprint);
  if (keyid !== undefined && !/^SHA256:[A-Za-z0-9+/]{43}$/.test(keyid))
    throw new AttestError(
      "usage",
      `--agent takes a fingerprint SHA256:…, not ${JSON.stringify(fingerprint)}`,
      "ssh-add -l prints it; the name of the key goes before: attest key new NAME --agent",
    );
  return store.register(name, await offered(keyid, io().env["SSH_AUTH_SOCK"], engine));
}

/** The name of the only key. */
function onlyName(): string {
  const names = keystore()
    .list()
    .map(({ name }) => name);
  const [only, ...more] = names;
  if (only === undefined || more.length > 0) {
    if (only !== undefined)
      throw new AttestError("usage", `there are several keys: ${names.join(", ")}`, "name one of them");
    return DEFAULT_NAME; // does not exist, which `find` reports
  }
  return only;
}
