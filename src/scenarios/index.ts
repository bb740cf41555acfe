/** The built-in runtime tests, by name. */
import type { Scenario } from "../harness/scenario/scenario.js";
import { taskAwareBackground } from "./task-aware-background/index.js";

export const scenarios: readonly Scenario[] = [taskAwareBackground];
