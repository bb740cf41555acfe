/** A log that claims more entries than there can be: each verb ends with a finding or an error, and reads what is there. */
import { writeFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { sealCheckpoint } from "../../src/core/log/checkpoint.js";
import { copyOf, workspace, type Workspace } from "../cli/attest.js";
import { lab } from "../cli/drafts.js";
import { LOG, operator } from "../cli/log-lab.js";
import { fileOf } from "./lab.js";

let made: Workspace;
let file = "";
beforeAll(async () => {
  made = workspace();
  file = fileOf((await lab(made)).file);
});

test.each<[string, (file: string) => string[], number]>([
  ["log check", () => ["log", "check", "lab"], 5],
  ["log show", () => ["log", "show", "lab"], 2],
  ["log prove", (one) => ["log", "prove", one], 2],
  ["verify", (one) => ["verify", one], 4], // as for every log whose entries are not there
  ["audit", () => ["audit", "lab", "--offline"], 4],
  ["site build", () => ["site", "build", "--registry", "lab", "--output", "site"], 0],
])("%s", async (_, words, code) => {
  for (const size of [Number.MAX_SAFE_INTEGER, 100_000_000_000, 1000]) {
    const work = copyOf(made);
    const { key, sign } = operator(work);
    writeFileSync(
      work.path(LOG, "checkpoint"),
      sealCheckpoint({ origin: key.name, size, root: new Uint8Array(32) }, key, sign),
    );
    const ran = await work.attest(...words(file));
    expect([size, ran.code], ran.stdout + ran.stderr).toEqual([size, code]);
  }
});
