/** A program of its own, because a stranger waits for its start: `attest show`. */
import { programOf } from "./calls.js";
import { runProcess } from "./process.js";
import { showCommand } from "./show.js";

runProcess(programOf({ show: () => Promise.resolve(showCommand) }));
