/** A program of its own, because a stranger waits for its start: `attest verify`. */
import { programOf } from "./calls.js";
import { runProcess } from "./process.js";
import { verifyCommand } from "./verify.js";

runProcess(programOf({ verify: () => Promise.resolve(verifyCommand) }));
