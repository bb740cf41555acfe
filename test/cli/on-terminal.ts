/** `script` lends a program a terminal; each answer is typed when its question is asked. */
import { spawn } from "node:child_process";
import { ended, MAIN, type Ran, type Workspace } from "./attest.js";

export type Answers = readonly (readonly [question: string, answer: string])[];

/** A shell's command, on a terminal. */
export async function shellOnTerminal(
  line: string,
  { cwd, env }: Pick<Workspace, "cwd" | "env">,
  answers: Answers,
): Promise<Ran> {
  const child = spawn("script", ["-qec", line, "/dev/null"], { cwd, env, stdio: "pipe" });
  const end = ended(child);
  let unread = "";
  const waiting = [...answers];
  child.stdout.on("data", (text: string) => {
    unread += text;
    const [question, answer] = waiting[0] ?? [];
    if (question === undefined || !unread.includes(question)) return;
    unread = "";
    waiting.shift();
    child.stdin.write(`${answer ?? ""}\r`);
  });
  return await end;
}

export const onTerminal = (work: Workspace, args: readonly string[], answers: Answers): Promise<Ran> =>
  shellOnTerminal([process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(" "), work, answers);
