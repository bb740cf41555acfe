// The action's one step: calls `attest run` as the inputs say, and tells the runner what came of it. Plain Node, no dependencies.
// It never sees a key: F3_ATTEST_KEY, where there is one, is read by attest itself.
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { outputs, publicLine, summary } from "./tell.js";
import { words } from "./words.js";

/** @param {string} name */
const input = (name) => (process.env[`INPUT_${name.toUpperCase()}`] ?? "").trim();
/** @param {string} name */
const isTrue = (name) => {
  const value = input(name).toLowerCase();
  if (!["", "true", "false"].includes(value))
    throw new Error(`expected true or false for ${name}, found ${JSON.stringify(value)}`);
  return value === "true";
};
/** @param {string} name @param {string} option */
const option = (name, option) => (input(name) === "" ? [] : [`${option}=${input(name)}`]);

/** @returns {string[]} */
function program() {
  if (input("attest") !== "") return words(input("attest"));
  const installed = "node_modules/.bin/attest";
  if (existsSync(installed)) return [installed];
  /** @type {{ name: string, version: string }} */
  const { name, version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return ["npx", "--yes", `${name}@${version}`];
}

/** @param {string} folder where the result goes; empty for a registry */
function call(folder) {
  const unsigned = isTrue("unsigned");
  const place =
    folder === ""
      ? option("registry", "--registry")
      : [`--output=${join(folder, unsigned ? "statement.json" : "attestation.json")}`];
  const command = isTrue("shell") ? ["sh", "-e", "-c", input("command")] : words(input("command"));
  const reports = input("reports")
    .split("\n")
    .map((path) => path.trim())
    .filter((path) => path !== "");
  return [
    ...program(),
    "run",
    ...place,
    ...(unsigned ? ["--unsigned"] : []),
    ...reports.map((path) => `--report=${path}`),
    ...option("title", "--title"),
    ...option("timeout", "--timeout"),
    "--json",
    "--",
    ...command,
  ];
}

/**
 * Its stdout is one object; its stderr, where the command's own output goes, is the job's log.
 * @param {string[]} line
 * @returns {Promise<{ code: number, stdout: string }>}
 */
function run([file = "", ...args]) {
  // The inputs and the outputs of this step are ours, and not the command's.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("INPUT_") && name !== "GITHUB_OUTPUT"),
  );
  const child = spawn(file, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) process.on(signal, () => child.kill(signal));
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (/** @type {string} */ text) => (stdout += text));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, stdout }));
  });
}

/** @param {string} text @returns {import("./tell.js").Told} */
function parsed(text) {
  try {
    return /** @type {import("./tell.js").Told} */ (JSON.parse(text));
  } catch {
    return { error: { message: "expected one JSON object from attest, found something else" } };
  }
}

/** @param {string} name @param {string} text */
const append = (name, text) => {
  const file = process.env[name];
  if (file) appendFileSync(file, text);
};

async function main() {
  if (input("command") === "") throw new Error("expected a command, found none");
  if (input("registry") !== "" && (isTrue("unsigned") || input("output") !== ""))
    throw new Error("expected either a registry, or an output folder with perhaps an unsigned statement, found both");
  const folder =
    input("registry") !== ""
      ? ""
      : input("output") || mkdtempSync(join(process.env.RUNNER_TEMP ?? tmpdir(), "attestation-"));
  const { code, stdout } = await run(call(folder));
  const told = parsed(stdout);
  const { verdict, id, path, counts, keyid = "" } = told;
  const attested = verdict !== undefined;
  const line = publicLine(keyid, [input("registry") || ".", "."]);
  append("GITHUB_OUTPUT", outputs({ ...counts, verdict, id, path, ...(attested && { folder }) }));
  append("GITHUB_STEP_SUMMARY", summary(told, line));
  process.exitCode = code === 0 && !attested ? 1 : code; // without a result there is nothing that could have passed
}

try {
  await main();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  console.error(`error: ${message}`);
  append("GITHUB_STEP_SUMMARY", summary({ error: { message } }, undefined));
  process.exitCode = 2;
}
