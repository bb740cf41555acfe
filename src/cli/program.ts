/** All commands. */
import { programOf, type Commands } from "./calls.js";

/** In the order of the help. */
const COMMANDS: Commands = {
  demo: async () => (await import("./demo.js")).demoCommand,
  init: async () => (await import("./init.js")).init,
  key: async () => (await import("./key.js")).key,
  trust: async () => (await import("./trust.js")).trust,
  run: async () => (await import("./run.js")).run,
  queue: async () => (await import("./queue.js")).queueCommand,
  worker: async () => (await import("./worker.js")).workerCommand,
  evidence: async () => (await import("./evidence.js")).evidence,
  sign: async () => (await import("./sign.js")).signCommand,
  add: async () => (await import("./add.js")).addCommand,
  publish: async () => (await import("./publish.js")).publishCommand,
  receipt: async () => (await import("./receipt.js")).receipt,
  cosign: async () => (await import("./cosign.js")).cosignCommand,
  retract: async () => (await import("./remarks.js")).retract,
  supersede: async () => (await import("./remarks.js")).supersede,
  abandon: async () => (await import("./remarks.js")).abandon,
  waive: async () => (await import("./waive.js")).waiveCommand,
  reproduce: async () => (await import("./reproduce.js")).reproduce,
  verify: async () => (await import("./verify.js")).verifyCommand,
  audit: async () => (await import("./audit.js")).auditing,
  log: async () => (await import("./log.js")).log,
  show: async () => (await import("./show.js")).showCommand,
  export: async () => (await import("./export.js")).exporting,
  import: async () => (await import("./import.js")).importing,
  site: async () => (await import("./site.js")).site,
  task: async () => (await import("./task.js")).task,
  version: async () => (await import("./version.js")).version,
};

/** May be called repeatedly in one process, one call at a time. Returns the exit status. */
export const main = programOf(COMMANDS);
