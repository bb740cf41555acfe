/** `attest trust`: pins of other people's keys, by name. Nothing else writes pins: first contact never pins. */
import type { Command } from "commander";
import { AttestError } from "../core/errors.js";
import { formatKey } from "../core/keys/key.js";
import { KEY_NAME } from "../core/schema.js";
import type { Pin } from "../keystore/pins.js";
import { keysFrom } from "../pipeline/load/trusted-keys.js";
import { ORIGIN } from "../store/registry.js";
import { engine, pins } from "./context.js";
import { withExamples, withJson } from "./options.js";
import { answer, answerJson, talk } from "./ui.js";

const described = ({ name, key, origin, source, addedAt }: Pin) => ({
  name,
  keyid: key.keyid,
  publicKey: formatKey(key, name),
  origin,
  source,
  addedAt,
});

export function trust(attest: Command): void {
  const verb = attest.command("trust").description("pin keys of others that you trust, by name");
  withExamples(verb, "attest trust add colleague signer.pub", "attest trust list", "attest trust remove colleague");

  const add = verb
    .command("add <name> <key>")
    .description("pin a public key: its line, a file, or an https address; check over another channel whose it is")
    .option("--origin <origin>", "count it for one registry only, and stop if another key takes its place");
  withExamples(
    withJson(add),
    "attest trust add colleague signer.pub",
    "attest trust add lab-at-example signer.pub --origin example.org/lab",
  ).action(async (name: string, text: string, { origin, json }: { origin?: string; json?: true }) => {
    checkNames(name, origin);
    const now = new Date();
    const [only, ...more] = await keysFrom(text, engine, now);
    if (only === undefined || more.length > 0) {
      throw new AttestError(
        "key-format",
        `--key gives ${more.length + 1} keys, and one can be pinned: ${[only, ...more].map((one) => one?.key.keyid ?? "").join(", ")}`,
        "ask which of them is meant, and give its line in quotes",
      );
    }
    const source = only.source.replace(/^--key ?/, "") || "given by you";
    const pin: Pin = { name, key: only.key, origin, source, addedAt: now.toISOString() };
    const added = await pins().add(pin);
    if (json) return answerJson({ ...described(pin), added });
    answer(`${name}\t${pin.key.keyid}`);
    const where = origin === undefined ? "every document" : `the registry ${origin}`;
    talk(added ? `pinned for ${where}; undo it with: attest trust remove ${name}` : "it was pinned already");
  });

  withExamples(
    withJson(verb.command("list").description("list the keys that you pinned")),
    "attest trust list",
    "attest trust list --json",
  ).action(({ json }: { json?: true }) => {
    const all = pins().list();
    if (json) return answerJson({ pins: all.map(described) });
    answer(...all.map(({ name, key, origin }) => `${name}\t${key.keyid}\t${origin ?? "everywhere"}`));
    if (all.length === 0) talk("no pins; add one with: attest trust add NAME LINE");
  });

  withExamples(
    withJson(verb.command("remove <name>").description("forget a pin")),
    "attest trust add former signer.pub && attest trust remove former",
  ).action(async (name: string, { json }: { json?: true }) => {
    const removed = await pins().remove(name);
    if (json) return answerJson(described(removed));
    talk(`removed ${name}, ${removed.key.keyid}`);
  });
}

function checkNames(name: string, origin: string | undefined): void {
  if (!KEY_NAME.test(name)) {
    throw new AttestError(
      "key-name",
      `a name has at most 64 lowercase letters, digits, '.', '_' and '-'; ${JSON.stringify(name)} is not one`,
    );
  }
  if (origin !== undefined && !ORIGIN.test(origin)) {
    throw new AttestError(
      "usage",
      `${JSON.stringify(origin)} is not the origin of a registry`,
      "an origin is a name without a scheme, like example.org/lab; attest.json has it",
    );
  }
}
