/** `attest log complete`: enters what was published here but not logged, after a full disk or a kill. */
import type { Command } from "commander";
import { keystore, openRegistry, registryArgument, withExamples, withJson } from "./context.js";
import { answer, answerJson, talk } from "./ui.js";

export function complete(log: Command): void {
  const command = log
    .command("complete [dir]")
    .description(
      "enter what you published in a registry and is not in its log yet, after a full disk or a kill, and make its index again; harmless where nothing is missing",
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
