/** The published test that this scenario repeats: its facts in our own words, and the digest of the original page. */
import { readable } from "../../core/json.js";
import type { Bytes } from "../../core/bytes.js";

export const PUBLISHED = {
  what: "the record of a published hands-on test; its text is not reproduced here",
  title: "Combo Test: Task-Aware Background Processing",
  page: {
    digest: { sha256: "080207621591fc9f3315cc1e180dc5f268978c2169e0930352a9aed5990be2e6" },
    size: 3742,
    captured: "as plain text; the address and the date of the page are not known",
  },
  sourceDate: null,
  sourceDateNote: "unknown: the page carries no date of the work",
  /** As captured: the page printed id, digest and signature without separators. */
  identifiers: [
    "test_9be50442dadf4aff29089c16ed255199b87705613b1e2fd064d57fa75a6b679d2856ceafad6b1daa8f982493871",
    "b6dd3fffe2149d63dd8f8ef8611876ccc7d6e138d79416186a0eafe3961717efc42966c364f012fd775fb20dbe21fa8e",
    "d76342e7ce737a6ff61d4b1cbdf48e1a7d01",
  ].join(""),
  verdicts: [
    { where: "the page", verdict: "INCONCLUSIVE" },
    { where: "the note that the page quotes", verdict: "VALIDATED" },
  ],
  hypothesis: "a background process can update the state of a task while the agent goes on with other work",
  steps: [
    "a task was created: number 27, with the subject “BACKGROUND: Long-running process”",
    "a shell process was started in the background: it slept for two seconds, then rewrote the task's JSON file",
    "the rewrite set the status to completed and added metadata with the time of completion",
    "the task was read back through TaskGet, which showed the change",
  ],
  caveats: [
    "the session id has to be discovered, or handed over from a hook",
    "task ids can collide",
    "nothing locks the file, so concurrent updates can conflict",
  ],
  residue: [
    "it was not tried across session boundaries",
    "it was not tried with concurrent updates under load",
    "it was not tried with a real long-running process in place of sleep",
  ],
  relation: { verifies: "Combo Test: Task-Aware Background Processing Primitive" },
} as const;

/** The record that is archived with every run. */
export const publishedRecord = (): Bytes => readable(PUBLISHED);
