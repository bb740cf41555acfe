/** `attest version`: which tool, on which platform, with which engine. */
import type { Command } from "commander";
import { hex, utf8 } from "../core/bytes.js";
import { TOOL_VERSION } from "../node/package.js";
import { assets, verifierPage } from "../site/build.js";
import { engine, withExamples, withJson } from "./context.js";
import { answer, answerJson } from "./ui.js";

export function version(attest: Command): void {
  const command = attest
    .command("version")
    .description("print the versions of this tool, of Node and of the signature engine, and the digest of verify.html");
  withExamples(withJson(command), "attest version", "attest version --json").action(({ json }: { json?: true }) => {
    const verifier = hex(engine.sha256(utf8(verifierPage(assets(), engine))));
    const facts = { version: TOOL_VERSION, node: process.version, engine: engine.name, verifier: { sha256: verifier } };
    if (json) answerJson(facts);
    else answer(`attest ${facts.version} (node ${facts.node}, ${facts.engine})`, `verify.html sha256:${verifier}`);
  });
}
