/** The runtime test of task-aware background processing: can a background process update a task while the agent goes on? */
import { fileURLToPath } from "node:url";
import { hex } from "../../core/bytes.js";
import type { Relation, Subject } from "../../core/statement/statement.js";
import { folderDigest } from "../../harness/scenario/source.js";
import type { Probe, Scenario } from "../../harness/scenario/scenario.js";
import { nodeEngine } from "../../node/engine.js";
import { DRIVERS, openDriver } from "./drivers/index.js";
import { CASES, LEFT_OUT, playMatrix, type MatrixOptions } from "./matrix.js";
import { FIGURES } from "./figures.js";
import { patternBytes } from "./stage/pattern.js";
import { CHECKS, notChecked, proofOfConcept } from "./proof-of-concept.js";
import { PUBLISHED, publishedRecord } from "./published.js";
import { tellMatrix, tellProofOfConcept } from "./telling.js";

const PATTERN: Subject = {
  name: "task-aware background processing, the published shell pattern",
  digest: { sha256: hex(nodeEngine.sha256(patternBytes())) },
};

/** Folders with the code that writes: the lists, and the files and the lock that they use. */
const hardened = (): Subject[] =>
  ["tasks", "node"].map((folder) => ({
    name: `task-aware background processing, hardened: src/${folder} as built`,
    digest: { sha256: folderDigest(fileURLToPath(new URL(`../../${folder}`, import.meta.url)), nodeEngine) },
  }));

const published = (type: Relation["type"]): Relation => ({
  type,
  target: PUBLISHED.title,
  digest: PUBLISHED.page.digest,
});

const MATRIX_LEAVES_OPEN = [
  "A holder that is stopped for longer than ten seconds exactly between its last look at the lock and its rename: no lock made of names can close that.",
  "Several machines on one file system, network file systems, and any system but the one named below.",
  "A full disk: of the faults of writing, the limit on a file's size and a list that has gone were tried.",
  "Whether an agent acts on what it reads: no model took part.",
];

export const taskAwareBackgroundWith = (options: MatrixOptions): Scenario => ({
  name: "task-aware-background",
  title: "Task-aware background processing",
  hypothesis: "A background process can update the state of a task while the agent goes on with other work.",
  subject: [PATTERN],
  configuration: [],
  relations: [{ type: "verifies", target: PUBLISHED.relation.verifies }],
  defaultProfile: "proof-of-concept",
  drivers: DRIVERS,
  profiles: {
    "proof-of-concept": {
      describe: "the published steps, one for one; what the published test did not try is skipped",
      checks: CHECKS,
      notChecked: [],
      relations: [published("reproduces")],
    },
    "as-published": {
      describe: "the whole matrix over the published shell pattern",
      checks: (options.cases ?? CASES).flatMap(({ checks }) => checks),
      figures: FIGURES,
      notChecked: MATRIX_LEAVES_OPEN,
      quick: LEFT_OUT,
      relations: [published("answers")],
    },
    hardened: {
      describe: "the whole matrix over the task lists of this tool",
      subject: hardened(),
      checks: (options.cases ?? CASES).flatMap(({ checks }) => checks),
      figures: FIGURES,
      notChecked: MATRIX_LEAVES_OPEN,
      quick: LEFT_OUT,
      relations: [published("answers")],
    },
  },
  source: import.meta.url,
  ready: openDriver,
  async run(probe: Probe): Promise<void> {
    const driver = await openDriver(probe.driver);
    probe.configure(driver.descriptor);
    for (const line of notChecked(driver, probe.profile)) probe.leaveOpen(line);
    probe.attach({
      name: "published-test.json",
      role: "record",
      mediaType: "application/json",
      bytes: publishedRecord(),
    });
    if (probe.profile === "proof-of-concept") await proofOfConcept(probe, driver);
    else await playMatrix(probe, driver, probe.profile === "hardened" ? "hardened" : "in-place", options);
  },
  tell: (checks, profile) =>
    profile === "as-published" || profile === "hardened" ? tellMatrix(profile, checks) : tellProofOfConcept(checks),
});

export const taskAwareBackground: Scenario = taskAwareBackgroundWith({});
