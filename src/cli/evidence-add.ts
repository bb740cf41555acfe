/** `attest evidence add`: captures an address or a file, so that its digest can be signed. */
import { Option, type Command } from "commander";
import { Fetcher } from "../audit/fetcher.js";
import { AttestError } from "../core/errors.js";
import {
  attach,
  captureAddress,
  captureFile,
  isAddress,
  refuseSigned,
  type CapturedEvidence,
} from "../pipeline/publish/evidence-capture.js";
import { folderBeside, writeInto } from "../pipeline/load/evidence-folder.js";
import { printable } from "../view/printable.js";
import { engine } from "./context.js";
import { collect, withExamples, withJson } from "./options.js";
import { answer, answerJson, talk } from "./ui.js";

interface Options {
  readonly statement?: string;
  readonly output?: string;
  readonly role: string;
  readonly name?: string;
  readonly mediaType?: string;
  readonly allow?: readonly string[];
  readonly json?: true;
}

export function evidenceAdd(evidence: Command): void {
  const command = evidence
    .command("add <source...>")
    .description("capture an address or a file: its bytes, with date, digest, media type and headers")
    .addOption(
      new Option("--statement <file>", "add it to this unsigned statement; attest sign then publishes both").conflicts(
        "output",
      ),
    )
    .option("--output <dir>", "without a statement: write the bytes into this folder, and print their description")
    .option("--role <role>", "its role for the claim", "source")
    .option("--name <name>", "its name (by default the end of its path)")
    .option("--media-type <type>", "its media type (by default the server's)")
    .option("--allow <host:port>", "permit a place in your own network; may be repeated", collect);
  withExamples(
    withJson(command),
    "attest evidence add results/output.txt --statement statement.json",
    "attest evidence add results/output.txt --output copies/ --media-type text/plain",
  ).action(async (sources: readonly string[], options: Options) => {
    const { statement, output, allow = [], json } = options;
    checkTogether(sources, options);
    const fetcher = new Fetcher({ allow });
    if (statement !== undefined) refuseSigned(statement);
    for (const source of sources) warnOfQuery(source);
    const captured = await all(
      sources.map(async (source) =>
        isAddress(source)
          ? await captureAddress(source, options, fetcher, engine)
          : captureFile(source, options, engine),
      ),
    );
    if (statement === undefined) {
      writeInto(output ?? "", new Map(captured.map(({ piece, bytes }) => [piece.digest.sha256 ?? "", bytes])));
      return answerJson({ evidence: captured.map(({ piece }) => piece), exit: 0 });
    }
    const added = await attach(statement, captured);
    if (json)
      return answerJson({ statement, added: added.length, evidence: captured.map(({ piece }) => piece), exit: 0 });
    answer(captured.map(({ piece: { name, digest, size } }) => `${digest.sha256 ?? ""}\t${size}\t${name}`));
    talk(`${added.length} of ${captured.length} added, with copies in ${folderBeside(statement)}`);
    talk(`sign it with: attest sign ${statement}`);
  });
}

/** The address is cited completely, so that others can look again. Its query may contain a secret of one reader. */
function warnOfQuery(source: string): void {
  if (!isAddress(source) || !URL.canParse(source)) return;
  const { host, pathname, search } = new URL(source);
  if (search === "") return;
  talk(`the address of ${printable(host + pathname)} is published with its query: it must not contain a secret`);
}

/** Requires exactly one of the two, before any request. */
function checkTogether(sources: readonly string[], { statement, output, role, name }: Options): void {
  if (statement === undefined && output === undefined)
    throw new AttestError(
      "usage",
      "--statement FILE or --output DIR is missing",
      "--statement adds to what is going to be signed, --output only keeps a copy",
    );
  if (name !== undefined && sources.length > 1)
    throw new AttestError("usage", `--name takes one source, and there are ${sources.length}`);
  if (role.trim() === "" || name?.trim() === "") throw new AttestError("usage", "--role and --name cannot be empty");
}

/** All results, or the first fault after every capture has ended. */
async function all(captures: readonly Promise<CapturedEvidence>[]): Promise<readonly CapturedEvidence[]> {
  await Promise.allSettled(captures);
  return await Promise.all(captures);
}
