/** A program of its own, because a stranger waits for its start: `attest version`. */
import { programOf } from "./calls.js";
import { runProcess } from "./process.js";
import { version } from "./version.js";

runProcess(programOf({ version: () => Promise.resolve(version) }));
