/** The prose of each profile, made from the observations. */
import type { CheckRecord } from "../../core/statement/statement.js";
import type { Scenario } from "../../harness/scenario/scenario.js";

type Told = ReturnType<Scenario["tell"]>;

const listed = (checks: readonly CheckRecord[]): string =>
  checks.map(({ claim, outcome, observed }) => `- ${claim} ${outcome}: ${observed}.`).join("\n");

const having = (checks: readonly CheckRecord[], ...outcomes: readonly CheckRecord["outcome"][]): CheckRecord[] =>
  checks.filter(({ outcome }) => outcomes.includes(outcome));

const PUBLISHED_SECTION = {
  heading: "The published test",
  body: "The page gives INCONCLUSIVE as its result; the note that it quotes gives VALIDATED. Its facts are archived here as a record in other words, with the digest of the page's bytes. When that work was done is unknown, because the page does not say.",
};

export function tellProofOfConcept(checks: readonly CheckRecord[]): Told {
  const observed = (id: string): CheckRecord | undefined => checks.find((check) => check.id === id);
  const visible = observed("update-visible");
  const worked = observed("foreground-works");
  const summary =
    visible?.outcome !== "passed"
      ? `The update of the background process did not arrive: ${visible?.observed ?? "not reported"}.`
      : `The update that a background shell wrote arrived (${visible.observed}); meanwhile the foreground went on (${worked?.observed ?? "an unknown amount of work"}). So the mechanism works in isolation. The conditions under which it would be used were not tried.`;
  return {
    summary,
    sections: [
      {
        heading: "Setup",
        body: [
          "In a temporary home, a task list was made and task 27 created in it, with the subject and the number of the published test.",
          "",
          "A shell script, the published pattern, was started for real. It puts a subshell into the background, which sleeps for two seconds and then rewrites the task's JSON file in place: status `completed`, and metadata with the time. The foreground computed a chain of hashes all the while and looked at the task after each unit of work.",
        ].join("\n"),
      },
      { heading: "What was observed", body: listed(having(checks, "passed", "failed", "errored")) },
      {
        heading: "What stays open",
        body: [
          "The published test named three conditions that it had not tried. They are required here, and skipped, which is why the verdict cannot be more than it is:",
          "",
          ...having(checks, "skipped").map(({ claim }) => `- ${claim}`),
          "",
          "Its caveats stand as well: the session id has to be discovered, ids can collide, and nothing locks the file.",
        ].join("\n"),
      },
      PUBLISHED_SECTION,
    ],
  };
}

const SUBJECT = {
  "as-published":
    "What was tested is the published shell pattern: a subshell in the background that rewrites the task's file where it lies, without a lock. Where a case needs an update that keeps what is there, the pattern was read generously, as read, change and write in place; as printed it does not even read.",
  hardened:
    "What was tested is the hardened form: whole documents put in place by a rename, under the lock that the vendor's own tools take, with a fence, and a worker in a session of its own.",
} as const;

export function tellMatrix(profile: "as-published" | "hardened", checks: readonly CheckRecord[]): Told {
  const failed = having(checks, "failed").filter(({ required }) => required);
  const open = having(checks, "errored", "skipped").filter(({ required }) => required);
  const passed = having(checks, "passed").filter(({ required }) => required);
  const what = profile === "hardened" ? "The hardened form" : "The pattern as published";
  const summary = [
    failed.length === 0
      ? `${what} held in ${passed.length} of ${passed.length + open.length} required checks.`
      : `${what} failed in ${failed.length} of ${failed.length + passed.length + open.length} required checks.`,
    ...underLoad(checks),
    ...(open.length === 0 ? [] : [`Open: ${open.map(({ id }) => id).join(", ")}.`]),
  ].join(" ");
  const sections = [
    {
      heading: "Setup",
      body: [
        SUBJECT[profile],
        "",
        "Every case ran in real processes, in a temporary home: eight and sixteen writers at once, writers that were killed or stopped in the middle, sessions that ended with their whole process group, a real build. The raw observations are archived, and every outcome follows from them by the criterion that stands in the statement.",
      ].join("\n"),
    },
    {
      heading: "Why a pass means something",
      body: "A claim that nothing was lost counts only where the same run shows that something could be: each such check has a negative control, the naive way under the same load, which must have lost or torn something. Where it did not, the check could not be made. The bound beside a count of zero is 3/n, below which the true rate lies at 95 % confidence.",
    },
    ...(failed.length === 0 ? [] : [{ heading: "What failed", body: listed(failed) }]),
    ...(passed.length === 0 ? [] : [{ heading: "What held", body: listed(passed) }]),
    ...(open.length === 0 ? [] : [{ heading: "What stays open", body: listed(open) }]),
    PUBLISHED_SECTION,
  ];
  return { summary, sections, title: TITLES[profile] };
}

/** The most wanted comparison. */
function underLoad(checks: readonly CheckRecord[]): string[] {
  const measured = checks.find(({ id }) => id === "t06-concurrent-updates")?.measurements ?? [];
  const number = (name: string): number | undefined => measured.find((one) => one.name === name)?.value;
  const [lost, accepted] = [number("updates lost"), number("updates accepted")];
  const [naive, among] = [number("updates lost in place"), number("updates accepted in place")];
  if (lost === undefined || accepted === undefined || naive === undefined || among === undefined) return [];
  return [
    `Of ${accepted} updates that were accepted under load, ${lost} were lost; of ${among} written in place without a lock, ${naive}.`,
  ];
}

const TITLES = {
  "as-published": "Task-aware background processing under load, as published",
  hardened: "Task-aware background processing under load, hardened",
} as const;
