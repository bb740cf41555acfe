/** `attest log witness` and `attest log accept`: cosigns a log, and adds a cosignature to a registry. */
import type { Command } from "commander";
import { join } from "node:path";
import { fromUtf8, utf8 } from "../core/bytes.js";
import { formatNoteKey, parseNoteKey, type NoteKey } from "../core/keys/note.js";
import { LogMemory } from "../keystore/log-memory.js";
import { WitnessKeys } from "../keystore/witness-keys.js";
import { isFolder, replace } from "../node/files.js";
import { read } from "../node/reading.js";
import { secretsHome } from "../node/paths.js";
import { accept, type Accepted } from "../pipeline/log/accept.js";
import { logPlace } from "../pipeline/log/source.js";
import { plural } from "../pipeline/log/show.js";
import { witnessKey } from "../pipeline/verify/verify.js";
import { bearWitness } from "../pipeline/log/witness.js";
import { engine, logSigners, openRegistry, readInput, registryFolder } from "./context.js";
import { collect, withExamples, withJson } from "./options.js";
import { answer, answerBytes, answerJson, talk } from "./ui.js";
import { io } from "./io.js";

interface WitnessOptions {
  readonly name: string;
  readonly logKey?: string;
  readonly output?: string;
  readonly json?: true;
}

export function witness(log: Command): void {
  const command = log
    .command("witness <registry>")
    .description("cosign a log's checkpoint with the time, if it continues what you saw before; a folder or an address")
    .requiredOption("--name <name>", "your witness key; made if it does not exist")
    .option(
      "--log-key <vkey|file>",
      "the log's key, from its operator: required for the first look at an address that the log is not named after",
    )
    .option(
      "--output <file>",
      "write the cosigned checkpoint there (the registry itself, for a folder; else it is printed); - prints it",
    );
  withExamples(
    withJson(command),
    "attest log witness demo --name me --log-key demo/keys/log.vkey",
    "attest log witness demo --name me --log-key demo/keys/log.vkey --output cosigned",
  ).action(async (target: string, options: WitnessOptions) => {
    const { name, output, json } = options;
    const place = await logPlace(target, engine, io().env);
    const logKey = options.logKey === undefined ? undefined : keyFrom(options.logKey);
    const signer = new WitnessKeys(secretsHome(), engine).open(name);
    const memory = new LogMemory(signer.place, { strict: true });
    const now = new Date();
    const seen = await bearWitness({ place, witness: signer, memory, logKey, engine, now });
    const { checkpoint, note, before, key, given } = seen;
    const into =
      output === undefined && !place.remote
        ? await accept(note, await openRegistry(target), [signer.key], logSigners, engine)
        : undefined;
    const vkey = formatNoteKey(signer.key);
    if (output !== undefined && output !== "-") {
      replace(output, note);
      replace(lineBeside(output), utf8(`${vkey}\n`));
    }
    if (json)
      return answerJson({
        witness: name,
        vkey,
        made: signer.made,
        log: { origin: key.name, key: formatNoteKey(key) },
        size: checkpoint.size,
        before,
        logKeyFrom: logKey !== undefined ? "you" : place.remote ? "address" : given ? "memory" : "folder",
        note: fromUtf8(note),
        output,
        accepted: into,
      });
    if (into !== undefined) answer(join(target, "attestations/log"), ...told(into));
    else if (output === undefined || output === "-") answerBytes(note);
    else answer(output);
    talk(
      ...(signer.made ? [`made the witness key ${name}, on this machine; its public line is`, `  ${vkey}`] : []),
      `${key.name} with ${plural(checkpoint.size, "entry", "entries")}: ${before === undefined ? "seen for the first time" : `it goes on from the ${before} that you cosigned before`}`,
      ...(given
        ? []
        : [
            "its key came from the folder; give the operator's key with --log-key LINE, so that no other log of that name is cosigned",
          ]),
      `to a verifier who trusts you it is a time that is not the signer's own: attest verify FILE --witness ${vkey}`,
      ...(into === undefined
        ? [`the registry's operator adds it with: attest log accept FILE --registry DIR --witness ${vkey}`]
        : []),
    );
  });
}

/** A line, or a file that holds one. */
function keyFrom(text: string): NoteKey {
  const bytes = text.includes("+") && !text.endsWith(".vkey") ? undefined : isFolder(text) ? undefined : read(text);
  return parseNoteKey(fromUtf8(bytes ?? utf8(text)).trim(), engine);
}

interface AcceptOptions {
  readonly registry?: string;
  readonly witness?: readonly string[];
  readonly json?: true;
}

/** The witness's public line, written beside the cosigned checkpoint. */
const lineBeside = (file: string): string => `${file}.vkey`;
function linesBeside(file: string): string[] {
  const line = file === "-" ? undefined : read(lineBeside(file));
  return line === undefined ? [] : [fromUtf8(line)];
}

export function acceptance(log: Command): void {
  const command = log
    .command("accept <checkpoint>")
    .description(
      "add a witness's cosignature to a registry: to the published checkpoint and to the proofs that it covers; only lines by witnesses that you name or the registry lists; - reads it from stdin",
    )
    .option(
      "--witness <line|file>",
      "a witness's key line, from the witness (FILE.vkey beside the checkpoint by default; several allowed)",
      collect,
    )
    .option("--registry <dir>", "the registry (the nearest one by default)");
  withExamples(
    withJson(command),
    "attest log witness demo --name me --log-key demo/keys/log.vkey --output cosigned; attest log accept cosigned --registry demo",
  ).action(async (file: string, { registry, witness: named, json }: AcceptOptions) => {
    const folder = registryFolder(registry);
    const witnesses = (named ?? linesBeside(file)).map((text) => witnessKey(text, engine));
    const accepted = await accept(await readInput(file), await openRegistry(folder), witnesses, logSigners, engine);
    if (json) return answerJson({ registry: folder, ...accepted });
    answer(...told(accepted));
    talk("each cosignature was verified, and counts for everyone who trusts that witness");
    if (accepted.dropped.length > 0)
      talk(`left out, since they fit no key that you named: ${accepted.dropped.join(", ")}`);
  });
}

const told = ({ origin, size, cosigners, published, proofs }: Accepted): string[] => [
  `${origin} with ${plural(size, "entry", "entries")}, cosigned by ${cosigners.join(", ")}`,
  published ? "the published checkpoint has the cosignature" : "the published checkpoint is newer, and was not changed",
  `${plural(proofs.length, "proof")} updated to it`,
];
