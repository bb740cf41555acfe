/** The engines that the core tests run with, in a browser. */
import { nobleEngine, type Engine } from "../../src/core/engine.js";

export const engines: readonly Engine[] = [nobleEngine];
