/** The background process under test: the published shell pattern or a run of ours, around any command. */
import { writeFileSync } from "node:fs";
import { PATTERN } from "./pattern.js";
import { listOf, type Stage } from "./stage.js";
import type { CaseSetting } from "./case.js";

/** The leader of the group that started it; it is killed when the session ends. */
export interface Launched {
  readonly group: number;
}

/**
 * Starts the command in the background of its own process group, and returns when the caller would continue. Except for the command, the
 * pattern is the published one.
 */
export async function launch(
  stage: Stage,
  how: CaseSetting["subject"],
  folder: string,
  id: string,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Launched> {
  if (how === "hardened") {
    const starter = await stage.actor({ act: "launch", folder, id, command }, { detached: true, env });
    starter.begin();
    await starter.done();
    return { group: starter.pid };
  }
  const script = stage.fresh("pattern");
  writeFileSync(script, PATTERN.replace("sleep 2", command.map(quoted).join(" ")));
  const { subject = "", description = "", activeForm = "" } = stage.document(folder, id) ?? {};
  const shell = stage.spawn("/bin/sh", [script], {
    detached: true,
    env: {
      SESSION: listOf(folder),
      TASK_ID: id,
      SUBJECT: subject,
      DESCRIPTION: description,
      ACTIVE_FORM: activeForm,
      ...env,
    },
  });
  await new Promise((resolve, reject) => shell.once("error", reject).once("exit", resolve));
  return { group: shell.pid ?? 0 };
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
