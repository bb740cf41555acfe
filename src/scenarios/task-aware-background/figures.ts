/** Charts from the measurements of the matrix. */
import type { Figure } from "../../core/statement/statement.js";

export const FIGURES: readonly Figure[] = [
  {
    title: "Updates lost, by way of writing",
    bars: [
      { label: "as tested", check: "t06-concurrent-updates", measurement: "updates lost", of: "updates accepted" },
      {
        label: "in place, no lock",
        check: "t06-concurrent-updates",
        measurement: "updates lost in place",
        of: "updates accepted in place",
      },
      {
        label: "by rename, no lock",
        check: "t06-concurrent-updates",
        measurement: "updates lost by rename without a lock",
        of: "updates accepted by rename without a lock",
      },
    ],
  },
  {
    title: "From an update to whoever watches",
    bars: [
      { label: "as tested, median", check: "t16-final-state-seen", measurement: "update to seen, median" },
      {
        label: "as tested, 99th percentile",
        check: "t16-final-state-seen",
        measurement: "update to seen, 99th percentile",
      },
      {
        label: "asking every 250 ms, median",
        check: "t16-final-state-seen",
        measurement: "update to seen by asking every 250 ms, median",
      },
    ],
  },
  {
    title: "After the holder of the lock was killed",
    bars: [
      {
        label: "until the next writer gets through, at most",
        check: "t13-dead-holder",
        measurement: "time to get through, at most",
      },
    ],
  },
];
