/** The process with all commands. */
import { runProcess } from "./process.js";
import { main } from "./program.js";

runProcess(main);
