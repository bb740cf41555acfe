// A process that takes a lock once it is told to, and says when it has it.
import process from "node:process";
import { withLock } from "../../dist/node/lock.js";

process.once("message", () => {
  void withLock(process.argv[2] ?? "", () => process.send?.("taken"), { patienceMs: 60_000 });
});
