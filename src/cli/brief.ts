/** A small program for the commands that must start fast: verify, show, version. `main.ts` lists them too. */
import { programOf } from "./calls.js";
import { runProcess } from "./process.js";

runProcess(
  programOf({
    verify: async () => (await import("./verify.js")).verifyCommand,
    show: async () => (await import("./show.js")).showCommand,
    version: async () => (await import("./version.js")).version,
  }),
);
