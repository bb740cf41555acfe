/**
 * A runner of CI as far as it is needed: steps in order, by real bash, with the file protocol (`GITHUB_OUTPUT`, `GITHUB_STEP_SUMMARY`) and
 * expressions that only look something up. Of other people's actions there are checkout (real git) and the two that hand files on.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { temporary } from "../cli/attest.js";
import { parseYaml, type Yaml } from "./yaml.js";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** A text, where one must stand. */
export const textOf = (value: Yaml | undefined): string => {
  if (value !== undefined && typeof value !== "string")
    throw new Error(`expected a text, found ${JSON.stringify(value)}`);
  return value ?? "";
};
export const readYaml = (path: string): Record<string, Yaml> =>
  parseYaml(readFileSync(join(ROOT, path), "utf8")) as Record<string, Yaml>;

type Texts = Readonly<Record<string, string>>;
export type Step = Readonly<Record<string, Yaml>>;

/** One machine: fresh for each job, but for what is uploaded. */
export interface Machine {
  /** The working directory of steps: the checkout. */
  readonly workspace: string;
  /** `$RUNNER_TEMP` */
  readonly temp: string;
  /** Where uploads go, for all jobs. */
  readonly artifacts: string;
  readonly env: Texts;
  /** `github.ref_name`, `secrets.NAME` */
  readonly context: Texts;
  /** Instead of running it; for what would need a network. */
  readonly instead?: (step: Step) => boolean;
}

export interface Told {
  readonly code: number;
  readonly log: string;
  readonly summary: string;
  readonly outputs: Texts;
}

export function machine(context: Texts, env: Texts, artifacts = temporary()): Machine {
  const root = temporary();
  const [workspace, temp, home] = ["workspace", "temp", "home"].map((name) => join(root, name));
  for (const folder of [workspace, temp, home]) mkdirSync(folder ?? "");
  const { PATH = "" } = process.env;
  return {
    workspace: workspace ?? "",
    temp: temp ?? "",
    artifacts,
    context: { "runner.temp": temp ?? "", ...context },
    env: {
      PATH: `${dirname(process.execPath)}:${PATH}`,
      HOME: home ?? "",
      CI: "true",
      RUNNER_TEMP: temp ?? "",
      npm_config_offline: "true",
      npm_config_update_notifier: "false",
      ...env,
    },
  };
}

const filled = (value: Yaml | undefined, context: Texts): string =>
  textOf(value).replace(/\$\{\{ ([\w.-]+) \}\}/g, (_, name: string) => {
    const found = context[name];
    if (found === undefined) throw new Error(`expected something that there is, found ${name}`);
    return found;
  });

/** `!cancelled()` and `always()` hold, since no test cancels anything; without one of them, a step runs only when nothing has failed. */
function wanted(condition: Yaml | undefined, failed: boolean, context: Texts): boolean {
  if (condition === undefined) return !failed;
  const [, first, name, other] =
    /^\$\{\{ (always\(\)|!cancelled\(\))(?: && ([\w.-]+) != '(\w*)')? \}\}$/.exec(textOf(condition)) ?? [];
  if (first === undefined) throw new Error(`expected a condition that this runner knows, found ${textOf(condition)}`);
  return name === undefined || (context[name] ?? "") !== other;
}

const mapped = (value: Yaml | undefined, context: Texts): Texts =>
  Object.fromEntries(
    Object.entries((value ?? {}) as Record<string, Yaml>).map(([name, text]) => [name, filled(text, context)]),
  );

/** All steps, to the end; the first code that is not 0 is the job's. */
export function runSteps(steps: readonly Step[], on: Machine): Told {
  let told: Told = { code: 0, log: "", summary: "", outputs: {} };
  const context: Record<string, string> = { ...on.context };
  for (const step of steps) {
    if (!wanted(step["if"], told.code !== 0, context)) continue;
    const done = on.instead?.(step)
      ? { code: 0, log: "", summary: "", outputs: {} }
      : runStep(step, { ...on, context });
    for (const [name, value] of Object.entries(done.outputs))
      context[`steps.${textOf(step["id"])}.outputs.${name}`] = value;
    told = {
      code: told.code === 0 ? done.code : told.code,
      log: told.log + done.log,
      summary: told.summary + done.summary,
      outputs: { ...told.outputs, ...done.outputs },
    };
  }
  return told;
}

