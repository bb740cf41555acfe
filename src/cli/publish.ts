/** `attest publish`: copies a registry to another place. */
import type { Command } from "commander";
import { commandLine } from "../node/command-line.js";
import { replicate } from "../pipeline/publish/replica.js";
import { engine, logSigners, openPlace, registryFolder } from "./context.js";
import { withExamples, withJson } from "./options.js";
import { answer, answerJson, LateProgress, talk } from "./ui.js";

interface Options {
  readonly to: string;
  readonly registry?: string;
  readonly json?: true;
}

export function publishCommand(attest: Command): void {
  const command = attest
    .command("publish")
    .description(
      "copy a registry to another folder or bucket: what is missing there; it can be interrupted and repeated",
    )
    .requiredOption("--to <place>", "the folder or s3://bucket/prefix to copy to")
    .option("--registry <dir>", "the registry to copy (the nearest one by default)");
  withExamples(withJson(command), "attest publish --registry demo --to copy").action(async (options: Options) => {
    const folder = registryFolder(options.registry);
    const progress = new LateProgress();
    try {
      const done = await replicate({
        from: await openPlace(folder),
        to: await openPlace(options.to),
        engine,
        logSigners,
        progress: (text, share) => progress.say(text, share),
      });
      if (options.json) return answerJson({ ...done, to: options.to });
      answer(options.to);
      const { documents, evidence, entries, entered } = done;
      talk(
        documents + evidence + entries + entered.length === 0
          ? "nothing was missing there"
          : `copied ${documents} documents, ${evidence} pieces of evidence and ${entries} log entries`,
        ...(entered.length === 0 ? [] : [`entered in the log there: ${entered.join(" ")}`]),
        `check it with: ${commandLine(["attest", "log", "check", options.to])}`,
      );
    } finally {
      progress.end();
    }
  });
}
