/** `attest version`: which tool, on which platform, with which engine. */
import type { Command } from "commander";
import { AttestError } from "../core/errors.js";
import { nodeEngine } from "../node/engine.js";
import { digestOf } from "../node/reading.js";
import { built, TOOL_VERSION } from "../node/package.js";
import { withExamples, withJson } from "./options.js";
import { answer, answerJson } from "./ui.js";

export function version(attest: Command): void {
  const command = attest
    .command("version")
    .description("print the versions of this tool, of Node and of the signature engine, and the digest of verify.html");
  withExamples(withJson(command), "attest version", "attest version --json").action(({ json }: { json?: true }) => {
    const page = built("web/verify.html");
    const sha256 = digestOf(page)?.sha256;
    if (sha256 === undefined) throw new AttestError("file-missing", `no such file: ${page}`, "install this tool again");
    const facts = { version: TOOL_VERSION, node: process.version, engine: nodeEngine.name, verifier: { sha256 } };
    if (json) answerJson(facts);
    else answer(`attest ${facts.version} (node ${facts.node}, ${facts.engine})`, `verify.html sha256:${sha256}`);
  });
}