function runStep(step: Step, on: Machine): Told {
  if (step["run"] !== undefined) return script(step, on);
  const given = mapped(step["with"], on.context);
  const name = textOf(step["uses"]).replace(/@.*$/, "");
  const done = { code: 0, log: "", summary: "", outputs: {} };
  const stored = join(on.artifacts, given["name"] ?? "");
  switch (name) {
    case "actions/checkout": {
      const args = [
        "clone",
        "--quiet",
        ...(given["ref"] ? ["--branch", given["ref"]] : []),
        on.context["repository"] ?? "",
        ".",
      ];
      const { status, stderr } = spawnSync("git", args, { cwd: on.workspace, env: on.env, encoding: "utf8" });
      return { ...done, code: status ?? 1, log: stderr };
    }
    case "actions/setup-node":
      return done;
    case "actions/upload-artifact":
      if (readdirSync(resolve(on.workspace, given["path"] ?? "")).length === 0)
        throw new Error("found no files to upload");
      cpSync(resolve(on.workspace, given["path"] ?? ""), stored, { recursive: true });
      return done;
    case "actions/download-artifact":
      cpSync(stored, given["path"] ?? "", { recursive: true });
      return done;
    case "OWNER/attest":
      return runAction(given, on);
    default:
      throw new Error(`expected an action that this runner knows, found ${name}`);
  }
}

/** This repository's own action, from its file. */
export function runAction(given: Texts, on: Machine): Told {
  const { inputs, outputs, runs } = readYaml("action.yml") as Record<string, Record<string, Yaml>>;
  const known = inputs as Record<string, { required?: string; default?: string }>;
  for (const name of Object.keys(given))
    if (!(name in known)) throw new Error(`expected an input that there is, found ${name}`);
  const values = Object.entries(known).map(([name, input]) => [`inputs.${name}`, given[name] ?? input.default ?? ""]);
  const told = runSteps(runs?.["steps"] as Step[], {
    ...on,
    context: { ...on.context, ...(Object.fromEntries(values) as Texts) },
    env: { ...on.env, GITHUB_ACTION_PATH: ROOT },
  });
  const context = Object.fromEntries(
    Object.entries(told.outputs).map(([name, value]) => [`steps.run.outputs.${name}`, value]),
  );
  // What a step did not set is empty.
  const empty = Object.fromEntries(Object.keys(outputs ?? {}).map((name) => [`steps.run.outputs.${name}`, ""]));
  const result = Object.entries(outputs as Record<string, { value: string }>).map(([name, { value }]) => [
    name,
    filled(value, { ...empty, ...context }),
  ]);
  return { ...told, outputs: Object.fromEntries(result) as Texts };
}

function script(step: Step, on: Machine): Told {
  const folder = mkdtempSync(join(on.temp, "step-"));
  const [file, output, summary] = ["script.sh", "output", "summary"].map((name) => join(folder, name));
  writeFileSync(file ?? "", filled(step["run"], on.context));
  for (const path of [output, summary]) writeFileSync(path ?? "", "");
  const ran = spawnSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", file ?? ""], {
    cwd: filled(step["working-directory"], on.context) || on.workspace,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...on.env, ...mapped(step["env"], on.context), GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary },
  });
  return {
    code: ran.status ?? 1,
    log: ran.stdout + ran.stderr,
    summary: readFileSync(summary ?? "", "utf8"),
    outputs: parseOutputs(readFileSync(output ?? "", "utf8")),
  };
}

/** As the runner reads the file: `name=value`, or `name<<BORDER`, lines, `BORDER`. */
export function parseOutputs(text: string): Texts {
  const found: Record<string, string> = {};
  const lines = text.split("\n");
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    const [, name = "", sign, rest = ""] = /^([^=<]+)(=|<<)(.*)$/.exec(line) ?? [];
    if (sign === "=") found[name] = rest;
    else if (sign === "<<") {
      const end = lines.indexOf(rest);
      if (end < 0) throw new Error(`expected the line ${rest}, found the end`);
      found[name] = lines
        .splice(0, end + 1)
        .slice(0, -1)
        .join("\n");
    } else if (line !== "") throw new Error(`expected an output, found ${line}`);
  }
  return found;
}
