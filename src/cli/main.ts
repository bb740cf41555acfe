#!/usr/bin/env node
/** The process, as CommonJS. What a stranger calls is a program of its own: it starts in a third of the time that all commands take. */
import { join } from "node:path";
import { runCached } from "./code-cache.js";

const OWN = ["verify", "show", "version"];

const [, , verb = ""] = process.argv;
if (OWN.includes(verb)) runCached(join(__dirname, `only-${verb}.js`));
else void import("./whole.js");
