/** `attest log complete`: enters what was published here but not logged, after a full disk or a kill. */
import type { Command } from "commander";
import { keystore, openRegistry, registryArgument } from "./context.js";
import { withExamples, withJson } from "./options.js";
import { answer, answerJson, talk } from "./ui.js";

export function complete(log: Command): void {
  const command = log
    .command("complete [dir]")
    .description(
      "enter published attestations that are missing in the log, for example after a full disk, and rebuild the index; harmless if nothing is missing",
    );
  withExamples(withJson(command), "attest log complete demo").action(
    async (dir: string | undefined, { json }: { readonly json?: true }) => {
      const folder = registryArgument(dir);
      const own = keystore()
        .list()
        .map(({ key }) => key);
      const entered = await (await openRegistry(folder)).complete(own);
      if (json) return answerJson({ registry: folder, entered });
      answer(...entered);
      talk(entered.length === 0 ? "nothing was missing" : "all that you published there is in its log");
    },
  );
}
