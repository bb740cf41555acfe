/** `attest version`: which tool, on which platform, with which engine. */
import type { Command } from "commander";
import { VERSION } from "../node/version.js";
import { engine, withExamples, withJson } from "./context.js";
import { answer, answerJson } from "./ui.js";

export function version(attest: Command): void {
  const command = attest.command("version").description("print the version of this tool, of Node and of the signature engine");
  withExamples(withJson(command), "attest version", "attest version --json").action(({ json }: { json?: true }) => {
    const facts = { version: VERSION, node: process.version, engine: engine.name };
    if (json) answerJson(facts);
    else answer(`attest ${facts.version} (node ${facts.node}, ${facts.engine})`);
  });
}
