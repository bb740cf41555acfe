/** Private facts about the machine: paths of the project and the user's home, and the host name. */
import { hostname } from "node:os";
import { userHome } from "../../node/paths.js";
import type { MaskedPath } from "./redact.js";

export const placesOf = (root: string): MaskedPath[] => [
  { name: "project folder", text: root, instead: "." },
  { name: "home folder", text: userHome(), instead: "~" },
  { name: "host name", text: hostname(), instead: "[host]" },
];
