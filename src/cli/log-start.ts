/** `attest log start`: a first log, or a new one after the key was lost. */
import type { Command } from "commander";
import { parseNoteKey } from "../core/keys/note.js";
import { startLog } from "../pipeline/log/start.js";
import { plural } from "../pipeline/log/show.js";
import { engine, logKeys, ownLogs, logSigners, openRegistry, registryFolder } from "./context.js";
import { withExamples, withJson } from "./options.js";
import { answer, answerJson, talk } from "./ui.js";

interface Options {
  readonly registry?: string;
  readonly reason?: string;
  readonly anyway?: boolean;
  readonly json?: true;
}

export function start(log: Command): void {
  const command = log
    .command("start")
    .description(
      "start a log for a registry without one, and enter what is published; or a new log that continues the last one after its key was lost",
    )
    .option("--registry <dir>", "the registry (the nearest one by default)")
    .option("--reason <text>", "why the last one ended; published in the keyring")
    .option("--anyway", "although the key of the last one is on this machine");
  withExamples(withJson(command), "attest log start --registry demo --anyway --reason 'A new machine'").action(
    async ({ registry: named, reason, anyway = false, json }: Options) => {
      const folder = registryFolder(named);
      const registry = await openRegistry(folder);
      const keys = logKeys();
      const started = await startLog({
        registry,
        reason,
        anyway,
        now: new Date(),
        signers: logSigners,
        make: (origin) => ownLogs().create(origin),
      });
      const { origin, closed, entered, skipped } = started;
      if (json) return answerJson({ registry: folder, ...started });
      answer(origin);
      talk(
        ...(closed === undefined
          ? [
              `entered ${plural(entered.length, "document")}, in the order of their claimed times; nothing shows when they came to be`,
            ]
          : [
              `${closed.origin} is closed with ${plural(closed.size, "entry", "entries")}: entry 0 of the new log binds its key and its root, as this folder has them`,
              "the old entries stay and still verify; entries that this folder lacks are visibly missing from now on",
            ]),
        ...skipped.map(
          (name) => `skipped, because it is not an attestation of this version or names another log: ${name}`,
        ),
        `its key has no other copy than the one in ${keys.folderOf(parseNoteKey(started.key, engine))}`,
      );
    },
  );
}
