/** The runtime test of task-aware background processing: can a background process update a task while the agent goes on? */
import type { Scenario } from "../../harness/scenario.js";
import { hex } from "../../core/bytes.js";
import type { CheckRecord } from "../../core/statement.js";
import { nodeEngine } from "../../node/engine.js";
import { patternBytes } from "./pattern.js";
import { CHECKS, NOT_CHECKED, proofOfConcept } from "./proof-of-concept.js";
import { PUBLISHED } from "./published.js";
import { DRIVER } from "./task-list.js";

export const taskAwareBackground: Scenario = {
  name: "task-aware-background",
  title: "Task-aware background processing",
  hypothesis: "A background process can update the state of a task while the agent goes on with other work.",
  subject: [
    {
      name: "task-aware background processing, the published shell pattern",
      digest: { sha256: hex(nodeEngine.sha256(patternBytes())) },
    },
  ],
  configuration: [{ name: DRIVER.name, uri: DRIVER.uri, annotations: { about: DRIVER.about } }],
  relations: [
    { type: "verifies", target: PUBLISHED.relation.verifies },
    { type: "reproduces", target: PUBLISHED.title, digest: PUBLISHED.page.digest },
  ],
  defaultProfile: "proof-of-concept",
  profiles: {
    "proof-of-concept": {
      describe: "the published steps, one for one; what the published test did not try is skipped",
      checks: CHECKS,
      notChecked: NOT_CHECKED,
    },
  },
  source: import.meta.url,
  run: proofOfConcept,
  tell: (checks) => ({
    summary: summary(checks),
    sections: [
      {
        heading: "Setup",
        body: [
          "In a temporary home, a task list was made and task 27 created in it, with the subject and the number of the published test.",
          "",
          "A shell script, the published pattern, was started for real. It puts a subshell into the background, which sleeps for two seconds and then rewrites the task's JSON file in place: status `completed`, and metadata with the time. The foreground computed a chain of hashes all the while and looked at the task after each unit of work.",
        ].join("\n"),
      },
      {
        heading: "What was observed",
        body: checks
          .filter(({ outcome }) => outcome !== "skipped")
          .map(({ claim, outcome, observed }) => `- ${claim} ${outcome}: ${observed}.`)
          .join("\n"),
      },
      {
        heading: "What stays open",
        body: [
          "The published test named three conditions that it had not tried. They are required here, and skipped, which is why the verdict cannot be more than it is:",
          "",
          ...checks.filter(({ outcome }) => outcome === "skipped").map(({ claim }) => `- ${claim}`),
          "",
          "Its caveats stand as well: the session id has to be discovered, ids can collide, and nothing locks the file.",
        ].join("\n"),
      },
      {
        heading: "The published test",
        body: "The page gives INCONCLUSIVE as its result; the note that it quotes gives VALIDATED. Its facts are archived here as a record in other words, with the digest of the page's bytes. When that work was done is unknown, because the page does not say.",
      },
    ],
  }),
};

function summary(checks: readonly CheckRecord[]): string {
  const observed = (id: string): CheckRecord | undefined => checks.find((check) => check.id === id);
  const visible = observed("update-visible");
  const worked = observed("foreground-works");
  if (visible?.outcome !== "passed")
    return `The update of the background process did not arrive: ${visible?.observed ?? "not reported"}.`;
  return `The update that a background shell wrote was ${visible.observed}; meanwhile the foreground did ${worked?.observed ?? "an unknown amount of work"}. So the mechanism works in isolation. The conditions under which it would be used were not tried.`;
}
