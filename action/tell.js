// What the runner is told: outputs for later steps, and a summary for people. Nothing that a document says can be taken for markup, or
// for another output.
import { createHash, randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * What `attest run --json` says, or what it says of a fault.
 * @typedef {{
 *   verdict?: string, title?: string, counts?: Record<string, number>, id?: string, keyid?: string, path?: string,
 *   error?: { message: string, hint?: string },
 * }} Told
 */

const OUTPUTS = ["verdict", "id", "path", "passed", "failed", "skipped", "folder"];

/**
 * Each between two lines that no value can know beforehand.
 * @param {Record<string, string | number | undefined>} values
 */
export const outputs = (values) =>
  OUTPUTS.map((name) => {
    const border = `end-of-${name}-${randomUUID()}`;
    return `${name}<<${border}\n${values[name] ?? ""}\n${border}\n`;
  }).join("");

/** Letters, digits and spaces as they are, all other characters by number: in Markdown as in HTML they are then nothing but themselves. @param {unknown} text */
const inert = (text) =>
  String(text)
    .replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, " ")
    .replace(/[^\p{L}\p{M}\p{N} ]/gu, (character) => `&#${character.codePointAt(0) ?? 0};`);

/** @param {string} path */
const quoted = (path) => (/^[\w@%+:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`);

/**
 * The line of the key among those that a registry hands out.
 * @param {string} keyid
 * @param {string[]} registries
 * @returns {string | undefined}
 */
export function publicLine(keyid, registries) {
  for (const folder of registries.map((registry) => join(registry, "keys"))) {
    for (const name of list(folder).filter((file) => file.endsWith(".pub"))) {
      const line = readFileSync(join(folder, name), "utf8").trim();
      const digest = createHash("sha256")
        .update(Buffer.from(line.split(" ")[1] ?? "", "base64"))
        .digest("base64");
      if (keyid === `SHA256:${digest.replace(/=+$/, "")}`) return line;
    }
  }
  return undefined;
}

/** @param {string} folder */
function list(folder) {
  try {
    // A pipe that the command left there would be waited for.
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}

/**
 * Markdown for the page of the job.
 * @param {Told} told
 * @param {string | undefined} line the public key, where it is known
 */
export function summary(told, line) {
  const { verdict, title, counts = {}, id, keyid, path = "", error } = told;
  if (verdict === undefined) {
    const { message, hint } = error ?? { message: "nothing was said" };
    return `### attest: no result\n\n${inert(message)}${hint === undefined ? "" : `\n\n${inert(hint)}`}\n\n`;
  }
  const counted = ["passed", "failed", "errored", "skipped"];
  const beside = counted
    .filter((name) => (counts[name] ?? 0) > 0)
    .map((name) => `${counts[name] ?? 0} ${name}`)
    .join(", ");
  const verify = `attest verify ${quoted(path)} --key ${line === undefined ? "'PUBLIC KEY LINE'" : quoted(line)}`;
  const signed =
    keyid === undefined
      ? ["It is **not signed** yet: a statement for `attest sign`, in another job."]
      : [
          `Signed with ${inert(keyid)}. Whoever has that public key from a source that they trust types:`,
          `<pre>${inert(verify)}</pre>`,
        ];
  return [
    `### ${inert(`${verdict} ${beside}`.trim())}: ${inert(title)}`,
    `| ${counted.join(" | ")} |\n|${counted.map(() => "--:|").join("")}\n| ${counted.map((name) => inert(counts[name] ?? 0)).join(" | ")} |`,
    ...(id === undefined ? [] : [`id ${inert(id)}`]),
    ...signed,
    "",
  ].join("\n\n");
}
