/** The engines that the core tests run with, in Node. */
import { nobleEngine, type Engine } from "../../src/core/engine.js";
import { nodeEngine } from "../../src/node/engine.js";

export const engines: readonly Engine[] = [nodeEngine, nobleEngine];
