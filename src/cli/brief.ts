/** The process with the commands of which a stranger waits for the start. `main.ts` lists them too. */
import { programOf } from "./calls.js";
import { runProcess } from "./process.js";

runProcess(
  programOf({
    verify: async () => (await import("./verify.js")).verifyCommand,
    show: async () => (await import("./show.js")).showCommand,
    version: async () => (await import("./version.js")).version,
  }),
);
