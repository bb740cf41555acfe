/** What is nobody's business of a machine: where a project and its user's home lie, and how the machine is called. */
import { hostname } from "node:os";
import { userHome } from "../../node/paths.js";
import type { MaskedPath } from "./redact.js";

export const placesOf = (root: string): MaskedPath[] => [
  { name: "project folder", text: root, instead: "." },
  { name: "home folder", text: userHome(), instead: "~" },
  { name: "host name", text: hostname(), instead: "[host]" },
];
