#!/usr/bin/env node
/** The process. What a stranger calls is a program of its own: it loads in a third of the time that all commands take. */
const BRIEF = ["verify", "show", "version"];

void (BRIEF.includes(process.argv[2] ?? "") ? import("./brief.js") : import("./whole.js"));
