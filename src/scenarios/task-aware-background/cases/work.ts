/** T15: a real build as long-running work, and a failing build. */
import { createHash } from "node:crypto";
import { accessSync, constants, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { countAtLeast, countedAs, none, over, requiredSetting, type Case, type CaseSetting } from "../stage/case.js";
import { launch } from "../stage/launch.js";
import type { Stage } from "../stage/stage.js";

const UNITS = 24;

export const build: Case = {
  name: "T15",
  title: "a real build",
  seconds: 16,
  long: true,
  checks: [
    requiredSetting(
      "t15-real-build",
      "A real build of 24 units reports its progress in order and ends as completed; one that fails never reads as completed.",
      [
        countedAs("builds that did not end as they should", { case: "T15", event: "built", sound: false }),
        countedAs("failing builds that read as completed", { case: "T15", event: "failing", completed: true }),
        countedAs("steps backwards", { case: "T15", event: "progress", backwards: true }),
        over("states of progress seen", "distinct", "done", { case: "T15", event: "progress" }),
        countedAs("builds", { case: "T15", event: "built" }),
        countedAs("failing builds", { case: "T15", event: "failing" }),
        over("time of the build", "max", "ms", { case: "T15", event: "built" }, "ms"),
        over("foreground units of work meanwhile", "min", "units", { case: "T15", event: "built" }),
      ],
      [
        none("builds that did not end as they should"),
        none("failing builds that read as completed"),
        none("steps backwards"),
        countAtLeast("states of progress seen", UNITS / 2),
      ],
      [
        countAtLeast("builds", 1),
        countAtLeast("failing builds", 1),
        countAtLeast("foreground units of work meanwhile", 1),
      ],
    ),
  ],
  async play(stage, setting) {
    const compiler = ["cc", "gcc", "clang"].find(onPath);
    if (compiler === undefined) {
      stage.probe.skip("t15-real-build", "there is no C compiler here: none of cc, gcc and clang is on the PATH");
      return;
    }
    await succeed(stage, setting, compiler);
    await fail(stage, setting, compiler);
  },
};

function onPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const SCRIPT = `set -e
i=0
while [ $i -lt ${UNITS} ]; do
  i=$((i + 1))
  "$1" -O2 -c unit$i.c -o unit$i.o
  echo "attest:progress $i/${UNITS} unit$i.c"
done
"$1" -o program unit*.o
./program > said
`;

/** Source code that takes an optimizer a third of a second. */
const unit = (number: number): string => {
  const functions = Array.from(
    { length: 60 },
    (_, at) => `static unsigned f${at}(unsigned x) {
  unsigned t[64];
  for (int i = 0; i < 64; i++) t[i] = x * ${at + 3}u + i * ${number}u;
  for (int r = 0; r < 8; r++) for (int i = 1; i < 63; i++) t[i] = (t[i - 1] ^ (t[i + 1] >> 3)) + t[i] * ${2 * at + 1}u;
  return t[x & 63] ^ t[(x >> 6) & 63];
}`,
  );
  const calls = functions.map((_, at) => `x = f${at}(x);`).join(" ");
  const main = number === 1 ? `\n#include <stdio.h>\nint main(void) { printf("%u\\n", unit1(7)); return 0; }\n` : "\n";
  return `${functions.join("\n")}\nunsigned unit${number}(unsigned x) { ${calls} return x; }${main}`;
};

function sources(stage: Stage, broken: boolean): string {
  const folder = stage.fresh("build");
  mkdirSync(folder);
  writeFileSync(join(folder, "build.sh"), SCRIPT);
  for (let number = 1; number <= UNITS; number += 1)
    writeFileSync(join(folder, `unit${number}.c`), broken && number === 3 ? "this is no C\n" : unit(number));
  return folder;
}

/** The shell changes the folder itself, since neither way of starting can. */
const command = (folder: string, compiler: string): string[] => [
  "/bin/sh",
  "-c",
  `cd "$1" && exec /bin/sh build.sh "$2"`,
  "build",
  folder,
  compiler,
];

async function succeed(stage: Stage, { subject, progress }: CaseSetting, compiler: string): Promise<void> {
  const folder = sources(stage, false);
  const list = stage.list("build");
  stage.task(list);
  const started = performance.now();
  await launch(stage, subject, list, "1", command(folder, compiler));
  let [units, last, chain] = [0, 0, Buffer.alloc(32)];
  const look = (): string => {
    const task = stage.document(list, "1");
    const { done, total } = (task?.metadata?.["progress"] ?? {}) as { done?: unknown; total?: unknown };
    if (typeof done === "number" && done !== last) {
      stage.probe.observe({ case: "T15", event: "progress", done, total: Number(total), backwards: done < last });
      progress(`${done} of ${UNITS} units`, done / UNITS);
      last = done;
    }
    return task?.status ?? "";
  };
  while (look() !== "completed" && performance.now() - started < 180_000) {
    if (stage.probe.signal.aborted) return;
    for (let round = 0; round < 200; round += 1) chain = createHash("sha256").update(chain).digest();
    units += 1;
    await turn();
    if (units % 20 === 0) await stage.rest(5);
  }
  const ms = Math.round(performance.now() - started);
  const task = stage.document(list, "1");
  const [program, said] = ["program", "said"].map((name) => stage.read(join(folder, name)));
  stage.probe.observe({
    case: "T15",
    event: "built",
    // The pattern keeps no exit status; our run does.
    sound:
      task?.status === "completed" &&
      said !== undefined &&
      (subject !== "hardened" || task.metadata?.["exitCode"] === 0),
    ms,
    units,
    program: program === undefined ? "" : createHash("sha256").update(program).digest("hex"),
    said: said?.toString().trim() ?? "",
  });
}

async function fail(stage: Stage, { subject }: CaseSetting, compiler: string): Promise<void> {
  const list = stage.list("failing");
  stage.task(list);
  await launch(stage, subject, list, "1", command(sources(stage, true), compiler));
  const over = (): boolean => {
    const task = stage.document(list, "1");
    return task?.status === "completed" || task?.metadata?.["finishedAt"] !== undefined;
  };
  await stage.within(over, 60_000);
  const task = stage.document(list, "1");
  const exitCode = task?.metadata?.["exitCode"];
  stage.probe.observe({
    case: "T15",
    event: "failing",
    completed: task?.status === "completed",
    recorded: typeof exitCode === "number" && exitCode !== 0,
  });
}
